//! What is wrong, with its evidence and what to do: one file per kind of fault below `finding/`.

mod autoscaler;
mod budget;
mod quota_for_maximum;
mod settings;
mod status;

use std::cmp::Reverse;

use crate::component::{Assessment, ComponentFacts, node};
use crate::drift::{self, Surroundings};
use crate::freshness::Freshness;
use crate::health::Word;
use crate::view::{Finding, FindingKind, State, Status};
pub(crate) use settings::danger;

/// The findings of an environment, from those of its components: worst first, and those that say the same about several
/// components once. A value that is wrong in a ConfigMap is one fault, however many read it.
///
/// `around` are those of what stands around them.
pub fn merged<'a>(assessments: impl IntoIterator<Item = &'a Assessment>, around: Vec<Finding>) -> Vec<Finding> {
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
    merged.extend(around);
    merged.sort_by_key(order);
    merged
}

/// What is wrong with quota, limit range and disruption budgets of an environment: where they are not as declared, and where
/// what was declared cannot hold. What was last seen of a cluster that does not answer is marked as such.
pub fn surroundings(facts: &Surroundings<'_>) -> Vec<Finding> {
    let mut findings = drift::environment(facts).1;
    findings.extend(quota_for_maximum::findings(facts));
    findings.extend(budget::findings(facts));
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
    findings.sort_by_key(order);
    findings
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
