//! What a Prometheus has of an environment is told on its page and by an alert, and what it has not is said to be not known.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::bench::{LONG, Program, Setup};

/// What the queries find, by query; one that is not here is no query.
type Found = Arc<Mutex<HashMap<&'static str, serde_json::Value>>>;

async fn answer(State(found): State<Found>, Query(asked): Query<HashMap<String, String>>) -> Response {
    match found.lock().unwrap().get(asked["query"].as_str()) {
        Some(result) => {
            let data = json!({ "resultType": "vector", "result": result });
            Json(json!({ "status": "success", "data": data })).into_response()
        }
        None => {
            let error = json!({ "status": "error", "errorType": "bad_data", "error": "canary words" });
            (StatusCode::BAD_REQUEST, Json(error)).into_response()
        }
    }
}

fn one(value: &str) -> serde_json::Value {
    json!([{ "metric": {}, "value": [1.5, value] }])
}

fn registry(setup: &Setup, port: u16, errors: &str) {
    let text = format!(
        "clusters: [{{ id: main, connect: {{ context: main }} }}]\n\
         alerts: {{ rules: [{{ rule: error-rate, forMinutes: 0 }}, {{ rule: disk-full, forMinutes: 0 }}] }}\n\
         systems: [{{ id: shop, name: The Shop, environments: [\n\
         {{ id: production, cluster: main, namespace: shop, tier: production, timeZone: Europe/Berlin,\n\
         checks: {{ figures: {{ url: 'http://127.0.0.1:{port}', errorPercent: '{errors}', p95Milliseconds: p95, \
         volumeFreePercent: free }} }},\n\
         components: [{{ kind: Deployment, name: web, role: app, replicas: 1 }}] }} ] }}]\n"
    );
    fs::write(setup.path("registry.yaml"), text).unwrap();
}

/// Loads a page until it says all of that, and none of the other.
async fn until(program: &Program, cookie: &str, page: &str, says: &[&str], says_not: &[&str]) -> String {
    let begin = Instant::now();
    loop {
        let html = program.get(page, cookie).await.body;
        if says.iter().all(|words| html.contains(words)) && !says_not.iter().any(|words| html.contains(words)) {
            return html;
        }
        assert!(begin.elapsed() < LONG, "never {says:?} without {says_not:?} on {page}: {html}");
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_found_told_and_gone_again() {
    let volumes = |free: &str| json!([{ "metric": { "persistentvolumeclaim": "data-0" }, "value": [1.5, free] }]);
    let found =
        Found::new(Mutex::new(HashMap::from([("errors", one("40")), ("p95", one("900")), ("free", volumes("3.5"))])));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new().route("/api/v1/query", get(answer)).with_state(found.clone());
    let prometheus = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let setup = Setup::new().flags(&["--checks-allow-loopback"]);
    registry(&setup, port, "errors");
    setup.add_person("kim");
    let program = setup.start().await;
    let cookie = program.sign_in("kim").await;
    let (page, errors, full) =
        ("/e/shop/production", "40.0 % of the answers are errors", "The volume of claim data-0 is nearly full");
    until(&program, &cookie, page, &[errors, full, "data-0 has 3.5 % free."], &["Answers are slow"]).await;
    let told = ["The Shop Production answers with errors", "The volume data-0 is nearly full"];
    until(&program, &cookie, "/alerts", &told, &[]).await;

    // The next round is up to 30 s away; a registry that changes is one at once.
    *found.lock().unwrap() = HashMap::from([("errors", one("0.5")), ("p95", one("2410")), ("free", volumes("60"))]);
    registry(&setup, port, "errors ");
    let why = "Prometheus answers with the error bad_data (HTTP 400).";
    let slow = "Answers are slow: 95 of a hundred take up to 2.4 s";
    until(&program, &cookie, page, &[slow, "Figures of Prometheus are not known", why], &[errors, full]).await;
    registry(&setup, port, "errors");
    let html = until(&program, &cookie, page, &[slow], &[errors, full, why]).await;
    assert!(!html.contains("canary"), "what a Prometheus says in its own words is shown");
    prometheus.abort();
}
