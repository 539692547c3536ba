//! The things that can be broken on demand.

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// What can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// The container starts, fails and is started again, ever more slowly.
    CrashLoop,
    /// The container is killed because it takes more memory than it may.
    Oom,
    /// The image does not exist.
    ImagePull,
    /// The pods ask for more CPU than any node has.
    Unschedulable,
    /// New pods run but never become ready; the rollout passes its deadline.
    StuckRollout,
    /// A node stops answering.
    NodeDown,
    /// Somebody changed the configuration.
    WrongConfig,
    /// The image's tag points to another digest, and one pod runs it already.
    MovedTag,
    /// A quota allows less than is used.
    QuotaFull,
    /// A claim asks for a storage class that does not exist.
    ClaimUnbound,
    /// A certificate ends in five days.
    CertificateExpiring,
    /// The last good backup is three days old.
    BackupFailed,
    /// Somebody told Flux to stop.
    FluxSuspended,
    /// Flux cannot apply what stands in Git.
    FluxFailed,
    /// An instance of a PostgreSQL cluster is not ready.
    PostgresDegraded,
}

/// What a scenario breaks when nothing else is asked for.
pub struct Target {
    /// The cluster's name.
    pub cluster: &'static str,
    /// The namespace; empty for a node.
    pub namespace: &'static str,
    /// The object's name.
    pub name: &'static str,
}

impl Scenario {
    /// The name on the command line and in the annotation.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrashLoop => "crash-loop",
            Self::Oom => "oom",
            Self::ImagePull => "image-pull",
            Self::Unschedulable => "unschedulable",
            Self::StuckRollout => "stuck-rollout",
            Self::NodeDown => "node-down",
            Self::WrongConfig => "wrong-config",
            Self::MovedTag => "moved-tag",
            Self::QuotaFull => "quota-full",
            Self::ClaimUnbound => "claim-unbound",
            Self::CertificateExpiring => "certificate-expiring",
            Self::BackupFailed => "backup-failed",
            Self::FluxSuspended => "flux-suspended",
            Self::FluxFailed => "flux-failed",
            Self::PostgresDegraded => "postgres-degraded",
        }
    }

    /// What one sees afterwards.
    pub fn effect(self) -> &'static str {
        match self {
            Self::CrashLoop => "CrashLoopBackOff, a restart every time it tries again",
            Self::Oom => "OOMKilled, exit code 137",
            Self::ImagePull => "ErrImagePull, then ImagePullBackOff",
            Self::Unschedulable => "Pending: Insufficient cpu",
            Self::StuckRollout => "ProgressDeadlineExceeded after 30 s",
            Self::NodeDown => "the node is NotReady, its pods lose their readiness",
            Self::WrongConfig => "LOG_LEVEL and CORS_ORIGIN are not what was declared",
            Self::MovedTag => "pods of one revision run two digests under one tag",
            Self::QuotaFull => "new pods are refused by the quota",
            Self::ClaimUnbound => "the claim stays Pending; said after a minute",
            Self::CertificateExpiring => "the certificate ends in 5 days",
            Self::BackupFailed => "the last success of the CronJob is 3 days ago",
            Self::FluxSuspended => "the HelmRelease is suspended",
            Self::FluxFailed => "UpgradeFailed within 10 s",
            Self::PostgresDegraded => "2 of 3 instances are ready",
        }
    }

    /// What it breaks by default.
    pub fn target(self) -> Target {
        let target = |namespace, name| Target { cluster: "main", namespace, name };
        match self {
            Self::CrashLoop => target("fleet-management-staging", "fleet-api"),
            Self::Oom => target("ctafleet", "rag-indexer"),
            Self::ImagePull => target("fleet-management-dev", "fleet-app"),
            Self::Unschedulable => target("ctafleet", "test-orchestrator"),
            // Not one with an autoscaler: every step of its own would start the deadline anew.
            Self::StuckRollout => target("staging", "super-todo"),
            Self::NodeDown => target("", "node-003"),
            Self::WrongConfig => target("fleet-management-staging", "fleet-config"),
            Self::MovedTag => target("production", "super-todo"),
            Self::QuotaFull => target("fleet-management-dev", "compute-quota"),
            Self::ClaimUnbound => target("fleet-management-dev", "unbound"),
            Self::CertificateExpiring => target("fleet-management-staging", "fleet-tls"),
            Self::BackupFailed => target("fleet-management-staging", "fleet-postgres-backup"),
            Self::FluxSuspended => target("production", "redis"),
            Self::FluxFailed => target("staging", "redis"),
            Self::PostgresDegraded => target("production", "postgres-production"),
        }
    }

    /// The kind it changes.
    pub fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::NodeDown => ("v1", "Node"),
            Self::WrongConfig => ("v1", "ConfigMap"),
            Self::CrashLoop
            | Self::Oom
            | Self::ImagePull
            | Self::Unschedulable
            | Self::StuckRollout
            | Self::MovedTag => ("apps/v1", "Deployment"),
            Self::QuotaFull => ("v1", "ResourceQuota"),
            Self::ClaimUnbound => ("v1", "PersistentVolumeClaim"),
            Self::CertificateExpiring => ("cert-manager.io/v1", "Certificate"),
            Self::BackupFailed => ("batch/v1", "CronJob"),
            Self::FluxSuspended | Self::FluxFailed => ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
            Self::PostgresDegraded => ("postgresql.cnpg.io/v1", "Cluster"),
        }
    }

    /// The patch that breaks it, given its first container's name and image.
    pub fn patch(self, container: &str, image: &str) -> Value {
        let repository = image.rsplit_once(':').map_or(image, |(repository, _)| repository);
        let labelled = |label: &str| json!({"spec": {"template": {"metadata": {"labels": {LABEL: label}}}}});
        let mut patch = match self {
            Self::CrashLoop => {
                let mut patch = labelled("crashloop");
                patch["spec"]["template"]["metadata"]["annotations"] = json!({"sim.kwok.dev/run-for": "4s"});
                patch
            }
            Self::Oom => labelled("oom"),
            Self::ImagePull => {
                let mut patch = labelled("imagepull");
                patch["spec"]["template"]["spec"] =
                    json!({"containers": [{"name": container, "image": format!("{repository}:does-not-exist")}]});
                patch
            }
            Self::Unschedulable => {
                let much = json!({"requests": {"cpu": "64"}, "limits": {"cpu": "64"}});
                json!({"spec": {"template": {"spec": {"containers": [{"name": container, "resources": much}]}}}})
            }
            Self::StuckRollout => {
                let mut patch = labelled("notready");
                patch["spec"]["progressDeadlineSeconds"] = json!(30);
                patch
            }
            Self::NodeDown => json!({"metadata": {"labels": {"sim.kwok.dev/node": "down"}}}),
            Self::WrongConfig => json!({"data": {"LOG_LEVEL": "debug", "CORS_ORIGIN": "*"}}),
            Self::QuotaFull => json!({"spec": {"hard": {"requests.cpu": "100m"}}}),
            Self::FluxSuspended => json!({"spec": {"suspend": true}}),
            // The stand-in of Flux looks again when it is asked to.
            Self::FluxFailed => json!({"metadata": {
                "labels": {LABEL: "failed"}, "annotations": {"reconcile.fluxcd.io/requestedAt": self.name()},
            }}),
            Self::MovedTag
            | Self::ClaimUnbound
            | Self::CertificateExpiring
            | Self::BackupFailed
            | Self::PostgresDegraded => json!({}),
        };
        if self.kind().1 == "Deployment" && self != Self::MovedTag {
            patch["metadata"]["annotations"] = json!({"kubernetes.io/change-cause": self.name()});
        }
        patch
    }
}

impl Scenario {
    /// What it writes into the status, where its controller leaves that alone; `None` for the others.
    pub fn status(self, now: Timestamp) -> Option<Value> {
        let in_hours =
            |hours: i64| (now + SignedDuration::from_hours(hours)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        match self {
            Self::CertificateExpiring => Some(json!({"notAfter": in_hours(5 * 24), "renewalTime": in_hours(-24)})),
            Self::BackupFailed => Some(json!({"lastSuccessfulTime": in_hours(-3 * 24)})),
            Self::PostgresDegraded => Some(json!({
                "readyInstances": 2,
                "phase": "Waiting for the instances to become active",
                "conditions": [{
                    "type": "Ready", "status": "False", "reason": "ClusterIsNotReady", "message": "Cluster Is Not Ready",
                    "lastTransitionTime": in_hours(0),
                }],
            })),
            Self::CrashLoop
            | Self::Oom
            | Self::ImagePull
            | Self::Unschedulable
            | Self::StuckRollout
            | Self::NodeDown
            | Self::WrongConfig
            | Self::MovedTag
            | Self::QuotaFull
            | Self::ClaimUnbound
            | Self::FluxSuspended
            | Self::FluxFailed => None,
        }
    }

    /// The claim that it makes.
    pub fn claim() -> Value {
        json!({
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "does-not-exist",
            "resources": {"requests": {"storage": "1Gi"}},
        })
    }
}

/// The label by which the simulated kubelets know what to do with a pod.
const LABEL: &str = "sim.kwok.dev/scenario";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_is_called_on_the_command_line_as_in_annotations() {
        for scenario in Scenario::value_variants() {
            let value = scenario.to_possible_value().unwrap();
            assert_eq!(value.get_name(), scenario.name());
        }
    }

    #[test]
    fn the_missing_image_keeps_its_repository() {
        let patch = Scenario::ImagePull.patch("api", "registry.test:5000/team/api:1.2");
        let image = patch.pointer("/spec/template/spec/containers/0/image").unwrap();
        assert_eq!(image, "registry.test:5000/team/api:does-not-exist");
    }
}
