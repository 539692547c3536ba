//! Kubernetes objects as narrow as the rules read them. Field names and meanings: the Kubernetes API reference.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::narrow::{Amount, Time, meta, meta_with_writers, nullable, number};

macro_rules! objects {
    ($($(#[$attribute:meta])* struct $name:ident { $($body:tt)* })*) => {
        $(
            $(#[$attribute])*
            #[derive(Clone, Debug, Default, Deserialize)]
            #[serde(rename_all = "camelCase", default)]
            pub struct $name { $($body)* }
        )*
    };
}

pub mod around;
mod autoscaler;

pub use autoscaler::{
    Autoscaler, CurrentMetric, Metric, MetricName, MetricValue, ReadMetric, ScalingPolicy, ScalingRules, WantedMetric,
};

objects! {
    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::core::v1::Pod)]
    struct Pod {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: PodSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: PodStatus,
    }

    struct PodSpec {
        pub node_name: Option<String>,
        #[serde(deserialize_with = "nullable")]
        pub containers: Vec<ContainerSpec>,
        #[serde(deserialize_with = "nullable")]
        pub init_containers: Vec<ContainerSpec>,
        #[serde(deserialize_with = "nullable")]
        pub image_pull_secrets: Vec<Reference>,
        #[serde(deserialize_with = "nullable")]
        pub volumes: Vec<Volume>,
    }

    /// Only which claim it is of.
    struct Volume {
        pub persistent_volume_claim: Option<ClaimReference>,
    }

    struct ClaimReference {
        #[serde(deserialize_with = "nullable")]
        pub claim_name: String,
    }

    struct ContainerSpec {
        #[serde(deserialize_with = "nullable")]
        pub name: String,
        #[serde(deserialize_with = "nullable")]
        pub image: String,
        /// `Always` on an init container makes it a side car.
        pub restart_policy: Option<String>,
    }

    struct PodStatus {
        pub phase: Option<String>,
        pub reason: Option<String>,
        pub message: Option<String>,
        #[serde(deserialize_with = "nullable")]
        pub conditions: Vec<ObjectCondition>,
        #[serde(deserialize_with = "nullable")]
        pub container_statuses: Vec<ContainerStatus>,
        #[serde(deserialize_with = "nullable")]
        pub init_container_statuses: Vec<ContainerStatus>,
    }

    struct ObjectCondition {
        #[serde(rename = "type", deserialize_with = "nullable")]
        pub kind: String,
        #[serde(deserialize_with = "nullable")]
        pub status: String,
        #[serde(deserialize_with = "nullable")]
        pub reason: String,
        #[serde(deserialize_with = "nullable")]
        pub message: String,
        pub last_transition_time: Option<Time>,
        pub last_update_time: Option<Time>,
    }

    struct ContainerStatus {
        #[serde(deserialize_with = "nullable")]
        pub name: String,
        #[serde(rename = "imageID", deserialize_with = "nullable")]
        pub image_id: String,
        #[serde(deserialize_with = "nullable")]
        pub ready: bool,
        #[serde(deserialize_with = "number")]
        pub restart_count: u32,
        #[serde(deserialize_with = "nullable")]
        pub state: ContainerState,
        #[serde(deserialize_with = "nullable")]
        pub last_state: ContainerState,
    }

    struct ContainerState {
        pub waiting: Option<Waiting>,
        pub running: Option<Running>,
        pub terminated: Option<Terminated>,
    }

    struct Waiting {
        #[serde(deserialize_with = "nullable")]
        pub reason: String,
        #[serde(deserialize_with = "nullable")]
        pub message: String,
    }

    struct Running {
        pub started_at: Option<Time>,
    }

    struct Terminated {
        #[serde(deserialize_with = "nullable")]
        pub reason: String,
        #[serde(deserialize_with = "number")]
        pub exit_code: i32,
        pub finished_at: Option<Time>,
        pub started_at: Option<Time>,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::core::v1::Node)]
    struct Node {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: NodeSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: NodeStatus,
    }

    struct NodeSpec {
        #[serde(deserialize_with = "nullable")]
        pub unschedulable: bool,
    }

    struct NodeStatus {
        #[serde(deserialize_with = "nullable")]
        pub conditions: Vec<ObjectCondition>,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::apps::v1::Deployment)]
    struct Deployment {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: WorkloadSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: WorkloadStatus,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::apps::v1::StatefulSet)]
    struct StatefulSet {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: WorkloadSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: WorkloadStatus,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::apps::v1::DaemonSet)]
    struct DaemonSet {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: WorkloadSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: WorkloadStatus,
    }

    struct WorkloadSpec {
        #[serde(deserialize_with = "number")]
        pub replicas: Option<u32>,
        #[serde(deserialize_with = "nullable")]
        pub paused: bool,
        /// Of a StatefulSet or DaemonSet.
        #[serde(deserialize_with = "nullable")]
        pub update_strategy: UpdateStrategy,
        #[serde(deserialize_with = "nullable")]
        pub template: Template,
        #[serde(deserialize_with = "nullable")]
        pub volume_claim_templates: Vec<VolumeClaim>,
    }

    struct UpdateStrategy {
        #[serde(rename = "type")]
        pub kind: Option<String>,
        #[serde(deserialize_with = "nullable")]
        pub rolling_update: RollingUpdate,
    }

    struct RollingUpdate {
        /// Of a StatefulSet.
        #[serde(deserialize_with = "number")]
        pub partition: Option<u32>,
    }

    struct Template {
        #[serde(deserialize_with = "nullable")]
        pub metadata: TemplateMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: TemplateSpec,
    }

    struct TemplateMeta {
        /// All of them: disruption budgets select by any.
        #[serde(deserialize_with = "nullable")]
        pub labels: BTreeMap<String, Option<String>>,
    }

    struct TemplateSpec {
        #[serde(deserialize_with = "nullable")]
        pub containers: Vec<TemplateContainer>,
        #[serde(deserialize_with = "nullable")]
        pub init_containers: Vec<TemplateContainer>,
        #[serde(deserialize_with = "nullable")]
        pub overhead: BTreeMap<String, Amount>,
        /// Whether it is there.
        pub resources: Option<IgnoredAny>,
        pub runtime_class_name: Option<String>,
    }

    struct TemplateContainer {
        #[serde(deserialize_with = "nullable")]
        pub name: String,
        #[serde(deserialize_with = "nullable")]
        pub image: String,
        #[serde(deserialize_with = "nullable")]
        pub resources: ResourceRequirements,
        /// `Always` on an init container makes it a side car.
        pub restart_policy: Option<String>,
        #[serde(deserialize_with = "nullable")]
        pub env_from: Vec<EnvFrom>,
        #[serde(deserialize_with = "nullable")]
        pub env: Vec<EnvVariable>,
    }

    struct ResourceRequirements {
        #[serde(deserialize_with = "nullable")]
        pub requests: BTreeMap<String, Amount>,
        #[serde(deserialize_with = "nullable")]
        pub limits: BTreeMap<String, Amount>,
    }

    struct EnvFrom {
        pub config_map_ref: Option<Reference>,
    }

    /// Only where the value comes from: a value itself is never read.
    struct EnvVariable {
        pub value_from: Option<ValueFrom>,
    }

    struct ValueFrom {
        pub config_map_key_ref: Option<Reference>,
    }

    struct Reference {
        #[serde(deserialize_with = "nullable")]
        pub name: String,
    }

    struct VolumeClaim {
        #[serde(deserialize_with = "nullable")]
        pub spec: VolumeClaimSpec,
    }

    struct VolumeClaimSpec {
        #[serde(deserialize_with = "nullable")]
        pub resources: ResourceRequirements,
    }

    /// The union of what the three kinds report.
    struct WorkloadStatus {
        #[serde(deserialize_with = "number")]
        pub observed_generation: i64,
        #[serde(deserialize_with = "number")]
        pub replicas: u32,
        #[serde(deserialize_with = "number")]
        pub updated_replicas: u32,
        #[serde(deserialize_with = "number")]
        pub ready_replicas: u32,
        #[serde(deserialize_with = "number")]
        pub available_replicas: u32,
        pub current_revision: Option<String>,
        pub update_revision: Option<String>,
        #[serde(deserialize_with = "number")]
        pub desired_number_scheduled: u32,
        #[serde(deserialize_with = "number")]
        pub current_number_scheduled: u32,
        #[serde(deserialize_with = "number")]
        pub updated_number_scheduled: u32,
        #[serde(deserialize_with = "number")]
        pub number_ready: u32,
        #[serde(deserialize_with = "number")]
        pub number_available: u32,
        #[serde(deserialize_with = "nullable")]
        pub conditions: Vec<ObjectCondition>,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::apps::v1::ReplicaSet)]
    struct ReplicaSet {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: WorkloadSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: WorkloadStatus,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::apps::v1::ControllerRevision)]
    struct ControllerRevision {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "number")]
        pub revision: i64,
        #[serde(deserialize_with = "nullable")]
        pub data: RevisionData,
    }

    struct RevisionData {
        #[serde(deserialize_with = "nullable")]
        pub spec: WorkloadSpec,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::core::v1::ConfigMap)]
    struct ConfigMap {
        #[serde(deserialize_with = "meta_with_writers")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub data: BTreeMap<String, String>,
    }

    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::core::v1::Event)]
    struct Event {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub involved_object: ObjectReference,
        #[serde(deserialize_with = "nullable")]
        pub reason: String,
        #[serde(deserialize_with = "nullable")]
        pub message: String,
        #[serde(rename = "type", deserialize_with = "nullable")]
        pub kind: String,
        #[serde(deserialize_with = "number")]
        pub count: Option<u32>,
        pub last_timestamp: Option<Time>,
        pub event_time: Option<Time>,
        pub series: Option<EventSeries>,
    }

    /// What the containers of a pod use. <https://github.com/kubernetes/metrics>
    struct PodMetrics {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        /// When it was measured.
        pub timestamp: Option<Time>,
        #[serde(deserialize_with = "nullable")]
        pub containers: Vec<ContainerMetrics>,
    }

    struct ContainerMetrics {
        #[serde(deserialize_with = "nullable")]
        pub name: String,
        #[serde(deserialize_with = "nullable")]
        pub usage: BTreeMap<String, Amount>,
    }

    struct PodMetricsList {
        #[serde(deserialize_with = "nullable")]
        pub items: Vec<PodMetrics>,
    }

    struct ObjectReference {
        #[serde(deserialize_with = "nullable")]
        pub kind: String,
        #[serde(deserialize_with = "nullable")]
        pub name: String,
    }

    struct EventSeries {
        #[serde(deserialize_with = "number")]
        pub count: u32,
        pub last_observed_time: Option<Time>,
    }
}
