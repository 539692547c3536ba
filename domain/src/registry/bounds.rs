//! What a namespace should let in: its quota, what containers get by default, and how many pods may be missing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// What a ResourceQuota should hold. What is left out is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExpectedQuota {
    /// `requests.cpu` and `requests.memory`, also where they are written as `cpu` and `memory`.
    #[serde(default, skip_serializing_if = "Amounts::is_empty")]
    pub requests: Amounts,
    /// `limits.cpu` and `limits.memory`.
    #[serde(default, skip_serializing_if = "Amounts::is_empty")]
    pub limits: Amounts,
}

/// What a LimitRange should give to containers. What is left out is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExpectedLimitRange {
    /// The limit of a container that sets none.
    #[serde(default, skip_serializing_if = "Amounts::is_empty")]
    pub default: Amounts,
    /// The request of a container that sets none.
    #[serde(default, skip_serializing_if = "Amounts::is_empty")]
    pub default_request: Amounts,
}

/// CPU and memory.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Amounts {
    /// CPU, in cores or millicores: `10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Memory: `20Gi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

impl Amounts {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.cpu.is_none() && self.memory.is_none()
    }
}

/// What a PodDisruptionBudget should say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum DisruptionBudget {
    /// So many pods stay: `minAvailable: 2`.
    MinAvailable(Count),
    /// So many pods may be missing: `maxUnavailable: 1`.
    MaxUnavailable(Count),
}

/// A number of pods, or a share of them: `2`, `50%`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Count {
    /// So many.
    Pods(u32),
    /// So many percent of them.
    Percent(String),
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pods(count) => write!(f, "{count}"),
            Self::Percent(percent) => f.write_str(percent),
        }
    }
}

impl fmt::Display for DisruptionBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MinAvailable(count) => write!(f, "minAvailable {count}"),
            Self::MaxUnavailable(count) => write!(f, "maxUnavailable {count}"),
        }
    }
}
