//! The steps of a reset, in their order: what a page shows as progress, and where a crash is tried.

use serde::{Deserialize, Serialize};

/// A step of a reset, or of its undoing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The database is connected to.
    Connect,
    /// Nobody else resets it, and it is the one that was enrolled.
    Identify,
    /// Nobody writes to its tables.
    Lock,
    /// Its schema is the one that the seed was written for, and nothing else would be emptied.
    Schema,
    /// What is there is what the plan told.
    Count,
    /// What is there is kept for a day.
    Snapshot,
    /// The tables are emptied.
    Truncate,
    /// The seed's rows, or those of the snapshot, are put in.
    Seed,
    /// Passwords nobody knows.
    Passwords,
    /// What is there is what should be.
    Verify,
    /// What was done is written into the database itself, with what is to be cleared from the cache.
    Record,
    /// All of it becomes so at once.
    Commit,
    /// What the cache holds of the old rows is cleared.
    ClearCache,
    /// The health of the environment is looked at.
    Check,
}

impl Step {
    /// All, in their order.
    pub const ALL: [Self; 14] = [
        Self::Connect,
        Self::Identify,
        Self::Lock,
        Self::Schema,
        Self::Count,
        Self::Snapshot,
        Self::Truncate,
        Self::Seed,
        Self::Passwords,
        Self::Verify,
        Self::Record,
        Self::Commit,
        Self::ClearCache,
        Self::Check,
    ];

    /// What is done, on the page: `Emptying the tables`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Connect => "Connecting to the database",
            Self::Lock => "Locking the tables",
            Self::Identify => "Making sure that it is the right database",
            Self::Schema => "Comparing the schema with the seed's",
            Self::Count => "Counting what is there",
            Self::Snapshot => "Keeping a snapshot",
            Self::Truncate => "Emptying the tables",
            Self::Seed => "Putting the rows in",
            Self::Passwords => "Making new passwords",
            Self::Verify => "Counting what is there now",
            Self::Record => "Writing down what was done",
            Self::Commit => "Committing",
            Self::ClearCache => "Clearing the cache",
            Self::Check => "Looking at the environment's health",
        }
    }

    /// As it stands in markup: `clear-cache`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Lock => "lock",
            Self::Identify => "identify",
            Self::Schema => "schema",
            Self::Count => "count",
            Self::Snapshot => "snapshot",
            Self::Truncate => "truncate",
            Self::Seed => "seed",
            Self::Passwords => "passwords",
            Self::Verify => "verify",
            Self::Record => "record",
            Self::Commit => "commit",
            Self::ClearCache => "clear-cache",
            Self::Check => "check",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_in_their_order_and_have_one_name() {
        assert!(Step::ALL.is_sorted());
        for step in Step::ALL {
            assert_eq!(serde_json::to_string(&step).unwrap(), format!("\"{}\"", step.name()));
        }
    }
}
