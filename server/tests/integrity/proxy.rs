//! What lies between the program and the API server: it swallows answers, holds requests back, sends them twice.
//!
//! It takes plain HTTP, so that it can read what is sent, and speaks with the API server by TLS as its administrator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use kube::config::{KubeConfigOptions, Kubeconfig as KubeconfigFile};
use kube::{Client, Config};
use parking_lot::Mutex;
use serde_json::Value;
use server::cluster::MANAGER;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::dice::Dice;
use crate::plane::Plane;

/// What is done to writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They go through.
    Straight,
    /// Of a hundred, so many meet a fault.
    Faulty(u64),
    /// Of a hundred, so many are not answered and sent again, as kube's default does where the API server has gone away.
    Again(u64),
    /// As `Again`, by somebody who puts the request together anew and without preconditions.
    AgainWithout(u64),
}

/// The connection is cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut")]
struct Cut;

pub struct Proxy {
    pub url: String,
    inner: Arc<Inner>,
}

struct Inner {
    api: Client,
    mode: Mutex<Mode>,
    dice: Mutex<Dice>,
    cut: watch::Sender<bool>,
    faults: Mutex<BTreeMap<&'static str, u64>>,
}

impl Proxy {
    pub async fn start(plane: &Plane, dice: Dice) -> Self {
        let file = KubeconfigFile::read_from(&plane.kubeconfig).unwrap();
        let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
        config.default_retry = false;
        config.proxy_url = None;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            api: Client::try_from(config).unwrap(),
            mode: Mutex::new(Mode::Straight),
            dice: Mutex::new(dice),
            cut: watch::Sender::new(false),
            faults: Mutex::default(),
        });
        tokio::spawn(accept(listener, inner.clone()));
        Self { url, inner }
    }

    pub fn set(&self, mode: Mode) {
        *self.inner.mode.lock() = mode;
    }

    /// Cuts all connections and takes no more, until it is told otherwise.
    pub fn cut(&self, cut: bool) {
        self.inner.cut.send_replace(cut);
    }

    /// What it did, how often.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.inner.faults.lock().clone()
    }
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    while let Ok((stream, _)) = listener.accept().await {
        if !*inner.cut.borrow() {
            tokio::spawn(serve(stream, inner.clone()));
        }
    }
}

async fn serve(stream: TcpStream, inner: Arc<Inner>) {
    let mut cut = inner.cut.subscribe();
    let service = service_fn(move |request| {
        let inner = inner.clone();
        async move { inner.answer(request).await }
    });
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = connection => {}
        _ = cut.wait_for(|cut| *cut) => {}
    }
}

/// A request as it is sent on.
#[derive(Clone)]
struct Kept {
    head: http::request::Parts,
    body: Bytes,
}

impl Inner {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
        let is_write = head.uri.query().is_some_and(|query| query.contains(&format!("fieldManager={MANAGER}")));
        let kept = Kept { head, body };
        if !is_write {
            return self.forward(kept).await;
        }
        let mode = *self.mode.lock();
        let (met, which, late) = {
            let mut dice = self.dice.lock();
            (dice.next() % 100, dice.between(0, 5), Duration::from_millis(dice.between(8_000, 22_000)))
        };
        match mode {
            Mode::Faulty(percent) if met < percent => self.fault(kept, which, late).await,
            Mode::Again(percent) if met < percent => self.twice(kept.clone(), kept).await,
            Mode::AgainWithout(percent) if met < percent => self.twice(kept.clone(), without_preconditions(kept)).await,
            Mode::Straight | Mode::Faulty(_) | Mode::Again(_) | Mode::AgainWithout(_) => self.forward(kept).await,
        }
    }

    async fn fault(self: Arc<Self>, kept: Kept, which: u64, late: Duration) -> Result<Response<Body>, Cut> {
        match which {
            0 => {
                self.count("write cut off before it arrived");
                Err(Cut)
            }
            1 => {
                self.count("write held back, sent on when nobody waited any more");
                let inner = self.clone();
                let sent = tokio::spawn(async move {
                    sleep(late).await;
                    inner.forward(kept).await
                });
                let _ = sent.await;
                Err(Cut)
            }
            2 => {
                self.count("write answered with 504 after it was done");
                let _ = self.forward(kept).await;
                Ok(said(StatusCode::GATEWAY_TIMEOUT))
            }
            3 => {
                self.count("write answered with 503 and not done");
                Ok(said(StatusCode::SERVICE_UNAVAILABLE))
            }
            4 => self.twice(kept.clone(), kept).await,
            _ => {
                self.count("answer to a write swallowed");
                let _ = self.forward(kept).await;
                Err(Cut)
            }
        }
    }

    /// The first answer is swallowed; the second is the answer.
    async fn twice(&self, first: Kept, second: Kept) -> Result<Response<Body>, Cut> {
        self.count("write sent twice, the first answer swallowed");
        let _ = self.forward(first).await;
        self.forward(second).await
    }

    async fn forward(&self, kept: Kept) -> Result<Response<Body>, Cut> {
        let Kept { head, body } = kept;
        let mut request = Request::new(kube::client::Body::from(body));
        *request.method_mut() = head.method;
        *request.uri_mut() = head.uri.path_and_query().map_or("/", |path| path.as_str()).parse().map_err(|_| Cut)?;
        for name in [http::header::ACCEPT, http::header::CONTENT_TYPE] {
            if let Some(value) = head.headers.get(&name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        let response = self.api.send(request).await.map_err(|_| Cut)?;
        let (mut head, body) = response.into_parts();
        head.headers.remove(http::header::TRANSFER_ENCODING);
        Ok(Response::from_parts(head, Body::new(body)))
    }

    fn count(&self, fault: &'static str) {
        *self.faults.lock().entry(fault).or_default() += 1;
    }
}

fn said(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::from("upstream trouble"));
    *response.status_mut() = status;
    response
}

/// The same order put together anew by somebody careless: for no version in particular, and a restart for a moment later.
fn without_preconditions(kept: Kept) -> Kept {
    let Ok(mut body) = serde_json::from_slice::<Value>(&kept.body) else { return kept };
    if let Some(steps) = body.as_array_mut() {
        steps.retain(|step| step["path"] != "/metadata/resourceVersion");
    }
    if let Some(meta) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("resourceVersion");
    }
    let restarted = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";
    if let Some(at) = body.pointer_mut(restarted) {
        *at = "2000-01-01T00:00:00Z".into();
    }
    Kept { body: body.to_string().into(), ..kept }
}
