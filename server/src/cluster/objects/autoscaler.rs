//! A HorizontalPodAutoscaler, as narrow as the rules read it.
//! <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/>

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::Deserialize;

use super::ObjectCondition;
use crate::cluster::narrow::{Amount, Time, meta, nullable, number};

objects! {
    #[derive(Resource)]
    #[resource(inherit = k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler)]
    struct Autoscaler {
        #[serde(deserialize_with = "meta")]
        pub metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable")]
        pub spec: AutoscalerSpec,
        #[serde(deserialize_with = "nullable")]
        pub status: AutoscalerStatus,
    }

    struct AutoscalerSpec {
        #[serde(deserialize_with = "nullable")]
        pub scale_target_ref: ObjectName,
        #[serde(deserialize_with = "number")]
        pub min_replicas: Option<u32>,
        #[serde(deserialize_with = "number")]
        pub max_replicas: u32,
        #[serde(deserialize_with = "nullable")]
        pub metrics: Vec<Metric>,
        pub behavior: Option<ScalingBehavior>,
    }

    struct ObjectName {
        #[serde(deserialize_with = "nullable")]
        pub kind: String,
        #[serde(deserialize_with = "nullable")]
        pub name: String,
    }

    /// Of the spec.
    struct Metric {
        pub resource: Option<WantedMetric>,
        pub container_resource: Option<WantedMetric>,
        pub pods: Option<WantedMetric>,
        pub object: Option<WantedMetric>,
        pub external: Option<WantedMetric>,
    }

    struct WantedMetric {
        #[serde(flatten)]
        pub name: MetricName,
        #[serde(deserialize_with = "nullable")]
        pub target: MetricValue,
    }

    /// Of the status.
    struct ReadMetric {
        pub resource: Option<CurrentMetric>,
        pub container_resource: Option<CurrentMetric>,
        pub pods: Option<CurrentMetric>,
        pub object: Option<CurrentMetric>,
        pub external: Option<CurrentMetric>,
    }

    struct CurrentMetric {
        #[serde(flatten)]
        pub name: MetricName,
        #[serde(deserialize_with = "nullable")]
        pub current: MetricValue,
    }

    /// Which one it is: each kind of metric has some of these.
    #[derive(PartialEq)]
    struct MetricName {
        /// Of a resource.
        #[serde(deserialize_with = "nullable")]
        pub name: String,
        #[serde(deserialize_with = "nullable")]
        pub container: String,
        #[serde(deserialize_with = "nullable")]
        pub metric: NamedMetric,
        #[serde(deserialize_with = "nullable")]
        pub described_object: DescribedObject,
    }

    #[derive(PartialEq)]
    struct NamedMetric {
        #[serde(deserialize_with = "nullable")]
        pub name: String,
        /// Two metrics may differ by nothing else.
        pub selector: Option<serde_json::Value>,
    }

    #[derive(PartialEq)]
    struct DescribedObject {
        #[serde(deserialize_with = "nullable")]
        pub kind: String,
        #[serde(deserialize_with = "nullable")]
        pub name: String,
    }

    struct MetricValue {
        #[serde(deserialize_with = "number")]
        pub average_utilization: Option<u32>,
        pub average_value: Option<Amount>,
        pub value: Option<Amount>,
    }

    struct ScalingBehavior {
        #[serde(deserialize_with = "nullable")]
        pub scale_up: ScalingRules,
        #[serde(deserialize_with = "nullable")]
        pub scale_down: ScalingRules,
    }

    struct ScalingRules {
        #[serde(deserialize_with = "number")]
        pub stabilization_window_seconds: Option<u32>,
        #[serde(deserialize_with = "nullable")]
        pub select_policy: String,
        #[serde(deserialize_with = "nullable")]
        pub policies: Vec<ScalingPolicy>,
        pub tolerance: Option<Amount>,
    }

    struct ScalingPolicy {
        #[serde(rename = "type", deserialize_with = "nullable")]
        pub kind: String,
        #[serde(deserialize_with = "number")]
        pub value: u32,
        #[serde(deserialize_with = "number")]
        pub period_seconds: u32,
    }

    struct AutoscalerStatus {
        #[serde(deserialize_with = "number")]
        pub current_replicas: u32,
        #[serde(deserialize_with = "number")]
        pub desired_replicas: u32,
        #[serde(deserialize_with = "nullable")]
        pub current_metrics: Vec<ReadMetric>,
        pub last_scale_time: Option<Time>,
        #[serde(deserialize_with = "nullable")]
        pub conditions: Vec<ObjectCondition>,
    }
}
