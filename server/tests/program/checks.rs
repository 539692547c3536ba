//! What is checked goes away, one thing at a time: the right check fails, in the right words, and the others stay as they are.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::bench::{LONG, Program, Setup};
use crate::postgres::{PASSWORD, Server};

const PAGE: &str = "/health?environment=shop/production";
/// The password of Redis: nothing of ours may ever print it.
const REDIS_PASSWORD: &str = "canary redis/word";

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A Redis of our own, killed when it is dropped.
struct Redis {
    port: u16,
    folder: tempfile::TempDir,
    child: Child,
}

impl Redis {
    fn start() -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let child = Self::run(port, folder.path());
        Self { port, folder, child }
    }

    fn run(port: u16, folder: &std::path::Path) -> Child {
        Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--requirepass", REDIS_PASSWORD, "--dir"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server is installed by scripts/setup")
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn again(&mut self) {
        self.child = Self::run(self.port, self.folder.path());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Answers on a port until it is stopped.
async fn serve(port: u16, router: Router) -> JoinHandle<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let begin = Instant::now();
    // The port of one that was stopped may take a moment.
    let listener = loop {
        match tokio::net::TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(error) => assert!(begin.elapsed() < LONG, "{error}"),
        }
        sleep(Duration::from_millis(50)).await;
    };
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() })
}

/// The API, which says that it is some environment.
fn api(environment: &'static str) -> Router {
    let answer = move || async move {
        let now = server::clock::now().to_string();
        Json(json!({ "status": "ok", "timestamp": now, "environment": environment, "version": "1.4.2" }))
    };
    Router::new().route("/api/health", get(answer))
}

/// A Prometheus that finds something for the one query.
fn prometheus() -> Router {
    let found = json!({ "resultType": "vector", "result": [{ "metric": {}, "value": [1.5, "3"] }] });
    let answer = move |query: axum::extract::RawQuery| async move {
        assert_eq!(query.0.as_deref(), Some("query=sum%28up%7Bnamespace%3D%22shop%22%7D%29"));
        Json(json!({ "status": "success", "data": found }))
    };
    Router::new().route("/api/v1/query", get(answer))
}

/// The text of the card of each check, without markup: title, word, sentence.
fn cards(html: &str) -> Vec<(String, String)> {
    html.split("aria-labelledby=\"check-")
        .skip(1)
        .map(|piece| {
            let (kind, rest) = piece.split_once('"').unwrap();
            let card = rest.split("</li>").next().unwrap();
            let text: String = card.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect();
            (kind.to_owned(), text)
        })
        .collect()
}

/// Runs the checks until they say what is expected of each; what is not named is not looked at.
async fn until(program: &Program, cookie: &str, expected: &[(&str, &str, &str)]) {
    let begin = Instant::now();
    loop {
        program.post("/health/run", cookie, "environment=shop/production").await;
        let html = program.get(PAGE, cookie).await.body;
        let cards = cards(&html);
        let is_so = |(kind, word, sentence): &(&str, &str, &str)| {
            // The word stands before its sentence; what comes after is about the past.
            let card = cards.iter().find(|(found, _)| found == kind);
            card.and_then(|(_, text)| text.split_once(sentence)).is_some_and(|(before, _)| before.contains(word))
        };
        if expected.iter().all(is_so) {
            return;
        }
        let missing: Vec<_> = expected.iter().filter(|one| !is_so(one)).collect();
        assert!(begin.elapsed() < LONG, "never {missing:?}: {cards:#?}");
        sleep(Duration::from_millis(500)).await;
    }
}

fn registry(setup: &Setup, checks: &str) {
    let text = format!(
        "clusters: [{{ id: main, connect: {{ context: main }} }}]\nsystems: [{{ id: shop, name: The Shop, environments: [\n\
         {{ id: production, cluster: main, namespace: shop, tier: production, timeZone: Europe/Berlin,\n\
         checks: {checks},\n\
         components: [{{ kind: Deployment, name: web, role: app, replicas: 1 }}] }} ] }}]\n"
    );
    fs::write(setup.path("registry.yaml"), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stops_fails_its_own_check_and_no_other() {
    let mut database = Server::start(true);
    database.create_database("shop").await;
    database.admin(&format!("create role deck_check login password '{PASSWORD}' connection limit 4")).await;
    let mut redis = Redis::start();
    let (api_port, prometheus_port) = (free_port(), free_port());
    let mut api_task = serve(api_port, api("production")).await;
    let mut prometheus_task = serve(prometheus_port, prometheus()).await;

    let setup = Setup::new().flags(&["--checks-allow-loopback"]);
    fs::write(setup.path("database-word"), PASSWORD).unwrap();
    fs::write(setup.path("redis-word"), format!("{REDIS_PASSWORD}\n")).unwrap();
    let database_port = database.url("shop").rsplit_once(':').unwrap().1.split('/').next().unwrap().to_owned();
    registry(
        &setup,
        &format!(
            "{{ everySeconds: 10, health: {{ url: 'http://127.0.0.1:{api_port}/api/health' }}, \
             postgres: {{ host: localhost, port: {database_port}, database: shop, user: deck_check, tls: disable, \
             passwordFile: '{}' }}, redis: {{ host: 127.0.0.1, port: {}, tls: disable, passwordFile: '{}' }}, \
             telemetry: {{ prometheus: {{ url: 'http://127.0.0.1:{prometheus_port}', \
             query: 'sum(up{{namespace=\"shop\"}})' }} }} }}",
            setup.path("database-word").display(),
            redis.port,
            setup.path("redis-word").display()
        ),
    );
    setup.add_person("kim");
    let program = setup.start().await;
    let cookie = program.sign_in("kim").await;

    let health = ("health", "OK", "The API answers as production, version 1.4.2.");
    let postgres = ("postgres", "OK", "PostgreSQL answers a query.");
    let pong = ("redis", "OK", "Redis answers PONG.");
    let telemetry = ("telemetry", "OK", "Telemetry arrives: the query finds one series.");
    // Nobody is where its cluster should be.
    let services = ("services", "Unknown", "The API server cannot be reached");
    until(&program, &cookie, &[health, postgres, pong, telemetry, services]).await;

    database.kill();
    let down = ("postgres", "Failed", "PostgreSQL cannot be reached: the connection was refused.");
    until(&program, &cookie, &[health, down, pong, telemetry]).await;
    database.run();
    until(&program, &cookie, &[health, postgres, pong, telemetry]).await;

    redis.kill();
    let down = ("redis", "Failed", "Redis cannot be reached: the connection was refused.");
    until(&program, &cookie, &[health, postgres, down, telemetry]).await;
    redis.again();
    until(&program, &cookie, &[health, postgres, pong, telemetry]).await;
    fs::write(setup.path("redis-word"), "wrong").unwrap();
    let refused = ("redis", "Failed", "Redis does not accept the user or the password of the check (WRONGPASS).");
    until(&program, &cookie, &[health, postgres, refused, telemetry]).await;
    fs::write(setup.path("redis-word"), REDIS_PASSWORD).unwrap();

    api_task.abort();
    let down = ("health", "Failed", "The API cannot be reached: the connection was refused.");
    until(&program, &cookie, &[down, postgres, pong, telemetry]).await;
    api_task = serve(api_port, api("staging")).await;
    let other = ("health", "Failed", "The API answers as staging, and this is production.");
    until(&program, &cookie, &[other, postgres, pong, telemetry]).await;
    api_task.abort();

    prometheus_task.abort();
    let down = ("telemetry", "Failed", "Prometheus cannot be reached: the connection was refused.");
    until(&program, &cookie, &[postgres, pong, down]).await;
    prometheus_task = serve(prometheus_port, prometheus()).await;
    until(&program, &cookie, &[postgres, pong, telemetry]).await;
    prometheus_task.abort();

    // What was found is kept, and what was kept stands on the page: the API was well, and is not now.
    let html = program.get(PAGE, &cookie).await.body;
    let cards = cards(&html);
    let card = cards.iter().find(|(kind, _)| kind == "health").unwrap();
    assert!(card.1.contains("Last good") && card.1.contains("Up in 24 h"), "{card:?}");
    assert!(html.contains("API is healthy, the last "), "{html}");
    let said = program.said();
    assert!(!said.contains("canary") && !html.contains("canary"), "a secret is shown");
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_the_machine_itself_is_not_asked_unless_somebody_lets_it() {
    let asked = Arc::new(AtomicUsize::new(0));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = asked.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let setup = Setup::new();
    registry(
        &setup,
        &format!(
            "{{ health: {{ url: 'http://localhost:{port}/' }}, redis: {{ host: '::ffff:127.0.0.1', port: {port} }}, \
             postgres: {{ host: 127.0.0.1, port: {port}, database: a, user: a }}, \
             telemetry: {{ http: {{ url: 'http://169.254.169.254/latest' }} }} }}"
        ),
    );
    setup.add_person("kim");
    let program = setup.start().await;
    let cookie = program.sign_in("kim").await;
    let told = "was not asked: its name leads to a loopback address, which Quarterdeck never asks.";
    let cloud = "leads to the metadata service of a cloud, which Quarterdeck never asks.";
    let expected = [
        ("health", "Unknown", told),
        ("redis", "Unknown", told),
        ("postgres", "Unknown", told),
        ("telemetry", "Unknown", cloud),
    ];
    until(&program, &cookie, &expected).await;
    assert_eq!(asked.load(Ordering::SeqCst), 0, "it was asked");
}
