//! Made-up values for every page, shaped like the real ones.

use std::sync::Arc;

use app::backend::Backend;
use domain::facts::Condition;
use domain::frame::{Page, Topic};
use domain::freshness::Freshness;
use domain::name::{ClusterId, ComponentId, EnvironmentId, ObjectName, WorkloadKind};
use domain::registry::{Role, Tier};
use domain::view::{
    AutoscalerChart, AutoscalerView, Cell, Chip, Chrome, ComponentHead, ComponentView, ContactView, EnvironmentFacts,
    EnvironmentHead, EnvironmentView, EventRow, Finding, LinkView, MissingRight, NavEnvironment, NextVersion, Person,
    PodRow, PodsHead, PodsView, RevisionRow, SourceView, State, Status, WallHead, WallView,
};

const NOW: i64 = 1_795_217_343;

/// What is shown: the same screens full, empty and stale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mood {
    /// Everything that can be said is said.
    Full,
    /// Nothing is there.
    Empty,
    /// No cluster answers.
    Stale,
}

/// A backend that knows only made-up values.
pub struct Sample(pub Mood);

fn environment_id(text: &str) -> EnvironmentId {
    text.parse().expect("a sample is well formed")
}

fn heads() -> Vec<EnvironmentHead> {
    [
        (
            "fleet-management/development",
            "Fleet Management",
            Tier::Development,
            "main",
            State::Ready,
            "Usable. Nothing changed for 3 days.",
        ),
        (
            "fleet-management/staging",
            "Fleet Management",
            Tier::Staging,
            "main",
            State::Degraded,
            "Usable. `fleet-api` restarted 4 times in the last hour.",
        ),
        (
            "fleet-management/production",
            "Fleet Management",
            Tier::Production,
            "main",
            State::Failed,
            "`fleet-api` is down for 14 minutes. The rest is ready.",
        ),
        (
            "ctafleet/production",
            "CTAFleet",
            Tier::Production,
            "main",
            State::Ready,
            "Usable. Nothing changed for 41 days.",
        ),
        ("super-todo/staging", "Super-Todo", Tier::Staging, "main", State::Ready, "Usable."),
        (
            "super-todo/production",
            "Super-Todo",
            Tier::Production,
            "main",
            State::Progressing,
            "Rolling out v1.4.0: 2 of 3 pods.",
        ),
        ("fleetops/staging", "FleetOps", Tier::Staging, "fleetops", State::Ready, "Usable."),
        (
            "fleetops/prod",
            "FleetOps",
            Tier::Production,
            "fleetops",
            State::Unknown,
            "Not seen since 02:21: nothing current comes from the cluster.",
        ),
    ]
    .into_iter()
    .map(|(id, system, tier, cluster, state, sentence)| EnvironmentHead {
        id: environment_id(id),
        system: system.into(),
        title: tier.word().into(),
        tier,
        cluster: ClusterId::new(cluster).expect("a sample is well formed"),
        state,
        sentence: sentence.into(),
    })
    .collect()
}

fn cell(environment: &EnvironmentId, name: &str, role: Role) -> Cell {
    let kind = match role {
        Role::Database | Role::Cache => WorkloadKind::StatefulSet,
        Role::App | Role::Api | Role::Worker => WorkloadKind::Deployment,
    };
    let production = environment.environment.as_str().starts_with("prod");
    let broken = name == "fleet-api" && environment.to_string() == "fleet-management/production";
    let status = match (environment.to_string().as_str(), name) {
        ("fleet-management/production", "fleet-api") => {
            Status::new(State::Failed, "Crash loop", "Its container ends with exit code 1, 7 times in 14 minutes.")
        }
        ("fleet-management/staging", "fleet-api") => {
            Status::new(State::Degraded, "Restarting", "4 restarts in the last hour.")
        }
        ("super-todo/production", "super-todo") => {
            Status::new(State::Progressing, "Rolling", "2 of 3 pods run the new revision.")
        }
        ("fleetops/prod", _) => Status::new(State::Unknown, "Unknown", "The cluster does not answer."),
        ("fleet-management/development", "fleet-redis") => Status::new(State::Off, "Off", "Scaled to 0."),
        _ => Status::new(State::Ready, "Ready", ""),
    };
    let status_word = status.word.clone();
    let chip = |state, text: &str| Chip { state, text: text.into() };
    Cell {
        id: ComponentId {
            environment: environment.clone(),
            kind,
            name: ObjectName::new(name).expect("a sample is well formed"),
        },
        role,
        ready: if broken {
            0
        } else if production && role == Role::App {
            3
        } else {
            1
        },
        wanted: Some(if production && role == Role::App { 3 } else { 1 }),
        range: (role == Role::App && production).then_some((3, 20)),
        status,
        tag: if role == Role::Database { "15.8" } else { "latest" }.into(),
        digest: "e80d113".into(),
        next: (&*status_word == "Rolling").then(|| NextVersion { name: "v2.1.0".into(), ready: 2, wanted: 3 }),
        restarts: if broken { Some(1207) } else { Some(0) },
        changed: NOW - if broken { 14 * 60 } else { 3 * 86_400 },
        chips: if broken {
            vec![chip(State::Failed, "exit 1, 7 restarts"), chip(State::Degraded, "LOG_LEVEL debug, expected info")]
        } else if role == Role::Cache && production {
            vec![chip(State::Unknown, "mutable tag")]
        } else {
            Vec::new()
        },
    }
}

fn cells_of(environment: &EnvironmentId) -> Vec<Cell> {
    let end = environment.environment.as_str();
    let names: Vec<(String, Role)> = match environment.system.as_str() {
        "fleet-management" => vec![
            ("fleet-app".into(), Role::App),
            ("fleet-api".into(), Role::Api),
            ("fleet-postgres".into(), Role::Database),
            ("fleet-redis".into(), Role::Cache),
        ],
        "ctafleet" => vec![
            ("fleet-frontend".into(), Role::App),
            ("fleet-api".into(), Role::Api),
            ("test-orchestrator".into(), Role::Worker),
            ("rag-indexer".into(), Role::Worker),
        ],
        "super-todo" => vec![
            ("super-todo".into(), Role::App),
            (format!("postgres-{end}"), Role::Database),
            (format!("redis-{end}"), Role::Cache),
        ],
        _ => vec![("fleetops-api".into(), Role::Api)],
    };
    names.iter().map(|(name, role)| cell(environment, name, *role)).collect()
}

fn pod(index: u32) -> PodRow {
    let heads = heads();
    let environment = heads[index as usize % heads.len()].id.clone();
    let cells = cells_of(&environment);
    let component: Arc<str> = cells[index as usize % cells.len()].id.name.as_str().into();
    let (status, ready) = match index {
        0..3 => (Status::new(State::Failed, "Crash loop", "back-off 5m0s restarting failed container"), 0),
        3..5 => (Status::new(State::Degraded, "Image pull", "the image cannot be pulled"), 0),
        5 => (Status::new(State::Progressing, "Starting", ""), 0),
        _ => (Status::new(State::Ready, "Ready", ""), 1),
    };
    PodRow {
        uid: u128::from(index) + 1,
        name: format!("{component}-7c9f8d6b5-{index:05}").into(),
        environment,
        component,
        node: format!("node-{}", index % 9).into(),
        status,
        ready,
        containers: 1,
        restarts: if index < 3 { 1207 - index } else { 0 },
        created: NOW - i64::from(index) * 977 - 30,
        restarted: 0,
        tag: "latest".into(),
        digest: "e80d113".into(),
    }
}

fn event(index: u32) -> EventRow {
    EventRow {
        uid: u128::from(index),
        warning: index < 3,
        reason: if index < 3 { "BackOff" } else { "Pulled" }.into(),
        about: "Pod fleet-api-7c9f8d6b5-x2v9k".into(),
        message: "Back-off restarting failed container <b>fleet-api</b> in pod fleet-api-7c9f8d6b5-x2v9k".into(),
        count: 17 + index,
        last: NOW - 40 * i64::from(index),
    }
}

fn finding(environment: &EnvironmentId) -> Vec<Finding> {
    let component = ComponentId {
        environment: environment.clone(),
        kind: WorkloadKind::Deployment,
        name: ObjectName::new("fleet-api").expect("a sample is well formed"),
    };
    vec![
        Finding {
            state: State::Failed,
            kind: domain::view::FindingKind::Failure,
            title: "fleet-api crash loops: 7 restarts, exit code 1".into(),
            evidence: "Pod fleet-api-7c9f8d6b5-x2v9k ended with exit code 1 seven times in 14 minutes.".into(),
            lines: Vec::new(),
            advice: "Read the log from before the crash; roll back if the last change caused it.".into(),
            component: Some(component.clone()),
            since: 0,
            look: domain::view::Look::Component,
        },
        Finding {
            state: State::Degraded,
            kind: domain::view::FindingKind::Difference,
            title: "LOG_LEVEL is debug, expected info".into(),
            evidence: "fleet-config changed 19 minutes ago by kubectl-edit; 1 pod runs with it, 3 do not.".into(),
            lines: Vec::new(),
            advice: "".into(),
            component: None,
            since: 0,
            look: domain::view::Look::Component,
        },
        Finding {
            state: State::Degraded,
            kind: domain::view::FindingKind::Promise,
            title: "fleet-api has one replica; zero downtime is promised here".into(),
            evidence: "A restart means about 40 s without service.".into(),
            lines: Vec::new(),
            advice: "".into(),
            component: Some(component),
            since: 0,
            look: domain::view::Look::Component,
        },
    ]
}

impl Backend for Sample {
    fn page(&self, topic: &Topic) -> Page {
        let empty = self.0 == Mood::Empty;
        match topic {
            Topic::Wall if empty => Page::Wall(WallView::default()),
            Topic::Wall => Page::Wall(WallView {
                head: WallHead {
                    sentence: "Fleet Management production needs you: fleet-api has been crash looping for 14 minutes.".into(),
                    detail: "8 environments: 5 usable, 1 degraded, 1 failing, 1 unknown. Last change 12 minutes ago in Super-Todo production.".into(),
                },
                cells: heads().iter().flat_map(|head| cells_of(&head.id)).collect(),
                environments: heads(),
            }),
            Topic::Environment(id) => {
                let Some(head) = heads().into_iter().find(|head| head.id == *id) else { return Page::Absent };
                let link = |name: &str, url: &str| LinkView { name: name.into(), url: url.into() };
                Page::Environment(EnvironmentView {
                    facts: EnvironmentFacts {
                        namespace: "fleet-management".into(),
                        cluster: "main · v1.36.2 · East US 2".into(),
                        host: "fleet.capitaltechalliance.com".into(),
                        window: "closed · opens Sun 02:00 New York (in 1 d 4 h)".into(),
                        window_open: Some(false),
                        contacts: if empty { Vec::new() } else {
                            vec![
                                ContactView { role: "On-call".into(), reach: "pager, immediate".into() },
                                ContactView { role: "CTO".into(), reach: "phone".into() },
                            ]
                        },
                        links: if empty { Vec::new() } else {
                            vec![link("Grafana", "https://grafana.example.com"), link("Bad", "javascript:alert(1)")]
                        },
                    },
                    findings: if empty { Vec::new() } else { finding(id) },
                    checks: Vec::new(),
                    components: if empty { Vec::new() } else { cells_of(id) },
                    autoscalers: if empty { Vec::new() } else {
                        vec![AutoscalerView {
                            name: "fleet-app".into(),
                            target: "fleet-app".into(),
                            min: 3,
                            max: 20,
                            current: 3,
                            desired: 4,
                            state: State::Progressing,
                            next: "Scales to 4 within 15 s: CPU 84 % of 70 %.".into(),
                            metrics: vec![
                                ("CPU".into(), "84 %".into(), "70 %".into()),
                                ("Memory".into(), "61 %".into(), "80 %".into()),
                            ],
                            conditions: vec![
                                "It can scale since 09:12 New York.".into(),
                                "It reads its metrics since 09:12 New York.".into(),
                                "Its bounds do not hold it since 09:40 New York.".into(),
                            ],
                            chart: Some(Box::new(AutoscalerChart {
                                replicas: "M0 52H180V28H400V4H520V52H720".into(),
                                load: "M0 60L60 55L120 40L180 20L240 48L300 40L360 22L400 12L460 50L520 70L600 66L720 30".into(),
                                target: 42,
                                top: 6,
                                top_load: 160,
                                from: "13:32".into(),
                                to: "14:32 New York".into(),
                                text: "From 13:32 to 14:32 New York: replicas 3 to 5, load at 60 to 150 % of its target, scaled 3 times.".into(),
                            })),
                            scalings: vec![
                                (520, "14:15 New size: 3; reason: All metrics below target".into()),
                                (400, "14:05 New size: 5; reason: cpu resource utilization (percentage of request) above target".into()),
                                (180, "13:47 New size: 4; reason: cpu resource utilization (percentage of request) above target".into()),
                            ],
                        }]
                    },
                    warnings: if empty { Vec::new() } else { (0..3).map(event).collect() },
                    more_warnings: if empty { 0 } else { 2 },
                    undeclared: if empty { Vec::new() } else { vec!["Deployment debug-shell".into()] },
                    head,
                })
            }
            Topic::Component(id) => {
                let Some(environment) = heads().into_iter().find(|head| head.id == id.environment) else { return Page::Absent };
                let Some(cell) = cells_of(&id.environment).into_iter().find(|cell| cell.id == *id) else { return Page::Absent };
                let expectation = |name: &str, actual: &str, expected: &str| {
                    (Arc::from(name), Arc::from(actual), Arc::from(expected), actual == expected)
                };
                Page::Component(ComponentView {
                    environment,
                    head: ComponentHead {
                        cell,
                        findings: if empty { Vec::new() } else { finding(&id.environment) },
                        expectations: vec![
                            expectation("replicas", "1", "1"),
                            expectation("memory", "512Mi–1Gi", "512Mi–2Gi"),
                            expectation("LOG_LEVEL", "debug", "info"),
                        ],
                        conditions: if empty { Vec::new() } else {
                            vec![Condition {
                                kind: "Progressing".into(),
                                status: Some(false),
                                reason: "ProgressDeadlineExceeded".into(),
                                message: "ReplicaSet \"fleet-api-7c9f8d6b5\" has timed out progressing.".into(),
                                since: NOW - 600,
                            }]
                        },
                        image: "fleetappregistry.azurecr.io/fleet-api:latest".into(),
                        managed_by: "Flux HelmRelease production/fleet".into(),
                    },
                    pods: if empty { Vec::new() } else { (0..6).map(pod).collect() },
                    revisions: if empty { Vec::new() } else {
                        (0..4)
                            .map(|index| RevisionRow {
                                number: 14 - index,
                                name: format!("fleet-api-7c9f8d6b{index}").into(),
                                image: "fleetappregistry.azurecr.io/fleet-api:latest".into(),
                                digest: if index == 2 { "".into() } else { "sha256:e80d1133b2f4a5c6d7e8f90123456789abcdef0123456789abcdef0123456789".into() },
                                digests: match index {
                                    0 => 2,
                                    2 => 0,
                                    _ => 1,
                                },
                                created: NOW - 840 - index * 90_000,
                                cause: if index == 1 { "kubectl set image".into() } else { "".into() },
                                pods: if index == 0 { Some((2, 1)) } else { Some((0, 0)) },
                                current: index == 0,
                                same_as: match index {
                                    1 => vec![11],
                                    3 => vec![13],
                                    _ => Vec::new(),
                                },
                            })
                            .collect()
                    },
                    events: if empty { Vec::new() } else { (0..6).map(event).collect() },
                })
            }
            // It has none.
            Topic::Operation(_) => Page::Absent,
            Topic::Pods(query) if empty => Page::Pods(PodsView {
                head: PodsHead { total: 10_000, matching: 0, bad: 0, offset: query.offset },
                rows: Vec::new(),
            }),
            Topic::Pods(query) => Page::Pods(PodsView {
                head: PodsHead { total: 10_000, matching: 10_000, bad: 5, offset: query.offset },
                rows: (query.offset..query.offset + u32::from(query.length)).map(pod).collect(),
            }),
        }
    }

    fn chrome(&self) -> Chrome {
        let stale = self.0 == Mood::Stale;
        let source = |cluster: &str, freshness, trouble: &str, missing| SourceView {
            cluster: ClusterId::new(cluster).expect("a sample is well formed"),
            freshness,
            trouble: trouble.into(),
            missing,
        };
        let missing = vec![MissingRight {
            resource: "horizontalpodautoscalers".into(),
            sentence: "It may not list horizontalpodautoscalers in namespace prod.".into(),
        }];
        let ms = NOW * 1000;
        Chrome {
            environments: heads()
                .into_iter()
                .map(|head| NavEnvironment {
                    components: cells_of(&head.id)
                        .iter()
                        .map(|cell| (cell.id.kind, cell.id.name.as_str().into()))
                        .collect(),
                    id: head.id,
                    system: head.system,
                    title: head.title,
                    tier: head.tier,
                    cluster: head.cluster,
                    state: head.state,
                })
                .collect(),
            sources: vec![
                if stale {
                    source(
                        "main",
                        Freshness::Stale(ms - 14_000),
                        "The API server does not answer: connection refused.",
                        Vec::new(),
                    )
                } else {
                    source("main", Freshness::Live(ms - 200), "", Vec::new())
                },
                if stale {
                    source("fleetops", Freshness::Never, "", missing)
                } else {
                    source("fleetops", Freshness::Live(ms), "", Vec::new())
                },
            ],
            registry_trouble: if stale { "line 12: 'stagging' is not a tier.".into() } else { "".into() },
            person: Person {
                name: "kim".into(),
                administers: true,
                operates: Vec::new(),
                has_demo_data: true,
                told: "".into(),
            },
        }
    }

    fn now_ms(&self) -> i64 {
        NOW * 1000 + 240
    }

    fn build(&self) -> Arc<str> {
        "preview".into()
    }
}
