//! What stands around the workloads of a namespace: what bounds them, keeps their data, backs it up and applies them.
//!
//! Times are seconds since 1970, 0 when not told.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Condition;
use crate::guard::facts::{LimitRange, Quota};
use crate::quantity::Quantity;

/// All of it, by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Around {
    /// ResourceQuotas.
    pub quotas: BTreeMap<Arc<str>, Quota>,
    /// LimitRanges: each with its items.
    pub limit_ranges: BTreeMap<Arc<str>, Vec<LimitRange>>,
    /// PodDisruptionBudgets.
    pub budgets: BTreeMap<Arc<str>, BudgetFacts>,
    /// PersistentVolumeClaims.
    pub claims: BTreeMap<Arc<str>, ClaimFacts>,
    /// CronJobs.
    pub cron_jobs: BTreeMap<Arc<str>, CronJobFacts>,
    /// Jobs.
    pub jobs: BTreeMap<Arc<str>, JobFacts>,
    /// Secrets: when they were made and written, never what stands in them.
    pub secrets: BTreeMap<Arc<str>, SecretFacts>,
    /// Certificates of cert-manager.
    pub certificates: BTreeMap<Arc<str>, CertificateFacts>,
    /// Objects of Flux that apply something here.
    pub flux: BTreeMap<(FluxKind, Arc<str>), FluxFacts>,
    /// Clusters of CloudNativePG.
    pub postgres_clusters: BTreeMap<Arc<str>, PostgresClusterFacts>,
    /// Quotas for which something was refused of late, by name, with what was said of it last: of this tell workloads and events.
    pub refused: BTreeMap<Arc<str>, Arc<str>>,
    /// What of this cannot be read, and why. What is not in here is known, and what is absent then is not there.
    pub unseen: BTreeMap<AroundKind, Unseen>,
}

/// A kind of what stands around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AroundKind {
    /// `v1` ResourceQuota.
    Quota,
    /// `v1` LimitRange.
    LimitRange,
    /// `policy/v1` PodDisruptionBudget.
    Budget,
    /// `v1` PersistentVolumeClaim.
    Claim,
    /// `batch/v1` CronJob.
    CronJob,
    /// `batch/v1` Job.
    Job,
    /// `v1` Secret, its metadata alone.
    Secret,
    /// `cert-manager.io/v1` Certificate.
    Certificate,
    /// An object of Flux.
    Flux(FluxKind),
    /// `postgresql.cnpg.io/v1` Cluster.
    PostgresCluster,
}

/// Why a kind is not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unseen {
    /// Its list was not complete yet, or broke off.
    NotYet,
    /// The account may not.
    Forbidden,
    /// The cluster does not know the kind: its operator is not installed.
    NotInstalled,
}

/// A PodDisruptionBudget.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BudgetFacts {
    /// `spec.minAvailable` as written: `2`, `50%`.
    pub min_available: Option<Arc<str>>,
    /// `spec.maxUnavailable` as written.
    pub max_unavailable: Option<Arc<str>>,
    /// `spec.selector.matchLabels`.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Whether its selector has expressions as well, which are not read: then it is not known which pods it selects.
    pub has_expressions: bool,
    /// `status.disruptionsAllowed`.
    pub allowed: u32,
    /// `status.currentHealthy`.
    pub healthy: u32,
    /// `status.desiredHealthy`.
    pub desired: u32,
    /// `status.expectedPods`.
    pub expected: u32,
}

/// A PersistentVolumeClaim.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClaimFacts {
    /// `status.phase`: Bound, Pending, Lost.
    pub phase: Arc<str>,
    /// `spec.storageClassName`.
    pub class: Option<Arc<str>>,
    /// `spec.resources.requests.storage`.
    pub asked: Option<Quantity>,
    /// `status.capacity.storage`.
    pub capacity: Option<Quantity>,
    /// `metadata.creationTimestamp`.
    pub created: i64,
}

/// A CronJob.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CronJobFacts {
    /// `spec.schedule`.
    pub schedule: Arc<str>,
    /// `spec.suspend`.
    pub suspended: bool,
    /// `status.lastScheduleTime`.
    pub last_scheduled: i64,
    /// `status.lastSuccessfulTime`.
    pub last_success: i64,
    /// `metadata.creationTimestamp`.
    pub created: i64,
}

/// A Job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobFacts {
    /// The CronJob that made it.
    pub cron_job: Option<Arc<str>>,
    /// `status.startTime`.
    pub started: i64,
    /// `status.completionTime`, or when the condition Failed turned.
    pub ended: i64,
    /// Reason and message of the condition Failed, while it is True.
    pub failed: Option<(Arc<str>, Arc<str>)>,
    /// Whether the condition Complete is True.
    pub complete: bool,
}

/// A Secret, without what stands in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SecretFacts {
    /// When its data was last written, by `metadata.managedFields`; else when it was made.
    pub changed: i64,
    /// What made it, where that is an object that renews it by itself: `Certificate fleet-tls`.
    pub owner: Option<Arc<str>>,
}

/// A Certificate of cert-manager.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CertificateFacts {
    /// `spec.dnsNames`.
    pub names: Vec<Arc<str>>,
    /// `status.notAfter`.
    pub not_after: i64,
    /// `status.renewalTime`.
    pub renewal: i64,
    /// Conditions: `Ready`, `Issuing`.
    pub conditions: Vec<Condition>,
}

/// A kind of Flux that applies or fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FluxKind {
    /// `source.toolkit.fluxcd.io/v1` GitRepository.
    GitRepository,
    /// `kustomize.toolkit.fluxcd.io/v1` Kustomization.
    Kustomization,
    /// `helm.toolkit.fluxcd.io/v2` HelmRelease.
    HelmRelease,
}

/// An object of Flux.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FluxFacts {
    /// `spec.suspend`.
    pub suspended: bool,
    /// `spec.interval` in seconds; 0 when not read.
    pub interval_s: u32,
    /// Conditions: `Ready`, `Stalled`.
    pub conditions: Vec<Condition>,
}

/// A Cluster of CloudNativePG. Fields: <https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/#clusterstatus>
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PostgresClusterFacts {
    /// `spec.instances`.
    pub instances: u32,
    /// `status.readyInstances`.
    pub ready: u32,
    /// `status.phase`: `Cluster in healthy state`.
    pub phase: Arc<str>,
    /// `status.phaseReason`.
    pub phase_reason: Arc<str>,
    /// `status.currentPrimary`.
    pub primary: Arc<str>,
    /// `status.targetPrimary`: another one than the primary while it fails or switches over.
    pub target_primary: Arc<str>,
    /// `status.lastSuccessfulBackup`.
    pub last_backup: i64,
    /// `status.firstRecoverabilityPoint`.
    pub recoverable_from: i64,
    /// Whether `spec.backup` says that there should be backups.
    pub has_backup: bool,
    /// Whether `spec.plugins` names any, which may make backups in its place.
    pub has_plugins: bool,
    /// `metadata.creationTimestamp`.
    pub created: i64,
    /// Conditions: `Ready`, `ContinuousArchiving`, `LastBackupSucceeded`.
    pub conditions: Vec<Condition>,
}
