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
    /// Whether it is so because our credential was not taken. Who is asked again and again with a wrong one may lock the account.
    pub is_locked_out: bool,
}

impl Verdict {
    fn new(outcome: Outcome, sentence: impl Into<Arc<str>>) -> Self {
        Self { outcome, sentence: sentence.into(), is_locked_out: false }
    }

    /// The same, where it is so because our credential was not taken.
    fn locked_out(self, is_locked_out: bool) -> Self {
        Self { is_locked_out, ..self }
    }

    /// Of a check that did not come to its end through a fault of the program.
    pub fn broken() -> Self {
        Self::unknown("Not known: the check itself failed, which is a fault of Quarterdeck. Its log says where.")
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

impl CheckResult {
    /// Whether it still speaks for `now`, microseconds since 1970. What should have been asked again long ago was not.
    pub fn is_current(&self, now: i64) -> bool {
        let longest = i64::from(self.pause_s).saturating_mul(history::MOST_PAUSES * history::SECOND_US);
        now.saturating_sub(self.at) <= longest
    }

    /// As it is shown at `now`, microseconds since 1970: what is not current any more is not known, and says what it was and when.
    pub fn seen_at(self, now: i64) -> Self {
        if self.outcome == Outcome::NotConfigured || self.is_current(now) {
            return self;
        }
        let second = self.at.div_euclid(history::SECOND_US).rem_euclid(24 * 3600);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let sentence = format!("As of {hour:02}:{minute:02}:{second:02} UTC, not current: {}", self.sentence);
        Self { outcome: Outcome::Unknown, sentence: sentence.into(), ..self }
    }
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
    fn a_result_speaks_for_three_of_its_pauses() {
        let (outcome, sentence) = (Outcome::Ok, "It answers.".into());
        let result = CheckResult { kind: CheckKind::Redis, at: 5, outcome, sentence, latency_ms: None, pause_s: 30 };
        for (now, expected) in [(0, true), (5, true), (90_000_005, true), (90_000_006, false), (i64::MAX, false)] {
            assert_eq!(result.is_current(now), expected, "{now}");
            assert_eq!(result.clone().seen_at(now) == result, expected, "{now}");
        }
        let result = CheckResult { at: 86_399_000_000 + 86_400_000_000, ..result };
        let seen = result.clone().seen_at(i64::MAX);
        assert_eq!((seen.outcome, &*seen.sentence), (Outcome::Unknown, "As of 23:59:59 UTC, not current: It answers."));
        let none = CheckResult { outcome: Outcome::NotConfigured, ..result };
        assert_eq!(none.clone().seen_at(i64::MAX), none);
    }

    #[test]
    fn only_what_works_looks_as_if_it_did() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.state() == State::Ready, outcome == Outcome::Ok, "{outcome:?}");
        }
        assert_eq!(Verdict::not_configured("redis").outcome, Outcome::NotConfigured);
    }
}
