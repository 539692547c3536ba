//! What a database of demo data says when it is looked at.

use std::collections::{BTreeMap, BTreeSet};

use crate::demo_data::identity::Mismatch;
use crate::demo_data::standing::{Standing, TableCount};
use crate::ledger::OperationId;

/// A database as it was found, read in one transaction that changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// When, seconds since 1970.
    pub at: i64,
    /// The `system_identifier` of its server.
    pub system_identifier: String,
    /// Its name there.
    pub database: String,
    /// What keeps it from being the one that was enrolled. Unless there is nothing, none of its tables was read.
    pub mismatches: Vec<Mismatch>,
    /// The version of its schema; `None` where it says none.
    pub schema: Option<String>,
    /// Tables that refer to those of the seed and are not declared.
    pub cascade: BTreeSet<String>,
    /// The tables of the seed, in its order.
    pub counts: Vec<TableCount>,
    /// What they take on disk, in bytes.
    pub bytes: u64,
    /// Connections of others, by the name that each application gives itself.
    pub connections: Vec<(String, u32)>,
    /// How many are signed in to the application, or why that is not known; `None` where no query is declared.
    pub sessions: Option<Result<u64, String>>,
    /// What was reset last.
    pub last: Option<Past>,
    /// Snapshots that are kept, newest first.
    pub snapshots: Vec<Past>,
    /// Whether what the cache holds of old rows is still to be cleared.
    pub is_cache_waiting: bool,
}

/// A reset as the database itself has it written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its id.
    pub id: OperationId,
    /// The version of the seed that was put in; 0 where it is not known what was.
    pub version: u32,
    /// The rows of each table before it.
    pub before: BTreeMap<String, u64>,
}

impl Sight {
    /// How the data stand.
    pub fn standing(&self) -> Standing {
        if self.mismatches.is_empty() {
            return Standing::of(&self.counts);
        }
        let reasons: Vec<String> = self.mismatches.iter().map(ToString::to_string).collect();
        Standing::Unknown(format!("It is not the database that was enrolled: {}.", reasons.join("; ")))
    }

    /// The rows of each table.
    pub fn rows(&self) -> BTreeMap<String, u64> {
        self.counts.iter().map(|count| (count.table.clone(), count.counted)).collect()
    }

    /// When somebody wrote last what no seed did, seconds since 1970; `None` where nothing tells.
    pub fn written(&self) -> Option<i64> {
        let touched = self.counts.iter().filter(|count| count.foreign > 0 || count.changed > 0);
        touched.filter_map(|count| count.written).max()
    }

    /// The snapshot of a reset, while it is kept.
    pub fn snapshot(&self, of: OperationId) -> Option<&Past> {
        self.snapshots.iter().find(|snapshot| snapshot.id == of)
    }
}
