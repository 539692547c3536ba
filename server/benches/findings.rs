//! How long it takes to judge a large environment and to say what is wrong in it: `cargo bench --package server --bench findings`.
//!
//! Never a test: see docs/performance.md.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on fails")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use domain::access::Grants;
use domain::component::clues::Usage;
use domain::facts::{
    ContainerFacts, ContainerState, Phase, PodFacts, TemplateContainer, TemplateFacts, Termination, Update,
    WorkloadFacts,
};
use domain::frame::{Page, Topic};
use domain::guard::facts::Resources;
use domain::name::{ClusterId, Namespace, WorkloadKind};
use server::rows::{
    Change, Key, Kind, Measured, Object, Observed, ObservedPod, ObservedRevision, ObservedWorkload, Rows, WatchId,
    WatchState,
};
use tokio::time::Instant;

/// 2026-01-01T00:00:00Z, in seconds since 1970.
const NOW: i64 = 1_767_225_600;

const COMPONENTS: usize = 300;
const REVISIONS: usize = 10;
/// Pods of production; staging has one for each component.
const PODS: usize = 10_000;
/// Every so many components of production have a pod that crashes, each with another exit code.
const CRASHES: usize = 3;
/// How often each is measured.
const RUNS: usize = 21;

const PRODUCTION: &str = "production";
const STAGING: &str = "staging";

fn now() -> i64 {
    NOW * 1000
}

fn cluster() -> ClusterId {
    ClusterId::new("main").unwrap()
}

/// A system with a production and a staging of the same components.
fn rows() -> Rows {
    let component = |number: usize| format!("{{ kind: Deployment, name: c{number:03}, role: app, replicas: 34 }}");
    let components: Vec<String> = (0..COMPONENTS).map(component).collect();
    let environment = |id: &str| {
        let components = components.join(", ");
        format!("{{ id: {id}, cluster: main, namespace: {id}, tier: {id}, timeZone: UTC, components: [{components}] }}")
    };
    let text = format!(
        "{{ clusters: [{{ id: main, connect: {{ context: main }} }}], systems: [{{ id: shop, name: Shop, environments: [{}, {}] }}] }}",
        environment(PRODUCTION),
        environment(STAGING)
    );
    let registry = server::registry::parse("bench", text.as_bytes()).unwrap();
    let (rows, watch) = (Rows::new(Arc::new(registry), now), WatchId { kind: Kind::Pod, within: None });
    rows.answered(&cluster());
    rows.watches(&cluster(), vec![watch.clone()]);
    let mut uid = 0;
    let mut seen = |namespace: &str, kind: Kind, name: String, object: Object| {
        uid += 1;
        let key = Key { kind, namespace: Some(Namespace::new(namespace).unwrap()), name: name.into() };
        Change::Seen(Observed { key, uid, object })
    };
    let mut all = Vec::new();
    for (namespace, pods) in [(PRODUCTION, PODS), (STAGING, COMPONENTS)] {
        for number in 0..COMPONENTS {
            let kind = Kind::Workload(WorkloadKind::Deployment);
            let replicas = (pods + COMPONENTS - 1 - number) / COMPONENTS;
            let crashes = namespace == PRODUCTION && number.is_multiple_of(CRASHES);
            all.push(seen(namespace, kind, format!("c{number:03}"), workload(number, replicas, crashes)));
            for revision in 0..REVISIONS {
                let name = format!("c{number:03}-r{revision}");
                all.push(seen(namespace, Kind::ReplicaSet, name, revision_of(number, revision)));
            }
            for ordinal in 0..replicas {
                all.push(seen(namespace, Kind::Pod, pod_name(number, ordinal), pod(number, crashes && ordinal == 0)));
            }
        }
    }
    rows.take_in(&cluster(), all);
    rows.watch_state(&cluster(), &watch, WatchState::InStep);
    rows
}

fn pod_name(number: usize, ordinal: usize) -> String {
    format!("c{number:03}-r{}-p{ordinal}", REVISIONS - 1)
}

fn owner(number: usize) -> (WorkloadKind, Arc<str>) {
    (WorkloadKind::Deployment, format!("c{number:03}").into())
}

fn image(number: usize, revision: usize) -> Arc<str> {
    format!("registry.test/c{number:03}:v1.{revision}").into()
}

fn workload(number: usize, replicas: usize, crashes: bool) -> Object {
    let replicas = u32::try_from(replicas).unwrap();
    let ready = replicas - u32::from(crashes);
    let memory = "512Mi".parse().ok();
    let limits = vec![("memory".into(), "512Mi".parse().unwrap())];
    let facts = WorkloadFacts {
        kind: WorkloadKind::Deployment,
        generation: 1,
        observed_generation: 1,
        wanted: replicas,
        existing: replicas,
        updated: replicas,
        ready,
        available: ready,
        paused: false,
        update: Update::All,
        conditions: Vec::new(),
        container: Some(TemplateContainer {
            name: "main".into(),
            image: image(number, REVISIONS - 1),
            cpu_request: None,
            cpu_limit: None,
            memory_request: None,
            memory_limit: memory,
            storage: None,
        }),
        template: TemplateFacts {
            containers: vec![("main".into(), Resources { requests: Vec::new(), limits })],
            ..TemplateFacts::default()
        },
        config_maps: Vec::new(),
        labels: Default::default(),
    };
    Object::Workload(Box::new(ObservedWorkload { facts, progressed: NOW - 86_400, managed_by: "".into() }))
}

fn revision_of(number: usize, revision: usize) -> Object {
    Object::Revision(Box::new(ObservedRevision {
        workload: owner(number),
        owner: 0,
        number: i64::try_from(revision).unwrap() + 1,
        image: image(number, revision),
        created: NOW - 86_400,
        cause: "".into(),
    }))
}

fn pod(number: usize, crashes: bool) -> Object {
    let end = Termination {
        reason: "Error".into(),
        exit_code: i32::try_from(number % 100).unwrap() + 1,
        started: NOW - 30,
        finished: NOW - 20,
    };
    let state = match crashes {
        true => ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "back-off".into() },
        false => ContainerState::Running { since: NOW - 3_600 },
    };
    Object::Pod(Box::new(ObservedPod {
        facts: PodFacts {
            phase: Phase::Running,
            created: NOW - 3_600,
            ready: !crashes,
            containers: vec![ContainerFacts {
                name: "main".into(),
                init: false,
                image: image(number, REVISIONS - 1),
                image_id: format!("registry.test/c@sha256:{number:064x}").into(),
                ready: !crashes,
                restarts: if crashes { 4 } else { 0 },
                state,
                last: crashes.then_some(end),
            }],
            ..PodFacts::default()
        },
        workload: Some(owner(number)),
        owner: 0,
        revision: format!("c{number:03}-r{}", REVISIONS - 1).into(),
        node: format!("node-{}", number % 50).into(),
    }))
}

/// What all pods of production use, another figure each time.
fn usage(run: usize) -> Vec<Measured> {
    let each = |number: usize| {
        let memory_mib = u32::try_from(100 + (number + run) % 200).unwrap();
        Measured {
            namespace: Namespace::new(PRODUCTION).unwrap(),
            name: pod_name(number % COMPONENTS, number / COMPONENTS).into(),
            containers: vec![("main".into(), Usage { cpu_m: 10, memory_mib })],
        }
    };
    (0..PODS).map(each).collect()
}

fn page(rows: &Rows, environment: &str) -> Page {
    let topic = Topic::Environment(format!("shop/{environment}").parse().unwrap());
    rows.seen_by(&Grants::everything()).page(&topic)
}

/// Prints the median of so many runs, with the shortest and the longest.
fn measure(what: &str, mut run: impl FnMut(usize) -> Duration) {
    run(0);
    let mut took: Vec<Duration> = (1..=RUNS).map(&mut run).collect();
    took.sort_unstable();
    let shown = |place: usize| took[place].as_secs_f64() * 1000.0;
    println!("{what:<64} {:8.2} ms  ({:.2} – {:.2})", shown(RUNS / 2), shown(0), shown(RUNS - 1));
}

fn timed<T>(run: impl FnOnce() -> T) -> Duration {
    let started = Instant::now();
    black_box(run());
    started.elapsed()
}

fn main() {
    let rows = rows();
    for environment in [PRODUCTION, STAGING] {
        let Page::Environment(view) = page(&rows, environment) else { panic!("no environment") };
        println!("{environment}: {} components, {} findings", view.components.len(), view.findings.len());
    }
    measure("the page of production, nothing changed", |_| timed(|| page(&rows, PRODUCTION)));
    measure("the page of staging, nothing changed", |_| timed(|| page(&rows, STAGING)));
    measure("the findings of both, as rules of alerts see them", |_| {
        timed(|| {
            rows.each_sight(|sight, _| {
                black_box(sight.findings.len());
            });
        })
    });
    measure("all judged again, and the page of production", |_| {
        rows.tick();
        timed(|| page(&rows, PRODUCTION))
    });
    measure("a measurement of all pods taken in", |run| {
        let all = usage(run);
        timed(|| rows.measured(&cluster(), Ok(all)))
    });
    measure("the page of production after such a measurement", |run| {
        rows.measured(&cluster(), Ok(usage(run)));
        timed(|| page(&rows, PRODUCTION))
    });
}
