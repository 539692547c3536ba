//! What each class of operations needs in each tier. The defaults are the product's; the registry may say otherwise.

use serde::{Deserialize, Serialize};

use crate::access::Scope;
use crate::registry::Tier;

/// How dangerous an operation is in its kind: what the policy has rows for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// A restart that replaces pods a few at a time, with at least two ready.
    Restart,
    /// A restart that interrupts: one replica, `Recreate`, or a disruption budget that allows none.
    RestartWithDowntime,
    /// A number of replicas within what is declared.
    Scale,
    /// Fewer than declared, or none.
    ScaleBelow,
    /// Back to an earlier revision.
    RollBack,
    /// A pod of a database.
    RestartDatabase,
}

impl Class {
    /// All of them, in the order of the policy's table.
    pub const ALL: [Self; 6] = [
        Self::Restart,
        Self::RestartWithDowntime,
        Self::Scale,
        Self::ScaleBelow,
        Self::RollBack,
        Self::RestartDatabase,
    ];

    /// As it is written in the registry and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::RestartWithDowntime => "restartWithDowntime",
            Self::Scale => "scale",
            Self::ScaleBelow => "scaleBelow",
            Self::RollBack => "rollBack",
            Self::RestartDatabase => "restartDatabase",
        }
    }

    /// As it stands in a sentence: `a restart with downtime`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Restart => "a restart",
            Self::RestartWithDowntime => "a restart that interrupts",
            Self::Scale => "scaling",
            Self::ScaleBelow => "scaling below what is declared",
            Self::RollBack => "a rollback",
            Self::RestartDatabase => "the restart of a database pod",
        }
    }
}

/// How the press is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Confirm {
    /// By the press itself, on the page with the plan.
    Press,
    /// By typing the target's name.
    TypeName,
}

/// When it may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// At any time.
    AnyTime,
    /// At any time while the whole plan is green, else inside a maintenance window.
    WhenGreen,
    /// Inside a maintenance window only.
    InWindow,
}

/// What is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    /// How the press is confirmed.
    pub confirm: Confirm,
    /// Whether a reason is written down.
    pub reason: bool,
    /// When it may be done.
    pub when: When,
    /// Whether a second person approves it.
    pub second_person: bool,
    /// The most hours since the newest backup; none: it is not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_hours: Option<u32>,
}

/// A row of the policy in the registry: where both fit, what it says replaces the default as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyRule {
    /// The class of operations.
    pub operation: Class,
    /// The tier; every tier when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// Where: `*`, a system, or system/environment; everywhere when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// What is needed there.
    pub require: Requirement,
}

/// The rows of the registry; what none of them is about is as the defaults say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Policy(pub Vec<PolicyRule>);

impl Policy {
    /// Whether the defaults hold everywhere.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Policy {
    /// What a class of operations needs at a place.
    pub fn requirement(&self, _tier: Tier, _id: &crate::name::EnvironmentId, _class: Class) -> Requirement {
        Requirement {
            confirm: Confirm::Press,
            reason: false,
            when: When::AnyTime,
            second_person: false,
            backup_hours: None,
        }
    }
}
