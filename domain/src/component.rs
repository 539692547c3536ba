//! A declared component against what runs: one assessment that every page shows a part of.

pub mod clues;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod node;
#[cfg(test)]
mod tests;
mod version;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::drift;
pub use crate::drift::Expectation;
use crate::drift::{Actual, Expected, Item, Place, Value};
use crate::facts::{AutoscalerFacts, ConfigMapFacts, NodeFacts, WorkloadFacts};
use crate::finding;
use crate::freshness::Freshness;
use crate::health::{self, Word};
use crate::name::ComponentId;
use crate::registry;
use crate::view::{Cell, Finding, PodRow, State, Status};

use clues::Clues;
use node::Lost;
use version::Version;

/// Everything that is known about one component.
#[derive(Debug, Clone, Copy)]
pub struct ComponentFacts<'a> {
    /// Which.
    pub id: &'a ComponentId,
    /// What was declared of it.
    pub declared: &'a registry::Component,
    /// What was declared of its environment.
    pub environment: &'a registry::Environment,
    /// The workload; `None` when it does not exist.
    pub workload: Option<&'a WorkloadFacts>,
    /// The autoscaler that targets it, if any.
    pub autoscaler: Option<&'a AutoscalerFacts>,
    /// Its pods, of all revisions.
    pub pods: &'a [&'a PodRow],
    /// The nodes of its cluster, by name; empty when they cannot be read.
    pub nodes: &'a BTreeMap<Arc<str>, NodeFacts>,
    /// The ConfigMaps of its environment that the registry names, by name; one that is missing does not exist.
    pub config_maps: &'a BTreeMap<Arc<str>, ConfigMapFacts>,
    /// What may not be read, so that its absence says nothing.
    pub unreadable: Unreadable,
    /// When its newest revision was made, seconds since 1970; 0 when not known.
    pub changed: i64,
    /// What explains how it is, and decides nothing.
    pub clues: Clues<'a>,
    /// How old all this is.
    pub freshness: Freshness,
    /// Seconds since 1970.
    pub now: i64,
}

impl ComponentFacts<'_> {
    /// How many of its pods are known to be ready.
    pub(crate) fn ready(&self) -> u32 {
        self.workload.map_or(0, |workload| health::known_ready(workload, self.pods.iter().copied()))
    }
}

/// What cannot be read here: of this, what is not there is unknown, not absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unreadable {
    /// The workload of this component.
    pub workload: Option<Unread>,
    /// Pods: how many there are, and how they are.
    pub pods: Option<Unread>,
    /// Autoscalers.
    pub autoscalers: Option<Unread>,
    /// The ConfigMaps of the environment.
    pub config_maps: Option<Unread>,
}

/// Why something cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// The account may not.
    Forbidden,
    /// What the cluster tells of it does not parse.
    Garbled,
}

impl Unread {
    /// As a sentence about `it`.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Forbidden => "The account of Quarterdeck may not read it.",
            Self::Garbled => "What the cluster tells of it cannot be read.",
        }
    }

    /// What one can do, where `grant` says which right is missing.
    pub(crate) fn advice(self, grant: &'static str) -> &'static str {
        match self {
            Self::Forbidden => grant,
            Self::Garbled => "Look at the log of Quarterdeck: it may be older than the cluster.",
        }
    }
}

/// What is to be said of a component.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Its cell on the wall.
    pub cell: Cell,
    /// What is wrong with it, worst first.
    pub findings: Vec<Finding>,
    /// Of these, what follows from nodes that are NotReady: other components suffer from the same.
    pub(crate) lost: Vec<Lost>,
    /// What was declared: name, actual, expected, whether they agree.
    pub expectations: Vec<Expectation>,
    /// All that can be declared of it, for holding its environment against others.
    pub items: Vec<Item>,
}

/// Says how a component is, what differs from what was declared, and what is wrong.
///
/// What was last seen of a cluster that does not answer stays, and is marked as such: the state is Unknown, and so are
/// chips, findings and agreements that may no longer hold.
pub fn assess(facts: &ComponentFacts<'_>) -> Assessment {
    let seen = seen(facts);
    let (ready, wanted) = (facts.ready(), facts.workload.map(|held| held.wanted));
    let mut chips = drift::chips(facts);
    chips.extend(node::chips(facts));
    chips.extend(finding::chips(facts, &seen));
    let mut findings = finding::findings(facts, &seen);
    let mut lost = node::lost(facts, &findings);
    let mut expectations = drift::expectations(facts);
    let version = version::running(facts);
    let mut items = Vec::from(version_items(facts, &version));
    items.extend(drift::items(facts));
    // What is held of it was read before the right was lost.
    let is_lost = facts.unreadable.workload.is_some() && facts.workload.is_some();
    let freshness = match facts.freshness {
        Freshness::Live(at) if is_lost => Freshness::Stale(at),
        freshness @ (Freshness::Live(_) | Freshness::Stale(_) | Freshness::Never) => freshness,
    };
    let status = match freshness {
        Freshness::Live(_) => seen,
        Freshness::Never => {
            findings.clear();
            lost.clear();
            for line in &mut expectations {
                (line.1, line.3) = ("not seen yet".into(), false);
            }
            items = items.into_iter().map(|item| item.unknown(crate::sentence::NOT_SEEN_YET)).collect();
            Word::Unknown.status(State::Unknown, crate::sentence::NOT_SEEN_YET)
        }
        Freshness::Stale(_) => {
            for chip in chips.iter_mut().filter(|chip| chip.state > State::Ready) {
                chip.state = State::Unknown;
            }
            for finding in &mut findings {
                finding.state = State::Unknown;
                finding.title = last_seen(&finding.title);
            }
            for title in lost.iter_mut().flat_map(|lost| &mut lost.titles) {
                *title = last_seen(title);
            }
            for line in &mut expectations {
                line.3 = false;
            }
            items = items.into_iter().map(Item::last_seen).collect();
            let counts = wanted.map(|wanted| format!(" ({ready} of {wanted} ready)")).unwrap_or_default();
            let why_not = match facts.freshness {
                Freshness::Live(_) => "the account of Quarterdeck may not read it any more",
                Freshness::Stale(_) | Freshness::Never => "nothing current comes from the cluster",
            };
            let why = format!("Last seen {}{counts}; {why_not}.", seen.word);
            Word::Unknown.status(State::Unknown, why)
        }
    };
    let Version { tag, digest, next } = version;
    let cell = Cell {
        id: facts.id.clone(),
        role: facts.declared.role,
        status,
        ready,
        wanted,
        range: facts.autoscaler.map(|autoscaler| (autoscaler.min, autoscaler.max)),
        tag,
        digest,
        next,
        restarts: match facts.unreadable.pods {
            Some(_) => None,
            None => Some(facts.pods.iter().fold(0, |sum: u32, pod| sum.saturating_add(pod.restarts))),
        },
        changed: facts.changed,
        chips,
    };
    Assessment { cell, findings, lost, expectations, items }
}

fn last_seen(title: &str) -> Arc<str> {
    format!("Last seen: {title}").into()
}

/// Which version runs: nobody declares it, and it is what people compare first.
fn version_items(facts: &ComponentFacts<'_>, version: &Version) -> [Item; 2] {
    let place = Place::Component { kind: facts.id.kind, name: facts.id.name.shared(), role: facts.declared.role };
    let unread = match (facts.workload, facts.unreadable.workload) {
        (None, Some(unread)) => Some(unread),
        (None | Some(_), _) => None,
    };
    let item = |name: &str, text: &Arc<str>, unread: Option<Unread>| Item {
        place: place.clone(),
        name: name.into(),
        actual: match unread {
            Some(unread) => Actual::Unknown(unread.sentence().into()),
            None => Actual::Is(Value::text(Some(text.clone()).filter(|text| !text.is_empty()))),
        },
        expected: Expected::Free,
    };
    [item("version", &version.tag, unread), item("digest", &version.digest, unread.or(facts.unreadable.pods))]
}

/// How it was when it was seen.
fn seen(facts: &ComponentFacts<'_>) -> Status {
    match facts.workload {
        None => match facts.unreadable.workload {
            Some(unread) => Word::Unknown.status(State::Unknown, unread.sentence()),
            None => Word::Missing.status(State::Failed, "It is declared here and does not exist."),
        },
        // Counts without pods tell that something is missing, and neither why nor whether it is on its way.
        Some(workload) if facts.unreadable.pods.is_some() && workload.wanted > 0 => {
            let (kind, ready, wanted) = (facts.id.kind.title(), workload.ready, workload.wanted);
            let why = format!(
                "Pods cannot be read: the account of Quarterdeck may not. The {kind} reports {ready} of {wanted} ready."
            );
            Word::Unknown.status(State::Unknown, why)
        }
        Some(workload) => health::workload(workload, facts.pods.iter().copied(), facts.now),
    }
}
