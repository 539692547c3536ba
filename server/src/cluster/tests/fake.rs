//! An API server that says what a test wrote down for it, inside the process: with tokio's clock stopped nothing waits.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use http::{Request, Response};
use kube::Client;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::limit::Limited;

/// What the server does about one request.
#[derive(Clone)]
pub enum Reply {
    /// An answer at once.
    Json(u16, Value),
    /// A watch.
    Stream(Vec<Piece>),
    /// No answer, ever.
    Silence,
}

/// A piece of a watch. After the last one the stream stays open and silent.
#[derive(Clone)]
pub enum Piece {
    /// A whole line.
    Line(Value),
    /// Text without the end of its line.
    Torn(&'static str),
    /// So many bytes without the end of a line.
    Endless(usize),
    /// Nothing for a while.
    Wait(Duration),
    /// The connection breaks.
    Cut,
    /// The server ends the watch, as it does every few minutes.
    End,
}

/// A request that was seen.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Time since the start of the test.
    pub at: Duration,
    /// `/api/v1/pods`.
    pub path: String,
    /// The header `Accept`; empty when there is none.
    pub accept: String,
    query: BTreeMap<String, String>,
}

impl Asked {
    /// A parameter of the request; empty when it is not there.
    pub fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// Whether it asks for everything: as a streaming list, or the first page of a plain one.
    pub fn is_list(&self) -> bool {
        match self.parameter("watch") {
            "" => self.parameter("continue").is_empty(),
            _ => self.parameter("sendInitialEvents") == "true",
        }
    }
}

/// The server.
#[derive(Clone)]
pub struct Fake {
    started: Instant,
    scripts: Arc<Mutex<HashMap<&'static str, VecDeque<Reply>>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    pub fn new() -> Self {
        Self { started: Instant::now(), scripts: Arc::default(), asked: Arc::default() }
    }

    /// What is answered about `resource` from now on, one reply a request. The last one again and again.
    pub fn script(&self, resource: &'static str, replies: impl IntoIterator<Item = Reply>) {
        self.scripts.lock().insert(resource, replies.into_iter().collect());
    }

    /// All requests about `resource` so far.
    pub fn asked(&self, resource: &str) -> Vec<Asked> {
        self.asked.lock().iter().filter(|asked| asked.path.ends_with(&format!("/{resource}"))).cloned().collect()
    }

    /// Times of all requests for everything.
    pub fn lists(&self, resource: &str) -> Vec<Duration> {
        self.asked(resource).iter().filter(|asked| asked.is_list()).map(|asked| asked.at).collect()
    }

    /// Time since it was made.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// A client that speaks with it.
    pub fn client(&self) -> Client {
        let fake = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let reply = fake.answer(&request);
            async move {
                match reply {
                    Some(reply) => Ok::<_, Infallible>(reply),
                    None => std::future::pending().await,
                }
            }
        });
        Client::new(Limited::new(service), "default")
    }

    /// The answer; `None` when there is none.
    fn answer<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().split('&');
        let query =
            query.filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned()));
        let accept = request.headers().get("accept").map_or("", |accept| accept.to_str().unwrap()).to_owned();
        let asked = Asked { at: self.started.elapsed(), path: path.clone(), accept, query: query.collect() };
        self.asked.lock().push(asked);
        let resource = path.rsplit('/').next().unwrap();
        let reply = match self.scripts.lock().get_mut(resource) {
            Some(replies) if replies.len() > 1 => replies.pop_front().unwrap(),
            Some(replies) if replies.len() == 1 => replies[0].clone(),
            _ => failure(404, "NotFound"),
        };
        match reply {
            Reply::Json(code, body) => {
                Some(Response::builder().status(code).body(Body::from(body.to_string())).unwrap())
            }
            Reply::Stream(pieces) => Some(Response::new(Body::from_stream(lines(pieces)))),
            Reply::Silence => None,
        }
    }
}

fn lines(pieces: Vec<Piece>) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> {
    stream::unfold(VecDeque::from(pieces), |mut pieces| async move {
        loop {
            let item = match pieces.pop_front() {
                None => std::future::pending().await,
                Some(Piece::End) => return None,
                Some(Piece::Wait(time)) => {
                    tokio::time::sleep(time).await;
                    continue;
                }
                Some(Piece::Line(value)) => Ok(Bytes::from(format!("{value}\n"))),
                Some(Piece::Endless(0)) => continue,
                Some(Piece::Endless(bytes)) => {
                    let chunk = bytes.min(1 << 16);
                    pieces.push_front(Piece::Endless(bytes - chunk));
                    Ok(Bytes::from(vec![b' '; chunk]))
                }
                Some(Piece::Torn(text)) => Ok(Bytes::from(text)),
                Some(Piece::Cut) => Err(std::io::ErrorKind::ConnectionReset.into()),
            };
            return Some((item, pieces));
        }
    })
    .boxed()
}

/// An answer that refuses.
pub fn failure(code: u16, reason: &str) -> Reply {
    Reply::Json(code, status(code, reason))
}

/// A `Status`, as an answer or inside a watch.
pub fn status(code: u16, reason: &str) -> Value {
    let message = format!("{reason} (made up by the test)");
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason, "code": code})
}

/// A line of a watch.
pub fn line(kind: &str, object: Value) -> Piece {
    Piece::Line(json!({"type": kind, "object": object}))
}

/// What tells that nothing else happened.
pub fn bookmark(version: u32) -> Piece {
    let metadata = json!({"resourceVersion": version.to_string()});
    line("BOOKMARK", json!({"kind": "Pod", "apiVersion": "v1", "metadata": metadata}))
}

/// What ends a streaming list.
pub fn listed(version: u32) -> Piece {
    let annotations = json!({"k8s.io/initial-events-end": "true"});
    let metadata = json!({"resourceVersion": version.to_string(), "annotations": annotations});
    line("BOOKMARK", json!({"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": {}, "status": {}}))
}

/// A streaming list of pods that is complete.
pub fn pods(names: &[&str], version: u32) -> Vec<Piece> {
    names.iter().map(|name| line("ADDED", pod(name, version))).chain([listed(version)]).collect()
}

/// A ready pod.
pub fn pod(name: &str, version: u32) -> Value {
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "name": name, "namespace": "shop", "uid": format!("{:032x}", name.bytes().map(u32::from).sum::<u32>()),
            "resourceVersion": version.to_string(), "creationTimestamp": "2026-01-01T00:00:00Z"
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "registry.test/web:v1"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{
                "name": "main", "ready": true, "restartCount": version, "imageID": "",
                "state": {"running": {"startedAt": "2026-01-01T00:00:05Z"}}
            }]
        }
    })
}
