//! Disruption budgets.

use super::*;
use crate::guard::facts::Budget;

fn budgets(facts: &mut Facts, rule: &str, allowed: &[u32]) {
    let budget = |allowed| Budget { name: "pdb".into(), rule: rule.into(), allowed };
    facts.budgets = sample::read(allowed.iter().copied().map(budget).collect());
}

#[test]
fn evictions_ask_a_budget_and_rollouts_do_not() {
    check(
        Rule::Budget,
        &[
            (RESTART, |_| {}, ""),
            (
                RESTART,
                |facts| facts.budgets = unread(),
                "unknown: what disruption budgets allow is not known: forbidden",
            ),
            (
                scale(4),
                |facts| facts.budgets = unread(),
                "unknown: what disruption budgets allow is not known: forbidden",
            ),
            (
                RESTART,
                |facts| budgets(facts, "minAvailable 2", &[1]),
                "green: PDB pdb (minAvailable 2) does not hold a rollout back, only evictions",
            ),
            (
                BACK,
                |facts| budgets(facts, "minAvailable 2", &[0, 1]),
                "amber: PDB pdb (minAvailable 2) allows no disruption now, and a rollout does not ask it | \
                 green: PDB pdb (minAvailable 2) does not hold a rollout back, only evictions",
            ),
            (
                evict("node-1"),
                |facts| budgets(facts, "minAvailable 2", &[1]),
                "green: PDB pdb (minAvailable 2) allows 1 disruption now",
            ),
            (
                evict("node-1"),
                |facts| budgets(facts, "minAvailable 2", &[0]),
                "red: PDB pdb (minAvailable 2) allows no disruption now: the eviction would be refused",
            ),
            (
                evict("node-1"),
                |facts| budgets(facts, "minAvailable 2", &[1, 1]),
                "red: 2 PDBs select the pod, and the API server evicts none that has more than one",
            ),
        ],
    );
}

#[test]
fn a_budget_as_large_as_the_fewest_pods_allows_nothing_when_idle() {
    let two =
        "amber: PDB pdb (minAvailable 2) with 2 replicas: no disruption allowed when idle, so no node can be drained";
    check(
        Rule::Budget,
        &[
            (range(2, 5), |facts| budgets(facts, "minAvailable 2", &[0]), two),
            (scale(2), |facts| budgets(facts, "minAvailable 2", &[1]), two),
            (range(3, 5), |facts| budgets(facts, "minAvailable 2", &[1]), ""),
            (
                range(1, 5),
                |facts| budgets(facts, "minAvailable 50%", &[1]),
                "amber: PDB pdb (minAvailable 50%) with 1 replica: no disruption allowed when idle, so no node can be drained",
            ),
            (range(2, 5), |facts| budgets(facts, "minAvailable 50%", &[1]), ""),
            (scale(0), |facts| budgets(facts, "minAvailable 2", &[1]), ""),
            (range(1, 5), |facts| budgets(facts, "maxUnavailable 1", &[1]), ""),
            (range(1, 5), |facts| budgets(facts, "minAvailable x", &[1]), ""),
        ],
    );
}
