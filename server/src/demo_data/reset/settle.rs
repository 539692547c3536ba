//! Finding out whether a reset was committed that nobody carries on.

use std::collections::BTreeMap;

use domain::ledger::OperationId;
use sqlx::{Connection as _, PgConnection, Row as _};

use super::LOCK;
use crate::demo_data::enrol::{OURS, present};

/// What the database says of a reset that nobody carries on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It was committed: the rows of each table before.
    Committed(BTreeMap<String, u64>),
    /// It was not, and cannot be any more.
    Never,
    /// This is another database than the one that was looked at: nothing was asked of it.
    Elsewhere,
}

/// Asks the database whether a reset was committed, and keeps one that was not from ever being so: whoever still carries it on finds its
/// id taken. `server` and `database`: those that were looked at.
///
/// # Errors
///
/// Those of the driver, also where somebody still holds the lock: then it is not known yet.
pub async fn settle(
    link: &mut PgConnection,
    id: OperationId,
    (server, database): (&str, &str),
) -> Result<Settled, sqlx::Error> {
    let mut transaction = link.begin().await?;
    for statement in ["set local lock_timeout = '5s'", OURS] {
        sqlx::query(statement).persistent(false).execute(&mut *transaction).await?;
    }
    let present = present(&mut transaction, &[]).await?;
    if present.system_identifier != server || present.database != database {
        return Ok(Settled::Elsewhere);
    }
    sqlx::query("select pg_advisory_xact_lock($1)").persistent(false).bind(LOCK).execute(&mut *transaction).await?;
    let row = sqlx::query("select kind, counts::text as counts from quarterdeck.resets where id = $1")
        .persistent(false)
        .bind(id.to_string())
        .fetch_optional(&mut *transaction)
        .await?;
    let settled = match row {
        Some(row) if row.try_get::<String, _>("kind")? != "void" => {
            let counts: String = row.try_get("counts")?;
            Settled::Committed(serde_json::from_str(&counts).unwrap_or_default())
        }
        Some(_) => Settled::Never,
        None => {
            sqlx::query("insert into quarterdeck.resets (id, kind) values ($1, 'void')")
                .persistent(false)
                .bind(id.to_string())
                .execute(&mut *transaction)
                .await?;
            Settled::Never
        }
    };
    transaction.commit().await?;
    Ok(settled)
}
