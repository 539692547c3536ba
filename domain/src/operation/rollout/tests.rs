use super::*;
use crate::facts::Termination;
use crate::guard::sample;
use crate::ledger::{Actor, OperationId};
use crate::operation::Operation;
use crate::operation::life::{Event, Life};
use crate::registry::Tier;

const BEGUN: i64 = 1_000_000;

/// An operation that the API server took at [`BEGUN`]: generation 8.
fn record(order: Order) -> Record {
    let plan = [7; 32];
    let events = [Event::Claim { fence: 1, plan }, Event::Record { fence: 1 }, Event::Send { fence: 1 }, Event::Accept];
    let life =
        events.iter().try_fold(Life::planned("1".into(), plan, false, i64::MAX), |life, event| life.after(event));
    Record {
        id: OperationId(1),
        operation: Operation::Restart,
        target: sample::target(),
        place: "Fleet Management / Production".into(),
        tier: Tier::Production,
        by: Actor { id: "1".into(), name: "kim".into(), role: None, source: "192.0.2.7".into() },
        why: "".into(),
        plan: Vec::new(),
        kubectl: "".into(),
        order,
        life: life.unwrap(),
        begun: BEGUN,
        ended: None,
        generation: 8,
        version: None,
        deadline_s: 600,
        progressed_at: BEGUN,
        steps: Vec::new(),
        pods: Vec::new(),
        progress: None,
        changes: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
        verdict: "".into(),
        log: None,
        told_unknown: false,
        missed_ms: 0,
        watched_until: None,
        watched: None,
        series: None,
    }
}

/// The workload as the controller has seen generation 8: so many wanted, updated, available, in all.
fn workload(wanted: u32, updated: u32, available: u32, existing: u32) -> Workload {
    let ready = available;
    Workload {
        generation: 8,
        observed_generation: 8,
        wanted,
        updated,
        available,
        existing,
        ready,
        ..sample::workload()
    }
}

fn condition(kind: &str, status: bool, reason: &str, since: i64) -> Condition {
    Condition {
        kind: kind.into(),
        status: Some(status),
        reason: reason.into(),
        message: "exceeded quota.".into(),
        since,
    }
}

/// A pod made `age` seconds after the press that waits for something.
fn waiting(reason: &str, restarts: u32, age: i64) -> Pod {
    let mut pod = sample::pod("node-1");
    pod.facts.created = BEGUN + age;
    pod.facts.ready = false;
    pod.facts.containers = vec![ContainerFacts {
        name: "app".into(),
        init: false,
        image: "registry.test/fleet-app:9".into(),
        image_id: "".into(),
        ready: false,
        restarts,
        state: ContainerState::Waiting { reason: reason.into(), message: "manifest unknown".into() },
        last: (restarts > 0).then(|| Termination { reason: "Error".into(), exit_code: 3, started: 0, finished: 0 }),
    }];
    pod
}

/// `…`, `done: …` or `failed: …`, with what has to stand in the sentence.
#[track_caller]
fn goes(what: &str, record: &Record, workload: &Workload, pods: &[Pod], after: i64, expected: &str) {
    let said = match look(record, workload, pods, BEGUN + after).turn {
        Turn::Running => "runs".to_owned(),
        Turn::Done(text) => format!("done: {text}"),
        Turn::Failed { why, .. } => format!("failed: {why}"),
    };
    let fits = match expected.split_once(": ") {
        Some((turn, words)) => said.starts_with(turn) && said.contains(words),
        None => said == expected,
    };
    assert!(fits, "{what}: {said:?}, expected {expected:?}");
}

#[test]
fn a_rollout_is_done_when_all_pods_are_of_the_new_kind_and_none_of_the_old() {
    let record = record(Order::Restart);
    for (what, workload, expected) in [
        ("all of it", workload(3, 3, 3, 3), "done: Restarted. 3 of 3 ready after 41 s."),
        ("one of the old is left", workload(3, 3, 3, 4), "runs"),
        ("one is not available", workload(3, 3, 2, 3), "runs"),
        ("one is of the old kind", workload(3, 2, 3, 3), "runs"),
        ("the controller has not seen it", Workload { observed_generation: 7, ..workload(3, 3, 3, 3) }, "runs"),
        ("none is wanted", workload(0, 0, 0, 0), "done: Restarted."),
        ("another object of its name", Workload { uid: "uid-2".into(), ..workload(3, 3, 3, 3) }, "failed: made anew"),
        (
            "on delete",
            Workload { strategy: Strategy::OnDelete, ..workload(3, 0, 3, 3) },
            "done: when somebody deletes them",
        ),
        (
            "a partition",
            Workload { strategy: Strategy::Partitioned(2), ..workload(3, 1, 3, 3) },
            "done: from ordinal 2",
        ),
        ("half a partition", Workload { strategy: Strategy::Partitioned(1), ..workload(3, 1, 3, 3) }, "runs"),
    ] {
        goes(what, &record, &workload, &[], 41, expected);
    }
}

#[test]
fn other_orders_are_done_when_their_own_numbers_are_there() {
    let range = |from, to| Order::Range { autoscaler: "hpa".parse().unwrap(), uid: "h".into(), from, to };
    let replicas = Order::Replicas { from: 3, to: 5 };
    let evict = Order::Evict { pod: "pod-node-1".parse().unwrap(), uid: "uid-before".into() };
    let gone = Order::Evict { pod: "pod-node-1".parse().unwrap(), uid: "uid-node-1".into() };
    let pods = [sample::pod("node-1")];
    for (what, order, workload, after, expected) in [
        ("scaled", replicas.clone(), workload(5, 5, 5, 5), 9, "done: Scaled from 3 to 5. 5 of 5 ready"),
        ("not yet", replicas.clone(), workload(5, 5, 4, 5), 9, "runs"),
        ("undone by somebody", replicas, workload(3, 3, 3, 3), 9, "runs"),
        ("within the range", range((2, 4), (3, 8)), workload(3, 3, 3, 3), 9, "done: between 3 and 8"),
        ("below it", range((2, 4), (5, 8)), workload(3, 3, 3, 3), 9, "runs"),
        ("below it for a minute", range((2, 4), (5, 8)), workload(3, 3, 3, 3), 61, "failed: has not moved the 3"),
        ("switched off", range((2, 4), (5, 8)), workload(0, 0, 0, 0), 61, "done: once somebody scales up from 0"),
        ("evicted and back", evict, workload(3, 3, 3, 3), 9, "done: was evicted and is ready again"),
        ("still the same pod", gone, workload(3, 3, 3, 3), 9, "runs"),
    ] {
        goes(what, &record(order), &workload, &pods, after, expected);
    }
}

#[test]
fn what_will_not_come_about_by_itself_fails_with_its_reason() {
    let record = record(Order::Restart);
    let with = |condition: Condition| Workload { conditions: vec![condition], ..workload(3, 1, 2, 4) };
    let ends = |mut pod: Pod| {
        pod.facts.deletion = Some(BEGUN);
        pod
    };
    for (what, workload, pods, after, expected) in [
        ("no image, for a moment", workload(3, 1, 2, 4), vec![waiting("ErrImagePull", 0, 1)], 20, "runs"),
        (
            "no image",
            workload(3, 1, 2, 4),
            vec![waiting("ErrImagePull", 0, 1)],
            22,
            "failed: cannot pull registry.test/fleet-app:9: manifest unknown. 2 of 3 are available.",
        ),
        ("an old pod has none", workload(3, 1, 2, 4), vec![waiting("ErrImagePull", 0, -60)], 22, "runs"),
        ("a pod that ends", workload(3, 1, 2, 4), vec![ends(waiting("ErrImagePull", 0, 1))], 22, "runs"),
        (
            "no config",
            workload(3, 1, 2, 4),
            vec![waiting("CreateContainerConfigError", 0, 1)],
            2,
            "failed: cannot start app",
        ),
        ("it crashed once", workload(3, 1, 2, 4), vec![waiting("CrashLoopBackOff", 1, 1)], 9, "runs"),
        (
            "it crashes",
            workload(3, 1, 2, 4),
            vec![waiting("CrashLoopBackOff", 2, 1)],
            9,
            "failed: restarted 2 times, the last time with exit code 3 (Error)",
        ),
        (
            "a quota",
            with(condition("ReplicaFailure", true, "FailedCreate", BEGUN)),
            vec![],
            9,
            "failed: not made: exceeded quota. 2 of 3",
        ),
        ("a quota from before", with(condition("ReplicaFailure", true, "FailedCreate", BEGUN - 60)), vec![], 9, "runs"),
        (
            "the deadline",
            with(condition("Progressing", false, "ProgressDeadlineExceeded", BEGUN + 5)),
            vec![],
            9,
            "failed: deadline that the Deployment sets",
        ),
        (
            "a deadline from before",
            with(condition("Progressing", false, "ProgressDeadlineExceeded", BEGUN - 5)),
            vec![],
            9,
            "runs",
        ),
    ] {
        goes(what, &record, &workload, &pods, after, expected);
    }
}

#[test]
fn a_rollout_that_moves_is_not_late() {
    let stands = workload(20, 7, 19, 21);
    let mut record = record(Order::Restart);
    goes("its first look", &record, &stands, &[], 601, "runs");
    record.progress = Some(look(&record, &stands, &[], BEGUN + 601).progress);
    record.progressed_at = BEGUN + 601;
    goes("ten minutes later", &record, &stands, &[], 1201, "runs");
    goes("and more", &record, &stands, &[], 1202, "failed: Nothing has moved for 10 min: 7 of 20");
    goes("one more pod", &record, &workload(20, 8, 19, 21), &[], 1202, "runs");
}

#[test]
fn restarts_of_pods_that_end_are_not_counted() {
    let mut pods = [waiting("", 4, 1), waiting("", 3, 1)];
    pods[0].facts.deletion = Some(BEGUN);
    assert_eq!(restarts_of(&pods), 3);
}
