//! Alerts: which rules there are, what each of them sees in an environment, and how an alert lives.
//!
//! A rule says what is wrong now ([`symptoms`]). For how long that must last before anybody is called, and when it counts as over,
//! is decided for all rules alike in [`life`].

mod autoscaler_at_maximum;
mod backup_old;
mod certificate_expiring;
mod crash_loop;
mod database_failed;
mod disk_full;
mod environment_down;
mod error_rate;
pub mod life;
pub mod notice;
mod slow_responses;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::facts::AutoscalerFacts;
use crate::facts::around::Around;
use crate::measured::Measured;
use crate::name::{ComponentId, EnvironmentId};
use crate::view::{Cell, EnvironmentHead, Finding};

/// Which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RuleId {
    /// The environment's state is Failed.
    EnvironmentDown,
    /// Too many answers are errors, by Prometheus.
    ErrorRate,
    /// The database does not answer its check.
    DatabaseFailed,
    /// A volume is nearly full, where that is measured.
    DiskFull,
    /// A certificate ends soon.
    CertificateExpiring,
    /// A component starts and ends again and again.
    CrashLoop,
    /// An HPA has no room left.
    AutoscalerAtMaximum,
    /// A backup is missing, or older than it should be.
    BackupOld,
    /// Answers take too long, by Prometheus.
    SlowResponses,
}

impl RuleId {
    /// All of them, in the order of [`RULES`].
    pub const ALL: [Self; 9] = [
        Self::EnvironmentDown,
        Self::ErrorRate,
        Self::DatabaseFailed,
        Self::DiskFull,
        Self::CertificateExpiring,
        Self::CrashLoop,
        Self::AutoscalerAtMaximum,
        Self::BackupOld,
        Self::SlowResponses,
    ];

    /// As it is written in the registry, and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EnvironmentDown => "environment-down",
            Self::ErrorRate => "error-rate",
            Self::DatabaseFailed => "database-failed",
            Self::DiskFull => "disk-full",
            Self::CertificateExpiring => "certificate-expiring",
            Self::CrashLoop => "crash-loop",
            Self::AutoscalerAtMaximum => "autoscaler-at-maximum",
            Self::BackupOld => "backup-old",
            Self::SlowResponses => "slow-responses",
        }
    }

    /// What it is and how it decides.
    pub fn rule(self) -> &'static Rule {
        match self {
            Self::EnvironmentDown => &environment_down::RULE,
            Self::ErrorRate => &error_rate::RULE,
            Self::DatabaseFailed => &database_failed::RULE,
            Self::DiskFull => &disk_full::RULE,
            Self::CertificateExpiring => &certificate_expiring::RULE,
            Self::CrashLoop => &crash_loop::RULE,
            Self::AutoscalerAtMaximum => &autoscaler_at_maximum::RULE,
            Self::BackupOld => &backup_old::RULE,
            Self::SlowResponses => &slow_responses::RULE,
        }
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a rule of alerts")]
pub struct NoRule(String);

impl FromStr for RuleId {
    type Err = NoRule;
    fn from_str(text: &str) -> Result<Self, NoRule> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == text).ok_or_else(|| NoRule(text.to_owned()))
    }
}

/// How much it hurts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Somebody should look today.
    Warning,
    /// Somebody must look now.
    Critical,
}

impl Severity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// A bound that a registry may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// Where it is unless the registry says otherwise.
    pub default: u32,
    /// The largest that makes sense.
    pub most: u32,
    /// What it counts: `percent`, `days`, `milliseconds`.
    pub unit: &'static str,
}

/// A rule.
pub struct Rule {
    /// Which.
    pub id: RuleId,
    /// Its name on screen: `Environment down`.
    pub words: &'static str,
    /// What it watches for, in a sentence.
    pub explained: &'static str,
    /// How much it hurts.
    pub severity: Severity,
    /// Seconds for which a symptom must last before anybody is called.
    pub for_seconds: i64,
    /// Seconds without the symptom after which it counts as over.
    pub quiet_seconds: i64,
    /// The bound that it compares with, if it compares.
    pub threshold: Option<Threshold>,
    /// What it sees, given its bound, which is 0 for rules without one. `None`: it cannot be seen now, so nothing is known.
    see: fn(&Sight<'_>, u32) -> Option<Seen>,
}

/// All rules.
pub static RULES: [&Rule; 9] = [
    &environment_down::RULE,
    &error_rate::RULE,
    &database_failed::RULE,
    &disk_full::RULE,
    &certificate_expiring::RULE,
    &crash_loop::RULE,
    &autoscaler_at_maximum::RULE,
    &backup_old::RULE,
    &slow_responses::RULE,
];

/// Seconds without a symptom after which most alerts are over: what comes and goes within them is one alert.
const QUIET: i64 = 60;

/// What is known of an environment at a moment. What is `None` is not known, or nobody measures it: about that nothing is said.
pub struct Sight<'a> {
    /// Its name, its state and its sentence.
    pub head: &'a EnvironmentHead,
    /// Whether what the cluster told is in step with it. If not, nothing of it is judged.
    pub is_live: bool,
    /// Its components, as last judged.
    pub cells: Vec<&'a Cell>,
    /// Its autoscalers, by name; `None` while they may not be read.
    pub autoscalers: Option<Vec<(Arc<str>, &'a AutoscalerFacts)>>,
    /// What is wrong in it.
    pub findings: Vec<Finding>,
    /// What stands around its workloads; `None` where it is not watched.
    pub around: Option<&'a Around>,
    /// What its database answered when it was last checked; `None` while it is not checked, or the check says nothing.
    pub database: Option<Checked>,
    /// What a Prometheus has of it.
    pub measured: Measured,
    /// Seconds since 1970.
    pub now: i64,
}

/// How a check went that gave an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Whether it failed.
    pub failed: bool,
    /// What came back, in a sentence.
    pub sentence: Arc<str>,
    /// Since when it is so, seconds since 1970; 0 when not known.
    pub since: i64,
}

/// Something that is wrong now, as a rule sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symptom {
    /// What it is about within the environment, the same at every look: a component, an autoscaler, a volume. Empty: the environment.
    pub about: Arc<str>,
    /// `fleet-api crash loops`.
    pub title: String,
    /// What was seen, in sentences.
    pub evidence: String,
    /// Since when, seconds since 1970; `None` when only known from now on.
    pub since: Option<i64>,
    /// The component whose page says more; `None`: the environment's.
    pub component: Option<ComponentId>,
}

/// What a rule sees in an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// What is wrong.
    pub symptoms: Vec<Symptom>,
    /// Of what it cannot be said now whether it is wrong.
    pub hidden: Vec<Arc<str>>,
}

impl From<Vec<Symptom>> for Seen {
    fn from(symptoms: Vec<Symptom>) -> Self {
        Self { symptoms, hidden: Vec::new() }
    }
}

/// Of what there is one alert at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertKey {
    /// Where.
    pub environment: EnvironmentId,
    /// By which rule.
    pub rule: RuleId,
    /// About what; empty: the environment itself.
    pub about: Arc<str>,
}

impl fmt::Display for AlertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.environment, self.rule, self.about)
    }
}

/// What a rule sees. `None`: it cannot be seen now, and nothing changes.
pub fn symptoms(rule: &Rule, sight: &Sight<'_>, threshold: u32) -> Option<Seen> {
    (rule.see)(sight, threshold)
}

/// The name of an environment as people say it: `The Shop Production`.
fn place(head: &EnvironmentHead) -> String {
    format!("{} {}", head.system, head.title)
}

/// A symptom of the environment itself.
fn of_environment(title: String, evidence: String) -> Symptom {
    Symptom { about: "".into(), title, evidence, since: None, component: None }
}
