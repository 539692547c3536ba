//! Why a reset changed nothing, or that it is not known whether it did.

use std::collections::BTreeSet;

use domain::demo_data::identity::Mismatch;
use domain::demo_data::step::Step;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ResetTrouble {
    /// It is not the database that was enrolled.
    #[error("{}", told(.0))]
    Mismatch(Vec<Mismatch>),
    /// Its schema is not the one that the seed was written for.
    #[error("the schema's version is {found}, and the seed was written for {expected}")]
    Schema {
        /// Of the database.
        found: String,
        /// Of the seed.
        expected: String,
    },
    /// Other tables refer to those of the seed.
    #[error("the tables {} refer to those of the seed and would be emptied as well", list(.0))]
    Cascade(BTreeSet<String>),
    /// Somebody wrote since the plan was made.
    #[error("the table {table} has {now} rows, and the plan told {planned}: look at the plan again")]
    Changed {
        /// Which.
        table: String,
        /// Rows that the plan told.
        planned: u64,
        /// Rows that are there.
        now: u64,
    },
    /// The snapshot is gone, or is of other tables.
    #[error("the snapshot of that reset is not kept any more")]
    NoSnapshot,
    /// The rows that were put in are not those that should be there.
    #[error("{found} rows came into {table} instead of {expected}")]
    Counts {
        /// Which.
        table: String,
        /// How many should be there.
        expected: u64,
        /// Rows that are there.
        found: u64,
    },
    /// The database refused a step, by a code of PostgreSQL; its words may hold what was sent.
    #[error("{}: {}", .step.words(), of_code(.code))]
    Refused {
        /// At which.
        step: Step,
        /// <https://www.postgresql.org/docs/15/errcodes-appendix.html>
        code: String,
    },
    /// The connection broke at a step.
    #[error("{}: the connection broke", .0.words())]
    Broken(Step),
    /// The seed's file of a table is gone.
    #[error("the seed's file for {0} cannot be read")]
    File(String),
    /// The passwords cannot be sealed.
    #[error("the new passwords cannot be sealed")]
    Seal,
}

impl ResetTrouble {
    /// Whether it may have been done all the same: only the database knows.
    pub fn is_unknown(&self) -> bool {
        match self {
            // Also one that was answered with an error: a server that is being stopped may say so after it has committed.
            Self::Broken(step) | Self::Refused { step, .. } => *step == Step::Commit,
            Self::Mismatch(_)
            | Self::Schema { .. }
            | Self::Cascade(_)
            | Self::Changed { .. }
            | Self::NoSnapshot
            | Self::Counts { .. }
            | Self::File(_)
            | Self::Seal => false,
        }
    }
}

/// What a code means to somebody who presses.
fn of_code(code: &str) -> String {
    match code {
        "55P03" => "others hold the tables and did not let go of them within 5 s (55P03). Try again when nobody writes"
            .to_owned(),
        "57014" => "it took too long (57014)".to_owned(),
        "42501" => {
            "the role may not do it (42501): it has to own the tables, and no row-level security may hide rows from it"
                .to_owned()
        }
        "53100" => "the disk is full (53100)".to_owned(),
        code => format!("the database refuses ({code})"),
    }
}

fn told(mismatches: &[Mismatch]) -> String {
    mismatches.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn list(tables: &BTreeSet<String>) -> String {
    tables.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Maps an error of the driver to the step that it came at.
pub(in crate::demo_data) fn at(step: Step) -> impl Fn(sqlx::Error) -> ResetTrouble {
    move |error| match error {
        sqlx::Error::Database(error) => ResetTrouble::Refused {
            step,
            code: error.code().map_or_else(|| "without a code".to_owned(), |code| code.into_owned()),
        },
        _ => ResetTrouble::Broken(step),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_of_a_commit_it_is_not_known() {
        for step in Step::ALL {
            let refused = ResetTrouble::Refused { step, code: "57P01".into() };
            for trouble in [ResetTrouble::Broken(step), refused] {
                assert_eq!(trouble.is_unknown(), step == Step::Commit, "{trouble}");
            }
        }
    }
}
