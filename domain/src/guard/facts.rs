//! What is known when an operation is judged: read fresh from the API server, the registry and our own record.
//!
//! Times are seconds since 1970. What could not be read is [`Known::Unread`] with the reason: a rule that needs it says
//! unknown, never green.

mod amounts;
mod nodes;

use std::sync::Arc;

pub use amounts::{InitContainer, LimitRange, Per, Quota, Resources};
use jiff::tz::TimeZone;
pub use nodes::{
    Effect, Node, NodeOperator, NodeTerm, Requirement, Scheduling, Spread, Taint, Toleration, TolerationOperator,
};

use crate::access::Role;
use crate::config_source::ConfigSource;
use crate::facts::{Condition, PodFacts};
use crate::ledger::OperationId;
use crate::name::{EnvironmentId, ObjectName};
use crate::policy::Policy;
use crate::quantity::Quantity;
use crate::registry::{Component, Freeze, Maintenance, Tier};

/// Something that was read, or why it was not.
#[derive(Debug, Clone, PartialEq)]
pub enum Known<T> {
    /// It was read.
    Read {
        /// What was read.
        value: T,
        /// When.
        at: i64,
    },
    /// It was not: a sentence without full stop, `listing quotas is forbidden`.
    Unread(Arc<str>),
}

impl<T> Known<T> {
    /// What was read, if it was.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Read { value, .. } => Some(value),
            Self::Unread(_) => None,
        }
    }

    /// When it was read.
    pub fn at(&self) -> Option<i64> {
        match self {
            Self::Read { at, .. } => Some(*at),
            Self::Unread(_) => None,
        }
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Now.
    pub now: i64,
    /// Who asks.
    pub asker: Asker,
    /// What they gave besides the press.
    pub given: Given,
    /// Where.
    pub place: Place,
    /// What the registry declares of the target; none when it declares nothing.
    pub declared: Option<Component>,
    /// The workload; `None` in it: there is none of that name.
    pub workload: Known<Option<Workload>>,
    /// Its pods, also those that end.
    pub pods: Known<Vec<Pod>>,
    /// The autoscaler that scales it; `None` in it: there is none.
    pub autoscaler: Known<Option<Autoscaler>>,
    /// The disruption budgets that select its pods.
    pub budgets: Known<Vec<Budget>>,
    /// The quotas of its namespace.
    pub quotas: Known<Vec<Quota>>,
    /// The limit ranges of its namespace, item by item: what containers without a request or limit get, and what is let in.
    pub limits: Known<Vec<LimitRange>>,
    /// All nodes.
    pub nodes: Known<Vec<Node>>,
    /// Its revisions, newest first.
    pub revisions: Known<Vec<Revision>>,
    /// When its newest good backup was made; `None` in it: no backup is configured.
    pub backup: Known<Option<i64>>,
    /// What else is done or looked at here, by our own record.
    pub others: Known<Vec<Other>>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Their name.
    pub name: Arc<str>,
    /// The strongest role by which they may operate here; none: they may not.
    pub role: Option<Role>,
}

/// What was given besides the press. Empty while the plan is only looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Given {
    /// Why.
    pub reason: Arc<str>,
    /// What was typed to confirm.
    pub typed: Arc<str>,
    /// What has to be typed where that is not the target's name: of several targets of one press, what they have in common.
    pub name: Option<Arc<str>>,
}

/// Where something would be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The environment.
    pub id: EnvironmentId,
    /// `Fleet Management / Production`.
    pub title: Arc<str>,
    /// How careful one must be.
    pub tier: Tier,
    /// The zone of its windows.
    pub zone: TimeZone,
    /// When it may be disturbed.
    pub maintenance: Maintenance,
    /// When it may not, whatever the windows say.
    pub freezes: Vec<Freeze>,
    /// Whether its users are promised that changes do not interrupt them.
    pub zero_downtime: bool,
    /// What each class of operations needs.
    pub policy: Policy,
}

/// A Deployment, StatefulSet or DaemonSet.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// `metadata.uid`.
    pub uid: Arc<str>,
    /// `metadata.generation`.
    pub generation: i64,
    /// `status.observedGeneration`.
    pub observed_generation: i64,
    /// `spec.replicas`.
    pub wanted: u32,
    /// `status.replicas`.
    pub existing: u32,
    /// `status.updatedReplicas`.
    pub updated: u32,
    /// `status.readyReplicas`.
    pub ready: u32,
    /// `status.availableReplicas`.
    pub available: u32,
    /// `spec.paused`.
    pub paused: bool,
    /// How pods are replaced.
    pub strategy: Strategy,
    /// `spec.minReadySeconds`.
    pub min_ready_s: u32,
    /// `spec.progressDeadlineSeconds`; none for a StatefulSet.
    pub deadline_s: Option<u32>,
    /// `spec.revisionHistoryLimit`.
    pub history_limit: u32,
    /// The containers of the template, without init containers.
    pub containers: Vec<Container>,
    /// The init containers of the template, as they start: a sidecar goes on beside those that come after it.
    pub init_containers: Vec<InitContainer>,
    /// `overhead` of the template: what a pod costs beside its containers, by resource.
    pub overhead: Vec<(Arc<str>, Quantity)>,
    /// Whether the pod as a whole has `resources`, which stand for the sum of its containers. They are not read.
    pub has_pod_resources: bool,
    /// `runtimeClassName`: a class that adds overhead, a node selector and tolerations, which are not read.
    pub runtime_class: Option<Arc<str>>,
    /// Conditions, by type.
    pub conditions: Vec<Condition>,
    /// The nodes that its pods may run on.
    pub scheduling: Scheduling,
    /// The topology keys of required anti-affinities against its own pods: `kubernetes.io/hostname` wants a node for each.
    pub anti_affinity: Vec<Arc<str>>,
    /// `topologySpreadConstraints` with `DoNotSchedule` that count its own pods.
    pub spread: Vec<Spread>,
    /// What keeps it as written elsewhere, by labels and annotations.
    pub owner: Option<Keeper>,
    /// Who wrote the spec last, by `metadata.managedFields`, and when.
    pub changed: Option<(Arc<str>, i64)>,
    /// The operation of ours that wrote it last.
    pub operation: Option<OperationId>,
    /// The ConfigMaps and Secrets that its containers read, by name.
    pub reads: Vec<ConfigSource>,
}

/// How a workload replaces its pods, with the numbers that its percentages make of the wanted replicas.
/// <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// A few at a time. Of a StatefulSet surge is 0 and unavailable 1.
    Rolling {
        /// How many more than wanted there may be.
        surge: u32,
        /// How many fewer than wanted may be available.
        unavailable: u32,
    },
    /// A StatefulSet with `partition`: pods of lower ordinals stay as they are.
    Partitioned(u32),
    /// All are ended, then all are begun.
    Recreate,
    /// None, until somebody deletes it.
    OnDelete,
}

/// A container of the template.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// Its name.
    pub name: Arc<str>,
    /// Its image.
    pub image: Arc<str>,
    /// `resources`.
    pub resources: Resources,
    /// Seconds from start until its readiness probe can pass at the earliest; none: no probe, ready at once.
    pub ready_after_s: Option<u32>,
}

/// What keeps an object as it is written elsewhere, and will undo or repeat what is done to it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeper {
    /// Which.
    pub tool: Tool,
    /// Of which object of the tool: `super-todo/super-todo`.
    pub name: Arc<str>,
    /// The seconds between two reconciles, where it could be read.
    pub interval_s: Option<u32>,
    /// When it reconciled last.
    pub last: Option<i64>,
    /// Whether it was told to leave things alone: `spec.suspend`, or no automated sync.
    pub suspended: Option<bool>,
}

/// A tool that applies what is written elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Flux, by a HelmRelease: the helm-controller upgrades when chart or values change, and undoes drift only where told to.
    FluxHelm,
    /// Flux, by a Kustomization: applied anew at each reconcile.
    FluxKustomize,
    /// Argo CD.
    ArgoCd,
    /// Helm by hand: the next `helm upgrade` merges three ways.
    Helm,
}

/// A pod of the workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    /// Its name.
    pub name: ObjectName,
    /// `metadata.uid`.
    pub uid: Arc<str>,
    /// The node it is on; empty before it is scheduled.
    pub node: Arc<str>,
    /// What is judged of it.
    pub facts: PodFacts,
}

/// A HorizontalPodAutoscaler.
#[derive(Debug, Clone, PartialEq)]
pub struct Autoscaler {
    /// Its name.
    pub name: ObjectName,
    /// `metadata.uid`.
    pub uid: Arc<str>,
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
    /// `status.currentReplicas`.
    pub current: u32,
    /// `status.desiredReplicas`.
    pub desired: u32,
    /// Conditions: `AbleToScale`, `ScalingActive`, `ScalingLimited`.
    pub conditions: Vec<Condition>,
    /// `behavior.scaleDown.stabilizationWindowSeconds`; 300 where nothing is said.
    pub scale_down_s: u32,
}

/// A PodDisruptionBudget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Its name.
    pub name: Arc<str>,
    /// `minAvailable` or `maxUnavailable`, as written: `minAvailable 2`.
    pub rule: Arc<str>,
    /// `status.disruptionsAllowed`, by the controller's count.
    pub allowed: u32,
}

/// A revision that can be gone back to.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its number.
    pub number: i64,
    /// The ReplicaSet or ControllerRevision that holds it.
    pub name: ObjectName,
    /// The uid of that.
    pub uid: Arc<str>,
    /// Whether it is what is wanted now.
    pub current: bool,
    /// When it was made.
    pub created: i64,
    /// Each container's image, as written.
    pub images: Vec<(Arc<str>, Arc<str>)>,
    /// Each container's digest that really ran, where it is known; a mutable tag says nothing.
    pub digests: Vec<(Arc<str>, Arc<str>)>,
    /// What differs from what is wanted now: field, there, now. Values of environment variables are masked.
    pub diff: Vec<FieldDiff>,
}

/// A field of the pod template that differs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldDiff {
    /// Where: `containers[app].image`.
    pub field: Arc<str>,
    /// What runs now; empty when it is not there.
    pub now: Arc<str>,
    /// What would run; empty when it would not be there.
    pub then: Arc<str>,
}

/// What else is done or looked at here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Who.
    pub who: Arc<str>,
    /// What, in a sentence: `Restart fleet-api`.
    pub what: Arc<str>,
    /// Since when.
    pub since: i64,
    /// Whether it is on its way; else they only look at its plan.
    pub under_way: bool,
    /// Whether it is about this very target.
    pub same_target: bool,
}
