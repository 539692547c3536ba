//! One environment's page.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::listing::Keyed;
use crate::name::ComponentId;
use crate::view::{Cell, CheckView, EnvironmentHead, State};

/// What was declared of an environment, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentFacts {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// `main · v1.36.2 · East US 2`.
    pub cluster: Arc<str>,
    /// Where users reach it; empty when not declared.
    pub host: Arc<str>,
    /// `closed · opens Sun 02:00 New York (in 1 d 4 h)`, `open until 06:00 New York`, `any time`, `not declared`.
    pub window: Arc<str>,
    /// Whether the window is open now; `None` when none was declared.
    pub window_open: Option<bool>,
    /// Who is asked and called.
    pub contacts: Vec<ContactView>,
    /// Where else to look.
    pub links: Vec<LinkView>,
}

/// Who is asked or called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    /// `On-call`.
    pub role: Arc<str>,
    /// `pager, immediate`.
    pub reach: Arc<str>,
}

/// A page elsewhere; the registry takes `https:` and `http:` only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    /// `Grafana`.
    pub name: Arc<str>,
    /// Where it is.
    pub url: Arc<str>,
}

/// What a finding is about, from what users feel to what they may feel one day: of the equally bad, the first comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FindingKind {
    /// It fails, or does not get on.
    Failure,
    /// What a check asks does not answer as it should.
    Check,
    /// Its autoscaler does not scale.
    Autoscaler,
    /// It ended, and was started again, more often than it should.
    Restarts,
    /// What applies it from elsewhere does not get on, or was told to stop: Flux.
    Delivery,
    /// Room runs out: a quota, a volume, memory.
    Room,
    /// It is not as it was declared.
    Difference,
    /// It is as declared, and runs with what stood there before.
    OldConfig,
    /// A backup is missing, or older than it should be.
    Backup,
    /// What a check asks works for its users, and something about it is not as it should be.
    CheckWarning,
    /// A certificate or a secret gets old.
    Expiry,
    /// What was declared cannot keep a promise.
    Promise,
    /// A node that it runs on is cordoned or lacks something.
    Node,
    /// What runs cannot be told by its tag.
    Tag,
}

/// Something that is wrong, with its evidence and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub state: State,
    /// What it is about.
    pub kind: FindingKind,
    /// `fleet-api crash loops: 7 restarts, exit code 1`.
    pub title: Arc<str>,
    /// What was seen, in sentences.
    pub evidence: Arc<str>,
    /// The last lines of the log that tell of it, oldest first, masked as on a page of logs.
    pub lines: Vec<Arc<str>>,
    /// What one can do, in a sentence; empty when there is nothing to say.
    pub advice: Arc<str>,
    /// The component it is about; `None` when it is about the environment.
    pub component: Option<ComponentId>,
    /// Since when, seconds since 1970; 0 when not known.
    pub since: i64,
    /// Where one looks next.
    pub look: Look,
}

/// Where one looks next about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Look {
    /// The page of the component, where it is about one.
    #[default]
    Component,
    /// What its containers say.
    Log,
    /// What its containers said before they were started again.
    PreviousLog,
    /// The environments of the system beside one another.
    Compare,
    /// The checks of the environment.
    Checks,
}

impl Finding {
    /// Whether it keeps nobody from working: a remark on how something is, and no fault of what runs. What is not known, and
    /// what stops something, is more than that.
    pub fn is_remark(&self) -> bool {
        match self.kind {
            FindingKind::Failure | FindingKind::Check | FindingKind::Autoscaler => false,
            FindingKind::Restarts
            | FindingKind::Delivery
            | FindingKind::Room
            | FindingKind::Difference
            | FindingKind::OldConfig
            | FindingKind::Backup
            | FindingKind::CheckWarning
            | FindingKind::Expiry
            | FindingKind::Promise
            | FindingKind::Tag
            | FindingKind::Node => self.state == State::Degraded,
        }
    }
}

impl Keyed for Finding {
    type Key = (Option<ComponentId>, Arc<str>);
    type Patch = Self;
    fn key(&self) -> Self::Key {
        (self.component.clone(), self.title.clone())
    }
    fn patch_to(&self, new: &Self) -> Self {
        new.clone()
    }
    fn apply(&mut self, patch: Self) {
        *self = patch;
    }
}

/// An autoscaler: current, target, range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoscalerView {
    /// Its name.
    pub name: Arc<str>,
    /// What it scales.
    pub target: Arc<str>,
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
    /// Replicas now.
    pub current: u32,
    /// Replicas it wants.
    pub desired: u32,
    /// How good what it will do is.
    pub state: State,
    /// What it will do next, in a sentence.
    pub next: Arc<str>,
    /// `CPU`, `84 %`, `70 %`: what it looks at, where that stands, and what is wanted.
    pub metrics: Vec<(Arc<str>, Arc<str>, Arc<str>)>,
    /// What its controller says of it, in sentences.
    pub conditions: Vec<Arc<str>>,
    /// Its last hour; `None` until there is something to draw.
    pub chart: Option<Box<AutoscalerChart>>,
    /// `14:12 New size: 5; reason: cpu above target`, newest first, with the place in the chart.
    pub scalings: Vec<(u32, Arc<str>)>,
}

/// The last hour of an autoscaler, drawn on a ground of 720 by 100.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoscalerChart {
    /// Replicas as steps: the `d` of a path.
    pub replicas: Arc<str>,
    /// The load: the `d` of a path.
    pub load: Arc<str>,
    /// How far from the top the target of the load is.
    pub target: u32,
    /// How many replicas stand at the top.
    pub top: u32,
    /// How many percent of its target the load has at the top.
    pub top_load: u32,
    /// `13:32`, where it begins.
    pub from: Arc<str>,
    /// `14:32 New York`, where it ends.
    pub to: Arc<str>,
    /// What one sees, in a sentence.
    pub text: Arc<str>,
}

impl Keyed for AutoscalerView {
    type Key = Arc<str>;
    type Patch = Self;
    fn key(&self) -> Arc<str> {
        self.name.clone()
    }
    fn patch_to(&self, new: &Self) -> Self {
        new.clone()
    }
    fn apply(&mut self, patch: Self) {
        *self = patch;
    }
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// `metadata.uid`, the 128 bits of it.
    pub uid: u128,
    /// Whether its type is `Warning`.
    pub warning: bool,
    /// One word of Kubernetes: `BackOff`.
    pub reason: Arc<str>,
    /// What it is about: `Pod fleet-api-7c…`.
    pub about: Arc<str>,
    /// Its sentence, made safe to show.
    pub message: Arc<str>,
    /// How often it was seen.
    pub count: u32,
    /// When it was last seen.
    pub last: i64,
}

/// What changes in an event: how often and when, hardly ever the rest.
pub type EventPatch = (u32, i64, Option<Box<EventRow>>);

impl Keyed for EventRow {
    type Key = u128;
    type Patch = EventPatch;
    fn key(&self) -> u128 {
        self.uid
    }
    fn patch_to(&self, new: &Self) -> EventPatch {
        let only_counted = Self { count: new.count, last: new.last, ..self.clone() } == *new;
        (new.count, new.last, (!only_counted).then(|| Box::new(new.clone())))
    }
    fn apply(&mut self, (count, last, whole): EventPatch) {
        if let Some(whole) = whole {
            *self = *whole;
        }
        (self.count, self.last) = (count, last);
    }
}

/// The whole page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentView {
    /// Name, tier, state, sentence.
    pub head: EnvironmentHead,
    /// What was declared.
    pub facts: EnvironmentFacts,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// What its checks found last, in their order; empty until they have run.
    pub checks: Vec<CheckView>,
    /// Its components, in the registry's order.
    pub components: Vec<Cell>,
    /// Its autoscalers, by name.
    pub autoscalers: Vec<AutoscalerView>,
    /// Its newest warnings, newest first, at most 8; those that say the same of one object as one, with all their times.
    pub warnings: Vec<EventRow>,
    /// How many more of them there are.
    pub more_warnings: u32,
    /// Workloads that run here and were not declared: `Deployment debug-shell`.
    pub undeclared: Vec<Arc<str>>,
}
