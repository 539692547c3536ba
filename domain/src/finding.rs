//! What is wrong, with its evidence and what to do: one file per kind of fault below `finding/`.

mod around;
mod autoscaler;
mod backup;
mod budget;
mod certificate;
mod check;
mod claim;
pub mod crash;
pub mod differs;
mod flux;
mod image;
mod lasting;
mod measured;
mod moving_tag;
mod not_ready;
pub(crate) mod pending;
mod postgres_cluster;
pub mod quota;
mod quota_for_maximum;
pub(crate) mod restarts;
pub mod room;
mod rpo;
mod secret;
mod settings;
mod since;
mod spread;
mod status;
mod together;

use std::sync::Arc;

use crate::component::{ComponentFacts, node};
use crate::drift::{self, Surroundings};
use crate::freshness::Freshness;
use crate::health::Word;
use crate::view::{Chip, Finding, FindingKind, State, Status};

pub use around::{around, hidden_backups};
pub use check::{Standing, add_checks, checks};
pub use lasting::{Lasting, lasting};
pub use measured::measured;
pub(crate) use settings::danger;
pub use together::merged;

use together::order;

/// What explains a fault beyond the words of its status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Explanation {
    /// What was seen, in sentences; empty when there is nothing more to say.
    evidence: String,
    /// What one can do, where that is known better.
    advice: Option<&'static str>,
    /// What the title says of it in addition.
    title: Option<String>,
    /// The last lines of a log.
    lines: Vec<Arc<str>>,
}

/// What is wrong with quota, limit range and disruption budgets of an environment: where they are not as declared, and where
/// what was declared cannot hold, or what runs can change by itself. What was last seen of a cluster that does not answer is marked as such.
pub fn surroundings(facts: &Surroundings<'_>) -> Vec<Finding> {
    let mut findings = drift::environment(facts).1;
    findings.extend(quota_for_maximum::findings(facts));
    findings.extend(budget::findings(facts));
    findings.extend(moving_tag::finding(facts));
    match facts.freshness {
        Freshness::Never => return Vec::new(),
        Freshness::Live(_) => {}
        Freshness::Stale(_) => {
            for finding in &mut findings {
                finding.state = State::Unknown;
                finding.title = format!("Last seen: {}", finding.title).into();
            }
        }
    }
    sort(&mut findings);
    findings
}

/// Brings findings into the order in which they are shown, worst first.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(order);
}

/// Everything that is wrong with a component that was `seen` so, worst first.
pub(crate) fn findings(facts: &ComponentFacts<'_>, seen: &Status) -> Vec<Finding> {
    match facts.freshness {
        Freshness::Never => return Vec::new(),
        Freshness::Live(_) | Freshness::Stale(_) => {}
    }
    let nodes = node::findings(facts, seen);
    // Each node says the same with more of it.
    let is_said =
        Word::of(seen) == Some(Word::NodeLost) && nodes.iter().any(|finding| finding.kind == FindingKind::Failure);
    let mut findings: Vec<Finding> = status::finding(facts, seen).into_iter().filter(|_| !is_said).collect();
    findings.extend(nodes);
    findings.extend(autoscaler::finding(facts));
    findings.extend(restarts::finding(facts, seen));
    findings.extend(room::findings(facts));
    findings.extend(spread::finding(facts));
    findings.extend(drift::findings(facts));
    findings.sort_by_key(order);
    findings
}

/// Neutral remarks for the cell of a component that was `seen` so.
pub(crate) fn chips(facts: &ComponentFacts<'_>, seen: &Status) -> Option<Chip> {
    match facts.freshness {
        Freshness::Never => None,
        Freshness::Live(_) | Freshness::Stale(_) => restarts::chip(facts, seen),
    }
}
