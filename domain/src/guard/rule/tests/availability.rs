//! How many pods are left.

use super::*;
use crate::guard::facts::Strategy;

fn one(facts: &mut Facts, surge: u32, unavailable: u32) {
    let workload = workload(facts);
    (workload.wanted, workload.existing, workload.updated, workload.ready, workload.available) = (1, 1, 1, 1, 1);
    workload.strategy = Strategy::Rolling { surge, unavailable };
}

#[test]
fn the_fewest_pods_that_are_left_are_counted() {
    check(
        Rule::Availability,
        &[
            (RESTART, |_| {}, "green: at least 3 of 3 stay available"),
            (BACK, |_| {}, "green: at least 3 of 3 stay available"),
            (
                RESTART,
                |facts| workload(facts).strategy = Strategy::Rolling { surge: 0, unavailable: 1 },
                "green: at least 2 of 3 stay available",
            ),
            (RESTART, |facts| workload(facts).available = 2, "green: at least 2 of 3 stay available"),
            (RESTART, |facts| workload(facts).available = 9, "green: at least 3 of 3 stay available"),
            // A Deployment ends no pod that would bring it below what is promised, also when some are missing already.
            (
                RESTART,
                |facts| {
                    workload(facts).strategy = Strategy::Rolling { surge: 0, unavailable: 1 };
                    workload(facts).available = 2;
                },
                "green: at least 2 of 3 stay available",
            ),
            (evict("node-1"), |_| {}, "green: at least 2 of 3 stay available"),
            (
                evict("node-1"),
                |facts| {
                    let mut pod = sample::pod("node-1");
                    pod.facts.ready = false;
                    facts.pods = sample::read(vec![pod]);
                    workload(facts).available = 2;
                },
                "green: at least 2 of 3 stay available",
            ),
            (evict("node-9"), |facts| workload(facts).available = 2, "green: at least 1 of 3 stays available"),
            (scale(1), |_| {}, ""),
            (range(1, 2), |_| {}, ""),
        ],
    );
    check_of(
        Rule::Availability,
        &stateful(),
        &[
            // A StatefulSet ends the next pod also while another one is missing.
            (
                RESTART,
                |facts| {
                    workload(facts).strategy = Strategy::Rolling { surge: 0, unavailable: 1 };
                    workload(facts).available = 2;
                },
                "green: at least 1 of 3 stays available",
            ),
            (
                RESTART,
                |facts| workload(facts).strategy = Strategy::Partitioned(1),
                "green: at least 2 of 3 stay available; its partition holds 1 pod back",
            ),
            (
                RESTART,
                |facts| workload(facts).strategy = Strategy::Partitioned(3),
                "amber: its partition of 3 holds all pods back: none is replaced",
            ),
            (
                evict("node-1"),
                |facts| workload(facts).strategy = Strategy::Partitioned(3),
                "green: at least 2 of 3 stay available",
            ),
        ],
    );
}

#[test]
fn an_interruption_is_said_with_how_long_it_lasts() {
    check(
        Rule::Availability,
        &[
            (
                RESTART,
                |facts| one(facts, 0, 1),
                "amber: one replica and no surge: about 40 s without service, and zero downtime is promised here",
            ),
            (
                RESTART,
                |facts| {
                    one(facts, 0, 1);
                    facts.place.zero_downtime = false;
                    workload(facts).min_ready_s = 80;
                },
                "amber: one replica and no surge: about 2 min without service",
            ),
            (
                RESTART,
                |facts| {
                    one(facts, 0, 1);
                    facts.place.zero_downtime = false;
                    workload(facts).containers[0].ready_after_s = None;
                },
                "amber: one replica and no surge: without service until the new pod is ready",
            ),
            (RESTART, |facts| one(facts, 1, 0), "green: at least 1 of 1 stays available"),
            (
                RESTART,
                |facts| one(facts, 1, 1),
                "amber: one replica: about 40 s without service, and zero downtime is promised here",
            ),
            (
                evict("node-1"),
                |facts| one(facts, 1, 0),
                "amber: one replica: about 40 s without service, and zero downtime is promised here",
            ),
            (
                evict("node-1"),
                |facts| one(facts, 0, 1),
                "amber: one replica: about 40 s without service, and zero downtime is promised here",
            ),
            (
                RESTART,
                |facts| {
                    workload(facts).strategy = Strategy::Recreate;
                    facts.place.zero_downtime = false;
                },
                "amber: all pods end before the first new one begins: about 40 s without service",
            ),
            (
                evict("node-1"),
                |facts| {
                    workload(facts).strategy = Strategy::Recreate;
                    workload(facts).available = 1;
                    facts.place.zero_downtime = false;
                },
                "amber: 1 of 3 available now, and it may end first: about 40 s without service",
            ),
            (
                RESTART,
                |facts| workload(facts).strategy = Strategy::OnDelete,
                "amber: its strategy is OnDelete: no pod is replaced until somebody deletes it",
            ),
            (
                evict("node-1"),
                |facts| workload(facts).strategy = Strategy::OnDelete,
                "green: at least 2 of 3 stay available",
            ),
            (
                RESTART,
                |facts| {
                    workload(facts).strategy = Strategy::Rolling { surge: 1, unavailable: 3 };
                    facts.place.zero_downtime = false;
                },
                "amber: all 3 pods may end at once: about 40 s without service",
            ),
            (RESTART, |facts| workload(facts).wanted = 0, "green: it is scaled to 0: no pod is replaced"),
            (
                RESTART,
                |facts| workload(facts).available = 0,
                "amber: none of 3 is available now: nothing serves that could be interrupted",
            ),
            (
                RESTART,
                |facts| workload(facts).containers[0].ready_after_s = None,
                "amber: at least 3 of 3 stay available by count, but no container has a readiness probe: \
                 a pod counts before it answers",
            ),
        ],
    );
}
