//! Nodes for the pods that come.

use super::*;
use crate::facts::Phase;
use crate::guard::facts::{Known, Node, Spread, Strategy};

fn apart(facts: &mut Facts) {
    workload(facts).anti_affinity = vec!["kubernetes.io/hostname".into()];
    facts.autoscaler = sample::read(None);
}

fn nodes(facts: &mut Facts) -> &mut Vec<Node> {
    match &mut facts.nodes {
        Known::Read { value, .. } => value,
        Known::Unread(_) => panic!("the sample has nodes"),
    }
}

fn full(facts: &mut Facts) {
    apart(facts);
    nodes(facts)[3].cordoned = true;
}

#[test]
fn pods_that_share_no_node_need_a_spare_one() {
    check(
        Rule::Room,
        &[
            (RESTART, |_| {}, "green: all 4 nodes may run its pods; how full nodes are is not read"),
            (
                RESTART,
                apart,
                "green: a spare node may take the pod that comes first: its pods share no node; how full nodes are is not read",
            ),
            (
                BACK,
                full,
                "red: no spare node: its pods share no node and may run on 3 of 4 nodes, so the rollout would stand still",
            ),
            (
                RESTART,
                |facts| {
                    full(facts);
                    workload(facts).strategy = Strategy::Rolling { surge: 1, unavailable: 1 };
                },
                "amber: no spare node: its pods share no node and may run on 3 of 4 nodes, so each new pod waits until an old one has ended",
            ),
            (
                RESTART,
                |facts| {
                    full(facts);
                    workload(facts).strategy = Strategy::Rolling { surge: 0, unavailable: 1 };
                },
                "green: 3 of 4 nodes may run its pods; how full nodes are is not read",
            ),
            // All of them are new in the end, also where an old one makes room first.
            (
                RESTART,
                |facts| {
                    full(facts);
                    nodes(facts)[0].cordoned = true;
                    workload(facts).strategy = Strategy::Rolling { surge: 0, unavailable: 1 };
                },
                "red: the nodes may take 2 of its 3 pods: its pods share no node and may run on 2 of 4 nodes",
            ),
            (scale(4), apart, "green: the nodes may take 1 of 1 new pod; how full nodes are is not read"),
            (scale(5), apart, "red: the nodes may take 1 of 2 new pods: its pods share no node"),
            (scale(4), full, "red: no node takes 1 new pod: its pods share no node and may run on 3 of 4 nodes"),
            (scale(2), full, ""),
            (range(2, 4), apart, "green: the nodes may take 1 of 1 new pod at most; how full nodes are is not read"),
            (range(2, 6), apart, "amber: the nodes may take 1 of 3 new pods at most: its pods share no node"),
            (range(5, 6), apart, "red: the nodes may take 1 of 2 new pods at least: its pods share no node"),
            (range(1, 3), apart, ""),
            (evict("node-1"), full, "green: a node may take the pod again; how full nodes are is not read"),
            (
                evict("node-1"),
                |facts| {
                    full(facts);
                    nodes(facts)[0].cordoned = true;
                },
                "red: no node would take the pod again: its pods share no node and may run on 2 of 4 nodes",
            ),
            (
                RESTART,
                |facts| facts.nodes = unread(),
                "unknown: whether there are nodes for its pods is not known: forbidden",
            ),
            // Where they are matters only to those that keep away from each other.
            (
                RESTART,
                |facts| facts.pods = unread(),
                "green: all 4 nodes may run its pods; how full nodes are is not read",
            ),
            (
                RESTART,
                |facts| {
                    apart(facts);
                    facts.pods = unread();
                },
                "unknown: which nodes its pods are on is not known: forbidden",
            ),
        ],
    );
}

#[test]
fn pods_that_wait_and_pods_that_end_are_counted_as_the_scheduler_does() {
    fn with(facts: &mut Facts, change: fn(&mut crate::guard::facts::Pod)) {
        apart(facts);
        let mut pods: Vec<_> = ["node-1", "node-2", "node-3"].map(sample::pod).into();
        change(&mut pods[2]);
        facts.pods = sample::read(pods);
    }
    check(
        Rule::Room,
        &[
            // One that waits takes the spare node; one that waits in vain leaves none.
            (
                scale(4),
                |facts| {
                    with(facts, |pod| pod.node = "".into());
                    nodes(facts)[3].cordoned = true;
                },
                "red: no node takes 1 new pod: its pods share no node and may run on 3 of 4 nodes",
            ),
            (
                scale(4),
                |facts| with(facts, |pod| pod.node = "".into()),
                "green: the nodes may take 1 of 1 new pod; how full nodes are is not read",
            ),
            (
                scale(4),
                |facts| {
                    with(facts, |pod| pod.node = "".into());
                    for node in nodes(facts) {
                        node.cordoned = true;
                    }
                },
                "red: no node may run its pods: 4 are cordoned",
            ),
            (
                scale(5),
                |facts| with(facts, |pod| pod.facts.phase = Phase::Failed),
                "green: the nodes may take 2 of 2 new pods; how full nodes are is not read",
            ),
            (
                scale(5),
                |facts| with(facts, |pod| pod.facts.phase = Phase::Succeeded),
                "green: the nodes may take 2 of 2 new pods; how full nodes are is not read",
            ),
            // One that ends stands in the way until it has ended; one on a node that is gone does not.
            (
                scale(5),
                |facts| with(facts, |pod| pod.facts.deletion = Some(1)),
                "red: the nodes may take 1 of 2 new pods: its pods share no node",
            ),
            (
                scale(5),
                |facts| with(facts, |pod| pod.node = "gone".into()),
                "green: the nodes may take 2 of 2 new pods; how full nodes are is not read",
            ),
        ],
    );
}

fn spread(key: &str, skew: u32) -> Spread {
    Spread { key: key.into(), skew, min_domains: 1, honors_affinity: true, honors_taints: false }
}

/// Zone a has nodes 1 and 2, zone b has 3, zone c has 4.
fn zones(facts: &mut Facts) {
    for (node, zone) in nodes(facts).iter_mut().zip(["a", "a", "b", "c"]) {
        node.labels = vec![("zone".into(), zone.into())];
    }
    workload(facts).spread = vec![spread("zone", 1)];
    facts.autoscaler = sample::read(None);
}

#[test]
fn pods_that_are_spread_need_a_node_where_the_skew_allows_one() {
    check(
        Rule::Room,
        &[
            // a has two, b has one, c has none: c comes first, then b and c.
            (scale(4), zones, "green: the nodes may take 1 of 1 new pod; how full nodes are is not read"),
            (scale(9), zones, "green: the nodes may take 6 of 6 new pods; how full nodes are is not read"),
            // Where c takes none, no other zone may get one more than it has.
            (
                scale(4),
                |facts| {
                    zones(facts);
                    nodes(facts)[3].cordoned = true;
                },
                "red: no node takes 1 new pod: its pods are spread evenly and may run on 3 of 4 nodes",
            ),
            (
                RESTART,
                |facts| {
                    zones(facts);
                    nodes(facts)[3].cordoned = true;
                    workload(facts).spread = vec![spread("zone", 2)];
                },
                "green: a spare node may take the pod that comes first: its pods are spread evenly and may run on 3 of 4 \
                 nodes; how full nodes are is not read",
            ),
            (
                scale(6),
                |facts| {
                    zones(facts);
                    nodes(facts)[3].cordoned = true;
                    workload(facts).spread = vec![spread("zone", 2)];
                },
                "red: the nodes may take 1 of 3 new pods: its pods are spread evenly and may run on 3 of 4 nodes",
            ),
            // Nodes without the label take none.
            (
                scale(4),
                |facts| {
                    zones(facts);
                    workload(facts).spread = vec![spread("rack", 1)];
                },
                "red: no node takes 1 new pod: its pods are spread evenly",
            ),
            // Both at once, zones that must be apart: c is the only one without a pod.
            (
                scale(5),
                |facts| {
                    zones(facts);
                    workload(facts).anti_affinity = vec!["zone".into()];
                },
                "red: the nodes may take 1 of 2 new pods: its pods share no node",
            ),
            (
                scale(5000),
                zones,
                "green: the nodes may take at least 1000 of 4997 new pods; how full nodes are is not read",
            ),
        ],
    );
}
