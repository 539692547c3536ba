//! The ledger: entries are appended, chained by hash, and never changed.

mod chain;
mod columns;
mod query;
mod verify;

use domain::ledger::{Entry, OperationId};
use sqlx::Row as _;
use sqlx::any::AnyRow;

pub use chain::{Hash, Head, NoHead};
use columns::Columns;
pub use query::{AccessEntries, Environments, Filter};
pub use verify::{Broken, Flaw, Verdict};

use super::link::sql;
use super::{Read, StoreError, Write};

/// The advisory lock of PostgreSQL that whoever appends holds until the end of their transaction.
const APPEND_LOCK: i64 = 0x5144_0002;

/// An entry as it stands in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its number: from 1, without gaps.
    pub seq: i64,
    /// The hash of the row before.
    pub previous: Hash,
    /// Its own hash.
    pub hash: Hash,
    /// The entry as it was written, JSON.
    pub body: String,
    /// The entry; none where a newer program wrote it in a way that this one does not know.
    pub entry: Option<Entry>,
}

/// The columns of a [`Recorded`].
macro_rules! recorded_columns {
    () => {
        "seq, previous, hash, body"
    };
}
use recorded_columns;

fn recorded_of(row: &AnyRow) -> Result<Recorded, StoreError> {
    let hash = |column| {
        let bytes: Vec<u8> = row.try_get(column)?;
        Hash::read(&bytes).ok_or_else(|| StoreError::row("a hash of the ledger has not 32 bytes: run audit verify"))
    };
    let body: String = row.try_get("body")?;
    let entry = serde_json::from_str(&body).ok();
    Ok(Recorded { seq: row.try_get("seq")?, previous: hash("previous")?, hash: hash("hash")?, body, entry })
}

impl Read {
    /// One entry.
    pub async fn entry(&mut self, seq: i64) -> Result<Option<Recorded>, StoreError> {
        let statement = sql(concat!("select ", recorded_columns!(), " from ledger where seq = $1"));
        self.link.optional(statement.bind(seq)).await?.as_ref().map(recorded_of).transpose()
    }

    /// All entries of an operation, from its beginning on.
    pub async fn entries_of(&mut self, operation: OperationId) -> Result<Vec<Recorded>, StoreError> {
        let statement = sql(concat!("select ", recorded_columns!(), " from ledger where operation = $1 order by seq"));
        let rows = self.link.all(statement.bind(operation.to_string())).await?;
        rows.iter().map(recorded_of).collect()
    }

    /// The end of the ledger. Kept elsewhere, it shows later that nothing was cut off.
    pub async fn head(&mut self) -> Result<Head, StoreError> {
        let statement = sql("select seq, hash from ledger order by seq desc limit 1");
        let Some(row) = self.link.optional(statement).await? else { return Ok(Head::START) };
        let bytes: Vec<u8> = row.try_get("hash")?;
        let hash = Hash::read(&bytes).ok_or_else(|| StoreError::row("the last hash of the ledger has not 32 bytes"))?;
        Ok(Head { seq: row.try_get("seq")?, hash })
    }
}

impl Write {
    /// Appends an entry. It counts from the commit on, together with all else that was written.
    ///
    /// Nobody else can append until then, so it is best done last.
    pub async fn append(&mut self, entry: &Entry) -> Result<Head, StoreError> {
        let body = serde_json::to_string(entry).map_err(StoreError::row)?;
        let columns = Columns::of(&body).ok_or_else(|| StoreError::row("an entry is not read as it was written"))?;
        if self.link.is_postgres() {
            self.link.all(sql("select pg_advisory_xact_lock($1)").bind(APPEND_LOCK)).await?;
        }
        let head = self.head().await?;
        let seq = head.seq.saturating_add(1);
        let hash = Hash::of(seq, head.hash, &body);
        let statement = sql("insert into ledger \
             (seq, at, kind, outcome, person_id, person_name, environment, operation, body, previous, hash, whom_id, whom_name) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
        .bind(seq)
        .bind(columns.at)
        .bind(columns.kind)
        .bind(columns.outcome)
        .bind(columns.person_id)
        .bind(columns.person_name)
        .bind(columns.environment)
        .bind(columns.operation)
        .bind(body)
        .bind(head.hash.0.to_vec())
        .bind(hash.0.to_vec())
        .bind(columns.whom_id)
        .bind(columns.whom_name);
        self.link.execute(statement).await?;
        Ok(Head { seq, hash })
    }
}
