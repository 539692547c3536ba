//! The seven checks of an environment: what each finds, from what came back when it asked.
//!
//! A check that is not configured is never shown as if it were fine, and one that could not look says that it does not know.

pub mod cluster;
pub mod health;
pub mod history;
pub mod pace;
pub mod pods;
pub mod postgres;
pub mod redis;
pub mod services;
pub mod telemetry;
pub mod trouble;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::text::plain;
use crate::view::State;

/// The most characters of what another program says of itself that are repeated.
const LONGEST_WORDS: usize = 160;

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckKind {
    /// The cluster answers, and what is held of it is in step.
    Cluster,
    /// All pods of what is declared are ready.
    Pods,
    /// Services lead somewhere.
    Services,
    /// The API says that it is well, and what it is.
    Health,
    /// PostgreSQL answers a query.
    Postgres,
    /// Redis answers a `PING`.
    Redis,
    /// Telemetry arrives where it should.
    Telemetry,
}

impl CheckKind {
    /// All seven, as they stand on screen.
    pub const ALL: [Self; 7] =
        [Self::Cluster, Self::Pods, Self::Services, Self::Health, Self::Postgres, Self::Redis, Self::Telemetry];

    /// Its word in the database and in what programs read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Pods => "pods",
            Self::Services => "services",
            Self::Health => "health",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Telemetry => "telemetry",
        }
    }

    /// What should be so, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Cluster => "Cluster reachable",
            Self::Pods => "All pods ready",
            Self::Services => "Services have endpoints",
            Self::Health => "API is healthy",
            Self::Postgres => "PostgreSQL answers",
            Self::Redis => "Redis answers",
            Self::Telemetry => "Telemetry arrives",
        }
    }

    /// One word, where space is short.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cluster => "Cluster",
            Self::Pods => "Pods",
            Self::Services => "Services",
            Self::Health => "API",
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
            Self::Telemetry => "Telemetry",
        }
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CheckKind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It works, and something about it is not as it should be.
    Warning,
    /// It does not work.
    Failed,
    /// It could not be looked at.
    Unknown,
    /// Nobody said where to look.
    NotConfigured,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Ok, Self::Warning, Self::Failed, Self::Unknown, Self::NotConfigured];

    /// Its word in the database and in what programs read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NotConfigured => "notConfigured",
        }
    }

    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "Warning",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
            Self::NotConfigured => "Not configured",
        }
    }

    /// The state whose shape and colour it has.
    pub fn state(self) -> State {
        match self {
            Self::Ok => State::Ready,
            Self::Warning => State::Degraded,
            Self::Failed => State::Failed,
            Self::Unknown => State::Unknown,
            Self::NotConfigured => State::Off,
        }
    }

    /// Whether what was checked works: `None` where that is not known.
    pub fn works(self) -> Option<bool> {
        match self {
            Self::Ok | Self::Warning => Some(true),
            Self::Failed => Some(false),
            Self::Unknown | Self::NotConfigured => None,
        }
    }
}

impl FromStr for Outcome {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text).ok_or(())
    }
}

/// What a check found, and the sentence that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How it is.
    pub outcome: Outcome,
    /// A sentence with its evidence.
    pub sentence: Arc<str>,
}

impl Verdict {
    fn new(outcome: Outcome, sentence: impl Into<Arc<str>>) -> Self {
        Self { outcome, sentence: sentence.into() }
    }

    fn ok(sentence: impl Into<Arc<str>>) -> Self {
        Self::new(Outcome::Ok, sentence)
    }

    fn warning(sentence: impl Into<Arc<str>>) -> Self {
        Self::new(Outcome::Warning, sentence)
    }

    fn failed(sentence: impl Into<Arc<str>>) -> Self {
        Self::new(Outcome::Failed, sentence)
    }

    fn unknown(sentence: impl Into<Arc<str>>) -> Self {
        Self::new(Outcome::Unknown, sentence)
    }

    /// Of a check that nobody configured; `field` is the one of the registry that would.
    pub fn not_configured(field: &str) -> Self {
        Self::new(Outcome::NotConfigured, format!("Not configured: the registry has no checks.{field} here."))
    }
}

/// One run of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// Which.
    pub kind: CheckKind,
    /// When it was asked, microseconds since 1970.
    pub at: i64,
    /// How it is.
    pub outcome: Outcome,
    /// A sentence with its evidence.
    pub sentence: Arc<str>,
    /// How long the answer took, in milliseconds; `None` where nobody was asked.
    pub latency_ms: Option<u32>,
    /// Seconds until it is asked again.
    pub pause_s: u32,
}

/// Words of another program, made safe to show, without the full stop.
pub(crate) fn said(words: &str) -> String {
    plain(words.trim(), LONGEST_WORDS).trim_end_matches(['.', ' ', '!']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_again() {
        for kind in CheckKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
            assert_eq!(serde_json::to_string(&outcome).unwrap(), format!("\"{}\"", outcome.as_str()));
        }
        assert_eq!("".parse::<CheckKind>(), Err(()));
    }

    #[test]
    fn only_what_works_looks_as_if_it_did() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.state() == State::Ready, outcome == Outcome::Ok, "{outcome:?}");
        }
        assert_eq!(Verdict::not_configured("redis").outcome, Outcome::NotConfigured);
    }
}
