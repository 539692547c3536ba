//! Reservations: somebody tests, and says until when and what for.

use serde::{Deserialize, Serialize};

use crate::age::Age;
use crate::name::EnvironmentId;

/// Somebody wants the demo data of an environment left alone for a while. Of an environment there is one at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reservation {
    /// Where.
    pub environment: EnvironmentId,
    /// The id of whoever holds it.
    pub by_id: String,
    /// Their name then.
    pub by: String,
    /// What for: `regression run`.
    pub reason: String,
    /// Since when, microseconds since 1970.
    pub begun_at: i64,
    /// Until when, microseconds since 1970.
    pub until_at: i64,
    /// Who reset the data all the same, last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Overridden>,
}

/// Somebody reset what another had reserved: its holder is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Overridden {
    /// Their name.
    pub by: String,
    /// When, microseconds since 1970.
    pub at: i64,
    /// Why.
    pub why: String,
}

impl Reservation {
    /// Whether it holds at a moment, microseconds since 1970.
    pub fn holds(&self, now: i64) -> bool {
        now < self.until_at
    }

    /// Whether somebody is its holder.
    pub fn is_of(&self, person: &str) -> bool {
        self.by_id == person
    }

    /// For how much longer, as ages are written: `2 h`. `now`: microseconds since 1970.
    pub fn left(&self, now: i64) -> Age {
        Age::between(now / 1_000_000, self.until_at / 1_000_000)
    }
}
