//! The rules of the flight plan, one a file. Each takes a case and writes its lines.

pub(super) mod window;

use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::{Case, Level, Line};
use crate::operation::Operation;
use crate::policy::Class;

/// A rule. Its name goes into the hash of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Whether the person may operate here.
    Role,
    /// Whether the facts are of now.
    Freshness,
    /// Whether it is the object that was planned for.
    Target,
    /// Whether the order can be put together.
    Order,
    /// Maintenance windows and freezes.
    Window,
    /// Paused rollouts.
    Paused,
    /// A rollout that is running.
    Rollout,
    /// How many pods are left while it runs.
    Availability,
    /// Disruption budgets.
    Budget,
    /// What the autoscaler will do.
    Autoscaler,
    /// Numbers that make no sense, or are not declared.
    Replicas,
    /// Quotas and limit ranges.
    Quota,
    /// Nodes for the pods that come.
    Room,
    /// Whoever keeps it as written elsewhere.
    Keeper,
    /// Tags that move.
    Tag,
    /// What a rollback changes.
    Digest,
    /// What falls out of the history.
    History,
    /// Migrations, which nothing takes back.
    Migration,
    /// Backups.
    Backup,
    /// Others at work here.
    Others,
}

impl Rule {
    /// Whether its level is part of what was planned. Who else looks at a plan is not: it changes while one reads.
    pub(super) fn counts(self) -> bool {
        self != Self::Others
    }
}

/// All rules, in the order of their lines.
pub(super) const RULES: [fn(&Case<'_>) -> Vec<Line>; 1] = [window::lines];

/// How dangerous an operation is.
pub(super) fn class(operation: &Operation, _facts: &Facts) -> Class {
    match operation {
        Operation::Restart => Class::Restart,
        Operation::Scale { .. } | Operation::ScaleRange { .. } => Class::Scale,
        Operation::RollBack { .. } => Class::RollBack,
        Operation::RestartPod { .. } => Class::RestartDatabase,
    }
}

impl Case<'_> {
    /// A line of a rule.
    fn line(
        &self,
        rule: Rule,
        level: Level,
        text: impl Into<std::sync::Arc<str>>,
        source: &str,
        at: Option<i64>,
    ) -> Line {
        Line { rule, level, text: text.into(), source: source.into(), at }
    }
}
