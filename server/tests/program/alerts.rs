//! Alerts arrive once each at real receivers, however often the program is killed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::bench::{Program, Setup};

/// More than an alert takes to fire or to be over on a busy machine: the minute in which it must stay quiet, and some.
const PATIENCE: Duration = Duration::from_secs(240);

/// A cluster of two namespaces, in each of which `web` runs or does not exist.
struct Cluster {
    /// The namespaces in which it is missing. A change ends all watches, so that everything is listed anew.
    broken: watch::Sender<BTreeSet<&'static str>>,
}

impl Cluster {
    async fn start(broken: &[&'static str]) -> (Arc<Self>, String) {
        let cluster = Arc::new(Self { broken: watch::Sender::new(broken.iter().copied().collect()) });
        let router = Router::new().fallback(answer).with_state(cluster.clone());
        (cluster, serve(router).await)
    }

    fn breaks(&self, namespaces: &[&'static str]) {
        self.broken.send_replace(namespaces.iter().copied().collect());
    }
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

async fn answer(State(cluster): State<Arc<Cluster>>, request: Request) -> Response {
    let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
    if path == "/version" {
        return Json(json!({"major": "1", "minor": "33", "gitVersion": "v1.33.0", "platform": "linux/amd64"}))
            .into_response();
    }
    if query.contains("sendInitialEvents") {
        let refusal = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 422, "reason": "Invalid",
            "message": "sendInitialEvents is not known"});
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(refusal)).into_response();
    }
    if query.contains("watch=") {
        let mut changes = cluster.broken.subscribe();
        let end = async move {
            _ = changes.changed().await;
            None::<(Result<Vec<u8>, std::io::Error>, ())>
        };
        let mut end = Some(Box::pin(end));
        let silence = futures::stream::unfold((), move |()| end.take().unwrap());
        return ([(CONTENT_TYPE, "application/json")], Body::from_stream(silence)).into_response();
    }
    let broken = cluster.broken.borrow().clone();
    let running = ["shop", "shop-staging"].into_iter().filter(|namespace| !broken.contains(namespace));
    let (kind, items): (_, Vec<Value>) = match path.rsplit('/').next().unwrap() {
        "pods" => ("PodList", running.map(pod).collect()),
        "deployments" => ("DeploymentList", running.map(deployment).collect()),
        _ => ("List", vec![]),
    };
    Json(json!({"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": items}))
        .into_response()
}

fn pod(namespace: &str) -> Value {
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "name": "web-7c9d-a", "namespace": namespace, "uid": format!("pod-{namespace}"), "resourceVersion": "5",
            "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"pod-template-hash": "7c9d"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7c9d", "uid": "1", "controller": true}]
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "registry.test/web:v1"}]},
        "status": {
            "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "main", "ready": true, "restartCount": 0, "imageID": "",
                "state": {"running": {"startedAt": "2026-01-01T00:00:05Z"}}}]
        }
    })
}

fn deployment(namespace: &str) -> Value {
    json!({
        "kind": "Deployment", "apiVersion": "apps/v1",
        "metadata": {"name": "web", "namespace": namespace, "uid": format!("web-{namespace}"), "resourceVersion": "5",
            "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "main", "image": "registry.test/web:v1"}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    })
}

/// A webhook that takes what is posted, or refuses it for a while.
#[derive(Clone, Default)]
struct Hook {
    taken: Arc<Mutex<Vec<Value>>>,
    refuses: Arc<Mutex<bool>>,
}

impl Hook {
    async fn start(&self) -> String {
        serve(Router::new().fallback(take).with_state(self.clone())).await
    }

    /// What arrived: environment and status.
    fn told(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.taken.lock().iter().map(|posted| (text(&posted["environment"]), text(&posted["status"]))).collect()
    }
}

async fn take(State(hook): State<Hook>, headers: HeaderMap, Json(posted): Json<Value>) -> StatusCode {
    if *hook.refuses.lock() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    assert_eq!(headers["idempotency-key"].to_str().unwrap(), posted["id"].as_str().unwrap());
    hook.taken.lock().push(posted);
    StatusCode::NO_CONTENT
}

/// A mail server that takes everything: enough of RFC 5321 for a client that sends one mail.
#[derive(Clone, Default)]
struct MailServer {
    mails: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = self.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let server = server.clone();
                tokio::spawn(async move { server.speak(stream).await });
            }
        });
        format!("smtp://{address}")
    }

    /// `None`: the other end went.
    async fn speak(self, stream: TcpStream) -> Option<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 mail.test ESMTP\r\n").await.ok()?;
        while let Some(line) = lines.next_line().await.ok()? {
            let answer: &[u8] = match line.get(..4).unwrap_or(&line).to_uppercase().as_str() {
                "EHLO" | "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP" => b"250 fine\r\n",
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await.ok()?;
                    let mut mail = String::new();
                    loop {
                        let line = lines.next_line().await.ok()??;
                        if line == "." {
                            break;
                        }
                        mail.push_str(&line);
                        mail.push('\n');
                    }
                    self.mails.lock().push(mail);
                    b"250 taken\r\n"
                }
                "QUIT" => {
                    write.write_all(b"221 bye\r\n").await.ok()?;
                    return Some(());
                }
                _ => b"502 not known\r\n",
            };
            write.write_all(answer).await.ok()?;
        }
        Some(())
    }

    fn subjects(&self) -> Vec<String> {
        let mails = self.mails.lock();
        let subject = |mail: &String| mail.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap().to_owned();
        let mut subjects: Vec<String> = mails.iter().map(subject).collect();
        subjects.sort();
        subjects
    }
}

fn registry(hook: &str) -> String {
    let environment = |name: &str, namespace: &str, tier: &str| {
        format!(
            "{{ id: {name}, cluster: main, namespace: {namespace}, tier: {tier}, timeZone: Europe/Berlin, \
             components: [{{ kind: Deployment, name: web, role: app, replicas: 1 }}] }}"
        )
    };
    format!(
        "clusters: [{{ id: main, connect: {{ context: main }} }}]\n\
         systems: [{{ id: shop, name: The Shop, environments: [{}, {}] }}]\n\
         alerts: {{ receivers: [{{ name: on-call, webhook: {{ urlFile: '{hook}' }} }}, \
         {{ name: team, email: {{ to: [team@example.com] }} }}], \
         rules: [{{ rule: environment-down, forMinutes: 0 }}] }}\n",
        environment("production", "shop", "production"),
        environment("staging", "shop-staging", "staging"),
    )
}

/// Waits until something is so.
async fn until(what: &str, program: &Program, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "never: {what}: {}", program.said());
        sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until whoever decides about alerts has renewed that two times.
async fn renewed_twice(database: &str) {
    let mut connection = SqliteConnection::connect(database).await.unwrap();
    let (begin, mut seen) = (Instant::now(), BTreeSet::new());
    while seen.len() < 3 {
        assert!(begin.elapsed() < PATIENCE, "never: it is renewed: {seen:?}");
        let row = sqlx::query("select held_until from alert_watch").fetch_one(&mut connection).await.unwrap();
        seen.insert(row.get::<i64, _>("held_until"));
        sleep(Duration::from_millis(200)).await;
    }
    connection.close().await.unwrap();
}

/// Ends the program as a power cut would, when what came of all attempts is written down.
async fn kill(mut program: Program, cookie: &str, settled: impl Fn(&str) -> bool) {
    program.until("it is written down", "/alerts", cookie, |answer| settled(&answer.body)).await;
    program.signal("-KILL");
    program.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_alert_arrives_once_however_often_the_program_is_killed() {
    let (hook, mail) = (Hook::default(), MailServer::default());
    let (cluster, address) = Cluster::start(&["shop"]).await;
    let mut setup = Setup::new().flags(&["--alerts-allow-loopback", "--smtp-from", "Quarterdeck <q@example.com>"]);
    setup.flags.extend(["--smtp-url".to_owned(), mail.start().await]);
    (setup.cluster, setup.log) = (address, "info");
    let hook_file = setup.path("hook");
    std::fs::write(&hook_file, format!("{}/secret-path\n", hook.start().await)).unwrap();
    std::fs::write(setup.path("registry.yaml"), registry(&hook_file.display().to_string())).unwrap();
    setup.add_person("kim");
    let pair = |environment: &str, status: &str| (format!("shop/{environment}"), status.to_owned());

    // It is down, and both are told.
    let program = setup.start().await;
    let cookie = program.sign_in("kim").await;
    until("production is told", &program, || hook.told().len() == 1 && mail.subjects().len() == 1).await;
    assert_eq!(hook.told(), [pair("production", "firing")]);
    kill(program, &cookie, |page| page.matches("told that it fires, ").count() == 2).await;

    // While nobody looks another one goes down; and one receiver is away when it is told.
    cluster.breaks(&["shop", "shop-staging"]);
    *hook.refuses.lock() = true;
    let program = setup.start().await;
    until("staging is told by mail", &program, || mail.subjects().len() == 2).await;
    kill(program, &cookie, |page| {
        page.contains("not told that it fires after") && page.matches("told that it fires, ").count() == 3
    })
    .await;
    assert_eq!(hook.told().len(), 1);

    // The receiver is back, and so is the program.
    *hook.refuses.lock() = false;
    let program = setup.start().await;
    until("staging is told", &program, || hook.told().len() == 2).await;
    kill(program, &cookie, |page| page.matches("told that it fires, ").count() == 4).await;

    // All is well.
    cluster.breaks(&[]);
    let program = setup.start().await;
    until("the end is told", &program, || hook.told().len() >= 4 && mail.subjects().len() >= 4).await;
    program.until("it is written down", "/alerts", &cookie, |answer| answer.body.contains("Nothing fires.")).await;
    // Rounds in which nothing more comes: who decides says twice that it goes on.
    renewed_twice(&setup.database).await;
    let mut told = hook.told();
    told.sort();
    let expected = ["production", "staging"].map(|name| [pair(name, "firing"), pair(name, "resolved")]);
    assert_eq!(told, expected.concat());
    let place = |kind: &str, name: &str| format!("[{kind}] The Shop {name} is down");
    let expected = ["Firing", "Resolved"].map(|kind| ["Production", "Staging"].map(|name| place(kind, name)));
    assert_eq!(mail.subjects(), expected.concat());
    let ids: BTreeSet<String> = hook.taken.lock().iter().map(|posted| posted["id"].to_string()).collect();
    assert_eq!(ids.len(), 4);
    // Where the webhook leads is nobody's business.
    let page = program.get("/alerts", &cookie).await.body;
    assert!(!program.said().contains("secret-path") && !page.contains("secret-path"));
}
