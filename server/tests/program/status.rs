//! `quarterdeck status`, run as a script runs it.

use std::process::Output;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::bench::Setup;

/// An API server with one Deployment, of which so many pods are ready; its address.
async fn cluster(ready: u32) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer).with_state(ready);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

async fn answer(State(ready): State<u32>, request: Request) -> Response {
    let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
    if path == "/version" {
        return json_of(&json!({"major": "1", "minor": "33", "gitVersion": "v1.33.0", "platform": "linux/amd64"}));
    }
    if query.contains("sendInitialEvents") {
        let refusal = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 422, "reason": "Invalid",
            "message": "sendInitialEvents is not known"});
        return (StatusCode::UNPROCESSABLE_ENTITY, json_of(&refusal)).into_response();
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
    let mut setup = Setup::new();
    setup.cluster = cluster.to_owned();
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
    assert_eq!(out, "● Ready  The Shop / Production  Usable.\n");
    let (code, out, err) = said(&status(&cluster(0).await, &["shop/production", "--json"]).await);
    assert_eq!((code, err.as_str()), (Some(2), ""), "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let environment = &report["environments"][0];
    assert_eq!((&report["schemaVersion"], &environment["state"]), (&json!(1), &json!("Failed")), "{out}");
    assert_eq!(environment["components"][0]["word"], "Crash loop", "{out}");
    assert_eq!(environment["findings"][0]["kind"], "failure", "{out}");
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
