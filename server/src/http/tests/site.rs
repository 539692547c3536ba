//! A site over rows that a test fills, with a browser part made of a few bytes.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use domain::access::{Grant, Role};
use domain::name::ClusterId;
use domain::person::{UserId, UserName};
use domain::registry::Registry;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::super::{Assets, Front, Site, router};
use crate::alerts::{Alerts, Webhooks};
use crate::checks::OwnFiles;
use crate::clock;
use crate::cluster::tests::observed;
use crate::cluster::{Clusters, Kubeconfig};
use crate::demo_data::{DemoData, Means};
use crate::logs::Taps;
use crate::operations::Desk;
use crate::people::token::{Token, random_id};
use crate::people::{People, SessionLimits};
use crate::registry::Current;
use crate::rows::{Change, Key, Kind, Rows, WatchId, WatchState};
use crate::store::{DatabaseUrl, NewSession, NewUser, PasswordHash, SessionId, Store};

pub const HOST: &str = "127.0.0.1:7780";

/// One cluster, one system, two environments, of which one wants to have recorded who looks at its logs.
const REGISTRY: &str = "{ clusters: [{ id: main, region: East US 2, connect: { context: main } }], systems: [{ id: shop, name: The Shop, environments: [ \
     { id: production, cluster: main, namespace: shop, tier: production, timeZone: America/New_York, host: shop.example.com, recordLogViews: true, \
       contacts: [{ role: On-call, reach: 'pager <now> & \"at once\"' }], \
       links: [{ name: 'Graphs <&\">', url: 'https://graphs.example.com/?a=1&b=2' }], \
       config: [{ configMap: settings, expect: { LOG_LEVEL: info } }], \
       components: [{ kind: Deployment, name: web, role: app, replicas: 2, reads: [settings] }, \
                    { kind: StatefulSet, name: db, role: database, replicas: 1 }] }, \
     { id: staging, cluster: main, namespace: shop-staging, tier: staging, timeZone: America/New_York, \
       components: [{ kind: Deployment, name: web, role: app, replicas: 1 }] } ] }] }";

pub fn main() -> ClusterId {
    ClusterId::new("main").unwrap()
}

fn registry() -> Arc<Registry> {
    Arc::new(crate::registry::parse("sample", REGISTRY.as_bytes()).unwrap())
}

/// Rows of a live cluster.
pub fn rows() -> Arc<Rows> {
    let rows = Rows::new(registry(), || 1_767_225_600_000);
    let pods = WatchId { kind: Kind::Pod, within: None };
    rows.answered(&main());
    rows.watches(&main(), vec![pods.clone()]);
    rows.watch_state(&main(), &pods, WatchState::InStep);
    Arc::new(rows)
}

/// Takes manifests in, as if they had been seen.
pub fn see(rows: &Rows, manifests: impl IntoIterator<Item = Value>) {
    let changes = manifests.into_iter().filter_map(observed).map(Change::Seen);
    rows.take_in(&main(), changes.collect());
}

/// Takes a pod out.
pub fn lose(rows: &Rows, name: &str) {
    let key = Key { kind: Kind::Pod, namespace: Some("shop".parse().unwrap()), name: name.into() };
    rows.take_in(&main(), vec![Change::Gone(key, uid(name))]);
}

/// What a name's uid is here.
fn uid(name: &str) -> u128 {
    name.bytes().fold(17, |uid, byte| uid * 31 + u128::from(byte))
}

/// A ready pod of `web`, or of none when its name says so.
pub fn pod(name: &str, restarts: u32) -> Value {
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "name": name, "namespace": "shop", "uid": format!("{:032x}", uid(name)),
            "creationTimestamp": "2025-12-31T00:00:00Z", "labels": {"pod-template-hash": "7c9d"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7c9d", "uid": "1", "controller": true}]
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "registry.test/web:v1"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{
                "name": "main", "ready": true, "restartCount": restarts,
                "imageID": "registry.test/web@sha256:1111111111111111111111111111111111111111111111111111111111111111",
                "state": {"running": {"startedAt": "2025-12-31T00:00:05Z"}}
            }]
        }
    })
}

/// Of a password that nobody types.
static HASH: LazyLock<String> = LazyLock::new(|| crate::people::passwords::hash_now("four words nobody says").unwrap());

/// The secret of the session of somebody who looks at everything.
pub fn token() -> Token {
    Token::read(&"ab".repeat(32)).unwrap()
}

/// The build of the browser part.
static BUILD: LazyLock<String> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    write_browser_part(folder.path());
    Assets::read(folder.path()).unwrap().build.to_string()
});

/// The fields of a form, as a page of this build sends them.
pub fn of_this_build(fields: &str) -> String {
    let build = crate::http::gate::encode(&BUILD);
    format!("build={build}&{fields}")
}

/// The cookie of a session.
pub fn cookie_of(token: &Token) -> String {
    format!("quarterdeck={}", token.secret())
}

/// A site over these rows, with one person who looks at everything and is signed in by [`token`].
pub async fn site(rows: Arc<Rows>) -> Site {
    let folder = tempfile::tempdir().unwrap();
    write_browser_part(folder.path());
    let assets = Arc::new(Assets::read(folder.path()).unwrap());
    // SQLite wants the file while the site lives; the folder goes with the machine's temporary files.
    let store = Store::open(&DatabaseUrl::file(folder.keep().join("people.db"))).await.unwrap();
    let people = Arc::new(People::new(store, SessionLimits::default()).unwrap());
    let cancel = CancellationToken::new();
    let (_, registries) = tokio::sync::watch::channel(registry());
    let clusters = Arc::new(Clusters::new(registries.clone(), Kubeconfig { path: Some("/no/such/kubeconfig".into()) }));
    let desk = Arc::new(Desk::new(people.clone(), clusters.clone(), rows.clone(), cancel.clone()));
    let reach = crate::checks::Reach::new(false).unwrap();
    let store = people.store().clone();
    let checks = Arc::new(crate::checks::Checks::new(rows.clone(), clusters.clone(), store, reach));
    let webhooks = Webhooks::new(false).unwrap();
    let means = Means {
        people: people.clone(),
        rows: rows.clone(),
        checks: checks.clone(),
        registry: registries.clone(),
        current: tokio::sync::watch::channel(Current { registry: registry(), trouble: None }).1,
        reach: crate::checks::Reach::new(false).unwrap(),
        own: OwnFiles::default(),
        folder: "/no/such/folder".into(),
    };
    let demo_data = Arc::new(DemoData::new(means, cancel.clone()));
    let alerts = Arc::new(Alerts::new(people.clone(), rows.clone(), registries, webhooks, None, None));
    let site = Site {
        rows,
        checks,
        demo_data,
        alerts,
        taps: Arc::new(Taps::new(clusters.clone())),
        clusters,
        desk,
        assets,
        people,
        provider: None,
        front: Arc::new(Front::default()),
        leaving: CancellationToken::new(),
        cancel,
        crowd: Arc::default(),
        viewers: TaskTracker::new(),
    };
    person(&site, "viewer", &[(Role::Viewer, "*")], &token()).await;
    site
}

/// Adds a person with roles, signed in by a token.
pub async fn person(site: &Site, name: &str, roles: &[(Role, &str)], token: &Token) -> UserId {
    let now = clock::now_us();
    let id = UserId(random_id());
    let new = NewUser {
        id,
        name: UserName::new(name).unwrap(),
        password: Some(PasswordHash::new(HASH.as_str())),
        identity: None,
        created_at: now,
    };
    let mut write = site.people.store().write().await.unwrap();
    write.add_user(&new).await.unwrap();
    for (role, scope) in roles {
        let grant = Grant { role: *role, scope: scope.parse().unwrap() };
        write.grant(id, &grant, "test", now).await.unwrap();
    }
    let hour = 3_600_000_000;
    let session = NewSession {
        key: token.key(),
        id: SessionId(random_id()),
        user: id,
        created_at: now,
        expires_at: now + hour,
        idle_us: hour,
        source: "127.0.0.1".into(),
        agent: "a test".into(),
        groups: Vec::new(),
    };
    write.begin_session(&session).await.unwrap();
    write.commit().await.unwrap();
    id
}

fn write_browser_part(folder: &Path) {
    let files = [
        ("quarterdeck.js", "text/javascript"),
        ("quarterdeck_bg.wasm", "application/wasm"),
        ("quarterdeck.css", "text/css"),
        ("favicon.svg", "image/svg+xml"),
    ];
    std::fs::create_dir(folder.join("pkg")).unwrap();
    let mut manifest = serde_json::Map::new();
    for (name, media_type) in files {
        let (stem, ending) = name.split_once('.').unwrap();
        let file = format!("pkg/{stem}.0a1b2c.{ending}");
        for (form, text) in [("", "plain"), (".gz", "gzip"), (".br", "brotli")] {
            std::fs::write(folder.join(format!("{file}{form}")), format!("{text} {name}")).unwrap();
        }
        manifest.insert(name.to_owned(), json!({"file": file, "media_type": media_type}));
    }
    std::fs::write(folder.join("manifest.json"), json!({ "files": manifest }).to_string()).unwrap();
}

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Asks a router once, as somebody who looks at everything.
pub async fn ask(router: &Router, request: Request<Body>) -> Answer {
    ask_as(router, request, Some(&token())).await
}

/// Asks a router once, as somebody, or nobody.
pub async fn ask_as(router: &Router, mut request: Request<Body>, token: Option<&Token>) -> Answer {
    if let Some(token) = token {
        request.headers_mut().append("cookie", cookie_of(token).parse().unwrap());
    }
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// Asks for an address as the browser of somebody would who looks at everything.
pub async fn get(router: &Router, path: &str) -> Answer {
    get_as(router, path, Some(&token())).await
}

/// Asks for an address as somebody, or nobody.
pub async fn get_as(router: &Router, path: &str, token: Option<&Token>) -> Answer {
    let request = Request::get(path).header("host", HOST).header("accept", "text/html");
    ask_as(router, request.body(Body::empty()).unwrap(), token).await
}

/// A router over a few ordinary objects.
pub async fn ordinary() -> Router {
    let rows = rows();
    see(&rows, [pod("web-7c9d-a", 0), pod("web-7c9d-b", 1), deployment()]);
    router(site(rows).await)
}

/// The Deployment `web`.
pub fn deployment() -> Value {
    json!({
        "kind": "Deployment", "apiVersion": "apps/v1",
        "metadata": {"name": "web", "namespace": "shop", "uid": "d1", "generation": 1},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "main", "image": "registry.test/web:v1"}]}}},
        "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
    })
}
