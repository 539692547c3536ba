//! How the demo data of an environment stand: what is counted against what the seed put in.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::age::Age;

/// How many times the seed's rows are too many to be anything but data of users: with [`SLACK`] rows more, so that small tables may
/// grow while one tests.
const FAR_ABOVE: u64 = 5;
/// Rows.
const SLACK: u64 = 500;

/// A table, as it was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableCount {
    /// Its name.
    pub table: String,
    /// Rows that the seed puts in.
    pub expected: u64,
    /// Rows that are there.
    pub counted: u64,
    /// Of these, rows that no seed made.
    pub foreign: u64,
    /// Rows of the seed that were written to since; 0 where nothing tells.
    #[serde(default)]
    pub changed: u64,
    /// When a row that no seed made, or that was changed, was written last, seconds since 1970; `None` where nothing tells.
    pub written: Option<i64>,
}

impl TableCount {
    /// Rows of the seed that are gone.
    pub fn gone(&self) -> u64 {
        self.expected.saturating_sub(self.counted.saturating_sub(self.foreign))
    }

    /// Whether it holds so many rows that it may be a copy of production.
    pub fn is_far_above(&self) -> bool {
        self.counted > self.expected.saturating_mul(FAR_ABOVE).saturating_add(SLACK)
    }

    /// `vehicles: 3 of 100 gone, 12 added`; `None` where it is as the seed left it.
    pub fn difference(&self) -> Option<String> {
        let words: Vec<String> = [
            (self.gone() > 0).then(|| format!("{} of {} gone", self.gone(), self.expected)),
            (self.changed > 0).then(|| format!("{} changed", self.changed)),
            (self.foreign > 0).then(|| format!("{} added", self.foreign)),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!words.is_empty()).then(|| format!("{}: {}", self.table, words.join(", ")))
    }
}

/// How the data stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// As the seed left them.
    Clean,
    /// Rows of the seed are gone or were changed, and none were added.
    Drifted(Vec<String>),
    /// There are rows that no seed made, which a reset would lose.
    Foreign {
        /// The differences, table by table.
        differences: Vec<String>,
        /// How many rows.
        rows: u64,
        /// When one was written last, seconds since 1970; `None` where nothing tells.
        written: Option<i64>,
    },
    /// So many rows that it may be a copy of production: nothing is reset.
    Suspicious(Vec<String>),
    /// Nobody can say, for a reason: a sentence.
    Unknown(String),
}

impl Standing {
    /// By what was counted.
    pub fn of(counts: &[TableCount]) -> Self {
        let far: Vec<String> = counts
            .iter()
            .filter(|count| count.is_far_above())
            .map(|count| format!("{}: {} rows, the seed has {}", count.table, count.counted, count.expected))
            .collect();
        if !far.is_empty() {
            return Self::Suspicious(far);
        }
        let differences: Vec<String> = counts.iter().filter_map(TableCount::difference).collect();
        let rows = counts.iter().fold(0u64, |sum, count| sum.saturating_add(count.foreign));
        match (differences.is_empty(), rows) {
            (true, _) => Self::Clean,
            (false, 0) => Self::Drifted(differences),
            (false, rows) => {
                let added = counts.iter().filter(|count| count.foreign > 0);
                Self::Foreign { differences, rows, written: added.filter_map(|count| count.written).max() }
            }
        }
    }

    /// In a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Clean => "Clean",
            Self::Drifted(_) => "Drifted",
            Self::Foreign { .. } => "Holds other rows",
            Self::Suspicious(_) => "Too many rows",
            Self::Unknown(_) => "Unknown",
        }
    }

    /// In a sentence. `now` is seconds since 1970.
    pub fn sentence(&self, now: i64) -> String {
        match self {
            Self::Clean => "Every table is as the seed left it.".to_owned(),
            Self::Drifted(differences) => format!("Rows of the seed are gone or changed: {}.", differences.join("; ")),
            Self::Foreign { differences, rows, written } => {
                let rows = match rows {
                    1 => "One row was".to_owned(),
                    rows => format!("{rows} rows were"),
                };
                let written =
                    written.map(|at| format!(", the last {}", Age::between(at, now).ago())).unwrap_or_default();
                format!("{rows} made by no seed{written}: {}.", differences.join("; "))
            }
            Self::Suspicious(tables) => {
                format!("There is far more than the seed puts in, as in a copy of production: {}.", tables.join("; "))
            }
            Self::Unknown(why) => why.clone(),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn count(table: &str, expected: u64, counted: u64, foreign: u64) -> TableCount {
        TableCount { table: table.to_owned(), expected, counted, foreign, changed: 0, written: Some(NOW - 120) }
    }

    #[test]
    fn the_data_stand_as_the_worst_of_their_tables() {
        for (counts, word, sentence) in [
            (vec![count("tenants", 4, 4, 0)], "Clean", "Every table is as the seed left it."),
            (vec![], "Clean", "Every table is as the seed left it."),
            (
                vec![TableCount { changed: 2, ..count("vehicles", 100, 99, 0) }],
                "Drifted",
                "Rows of the seed are gone or changed: vehicles: 1 of 100 gone, 2 changed.",
            ),
            (
                vec![count("tenants", 4, 4, 0), count("vehicles", 100, 97, 0)],
                "Drifted",
                "Rows of the seed are gone or changed: vehicles: 3 of 100 gone.",
            ),
            (
                vec![count("vehicles", 100, 100, 3), count("users", 10, 11, 1)],
                "Holds other rows",
                "4 rows were made by no seed, the last 2 min ago: vehicles: 3 of 100 gone, 3 added; users: 1 added.",
            ),
            (
                vec![count("users", 10, 11, 1)],
                "Holds other rows",
                "One row was made by no seed, the last 2 min ago: users: 1 added.",
            ),
            (vec![count("users", 10, 550, 540)], "Holds other rows", ""),
            (
                vec![count("users", 10, 551, 541), count("tenants", 4, 3, 0)],
                "Too many rows",
                "There is far more than the seed puts in, as in a copy of production: users: 551 rows, the seed has 10.",
            ),
        ] {
            let standing = Standing::of(&counts);
            assert_eq!(standing.word(), word, "{counts:?}");
            if !sentence.is_empty() {
                assert_eq!(standing.sentence(NOW), sentence);
            }
        }
    }
}
