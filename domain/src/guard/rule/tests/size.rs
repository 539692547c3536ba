//! Nodes that are too small for one pod.

use super::nodes::nodes;
use super::pod::starts;
use super::*;
use crate::guard::facts::{LimitRange, Resources, Taint};

/// Node 1 offers so much, the others half of it.
fn offer(facts: &mut Facts, cpu: &str, half: &str, memory: &str) {
    for (index, node) in nodes(facts).iter_mut().enumerate() {
        node.allocatable = sample::amounts(&[("cpu", if index == 0 { cpu } else { half }), ("memory", memory)]);
    }
}

fn asks(facts: &mut Facts, amounts: &[(&str, &str)]) {
    workload(facts).containers[0].resources = Resources { requests: sample::amounts(amounts), limits: Vec::new() };
}

#[test]
fn a_pod_larger_than_every_node_that_it_may_run_on_is_refused_with_the_numbers() {
    check(
        Rule::Room,
        &[
            (
                RESTART,
                |facts| {
                    asks(facts, &[("cpu", "4")]);
                    offer(facts, "2", "1", "8Gi");
                },
                "red: no node offers 4 CPU to one pod: the largest has 2",
            ),
            // Exactly as much is enough.
            (
                RESTART,
                |facts| {
                    asks(facts, &[("cpu", "2"), ("memory", "8Gi")]);
                    offer(facts, "2", "1", "8Gi");
                },
                "green: 1 of 4 nodes may run its pods; how full nodes are is not read",
            ),
            (
                evict("node-1"),
                |facts| {
                    asks(facts, &[("cpu", "4"), ("memory", "16Gi")]);
                    offer(facts, "2", "1", "8Gi");
                },
                "red: no node offers 4 CPU to one pod: the largest has 2; \
                 no node offers 16Gi of memory to one pod: the largest has 8Gi",
            ),
            (
                range(2, 6),
                |facts| {
                    asks(facts, &[("memory", "16Gi")]);
                    offer(facts, "2", "1", "8Gi");
                },
                "amber: no node offers 16Gi of memory to one pod: the largest has 8Gi",
            ),
            // The largest of all is closed to it.
            (
                scale(4),
                |facts| {
                    asks(facts, &[("cpu", "2")]);
                    offer(facts, "2", "1", "8Gi");
                    let effect = crate::guard::facts::Effect::NoSchedule;
                    nodes(facts)[0].taints = vec![Taint { key: "team".into(), value: "".into(), effect }];
                },
                "red: no node offers 2 CPU to one pod: the largest of 3 that it may run on has 1",
            ),
            // The CPU is on one node, the memory on another.
            (
                scale(4),
                |facts| {
                    asks(facts, &[("cpu", "2"), ("memory", "8Gi")]);
                    offer(facts, "1", "1", "8Gi");
                    nodes(facts)[0].allocatable = sample::amounts(&[("cpu", "4"), ("memory", "4Gi")]);
                },
                "red: no node offers 2 CPU and 8Gi of memory together to one pod",
            ),
            // Init containers, sidecars and overhead count as they do against a quota.
            (
                scale(4),
                |facts| {
                    starts(facts, "migrate", "3", false);
                    workload(facts).overhead = sample::amounts(&[("cpu", "250m")]);
                    offer(facts, "3", "1", "8Gi");
                },
                "red: no node offers 3.25 CPU to one pod: the largest has 3",
            ),
            // A default counts, if it was read; if not, the quota's line is unknown.
            (
                scale(4),
                |facts| {
                    asks(facts, &[]);
                    offer(facts, "2", "1", "8Gi");
                    let default_request = sample::amounts(&[("cpu", "3")]);
                    let range = LimitRange { name: "defaults".into(), default_request, ..LimitRange::default() };
                    facts.limits = sample::read(vec![range]);
                },
                "red: no node offers 3 CPU to one pod: the largest has 2",
            ),
            (
                scale(4),
                |facts| {
                    asks(facts, &[("cpu", "3")]);
                    offer(facts, "2", "1", "8Gi");
                    facts.limits = unread();
                },
                "red: no node offers 3 CPU to one pod: the largest has 2",
            ),
            // A device is on those nodes that say so.
            (
                scale(4),
                |facts| asks(facts, &[("nvidia.com/gpu", "1")]),
                "red: no node offers 1 of nvidia.com/gpu to one pod: the largest has 0",
            ),
            (
                scale(4),
                |facts| {
                    asks(facts, &[("nvidia.com/gpu", "1")]);
                    nodes(facts)[0].allocatable.extend(sample::amounts(&[("nvidia.com/gpu", "1")]));
                },
                "green: 1 of 4 nodes may run its pods; how full nodes are is not read",
            ),
            // A node that does not say how large it is may be large enough.
            (
                scale(4),
                |facts| nodes(facts).iter_mut().for_each(|node| node.allocatable.clear()),
                "unknown: whether its pods may run on 4 of 4 nodes is not known: how large they are was not said",
            ),
            (
                scale(4),
                |facts| {
                    asks(facts, &[]);
                    nodes(facts).iter_mut().for_each(|node| node.allocatable.clear());
                },
                "green: all 4 nodes may run its pods; how full nodes are is not read",
            ),
            // Its containers ask for less than the pod as a whole does.
            (
                scale(4),
                |facts| workload(facts).has_pod_resources = true,
                "unknown: whether nodes take its pods is not known: what the pod as a whole asks for is not judged",
            ),
        ],
    );
}
