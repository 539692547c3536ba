use super::template::is_mutable;
use super::*;
use crate::component::fixture::{NOW, World, production, world};
use crate::facts::Update;
use crate::name::WorkloadKind;
use crate::registry::{AutoscaledReplicas, Replicas};
use crate::view::{PodRow, Status};

type Spoil = fn(&mut World);

/// A component, what happens to it, and the chips it has then.
type Case = (&'static str, Spoil, &'static [(State, &'static str)]);

fn check(name: &str, spoil: Spoil, expected: &[(State, &str)]) {
    let mut world = world(name);
    spoil(&mut world);
    let chips = world.with(chips);
    let found: Vec<(State, &str)> = chips.iter().map(|chip| (chip.state, &*chip.text)).collect();
    assert_eq!(found, expected, "{name}");
    // Whatever differs is said in full, and not shown as agreed.
    let findings = world.with(findings);
    assert!(findings.len() >= expected.iter().filter(|(state, _)| *state > State::Ready).count(), "{findings:?}");
    assert!(findings.iter().all(|finding| finding.evidence.ends_with('.') && finding.advice.ends_with('.')));
}

#[test]
fn replicas_are_compared_with_what_decides_them() {
    use State::{Degraded, Failed};
    let cases: &[Case] = &[
        ("fleet-app", |_| {}, &[]),
        ("fleet-app", |world| world.workload().wanted = 20, &[]),
        ("fleet-app", |world| world.autoscaler = None, &[(Degraded, "no HPA, expected 3–20")]),
        (
            "fleet-app",
            |world| {
                world.autoscaler = None;
                world.workload().wanted = 1;
            },
            &[(Degraded, "no HPA, expected 3–20"), (Degraded, "replicas 1, expected 3–20")],
        ),
        ("fleet-app", |world| world.autoscaler.as_mut().unwrap().min = 2, &[(Degraded, "HPA 2–20, expected 3–20")]),
        ("fleet-app", |world| world.workload().wanted = 1, &[(Degraded, "replicas 1, HPA 3–20")]),
        ("fleet-app", |world| world.workload().wanted = 0, &[(Failed, "replicas 0, expected 3–20")]),
        ("fleet-api", |world| world.workload().wanted = 3, &[(Degraded, "replicas 3, expected 1")]),
        ("fleet-api", |world| world.workload().wanted = 0, &[(Failed, "replicas 0, expected 1")]),
        ("fleet-api", |api| api.autoscaler = world("fleet-app").autoscaler, &[(Degraded, "HPA 3–20, expected none")]),
    ];
    for (name, spoil, expected) in cases {
        check(name, *spoil, expected);
    }
}

#[test]
fn a_scale_to_zero_under_an_autoscaler_says_that_it_stays_off() {
    let mut app = world("fleet-app");
    app.workload().wanted = 0;
    let finding = app.with(findings).remove(0);
    assert_eq!(&*finding.title, "fleet-app has 0 replicas, expected 3–20");
    assert!(finding.evidence.contains("does not come back by itself"), "{}", finding.evidence);
}

#[test]
fn the_template_is_compared_by_amounts_and_repository() {
    use State::Degraded;
    let cases: &[Case] = &[
        ("fleet-app", |world| world.container().cpu_limit = "2".parse().ok(), &[]),
        (
            "fleet-app",
            |world| world.container().memory_limit = "1Gi".parse().ok(),
            &[(Degraded, "memory 512Mi–1Gi, expected 512Mi–2Gi")],
        ),
        ("fleet-app", |world| world.container().cpu_limit = None, &[(Degraded, "CPU 500m–none, expected 500m–2000m")]),
        (
            "fleet-postgres",
            |world| world.container().storage = "10Gi".parse().ok(),
            &[(Degraded, "storage 10Gi, expected 100Gi")],
        ),
        (
            "fleet-app",
            |world| world.container().image = "evil.test/fleet-app:v1.4.0".into(),
            &[(Degraded, "image repository differs")],
        ),
        ("fleet-app", |world| world.container().image = "registry.test/fleet-app@sha256:51c0".into(), &[]),
        (
            "fleet-app",
            |world| world.container().image = "registry.test/fleet-app:latest".into(),
            &[(State::Off, "mutable tag")],
        ),
    ];
    for (name, spoil, expected) in cases {
        check(name, *spoil, expected);
    }
    let mut short = world("fleet-app");
    short.environment.components[0].image = Some("redis".to_owned());
    short.container().image = "docker.io/library/redis:7.2".into();
    assert_eq!(short.with(chips), []);
}

#[test]
fn a_mutable_tag_is_no_difference() {
    let mut app = world("fleet-app");
    app.container().image = "registry.test/fleet-app:latest".into();
    let cell = app.assess().cell;
    assert_eq!(cell.chips.len(), 1);
    assert!(!cell.differs());
    for tag in ["latest", "dev", "staging", "production", "main", "stable", "edge"] {
        assert!(is_mutable(tag), "{tag}");
    }
    for tag in [
        "",
        "15.8",
        "v1.4.0",
        "1.18.2",
        "16-alpine",
        "sha-5f31b0",
        "9b59408",
        "main-9b59408",
        "2026-11-01",
        "release-1.2",
    ] {
        assert!(!is_mutable(tag), "{tag}");
    }
}

#[test]
fn one_tag_with_two_digests_is_found_once_the_rollout_is_over() {
    let mut app = world("fleet-app");
    app.container().image = "registry.test/fleet-app:latest".into();
    for pod in &mut app.pods {
        pod.tag = "latest".into();
    }
    app.pods[1].digest = "9b59408".into();
    let text = |world: &World| world.with(chips).iter().map(|chip| chip.text.to_string()).collect::<Vec<_>>();
    assert_eq!(text(&app), ["2 digests under latest", "mutable tag"]);
    let finding = app.with(findings).remove(0);
    assert_eq!(&*finding.evidence, "Pods of one revision run different code: 2 pods run 51c02ae, 1 pod runs 9b59408.");
    app.workload().updated = 1;
    assert_eq!(text(&app), ["mutable tag"]);
    // Pods that are held back are of another revision, however long.
    app.workload().update = Update::OnDelete;
    assert_eq!(text(&app), ["mutable tag"]);
    app.workload().updated = 3;
    app.pods[1].status = Status::new(State::Degraded, "Not ready", "It is so.");
    assert_eq!(text(&app), ["mutable tag"]);
}

#[test]
fn config_is_compared_key_by_key_with_who_changed_it() {
    use State::Degraded;
    let cases: &[Case] = &[
        (
            "fleet-api",
            |world| drop(world.config().values.insert("LOG_LEVEL".into(), "debug".into())),
            &[(Degraded, "LOG_LEVEL debug, expected info")],
        ),
        (
            "fleet-api",
            |world| drop(world.config().values.remove("LOG_LEVEL")),
            &[(Degraded, "LOG_LEVEL missing, expected info")],
        ),
        (
            "fleet-api",
            |world| drop(world.config().values.insert("LOG_LEVEL".into(), "".into())),
            &[(Degraded, "LOG_LEVEL empty, expected info")],
        ),
        ("fleet-api", |world| drop(world.config().values.insert("OTHER".into(), "x".into())), &[]),
        ("fleet-api", |world| world.config_maps.clear(), &[(Degraded, "no ConfigMap fleet-config")]),
        // It does not read it.
        ("fleet-redis", |world| world.config_maps.clear(), &[]),
        // Its template does, whatever the registry says.
        (
            "fleet-redis",
            |world| {
                world.config_maps.clear();
                world.workload().config_maps = vec!["fleet-config".into()];
            },
            &[(Degraded, "no ConfigMap fleet-config")],
        ),
    ];
    for (name, spoil, expected) in cases {
        check(name, *spoil, expected);
    }
    let mut api = world("fleet-api");
    api.config().values.insert("LOG_LEVEL".into(), "debug\u{1b}[31m\n".into());
    api.config().changed = NOW - 12 * 60 - 7;
    api.pods.clear();
    let finding = api.with(findings).remove(0);
    assert_eq!(&*finding.title, "LOG_LEVEL is debug␛[31m, expected info");
    assert_eq!(&*finding.evidence, "fleet-config was last changed 12 minutes ago by kubectl-edit.");
}

#[test]
fn a_pod_older_than_its_config_runs_with_old_config() {
    let changed = NOW - 600;
    for (created, restarted, containers, is_old) in [
        (changed - 2, 0, 1, true),
        (changed - 1, 0, 1, false),
        (changed + 5, 0, 1, false),
        // Started again since: it has read it. With two containers it is not known which one.
        (changed - 900, changed + 1, 1, false),
        (changed - 900, changed + 1, 2, true),
    ] {
        let mut app = world("fleet-app");
        app.config().changed = changed;
        for pod in &mut app.pods {
            pod.created = changed + 60;
        }
        let pod: &mut PodRow = &mut app.pods[0];
        (pod.created, pod.restarted, pod.containers) = (created, restarted, containers);
        let texts: Vec<String> = app.with(chips).iter().map(|chip| chip.text.to_string()).collect();
        let expected: &[&str] = if is_old { &["old config in 1 of 3"] } else { &[] };
        assert_eq!(texts, expected, "created {created}, restarted {restarted}, {containers} containers");
        if is_old {
            let evidence = "fleet-config was last changed 10 minutes ago by kubectl-edit. 1 pod runs with what stood there \
                            before; 2 do not.";
            assert_eq!(&*app.with(findings).remove(0).evidence, evidence);
            // One that goes takes its config with it.
            app.pods[0].status = Status::new(State::Progressing, "Terminating", "");
            assert_eq!(app.with(chips), []);
        }
    }
}

#[test]
fn one_replica_cannot_keep_a_promise_of_zero_downtime() {
    let title = |world: &World| world.with(findings).first().map(|finding| finding.title.to_string());
    let promise = |name: &str| Some(format!("{name} has one replica; zero downtime is promised here"));
    for (name, expected) in [
        ("fleet-api", promise("fleet-api")),
        ("fleet-postgres", promise("fleet-postgres")),
        ("fleet-app", None),
        ("fleet-redis", None),
        ("rag-indexer", None),
    ] {
        let mut world = world(name);
        assert_eq!(title(&world), expected, "{name}");
        // It is as declared: no chip.
        assert_eq!(world.with(chips), [], "{name}");
        world.environment.zero_downtime = false;
        assert_eq!(title(&world), None, "{name}");
    }
}

#[test]
fn expectations_are_lines_with_actual_and_expected() {
    let mut app = world("fleet-app");
    app.container().memory_limit = "1Gi".parse().ok();
    app.config().values.insert("LOG_LEVEL".into(), "debug".into());
    let lines = app.with(expectations);
    let lines: Vec<_> =
        lines.iter().map(|(name, actual, expected, agrees)| (&**name, &**actual, &**expected, *agrees)).collect();
    assert_eq!(
        lines,
        [
            ("replicas", "3", "3–20", true),
            ("HPA", "3–20", "3–20", true),
            ("CPU", "500m–2000m", "500m–2000m", true),
            ("memory", "512Mi–1Gi", "512Mi–2Gi", false),
            ("image", "registry.test/fleet-app", "registry.test/fleet-app", true),
            ("LOG_LEVEL", "debug", "info", false),
            ("NODE_ENV", "production", "production", true),
        ]
    );
    app.workload = None;
    assert!(app.with(expectations).iter().take(6).all(|line| !line.3 || &*line.0 == "HPA"));
}

#[test]
fn a_daemon_set_has_no_number_to_differ_from() {
    let mut world = world("rag-indexer");
    world.environment.components[world.component].kind = WorkloadKind::DaemonSet;
    world.environment.components[world.component].replicas = None;
    world.workload().wanted = 7;
    assert_eq!((world.kind(), world.with(chips)), (WorkloadKind::DaemonSet, vec![]));
    let range =
        Replicas::Autoscaled(AutoscaledReplicas { min: 3, max: 20, cpu: None, memory: None, scale_down_seconds: None });
    assert_eq!(production().components[0].replicas, Some(range));
}
