//! What explains a state: use, probes, restarts, last lines, and what ran elsewhere.

use domain::component::clues::{LastLines, Usage};
use domain::facts::{ContainerState, Termination};
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
    assert_eq!(shown(), []);
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
    assert_eq!(finding.lines, []);
    assert!(finding.evidence.contains("Who looks at logs is recorded here"), "{}", finding.evidence);
}
