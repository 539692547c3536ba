//! A reset from its beginning to its end, as it is kept so that another replica can carry it on.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::step::Step;
use crate::guard::Line;
use crate::ledger::{Actor, OperationId};
use crate::name::EnvironmentId;
use crate::operation::life::{Event, Life, Obstacle, Stage};
use crate::registry::Tier;

/// What is put into the tables. In the form: `reset`, `undo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The rows of the seed.
    Reset,
    /// What was there before a reset.
    Undo {
        /// Which.
        of: OperationId,
    },
}

impl Kind {
    /// What stands on the button.
    pub fn words(self) -> &'static str {
        match self {
            Self::Reset => "Reset demo data",
            Self::Undo { .. } => "Put the snapshot back",
        }
    }
}

/// What becomes of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cache {
    /// None is declared.
    None,
    /// It is to be cleared.
    Waiting,
    /// So many keys were taken out of it.
    Cleared(u64),
}

/// Passwords that a reset made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Passwords {
    /// None are declared, or a snapshot brings its own.
    None,
    /// For so many people of the application; shown once to whoever pressed.
    Made(u64),
    /// Those that people had were kept: nobody pressed to whom new ones could be shown.
    Kept(u64),
}

/// A reset. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// Made when its plan was opened, or from the time of a schedule.
    pub id: OperationId,
    /// What is put in.
    pub kind: Kind,
    /// Where.
    pub environment: EnvironmentId,
    /// Where, as people call it: `Fleet Management / Staging`.
    pub place: Arc<str>,
    /// How careful one must be there.
    pub tier: Tier,
    /// Who.
    pub by: Actor,
    /// Whether the time of a schedule came, and nobody pressed.
    pub is_scheduled: bool,
    /// Why.
    pub why: Arc<str>,
    /// The plan that was shown.
    pub plan: Vec<Line>,
    /// The `system_identifier` of the server that was looked at: no other can say what became of it.
    pub server: String,
    /// The name of the database there.
    pub database: String,
    /// The seed's version.
    pub version: u32,
    /// The day that the seed's dates are relative to: `2026-11-22`.
    pub day: String,
    /// The rows of each table that the plan told.
    pub planned: BTreeMap<String, u64>,
    /// Where it stands.
    pub life: Life,
    /// When it was begun.
    pub begun: i64,
    /// When its end was known.
    pub ended: Option<i64>,
    /// The steps it came to, in their order.
    pub steps: Vec<Reached>,
    /// What is waited for where a step takes its time, in a sentence; empty otherwise.
    pub waiting: Arc<str>,
    /// The rows of each table before.
    pub before: BTreeMap<String, u64>,
    /// And after.
    pub after: BTreeMap<String, u64>,
    /// Passwords that were made.
    pub passwords: Passwords,
    /// What became of the cache.
    pub cache: Cache,
    /// How the environment was afterwards, in a sentence; empty until then.
    pub health: Arc<str>,
    /// What came of it, in a sentence; empty while it runs.
    pub verdict: Arc<str>,
}

/// A step that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Which.
    pub step: Step,
    /// When.
    pub at: i64,
}

impl Record {
    /// Where it stands.
    pub fn stage(&self) -> Stage {
        self.life.stage
    }

    /// Whether nothing follows.
    pub fn is_over(&self) -> bool {
        self.life.stage.is_end()
    }

    /// Whether the new data are in the tables.
    pub fn is_committed(&self) -> bool {
        match self.life.stage {
            Stage::Accepted | Stage::Running | Stage::Done => true,
            Stage::Planned
            | Stage::Awaiting
            | Stage::Claimed
            | Stage::Sent
            | Stage::Unknown
            // It fails where nobody can say.
            | Stage::Failed
            | Stage::Refused
            | Stage::Expired => false,
        }
    }

    /// Lets something happen to it. On an obstacle it stays as it was.
    pub fn happen(&mut self, event: &Event) -> Result<(), Obstacle> {
        self.life = self.life.after(event)?;
        Ok(())
    }

    /// Writes down that a step was begun, once.
    pub fn reach(&mut self, step: Step, at: i64) {
        if self.steps.iter().all(|reached| reached.step != step) {
            self.steps.push(Reached { step, at });
        }
    }

    /// The step it is at.
    pub fn step(&self) -> Option<Step> {
        self.steps.last().map(|reached| reached.step)
    }

    /// What is done, in a few words: `Reset the demo data of Fleet Management / Staging`.
    pub fn title(&self) -> String {
        match self.kind {
            Kind::Reset => format!("Reset the demo data of {}", self.place),
            Kind::Undo { .. } => format!("Put back the demo data of {} from before a reset", self.place),
        }
    }
}
