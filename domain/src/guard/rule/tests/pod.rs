//! What one pod comes to: containers, init containers, sidecars.

use super::quota::quota;
use super::*;
use crate::guard::facts::{InitContainer, LimitRange, Resources};

/// An init container that asks for so much CPU, and may use as much.
pub(super) fn starts(facts: &mut Facts, name: &str, cpu: &str, sidecar: bool) {
    let amounts = sample::amounts(&[("cpu", cpu)]);
    let resources = Resources { requests: amounts.clone(), limits: amounts };
    workload(facts).init_containers.push(InitContainer { name: name.into(), resources, sidecar });
}

/// The container asks for 0.5 CPU. Each row: the init containers, the overhead, and what a quota says of one pod more.
#[test]
fn a_pod_asks_for_the_most_that_its_containers_come_to_at_any_time() {
    let cpu: [Row; 13] = [
        (scale(4), |_| {}, "green: quota main: requests.cpu 0.5 of 100"),
        // Ordinary ones end before the others begin: the largest of them, or all that run.
        (scale(4), |facts| starts(facts, "migrate", "200m", false), "green: quota main: requests.cpu 0.5 of 100"),
        (scale(4), |facts| starts(facts, "migrate", "2", false), "green: quota main: requests.cpu 2 of 100"),
        (
            scale(4),
            |facts| {
                starts(facts, "fetch", "1", false);
                starts(facts, "migrate", "2", false);
            },
            "green: quota main: requests.cpu 2 of 100",
        ),
        // Sidecars go on while the pod runs.
        (scale(4), |facts| starts(facts, "proxy", "200m", true), "green: quota main: requests.cpu 0.7 of 100"),
        (
            scale(4),
            |facts| {
                starts(facts, "proxy", "200m", true);
                starts(facts, "log", "100m", true);
            },
            "green: quota main: requests.cpu 0.8 of 100",
        ),
        // An ordinary one runs beside the sidecars before it, not beside those after it.
        (
            scale(4),
            |facts| {
                starts(facts, "proxy", "200m", true);
                starts(facts, "migrate", "2", false);
                starts(facts, "log", "100m", true);
            },
            "green: quota main: requests.cpu 2.2 of 100",
        ),
        (
            scale(4),
            |facts| {
                starts(facts, "migrate", "700m", false);
                starts(facts, "proxy", "300m", true);
            },
            "green: quota main: requests.cpu 0.8 of 100",
        ),
        // What the pod itself costs comes on top, whichever is more.
        (
            scale(4),
            |facts| workload(facts).overhead = sample::amounts(&[("cpu", "250m"), ("memory", "1Gi")]),
            "green: quota main: requests.cpu 0.75 of 100",
        ),
        (
            scale(4),
            |facts| {
                starts(facts, "migrate", "2", false);
                workload(facts).overhead = sample::amounts(&[("cpu", "250m")]);
            },
            "green: quota main: requests.cpu 2.25 of 100",
        ),
        // A class of which the template does not say what it adds; resources of which the containers are only a part.
        (
            scale(4),
            |facts| workload(facts).runtime_class = Some("kata".into()),
            "unknown: quota main bounds requests.cpu: how much of it a pod asks for is not known: \
             its RuntimeClass is not read",
        ),
        (
            scale(4),
            |facts| {
                workload(facts).runtime_class = Some("kata".into());
                workload(facts).overhead = sample::amounts(&[("cpu", "250m")]);
            },
            "green: quota main: requests.cpu 0.75 of 100",
        ),
        (
            scale(4),
            |facts| workload(facts).has_pod_resources = true,
            "unknown: quota main bounds requests.cpu: how much of it a pod asks for is not known: \
             it has resources as a whole",
        ),
    ];
    for (operation, change, expected) in cpu {
        let mut facts = sample::facts();
        quota(&mut facts, &[("requests.cpu", "0", "100")]);
        change(&mut facts);
        assert_eq!(said(&operation, &sample::target(), &facts, Rule::Quota), expected);
    }
    check(
        Rule::Quota,
        &[
            // Limits add up in the same way.
            (
                scale(4),
                |facts| {
                    quota(facts, &[("limits.cpu", "9", "10")]);
                    starts(facts, "proxy", "500m", true);
                },
                "red: quota main: limits.cpu 11.5 of 10 at 4 replicas",
            ),
            // Of CPU and memory an init container must say something too, by itself or by default.
            (
                scale(4),
                |facts| {
                    quota(facts, &[("requests.memory", "1Gi", "9Gi")]);
                    starts(facts, "migrate", "1", false);
                },
                "red: quota main bounds requests.memory, and migrate sets none: its pods are refused",
            ),
            (
                scale(4),
                |facts| {
                    quota(facts, &[("requests.memory", "1Gi", "9Gi")]);
                    starts(facts, "proxy", "1", true);
                    let default_request = sample::amounts(&[("memory", "256Mi")]);
                    let range = LimitRange { name: "defaults".into(), default_request, ..LimitRange::default() };
                    facts.limits = sample::read(vec![range]);
                },
                "green: quota main: requests.memory 1.75Gi of 9Gi",
            ),
            // No container at all was read: no template is so.
            (
                scale(4),
                |facts| {
                    quota(facts, &[("requests.cpu", "1", "9")]);
                    workload(facts).containers.clear();
                },
                "unknown: quota main bounds requests.cpu: how much of it a pod asks for is not known",
            ),
            // A rollback that makes a sidecar of an init container asks for more.
            (
                BACK,
                |facts| {
                    let mut then = sample::revision(8, "1.4.1", "sha256:aaaaaaaa");
                    then.diff[0].field = "spec.initContainers[proxy].restartPolicy".into();
                    facts.revisions = sample::read(vec![then]);
                },
                "amber: revision 8 asks for other resources than those the quotas were held against | \
                 green: no quota bounds its pods",
            ),
            (
                BACK,
                |facts| {
                    let mut then = sample::revision(8, "1.4.1", "sha256:aaaaaaaa");
                    then.diff[0].field = "spec.initContainers[proxy].image".into();
                    facts.revisions = sample::read(vec![then]);
                },
                "green: no quota bounds its pods",
            ),
        ],
    );
}
