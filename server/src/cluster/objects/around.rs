//! What stands around workloads, as narrow as the rules read it.
//!
//! Of a Secret that is its metadata. The operators' kinds are theirs: <https://cert-manager.io/docs/reference/api-docs/>,
//! <https://fluxcd.io/flux/components/>, <https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/>.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::Deserialize;

use super::{ObjectCondition, ResourceRequirements};
use crate::cluster::narrow::{Amount, Time, meta, meta_with_writers, nullable, number};

objects! {
    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::core::v1::ResourceQuota)]
    struct ResourceQuota {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: QuotaSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: QuotaStatus,
    }

    struct QuotaSpec {
        #[serde(deserialize_with = "nullable")]
        pub hard: BTreeMap<String, Amount>,
        #[serde(deserialize_with = "nullable")]
        pub scopes: Vec<serde::de::IgnoredAny>,
        pub scope_selector: Option<serde::de::IgnoredAny>,
    }

    struct QuotaStatus {
        #[serde(deserialize_with = "nullable")]
        pub used: BTreeMap<String, Amount>,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::core::v1::LimitRange)]
    struct LimitRange {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: LimitRangeSpec,
    }

    struct LimitRangeSpec {
        #[serde(deserialize_with = "nullable")]
        pub limits: Vec<LimitRangeItem>,
    }

    struct LimitRangeItem {
        #[serde(rename = "type", deserialize_with = "nullable")]
        pub kind: String,
        #[serde(deserialize_with = "nullable")]
        pub default: BTreeMap<String, Amount>,
        #[serde(deserialize_with = "nullable")]
        pub default_request: BTreeMap<String, Amount>,
        #[serde(deserialize_with = "nullable")]
        pub max: BTreeMap<String, Amount>,
        #[serde(deserialize_with = "nullable")]
        pub min: BTreeMap<String, Amount>,
        #[serde(deserialize_with = "nullable")]
        pub max_limit_request_ratio: BTreeMap<String, Amount>,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::policy::v1::PodDisruptionBudget)]
    struct PodDisruptionBudget {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: BudgetSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: BudgetStatus,
    }

    struct BudgetSpec {
        /// A number or `50%`.
        pub min_available: Option<Amount>,
        pub max_unavailable: Option<Amount>,
        #[serde(deserialize_with = "nullable")]
        pub selector: Selector,
    }

    struct Selector {
        #[serde(deserialize_with = "nullable")]
        pub match_labels: BTreeMap<String, Option<String>>,
        #[serde(deserialize_with = "nullable")]
        pub match_expressions: Vec<serde::de::IgnoredAny>,
    }

    struct BudgetStatus {
        #[serde(deserialize_with = "number")]
        pub disruptions_allowed: u32,
        #[serde(deserialize_with = "number")]
        pub current_healthy: u32,
        #[serde(deserialize_with = "number")]
        pub desired_healthy: u32,
        #[serde(deserialize_with = "number")]
        pub expected_pods: u32,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::core::v1::PersistentVolumeClaim)]
    struct PersistentVolumeClaim {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: ClaimSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: ClaimStatus,
    }

    struct ClaimSpec {
        pub storage_class_name: Option<String>,
        #[serde(deserialize_with = "nullable")]
        pub resources: ResourceRequirements,
    }

    struct ClaimStatus {
        #[serde(deserialize_with = "nullable")]
        pub phase: String,
        #[serde(deserialize_with = "nullable")]
        pub capacity: BTreeMap<String, Amount>,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::batch::v1::CronJob)]
    struct CronJob {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: CronJobSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: CronJobStatus,
    }

    struct CronJobSpec {
        #[serde(deserialize_with = "nullable")]
        pub schedule: String,
        #[serde(deserialize_with = "nullable")]
        pub suspend: bool,
    }

    struct CronJobStatus {
        pub last_schedule_time: Option<Time>,
        pub last_successful_time: Option<Time>,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::batch::v1::Job)]
    struct Job {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub status: JobStatus,
    }

    struct JobStatus {
        pub start_time: Option<Time>,
        pub completion_time: Option<Time>,
        #[serde(deserialize_with = "nullable")]
        pub conditions: Vec<ObjectCondition>,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::core::v1::Secret)]
    struct Secret {
        #[serde(deserialize_with = "meta_with_writers")]
        pub metadata: ObjectMeta,
    }

    struct Certificate {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: CertificateSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: CertificateStatus,
    }

    struct CertificateSpec {
        #[serde(deserialize_with = "nullable")]
        pub dns_names: Vec<Option<String>>,
    }

    struct CertificateStatus {
        pub not_after: Option<Time>,
        pub renewal_time: Option<Time>,
        #[serde(deserialize_with = "nullable")]
        pub conditions: Vec<ObjectCondition>,
    }

    struct FluxSpec {
        #[serde(deserialize_with = "nullable")]
        pub suspend: bool,
        #[serde(deserialize_with = "nullable")]
        pub interval: String,
    }

    struct FluxStatus {
        #[serde(deserialize_with = "nullable")]
        pub conditions: Vec<ObjectCondition>,
    }

    struct GitRepository {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: FluxSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: FluxStatus,
    }

    struct Kustomization {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: FluxSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: FluxStatus,
    }

    struct HelmRelease {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: FluxSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: FluxStatus,
    }

    struct PostgresCluster {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: PostgresClusterSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: PostgresClusterStatus,
    }

    struct PostgresClusterSpec {
        #[serde(deserialize_with = "number")]
        pub instances: u32,
        /// Whether it is there.
        pub backup: Option<serde::de::IgnoredAny>,
        #[serde(deserialize_with = "nullable")]
        pub plugins: Vec<serde::de::IgnoredAny>,
    }

    struct PostgresClusterStatus {
        #[serde(deserialize_with = "number")]
        pub ready_instances: u32,
        #[serde(deserialize_with = "nullable")]
        pub phase: String,
        #[serde(deserialize_with = "nullable")]
        pub phase_reason: String,
        #[serde(deserialize_with = "nullable")]
        pub current_primary: String,
        #[serde(deserialize_with = "nullable")]
        pub target_primary: String,
        pub last_successful_backup: Option<Time>,
        pub first_recoverability_point: Option<Time>,
        #[serde(deserialize_with = "nullable")]
        pub conditions: Vec<ObjectCondition>,
    }
}

macro_rules! of_operators {
    ($($name:ident: $kind:literal, $plural:literal, $group:literal, $version:literal;)*) => {$(
        impl Resource for $name {
            type DynamicType = ();
            type Scope = NamespaceResourceScope;
            fn kind((): &()) -> Cow<'_, str> {
                $kind.into()
            }
            fn group((): &()) -> Cow<'_, str> {
                $group.into()
            }
            fn version((): &()) -> Cow<'_, str> {
                $version.into()
            }
            fn plural((): &()) -> Cow<'_, str> {
                $plural.into()
            }
            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }
            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }
        }
    )*};
}

of_operators! {
    Certificate: "Certificate", "certificates", "cert-manager.io", "v1";
    GitRepository: "GitRepository", "gitrepositories", "source.toolkit.fluxcd.io", "v1";
    Kustomization: "Kustomization", "kustomizations", "kustomize.toolkit.fluxcd.io", "v1";
    HelmRelease: "HelmRelease", "helmreleases", "helm.toolkit.fluxcd.io", "v2";
    PostgresCluster: "Cluster", "clusters", "postgresql.cnpg.io", "v1";
}
