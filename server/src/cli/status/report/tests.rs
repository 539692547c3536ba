use std::sync::Arc;

use domain::access::Grants;
use domain::frame::{Page, Topic};
use domain::name::ClusterId;
use serde_json::{Value, json};

use super::*;
use crate::cluster::tests::observed;
use crate::rows::{Change, Kind, Rows, WatchId, WatchState};

/// 2026-01-01T00:00:00Z.
const NOW_MS: i64 = 1_767_225_600_000;

#[test]
fn the_code_says_the_worst_and_unknown_counts_before_degraded() {
    use State::{Degraded, Failed, Off, Progressing, Ready, Unknown};
    for (states, code) in [
        (&[Ready][..], 0),
        (&[Ready, Progressing, Off], 0),
        (&[Degraded], 1),
        (&[Ready, Degraded, Off], 1),
        (&[Failed], 2),
        (&[Degraded, Failed, Ready], 2),
        (&[Unknown, Failed, Degraded], 2),
        (&[Unknown], 3),
        (&[Degraded, Unknown], 3),
        (&[Unknown, Degraded, Ready], 3),
        (&[], 3),
    ] {
        assert_eq!(exit_code(states.iter().copied()), code, "{states:?}");
    }
}

/// What checks of staging found, of which one would play with a terminal.
fn results() -> Vec<CheckResult> {
    let result = |kind, outcome, sentence: &str, latency_ms| CheckResult {
        kind,
        at: NOW_MS * 1000 - 2_500_000,
        outcome,
        sentence: sentence.into(),
        latency_ms,
        pause_s: 30,
    };
    vec![
        result(CheckKind::Pods, Outcome::Ok, "The one pod is ready.", None),
        result(CheckKind::Health, Outcome::Unknown, "The API was not asked: \u{1b}[2J.", Some(0)),
        result(
            CheckKind::Postgres,
            Outcome::NotConfigured,
            "Not configured: the registry has no checks.postgres here.",
            None,
        ),
        result(CheckKind::Redis, Outcome::Failed, "Redis does not answer within 5 s.", Some(5001)),
    ]
}

/// What rows of a cluster with these objects come to, as JSON and for people.
fn report(manifests: Vec<Value>) -> (String, String) {
    let text = "{ clusters: [{ id: main, connect: { context: main } }], systems: [{ id: shop, name: The Shop, environments: [ \
         { id: production, cluster: main, namespace: shop, tier: production, timeZone: Europe/Berlin, \
           components: [{ kind: Deployment, name: web, role: app, replicas: 1 }] }, \
         { id: staging, cluster: main, namespace: shop-staging, tier: staging, timeZone: Europe/Berlin, \
           components: [{ kind: Deployment, name: web, role: app, replicas: 1 }] } ] }] }";
    let registry = Arc::new(crate::registry::parse("sample", text.as_bytes()).unwrap());
    let rows = Rows::new(registry, || NOW_MS);
    let (main, pods) = (ClusterId::new("main").unwrap(), WatchId { kind: Kind::Pod, within: None });
    rows.answered(&main);
    rows.watches(&main, vec![pods.clone()]);
    rows.watch_state(&main, &pods, WatchState::InStep);
    rows.take_in(&main, manifests.into_iter().filter_map(observed).map(Change::Seen).collect());
    rows.check_board().put(&"shop/staging".parse().unwrap(), &results());
    rows.poke();
    let grants = Grants::everything();
    let seen = rows.seen_by(&grants);
    let chrome = seen.chrome();
    let views: Vec<EnvironmentView> = (chrome.environments.iter())
        .map(|known| match seen.page(&Topic::Environment(known.id.clone())) {
            Page::Environment(view) => view,
            other => panic!("{other:?}"),
        })
        .collect();
    let checks = views.iter().map(|view| (view.head.id.clone(), rows.check_board().latest(&view.head.id))).collect();
    let (sources, late) = (chrome.sources, Vec::new());
    let untold = vec![(main, ["cronjobs", "jobs"].into_iter().collect())];
    let seen = Seen { environments: views, sources, checks, untold, late };
    let report = Report::new(&seen, Timestamp::from_millisecond(NOW_MS).unwrap());
    (serde_json::to_string_pretty(&report).unwrap(), text_of(&report))
}

fn text_of(report: &Report) -> String {
    text(report, false)
}

fn deployment(namespace: &str, ready: u32) -> Value {
    json!({
        "kind": "Deployment", "apiVersion": "apps/v1",
        "metadata": {"name": "web", "namespace": namespace, "uid": format!("uid-{namespace}"), "generation": 1},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "main", "image": "registry.test/web:v1"}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": ready, "availableReplicas": ready}
    })
}

/// A pod that ends again and again, with a message that would play with a terminal.
fn crashing() -> Value {
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "name": "web-7c9d-a", "namespace": "shop", "uid": "00000000-0000-0000-0000-000000000001",
            "creationTimestamp": "2025-12-31T00:00:00Z", "labels": {"pod-template-hash": "7c9d"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7c9d", "uid": "1", "controller": true}]
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "registry.test/web:v1"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "False"}],
            "containerStatuses": [{
                "name": "main", "ready": false, "restartCount": 7, "imageID": "",
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "\u{1b}[2Jback-off"}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "\u{1b}]0;title\u{7}",
                    "startedAt": "2025-12-31T23:58:00Z", "finishedAt": "2025-12-31T23:58:10Z"}}
            }]
        }
    })
}

#[test]
fn the_form_of_the_report_stays() {
    let (json, text) = report(vec![deployment("shop", 0), crashing(), deployment("shop-staging", 1)]);
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("report_json", json);
        insta::assert_snapshot!("report_text", text);
    });
}

#[test]
fn nothing_that_a_cluster_says_reaches_a_terminal_as_it_is() {
    let (json, text) = report(vec![deployment("shop", 0), crashing()]);
    let is_harmless = |c: char| c == '\n' || !c.is_control();
    assert!(text.chars().all(is_harmless), "{text}");
    assert!(json.chars().all(is_harmless) && !json.contains("\\u001b"), "{json}");
}

#[test]
fn colours_are_around_the_state_and_nowhere_else() {
    assert_eq!(painted("▲ Degraded", State::Degraded, true), "\u{1b}[33m▲ Degraded\u{1b}[0m");
    assert_eq!(painted("▲ Degraded", State::Degraded, false), "▲ Degraded");
}
