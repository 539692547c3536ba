//! Quotas and limit ranges.

use super::*;
use crate::guard::facts::{LimitRange, Quota, Resources, Strategy};
use crate::quantity::Quantity;

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

/// A quota with its lines: what, used, most.
pub(super) fn quota(facts: &mut Facts, bounds: &[(&str, &str, &str)]) {
    let bounds = bounds.iter().map(|(what, used, most)| ((*what).into(), quantity(used), quantity(most))).collect();
    facts.quotas = sample::read(vec![Quota { name: "main".into(), bounds, scoped: false }]);
    facts.autoscaler = sample::read(None);
}

#[test]
fn more_pods_than_a_quota_lets_in_are_refused_with_the_numbers() {
    check(
        Rule::Quota,
        &[
            (scale(5), |_| {}, "green: no quota bounds its pods"),
            (scale(5), |facts| quota(facts, &[("limits.cpu", "6", "10")]), CPU_OVER_BY_SURGE),
            (scale(4), |facts| quota(facts, &[("limits.cpu", "6", "10")]), "green: quota main: limits.cpu 8 of 10"),
            (
                scale(6),
                |facts| quota(facts, &[("limits.cpu", "6", "10")]),
                "red: quota main: limits.cpu 12 of 10 at 6 replicas",
            ),
            (
                scale(7),
                |facts| quota(facts, &[("requests.memory", "1.5Gi", "2Gi"), ("cpu", "1500m", "3"), ("pods", "3", "6")]),
                "red: quota main: requests.memory 3.5Gi of 2Gi at 7 replicas | \
                 red: quota main: cpu 3.5 of 3 at 7 replicas | red: quota main: pods 7 of 6 at 7 replicas",
            ),
            // Without a surge there is no pod more.
            (
                scale(5),
                |facts| {
                    quota(facts, &[("limits.cpu", "6", "10")]);
                    workload(facts).strategy = Strategy::Rolling { surge: 0, unavailable: 1 };
                },
                "green: quota main: limits.cpu 10 of 10",
            ),
            (
                scale(5),
                |facts| {
                    quota(facts, &[("limits.cpu", "6", "10")]);
                    workload(facts).strategy = Strategy::Rolling { surge: 1, unavailable: 1 };
                },
                "green: quota main: limits.cpu 10 of 10",
            ),
            // Of several bounds the tightest is shown.
            (
                scale(4),
                |facts| {
                    quota(facts, &[("limits.cpu", "6", "20"), ("limits.memory", "6Gi", "10Gi"), ("pods", "3", "99")])
                },
                "green: quota main: limits.memory 8Gi of 10Gi",
            ),
            // Fewer pods ask for nothing.
            (scale(2), |facts| quota(facts, &[("limits.cpu", "60", "10")]), ""),
            (scale(4), |facts| facts.quotas = unread(), "unknown: what the quotas leave is not known: forbidden"),
            (
                scale(4),
                |facts| facts.limits = unread(),
                "unknown: what containers get by default is not known: forbidden",
            ),
            (scale(2), |facts| facts.quotas = unread(), ""),
        ],
    );
}

const CPU_OVER_BY_SURGE: &str = "amber: quota main: limits.cpu 12 of 10 at 5 replicas and one to surge: \
                                 the next rollout would stand still";

#[test]
fn a_range_is_held_against_a_quota_at_both_ends() {
    fn cpu(facts: &mut Facts) {
        let autoscaler = facts.autoscaler.clone();
        quota(facts, &[("limits.cpu", "6", "10")]);
        facts.autoscaler = autoscaler;
    }
    check(
        Rule::Quota,
        &[
            (range(3, 5), cpu, "green: quota main: limits.cpu 10 of 10"),
            (range(3, 6), cpu, "amber: quota main: limits.cpu 12 of 10 at 6 replicas: the HPA cannot go so far"),
            (range(6, 9), cpu, "red: quota main: limits.cpu 12 of 10 at 6 replicas"),
            (range(1, 3), cpu, ""),
            (
                range(1, 4),
                |facts| quota(facts, &[("limits.cpu", "12", "10")]),
                "amber: quota main: limits.cpu 14 of 10 at 4 replicas: the HPA cannot go so far",
            ),
        ],
    );
}

#[test]
fn a_rollout_that_finds_no_room_in_a_quota_stands_still() {
    check(
        Rule::Quota,
        &[
            (RESTART, |facts| quota(facts, &[("limits.cpu", "6", "8")]), "green: quota main: limits.cpu 8 of 8"),
            (
                RESTART,
                |facts| quota(facts, &[("limits.cpu", "6", "7")]),
                "red: quota main: limits.cpu 8 of 7 with 1 pod more: the rollout would stand still",
            ),
            (
                BACK,
                |facts| {
                    quota(facts, &[("limits.cpu", "6", "7")]);
                    workload(facts).strategy = Strategy::Rolling { surge: 1, unavailable: 1 };
                },
                "amber: quota main: limits.cpu 8 of 7 with 1 pod more: each new pod waits until an old one has ended",
            ),
            // One at a time is enough for a rollout.
            (
                RESTART,
                |facts| {
                    quota(facts, &[("limits.cpu", "6", "8")]);
                    workload(facts).strategy = Strategy::Rolling { surge: 3, unavailable: 0 };
                },
                "green: quota main: limits.cpu 8 of 8",
            ),
            (
                RESTART,
                |facts| {
                    quota(facts, &[("limits.cpu", "6", "5")]);
                    workload(facts).strategy = Strategy::Rolling { surge: 0, unavailable: 1 };
                },
                "red: quota main: limits.cpu 6 of 5 already: a pod that ends would not be made anew",
            ),
            (
                evict("node-1"),
                |facts| quota(facts, &[("limits.cpu", "6", "5")]),
                "red: quota main: limits.cpu 6 of 5 already: a pod that ends would not be made anew",
            ),
            (
                evict("node-1"),
                |facts| quota(facts, &[("limits.cpu", "6", "6")]),
                "green: quota main: limits.cpu 6 of 6",
            ),
            (
                RESTART,
                |facts| {
                    quota(facts, &[("limits.cpu", "6", "5")]);
                    workload(facts).wanted = 0;
                },
                "",
            ),
            (
                BACK,
                |facts| {
                    let mut then = sample::revision(8, "1.4.1", "sha256:aaaaaaaa");
                    then.diff[0].field = "containers[app].resources.limits.cpu".into();
                    facts.revisions = sample::read(vec![then]);
                },
                "amber: revision 8 asks for other resources than those the quotas were held against | \
                 green: no quota bounds its pods",
            ),
        ],
    );
}

#[test]
fn what_a_quota_bounds_must_be_said_by_containers_or_by_default() {
    fn bare(facts: &mut Facts) {
        quota(facts, &[("limits.memory", "6Gi", "9Gi"), ("requests.cpu", "1", "9")]);
        workload(facts).containers[0].resources =
            Resources { requests: sample::amounts(&[("memory", "512Mi")]), limits: Vec::new() };
    }
    fn range_of(facts: &mut Facts, request: &[(&str, &str)], limit: &[(&str, &str)]) {
        let (default_request, default_limit) = (sample::amounts(request), sample::amounts(limit));
        let empty = LimitRange { name: "none".into(), ..LimitRange::default() };
        let range = LimitRange { name: "defaults".into(), default_request, default_limit, ..LimitRange::default() };
        facts.limits = sample::read(vec![empty, range]);
    }
    check(
        Rule::Quota,
        &[
            (
                scale(4),
                bare,
                "red: quota main bounds limits.memory, and app sets none: its pods are refused | \
                 red: quota main bounds requests.cpu, and app sets none: its pods are refused",
            ),
            (
                scale(4),
                |facts| {
                    bare(facts);
                    range_of(facts, &[("cpu", "500m")], &[("memory", "4Gi")]);
                },
                "red: quota main: limits.memory 10Gi of 9Gi at 4 replicas",
            ),
            // The default of a request is that of the limit where it has none of its own.
            (
                scale(4),
                |facts| {
                    bare(facts);
                    range_of(facts, &[], &[("memory", "512Mi"), ("cpu", "10")]);
                },
                "red: quota main: requests.cpu 11 of 9 at 4 replicas",
            ),
            // A container's own limit is its request before any default is.
            (
                scale(4),
                |facts| {
                    bare(facts);
                    workload(facts).containers[0].resources.limits = sample::amounts(&[("cpu", "1")]);
                    range_of(facts, &[("cpu", "20")], &[("memory", "512Mi")]);
                },
                "green: quota main: limits.memory 6.5Gi of 9Gi",
            ),
            (
                RESTART,
                |facts| {
                    let least = LimitRange {
                        name: "bounds".into(),
                        least: vec![("cpu".into(), quantity("600m")), ("memory".into(), quantity("512Mi"))],
                        most: vec![("memory".into(), quantity("1Gi")), ("cpu".into(), quantity("2"))],
                        ..LimitRange::default()
                    };
                    facts.limits = sample::read(vec![least]);
                },
                "red: app asks for cpu 0.5, and LimitRange bounds wants 0.6: its pods are refused | \
                 red: app asks for memory 2Gi, and LimitRange bounds allows 1Gi: its pods are refused",
            ),
        ],
    );
}

#[test]
fn what_facts_do_not_tell_of_a_quota_is_unknown() {
    check(
        Rule::Quota,
        &[
            (
                scale(4),
                |facts| {
                    facts.quotas = sample::read(vec![Quota { name: "best".into(), bounds: Vec::new(), scoped: true }])
                },
                "unknown: quota best is for some pods only: whether for these is not known",
            ),
            (
                scale(4),
                |facts| quota(facts, &[("requests.nvidia.com/gpu", "0", "1"), ("ephemeral-storage", "1", "2")]),
                "unknown: quota main bounds requests.nvidia.com/gpu: how much of it a pod asks for is not known | \
                 unknown: quota main bounds ephemeral-storage: how much of it a pod asks for is not known",
            ),
            (
                scale(4),
                |facts| {
                    quota(
                        facts,
                        &[
                            ("services", "9", "9"),
                            ("requests.storage", "9Gi", "9Gi"),
                            ("persistentvolumeclaims", "9", "9"),
                            ("gold.storageclass.storage.k8s.io/requests.storage", "9", "9"),
                        ],
                    );
                },
                "green: no quota bounds its pods",
            ),
        ],
    );
    check_of(
        Rule::Quota,
        &stateful(),
        &[
            (
                scale(4),
                |facts| quota(facts, &[("requests.storage", "9Gi", "9Gi"), ("persistentvolumeclaims", "9", "9")]),
                "unknown: quota main bounds requests.storage: how much of it a pod asks for is not known | \
                 unknown: quota main bounds persistentvolumeclaims: how much of it a pod asks for is not known",
            ),
            (
                scale(4),
                |facts| quota(facts, &[("gold.storageclass.storage.k8s.io/requests.storage", "9", "9")]),
                "unknown: quota main bounds gold.storageclass.storage.k8s.io/requests.storage: \
                 how much of it a pod asks for is not known",
            ),
            (
                scale(4),
                |facts| {
                    quota(
                        facts,
                        &[
                            ("requests.storage", "60Gi", "90Gi"),
                            ("count/pods", "3", "9"),
                            ("persistentvolumeclaims", "3", "3"),
                        ],
                    );
                    facts.declared.as_mut().unwrap().storage = Some(quantity("20Gi"));
                    workload(facts).strategy = Strategy::Rolling { surge: 0, unavailable: 1 };
                },
                "red: quota main: persistentvolumeclaims 4 of 3 at 4 replicas",
            ),
        ],
    );
}
