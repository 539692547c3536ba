//! What is wrong, with its evidence and what to do: one file per kind of fault below `finding/`.

mod around;
mod autoscaler;
mod backup;
mod certificate;
mod claim;
mod flux;
mod postgres_cluster;
mod quota;
mod rpo;
mod secret;
mod status;

use std::cmp::Reverse;

pub use around::around;

use crate::component::{Assessment, ComponentFacts, node};
use crate::drift;
use crate::freshness::Freshness;
use crate::health::Word;
use crate::view::{Finding, FindingKind, State, Status};

/// The findings of an environment, from those of its components: worst first, and those that say the same about several
/// components once. A value that is wrong in a ConfigMap is one fault, however many read it.
pub fn merged<'a>(assessments: impl IntoIterator<Item = &'a Assessment>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::new();
    for finding in assessments.into_iter().flat_map(|assessment| &assessment.findings) {
        match merged.iter_mut().find(|known| {
            (&known.title, &known.evidence, &known.advice) == (&finding.title, &finding.evidence, &finding.advice)
        }) {
            None => merged.push(finding.clone()),
            Some(known) if known.component == finding.component => {}
            Some(known) => {
                known.component = None;
                known.state = known.state.max(finding.state);
            }
        }
    }
    sort(&mut merged);
    merged
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
    findings.extend(drift::findings(facts));
    findings.sort_by_key(order);
    findings
}

/// Worst first, and of the equally bad what fails before what differs.
fn order(finding: &Finding) -> (Reverse<State>, FindingKind) {
    (Reverse(finding.state), finding.kind)
}
