//! Disruption budgets.

use super::super::facts::{Budget, Known};
use super::super::{Case, Level, Line};
use super::{Rule, count, shown};
use crate::demand;
use crate::operation::Operation;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let (budgets, at) = match &case.facts.budgets {
        Known::Unread(why) => return case.unknown(Rule::Budget, "what disruption budgets allow is", why, "PDB"),
        Known::Read { value, at } => (value, *at),
    };
    if let (Operation::RestartPod { .. }, [first, _, ..]) = (case.operation, budgets.as_slice()) {
        // https://kubernetes.io/docs/tasks/run-application/configure-pdb/#specifying-a-poddisruptionbudget
        let text =
            format!("{} PDBs select the pod, and the API server evicts none that has more than one", budgets.len());
        return vec![case.line(Rule::Budget, Level::Red, text, &format!("PDB {}", shown(&first.name)), Some(at))];
    }
    let lines = budgets.iter().filter_map(|budget| {
        let (level, text) = judge(case, budget)?;
        Some(case.line(Rule::Budget, level, text, &format!("PDB {}", shown(&budget.name)), Some(at)))
    });
    lines.collect()
}

fn judge(case: &Case<'_>, budget: &Budget) -> Option<(Level, String)> {
    let named = format!("PDB {} ({})", shown(&budget.name), shown(&budget.rule));
    match case.operation {
        Operation::RestartPod { .. } if budget.allowed == 0 => {
            Some((Level::Red, format!("{named} allows no disruption now: the eviction would be refused")))
        }
        Operation::RestartPod { .. } => {
            Some((Level::Green, format!("{named} allows {} now", count(budget.allowed, "disruption"))))
        }
        Operation::Restart | Operation::RollBack { .. } if budget.allowed == 0 => {
            Some((Level::Amber, format!("{named} allows no disruption now, and a rollout does not ask it")))
        }
        Operation::Restart | Operation::RollBack { .. } => {
            Some((Level::Green, format!("{named} does not hold a rollout back, only evictions")))
        }
        Operation::Scale { replicas } => idle(budget, *replicas, &named),
        Operation::ScaleRange { min, .. } => idle(budget, *min, &named),
    }
}

/// What a budget leaves when no more than the fewest run.
fn idle(budget: &Budget, fewest: u32, named: &str) -> Option<(Level, String)> {
    let least = budget.rule.strip_prefix("minAvailable ")?;
    let allows_none = demand::share(least, fewest)? >= fewest;
    (allows_none && fewest > 0).then(|| {
        let text = format!(
            "{named} with {}: no disruption allowed when idle, so no node can be drained",
            count(fewest, "replica")
        );
        (Level::Amber, text)
    })
}
