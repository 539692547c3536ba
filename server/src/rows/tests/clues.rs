//! What explains a state: use, probes, restarts, last lines, and what ran elsewhere.

use domain::component::clues::{LastLines, Usage};
use domain::facts::around::AroundKind;
use domain::facts::{ContainerState, Termination};
use domain::guard::facts::Quota;
use domain::view::{Finding, FindingKind};

use super::*;

const DEPLOYMENT: Kind = Kind::Workload(WorkloadKind::Deployment);
const PODS: WatchId = WatchId { kind: Kind::Pod, within: None };
const START: i64 = START_MS / 1000;

/// `web` of a/production with one pod that was started again so often.
fn scene(restarts: u32, is_ready: bool) -> Rows {
    set_now(START_MS);
    let (rows, cluster) = (Rows::new(registry(0), now), MAIN.cluster());
    rows.answered(&cluster);
    rows.watches(&cluster, vec![PODS]);
    let mut web = thing(DEPLOYMENT, "web").observed(0, 0);
    let Object::Workload(workload) = &mut web.object else { panic!("no workload") };
    let facts = &mut workload.facts;
    (facts.observed_generation, facts.paused, facts.conditions) = (facts.generation, false, Vec::new());
    let ready = u32::from(is_ready);
    (facts.wanted, facts.existing, facts.updated, facts.ready, facts.available) = (1, 1, 1, ready, ready);
    rows.take_in(&cluster, vec![Change::Seen(web), Change::Seen(pod(restarts, is_ready))]);
    rows.watch_state(&cluster, &PODS, WatchState::InStep);
    rows
}

fn pod(restarts: u32, is_ready: bool) -> Observed {
    let mut observed = thing(Kind::Pod, "web-1-a").observed(0, 1);
    let Object::Pod(pod) = &mut observed.object else { panic!("no pod") };
    (pod.facts.ready, pod.facts.deletion) = (is_ready, None);
    let main = &mut pod.facts.containers[0];
    (main.ready, main.restarts) = (is_ready, restarts);
    let end = Termination { reason: "Error".into(), exit_code: 1, started: START - 20, finished: START - 10 };
    main.last = (restarts > 0).then_some(end);
    if !is_ready {
        main.state = ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "".into() };
    }
    observed
}

fn findings(rows: &Rows) -> Vec<Finding> {
    match rows.seen_by(&Grants::everything()).page(&Topic::Environment("a/production".parse().unwrap())) {
        Page::Environment(view) => view.findings,
        other => panic!("{other:?}"),
    }
}

fn of_web(rows: &Rows, kind: FindingKind) -> Option<Finding> {
    let is_webs = |finding: &Finding| finding.title.contains("web") && finding.kind == kind;
    findings(rows).into_iter().find(is_webs)
}

#[test]
fn what_a_pod_uses_is_held_against_its_limit_until_it_is_not_measured_any_more() {
    let rows = scene(0, true);
    let measured = |memory_mib| Measured {
        namespace: "shop".parse().unwrap(),
        name: "web-1-a".into(),
        containers: vec![
            ("side-car".into(), Usage { cpu_m: 1, memory_mib: 9_999 }),
            ("main".into(), Usage { cpu_m: 1, memory_mib }),
        ],
    };
    // Of 512 MiB.
    for (all, is_near, is_known) in [
        (Ok(vec![measured(400)]), false, true),
        (Ok(vec![measured(500)]), true, true),
        (Ok(Vec::new()), false, true),
        (Ok(vec![measured(500)]), true, true),
        (Err("The cluster has no metrics API: no metrics-server is installed.".into()), false, false),
        (Ok(vec![measured(500)]), true, true),
    ] {
        rows.measured(&MAIN.cluster(), all.clone());
        assert_eq!(of_web(&rows, FindingKind::Room).is_some(), is_near, "{all:?}");
        let is_said = |finding: &&Finding| finding.kind == FindingKind::Room && finding.component.is_none();
        let said = findings(&rows).iter().filter(is_said).count();
        assert_eq!(said, usize::from(!is_known), "once, and never as 0: {all:?}");
    }
}

#[test]
fn each_container_of_a_pod_is_held_against_its_own_limit() {
    let rows = scene(0, true);
    // Of 512 and 64 MiB.
    for (main, proxy, expected) in [
        (400, 50, None),
        (400, 60, Some("Container proxy of web-1-a uses 60 MiB of memory, 93 % of the limit of 64Mi.")),
        (500, 50, Some("Container main of web-1-a uses 500 MiB of memory, 97 % of the limit of 512Mi.")),
    ] {
        let usage = |memory_mib| Usage { cpu_m: 1, memory_mib };
        let containers = vec![("main".into(), usage(main)), ("proxy".into(), usage(proxy))];
        let name = "web-1-a".into();
        rows.measured(&MAIN.cluster(), Ok(vec![Measured { namespace: "shop".parse().unwrap(), name, containers }]));
        let evidence = of_web(&rows, FindingKind::Room).map(|finding| finding.evidence.to_string());
        assert_eq!(evidence.as_deref(), expected);
    }
}

#[test]
fn a_measurement_has_nothing_judged_again_that_says_the_same() {
    let rows = scene(0, true);
    let measured = |memory_mib| {
        let containers = vec![("main".into(), Usage { cpu_m: 1, memory_mib })];
        vec![Measured { namespace: "shop".parse().unwrap(), name: "web-1-a".into(), containers }]
    };
    for (all, marked) in [
        // Known for the first time; then another figure that is told nowhere.
        (measured(300), 1),
        (measured(310), 0),
        (measured(310), 0),
        // Of 512 MiB: told, with another figure, with the same, and not any more.
        (measured(500), 1),
        (measured(501), 1),
        (measured(501), 0),
        (measured(310), 1),
        (Vec::new(), 1),
        (Vec::new(), 0),
    ] {
        assert!(!findings(&rows).is_empty(), "everything is judged");
        let count = |rows: &Rows| -> usize {
            let state = rows.state.read();
            let of = |environment: &Environment| environment.components.iter().filter(|it| it.dirty).count();
            state.environments.iter().map(of).sum()
        };
        assert_eq!(count(&rows), 0);
        rows.measured(&MAIN.cluster(), Ok(all.clone()));
        assert_eq!(count(&rows), marked, "{all:?}");
    }
}

#[test]
fn a_quota_fails_while_what_was_refused_for_it_is_lacking() {
    let rows = scene(0, true);
    let quota = Kind::Around(AroundKind::Quota);
    let bounds = vec![("pods".into(), "10".parse().unwrap(), "10".parse().unwrap())];
    let held = ObservedAround::Quota(Quota { name: "compute".into(), bounds, scoped: false });
    let mut full = thing(quota, "compute").observed(0, 0);
    full.object = Object::Around(Box::new(held));
    rows.take_in(&MAIN.cluster(), vec![Change::Seen(full)]);
    let state = || {
        rows.tick();
        let is_its = |finding: &Finding| &*finding.title == "Quota compute is full";
        findings(&rows).into_iter().find(is_its).map(|finding| finding.state)
    };
    assert_eq!(state(), Some(Health::Degraded), "full, and nobody asked for more");

    let refused = |about: (&str, &str)| {
        let message = "create Pod db-0 in StatefulSet db failed error: pods \"db-0\" is forbidden: exceeded quota: compute, \
                       requested: pods=1, used: pods=10, limited: pods=10";
        let event = ObservedEvent {
            about: (about.0.into(), about.1.into()),
            warning: true,
            reason: "FailedCreate".into(),
            message: message.into(),
            count: 3,
            last: START - 60,
        };
        let mut observed = thing(Kind::Event, "e0").observed(0, 0);
        observed.object = Object::Event(Box::new(event));
        rows.take_in(&MAIN.cluster(), vec![Change::Seen(observed)]);
    };
    let database = |existing: u32| {
        let mut database = thing(Kind::Workload(WorkloadKind::StatefulSet), "db").observed(0, 0);
        let Object::Workload(workload) = &mut database.object else { panic!("no workload") };
        (workload.facts.wanted, workload.facts.existing) = (2, existing);
        rows.take_in(&MAIN.cluster(), vec![Change::Seen(database)]);
    };
    // Of a Deployment's ReplicaSet the Deployment's condition tells.
    refused(("ReplicaSet", "web-1"));
    assert_eq!(state(), Some(Health::Degraded));
    database(1);
    refused(("StatefulSet", "db"));
    assert_eq!(state(), Some(Health::Failed));
    database(2);
    assert_eq!(state(), Some(Health::Degraded), "it got what it wanted");
    database(1);
    set_now(START_MS + 20 * 60_000);
    assert_eq!(state(), Some(Health::Degraded), "that was long ago");

    let mut web = thing(DEPLOYMENT, "web").observed(0, 0);
    let Object::Workload(workload) = &mut web.object else { panic!("no workload") };
    workload.facts.conditions = vec![domain::facts::Condition {
        kind: "ReplicaFailure".into(),
        status: Some(true),
        reason: "FailedCreate".into(),
        message:
            "pods \"web-1-b\" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=10, limited: pods=10"
                .into(),
        since: START,
    }];
    rows.take_in(&MAIN.cluster(), vec![Change::Seen(web)]);
    assert_eq!(state(), Some(Health::Failed));
}

#[test]
fn restarts_are_remembered_for_an_hour() {
    let rows = scene(0, true);
    for restarts in 1..=4 {
        rows.take_in(&MAIN.cluster(), vec![Change::Seen(pod(restarts, true))]);
        let title = of_web(&rows, FindingKind::Restarts).map(|finding| finding.title.to_string());
        let expected = (restarts > 2).then(|| format!("web restarted {restarts} times in the last hour"));
        assert_eq!(title, expected);
    }
    set_now(START_MS + 3_600_000);
    rows.answered(&MAIN.cluster());
    rows.tick();
    assert_eq!(of_web(&rows, FindingKind::Restarts), None);
}

#[test]
fn the_last_lines_of_what_crashes_are_asked_for_once_for_each_end() {
    let rows = scene(4, false);
    let crashes = rows.crashes();
    let [crash] = crashes.as_slice() else { panic!("{crashes:?}") };
    assert_eq!((&*crash.pod, &*crash.container, crash.restarts, crash.previous), ("web-1-a", "main", 4, true));
    let lines = |restarts, text: &str| LastLines {
        pod: crash.uid,
        container: crash.container.clone(),
        restarts,
        lines: vec![text.into()],
    };
    let shown = || of_web(&rows, FindingKind::Failure).unwrap().lines;
    assert!(shown().is_empty());
    rows.last_lines(&crash.component, lines(4, "gave up"));
    assert_eq!((rows.crashes(), shown()), (Vec::new(), vec!["gave up".into()]));
    rows.take_in(&MAIN.cluster(), vec![Change::Seen(pod(5, false))]);
    assert_eq!((rows.crashes().len(), shown()), (1, vec!["gave up".into()]), "until the new ones are there");
    rows.take_in(&MAIN.cluster(), vec![Change::Seen(pod(5, true))]);
    assert_eq!(rows.crashes(), []);
}

#[test]
fn where_it_is_recorded_who_looks_at_logs_no_line_is_asked_for_or_shown() {
    let rows = scene(4, false);
    let crash = rows.crashes().remove(0);
    let mut recording = (*registry(0)).clone();
    for environment in recording.systems.iter_mut().flat_map(|system| &mut system.environments) {
        environment.record_log_views = true;
    }
    rows.register(&Arc::new(recording));
    assert_eq!(rows.crashes(), []);
    let lines = LastLines { pod: crash.uid, container: crash.container, restarts: 4, lines: vec!["gave up".into()] };
    rows.last_lines(&crash.component, lines);
    let finding = of_web(&rows, FindingKind::Failure).unwrap();
    assert!(finding.lines.is_empty());
    assert!(finding.evidence.contains("Who looks at logs is recorded here"), "{}", finding.evidence);
}
