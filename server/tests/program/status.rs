//! `quarterdeck status`, run as a script runs it.

use std::process::Output;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::bench::Setup;

/// An API server with one Deployment.
#[derive(Clone, Copy)]
struct Cluster {
    /// So many of its pods are ready.
    ready: u32,
    /// Whether it answers whoever asks for CronJobs.
    tells_of_cron_jobs: bool,
}

/// An API server with one Deployment, of which so many pods are ready; its address.
async fn cluster(ready: u32) -> String {
    serve(Cluster { ready, tells_of_cron_jobs: true }).await
}

async fn serve(cluster: Cluster) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer).with_state(cluster);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

/// The API of the shop, which says that it is some environment; its port. It answers until what is returned beside it is aborted.
async fn api(environment: &'static str) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = move || async move {
        let now = server::clock::now().to_string();
        Json(json!({ "status": "ok", "timestamp": now, "environment": environment, "version": "v1" }))
    };
    let router = Router::new().route("/api/health", get(answer));
    (port, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

async fn answer(State(cluster): State<Cluster>, request: Request) -> Response {
    let ready = cluster.ready;
    let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
    if path == "/version" {
        return json_of(&json!({"major": "1", "minor": "33", "gitVersion": "v1.33.0", "platform": "linux/amd64"}));
    }
    if query.contains("sendInitialEvents") {
        let refusal = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 422, "reason": "Invalid",
            "message": "sendInitialEvents is not known"});
        return (StatusCode::UNPROCESSABLE_ENTITY, json_of(&refusal)).into_response();
    }
    if path.ends_with("/cronjobs") && !cluster.tells_of_cron_jobs {
        return std::future::pending().await;
    }
    if query.contains("watch=") {
        return Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>()).into_response();
    }
    let items = match path.rsplit('/').next().unwrap() {
        "deployments" => vec![deployment(ready)],
        "pods" => vec![pod(ready > 0)],
        _ => vec![],
    };
    json_of(&json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": items}))
}

fn json_of(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn deployment(ready: u32) -> Value {
    json!({"kind": "Deployment", "apiVersion": "apps/v1",
        "metadata": {"name": "web", "namespace": "shop", "uid": "d1", "resourceVersion": "5", "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "main", "image": "registry.test/web:v1"}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": ready,
            "availableReplicas": ready}})
}

fn pod(is_ready: bool) -> Value {
    let (status, state) = if is_ready {
        ("True", json!({"running": {"startedAt": "2026-01-01T00:00:05Z"}}))
    } else {
        ("False", json!({"waiting": {"reason": "CrashLoopBackOff", "message": "\u{1b}[2Jback-off"}}))
    };
    json!({"kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": "web-7c9d-a", "namespace": "shop", "uid": "00000000-0000-0000-0000-000000000001",
            "resourceVersion": "5", "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"pod-template-hash": "7c9d"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7c9d", "uid": "r1", "controller": true}]},
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "registry.test/web:v1"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": status}],
            "containerStatuses": [{"name": "main", "ready": is_ready, "restartCount": 7, "imageID": "", "state": state}]}})
}

/// The command on this cluster, as a script runs it.
async fn status(cluster: &str, words: &[&str]) -> Output {
    status_of(cluster, "{}", words).await
}

/// The same, with these checks.
async fn status_of(cluster: &str, checks: &str, words: &[&str]) -> Output {
    let mut setup = Setup::new();
    setup.cluster = cluster.to_owned();
    let registry = std::fs::read_to_string(setup.path("registry.yaml")).unwrap();
    let checked = registry.replace("components:", &format!("checks: {checks}, components:"));
    assert_ne!(checked, registry);
    std::fs::write(setup.path("registry.yaml"), checked).unwrap();
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    tokio::task::spawn_blocking(move || {
        let (registry, kubeconfig) = (setup.path("registry.yaml"), setup.write_kubeconfig());
        let flags = ["--config", registry.to_str().unwrap(), "--kubeconfig", kubeconfig.to_str().unwrap()];
        let words: Vec<&str> = ["status"].into_iter().chain(words.iter().map(String::as_str)).chain(flags).collect();
        setup.command(&words, "")
    })
    .await
    .unwrap()
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_reads_how_all_is_off_the_code_and_the_report() {
    let (code, out, err) = said(&status(&cluster(1).await, &[]).await);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(out, "● Ready  The Shop / Production  Usable.\n    Checks: Cluster OK · Pods OK\n");
    let (code, out, err) = said(&status(&cluster(0).await, &["shop/production", "--json"]).await);
    assert_eq!((code, err.as_str()), (Some(2), ""), "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let environment = &report["environments"][0];
    assert_eq!((&report["schemaVersion"], &environment["state"]), (&json!(1), &json!("Failed")), "{out}");
    assert_eq!(environment["components"][0]["word"], "Crash loop", "{out}");
    assert_eq!(environment["findings"][0]["kind"], "failure", "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_check_finds_changes_the_code() {
    let cluster = cluster(1).await;
    let (port, task) = api("production").await;
    let health = format!("{{ health: {{ url: 'http://127.0.0.1:{port}/api/health' }} }}");
    let run = async |checks: &str, words: &[&str]| {
        let words: Vec<&str> = ["--json"].iter().chain(words).copied().collect();
        let (code, out, err) = said(&status_of(&cluster, checks, &words).await);
        assert_eq!(err, "", "{out}");
        let report: Value = serde_json::from_str(&out).unwrap();
        let environment = report["environments"][0].clone();
        let checks = environment["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["kind"] == "health").cloned();
        (code, environment["state"].clone(), environment["sentence"].clone(), check)
    };
    let (code, state, sentence, check) = run(&health, &["--checks-allow-loopback"]).await;
    assert_eq!((code, state, sentence), (Some(0), json!("Ready"), json!("Usable.")));
    let check = check.unwrap();
    assert_eq!((&check["outcome"], &check["latencyMs"].is_u64()), (&json!("ok"), &true), "{check}");
    assert_eq!(check["sentence"], "The API answers as production, version v1.", "{check}");
    assert!(check["at"].as_str().unwrap().ends_with('Z'), "{check}");

    // What is on this machine is asked by nobody who was not told to, and what is not asked is not known.
    let (code, _, _, check) = run(&health, &[]).await;
    assert_eq!((code, &check.unwrap()["outcome"]), (Some(0), &json!("unknown")));

    let (staging, other) = api("staging").await;
    let wrong = format!("{{ health: {{ url: 'http://127.0.0.1:{staging}/api/health' }} }}");
    let (code, state, sentence, _) = run(&wrong, &["--checks-allow-loopback"]).await;
    let expected = json!("The API answers as staging, and this is production.");
    assert_eq!((code, state, sentence), (Some(2), json!("Failed"), expected));
    other.abort();

    task.abort();
    _ = task.await;
    let (code, _, sentence, check) = run(&health, &["--checks-allow-loopback"]).await;
    let expected = "The API cannot be reached: the connection was refused.";
    assert_eq!((code, &sentence, &check.unwrap()["outcome"]), (Some(2), &json!(expected), &json!("failed")));
    let (code, _, sentence, check) = run(&health, &["--checks-allow-loopback", "--no-checks"]).await;
    assert_eq!((code, sentence, check), (Some(0), json!("Usable."), None));
    let redis = format!("{{ redis: {{ host: 127.0.0.1, port: {port}, tls: disable }} }}");
    let (code, state, sentence, _) = run(&redis, &["--checks-allow-loopback"]).await;
    let expected = json!("Usable, but a check fails: Redis cannot be reached: the connection was refused.");
    assert_eq!((code, state, sentence), (Some(1), json!("Degraded"), expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_told_in_time_is_said() {
    let begun = tokio::time::Instant::now();
    let silent = serve(Cluster { ready: 1, tells_of_cron_jobs: false }).await;
    let (code, out, err) = said(&status(&silent, &["--json", "--timeout", "2"]).await);
    assert!(begun.elapsed() >= std::time::Duration::from_secs(2), "it did not wait");
    let expected = "quarterdeck: main: Nothing was told of cronjobs in time, so nothing is said of them; --timeout gives it longer.\n";
    assert_eq!((code, err.as_str()), (Some(0), expected), "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["environments"][0]["untold"], json!(["cronjobs"]), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_takes_too_long_is_said_to_be_late() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let redis = format!("{{ redis: {{ host: 127.0.0.1, port: {port}, tls: disable }} }}");
    let words = ["--checks-allow-loopback", "--timeout", "2"];
    let (code, out, err) = said(&status_of(&cluster(1).await, &redis, &words).await);
    let expected =
        "quarterdeck: shop/production: The checks redis were not done in time; --timeout gives them longer.\n";
    assert_eq!((code, err.as_str()), (Some(0), expected), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_answer_is_unknown_and_said_on_the_side() {
    let (code, out, err) = said(&status("http://127.0.0.1:9", &[]).await);
    assert_eq!(code, Some(3), "{out} {err}");
    assert!(out.starts_with("? Unknown  The Shop / Production  Not seen yet"), "{out}");
    assert!(err.starts_with("quarterdeck: main: The API server cannot be reached: "), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_asked_rightly_prints_nothing_on_standard_output() {
    for words in [&["--jason"][..], &["shop/nowhere"], &["nonsense"], &["--timeout", "0"]] {
        let (code, out, err) = said(&status("http://127.0.0.1:9", words).await);
        assert_eq!((code, out.as_str()), (Some(64), ""), "{words:?}");
        assert!(!err.is_empty(), "{words:?}");
    }
}
