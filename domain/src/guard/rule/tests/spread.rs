//! Which nodes count where pods are spread.

use super::nodes::{nodes, term, wants};
use super::*;
use crate::guard::facts::{Effect, NodeOperator, Spread, Taint};

/// Zones a, b, c with a pod each; d has node 4 and none. A pod more comes to d, and another to any zone then.
fn spread(facts: &mut Facts) -> &mut Spread {
    for (node, zone) in nodes(facts).iter_mut().zip(["a", "b", "c", "d"]) {
        node.labels = vec![("zone".into(), zone.into())];
    }
    facts.autoscaler = sample::read(None);
    let key = "zone".into();
    let constraint = Spread { key, skew: 1, min_domains: 1, honors_affinity: true, honors_taints: false };
    workload(facts).spread = vec![constraint];
    &mut workload(facts).spread[0]
}

#[test]
fn the_zones_that_count_for_a_spread_are_those_that_its_policies_let_in() {
    const FULL: &str = "red: no node takes 1 new pod: its pods are spread evenly and may run on 3 of 4 nodes";
    const FREE: &str = "green: the nodes may take 1 of 1 new pod; how full nodes are is not read";
    fn not_on_4(facts: &mut Facts) {
        term(facts, Vec::new(), vec![wants("metadata.name", NodeOperator::NotIn, &["node-4"])]);
    }
    fn tainted_4(facts: &mut Facts) {
        let taint = Taint { key: "team".into(), value: "".into(), effect: Effect::NoSchedule };
        nodes(facts)[3].taints = vec![taint];
    }
    check(
        Rule::Room,
        &[
            (
                scale(4),
                |facts| {
                    spread(facts);
                },
                FREE,
            ),
            // A zone that the affinity excludes has no pod, and counts for nothing.
            (
                scale(4),
                |facts| {
                    spread(facts);
                    not_on_4(facts);
                },
                FREE,
            ),
            (
                scale(4),
                |facts| {
                    spread(facts).honors_affinity = false;
                    not_on_4(facts);
                },
                FULL,
            ),
            // One that is tainted does count, if nothing else is said.
            (
                scale(4),
                |facts| {
                    spread(facts);
                    tainted_4(facts);
                },
                FULL,
            ),
            (
                scale(4),
                |facts| {
                    spread(facts).honors_taints = true;
                    tainted_4(facts);
                },
                FREE,
            ),
            // With fewer zones than wanted the emptiest counts as empty.
            (
                scale(5),
                |facts| spread(facts).min_domains = 4,
                "green: the nodes may take 2 of 2 new pods; how full nodes are is not read",
            ),
            (
                scale(5),
                |facts| spread(facts).min_domains = 5,
                "red: the nodes may take 1 of 2 new pods: its pods are spread evenly",
            ),
        ],
    );
}
