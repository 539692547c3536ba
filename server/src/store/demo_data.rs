//! Resets of demo data: what a replica needs to carry one on that another began, that of one environment there is one at a time, and
//! who has reserved an environment.

use domain::demo_data::record::Record;
use domain::demo_data::reservation::Reservation;
use domain::ledger::OperationId;
use domain::name::EnvironmentId;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::link::sql;
use super::{Read, StoreError, Write};

/// How long a reset that is over is kept, in microseconds: 90 days. The ledger keeps its entries for good.
const KEPT_US: i64 = 90 * 86_400 * 1_000_000;
/// How long a reservation that is over is kept, in microseconds: a day, so that its holder still sees who reset over it.
const RESERVATION_KEPT_US: i64 = 86_400 * 1_000_000;

/// A reset with the number of whoever has it.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldReset {
    /// The reset.
    pub record: Record,
    /// The number. A row is changed by its newest holder only.
    pub fence: i64,
    /// Until then its holder is not doubted, microseconds since 1970.
    pub held_until: i64,
}

fn held_of(row: &AnyRow) -> Result<HeldReset, StoreError> {
    let body: String = row.try_get("body")?;
    let record = serde_json::from_str(&body).map_err(StoreError::row)?;
    Ok(HeldReset { record, fence: row.try_get("fence")?, held_until: row.try_get("held_until")? })
}

/// What can be read of rows. One that cannot is left out: it must not keep the others from being carried on.
fn readable(row: &AnyRow) -> Option<HeldReset> {
    match held_of(row) {
        Ok(held) => Some(held),
        Err(error) => {
            let id: String = row.try_get("id").unwrap_or_default();
            tracing::error!(reset = %id, "a reset of demo data cannot be read, and is not carried on: {error}");
            None
        }
    }
}

/// The environment, while its reset is on its way.
fn open_environment(record: &Record) -> Option<String> {
    (!record.is_over()).then(|| record.environment.to_string())
}

fn stage_of(record: &Record) -> String {
    format!("{:?}", record.stage()).to_lowercase()
}

fn body_of(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::row)
}

impl Read {
    /// One reset.
    pub async fn reset(&mut self, id: OperationId) -> Result<Option<HeldReset>, StoreError> {
        let statement = sql("select body, fence, held_until from demo_resets where id = $1").bind(id.to_string());
        self.link.optional(statement).await?.as_ref().map(held_of).transpose()
    }

    /// All that are on their way.
    pub async fn open_resets(&mut self) -> Result<Vec<HeldReset>, StoreError> {
        let statement = sql("select id, body, fence, held_until from demo_resets \
             where open_environment is not null order by created_at");
        Ok(self.link.all(statement).await?.iter().filter_map(readable).collect())
    }

    /// The newest of an environment, newest first.
    pub async fn resets_of(&mut self, environment: &EnvironmentId, most: i64) -> Result<Vec<Record>, StoreError> {
        let statement = sql("select id, body, fence, held_until from demo_resets where environment = $1 \
             order by created_at desc limit $2")
        .bind(environment.to_string())
        .bind(most);
        Ok(self.link.all(statement).await?.iter().filter_map(readable).map(|held| held.record).collect())
    }

    /// All reservations that are kept, also those that are over for less than a day.
    pub async fn reservations(&mut self) -> Result<Vec<Reservation>, StoreError> {
        let rows =
            self.link.all(sql("select body from demo_reservations where body <> '' order by environment")).await?;
        rows.iter().map(reservation_of).collect()
    }

    /// The reservation of an environment, if there is one, also one that is over.
    pub async fn reservation(&mut self, environment: &EnvironmentId) -> Result<Option<Reservation>, StoreError> {
        let statement = sql("select body from demo_reservations where environment = $1 and body <> ''")
            .bind(environment.to_string());
        self.link.optional(statement).await?.as_ref().map(reservation_of).transpose()
    }
}

fn reservation_of(row: &AnyRow) -> Result<Reservation, StoreError> {
    let body: String = row.try_get("body")?;
    serde_json::from_str(&body).map_err(StoreError::row)
}

impl Write {
    /// Adds a reset, held by whoever adds it under the number 1. Times are microseconds since 1970.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] with [`Conflict::Operation`](super::Conflict::Operation) where its id is known, with
    /// [`Conflict::Target`](super::Conflict::Target) where another is on its way in the same environment.
    pub async fn begin_reset(&mut self, record: &Record, now: i64, held_until: i64) -> Result<(), StoreError> {
        let statement = sql("insert into demo_resets \
             (id, environment, stage, open_environment, fence, held_until, created_at, ended_at, body) \
             values ($1, $2, $3, $4, 1, $5, $6, $7, $8)")
        .bind(record.id.to_string())
        .bind(record.environment.to_string())
        .bind(stage_of(record))
        .bind(open_environment(record))
        .bind(held_until)
        .bind(now)
        .bind(record.is_over().then_some(now))
        .bind(body_of(record)?);
        self.link.execute(statement).await?;
        Ok(())
    }

    /// Keeps how far a reset is, and its end once. `false`: somebody else has it by now, or its end stands there already; nothing was
    /// written.
    pub async fn keep_reset(&mut self, held: &HeldReset, now: i64) -> Result<bool, StoreError> {
        let HeldReset { record, fence, held_until } = held;
        let statement =
            sql("update demo_resets set stage = $1, open_environment = $2, held_until = $3, ended_at = $4, \
             body = $5 where id = $6 and fence = $7 and ended_at is null")
            .bind(stage_of(record))
            .bind(open_environment(record))
            .bind(*held_until)
            .bind(record.is_over().then_some(now))
            .bind(body_of(record)?)
            .bind(record.id.to_string())
            .bind(*fence);
        Ok(self.link.execute(statement).await? > 0)
    }

    /// Takes a reset from a holder that was not heard of. `false`: somebody else was quicker, or its holder has said so meanwhile.
    pub async fn take_over_reset(&mut self, held: &mut HeldReset, held_until: i64) -> Result<bool, StoreError> {
        let statement = sql("update demo_resets set fence = fence + 1, held_until = $1 \
             where id = $2 and fence = $3 and held_until = $4 and ended_at is null")
        .bind(held_until)
        .bind(held.record.id.to_string())
        .bind(held.fence)
        .bind(held.held_until);
        if self.link.execute(statement).await? == 0 {
            return Ok(false);
        }
        (held.fence, held.held_until) = (held.fence + 1, held_until);
        Ok(true)
    }

    /// Keeps a reservation in the place of the one that is there, unless that one still holds and is somebody else's. `false`: it is.
    pub async fn reserve(&mut self, wanted: &Reservation, now: i64) -> Result<bool, StoreError> {
        // Of two who want it at once the second waits for the row and finds the first.
        let statement = sql("insert into demo_reservations (environment, until_at, body) values ($1, 0, '') \
             on conflict (environment) do update set until_at = demo_reservations.until_at")
        .bind(wanted.environment.to_string());
        self.link.execute(statement).await?;
        let statement = sql("select body from demo_reservations where environment = $1 and body <> ''")
            .bind(wanted.environment.to_string());
        let known = self.link.optional(statement).await?.as_ref().map(reservation_of).transpose()?;
        if known.is_some_and(|known| known.holds(now) && !known.is_of(&wanted.by_id)) {
            return Ok(false);
        }
        self.keep_reservation(wanted).await?;
        Ok(true)
    }

    /// Keeps what became of a reservation that is there.
    pub async fn keep_reservation(&mut self, reservation: &Reservation) -> Result<(), StoreError> {
        let statement = sql("update demo_reservations set until_at = $1, body = $2 where environment = $3")
            .bind(reservation.until_at)
            .bind(body_of(reservation)?)
            .bind(reservation.environment.to_string());
        self.link.execute(statement).await?;
        Ok(())
    }

    /// Deletes resets that have been over for 90 days, and reservations for a day. Says how many.
    pub(super) async fn delete_old_resets(&mut self, now: i64) -> Result<u64, StoreError> {
        let statement = sql("delete from demo_resets where ended_at < $1 and open_environment is null");
        let resets = self.link.execute(statement.bind(now.saturating_sub(KEPT_US))).await?;
        let statement = sql("delete from demo_reservations where until_at < $1");
        Ok(resets + self.link.execute(statement.bind(now.saturating_sub(RESERVATION_KEPT_US))).await?)
    }
}
