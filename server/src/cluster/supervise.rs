//! Starts and stops what each cluster of the registry needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::name::{ClusterId, Namespace, ObjectName, WorkloadKind};
use domain::registry::{Connect, Registry, WatchScope};
use futures::FutureExt as _;
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::runtime::watcher;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch::{Receiver, Sender};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use super::complaints::Complaints;
use super::connect::Kubeconfig;
use super::objects::{self, around};
use super::probe::probe;
use super::project::Project;
use super::usage::usage;
use super::watch::Watch;
use crate::metrics;
use crate::rows::{Kind, Rows, WatchId};

/// How long until a connection that could not be set up is tried again.
const RECONNECT: Duration = Duration::from_secs(5);
/// How long after a fault of ours a cluster is connected to anew.
const AFTER_FAULT: Duration = Duration::from_secs(10);

/// What of a cluster's registration decides what is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    connect: Connect,
    scope: WatchScope,
    namespaces: BTreeSet<Namespace>,
    /// With the expected keys: values of others were thrown away, so a new key needs a new list.
    config_maps: BTreeMap<(Namespace, ObjectName), BTreeSet<String>>,
}

fn plans(registry: &Registry) -> BTreeMap<ClusterId, Plan> {
    let mut plans: BTreeMap<ClusterId, Plan> = registry
        .clusters
        .iter()
        .map(|cluster| {
            let (connect, scope) = (cluster.connect.clone(), cluster.watch);
            let plan = Plan { connect, scope, namespaces: BTreeSet::new(), config_maps: BTreeMap::new() };
            (cluster.id.clone(), plan)
        })
        .collect();
    for (_, environment) in registry.environments() {
        let Some(plan) = plans.get_mut(&environment.cluster) else { continue };
        plan.namespaces.insert(environment.namespace.clone());
        let named = environment.config.iter().map(|config| {
            let keys = config.expect.keys().cloned().collect();
            ((environment.namespace.clone(), config.config_map.clone()), keys)
        });
        plan.config_maps.extend(named);
    }
    plans
}

/// Keeps the watches in step with the registry until cancelled: what changed is stopped and started anew, all else goes on.
pub async fn supervise(
    mut registry: Receiver<Arc<Registry>>,
    rows: Arc<Rows>,
    kubeconfig: Kubeconfig,
    cancel: CancellationToken,
) {
    let mut running: BTreeMap<ClusterId, Running> = BTreeMap::new();
    loop {
        let current = registry.borrow_and_update().clone();
        let wanted = plans(&current);
        let (stays, changes): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut running).into_iter().partition(|(cluster, run)| wanted.get(cluster) == Some(&run.plan));
        running = stays;
        // Ended before the new one begins, so that no late word of an old watch is taken for one of the new.
        for (cluster, old) in changes {
            old.stop.cancel();
            if let Err(error) = old.task.await {
                error!(%cluster, "following the cluster ended badly: {error}");
            }
            rows.watches_starting(&cluster);
        }
        rows.register(&current);
        for (cluster, plan) in wanted {
            running.entry(cluster).or_insert_with_key(|cluster| {
                let stop = cancel.child_token();
                let task = follow(cluster.clone(), plan.clone(), rows.clone(), kubeconfig.clone(), stop.clone());
                Running { plan, stop, task: tokio::spawn(task) }
            });
        }
        tokio::select! {
            () = cancel.cancelled() => break,
            changed = registry.changed() => if changed.is_err() { break },
        }
    }
    cancel.cancelled().await;
    for (cluster, run) in running {
        if let Err(error) = run.task.await {
            error!(%cluster, "following the cluster ended badly: {error}");
        }
    }
}

/// A cluster that is followed.
struct Running {
    plan: Plan,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Connects to a cluster and watches it until cancelled. One that stays silent is connected to anew, with the kubeconfig as it is
/// then: its certificate or its address may have changed.
async fn follow(cluster: ClusterId, plan: Plan, rows: Arc<Rows>, kubeconfig: Kubeconfig, cancel: CancellationToken) {
    let mut complaints = Complaints::default();
    while !cancel.is_cancelled() {
        let connection = cancel.child_token();
        let work = connected(&cluster, &plan, &rows, &kubeconfig, &mut complaints, &connection);
        if AssertUnwindSafe(work).catch_unwind().await.is_err() {
            // What it kept in step would grow old without a word.
            connection.cancel();
            fault(&cluster, &rows);
            tokio::select! {
                () = cancel.cancelled() => return,
                () = sleep(AFTER_FAULT) => {}
            }
        }
    }
}

/// Says of a cluster that following it failed by a fault of ours: it is shown as old, and connected to anew.
fn fault(cluster: &ClusterId, rows: &Rows) {
    metrics::panic();
    error!(%cluster, "a fault of the program while it followed {cluster}: it is connected to anew");
    rows.silent(cluster, "Following it failed by a fault of this program; it is connected to anew.");
}

/// Connects to a cluster and watches it until it stays silent, or cancelled.
async fn connected(
    cluster: &ClusterId,
    plan: &Plan,
    rows: &Arc<Rows>,
    kubeconfig: &Kubeconfig,
    complaints: &mut Complaints,
    cancel: &CancellationToken,
) {
    let client = loop {
        match kubeconfig.reader(&plan.connect).await {
            Ok(client) => break client,
            Err(error) => {
                if complaints.is_news(&error.to_string()) {
                    warn!(%cluster, "no connection: {error}");
                }
                rows.silent(cluster, &error.to_string());
            }
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = sleep(RECONNECT) => {}
        }
    };
    let starter = Starter {
        cluster: cluster.clone(),
        rows: rows.clone(),
        client,
        returned: Sender::new(0),
        cancel: cancel.child_token(),
        tasks: TaskTracker::new(),
    };
    let places: Vec<Option<Namespace>> = match plan.scope {
        WatchScope::Cluster => vec![None],
        WatchScope::Namespaces => plan.namespaces.iter().cloned().map(Some).collect(),
    };
    starter.measure(places.clone());
    starter.rows.watches_starting(&starter.cluster);
    let mut ids = Vec::new();
    for place in places {
        ids.push(starter.start::<objects::Deployment>(Kind::Workload(WorkloadKind::Deployment), place.clone()));
        ids.push(starter.start::<objects::StatefulSet>(Kind::Workload(WorkloadKind::StatefulSet), place.clone()));
        ids.push(starter.start::<objects::DaemonSet>(Kind::Workload(WorkloadKind::DaemonSet), place.clone()));
        ids.push(starter.start::<objects::Pod>(Kind::Pod, place.clone()));
        ids.push(starter.start::<objects::ReplicaSet>(Kind::ReplicaSet, place.clone()));
        ids.push(starter.start::<objects::ControllerRevision>(Kind::ControllerRevision, place.clone()));
        ids.push(starter.start::<objects::Autoscaler>(Kind::Autoscaler, place.clone()));
        ids.push(starter.start::<objects::Event>(Kind::Event, place.clone()));
        starter.start_around(place, &mut ids);
    }
    // Also where only some namespaces are watched: a node that is down takes what runs on it along.
    ids.push(starter.start_of_cluster::<objects::Node>(Kind::Node));
    for (namespace, name) in plan.config_maps.keys().cloned() {
        let id = WatchId { kind: Kind::ConfigMap, within: Some((namespace, Some(name.shared()))) };
        ids.push(starter.start_as::<objects::ConfigMap>(id));
    }
    starter.rows.watches(&starter.cluster, ids);
    let asks = probe(
        starter.client.clone(),
        starter.rows.clone(),
        starter.cluster.clone(),
        starter.returned.clone(),
        complaints,
        starter.cancel.clone(),
    );
    asks.await;
    starter.cancel.cancel();
    starter.tasks.close();
    starter.tasks.wait().await;
}

/// What every watch of a cluster shares.
struct Starter {
    cluster: ClusterId,
    rows: Arc<Rows>,
    client: Client,
    returned: Sender<u64>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Starter {
    fn start<K>(&self, kind: Kind, place: Option<Namespace>) -> WatchId
    where
        K: Project
            + Resource<Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        self.start_as::<K>(WatchId { kind, within: place.map(|namespace| (namespace, None)) })
    }

    fn start_as<K>(&self, id: WatchId) -> WatchId
    where
        K: Project
            + Resource<Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        let (api, config): (Api<K>, _) = match &id.within {
            None => (Api::all(self.client.clone()), watch_config_of::<K>()),
            Some((namespace, name)) => {
                let config = match name {
                    Some(name) => watch_config().fields(&format!("metadata.name={name}")),
                    None => watch_config_of::<K>(),
                };
                (Api::namespaced(self.client.clone(), namespace.as_str()), config)
            }
        };
        self.spawn(id, api, config)
    }

    /// Watches what stands around workloads.
    fn start_around(&self, place: Option<Namespace>, ids: &mut Vec<WatchId>) {
        let mut start = |kind: fn(&Self, Option<Namespace>) -> WatchId| ids.push(kind(self, place.clone()));
        start(Self::start_one::<around::ResourceQuota>);
        start(Self::start_one::<around::LimitRange>);
        start(Self::start_one::<around::PodDisruptionBudget>);
        start(Self::start_one::<around::PersistentVolumeClaim>);
        start(Self::start_one::<around::CronJob>);
        start(Self::start_one::<around::Job>);
        start(Self::start_one::<around::Secret>);
        start(Self::start_one::<around::Certificate>);
        start(Self::start_one::<around::GitRepository>);
        start(Self::start_one::<around::Kustomization>);
        start(Self::start_one::<around::HelmRelease>);
        start(Self::start_one::<around::PostgresCluster>);
    }

    /// Watches a kind that is in namespaces.
    fn start_one<K>(&self, place: Option<Namespace>) -> WatchId
    where
        K: Project
            + Resource<Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        self.start::<K>(K::KIND, place)
    }

    /// Watches a kind that is in no namespace.
    fn start_of_cluster<K>(&self, kind: Kind) -> WatchId
    where
        K: Project + Resource<Scope = ClusterResourceScope> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        self.spawn(WatchId { kind, within: None }, Api::<K>::all(self.client.clone()), watch_config())
    }

    /// Asks what the pods use.
    fn measure(&self, places: Vec<Option<Namespace>>) {
        let (client, rows, cluster) = (self.client.clone(), self.rows.clone(), self.cluster.clone());
        self.tasks.spawn(usage(client, rows, cluster, places, self.cancel.clone()));
    }

    fn spawn<K>(&self, id: WatchId, api: Api<K>, config: watcher::Config) -> WatchId
    where
        K: Project + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        let watch = Watch {
            rows: self.rows.clone(),
            cluster: self.cluster.clone(),
            id: id.clone(),
            returned: self.returned.subscribe(),
            cancel: self.cancel.clone(),
            complaints: Complaints::default(),
        };
        let (cluster, rows, cancel) = (self.cluster.clone(), self.rows.clone(), self.cancel.clone());
        self.tasks.spawn(async move {
            if AssertUnwindSafe(watch.follow(api, config)).catch_unwind().await.is_err() {
                fault(&cluster, &rows);
                sleep(AFTER_FAULT).await;
                // The probe ends with it, and with the probe the connection.
                cancel.cancel();
            }
        });
        id
    }
}

/// A watch is opened anew each minute: one whose connection died without a word is noticed then, and not after five minutes.
fn watch_config() -> watcher::Config {
    watcher::Config::default().timeout(60)
}

/// The same, of those objects of a kind that are of interest.
fn watch_config_of<K: Project>() -> watcher::Config {
    match K::FIELDS {
        "" => watch_config(),
        fields => watch_config().fields(fields),
    }
}
