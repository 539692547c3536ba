//! Objects and registries made of small numbers, so that a failing sequence shrinks to one that can be read.

use std::cell::Cell;
use std::sync::{Arc, LazyLock};

use domain::facts::around::{AroundKind, ClaimFacts};
use domain::facts::{
    AutoscalerFacts, Condition, ConfigMapFacts, ContainerFacts, ContainerState, Measure, MetricFacts, NodeFacts, Phase,
    PodFacts, TemplateContainer, TemplateFacts, Termination, Update, WorkloadFacts,
};
use domain::guard::facts::{Quota, Resources};
use domain::name::{ClusterId, Namespace, WorkloadKind};
use domain::registry::Registry;

use super::super::*;

/// 2026-01-01T00:00:00Z, in milliseconds since 1970.
pub const START_MS: i64 = 1_767_225_600_000;

thread_local! {
    static NOW: Cell<i64> = const { Cell::new(START_MS) };
}

/// The clock of this test's thread.
pub fn now() -> i64 {
    NOW.get()
}

/// Turns the clock of this test's thread.
pub fn set_now(now: i64) {
    NOW.set(now);
}

pub const CLUSTERS: [&str; 2] = ["main", "fleetops"];
pub const NAMESPACES: [&str; 4] = ["shop", "staging", "moved", "unregistered"];
const START: i64 = START_MS / 1000;

const DEPLOYMENT: Kind = Kind::Workload(WorkloadKind::Deployment);
const STATEFUL_SET: Kind = Kind::Workload(WorkloadKind::StatefulSet);
const DAEMON_SET: Kind = Kind::Workload(WorkloadKind::DaemonSet);

/// Every object that can exist in a namespace.
pub const THINGS: [(Kind, &str); 27] = [
    (Kind::Pod, "web-1-a"),
    (Kind::Pod, "web-1-b"),
    (Kind::Pod, "web-2-a"),
    (Kind::Pod, "api-1-a"),
    (Kind::Pod, "db-0"),
    (Kind::Pod, "db-1"),
    (Kind::Pod, "agent-x"),
    (Kind::Pod, "stray"),
    (DEPLOYMENT, "web"),
    (DEPLOYMENT, "api"),
    (STATEFUL_SET, "db"),
    (DAEMON_SET, "agent"),
    (Kind::ReplicaSet, "web-1"),
    (Kind::ReplicaSet, "web-2"),
    (Kind::ReplicaSet, "api-1"),
    (Kind::ControllerRevision, "db-r1"),
    (Kind::ControllerRevision, "agent-r1"),
    (Kind::Autoscaler, "web-hpa"),
    (Kind::Autoscaler, "api-hpa"),
    (Kind::ConfigMap, "settings"),
    (Kind::ConfigMap, "limits"),
    (Kind::Event, "e0"),
    (Kind::Event, "e1"),
    (Kind::Event, "e2"),
    (Kind::Event, "e3"),
    (Kind::Around(AroundKind::Quota), "compute"),
    (Kind::Around(AroundKind::Claim), "data"),
];

/// Which object: a place and a thing, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Which {
    pub cluster: usize,
    pub namespace: usize,
    pub thing: usize,
}

impl Which {
    pub fn cluster(self) -> ClusterId {
        ClusterId::new(CLUSTERS[self.cluster]).unwrap()
    }

    pub fn key(self) -> Key {
        let (kind, name) = THINGS[self.thing];
        Key { kind, namespace: Some(Namespace::new(NAMESPACES[self.namespace]).unwrap()), name: name.into() }
    }

    /// Another object of the same name has another uid.
    pub fn uid(self, incarnation: u8) -> u128 {
        let place = (self.cluster * 10 + self.namespace) * 100 + self.thing;
        0xf1ee_7000_0000 + (place as u128) * 256 + u128::from(incarnation)
    }

    /// The object as it looks in this variant.
    pub fn observed(self, incarnation: u8, variant: u16) -> Observed {
        let key = self.key();
        let object = match key.kind {
            Kind::Pod => Object::Pod(Box::new(pod(&key.name, incarnation, variant))),
            Kind::Workload(kind) => Object::Workload(Box::new(workload(kind, &key.name, variant))),
            Kind::ReplicaSet | Kind::ControllerRevision => {
                Object::Revision(Box::new(revision(&key.name, incarnation, variant)))
            }
            Kind::Autoscaler => autoscaler(&key.name, variant),
            Kind::ConfigMap => Object::ConfigMap(config_map(variant)),
            Kind::Event => Object::Event(Box::new(event(variant))),
            Kind::Around(AroundKind::Quota) => Object::Around(Box::new(quota(&key.name, variant))),
            Kind::Around(_) => Object::Around(Box::new(claim(variant))),
            Kind::Node => unreachable!("none of the things is a node"),
        };
        Observed { key, uid: self.uid(incarnation), object }
    }
}

/// From half used to full.
fn quota(name: &Arc<str>, variant: u16) -> ObservedAround {
    let used = (5 + variant % 6).to_string();
    let bounds = vec![("pods".into(), used.parse().unwrap(), "10".parse().unwrap())];
    ObservedAround::Quota(Quota { name: name.clone(), bounds, scoped: false })
}

fn claim(variant: u16) -> ObservedAround {
    let phase = ["Bound", "Pending", "Lost"][usize::from(variant) % 3];
    ObservedAround::Claim(ClaimFacts { phase: phase.into(), created: START - 600, ..ClaimFacts::default() })
}

/// What is told of a node that pods are on.
pub fn node(number: u8, word: u8) -> Change {
    let name: Arc<str> = format!("node-{number}").into();
    let ready = match word {
        0 | 1 => Some(true),
        2 => Some(false),
        3 => None,
        _ => return Change::Gone(Key { kind: Kind::Node, namespace: None, name }, 7),
    };
    let condition =
        Condition { kind: "Ready".into(), status: ready, reason: "".into(), message: "".into(), since: START - 60 };
    super::model::node(&name, NodeFacts { conditions: vec![condition], unschedulable: word == 1, zone: None })
}

fn owner(name: &str) -> Option<(WorkloadKind, Arc<str>)> {
    match name.split('-').next()? {
        "web" => Some((WorkloadKind::Deployment, "web".into())),
        "api" => Some((WorkloadKind::Deployment, "api".into())),
        "db" => Some((WorkloadKind::StatefulSet, "db".into())),
        "agent" => Some((WorkloadKind::DaemonSet, "agent".into())),
        _ => None,
    }
}

fn revision_of(pod: &str) -> &'static str {
    match &pod[..pod.len() - 2] {
        "web-1" => "web-1",
        "web-2" => "web-2",
        "api-1" => "api-1",
        "db" => "db-r1",
        "agent" => "agent-r1",
        _ => "",
    }
}

/// The digest that runs as a revision: one for each, the same for `web-1` and `web-2`, and another once the tag moved.
fn digest_of(revision: &str, moved: bool) -> &'static str {
    match revision {
        _ if moved => "sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "web-1" | "web-2" => "sha256:1111111111111111111111111111111111111111111111111111111111111111",
        "api-1" => "sha256:2222222222222222222222222222222222222222222222222222222222222222",
        "db-r1" => "sha256:3333333333333333333333333333333333333333333333333333333333333333",
        _ => "sha256:4444444444444444444444444444444444444444444444444444444444444444",
    }
}

fn pod(name: &str, incarnation: u8, variant: u16) -> ObservedPod {
    let number = i64::from(variant);
    let (phase, ready, state) = match variant % 6 {
        0 | 1 => (Phase::Running, true, ContainerState::Running { since: START - 100 }),
        2 => {
            let state = ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "back-off".into() };
            (Phase::Running, false, state)
        }
        3 => {
            (Phase::Pending, false, ContainerState::Waiting { reason: "ContainerCreating".into(), message: "".into() })
        }
        4 => (Phase::Running, false, ContainerState::Running { since: START - 5 }),
        _ => {
            let end = Termination { reason: "Completed".into(), exit_code: 0, started: START - 9, finished: START - 7 };
            (Phase::Succeeded, false, ContainerState::Terminated(end))
        }
    };
    let revision = revision_of(name);
    let restarts = u32::from(variant / 6 % 4);
    let last = (restarts > 0).then(|| Termination {
        reason: "Error".into(),
        exit_code: 1,
        started: 0,
        finished: START - 60 + number % 50,
    });
    let image_id = if variant.is_multiple_of(5) {
        String::new()
    } else {
        format!("registry.test/a@{}", digest_of(revision, variant.is_multiple_of(7)))
    };
    ObservedPod {
        facts: PodFacts {
            phase,
            created: START - 50 + i64::from(incarnation) * 20 + name.len() as i64 % 3,
            deletion: (variant.is_multiple_of(11)).then_some(START + 20),
            ready,
            not_ready_reason: (!ready).then(|| "ContainersNotReady".into()),
            unschedulable: (variant % 13 == 3).then(|| "0/3 nodes are available".into()),
            containers: vec![ContainerFacts {
                name: "main".into(),
                init: false,
                image: format!("registry.test/a:V{}", variant % 3).into(),
                image_id: image_id.into(),
                ready,
                restarts,
                state,
                last,
            }],
            ..PodFacts::default()
        },
        workload: owner(name),
        owner: 0,
        revision: revision.into(),
        node: if variant % 6 == 3 { "".into() } else { format!("node-{}", variant % 3).into() },
    }
}

fn workload(kind: WorkloadKind, name: &str, variant: u16) -> ObservedWorkload {
    let wanted = u32::from(variant % 4);
    let stuck = variant.is_multiple_of(9);
    ObservedWorkload {
        facts: WorkloadFacts {
            kind,
            generation: 3,
            observed_generation: 3 - i64::from(variant.is_multiple_of(8)),
            wanted,
            existing: u32::from(variant / 4 % 4),
            updated: u32::from(variant / 16 % 4),
            ready: u32::from(variant / 3 % 4),
            available: u32::from(variant / 3 % 4),
            paused: variant.is_multiple_of(7),
            update: [Update::All, Update::From(1), Update::OnDelete][usize::from(variant % 3)],
            conditions: vec![Condition {
                kind: "Progressing".into(),
                status: Some(!stuck),
                reason: if stuck { "ProgressDeadlineExceeded" } else { "NewReplicaSetAvailable" }.into(),
                message: "as it is".into(),
                since: START - 30,
            }],
            container: Some(TemplateContainer {
                name: "main".into(),
                image: format!("registry.test/{name}:v{}", variant % 3).into(),
                cpu_request: None,
                cpu_limit: None,
                memory_request: None,
                memory_limit: "512Mi".parse().ok(),
                storage: None,
            }),
            template: TemplateFacts {
                containers: vec![bounded("main", "512Mi"), bounded("proxy", "64Mi")],
                ..TemplateFacts::default()
            },
            config_maps: vec!["settings".into()],
            labels: Default::default(),
        },
        progressed: START - 40 + i64::from(variant % 5),
        managed_by: if variant.is_multiple_of(3) { "Flux HelmRelease shop".into() } else { "".into() },
    }
}

/// A container of a template that may use so much memory.
fn bounded(name: &str, memory: &str) -> (Arc<str>, Resources) {
    (name.into(), Resources { requests: Vec::new(), limits: vec![("memory".into(), memory.parse().unwrap())] })
}

fn revision(name: &str, incarnation: u8, variant: u16) -> ObservedRevision {
    let number = name.bytes().last().map_or(0, |digit| i64::from(digit - b'0'));
    ObservedRevision {
        workload: owner(name).unwrap(),
        owner: 0,
        number,
        image: format!("registry.test/a:v{number}").into(),
        created: START - 500 + number * 10 + i64::from(incarnation),
        cause: format!("change {}", variant % 2).into(),
    }
}

fn autoscaler(name: &str, variant: u16) -> Object {
    let target = if variant % 5 == 4 { None } else { owner(name) };
    let facts = AutoscalerFacts {
        min: 1,
        max: 3,
        current: u32::from(variant % 4),
        desired: u32::from(variant / 4 % 4),
        metrics: vec![MetricFacts {
            name: "CPU".into(),
            at_pods: true,
            target: Measure::Utilization(70),
            current: (!variant.is_multiple_of(3)).then_some(Measure::Utilization(u32::from(variant % 90))),
        }],
        conditions: vec![Condition {
            kind: "ScalingActive".into(),
            status: Some(variant.is_multiple_of(2)),
            reason: "FailedGetResourceMetric".into(),
            message: "no metrics".into(),
            since: START,
        }],
        ..AutoscalerFacts::default()
    };
    Object::Autoscaler(Box::new(facts), target)
}

fn config_map(variant: u16) -> ConfigMapFacts {
    let level = if variant.is_multiple_of(2) { "info" } else { "debug" };
    let values = [("LOG_LEVEL", level), ("MODE", "fast"), ("NOT_EXPECTED", "anything")];
    ConfigMapFacts {
        values: values.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
        changed: START - 90 + i64::from(variant % 80),
        changed_by: Some("kubectl-edit".into()),
    }
}

fn event(variant: u16) -> ObservedEvent {
    let about = ["web", "web-1", "web-1-a", "web-9-gone", "db-0", "db-x", "agent", "stray"][usize::from(variant % 8)];
    ObservedEvent {
        warning: !variant.is_multiple_of(3),
        reason: "BackOff".into(),
        about: ("Pod".into(), about.into()),
        message: format!("message {}", variant % 4).into(),
        count: u32::from(variant % 10) + 1,
        last: START - 100 + i64::from(variant % 20),
    }
}

/// One of four registries: as at first; with an environment and components renamed and other keys expected; without an
/// environment and with the systems turned round; with a cluster gone and an environment moved.
pub fn registry(number: usize) -> Arc<Registry> {
    static ALL: LazyLock<[Arc<Registry>; 4]> = LazyLock::new(|| [0, 1, 2, 3].map(made));
    ALL[number].clone()
}

fn made(number: usize) -> Arc<Registry> {
    let shop = |id: &str, key: &str, components: &str| {
        format!(
            "{{ id: {id}, cluster: main, namespace: shop, tier: production, timeZone: America/New_York, \
             config: [{{ configMap: settings, expect: {{ {key} }} }}], components: [{components}] }}"
        )
    };
    let all = "{ kind: Deployment, name: web, role: app, replicas: { min: 1, max: 3 }, reads: [settings] }, \
               { kind: Deployment, name: api, role: api, replicas: 2, reads: [settings] }, \
               { kind: StatefulSet, name: db, role: database, replicas: 2 }, \
               { kind: DaemonSet, name: agent, role: worker }";
    let fewer = "{ kind: StatefulSet, name: db, role: database, replicas: 1 }, \
                 { kind: Deployment, name: web, role: app, replicas: 1, reads: [settings] }";
    let staging = |cluster: &str, namespace: &str| {
        format!(
            "{{ id: staging, cluster: {cluster}, namespace: {namespace}, tier: staging, timeZone: Europe/Berlin, \
             config: [{{ configMap: settings, expect: {{}} }}], components: [{all}] }}"
        )
    };
    let system = |id: &str, environments: &[String]| {
        format!("{{ id: {id}, name: The {id}, environments: [{}] }}", environments.join(", "))
    };
    let main = "{ id: main, connect: { context: main } }";
    let fleetops = "{ id: fleetops, connect: { context: fleetops } }";
    let (clusters, systems) = match number {
        0 => (
            format!("{main}, {fleetops}"),
            [
                system("a", &[shop("production", "LOG_LEVEL: info", all), staging("main", "staging")]),
                system("b", &[staging("fleetops", "staging")]),
            ],
        ),
        1 => (
            format!("{main}, {fleetops}"),
            [
                system("a", &[shop("prod-east", "MODE: slow", fewer), staging("main", "staging")]),
                system("b", &[staging("fleetops", "staging")]),
            ],
        ),
        2 => (
            format!("{fleetops}, {main}"),
            [
                system("b", &[staging("fleetops", "staging")]),
                system("a", &[shop("production", "LOG_LEVEL: info, MODE: fast", all)]),
            ],
        ),
        _ => (
            main.to_owned(),
            [
                system("a", &[shop("production", "LOG_LEVEL: debug", fewer), staging("main", "moved")]),
                system("b", &[staging("main", "staging")]),
            ],
        ),
    };
    let text = format!("{{ clusters: [{clusters}], systems: [{}] }}", systems.join(", "));
    Arc::new(crate::registry::parse("sample", text.as_bytes()).unwrap())
}
