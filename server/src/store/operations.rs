//! Operations on their way: what a replica needs to carry one on that another began, and that of one target there is one at a
//! time.

use domain::ledger::OperationId;
use domain::name::EnvironmentId;
use domain::operation::Target;
use domain::operation::record::Record;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::link::sql;
use super::{Read, StoreError, Write};

/// How long an operation that is over is kept, in microseconds: 90 days. The ledger keeps its entries for good.
const KEPT_US: i64 = 90 * 86_400 * 1_000_000;

/// Among how many of an environment the newest of a target is looked for.
const LOOKED_THROUGH: i64 = 100;

/// An operation with the number of whoever has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The operation.
    pub record: Record,
    /// The number. A row is changed by its newest holder only.
    pub fence: i64,
    /// Until then its holder is not doubted, microseconds since 1970.
    pub held_until: i64,
    /// Who wants nothing to be begun after it.
    pub stopped_by: Option<String>,
}

fn held_of(row: &AnyRow) -> Result<Held, StoreError> {
    let body: String = row.try_get("body")?;
    let record = serde_json::from_str(&body).map_err(StoreError::row)?;
    Ok(Held {
        record,
        fence: row.try_get("fence")?,
        held_until: row.try_get("held_until")?,
        stopped_by: row.try_get("stopped_by")?,
    })
}

/// The target, while it is on its way.
fn open_target(record: &Record) -> Option<String> {
    (!record.is_over()).then(|| record.target.key())
}

fn stage_of(record: &Record) -> String {
    format!("{:?}", record.stage()).to_lowercase()
}

fn body_of(record: &Record) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(StoreError::row)
}

impl Read {
    /// One operation.
    pub async fn operation(&mut self, id: OperationId) -> Result<Option<Held>, StoreError> {
        let statement = sql("select body, fence, held_until, stopped_by from operations where id = $1");
        self.link.optional(statement.bind(id.to_string())).await?.as_ref().map(held_of).transpose()
    }

    /// The one that is on its way for a target, by its [`Target::key`](domain::operation::Target::key).
    pub async fn open_operation(&mut self, target: &str) -> Result<Option<Held>, StoreError> {
        let statement = sql("select body, fence, held_until, stopped_by from operations where open_target = $1");
        self.link.optional(statement.bind(target.to_owned())).await?.as_ref().map(held_of).transpose()
    }

    /// All that are on their way. One that cannot be read is left out: it must not keep the others from being carried on.
    pub async fn open_operations(&mut self) -> Result<Vec<Held>, StoreError> {
        let statement = sql(
            "select id, body, fence, held_until, stopped_by from operations where open_target is not null order by created_at",
        );
        Ok(self.link.all(statement).await?.iter().filter_map(readable).collect())
    }

    /// Those that are over and are to be looked at again by now, microseconds since 1970.
    pub async fn watched_operations(&mut self, now: i64) -> Result<Vec<Held>, StoreError> {
        let statement = sql(
            "select id, body, fence, held_until, stopped_by from operations where watch_at <= $1 order by watch_at limit 100",
        );
        Ok(self.link.all(statement.bind(now)).await?.iter().filter_map(readable).collect())
    }

    /// The newest of a target, if it is among the newest of its environment.
    pub async fn newest_operation(&mut self, target: &Target) -> Result<Option<Held>, StoreError> {
        let newest = self.operations_of(&target.component.environment, LOOKED_THROUGH).await?;
        Ok(newest.into_iter().find(|held| held.record.target.key() == target.key()))
    }

    /// The newest of an environment, newest first.
    pub async fn operations_of(&mut self, id: &EnvironmentId, most: i64) -> Result<Vec<Held>, StoreError> {
        let statement = sql("select id, body, fence, held_until, stopped_by from operations where environment = $1 \
             order by created_at desc limit $2");
        let rows = self.link.all(statement.bind(id.to_string()).bind(most)).await?;
        Ok(rows.iter().filter_map(readable).collect())
    }
}

fn readable(row: &AnyRow) -> Option<Held> {
    match held_of(row) {
        Ok(held) => Some(held),
        Err(error) => {
            let id: String = row.try_get("id").unwrap_or_default();
            tracing::error!(operation = %id, "an operation cannot be read, and is not carried on: {error}");
            None
        }
    }
}

impl Write {
    /// Adds an operation that is about to be sent, held by whoever adds it under the number 1. Times are microseconds since 1970.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] with [`Conflict::Operation`](super::Conflict::Operation) where its id is known, with
    /// [`Conflict::Target`](super::Conflict::Target) where another is on its way for the same target.
    pub async fn begin_operation(&mut self, record: &Record, now: i64, held_until: i64) -> Result<(), StoreError> {
        let statement = sql("insert into operations \
             (id, environment, stage, open_target, fence, held_until, watch_at, created_at, ended_at, body) \
             values ($1, $2, $3, $4, 1, $5, null, $6, null, $7)")
        .bind(record.id.to_string())
        .bind(record.target.component.environment.to_string())
        .bind(stage_of(record))
        .bind(open_target(record))
        .bind(held_until)
        .bind(now)
        .bind(body_of(record)?);
        self.link.execute(statement).await?;
        Ok(())
    }

    /// Keeps how far an operation is. `false`: somebody else has it by now, and nothing was written.
    pub async fn keep_operation(&mut self, held: &Held, now: i64, watch_at: Option<i64>) -> Result<bool, StoreError> {
        let Held { record, fence, held_until, stopped_by: _ } = held;
        let statement = sql("update operations set stage = $1, open_target = $2, held_until = $3, watch_at = $4, \
             ended_at = coalesce(ended_at, $5), body = $6 where id = $7 and fence = $8")
        .bind(stage_of(record))
        .bind(open_target(record))
        .bind(*held_until)
        .bind(watch_at)
        .bind(record.is_over().then_some(now))
        .bind(body_of(record)?)
        .bind(record.id.to_string())
        .bind(*fence);
        Ok(self.link.execute(statement).await? > 0)
    }

    /// Writes the end of an operation, once. `false`: somebody else has it by now, or its end stands there already, which is so
    /// where the answer to an earlier commit was lost; nothing was written.
    pub async fn end_operation(&mut self, held: &Held, now: i64, watch_at: Option<i64>) -> Result<bool, StoreError> {
        let Held { record, fence, held_until, stopped_by: _ } = held;
        let statement = sql("update operations set stage = $1, open_target = $2, held_until = $3, watch_at = $4, \
             ended_at = $5, body = $6 where id = $7 and fence = $8 and ended_at is null")
        .bind(stage_of(record))
        .bind(open_target(record))
        .bind(*held_until)
        .bind(watch_at)
        .bind(now)
        .bind(body_of(record)?)
        .bind(record.id.to_string())
        .bind(*fence);
        Ok(self.link.execute(statement).await? > 0)
    }

    /// Holds an operation for longer, as it stands; nothing happens where somebody else has it.
    pub async fn hold_operation(&mut self, held: &Held) -> Result<(), StoreError> {
        let statement = sql("update operations set held_until = $1 where id = $2 and fence = $3")
            .bind(held.held_until)
            .bind(held.record.id.to_string())
            .bind(held.fence);
        self.link.execute(statement).await?;
        Ok(())
    }

    /// Takes an operation from a holder that was not heard of. `false`: somebody else was quicker.
    pub async fn take_over_operation(&mut self, held: &mut Held, held_until: i64) -> Result<bool, StoreError> {
        let statement = sql("update operations set fence = fence + 1, held_until = $1 where id = $2 and fence = $3")
            .bind(held_until)
            .bind(held.record.id.to_string())
            .bind(held.fence);
        if self.link.execute(statement).await? == 0 {
            return Ok(false);
        }
        (held.fence, held.held_until) = (held.fence + 1, held_until);
        Ok(true)
    }

    /// Has nothing begun after an operation of a series, once it is over. `false`: it is over already, or was stopped
    /// before.
    pub async fn stop_after(&mut self, id: OperationId, by: &str) -> Result<bool, StoreError> {
        let statement =
            sql("update operations set stopped_by = $1 where id = $2 and ended_at is null and stopped_by is null")
                .bind(by.to_owned())
                .bind(id.to_string());
        Ok(self.link.execute(statement).await? > 0)
    }

    /// Who wants nothing to be begun after an operation. Where something is to be begun, this is asked after its end was written in
    /// the same transaction: then the row is locked, and nobody can come between.
    pub async fn stopped_by(&mut self, id: OperationId) -> Result<Option<String>, StoreError> {
        let statement = sql("select stopped_by from operations where id = $1").bind(id.to_string());
        Ok(match self.link.optional(statement).await? {
            Some(row) => row.try_get("stopped_by")?,
            None => None,
        })
    }

    /// Deletes those that have been over for 90 days. Says how many.
    pub(super) async fn delete_old_operations(&mut self, now: i64) -> Result<u64, StoreError> {
        let statement = sql("delete from operations where ended_at < $1 and open_target is null");
        self.link.execute(statement.bind(now.saturating_sub(KEPT_US))).await
    }
}
