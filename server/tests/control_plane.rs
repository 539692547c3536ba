//! The way of the data from a real control plane to what a page shows.
//!
//! One private cluster for all tests of this file, started when the first of them needs it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "integrity/plane.rs"]
mod plane;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use domain::access::Grants;
use domain::frame::{Page, Topic};
use domain::freshness::Freshness;
use domain::name::{ClusterId, ComponentId, WorkloadKind};
use domain::query::{PodColumn, PodQuery, Sort};
use domain::registry::Registry;
use domain::view::{ComponentView, EnvironmentView, FindingKind, PodsView, State};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use plane::Plane;
use serde_json::json;
use server::cluster::{Kubeconfig, supervise};
use server::rows::Rows;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// For what has no promised time: a busy machine is slow.
const LONG: Duration = Duration::from_secs(120);
/// How long until an outage, and its end, may be unnoticed.
const PROMISE: Duration = Duration::from_secs(10);

/// Servers are stopped here: one test at a time.
static TURN: Mutex<()> = Mutex::const_new(());
static PLANE: OnceLock<Plane> = OnceLock::new();

/// A namespace of the cluster's with a Deployment `web` of two pods, watched.
struct Scene {
    plane: &'static Plane,
    namespace: &'static str,
    rows: Arc<Rows>,
    client: Client,
    cancel: CancellationToken,
    _turn: MutexGuard<'static, ()>,
}

impl Scene {
    async fn new(namespace: &'static str) -> Self {
        let turn = TURN.lock().await;
        let plane = tokio::task::spawn_blocking(|| PLANE.get_or_init(|| Plane::start(&[]))).await.unwrap();
        let client = plane.client().await;
        let object: Namespace = serde_json::from_value(json!({"metadata": {"name": namespace}})).unwrap();
        Api::all(client.clone()).create(&PostParams::default(), &object).await.unwrap();
        let rows = Arc::new(Rows::new(registry(namespace), server::clock::now_ms));
        let cancel = CancellationToken::new();
        let (registries, receiver) = tokio::sync::watch::channel(registry(namespace));
        let kubeconfig = Kubeconfig { path: Some(plane.kubeconfig.clone()) };
        let (supervised, ended) = (rows.clone(), cancel.clone());
        tokio::spawn(async move {
            supervise(receiver, supervised, kubeconfig, ended).await;
            drop(registries);
        });
        let scene = Self { plane, namespace, rows, client, cancel, _turn: turn };
        scene.deployments().create(&PostParams::default(), &web(2)).await.unwrap();
        scene.until("the pods are ready", LONG, |scene| scene.ready() == 2 && scene.is_live()).await;
        scene
    }

    fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), self.namespace)
    }

    fn pods(&self, environment: &str) -> PodsView {
        let query = PodQuery {
            environment: Some(environment.parse().unwrap()),
            sort: Sort { column: PodColumn::Name, descending: false },
            ..PodQuery::default()
        };
        match self.rows.seen_by(&Grants::everything()).page(&Topic::Pods(query)) {
            Page::Pods(view) => view,
            other => panic!("{other:?}"),
        }
    }

    fn environment(&self) -> EnvironmentView {
        match self.rows.seen_by(&Grants::everything()).page(&Topic::Environment("shop/one".parse().unwrap())) {
            Page::Environment(view) => view,
            other => panic!("{other:?}"),
        }
    }

    fn component(&self) -> ComponentView {
        let id = ComponentId {
            environment: "shop/one".parse().unwrap(),
            kind: WorkloadKind::Deployment,
            name: "web".parse().unwrap(),
        };
        match self.rows.seen_by(&Grants::everything()).page(&Topic::Component(id)) {
            Page::Component(view) => view,
            other => panic!("{other:?}"),
        }
    }

    fn ready(&self) -> usize {
        self.pods("shop/one").rows.iter().filter(|row| row.ready == row.containers).count()
    }

    fn freshness(&self) -> Freshness {
        let main = ClusterId::new("one").unwrap();
        self.rows
            .seen_by(&Grants::everything())
            .chrome()
            .sources
            .iter()
            .find(|source| source.cluster == main)
            .unwrap()
            .freshness
    }

    fn is_live(&self) -> bool {
        matches!(self.freshness(), Freshness::Live(_))
    }

    /// Waits until something can be seen; how long it took.
    async fn until(&self, what: &str, patience: Duration, holds: impl Fn(&Self) -> bool) -> Duration {
        let started = Instant::now();
        let mut changes = self.rows.changes();
        let seen = async {
            while !holds(self) {
                changes.changed().await.unwrap();
            }
        };
        if timeout(patience, seen).await.is_err() {
            panic!(
                "not within {patience:?}: {what}; {:#?} {:#?}",
                self.rows.seen_by(&Grants::everything()).chrome(),
                self.pods("shop/one")
            );
        }
        started.elapsed()
    }

    /// An outage that begins with `fail` and ends with `heal`: noticed in time, over in time, and no pod vanishes.
    async fn outage(&self, fail: impl FnOnce(), heal: impl FnOnce() + Send + 'static) {
        let before = self.pods("shop/one");
        fail();
        self.until("the outage shows", PROMISE, |scene| matches!(scene.freshness(), Freshness::Stale(_))).await;
        assert_eq!(self.pods("shop/one").rows, before.rows);
        assert!(!self.rows.seen_by(&Grants::everything()).chrome().sources[0].trouble.is_empty());
        tokio::task::spawn_blocking(heal).await.unwrap();
        let fewest = std::cell::Cell::new(usize::MAX);
        let live = |scene: &Self| {
            fewest.set(fewest.get().min(scene.pods("shop/one").rows.len()));
            scene.is_live()
        };
        self.until("all is live again", PROMISE, live).await;
        assert!(fewest.get() >= before.rows.len(), "pods vanished: {}", fewest.get());
        assert_eq!(self.rows.seen_by(&Grants::everything()).chrome().sources[0].trouble.as_ref(), "");
        // And it is followed, not only called live.
        self.scale(3).await;
        self.until("a change after the outage shows", LONG, |scene| scene.ready() == 3).await;
    }

    async fn scale(&self, replicas: u32) {
        let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
        self.deployments().patch("web", &PatchParams::default(), &patch).await.unwrap();
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// One namespace, as two environments in what are two clusters to the registry.
fn registry(namespace: &str) -> Arc<Registry> {
    let environment = |cluster: &str| {
        format!(
            "{{ id: {cluster}, name: Staging {cluster}, cluster: {cluster}, namespace: {namespace}, tier: staging, timeZone: Europe/Berlin, \
             components: [{{ kind: Deployment, name: web, role: app, replicas: 2 }}] }}"
        )
    };
    let text = format!(
        "{{ clusters: [{{ id: one, connect: {{ context: one }} }}, {{ id: two, connect: {{ context: two }}, watch: namespaces }}], \
         systems: [{{ id: shop, name: The Shop, environments: [{}, {}] }}] }}",
        environment("one"),
        environment("two")
    );
    Arc::new(server::registry::parse("test", text.as_bytes()).unwrap())
}

fn web(replicas: u32) -> Deployment {
    serde_json::from_value(json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "registry.test/web:v1"}]}
            }
        }
    }))
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the local control plane; `make test` runs it"]
async fn what_kubectl_changes_shows() {
    let scene = Scene::new("changes").await;
    scene.until("the workload is ready", LONG, |scene| &*scene.component().head.cell.status.word == "Ready").await;
    scene.scale(4).await;
    scene.until("four pods", LONG, |scene| scene.ready() == 4 && scene.component().head.cell.wanted == Some(4)).await;

    let patch =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "registry.test/web:v2"}]}}}});
    scene.deployments().patch("web", &PatchParams::default(), &Patch::Strategic(patch)).await.unwrap();
    let rolled = |scene: &Scene| {
        let (view, rows) = (scene.component(), scene.pods("shop/one").rows);
        view.revisions.len() == 2 && rows.len() == 4 && rows.iter().all(|row| &*row.tag == "v2")
    };
    scene.until("the new image on all pods", LONG, rolled).await;
    assert_eq!(&*scene.component().head.image, "registry.test/web:v2");

    let pods: Api<Pod> = Api::namespaced(scene.client.clone(), "changes");
    let doomed = scene.pods("shop/one").rows[0].clone();
    pods.delete(&doomed.name, &DeleteParams::default()).await.unwrap();
    let replaced =
        |scene: &Scene| scene.ready() == 4 && scene.pods("shop/one").rows.iter().all(|row| row.uid != doomed.uid);
    scene.until("another pod in its place", LONG, replaced).await;

    scene.deployments().delete("web", &DeleteParams::background()).await.unwrap();
    let gone = |scene: &Scene| scene.pods("shop/one").rows.is_empty() && scene.component().head.cell.wanted.is_none();
    scene.until("nothing is left", LONG, gone).await;
    assert_eq!(&*scene.component().head.cell.status.word, "Missing");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the local control plane; `make test` runs it"]
async fn a_node_that_goes_down_takes_its_pods_along_until_it_is_back() {
    let scene = Scene::new("nodes").await;
    let node = scene.pods("shop/one").rows[0].node.to_string();
    let nodes: Api<Node> = Api::all(scene.client.clone());
    let patch = async |patch: serde_json::Value| {
        nodes.patch(&node, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    };
    let is_ready = |scene: &Scene| scene.component().head.cell.status.state == State::Ready;
    scene.until("the workload is ready", LONG, is_ready).await;
    patch(json!({"spec": {"unschedulable": true}})).await;
    let remarks =
        |scene: &Scene| scene.component().head.findings.iter().any(|finding| finding.kind == FindingKind::Node);
    scene.until("the node is cordoned", LONG, remarks).await;
    assert!(is_ready(&scene), "{:#?}", scene.component().head);
    patch(json!({"spec": {"unschedulable": null}})).await;
    scene.until("the node takes pods again", LONG, |scene| !remarks(scene)).await;

    // kwok stops to answer for it; also where only a namespace is watched.
    patch(json!({"metadata": {"labels": {"sim.kwok.dev/node": "down"}}})).await;
    let lost = |scene: &Scene| {
        ["shop/one", "shop/two"].iter().all(|environment| {
            let rows = scene.pods(environment).rows;
            rows.iter().any(|row| *row.node == *node && row.status.why.contains("NotReady"))
        })
    };
    scene.until("its pods are not known", LONG, lost).await;
    let head = scene.component().head;
    assert!(head.cell.ready < 2 && head.cell.status.state > State::Ready, "{:#?}", head.cell);
    assert!(head.findings[0].evidence.contains(&format!("Node {node}")), "{:#?}", head.findings);
    patch(json!({"metadata": {"labels": {"sim.kwok.dev/node": null}}})).await;
    scene.until("all is ready again", LONG, is_ready).await;
    assert_eq!(scene.component().head.cell.ready, 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the local control plane; `make test` runs it"]
async fn without_metrics_server_it_is_said_what_is_not_known_and_what_does_not_scale() {
    const UNKNOWN: &str = "How much CPU and memory the pods use is not known";
    const BLIND: &str = "The HPA of web does not scale: no metrics";
    let scene = Scene::new("metrics").await;
    let resources = json!({"requests": {"cpu": "100m"}, "limits": {"cpu": "1", "memory": "256Mi"}});
    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "resources": resources}]}}}});
    scene.deployments().patch("web", &PatchParams::default(), &Patch::Strategic(patch)).await.unwrap();
    let autoscaler: HorizontalPodAutoscaler = serde_json::from_value(json!({
        "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 2,
            "maxReplicas": 3,
            "metrics": [{
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 90}}
            }]
        }
    }))
    .unwrap();
    let autoscalers: Api<HorizontalPodAutoscaler> = Api::namespaced(scene.client.clone(), "metrics");
    autoscalers.create(&PostParams::default(), &autoscaler).await.unwrap();

    let card = |scene: &Scene| scene.environment().autoscalers.first().map(|card| card.next.to_string());
    let is_told = |scene: &Scene, title: &str| {
        scene
            .environment()
            .findings
            .into_iter()
            .find(|finding| &*finding.title == title)
            .map(|finding| finding.evidence)
    };
    let works = |scene: &Scene| {
        let steady = card(scene).is_some_and(|next| next.starts_with("Steady at 2"));
        let is_calm = is_told(scene, UNKNOWN).is_none() && is_told(scene, BLIND).is_none();
        steady && is_calm && scene.ready() == 2 && scene.component().head.cell.status.state == State::Ready
    };
    scene.until("the autoscaler works", LONG, works).await;

    scene.plane.kill("metrics-server");
    let blind = |scene: &Scene| {
        card(scene).as_deref()
            == Some("No metrics, so it cannot scale: the metrics server is missing, or does not answer.")
            && is_told(scene, BLIND).is_some()
    };
    scene.until("the card says that nothing scales", LONG, blind).await;
    scene.until("it is said that nobody knows what is used", LONG, |scene| is_told(scene, UNKNOWN).is_some()).await;
    let why = is_told(&scene, UNKNOWN).unwrap();
    assert_eq!(&*why, "The metrics API is installed and does not answer: metrics-server is down.");
    // Nothing else is worse for it.
    assert!(scene.is_live() && scene.ready() == 2, "{:#?}", scene.pods("shop/one"));
    assert_eq!(scene.component().head.cell.status.state, State::Ready);

    let plane = scene.plane;
    tokio::task::spawn_blocking(|| plane.up()).await.unwrap();
    scene.until("the autoscaler works again", LONG, works).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the local control plane; `make test` runs it"]
async fn a_namespace_of_two_clusters_is_two_environments() {
    let scene = Scene::new("staging").await;
    let both = |scene: &Scene| scene.pods("shop/one").rows.len() == 2 && scene.pods("shop/two").rows.len() == 2;
    scene.until("the pods of both", LONG, both).await;
    let Page::Pods(all) = scene.rows.seen_by(&Grants::everything()).page(&Topic::Pods(PodQuery::default())) else {
        panic!("no pods")
    };
    assert_eq!(all.head.total, 4);
    for environment in ["shop/one", "shop/two"] {
        let rows = scene.pods(environment).rows;
        assert!(rows.iter().all(|row| row.environment.to_string() == environment), "{rows:?}");
    }
    scene.deployments().delete("web", &DeleteParams::background()).await.unwrap();
    let none = |scene: &Scene| scene.pods("shop/one").head.total == 0;
    scene.until("none is left", LONG, none).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the local control plane; `make test` runs it"]
async fn a_server_that_hangs_is_stale_within_ten_seconds_and_live_within_ten_of_its_return() {
    let scene = Scene::new("stopped").await;
    let plane = scene.plane;
    scene.outage(|| plane.signal("kube-apiserver", "-STOP"), || plane.signal("kube-apiserver", "-CONT")).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the local control plane; `make test` runs it"]
async fn a_server_that_is_killed_is_stale_within_ten_seconds_and_live_within_ten_of_its_return() {
    let scene = Scene::new("killed").await;
    let plane = scene.plane;
    scene.outage(|| plane.kill("kube-apiserver"), || plane.up()).await;
}

/// The API of the shop, on a port that is given; it answers until what is returned is aborted.
async fn api(listener: tokio::net::TcpListener) -> tokio::task::JoinHandle<()> {
    let answer = || async {
        let now = server::clock::now().to_string();
        Json(json!({"status": "ok", "timestamp": now, "environment": "staging", "version": "v1"}))
    };
    let router = Router::new().route("/api/health", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the local control plane; `make test` runs it"]
async fn a_health_endpoint_that_is_stopped_changes_the_code_of_status() {
    let scene = Scene::new("checked").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let registry = folder.path().join("registry.yaml");
    let text = format!(
        "clusters: [{{ id: one, connect: {{ context: one }} }}]\n\
         systems: [{{ id: shop, name: The Shop, environments: [{{ id: staging, cluster: one, namespace: checked, tier: staging, \
         timeZone: Europe/Berlin, checks: {{ health: {{ url: 'http://127.0.0.1:{port}/api/health' }} }}, \
         components: [{{ kind: Deployment, name: web, role: app, replicas: 2 }}] }}] }}]\n"
    );
    std::fs::write(&registry, text).unwrap();
    let status = async |words: &[&str]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
        command
            .arg("status")
            .arg("--config")
            .arg(&registry)
            .arg("--kubeconfig")
            .arg(&scene.plane.kubeconfig)
            .args(words);
        let output = command.output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let served = api(listener).await;
    let (code, out, err) = status(&["--checks-allow-loopback"]).await;
    assert_eq!(code, Some(0), "{out} {err}");
    assert!(out.contains("API OK"), "{out} {err}");
    // Nothing was left untold: CronJobs, claims and budgets are known to be none.
    assert!(!err.contains("in time"), "{err}");
    served.abort();
    _ = served.await;
    let (code, out, err) = status(&["--checks-allow-loopback"]).await;
    assert_eq!(code, Some(2), "{out} {err}");
    assert!(out.contains("The API cannot be reached: the connection was refused."), "{out} {err}");
    let (code, out, err) = status(&["--no-checks"]).await;
    assert_eq!(code, Some(0), "{out} {err}");
}
