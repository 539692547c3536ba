//! A case in which everything is right, to be spoiled one fact at a time: fleet-app of Fleet Management's production.

use std::sync::Arc;

use domain::access::Role;
use domain::facts::{Phase, PodFacts};
use domain::guard::facts::{
    Asker, Autoscaler, Container, Facts, FieldDiff, Given, Known, Node, Place, Pod, Resources, Revision, Scheduling,
    Strategy, Workload,
};
use domain::name::{ComponentId, WorkloadKind};
use domain::operation::Target;
use domain::policy::Policy;
use domain::quantity::Quantity;
use domain::registry::{Component, Maintenance, Tier};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Saturday 2026-11-21, 07:00 in New York.
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

pub(crate) fn now() -> i64 {
    NOW.parse::<Timestamp>().unwrap().as_second()
}

/// What was read two seconds ago.
pub(crate) fn read<T>(value: T) -> Known<T> {
    Known::Read { value, at: now() - 2 }
}

pub(crate) fn target() -> Target {
    Target {
        component: ComponentId {
            environment: "fleet-management/production".parse().unwrap(),
            kind: WorkloadKind::Deployment,
            name: "fleet-app".parse().unwrap(),
        },
        cluster: "main".parse().unwrap(),
        namespace: "fleet-management".parse().unwrap(),
        uid: "uid-1".into(),
        generation: 7,
    }
}

/// Three of three ready, one more at a time while they are replaced, an autoscaler, a node for each pod and one to spare.
pub(crate) fn facts() -> Facts {
    let names = ["node-1", "node-2", "node-3", "node-4"];
    Facts {
        now: now(),
        asker: Asker { name: "kim".into(), role: Some(Role::Operator) },
        given: Given { reason: "leaks memory".into(), typed: "fleet-app".into(), name: None },
        place: Place {
            id: "fleet-management/production".parse().unwrap(),
            title: "Fleet Management / Production".into(),
            tier: Tier::Production,
            zone: TimeZone::get("America/New_York").unwrap(),
            maintenance: declared(r#"{"windows": [{"days": ["sunday"], "from": "02:00", "to": "06:00"}]}"#),
            freezes: Vec::new(),
            zero_downtime: true,
            policy: Policy::default(),
        },
        declared: Some(component(r#"{"min": 3, "max": 20}"#)),
        workload: read(Some(workload())),
        pods: read(names[..3].iter().map(|node| pod(node)).collect()),
        autoscaler: read(Some(Autoscaler {
            name: "fleet-app-hpa".parse().unwrap(),
            uid: "hpa-1".into(),
            min: 3,
            max: 20,
            current: 3,
            desired: 3,
            conditions: Vec::new(),
            scale_down_s: 300,
        })),
        budgets: read(Vec::new()),
        quotas: read(Vec::new()),
        limits: read(Vec::new()),
        nodes: read(names.map(node).into()),
        revisions: read(vec![revision(9, "1.4.2", "sha256:bbbbbbbb"), revision(8, "1.4.1", "sha256:aaaaaaaa")]),
        backup: read(None),
        others: read(Vec::new()),
    }
}

fn declared(maintenance: &str) -> Maintenance {
    serde_json::from_str(maintenance).unwrap()
}

/// fleet-app with so many replicas declared, as in the file.
pub(crate) fn component(replicas: &str) -> Component {
    let text = format!(r#"{{"kind": "Deployment", "name": "fleet-app", "role": "app", "replicas": {replicas}}}"#);
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn workload() -> Workload {
    Workload {
        uid: "uid-1".into(),
        generation: 7,
        observed_generation: 7,
        wanted: 3,
        existing: 3,
        updated: 3,
        ready: 3,
        available: 3,
        paused: false,
        strategy: Strategy::Rolling { surge: 1, unavailable: 0 },
        min_ready_s: 0,
        deadline_s: Some(600),
        history_limit: 10,
        containers: vec![Container {
            name: "app".into(),
            image: "registry.test/fleet-app:1.4.2".into(),
            resources: Resources {
                requests: amounts(&[("cpu", "500m"), ("memory", "512Mi")]),
                limits: amounts(&[("cpu", "2"), ("memory", "2Gi")]),
            },
            ready_after_s: Some(40),
        }],
        init_containers: Vec::new(),
        overhead: Vec::new(),
        has_pod_resources: false,
        runtime_class: None,
        conditions: Vec::new(),
        scheduling: Scheduling::default(),
        anti_affinity: Vec::new(),
        spread: Vec::new(),
        owner: None,
        changed: None,
        operation: None,
        reads: Vec::new(),
    }
}

/// A ready node of a usual size with nothing special.
pub(crate) fn node(name: &str) -> Node {
    let allocatable = amounts(&[("cpu", "7820m"), ("memory", "28Gi")]);
    Node { name: name.into(), ready: true, allocatable, ..Node::default() }
}

/// Amounts by resource.
pub(crate) fn amounts(of: &[(&str, &str)]) -> Vec<(Arc<str>, Quantity)> {
    of.iter().map(|(resource, amount)| ((*resource).into(), amount.parse().unwrap())).collect()
}

/// A ready pod of a node, named after it.
pub(crate) fn pod(node: &str) -> Pod {
    Pod {
        name: format!("pod-{node}").parse().unwrap(),
        uid: format!("uid-{node}").into(),
        node: node.into(),
        facts: PodFacts { phase: Phase::Running, ready: true, ..PodFacts::default() },
    }
}

/// A revision; the ninth is the current one.
pub(crate) fn revision(number: i64, tag: &str, digest: &str) -> Revision {
    let image = format!("registry.test/fleet-app:{tag}");
    let field = FieldDiff {
        field: "containers[app].image".into(),
        now: "registry.test/fleet-app:1.4.2".into(),
        then: "x".into(),
    };
    Revision {
        number,
        name: format!("fleet-app-{number}").parse().unwrap(),
        uid: format!("rs-{number}").into(),
        current: number == 9,
        created: now() - 86_400,
        images: vec![("app".into(), image.into())],
        digests: vec![("app".into(), digest.into())],
        diff: if number == 9 { Vec::new() } else { vec![field] },
    }
}
