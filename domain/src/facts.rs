//! What rules are asked about: the parts of Kubernetes objects that decide something, read off by the server.
//!
//! Times are seconds since 1970, as Kubernetes stores them.

pub mod around;
mod autoscaler;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use autoscaler::{AutoscalerFacts, Behavior, Change, Measure, MetricFacts, Policy, ScalingRules, Select};

use crate::guard::facts::{InitContainer, Resources};
use crate::name::WorkloadKind;
use crate::quantity::Quantity;

/// A pod.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PodFacts {
    /// `status.phase`: Pending, Running, Succeeded, Failed, Unknown.
    pub phase: Phase,
    /// `status.reason` of a pod that failed as a whole: `Evicted`, `NodeLost`.
    pub reason: Option<Arc<str>>,
    /// `status.message`.
    pub message: Option<Arc<str>>,
    /// `metadata.creationTimestamp`.
    pub created: i64,
    /// `metadata.deletionTimestamp`: by then it should be gone.
    pub deletion: Option<i64>,
    /// Whether the condition `Ready` is True.
    pub ready: bool,
    /// Reason of the condition `Ready` when it is not: `ContainersNotReady`, or `NodeNotReady`-like ones.
    pub not_ready_reason: Option<Arc<str>>,
    /// When the condition `Ready` last turned; 0 when not told.
    pub turned: i64,
    /// Message of the condition `PodScheduled` while it is False: why no node takes it.
    pub unschedulable: Option<Arc<str>>,
    /// `spec.imagePullSecrets`, by name.
    pub pull_secrets: Vec<Arc<str>>,
    /// PersistentVolumeClaims that its volumes name.
    pub claims: Vec<Arc<str>>,
    /// Init containers first, then the others.
    pub containers: Vec<ContainerFacts>,
}

/// `status.phase` of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Accepted, not all containers run.
    #[default]
    Pending,
    /// Bound to a node, containers were started.
    Running,
    /// All containers ended with 0.
    Succeeded,
    /// All containers ended, one not with 0.
    Failed,
    /// The node does not answer.
    Unknown,
}

/// A container and its status.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerFacts {
    /// Its name in the pod.
    pub name: Arc<str>,
    /// Whether it runs before the others.
    pub init: bool,
    /// `image` of the spec.
    pub image: Arc<str>,
    /// `imageID` of the status: the digest that really runs. Empty until it was pulled.
    pub image_id: Arc<str>,
    /// Whether it passed its readiness probe.
    pub ready: bool,
    /// `restartCount`.
    pub restarts: u32,
    /// What it does now.
    pub state: ContainerState,
    /// How it ended the last time.
    pub last: Option<Termination>,
}

/// What a container does now.
#[derive(Debug, Clone, PartialEq)]
pub enum ContainerState {
    /// Not running: `reason` is `ContainerCreating`, `CrashLoopBackOff`, `ImagePullBackOff` …
    Waiting {
        /// One word of Kubernetes.
        reason: Arc<str>,
        /// Its sentence.
        message: Arc<str>,
    },
    /// Running since then.
    Running {
        /// `startedAt`.
        since: i64,
    },
    /// Ended.
    Terminated(Termination),
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Termination {
    /// `Error`, `OOMKilled`, `Completed`.
    pub reason: Arc<str>,
    /// 0 is good; 137 is a kill.
    pub exit_code: i32,
    /// `startedAt`; 0 when not known.
    pub started: i64,
    /// `finishedAt`.
    pub finished: i64,
}

/// A Deployment, StatefulSet or DaemonSet.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadFacts {
    /// Which of the three.
    pub kind: WorkloadKind,
    /// `metadata.generation`: counts changes of the spec.
    pub generation: i64,
    /// `status.observedGeneration`: up to where the controller has read them.
    pub observed_generation: i64,
    /// `spec.replicas`; for a DaemonSet `status.desiredNumberScheduled`.
    pub wanted: u32,
    /// `status.replicas` (DaemonSet: `currentNumberScheduled`).
    pub existing: u32,
    /// `status.updatedReplicas`.
    pub updated: u32,
    /// `status.readyReplicas` (DaemonSet: `numberReady`).
    pub ready: u32,
    /// `status.availableReplicas`.
    pub available: u32,
    /// `spec.paused`.
    pub paused: bool,
    /// `spec.updateStrategy` of a StatefulSet or DaemonSet.
    pub update: Update,
    /// Conditions, by type.
    pub conditions: Vec<Condition>,
    /// First container of the template.
    pub container: Option<TemplateContainer>,
    /// How much its pods ask for.
    pub template: TemplateFacts,
    /// ConfigMaps that containers of the template take environment variables from.
    pub config_maps: Vec<Arc<str>>,
    /// Labels of the template, by which disruption budgets select its pods.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
}

/// What decides how much a pod of a template asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TemplateFacts {
    /// The containers, without init containers, by name.
    pub containers: Vec<(Arc<str>, Resources)>,
    /// The init containers, as they start.
    pub init_containers: Vec<InitContainer>,
    /// `overhead`: what a pod costs beside its containers, by resource.
    pub overhead: Vec<(Arc<str>, Quantity)>,
    /// Whether the pod as a whole has `resources`, which stand for the sum of its containers. They are not read.
    pub has_pod_resources: bool,
    /// Whether it names a RuntimeClass, which can add overhead that is not read.
    pub has_runtime_class: bool,
}

/// Which pods the controller brings to the newest revision by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Update {
    /// All.
    #[default]
    All,
    /// `rollingUpdate.partition` of a StatefulSet: as many pods as it says, those of the lowest ordinals, stay as they are.
    From(u32),
    /// None: a pod is of the newest revision once somebody deleted the one before it.
    OnDelete,
}

/// A condition of an object's status.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Condition {
    /// `Progressing`, `Available`, `ReplicaFailure`, `ScalingActive` …
    pub kind: Arc<str>,
    /// True, False or (None) Unknown.
    pub status: Option<bool>,
    /// One word of Kubernetes.
    pub reason: Arc<str>,
    /// Its sentence, made safe to show.
    pub message: Arc<str>,
    /// When the status last turned.
    pub since: i64,
}

/// What a template says of its first container.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateContainer {
    /// Its name.
    pub name: Arc<str>,
    /// Its image, with tag or digest.
    pub image: Arc<str>,
    /// `resources.requests.cpu` and so on.
    pub cpu_request: Option<Quantity>,
    /// `resources.limits.cpu`.
    pub cpu_limit: Option<Quantity>,
    /// `resources.requests.memory`.
    pub memory_request: Option<Quantity>,
    /// `resources.limits.memory`.
    pub memory_limit: Option<Quantity>,
    /// Storage asked for by the first volume claim template.
    pub storage: Option<Quantity>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeFacts {
    /// `spec.unschedulable`: it was cordoned, and takes no new pods.
    pub unschedulable: bool,
    /// Conditions: `Ready`, `MemoryPressure`, `DiskPressure`, `PIDPressure`, `NetworkUnavailable`.
    pub conditions: Vec<Condition>,
    /// Label `topology.kubernetes.io/zone`.
    pub zone: Option<Arc<str>>,
}

/// A ConfigMap that the registry names: only the keys it names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigMapFacts {
    /// The values of the expected keys.
    pub values: BTreeMap<Arc<str>, Arc<str>>,
    /// When any field was last written, of `metadata.managedFields`, or created.
    pub changed: i64,
    /// The field manager that wrote last: `kubectl-edit`, `flux`.
    pub changed_by: Option<Arc<str>>,
}
