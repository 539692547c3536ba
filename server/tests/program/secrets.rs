//! What must never be told, put everywhere it could leak from, and looked for everywhere it could leak to.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use domain::frame::{Ask as Question, Topic};
use domain::query::PodQuery;
use futures::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::bench::{Ask, LONG, Program, Setup, sign_in_body};

/// Every secret has it in its name.
const CANARY: &str = "canary";

/// A cluster whose objects hold secrets in every place that a reader could copy along.
#[derive(Clone, Default)]
struct Cluster {
    /// Paths, each with the form that was asked for.
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Cluster {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }
}

async fn answer(State(cluster): State<Cluster>, request: Request) -> Response {
    let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
    let form = request.headers().get(ACCEPT).and_then(|form| form.to_str().ok()).unwrap_or_default().to_owned();
    cluster.asked.lock().push((path.clone(), form));
    if path == "/version" {
        return json_of(&json!({"major": "1", "minor": "33", "gitVersion": "v1.33.0", "platform": "linux/amd64"}));
    }
    if query.contains("sendInitialEvents") {
        let refusal = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 422, "reason": "Invalid",
            "message": "sendInitialEvents is not known"});
        return (http::StatusCode::UNPROCESSABLE_ENTITY, json_of(&refusal)).into_response();
    }
    if query.contains("watch=") {
        return Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>()).into_response();
    }
    let (kind, items) = match path.rsplit('/').next().unwrap() {
        "pods" => ("PodList", vec![pod()]),
        "deployments" => ("DeploymentList", vec![deployment()]),
        // What it is is not to be read, and what is written about that must not hold it.
        "statefulsets" => return "{\"items\": [{\"canary-statefulset\": ".into_response(),
        "daemonsets" => {
            let failure =
                json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 500, "message": "no"});
            return (http::StatusCode::INTERNAL_SERVER_ERROR, json_of(&failure)).into_response();
        }
        "events" => ("EventList", vec![event()]),
        // As a server that gives more than was asked for.
        "secrets" => ("SecretList", vec![secret()]),
        _ => ("List", vec![]),
    };
    json_of(&json!({"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": items}))
}

fn json_of(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// What `kubectl apply` and the API server write into every object.
fn written(name: &str) -> Value {
    json!({
        "name": name, "namespace": "shop", "uid": format!("uid-{name}"), "resourceVersion": "5", "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": "{\"data\": \"canary-last-applied\"}",
            "example.com/token": "canary-annotation",
        },
        "managedFields": [{"manager": "canary-manager", "fieldsV1": {"f:canary-field": {}}}],
    })
}

fn container() -> Value {
    json!({
        "name": "main", "image": "registry.test/web:v1",
        "env": [{"name": "PASSWORD", "value": "canary-env"}],
        "command": ["sh", "-c", "canary-command"], "args": ["--token=canary-argument"],
    })
}

fn pod() -> Value {
    let mut metadata = written("web-1");
    metadata["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7c9d", "uid": "r1", "controller": true}]);
    json!({"kind": "Pod", "apiVersion": "v1", "metadata": metadata,
        "spec": {"nodeName": "node-1", "containers": [container()]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})
}

fn deployment() -> Value {
    json!({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": written("web"),
        "spec": {"replicas": 1, "template": {"metadata": {"annotations": {"token": "canary-template"}},
            "spec": {"containers": [container()]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1}})
}

fn secret() -> Value {
    json!({"kind": "Secret", "apiVersion": "v1", "metadata": written("web-password"), "type": "Opaque",
        "data": {"password": "canary-data"}, "stringData": {"password": "canary-string-data"}})
}

fn event() -> Value {
    json!({"kind": "Event", "apiVersion": "v1", "metadata": written("web.1"), "reason": "Pulled", "type": "Normal",
        "message": "pulled", "involvedObject": {"kind": "Pod", "name": "web-1", "namespace": "shop"},
        "lastTimestamp": "2026-01-01T00:00:00Z"})
}

/// Everything that a tab is sent about a few pages.
async fn frames(program: &Program, cookie: &str) -> Vec<u8> {
    let address = program.address;
    let mut request = format!("ws://{address}/live").into_client_request().unwrap();
    request.headers_mut().insert("origin", format!("http://{address}").parse().unwrap());
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    let (mut socket, _) = client_async(request, TcpStream::connect(address).await.unwrap()).await.unwrap();
    let mut all = Vec::new();
    let production = "shop/production".parse().unwrap();
    let topics = [Topic::Wall, Topic::Environment(production), Topic::Pods(PodQuery::default())];
    for (number, topic) in topics.into_iter().enumerate() {
        let question = Question { number: number as u32 + 1, topic };
        socket.send(Message::binary(postcard::to_allocvec(&question).unwrap())).await.unwrap();
        // The greeting, what stands around, the page.
        for _ in 0..3 {
            let Ok(Some(Ok(message))) = timeout(LONG, socket.next()).await else { break };
            all.extend_from_slice(&message.into_data());
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_told_anywhere() {
    let cluster = Cluster::default();
    let mut setup = Setup::new();
    setup.cluster = cluster.start().await;
    setup.add_person("kim");
    let program = setup.start().await;
    let cookie = program.sign_in("kim").await;
    let token = cookie.split_once('=').unwrap().1.to_owned();
    program.until("the pod is shown", "/pods", &cookie, |answer| answer.body.contains("web-1")).await;

    let mut told = Vec::new();
    for path in [
        "/",
        "/pods",
        "/e/shop/production",
        "/e/shop/production/deployment/web",
        "/e/shop/production/deployment/web?tab=revisions",
        "/e/shop/production/deployment/web?tab=events",
        "/changes",
        "/people",
        "/account",
        "/nowhere",
        "/setup?token=canary",
    ] {
        let answer = program.get(path, &cookie).await;
        told.push((path.to_owned(), format!("{:?}{}", answer.headers, answer.body)));
    }
    // Things that go wrong with secrets in them.
    for (path, body) in [
        ("/sign-in", sign_in_body("nobody")),
        ("/sign-in", "password=canary-alone".to_owned()),
        ("/people/password", "person=x&password=canary-short".to_owned()),
        ("/account/password", "current=canary-wrong&password=canary-new&again=canary-other".to_owned()),
        ("/changes/export.csv", String::new()),
        ("/changes/export.ndjson", String::new()),
    ] {
        for cookie in ["", &cookie] {
            let answer = program.post(path, cookie, &body).await;
            told.push((format!("POST {path}"), format!("{:?}{}", answer.headers, answer.body)));
        }
    }
    let again = program.post("/sign-in", "", &sign_in_body("kim")).await;
    let second = again.cookie();
    let metrics = program.ask(&Ask { private: true, ..Ask::get("/metrics") }).await;
    told.push(("/metrics".to_owned(), metrics.body));
    told.push(("frames".to_owned(), String::from_utf8_lossy(&frames(&program, &cookie).await).into_owned()));
    told.push(("its output".to_owned(), program.said()));
    drop(program);
    for file in ["people.db", "people.db-wal"] {
        let bytes = std::fs::read(setup.path(file)).unwrap_or_default();
        told.push((file.to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    let listed = setup.command(&["user", "list"], "");
    told.push(("user list".to_owned(), String::from_utf8_lossy(&listed.stdout).into_owned()));

    assert!(told.iter().any(|(_, text)| text.contains("web-1")), "the objects themselves are shown");
    let second = second.split_once('=').unwrap().1;
    for (sink, text) in &told {
        for secret in [CANARY, &token, second] {
            if let Some(place) = text.find(secret) {
                let from = text[..place].char_indices().rev().nth(80).map_or(0, |(index, _)| index);
                panic!("{sink} tells a secret: {}", text[from..].chars().take(200).collect::<String>());
            }
        }
    }
    let asked = cluster.asked.lock();
    assert!(asked.iter().any(|(path, _)| path.ends_with("/pods")));
    let secrets: Vec<_> = asked.iter().filter(|(path, _)| path.contains("secret")).collect();
    assert!(!secrets.is_empty(), "how old secrets are was not asked");
    for (path, form) in secrets {
        assert!(form.contains("as=PartialObjectMetadata") && !form.contains("application/json,"), "{path} as {form}");
    }
}
