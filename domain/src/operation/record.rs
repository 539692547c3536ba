//! All that is kept of an operation while it runs and afterwards: what the store holds, and what its page shows.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::life::{Event, Life, Obstacle, Stage};
use super::series::Series;
use super::{Operation, Target};
use crate::guard::facts::FieldDiff;
use crate::guard::{Line, Order};
use crate::ledger::{Actor, OperationId};
use crate::registry::Tier;
use crate::view::State;

/// The most steps that are kept; a rollout that goes on and on says what is new in its last one.
const MOST_STEPS: usize = 100;

/// An operation. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its id, made when its plan was opened.
    pub id: OperationId,
    /// What is done.
    pub operation: Operation,
    /// To what.
    pub target: Target,
    /// Where, as people call it: `Fleet Management / Production`.
    pub place: Arc<str>,
    /// How careful one must be there.
    pub tier: Tier,
    /// Who.
    pub by: Actor,
    /// Why.
    pub why: Arc<str>,
    /// The plan that was shown.
    pub plan: Vec<Line>,
    /// The command that would do the same.
    pub kubectl: Arc<str>,
    /// What was sent.
    pub order: Order,
    /// Where it stands.
    pub life: Life,
    /// When it was sent.
    pub begun: i64,
    /// When its end was known.
    pub ended: Option<i64>,
    /// The target's generation since.
    pub generation: i64,
    /// The resource version that was the precondition, while it is not known whether it arrived.
    pub version: Option<Arc<str>>,
    /// Seconds within which something should be seen of it: each pod that comes begins them anew, as for a Deployment.
    pub deadline_s: u32,
    /// When something was seen of it last.
    pub progressed_at: i64,
    /// What happened, oldest first.
    pub steps: Vec<Step>,
    /// The target's pods now.
    pub pods: Vec<PodStep>,
    /// How far it is.
    pub progress: Option<Progress>,
    /// What it asks to change, field by field; nothing for a restart.
    #[serde(default)]
    pub changes: Vec<FieldDiff>,
    /// How it was before, by name: `ready`, `3 of 3`.
    pub before: Vec<(Arc<str>, Arc<str>)>,
    /// How it is after.
    pub after: Vec<(Arc<str>, Arc<str>)>,
    /// What came of it, in a sentence; empty while it runs.
    pub verdict: Arc<str>,
    /// The end of the log of the container that failed.
    pub log: Option<FailedLog>,
    /// Whether it was recorded that it is not known whether it arrived.
    pub told_unknown: bool,
    /// For how many milliseconds an API server that answers has not known of it, while it is not known whether it arrived.
    #[serde(default)]
    pub missed_ms: u64,
    /// Until when it is looked at again and again after its end.
    pub watched_until: Option<i64>,
    /// What was seen in that time: restarts and the fewest ready.
    pub watched: Option<Watched>,
    /// The series that it is one of.
    #[serde(default)]
    pub series: Option<Series>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: i64,
    /// What, in a sentence.
    pub text: Arc<str>,
}

/// A pod while something runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodStep {
    /// Its name.
    pub name: Arc<str>,
    /// How it is.
    pub state: State,
    /// In a word.
    pub word: Arc<str>,
    /// Why, where it is not well.
    pub why: Arc<str>,
    /// Whether it was made since.
    pub is_new: bool,
    /// Restarts of all its containers.
    pub restarts: u32,
}

/// How far a rollout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// How many there should be.
    pub wanted: u32,
    /// How many are of the new kind.
    pub updated: u32,
    /// How many are available.
    pub available: u32,
    /// How many there are in all.
    pub existing: u32,
}

/// The end of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedLog {
    /// The pod.
    pub pod: Arc<str>,
    /// The container.
    pub container: Arc<str>,
    /// Whether it is of the run before the last restart.
    pub previous: bool,
    /// The last lines, made safe to show.
    pub lines: Vec<Arc<str>>,
    /// How many pieces of them looked like secrets and were taken out.
    #[serde(default)]
    pub masked: usize,
}

/// What was seen while it was watched after its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Restarts since.
    pub restarts: u32,
    /// The fewest pods that were ready.
    pub least_ready: u32,
    /// How many there should be.
    pub wanted: u32,
    /// When it was looked at last.
    pub seen_at: i64,
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

    /// Lets something happen to it. On an obstacle it stays as it was.
    pub fn happen(&mut self, event: &Event) -> Result<(), Obstacle> {
        self.life = self.life.after(event)?;
        Ok(())
    }

    /// Writes down what happened, once in a row.
    pub fn step(&mut self, at: i64, text: impl Into<Arc<str>>) {
        let text = text.into();
        if self.steps.last().is_some_and(|last| last.text == text) {
            return;
        }
        if self.steps.len() >= MOST_STEPS {
            // The first tells how it began.
            self.steps.remove(1);
        }
        self.steps.push(Step { at, text });
    }

    /// What is done, in a few words: `Restart fleet-api`.
    pub fn title(&self) -> String {
        self.operation.sentence(self.target.name().as_str())
    }
}
