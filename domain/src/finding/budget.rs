//! Disruption budgets that allow nothing, or are about nothing.

use crate::drift::{Neighbour, Surroundings, rule};
use crate::facts::around::{AroundKind, BudgetFacts};
use crate::text::plain;
use crate::view::{Finding, FindingKind, Look, State};

/// What is wrong with the budgets of an environment.
pub(super) fn findings(facts: &Surroundings<'_>) -> Vec<Finding> {
    if facts.unseen(AroundKind::Budget).is_some() {
        return Vec::new();
    }
    facts.around.budgets.iter().filter_map(|(name, budget)| finding(facts, name, budget)).collect()
}

fn finding(facts: &Surroundings<'_>, name: &str, budget: &BudgetFacts) -> Option<Finding> {
    let selected = facts.selected(budget);
    let name = plain(name, 80);
    let rule = rule(budget);
    let (title, evidence, advice) = match selected.as_deref() {
        Some([]) if budget.expected == 0 => (
            format!("PDB {name} selects no pods"),
            format!("It says {rule} of pods with {}, and there are none.", labels(budget)),
            "Write its selector as the labels of the pods are, or delete it: it protects nothing.",
        ),
        Some(workloads) if idle(budget, workloads) == Some(0) => {
            let fewest = fewest(workloads);
            let why = "Then no pod may be evicted, and a node under them cannot be drained.";
            let by_autoscaler = workloads.iter().any(|workload| workload.autoscaler.is_some());
            if by_autoscaler {
                (
                    format!("PDB {} with HPA minimum {fewest}: no disruption allowed when idle", bound(budget)),
                    format!("PDB {name} says {rule}, and the HPA goes down to {fewest}. {why}"),
                    "Raise the HPA's minimum above the PDB, or lower the PDB.",
                )
            } else {
                let replicas = if fewest == 1 { "1 replica".to_owned() } else { format!("{fewest} replicas") };
                (
                    format!("PDB {name} ({rule}) with {replicas}: no disruption is ever allowed"),
                    why.to_owned(),
                    "Run one more, or lower the PDB; until then a node is drained only after the pod was moved by hand.",
                )
            }
        }
        Some(_) | None if budget.allowed == 0 && budget.expected > 0 && budget.healthy >= budget.expected => (
            format!("PDB {name} allows no disruption now, though all its pods are ready"),
            format!(
                "It says {rule}: {} of {} pods are healthy, and {} must be.",
                budget.healthy, budget.expected, budget.desired
            ),
            "Run one more, or lower the PDB: as it is no node under these pods can be drained.",
        ),
        Some(_) | None => return None,
    };
    let component = match selected.as_deref() {
        Some([only]) => facts.component(only),
        Some(_) | None => None,
    };
    Some(Finding {
        state: State::Degraded,
        kind: FindingKind::Promise,
        title: title.into(),
        evidence: evidence.into(),
        advice: advice.into(),
        look: if component.is_some() { Look::Component } else { Look::Compare },
        component,
        since: 0,
        lines: Vec::new(),
    })
}

/// The number in it: `2`, `50%`.
fn bound(budget: &BudgetFacts) -> String {
    let bound = budget.min_available.as_ref().or(budget.max_unavailable.as_ref());
    bound.map_or_else(String::new, |bound| plain(bound, 80).into_owned())
}

fn labels(budget: &BudgetFacts) -> String {
    let labels = budget.labels.iter().map(|(name, value)| format!("{}={}", plain(name, 80), plain(value, 80)));
    labels.collect::<Vec<_>>().join(", ")
}

/// The fewest pods that these workloads come to together.
fn fewest(workloads: &[Neighbour<'_>]) -> u32 {
    workloads.iter().fold(0, |sum: u32, workload| sum.saturating_add(workload.fewest()))
}

/// How many disruptions are allowed when no more than the fewest run; none where nothing should run, or what it says is
/// not known.
fn idle(budget: &BudgetFacts, workloads: &[Neighbour<'_>]) -> Option<u32> {
    let fewest = fewest(workloads);
    if fewest == 0 {
        return None;
    }
    if let Some(least) = &budget.min_available {
        return Some(fewest.saturating_sub(crate::demand::share(least, fewest)?));
    }
    crate::demand::share(budget.max_unavailable.as_ref()?, fewest)
}
