//! What rules are asked about an autoscaler.

use std::sync::Arc;

use super::Condition;
use crate::quantity::Quantity;

/// A HorizontalPodAutoscaler.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AutoscalerFacts {
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
    /// `status.currentReplicas`.
    pub current: u32,
    /// `status.desiredReplicas`.
    pub desired: u32,
    /// What it looks at, in the order of its spec.
    pub metrics: Vec<MetricFacts>,
    /// `spec.behavior`; without it the controller goes by its own settings, which are not seen.
    pub behavior: Option<Behavior>,
    /// `status.lastScaleTime`.
    pub last_scale: Option<i64>,
    /// Conditions: `AbleToScale`, `ScalingActive`, `ScalingLimited`.
    pub conditions: Vec<Condition>,
}

impl AutoscalerFacts {
    /// The utilisation of what whole pods request that it keeps to, in percent; `metric` is `CPU` or `Memory`. None: it does not look
    /// at it so.
    pub fn wanted_utilization(&self, metric: &str) -> Option<u32> {
        self.metrics.iter().find(|known| *known.name == *metric).and_then(|known| match known.target {
            Measure::Utilization(percent) => Some(percent),
            Measure::Average(_) | Measure::Value(_) => None,
        })
    }
}

/// A metric, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricFacts {
    /// `CPU`, `Memory of nginx`, `requests_per_second`, `hits of Ingress main`.
    pub name: Arc<str>,
    /// Whether it is measured at the pods, so that those that are not ready do not count as they are.
    pub at_pods: bool,
    /// What is wanted.
    pub target: Measure,
    /// What is; `None` when it could not be read.
    pub current: Option<Measure>,
}

/// A figure of a metric.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// In percent of what the pods request.
    Utilization(u32),
    /// Of each pod, on the average.
    Average(Quantity),
    /// As a whole.
    Value(Quantity),
}

/// How it may scale.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Behavior {
    /// To more.
    pub up: ScalingRules,
    /// To fewer.
    pub down: ScalingRules,
}

/// How it may scale in one direction; what is `None` is as Kubernetes has it by default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScalingRules {
    /// `stabilizationWindowSeconds`.
    pub window: Option<u32>,
    /// `selectPolicy`.
    pub select: Select,
    /// `policies`; none stands for the default ones.
    pub policies: Vec<Policy>,
    /// `tolerance`, as a share of the target.
    pub tolerance: Option<Quantity>,
}

/// Which of several policies counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Select {
    /// The one that allows most.
    #[default]
    Max,
    /// The one that allows least.
    Min,
    /// None: it does not scale in this direction.
    Disabled,
}

/// How much it may change within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// By how much.
    pub by: Change,
    /// `periodSeconds`.
    pub period: u32,
}

/// How much a policy allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// So many pods.
    Pods(u32),
    /// So many percent of those that there were.
    Percent(u32),
}
