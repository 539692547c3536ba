//! The wall: environments as columns, components as cells.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::listing::Keyed;
use crate::name::{ClusterId, ComponentId, EnvironmentId};
use crate::registry::{Role, Tier};
use crate::view::{State, Status};

/// What the wall says before it shows anything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WallHead {
    /// The one sentence: what needs you, or that nothing does.
    pub sentence: Arc<str>,
    /// Counts by state, and the last change.
    pub detail: Arc<str>,
}

/// An environment as it stands above its column, and at the top of its own page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentHead {
    /// Which.
    pub id: EnvironmentId,
    /// The system's name on screen.
    pub system: Arc<str>,
    /// The environment's name on screen.
    pub title: Arc<str>,
    /// From the registry.
    pub tier: Tier,
    /// The cluster it runs in.
    pub cluster: ClusterId,
    /// The worst of what matters for its users.
    pub state: State,
    /// One sentence made from facts: `Usable. Nothing changed for 3 days.`
    pub sentence: Arc<str>,
}

/// A component in an environment: expected beside actual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Which.
    pub id: ComponentId,
    /// From the registry.
    pub role: Role,
    /// How it is.
    pub status: Status,
    /// Pods that are ready.
    pub ready: u32,
    /// Pods that the workload wants now; `None` when it does not exist.
    pub wanted: Option<u32>,
    /// Bounds of its autoscaler, if it has one: fewest, most.
    pub range: Option<(u32, u32)>,
    /// Tag of the image that runs: the one of most ready pods, or the template's while no other is known to run; empty when
    /// there is none.
    pub tag: Arc<str>,
    /// First seven characters of the digest that most ready pods with this tag run; empty when none was seen.
    pub digest: Arc<str>,
    /// The version that is wanted, while ready pods run another one.
    pub next: Option<NextVersion>,
    /// Restarts of its pods together; `None` when these cannot be read.
    pub restarts: Option<u32>,
    /// When its template last changed (the newest revision's age); 0 when not known.
    pub changed: i64,
    /// What differs from what was declared, worst first.
    pub chips: Vec<Chip>,
}

/// The version that a rollout brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextVersion {
    /// Tag of the image in the template, or the first seven characters of its digest when it is named by that alone.
    pub name: Arc<str>,
    /// Pods that run it and are ready.
    pub ready: u32,
    /// Pods that the workload wants.
    pub wanted: u32,
}

/// A short remark in a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chip {
    /// How bad it is: `Degraded` for a difference that nobody feels, `Off` for a neutral remark.
    pub state: State,
    /// `LOG_LEVEL debug, expected info`.
    pub text: Arc<str>,
}

impl Cell {
    /// Whether anything here differs from what was declared.
    pub fn differs(&self) -> bool {
        self.status.state > State::Ready || self.chips.iter().any(|chip| chip.state > State::Ready)
    }
}

impl Keyed for EnvironmentHead {
    type Key = EnvironmentId;
    type Patch = (State, Arc<str>, Option<Box<Self>>);
    fn key(&self) -> EnvironmentId {
        self.id.clone()
    }
    fn patch_to(&self, new: &Self) -> Self::Patch {
        let declared = |head: &Self| (head.system.clone(), head.title.clone(), head.tier, head.cluster.clone());
        let whole = (declared(self) != declared(new)).then(|| Box::new(new.clone()));
        (new.state, new.sentence.clone(), whole)
    }
    fn apply(&mut self, (state, sentence, whole): Self::Patch) {
        if let Some(whole) = whole {
            *self = *whole;
        }
        (self.state, self.sentence) = (state, sentence);
    }
}

/// What changed in a cell: `None` is as before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellPatch {
    role: Option<Role>,
    status: Option<Status>,
    replicas: Option<(u32, Option<u32>)>,
    range: Option<Option<(u32, u32)>>,
    image: Option<(Arc<str>, Arc<str>, Option<NextVersion>)>,
    restarts: Option<Option<u32>>,
    changed: Option<i64>,
    chips: Option<Vec<Chip>>,
}

impl Keyed for Cell {
    type Key = ComponentId;
    type Patch = CellPatch;
    fn key(&self) -> ComponentId {
        self.id.clone()
    }
    fn patch_to(&self, new: &Self) -> CellPatch {
        CellPatch {
            role: (self.role != new.role).then_some(new.role),
            status: (self.status != new.status).then(|| new.status.clone()),
            replicas: ((self.ready, self.wanted) != (new.ready, new.wanted)).then_some((new.ready, new.wanted)),
            range: (self.range != new.range).then_some(new.range),
            image: ((&self.tag, &self.digest, &self.next) != (&new.tag, &new.digest, &new.next))
                .then(|| (new.tag.clone(), new.digest.clone(), new.next.clone())),
            restarts: (self.restarts != new.restarts).then_some(new.restarts),
            changed: (self.changed != new.changed).then_some(new.changed),
            chips: (self.chips != new.chips).then(|| new.chips.clone()),
        }
    }
    fn apply(&mut self, patch: CellPatch) {
        if let Some(role) = patch.role {
            self.role = role;
        }
        if let Some(status) = patch.status {
            self.status = status;
        }
        if let Some((ready, wanted)) = patch.replicas {
            (self.ready, self.wanted) = (ready, wanted);
        }
        if let Some(range) = patch.range {
            self.range = range;
        }
        if let Some((tag, digest, next)) = patch.image {
            (self.tag, self.digest, self.next) = (tag, digest, next);
        }
        if let Some(restarts) = patch.restarts {
            self.restarts = restarts;
        }
        if let Some(changed) = patch.changed {
            self.changed = changed;
        }
        if let Some(chips) = patch.chips {
            self.chips = chips;
        }
    }
}

/// The whole wall.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WallView {
    /// The sentence.
    pub head: WallHead,
    /// In the registry's order; within a system by tier: development, staging, production.
    pub environments: Vec<EnvironmentHead>,
    /// In the order of `environments`, and in each in the registry's order.
    pub cells: Vec<Cell>,
}
