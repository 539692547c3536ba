use proptest::prelude::*;

use super::*;
use crate::facts::TemplateFacts;

fn facts(kind: WorkloadKind, wanted: u32, existing: u32, updated: u32, ready: u32) -> WorkloadFacts {
    WorkloadFacts {
        kind,
        generation: 2,
        observed_generation: 2,
        wanted,
        existing,
        updated,
        ready,
        available: ready,
        paused: false,
        update: Update::All,
        conditions: Vec::new(),
        container: None,
        template: TemplateFacts::default(),
        config_maps: Vec::new(),
        labels: Default::default(),
    }
}

fn pod(name: &str, state: State, word: &str, why: &str) -> PodRow {
    PodRow {
        uid: 0,
        name: name.into(),
        environment: "fleet-management/production".parse().unwrap(),
        component: "fleet-api".into(),
        node: "node-1".into(),
        status: Status::new(state, word, why),
        ready: u16::from(state == Ready),
        containers: 1,
        restarts: 0,
        created: 0,
        restarted: 0,
        tag: "latest".into(),
        digest: "9b59408".into(),
    }
}

fn turned(kind: &str, status: bool, reason: &str, message: &str) -> Condition {
    Condition { kind: kind.into(), status: Some(status), reason: reason.into(), message: message.into(), since: 0 }
}

fn check(facts: &WorkloadFacts, pods: &[PodRow], state: State, word: &str, why: &str) {
    let status = workload(facts, pods.iter(), 0);
    assert_eq!((status.state, &*status.word, &*status.why), (state, word, why));
}

use State::{Degraded, Failed, Off, Progressing, Ready, Unknown};
use WorkloadKind::{DaemonSet, Deployment, StatefulSet};

#[test]
fn counts_tell_ready_off_rolling_and_scaling_apart() {
    for (kind, (wanted, existing, updated, ready), state, word, why) in [
        (Deployment, (3, 3, 3, 3), Ready, "Ready", ""),
        (StatefulSet, (1, 1, 1, 1), Ready, "Ready", ""),
        (DaemonSet, (3, 3, 3, 3), Ready, "Ready", ""),
        (Deployment, (0, 0, 0, 0), Off, "Off", "0 replicas are wanted."),
        (DaemonSet, (0, 0, 0, 0), Off, "Off", "No node asks for it."),
        (Deployment, (0, 2, 2, 2), Progressing, "Scaling", "Down to 0: the last pods are still there."),
        (Deployment, (3, 4, 1, 3), Progressing, "Rolling", "1 of 3 pods are new."),
        (Deployment, (3, 4, 3, 3), Progressing, "Rolling", "All new pods exist; 1 old pod is still there."),
        (StatefulSet, (3, 3, 2, 3), Progressing, "Rolling", "2 of 3 pods are new."),
        (Deployment, (5, 3, 3, 3), Progressing, "Scaling", "3 of 5 wanted pods exist."),
        (Deployment, (3, 5, 5, 5), Progressing, "Scaling", "5 of 3 wanted pods exist."),
        (Deployment, (3, 0, 0, 0), Progressing, "Scaling", "0 of 3 wanted pods exist."),
        (StatefulSet, (1, 0, 0, 0), Failed, "No pods", "1 wanted, and none exists. Its events say why."),
        (Deployment, (3, 3, 3, 2), Degraded, "Few ready", "2 of 3 ready. No pod says why."),
        (StatefulSet, (1, 1, 1, 0), Failed, "Few ready", "0 of 1 ready. No pod says why."),
    ] {
        check(&facts(kind, wanted, existing, updated, ready), &[], state, word, why);
    }
}

#[test]
fn the_worst_pod_explains_what_is_missing() {
    let crash = || pod("b", Failed, "Crash loop", "Container api ends with exit code 1 soon after it starts.");
    let fine = || pod("a", Ready, "Ready", "");
    let why = "Container api ends with exit code 1 soon after it starts.";
    check(&facts(Deployment, 1, 1, 1, 0), &[crash()], Failed, "Crash loop", why);
    let some = format!("1 of 3 pods: {why}");
    check(&facts(Deployment, 3, 3, 3, 2), &[fine(), crash(), fine()], Degraded, "Crash loop", &some);
    // A new pod that crashes while all old ones serve: a rollout that must not go on unseen.
    let surge = format!("1 of 4 pods: {why}");
    check(&facts(Deployment, 3, 4, 1, 3), &[fine(), fine(), fine(), crash()], Degraded, "Crash loop", &surge);
    // One that was replaced explains nothing.
    let evicted = pod("0", Failed, "Evicted", "Its node threw it out.");
    check(&facts(Deployment, 1, 1, 1, 1), &[fine(), evicted.clone()], Ready, "Ready", "");
    let starting = pod("c", Progressing, "Starting", "");
    check(&facts(Deployment, 1, 1, 1, 0), &[starting, evicted], Progressing, "Starting", "0 of 1 ready.");
    let lost = pod("d", Unknown, "Node lost", "Its node does not answer.");
    check(&facts(StatefulSet, 1, 1, 1, 0), &[lost], Failed, "Node lost", "Its node does not answer.");
    let unready = pod("e", Degraded, "Not ready", "Container api runs.");
    check(
        &facts(StatefulSet, 3, 3, 1, 2),
        std::slice::from_ref(&unready),
        Degraded,
        "Not ready",
        "Container api runs.",
    );
    // A Deployment has a deadline for slow starts.
    check(
        &facts(Deployment, 3, 4, 2, 2),
        std::slice::from_ref(&unready),
        Progressing,
        "Rolling",
        "2 of 3 pods are new.",
    );
    // What no waiting mends is said at once, beside whatever is only slow.
    for (state, word) in [
        (Degraded, "Unschedulable"),
        (Degraded, "Crashed"),
        (Failed, "Image pull"),
        (Failed, "Config error"),
        (Failed, "Crash loop"),
        (Failed, "OOM killed"),
    ] {
        let bad = pod("f", state, word, "It is so.");
        let slow = PodRow { restarts: 9, ..unready.clone() };
        check(&facts(Deployment, 3, 4, 1, 3), &[slow, bad], Degraded, word, "1 of 2 pods: It is so.");
    }
    // The pods' watch is ahead.
    check(&facts(Deployment, 1, 1, 1, 0), &[fine()], Progressing, "Starting", "0 of 1 ready.");
}

#[test]
fn a_rollout_past_its_deadline_is_stuck() {
    let exceeded = |(wanted, existing, updated, ready)| WorkloadFacts {
        conditions: vec![turned("Progressing", false, "ProgressDeadlineExceeded", "has timed out")],
        ..facts(Deployment, wanted, existing, updated, ready)
    };
    let pull = pod("b", Failed, "Image pull", "Image x cannot be pulled.");
    let why = "The rollout passed its deadline: 1 of 3 pods are new. Image x cannot be pulled.";
    check(&exceeded((3, 4, 1, 3)), std::slice::from_ref(&pull), Degraded, "Stuck rollout", why);
    check(&exceeded((1, 1, 1, 0)), &[pull], Failed, "Image pull", "Image x cannot be pulled.");
    check(
        &exceeded((1, 1, 1, 0)),
        &[],
        Failed,
        "Stuck rollout",
        "The rollout passed its deadline: 1 of 1 pods are new.",
    );
    let corrected = WorkloadFacts { generation: 3, ..exceeded((3, 4, 1, 3)) };
    check(&corrected, &[], Progressing, "Rolling", "The controller has not read the newest change yet.");
}

#[test]
fn a_pause_is_said_unless_something_is_worse() {
    let paused = |ready| WorkloadFacts { paused: true, ..facts(Deployment, 1, 1, 1, ready) };
    let why = "The rollout is paused: changes wait until somebody resumes it.";
    check(&paused(1), &[], Progressing, "Paused", why);
    let crash = pod("a", Failed, "Crash loop", "It ends.");
    check(&paused(0), &[crash], Failed, "Crash loop", "It ends. The rollout is paused.");
}

#[test]
fn pods_that_the_strategy_leaves_are_held_back_once_the_others_are_new() {
    use Update::{All, From, OnDelete};
    let not_read = "The controller has not read the newest change yet.";
    for (kind, update, (wanted, existing, updated, ready), word, why) in [
        (StatefulSet, From(0), (3, 3, 1, 3), "Rolling", "1 of 3 pods are new."),
        (StatefulSet, From(1), (3, 3, 0, 3), "Rolling", "0 of 2 pods that are due are new."),
        (StatefulSet, From(1), (3, 3, 1, 2), "Rolling", "1 of 2 pods that are due are new."),
        // The one that is being replaced is gone.
        (StatefulSet, From(1), (3, 2, 1, 2), "Rolling", "1 of 2 pods that are due are new."),
        (StatefulSet, From(1), (3, 3, 2, 2), "Few ready", "2 of 3 ready. No pod says why."),
        (
            StatefulSet,
            From(1),
            (3, 3, 2, 3),
            "Held back",
            "1 pod runs an older revision until the partition of 1 is lowered.",
        ),
        (
            StatefulSet,
            From(2),
            (3, 3, 1, 3),
            "Held back",
            "2 pods run an older revision until the partition of 2 is lowered.",
        ),
        (
            StatefulSet,
            From(3),
            (3, 3, 0, 3),
            "Held back",
            "3 pods run an older revision until the partition of 3 is lowered.",
        ),
        (
            StatefulSet,
            From(9),
            (3, 3, 0, 3),
            "Held back",
            "3 pods run an older revision until the partition of 9 is lowered.",
        ),
        (StatefulSet, From(2), (3, 3, 3, 3), "Ready", ""),
        (StatefulSet, From(4), (5, 3, 0, 3), "Rolling", "0 of 1 pods that are due are new."),
        (StatefulSet, From(5), (5, 3, 0, 3), "Scaling", "3 of 5 wanted pods exist."),
        (StatefulSet, From(2), (2, 3, 1, 3), "Scaling", "3 of 2 wanted pods exist."),
        (StatefulSet, OnDelete, (3, 3, 0, 3), "Held back", "3 pods run an older revision until they are deleted."),
        (StatefulSet, OnDelete, (3, 3, 2, 3), "Held back", "1 pod runs an older revision until it is deleted."),
        (StatefulSet, OnDelete, (3, 2, 0, 2), "Scaling", "2 of 3 wanted pods exist."),
        (StatefulSet, OnDelete, (3, 3, 3, 3), "Ready", ""),
        (DaemonSet, OnDelete, (8, 8, 1, 8), "Held back", "7 pods run an older revision until they are deleted."),
        (DaemonSet, All, (8, 8, 1, 8), "Rolling", "1 of 8 pods are new."),
    ] {
        let facts = WorkloadFacts { update, ..facts(kind, wanted, existing, updated, ready) };
        let state = match word {
            "Ready" => Ready,
            "Few ready" => Degraded,
            _ => Progressing,
        };
        check(&facts, &[], state, word, why);
        check(&WorkloadFacts { generation: 3, ..facts }, &[], Progressing, "Rolling", not_read);
    }
}

#[test]
fn a_pod_that_is_going_is_not_held_back() {
    let facts = |updated| WorkloadFacts { update: Update::OnDelete, ..facts(StatefulSet, 3, 3, updated, 3) };
    let going = [pod("a", Progressing, "Terminating", "It was asked to go."), pod("b", Ready, "Ready", "")];
    check(&facts(2), &going, Ready, "Ready", "");
    check(&facts(1), &going, Progressing, "Held back", "1 pod runs an older revision until it is deleted.");
}

#[test]
fn what_is_held_back_is_said_beside_what_is_worse() {
    let facts = WorkloadFacts { update: Update::OnDelete, ..facts(StatefulSet, 2, 2, 1, 1) };
    let pods = [pod("a", Ready, "Ready", ""), pod("b", Failed, "Crash loop", "It ends.")];
    let why = "1 of 2 pods: It ends. 1 pod runs an older revision until it is deleted.";
    check(&facts, &pods, Degraded, "Crash loop", why);
}

#[test]
fn refused_pods_show_the_quota_and_not_the_pods_name() {
    let message = "pods \"fleet-app-6d4b-x2kqp\" is forbidden: exceeded quota: compute, requested: limits.cpu=2";
    let refused = |existing, ready| WorkloadFacts {
        conditions: vec![turned("ReplicaFailure", true, "FailedCreate", message)],
        ..facts(Deployment, 6, existing, existing, ready)
    };
    let why = "Kubernetes refuses to make more pods: exceeded quota: compute, requested: limits.cpu=2.";
    check(&refused(4, 4), &[], Degraded, "Replica failure", why);
    check(&refused(0, 0), &[], Failed, "Replica failure", why);
}

#[test]
fn a_status_nobody_wrote_is_unknown() {
    let why = "The controller has not reported on it: its status is empty.";
    for kind in [Deployment, StatefulSet, DaemonSet] {
        check(&WorkloadFacts { observed_generation: 0, ..facts(kind, 0, 0, 0, 0) }, &[], Unknown, "Unknown", why);
    }
}

#[test]
fn what_the_controller_has_not_read_is_rolling() {
    let behind = WorkloadFacts { generation: 3, ..facts(StatefulSet, 1, 1, 1, 1) };
    check(&behind, &[], Progressing, "Rolling", "The controller has not read the newest change yet.");
}

proptest! {
    #[test]
    fn no_facts_make_a_verdict_panic_and_none_ready_is_never_ready(
        kind in proptest::sample::select(vec![Deployment, StatefulSet, DaemonSet]),
        counts in any::<[u32; 5]>(),
        small in any::<bool>(),
        generations in (0i64..3, 0i64..3),
        paused in any::<bool>(),
        update in proptest::sample::select(vec![Update::All, Update::From(1), Update::From(u32::MAX), Update::OnDelete]),
        conditions in proptest::collection::vec(
            (proptest::sample::select(vec!["Progressing", "ReplicaFailure", "Available"]), any::<Option<bool>>(),
             proptest::sample::select(vec!["ProgressDeadlineExceeded", "NewReplicaSetAvailable", ""]), ".{0,20}"), 0..3),
        pods in proptest::collection::vec((0usize..6, 0..Word::ALL.len(), any::<u32>()), 0..5),
        now in any::<i64>(),
    ) {
        let [wanted, existing, updated, ready, available] = if small { counts.map(|count| count % 4) } else { counts };
        let facts = WorkloadFacts {
            generation: generations.0,
            observed_generation: generations.1,
            available,
            paused,
            update,
            conditions: conditions.iter().map(|(kind, status, reason, message)| Condition {
                kind: (*kind).into(), status: *status, reason: (*reason).into(), message: message.as_str().into(), since: 0,
            }).collect(),
            ..facts(kind, wanted, existing, updated, ready)
        };
        let pods: Vec<PodRow> = pods.iter().map(|(state, word, restarts)| PodRow {
            restarts: *restarts,
            ..pod("p", State::WORST_FIRST[*state], Word::ALL[*word].text(), "It is so.")
        }).collect();
        let status = workload(&facts, pods.iter(), now);
        prop_assert!(Word::of(&status).is_some());
        prop_assert!(status.state != Ready || ready >= wanted);
        prop_assert!(status.state < Unknown || !status.why.is_empty());
    }
}

#[test]
fn pods_of_a_silent_node_are_not_counted_as_ready_whatever_kubernetes_counts() {
    let fine = || pod("a", Ready, "Ready", "");
    let lost = || pod("b", Unknown, "Node lost", "It is so.");
    let crash = || pod("c", Failed, "Crash loop", "It ends.");
    let slow = || pod("d", Progressing, "Starting", "");
    let going = || pod("e", Progressing, "Terminating", "");
    for (counts, pods, known, state, word) in [
        ((3, 3, 3, 3), vec![fine(), fine(), fine()], 3, Ready, "Ready"),
        ((3, 3, 3, 3), vec![fine(), fine(), lost()], 2, Degraded, "Node lost"),
        // Nobody knows whether anybody is served.
        ((3, 3, 3, 3), vec![lost(), lost(), lost()], 0, Unknown, "Node lost"),
        ((1, 1, 1, 1), vec![lost()], 0, Unknown, "Node lost"),
        ((3, 3, 3, 1), vec![lost(), crash(), slow()], 0, Degraded, "Crash loop"),
        // Kubernetes has given the node up.
        ((3, 3, 3, 0), vec![lost(), lost(), lost()], 0, Failed, "Node lost"),
        ((3, 3, 3, 2), vec![fine(), fine(), lost()], 2, Degraded, "Node lost"),
        // The pods' watch is ahead of the workload's.
        ((3, 3, 3, 1), vec![fine(), fine(), lost()], 1, Degraded, "Node lost"),
        // What was on the node was made anew elsewhere.
        ((2, 2, 2, 2), vec![fine(), fine(), lost()], 2, Ready, "Ready"),
        ((2, 2, 2, 2), vec![fine(), fine(), going()], 2, Ready, "Ready"),
        ((2, 3, 2, 2), vec![fine(), fine(), lost()], 2, Degraded, "Node lost"),
    ] {
        let (wanted, existing, updated, ready) = counts;
        let facts = facts(Deployment, wanted, existing, updated, ready);
        let status = workload(&facts, pods.iter(), 0);
        let seen = (known_ready(&facts, pods.iter()), status.state, &*status.word);
        assert_eq!(
            seen,
            (known, state, word),
            "{counts:?} {:?}",
            pods.iter().map(|pod| &pod.status.word).collect::<Vec<_>>()
        );
    }
}
