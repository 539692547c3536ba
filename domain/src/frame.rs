//! What travels over the socket between a tab and the server.
//!
//! The tab asks for one page at a time; the server sends it whole and then what changes in it. Everything around the
//! page comes by itself. No operation ever travels here.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ledger::OperationId;
use crate::listing::{self, ListDelta, OutOfStep};
use crate::name::{ComponentId, EnvironmentId};
use crate::query::PodQuery;
use crate::view::{
    AutoscalerView, Cell, CheckView, Chrome, ComponentHead, ComponentView, EnvironmentFacts, EnvironmentHead,
    EnvironmentView, EventPatch, EventRow, Finding, NavEnvironment, OperationView, Person, PodPatch, PodRow, PodsHead,
    PodsView, RevisionPatch, RevisionRow, SourceView, WallHead, WallView,
};

/// The code with which the server closes the socket of somebody who is signed in no more: the tab goes to the sign-in.
pub const SIGNED_OUT: u16 = 4401;
/// The code with which the server closes a socket too many of one session or person, with why. The tab tries again, ever more
/// rarely.
pub const CROWDED: u16 = 4429;
/// The code with which the server closes the socket of a page of which something is not there for them any more: the page is loaded anew.
pub const HIDDEN: u16 = 4404;

/// What a page is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Topic {
    /// `/`
    Wall,
    /// `/e/<system>/<environment>`
    Environment(EnvironmentId),
    /// `/e/<system>/<environment>/<kind>/<name>`
    Component(ComponentId),
    /// `/pods`
    Pods(PodQuery),
    /// `/operations/<id>`
    Operation(OperationId),
}

/// What a tab sends: from now on it shows this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Counts up in each tab; frames carry it, so that a late one for the page before is told apart.
    pub number: u32,
    /// What it shows.
    pub topic: Topic,
}

/// What the server sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// First of all: which build speaks, and its clock in milliseconds since 1970.
    Hello {
        /// A tab of another build reloads itself.
        build: Arc<str>,
        /// The server's clock.
        now_ms: i64,
    },
    /// Nothing changed, and we are here. The server's clock in milliseconds since 1970.
    Beat(i64),
    /// A page, whole.
    Page {
        /// Of the question it answers.
        number: u32,
        /// The page.
        page: Box<Page>,
    },
    /// What changed in the page.
    Change {
        /// Of the question it answers.
        number: u32,
        /// The change.
        change: Box<PageDelta>,
    },
    /// Everything around the page, whole.
    Chrome(Chrome),
    /// What changed around the page.
    ChromeChange(ChromeDelta),
}

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Page {
    /// Nothing of that name is registered.
    Absent,
    /// The wall.
    Wall(WallView),
    /// An environment.
    Environment(EnvironmentView),
    /// A component.
    Component(ComponentView),
    /// A window of the pods.
    Pods(PodsView),
    /// An operation, how it goes and how it went.
    Operation(OperationView),
    /// A page that stands in the document as the server wrote it. It never travels over the socket.
    Still {
        /// Its name.
        title: Arc<str>,
        /// The environment that it is about, if it is about one.
        environment: Option<EnvironmentId>,
    },
}

type PodsDelta = ListDelta<PodRow, PodPatch>;
type CellsDelta = ListDelta<Cell, <Cell as listing::Keyed>::Patch>;
type HeadsDelta = ListDelta<EnvironmentHead, <EnvironmentHead as listing::Keyed>::Patch>;
type EventsDelta = ListDelta<EventRow, EventPatch>;

/// What changed in a page. `None` is as before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PageDelta {
    /// Another kind of page than before.
    Whole(Box<Page>),
    /// In the wall.
    Wall {
        /// The sentence.
        head: Option<WallHead>,
        /// The columns.
        environments: Option<HeadsDelta>,
        /// The cells.
        cells: Option<CellsDelta>,
    },
    /// In an environment.
    Environment {
        /// Name, state, sentence.
        head: Option<EnvironmentHead>,
        /// What was declared.
        facts: Option<Box<EnvironmentFacts>>,
        /// What is wrong.
        findings: Option<ListDelta<Finding, Finding>>,
        /// What its checks found.
        checks: Option<Vec<CheckView>>,
        /// Its components.
        components: Option<CellsDelta>,
        /// Its autoscalers.
        autoscalers: Option<ListDelta<AutoscalerView, AutoscalerView>>,
        /// Its warnings.
        warnings: Option<EventsDelta>,
        /// How many more of them there are.
        more_warnings: Option<u32>,
        /// What was not declared.
        undeclared: Option<Vec<Arc<str>>>,
    },
    /// In a component.
    Component {
        /// The environment it is in.
        environment: Option<EnvironmentHead>,
        /// What stands above the tabs.
        head: Option<Box<ComponentHead>>,
        /// Its pods.
        pods: Option<PodsDelta>,
        /// Its revisions.
        revisions: Option<ListDelta<RevisionRow, RevisionPatch>>,
        /// Its events.
        events: Option<EventsDelta>,
    },
    /// In the window of the pods.
    Pods {
        /// The counts.
        head: Option<PodsHead>,
        /// The rows.
        rows: Option<PodsDelta>,
    },
}

/// What changed around the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChromeDelta {
    environments: Option<ListDelta<NavEnvironment, <NavEnvironment as listing::Keyed>::Patch>>,
    sources: Option<ListDelta<SourceView, <SourceView as listing::Keyed>::Patch>>,
    registry_trouble: Option<Arc<str>>,
    person: Option<Person>,
}

fn changed<T: PartialEq + Clone>(old: &T, new: &T) -> Option<T> {
    (old != new).then(|| new.clone())
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn take<Row: listing::Keyed>(rows: &mut Vec<Row>, delta: Option<ListDelta<Row, Row::Patch>>) -> Result<(), OutOfStep> {
    delta.map_or(Ok(()), |delta| listing::apply(rows, delta))
}

impl Page {
    /// What makes `self` into `new`; `None` when they are equal.
    pub fn diff(&self, new: &Self) -> Option<PageDelta> {
        if self == new {
            return None;
        }
        Some(match (self, new) {
            (Self::Wall(old), Self::Wall(new)) => PageDelta::Wall {
                head: changed(&old.head, &new.head),
                environments: listing::diff(&old.environments, &new.environments),
                cells: listing::diff(&old.cells, &new.cells),
            },
            (Self::Environment(old), Self::Environment(new)) => PageDelta::Environment {
                head: changed(&old.head, &new.head),
                facts: changed(&old.facts, &new.facts).map(Box::new),
                findings: listing::diff(&old.findings, &new.findings),
                checks: changed(&old.checks, &new.checks),
                components: listing::diff(&old.components, &new.components),
                autoscalers: listing::diff(&old.autoscalers, &new.autoscalers),
                warnings: listing::diff(&old.warnings, &new.warnings),
                more_warnings: changed(&old.more_warnings, &new.more_warnings),
                undeclared: changed(&old.undeclared, &new.undeclared),
            },
            (Self::Component(old), Self::Component(new)) => PageDelta::Component {
                environment: changed(&old.environment, &new.environment),
                head: (old.head != new.head).then(|| Box::new(new.head.clone())),
                pods: listing::diff(&old.pods, &new.pods),
                revisions: listing::diff(&old.revisions, &new.revisions),
                events: listing::diff(&old.events, &new.events),
            },
            (Self::Pods(old), Self::Pods(new)) => {
                PageDelta::Pods { head: changed(&old.head, &new.head), rows: listing::diff(&old.rows, &new.rows) }
            }
            (
                Self::Absent
                | Self::Wall(_)
                | Self::Environment(_)
                | Self::Component(_)
                | Self::Pods(_)
                | Self::Operation(_)
                | Self::Still { .. },
                new,
            ) => PageDelta::Whole(Box::new(new.clone())),
        })
    }

    /// Takes a change in. On an error ask for the page again: it may be half changed.
    pub fn apply(&mut self, change: PageDelta) -> Result<(), OutOfStep> {
        match (self, change) {
            (page, PageDelta::Whole(whole)) => *page = *whole,
            (Self::Wall(wall), PageDelta::Wall { head, environments, cells }) => {
                set(&mut wall.head, head);
                take(&mut wall.environments, environments)?;
                take(&mut wall.cells, cells)?;
            }
            (
                Self::Environment(page),
                PageDelta::Environment {
                    head,
                    facts,
                    findings,
                    checks,
                    components,
                    autoscalers,
                    warnings,
                    more_warnings,
                    undeclared,
                },
            ) => {
                set(&mut page.head, head);
                set(&mut page.facts, facts.map(|facts| *facts));
                take(&mut page.findings, findings)?;
                set(&mut page.checks, checks);
                take(&mut page.components, components)?;
                take(&mut page.autoscalers, autoscalers)?;
                take(&mut page.warnings, warnings)?;
                set(&mut page.more_warnings, more_warnings);
                set(&mut page.undeclared, undeclared);
            }
            (Self::Component(page), PageDelta::Component { environment, head, pods, revisions, events }) => {
                set(&mut page.environment, environment);
                set(&mut page.head, head.map(|head| *head));
                take(&mut page.pods, pods)?;
                take(&mut page.revisions, revisions)?;
                take(&mut page.events, events)?;
            }
            (Self::Pods(page), PageDelta::Pods { head, rows }) => {
                set(&mut page.head, head);
                take(&mut page.rows, rows)?;
            }
            (
                Self::Absent
                | Self::Wall(_)
                | Self::Environment(_)
                | Self::Component(_)
                | Self::Pods(_)
                | Self::Operation(_)
                | Self::Still { .. },
                PageDelta::Wall { .. }
                | PageDelta::Environment { .. }
                | PageDelta::Component { .. }
                | PageDelta::Pods { .. },
            ) => return Err(OutOfStep),
        }
        Ok(())
    }
}

impl Chrome {
    /// What makes `self` into `new`; `None` when they are equal.
    pub fn diff(&self, new: &Self) -> Option<ChromeDelta> {
        (self != new).then(|| ChromeDelta {
            environments: listing::diff(&self.environments, &new.environments),
            sources: listing::diff(&self.sources, &new.sources),
            registry_trouble: changed(&self.registry_trouble, &new.registry_trouble),
            person: changed(&self.person, &new.person),
        })
    }

    /// Takes a change in.
    pub fn apply(&mut self, change: ChromeDelta) -> Result<(), OutOfStep> {
        take(&mut self.environments, change.environments)?;
        take(&mut self.sources, change.sources)?;
        set(&mut self.registry_trouble, change.registry_trouble);
        set(&mut self.person, change.person);
        Ok(())
    }
}
