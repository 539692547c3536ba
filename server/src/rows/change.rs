//! What a watch tells the rows: objects as the rules read them, and what went.

use std::collections::HashSet;
use std::sync::Arc;

use domain::facts::around::{
    AroundKind, BudgetFacts, CertificateFacts, ClaimFacts, CronJobFacts, FluxFacts, FluxKind, JobFacts,
    PostgresClusterFacts, SecretFacts,
};
use domain::facts::{AutoscalerFacts, ConfigMapFacts, NodeFacts, PodFacts, WorkloadFacts};
use domain::guard::facts::{LimitRange, Quota};
use domain::name::{Namespace, WorkloadKind};

/// A kind that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `v1` Pod.
    Pod,
    /// `apps/v1` Deployment, StatefulSet or DaemonSet.
    Workload(WorkloadKind),
    /// `apps/v1` ReplicaSet.
    ReplicaSet,
    /// `apps/v1` ControllerRevision.
    ControllerRevision,
    /// `autoscaling/v2` HorizontalPodAutoscaler.
    Autoscaler,
    /// `v1` ConfigMap, only those that the registry names.
    ConfigMap,
    /// `v1` Event.
    Event,
    /// `v1` Node.
    Node,
    /// What stands around workloads.
    Around(AroundKind),
}

impl Kind {
    /// Whether it decides how a component is, so that without it nothing is known. Events and revisions explain a state and
    /// decide none; a node decides what may be believed of the pods on it, and without nodes all else is as good as before. What stands around
    /// workloads says nothing of how they are.
    pub fn decides(self) -> bool {
        match self {
            Self::Pod | Self::Workload(_) | Self::Autoscaler | Self::ConfigMap => true,
            Self::ReplicaSet | Self::ControllerRevision | Self::Event | Self::Node | Self::Around(_) => false,
        }
    }

    /// Which kind of what stands around workloads it is, if it is one.
    pub fn around(self) -> Option<AroundKind> {
        match self {
            Self::Around(kind) => Some(kind),
            Self::Pod
            | Self::Workload(_)
            | Self::ReplicaSet
            | Self::ControllerRevision
            | Self::Autoscaler
            | Self::ConfigMap
            | Self::Event
            | Self::Node => None,
        }
    }

    /// Whether what it tells can turn a state, so that its silence must be noticed soon.
    pub fn turns_states(self) -> bool {
        self.decides() || self == Self::Node
    }

    /// Whether its objects are in a namespace.
    pub fn is_namespaced(self) -> bool {
        self != Self::Node
    }

    /// As a role of Kubernetes names it: `horizontalpodautoscalers`.
    pub fn resource(self) -> &'static str {
        match self {
            Self::Pod => "pods",
            Self::Workload(WorkloadKind::Deployment) => "deployments",
            Self::Workload(WorkloadKind::StatefulSet) => "statefulsets",
            Self::Workload(WorkloadKind::DaemonSet) => "daemonsets",
            Self::ReplicaSet => "replicasets",
            Self::ControllerRevision => "controllerrevisions",
            Self::Autoscaler => "horizontalpodautoscalers",
            Self::ConfigMap => "configmaps",
            Self::Event => "events",
            Self::Node => "nodes",
            Self::Around(kind) => match kind {
                AroundKind::Quota => "resourcequotas",
                AroundKind::LimitRange => "limitranges",
                AroundKind::Budget => "poddisruptionbudgets",
                AroundKind::Claim => "persistentvolumeclaims",
                AroundKind::CronJob => "cronjobs",
                AroundKind::Job => "jobs",
                AroundKind::Secret => "secrets",
                AroundKind::Certificate => "certificates",
                AroundKind::Flux(FluxKind::GitRepository) => "gitrepositories",
                AroundKind::Flux(FluxKind::Kustomization) => "kustomizations",
                AroundKind::Flux(FluxKind::HelmRelease) => "helmreleases",
                AroundKind::PostgresCluster => "clusters of CloudNativePG",
            },
        }
    }
}

/// What tells an object from all others of its cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; `None` for what belongs to the whole cluster: a node.
    pub namespace: Option<Namespace>,
    /// Its name.
    pub name: Arc<str>,
}

/// An object as it was last seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Which.
    pub key: Key,
    /// The 128 bits of `metadata.uid`: another object of the same name has another.
    pub uid: u128,
    /// What the rules read.
    pub object: Object,
}

/// The parts of an object that the rules read.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// A pod.
    Pod(Box<ObservedPod>),
    /// A workload.
    Workload(Box<ObservedWorkload>),
    /// A ReplicaSet or ControllerRevision.
    Revision(Box<ObservedRevision>),
    /// An autoscaler and the workload it scales.
    Autoscaler(Box<AutoscalerFacts>, Option<(WorkloadKind, Arc<str>)>),
    /// A ConfigMap: all its values; the rows keep the expected keys only.
    ConfigMap(ConfigMapFacts),
    /// An event.
    Event(Box<ObservedEvent>),
    /// A node.
    Node(Box<NodeFacts>),
    /// Something that stands around workloads.
    Around(Box<ObservedAround>),
}

/// Something that stands around workloads.
#[derive(Debug, Clone, PartialEq)]
pub enum ObservedAround {
    /// A ResourceQuota.
    Quota(Quota),
    /// A LimitRange, item by item.
    LimitRange(Vec<LimitRange>),
    /// A PodDisruptionBudget.
    Budget(BudgetFacts),
    /// A PersistentVolumeClaim.
    Claim(ClaimFacts),
    /// A CronJob.
    CronJob(CronJobFacts),
    /// A Job.
    Job(JobFacts),
    /// A Secret, without what stands in it.
    Secret(SecretFacts),
    /// A Certificate.
    Certificate(CertificateFacts),
    /// An object of Flux.
    Flux(FluxKind, FluxFacts),
    /// A Cluster of CloudNativePG.
    PostgresCluster(PostgresClusterFacts),
}

/// A pod.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedPod {
    /// What decides its health.
    pub facts: PodFacts,
    /// The workload that owns it, directly or through a ReplicaSet.
    pub workload: Option<(WorkloadKind, Arc<str>)>,
    /// The uid of the object that owns it, the ReplicaSet or the workload; 0 when it has none.
    pub owner: u128,
    /// The revision it is of: its ReplicaSet, or the ControllerRevision that its label names.
    pub revision: Arc<str>,
    /// Its node; empty until it has one.
    pub node: Arc<str>,
}

/// A workload.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedWorkload {
    /// What decides its health.
    pub facts: WorkloadFacts,
    /// When its last rollout last made progress, seconds since 1970; 0 when not reported.
    pub progressed: i64,
    /// `Flux HelmRelease super-todo`; empty when no label says who applies it.
    pub managed_by: Arc<str>,
}

/// A ReplicaSet or ControllerRevision.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedRevision {
    /// The workload it is of.
    pub workload: (WorkloadKind, Arc<str>),
    /// The uid of that workload; 0 when it is not told.
    pub owner: u128,
    /// Its number.
    pub number: i64,
    /// Image of its first container.
    pub image: Arc<str>,
    /// Creation, seconds since 1970.
    pub created: i64,
    /// `kubernetes.io/change-cause`.
    pub cause: Arc<str>,
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedEvent {
    /// Whether its type is `Warning`.
    pub warning: bool,
    /// One word of Kubernetes.
    pub reason: Arc<str>,
    /// Kind and name of what it is about.
    pub about: (Arc<str>, Arc<str>),
    /// Its sentence, made safe to show.
    pub message: Arc<str>,
    /// How often it was seen.
    pub count: u32,
    /// When it was last seen, seconds since 1970.
    pub last: i64,
}

/// What a watch tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is there, new or changed.
    Seen(Observed),
    /// It is there, and what is told of it cannot be read. Its uid; 0 when that is not known either.
    Unread(Key, u128),
    /// It was deleted. The uid tells a late word about an object of the same name.
    Gone(Key, u128),
    /// A whole list of a kind has been seen: what of it is not in the set is gone. `None`: in the whole cluster.
    Listed {
        /// The kind.
        kind: Kind,
        /// Where, when the watch is of one namespace; for ConfigMaps also the only name it watches.
        within: Option<(Namespace, Option<Arc<str>>)>,
        /// What was seen.
        seen: HashSet<(Option<Namespace>, Arc<str>)>,
    },
}
