//! All that a run needs: workloads on the control plane, a PostgreSQL, replicas of the program, people who are signed in.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use parking_lot::Mutex;
use serde_json::json;
use server::store::{DatabaseUrl, Store};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::bench::{Answer, Ask, PASSWORD, Program, Setup, speak};
use crate::dice::Dice;
use crate::plane::Plane;
use crate::postgres::Server;
use crate::proxy::Proxy;

/// How many workloads there are; the first twelve are Deployments.
pub const WORKLOADS: usize = 20;
const DEPLOYMENTS: usize = 12;
/// How many of them, the first, read the ConfigMap [`SHARED`].
pub const READERS: usize = 5;
/// It is not there, and need not be.
pub const SHARED: &str = "shared";
/// Who operates. None of the names stands in any sentence of ours.
pub const PEOPLE: [&str; 5] = ["ada-lovelace", "ben-franklin", "cleo-de-merode", "dan-bricklin", "eve-curie"];
/// How long a person waits for an answer.
const PATIENCE: Duration = Duration::from_secs(12);
/// For what has no promised time.
const LONG: Duration = Duration::from_secs(180);

/// One control plane for all tests of this file.
pub fn plane() -> &'static Plane {
    static PLANE: OnceLock<Plane> = OnceLock::new();
    PLANE.get_or_init(|| Plane::start(&["--audit"]))
}

/// A workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    pub name: String,
    pub is_set: bool,
}

impl Workload {
    pub fn all() -> Vec<Self> {
        (0..WORKLOADS).map(|number| Self { name: format!("w-{number:02}"), is_set: number >= DEPLOYMENTS }).collect()
    }

    /// `shop/dev/deployment/w-01`.
    pub fn component(&self) -> String {
        format!("shop/dev/{}/{}", if self.is_set { "statefulset" } else { "deployment" }, self.name)
    }

    /// `deployments/w-01`.
    pub fn resource(&self) -> String {
        format!("{}/{}", if self.is_set { "statefulsets" } else { "deployments" }, self.name)
    }
}

/// A replica of the program, behind a proxy of its own.
pub struct Replica {
    pub setup: Setup,
    pub proxy: Proxy,
    /// Where it listens while it runs.
    address: Mutex<Option<SocketAddr>>,
    program: tokio::sync::Mutex<Option<Program>>,
}

impl Replica {
    pub async fn start(&self) {
        let program = self.setup.start().await;
        *self.address.lock() = Some(program.address);
        *self.program.lock().await = Some(program);
    }

    /// Ends it by a signal.
    pub async fn end(&self, signal: &str) {
        let Some(mut program) = self.program.lock().await.take() else { return };
        program.signal(signal);
        *self.address.lock() = None;
        program.ended().await;
    }

    pub async fn signal(&self, signal: &str) {
        if let Some(program) = &*self.program.lock().await {
            program.signal(signal);
        }
    }

    pub fn address(&self) -> Option<SocketAddr> {
        *self.address.lock()
    }

    /// Everything that it said since its last start.
    pub async fn said(&self) -> String {
        self.program.lock().await.as_ref().map(Program::said).unwrap_or_default()
    }
}

pub struct Stage {
    pub namespace: String,
    pub client: Client,
    pub replicas: Vec<Replica>,
    pub postgres: tokio::sync::RwLock<Server>,
    pub cookies: Vec<String>,
    pub database: DatabaseUrl,
}

impl Stage {
    /// Sets it up in a namespace of that name; only the first replica runs.
    pub async fn new(namespace: &str, seed: u64) -> Arc<Self> {
        let plane = tokio::task::spawn_blocking(plane).await.unwrap();
        let client = plane.client().await;
        let object: Namespace = serde_json::from_value(json!({"metadata": {"name": namespace}})).unwrap();
        Api::all(client.clone()).create(&PostParams::default(), &object).await.unwrap();
        let workloads = tokio::spawn(make_workloads(client.clone(), namespace.to_owned()));
        let server = tokio::task::spawn_blocking(|| Server::start(true)).await.unwrap();
        server.create_database("deck").await;
        let url = server.url("deck");
        let mut replicas = Vec::new();
        for number in 0..2 {
            let proxy = Proxy::start(plane, Dice::of(seed, 100 + number)).await;
            let mut setup = Setup::new();
            setup.log = "info";
            setup.database.clone_from(&url);
            setup.cluster.clone_from(&proxy.url);
            std::fs::write(setup.path("registry.yaml"), registry(namespace)).unwrap();
            replicas.push(Replica { setup, proxy, address: Mutex::default(), program: tokio::sync::Mutex::default() });
        }
        for name in PEOPLE {
            let words = ["user", "add", name, "--role", "viewer", "--role", "operator", "--password-stdin"];
            let added = replicas[0].setup.command(&words, &format!("{PASSWORD}\n"));
            assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        }
        replicas[0].start().await;
        let mut cookies = Vec::new();
        for name in PEOPLE {
            cookies.push(replicas[0].program.lock().await.as_ref().unwrap().sign_in(name).await);
        }
        workloads.await.unwrap();
        let database = url.parse().unwrap();
        let postgres = tokio::sync::RwLock::new(server);
        Arc::new(Self { namespace: namespace.to_owned(), client, replicas, postgres, cookies, database })
    }

    /// Where the program can be reached.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.replicas.iter().filter_map(Replica::address).collect()
    }

    /// Asks a replica as a person, with a person's patience.
    pub async fn ask(&self, to: SocketAddr, person: usize, path: &str, form: Option<&str>) -> Option<Answer> {
        let method = if form.is_some() { "POST" } else { "GET" };
        let ask = Ask { method, cookie: &self.cookies[person], body: form.unwrap_or_default(), ..Ask::get(path) };
        let asked = async { speak(TcpStream::connect(to).await.ok()?, to, &ask).await };
        timeout(PATIENCE, asked).await.ok()?
    }

    /// The store, looked at beside the program.
    pub async fn store(&self) -> Store {
        Store::inspect(&self.database).await.unwrap()
    }
}

fn registry(namespace: &str) -> String {
    let components: Vec<_> = Workload::all()
        .iter()
        .map(|workload| {
            let kind = if workload.is_set { "StatefulSet" } else { "Deployment" };
            format!("{{ kind: {kind}, name: {}, role: app, replicas: 2 }}", workload.name)
        })
        .collect();
    format!(
        "clusters: [{{ id: main, connect: {{ context: main }} }}]\n\
         systems: [{{ id: shop, name: The Shop, environments: [\n\
           {{ id: dev, cluster: main, namespace: {namespace}, tier: development, timeZone: Europe/Berlin,\n\
             components: [{}] }} ] }}]\n",
        components.join(", ")
    )
}

/// Makes them, and gives each a second revision.
async fn make_workloads(client: Client, namespace: String) {
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), &namespace);
    let sets: Api<StatefulSet> = Api::namespaced(client, &namespace);
    let create = PostParams::default();
    for (number, Workload { name, is_set }) in Workload::all().into_iter().enumerate() {
        // A few read the same, for a series.
        let reads =
            if number < READERS { json!([{"configMapRef": {"name": SHARED, "optional": true}}]) } else { json!([]) };
        let object = json!({
            "metadata": {"name": name},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "app", "image": "registry.test/app:v1", "envFrom": reads}]},
                },
            },
        });
        if is_set {
            let mut set: StatefulSet = serde_json::from_value(object).unwrap();
            let spec = set.spec.as_mut().unwrap();
            spec.pod_management_policy = Some("Parallel".into());
            spec.service_name = Some(name);
            sets.create(&create, &set).await.unwrap();
        } else {
            let mut deployment: Deployment = serde_json::from_value(object).unwrap();
            deployment.spec.as_mut().unwrap().progress_deadline_seconds = Some(60);
            deployments.create(&create, &deployment).await.unwrap();
        }
    }
    until_ready(&deployments, &sets).await;
    let patch =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "registry.test/app:v2"}]}}}});
    let patch = Patch::Strategic(patch);
    join_all(Workload::all().iter().map(async |workload| {
        let parameters = PatchParams::default();
        if workload.is_set {
            sets.patch(&workload.name, &parameters, &patch).await.unwrap();
        } else {
            deployments.patch(&workload.name, &parameters, &patch).await.unwrap();
        }
    }))
    .await;
    until_ready(&deployments, &sets).await;
}

async fn until_ready(deployments: &Api<Deployment>, sets: &Api<StatefulSet>) {
    let begin = Instant::now();
    loop {
        let all = kube::api::ListParams::default();
        let ready = deployments.list(&all).await.unwrap().items.iter().all(|deployment| {
            let status = deployment.status.as_ref();
            status.is_some_and(|status| status.updated_replicas == Some(2) && status.available_replicas == Some(2))
                && status.and_then(|status| status.observed_generation) == deployment.metadata.generation
        });
        let ready_sets = sets.list(&all).await.unwrap().items.iter().all(|set| {
            let status = set.status.as_ref();
            status.is_some_and(|status| status.updated_replicas == Some(2) && status.available_replicas == Some(2))
                && status.and_then(|status| status.observed_generation) == set.metadata.generation
        });
        if ready && ready_sets {
            return;
        }
        assert!(begin.elapsed() < LONG, "the workloads do not become ready");
        sleep(Duration::from_millis(300)).await;
    }
}
