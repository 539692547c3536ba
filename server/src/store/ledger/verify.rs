//! Checking the ledger from its first row to its last.

use std::fmt;

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::columns::Columns;
use super::{Hash, Head};
use crate::store::link::sql;
use crate::store::{Store, StoreError};

/// Rows read at a time.
const BATCH: i64 = 1_000;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All rows are as they were written.
    Whole {
        /// The end: its number is the number of rows.
        head: Head,
    },
    /// The first row that is not.
    Broken(Broken),
}

/// A row that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its number.
    pub seq: i64,
    /// In what.
    pub flaw: Flaw,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It is not there, and later ones are.
    Missing,
    /// A number that no row can have.
    Number,
    /// It names another hash before it than the row before has: a row was taken out, put in or exchanged.
    Previous,
    /// Its hash is not that of its body, number and the hash before.
    Hash,
    /// The body is no entry.
    Body,
    /// A column is not what the body says.
    Column(&'static str),
    /// A value is of a kind that was never written.
    Unreadable,
    /// The ledger ends before it, and it was there when the head was noted.
    CutOff,
    /// Its hash is not the one that was noted: the ledger was written anew.
    NotTheHead,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}: ", self.seq)?;
        match self.flaw {
            Flaw::Missing => f.write_str("it is missing, and later rows are there"),
            Flaw::Number => f.write_str("no row has such a number"),
            Flaw::Previous => {
                f.write_str("it does not follow the row before: a row was taken out, put in or exchanged")
            }
            Flaw::Hash => f.write_str("its hash is not that of what it says: it was changed"),
            Flaw::Body => f.write_str("its body is no entry"),
            Flaw::Column(column) => write!(f, "its column {column} is not what its body says"),
            Flaw::Unreadable => f.write_str("it holds a value of a kind that was never written"),
            Flaw::CutOff => f.write_str("the ledger ends before it, and it was there when the head was noted"),
            Flaw::NotTheHead => f.write_str("its hash is not the one that was noted: the ledger was written anew"),
        }
    }
}

/// A row as it stands.
struct Row {
    seq: i64,
    columns: Columns,
    body: String,
    previous: Hash,
    hash: Hash,
}

fn row_of(row: &AnyRow) -> Option<Row> {
    let hash = |column| row.try_get::<Vec<u8>, _>(column).ok().and_then(|bytes| Hash::read(&bytes));
    let text = |column| row.try_get::<String, _>(column).ok();
    let columns = Columns {
        at: row.try_get("at").ok()?,
        kind: text("kind")?,
        outcome: text("outcome")?,
        person_id: text("person_id")?,
        person_name: text("person_name")?,
        environment: row.try_get("environment").ok()?,
        operation: row.try_get("operation").ok()?,
        whom_id: row.try_get("whom_id").ok()?,
        whom_name: row.try_get("whom_name").ok()?,
    };
    let seq = row.try_get("seq").ok()?;
    Some(Row { seq, columns, body: text("body")?, previous: hash("previous")?, hash: hash("hash")? })
}

/// What is wrong with a row that follows `before`.
fn flaw(row: &Row, before: Head) -> Option<Flaw> {
    if row.previous != before.hash {
        return Some(Flaw::Previous);
    }
    if row.hash != Hash::of(row.seq, row.previous, &row.body) {
        return Some(Flaw::Hash);
    }
    match Columns::of(&row.body) {
        None => Some(Flaw::Body),
        Some(columns) => columns.difference(&row.columns).map(Flaw::Column),
    }
}

impl Store {
    /// Checks every row, a thousand at a time. `expected`: an end that was noted earlier and kept elsewhere; without it, rows
    /// that were cut off at the end are not noticed, because what is left is whole.
    ///
    /// # Errors
    ///
    /// Those of reading. A broken row is no error but a [`Verdict`].
    pub async fn verify(&self, expected: Option<Head>) -> Result<Verdict, StoreError> {
        let statement = "select seq, at, kind, outcome, person_id, person_name, environment, operation, whom_id, whom_name, body, previous, \
             hash from ledger where seq > $1 order by seq limit $2";
        let broken = |seq, flaw| Ok(Verdict::Broken(Broken { seq, flaw }));
        let mut read = self.read().await?;
        // Rows with numbers that no row has would not be met on the way up.
        let first: Option<i64> = read.link.one(sql("select min(seq) as first from ledger")).await?.try_get("first")?;
        if let Some(first) = first.filter(|first| *first < 1) {
            return broken(first, Flaw::Number);
        }
        let mut head = Head::START;
        loop {
            let rows = read.link.all(sql(statement).bind(head.seq).bind(BATCH)).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let next = head.seq.saturating_add(1);
                let Some(row) = row_of(row) else { return broken(next, Flaw::Unreadable) };
                if row.seq != next {
                    return broken(next, Flaw::Missing);
                }
                if let Some(flaw) = flaw(&row, head) {
                    return broken(next, flaw);
                }
                head = Head { seq: row.seq, hash: row.hash };
                if expected.is_some_and(|expected| expected.seq == head.seq && expected.hash != head.hash) {
                    return broken(next, Flaw::NotTheHead);
                }
            }
        }
        match expected {
            Some(expected) if expected.seq > head.seq => broken(head.seq + 1, Flaw::CutOff),
            _ => Ok(Verdict::Whole { head }),
        }
    }
}
