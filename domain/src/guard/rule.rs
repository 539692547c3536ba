//! The rules of the flight plan, one a file. Each takes a case and writes its lines.

mod autoscaler;
mod availability;
mod backup;
mod budget;
mod digest;
mod freshness;
mod history;
mod keeper;
mod migration;
mod others;
mod paused;
mod quota;
mod replicas;
mod role;
mod rollout;
mod room;
mod tag;
mod target;
#[cfg(test)]
mod tests;
pub(super) mod window;

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::facts::{Facts, Known, Workload};
use super::{Case, Level, Line};
use crate::age::Age;
use crate::name::{ObjectName, WorkloadKind};
use crate::operation::{Operation, Target};
use crate::policy::Class;
use crate::registry::{Replicas, Role};
use crate::text::plain;

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
    /// Of demo data: where they are reset at all.
    Tier,
    /// Of demo data: whether the database is the one that was enrolled.
    Database,
    /// Of demo data: the seed, and the schema that it was written for.
    Seed,
    /// Of demo data: tables that would be emptied as well.
    Cascade,
    /// Of demo data: whether they may be a copy of production.
    Origin,
    /// Of demo data: what is lost.
    Loss,
    /// Of demo data: the snapshot.
    Snapshot,
    /// Of demo data: passwords.
    Passwords,
    /// Of demo data: the cache.
    Cache,
    /// Of demo data: who tests.
    Testing,
    /// Of demo data: who has reserved them.
    Reservation,
}

impl Rule {
    /// Whether its level is part of what was planned. Who else looks at a plan is not, nor who tests: it changes while one reads.
    pub(crate) fn counts(self) -> bool {
        !matches!(self, Self::Others | Self::Testing)
    }
}

/// All rules but that of the window, which is asked last: whether it binds depends on the others.
pub(super) const RULES: [fn(&Case<'_>) -> Vec<Line>; 18] = [
    role::lines,
    freshness::lines,
    target::lines,
    paused::lines,
    rollout::lines,
    availability::lines,
    budget::lines,
    autoscaler::lines,
    replicas::lines,
    quota::lines,
    room::lines,
    keeper::lines,
    tag::lines,
    digest::lines,
    history::lines,
    migration::lines,
    backup::lines,
    others::lines,
];

/// How dangerous an operation is. What is not known is taken for the worse.
pub(super) fn class(operation: &Operation, target: &Target, facts: &Facts) -> Class {
    match operation {
        Operation::Restart | Operation::RestartPod { .. } => {
            if holds_data(target, facts) {
                Class::RestartDatabase
            } else if interrupts(operation, target, facts) {
                Class::RestartWithDowntime
            } else {
                Class::Restart
            }
        }
        Operation::Scale { replicas } => scale_class(*replicas, facts),
        Operation::ScaleRange { min, .. } => scale_class(*min, facts),
        Operation::RollBack { .. } => Class::RollBack,
    }
}

/// Whether data may be lost with its pods: a database, or a StatefulSet of which nobody says that it is none.
fn holds_data(target: &Target, facts: &Facts) -> bool {
    match &facts.declared {
        Some(declared) => declared.role == Role::Database,
        None => target.kind() == WorkloadKind::StatefulSet,
    }
}

fn scale_class(fewest: u32, facts: &Facts) -> Class {
    let declared = match facts.declared.as_ref().and_then(|declared| declared.replicas) {
        Some(Replicas::Exactly(count)) => count,
        Some(Replicas::Autoscaled(range)) => range.min,
        None => return Class::ScaleBelow,
    };
    if fewest == 0 || fewest < declared { Class::ScaleBelow } else { Class::Scale }
}

fn interrupts(operation: &Operation, target: &Target, facts: &Facts) -> bool {
    let (Some(Some(workload)), Some(budgets)) = (facts.workload.value(), facts.budgets.value()) else { return true };
    workload.wanted.min(workload.ready) < 2
        || availability::left(operation, target, workload, facts) == 0
        || budgets.iter().any(|budget| budget.allowed == 0)
}

/// Text from a cluster, safe to show and not too long.
fn shown(text: &str) -> Cow<'_, str> {
    plain(text, 80)
}

/// A count with its noun: `1 pod`, `3 pods`.
fn count(number: u32, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A time span, as ages are written: `40 s`, `7 min`.
fn span(seconds: i64) -> String {
    if seconds < 1 { "0 s".to_owned() } else { Age::between(0, seconds).to_string() }
}

impl<'a> Case<'a> {
    /// A line of a rule.
    pub(super) fn line(
        &self,
        rule: Rule,
        level: Level,
        text: impl Into<Arc<str>>,
        source: &str,
        at: Option<i64>,
    ) -> Line {
        Line { rule, level, text: text.into(), source: source.into(), at, moment: None }
    }

    /// The line of a rule that needs what was not read. `what` with its verb: `how many may be missing is`.
    fn unknown(&self, rule: Rule, what: &str, why: &str, source: &str) -> Vec<Line> {
        vec![self.line(rule, Level::Unknown, format!("{what} not known: {}", plain(why, 200)), source, None)]
    }

    /// The workload, if it was read and is there; where it was not, [`target`] says so.
    fn workload(&self) -> Option<(&'a Workload, i64)> {
        match &self.facts.workload {
            Known::Read { value: Some(workload), at } => Some((workload, *at)),
            Known::Read { value: None, .. } | Known::Unread(_) => None,
        }
    }

    /// What the target is called.
    fn name(&self) -> &'a ObjectName {
        self.target.name()
    }

    /// What the target is to Kubernetes: the source of what its object says.
    fn kind(&self) -> &'static str {
        self.target.kind().title()
    }

    /// How long ago something was, by the clock of the facts.
    fn age(&self, then: i64) -> Age {
        Age::between(then, self.facts.now)
    }

    /// How many pods more than exist now there are for a while or from then on, and at how many replicas.
    fn more_pods(&self, workload: &Workload) -> u32 {
        match self.operation {
            Operation::Restart | Operation::RollBack { .. } => availability::surge(workload),
            Operation::Scale { replicas } => replicas.saturating_sub(workload.existing),
            Operation::ScaleRange { max, .. } => max.saturating_sub(workload.existing),
            Operation::RestartPod { .. } => 0,
        }
    }

    /// Whether pods are made, which a quota can refuse and which need nodes.
    fn makes_pods(&self, workload: &Workload) -> bool {
        (self.operation.replaces_pods() && workload.wanted > 0) || self.more_pods(workload) > 0
    }

    /// Whether the age of the newest backup is asked for.
    fn needs_backup(&self) -> bool {
        self.class == Class::RestartDatabase
            || self.required.backup_hours.is_some()
            || self.facts.declared.as_ref().is_some_and(|declared| declared.backup.is_some())
    }

    /// Whether earlier revisions are asked about.
    fn needs_revisions(&self) -> bool {
        match self.operation {
            Operation::Restart | Operation::RollBack { .. } => true,
            Operation::Scale { .. } | Operation::ScaleRange { .. } | Operation::RestartPod { .. } => false,
        }
    }
}
