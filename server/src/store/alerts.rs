//! Alerts: how each stands, which are silenced, and which replica decides.

mod outbox;

use std::collections::HashSet;

use domain::alert::AlertKey;
use domain::alert::life::Alert;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::ledger::Environments;
use super::link::sql;
use super::{Read, StoreError, Write};

pub use outbox::{Claimed, Progress, Queued, Sending};

/// How long an alert that is over is kept, in microseconds: 90 days.
const KEPT_US: i64 = 90 * 86_400 * 1_000_000;

/// An alert with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAlert {
    /// 32 hexadecimal digits, for good.
    pub id: String,
    /// How it stands.
    pub alert: Alert,
}

/// All of which something more may come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// Those that can be read.
    pub alerts: Vec<KeptAlert>,
    /// The keys of those that cannot, as they are written: of these there is an alert already.
    pub taken: HashSet<String>,
}

/// Somebody does not want to hear of a thing for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Of what.
    pub key: AlertKey,
    /// Since when, microseconds since 1970.
    pub begun_at: i64,
    /// Until when, microseconds since 1970.
    pub until_at: i64,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
}

fn kept_of(row: &AnyRow) -> Option<KeptAlert> {
    let read = || -> Result<KeptAlert, StoreError> {
        let body: String = row.try_get("body")?;
        let alert = serde_json::from_str(&body).map_err(StoreError::row)?;
        Ok(KeptAlert { id: row.try_get("id")?, alert })
    };
    match read() {
        Ok(kept) => Some(kept),
        Err(error) => {
            // It must not keep the others from being decided about. A newer version may have written it.
            tracing::warn!("an alert cannot be read: {error}");
            None
        }
    }
}

/// What is left of rows that this version can read.
fn readable<T>(rows: &[AnyRow], what: &str, read: impl Fn(&AnyRow) -> Result<T, StoreError>) -> Vec<T> {
    let read = |row| read(row).inspect_err(|error| tracing::warn!("{what} cannot be read: {error}")).ok();
    rows.iter().filter_map(read).collect()
}

/// `($2, $3)`: places for so many values from a number on.
fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    format!("({})", places.join(", "))
}

fn silence_of(row: &AnyRow) -> Result<Silence, StoreError> {
    let (environment, rule, about): (String, String, String) =
        (row.try_get("environment")?, row.try_get("rule")?, row.try_get("about")?);
    let key = AlertKey {
        environment: environment.parse().map_err(StoreError::row)?,
        rule: rule.parse().map_err(StoreError::row)?,
        about: about.into(),
    };
    Ok(Silence {
        id: row.try_get("id")?,
        key,
        begun_at: row.try_get("begun_at")?,
        until_at: row.try_get("until_at")?,
        reason: row.try_get("reason")?,
        by: row.try_get("by_name")?,
    })
}

impl Read {
    /// All of which something more may come.
    pub async fn unsettled_alerts(&mut self) -> Result<Unsettled, StoreError> {
        let statement = sql("select id, open_key, body from alerts where settled_at is null order by since, id");
        let mut unsettled = Unsettled::default();
        for row in self.link.all(statement).await? {
            match kept_of(&row) {
                Some(kept) => unsettled.alerts.push(kept),
                None => unsettled.taken.extend(row.try_get::<Option<String>, _>("open_key")?),
            }
        }
        Ok(unsettled)
    }

    /// All that are not over, and those that were over after a moment, newest first: at most so many, and whether there are more.
    pub async fn alerts_since(
        &mut self,
        resolved_after: i64,
        environments: &Environments,
        most: usize,
    ) -> Result<(Vec<KeptAlert>, bool), StoreError> {
        let (within, seen) = match environments {
            Environments::All => (String::new(), &[][..]),
            // `in ()` is none in one database and an error in the other.
            Environments::Only(seen) if seen.is_empty() => return Ok((Vec::new(), false)),
            Environments::Only(seen) => (format!(" and environment in {}", places(3, seen.len())), &seen[..]),
        };
        let text = format!(
            "select id, body from alerts where (resolved_at is null or resolved_at > $1){within} \
             order by case when resolved_at is null then 0 else 1 end, since desc, id limit $2"
        );
        let more = i64::try_from(most).unwrap_or(i64::MAX - 1) + 1;
        // Made of constants and of places for values.
        let mut statement = sqlx::query(AssertSqlSafe(text)).bind(resolved_after).bind(more);
        for id in seen {
            statement = statement.bind(id.to_string());
        }
        let mut rows = self.link.all(statement).await?;
        let has_more = rows.len() > most;
        rows.truncate(most);
        Ok((rows.iter().filter_map(kept_of).collect(), has_more))
    }

    /// One alert.
    pub async fn alert(&mut self, id: &str) -> Result<Option<KeptAlert>, StoreError> {
        let statement = sql("select id, body from alerts where id = $1").bind(id.to_owned());
        Ok(self.link.optional(statement).await?.as_ref().and_then(kept_of))
    }

    /// The silences that hold now, microseconds since 1970.
    pub async fn silences(&mut self, now: i64) -> Result<Vec<Silence>, StoreError> {
        let statement = sql("select id, environment, rule, about, begun_at, until_at, reason, by_name \
             from alert_silences where until_at > $1 order by until_at");
        Ok(readable(&self.link.all(statement.bind(now)).await?, "a silence", silence_of))
    }

    /// One silence, over or not.
    pub async fn silence(&mut self, id: &str) -> Result<Option<Silence>, StoreError> {
        let statement = sql("select id, environment, rule, about, begun_at, until_at, reason, by_name \
             from alert_silences where id = $1");
        Ok(readable(&self.link.all(statement.bind(id.to_owned())).await?, "a silence", silence_of).pop())
    }
}

impl Write {
    /// Decides about alerts until a moment, unless another replica does or did after `free_before`. Returns the number by which one holds it: another number than
    /// before says that somebody else decided in between. In PostgreSQL nobody else gets it until this transaction ends.
    pub async fn hold_alerts(&mut self, holder: &str, free_before: i64, until: i64) -> Result<Option<i64>, StoreError> {
        let statement = sql("insert into alert_watch (name, holder, fence, held_until) values ('watch', $1, 1, $2) \
             on conflict (name) do update set \
             fence = case when alert_watch.holder = $1 then alert_watch.fence else alert_watch.fence + 1 end, \
             holder = $1, held_until = $2 \
             where alert_watch.holder = $1 or alert_watch.held_until < $3 returning fence");
        let row = self.link.optional(statement.bind(holder.to_owned()).bind(until).bind(free_before)).await?;
        row.map(|row| Ok(row.try_get("fence")?)).transpose()
    }

    /// Lets another replica decide at once.
    pub async fn release_alerts(&mut self, holder: &str) -> Result<(), StoreError> {
        let statement = sql("update alert_watch set held_until = 0 where holder = $1").bind(holder.to_owned());
        self.link.execute(statement).await.map(|_| ())
    }

    /// Keeps an alert as it stands.
    pub async fn keep_alert(&mut self, kept: &KeptAlert, now: i64) -> Result<(), StoreError> {
        let KeptAlert { id, alert } = kept;
        let statement = sql("insert into alerts (id, environment, open_key, since, resolved_at, settled_at, body) \
             values ($1, $2, $3, $4, $5, $6, $7) \
             on conflict (id) do update set open_key = $3, since = $4, resolved_at = $5, settled_at = $6, body = $7")
        .bind(id.clone())
        .bind(alert.key.environment.to_string())
        .bind(alert.resolved.is_none().then(|| alert.key.to_string()))
        .bind(alert.since)
        .bind(alert.resolved)
        .bind(alert.is_settled().then_some(now))
        .bind(serde_json::to_string(alert).map_err(StoreError::row)?);
        self.link.execute(statement).await.map(|_| ())
    }

    /// Forgets an alert that went before it fired.
    pub async fn drop_alert(&mut self, id: &str) -> Result<(), StoreError> {
        self.link.execute(sql("delete from alerts where id = $1").bind(id.to_owned())).await.map(|_| ())
    }

    /// Begins a silence in the place of those of the same thing.
    pub async fn begin_silence(&mut self, silence: &Silence) -> Result<(), StoreError> {
        let statement = sql("update alert_silences set until_at = $1 \
             where environment = $2 and rule = $3 and about = $4 and until_at > $1")
        .bind(silence.begun_at)
        .bind(silence.key.environment.to_string())
        .bind(silence.key.rule.as_str())
        .bind(silence.key.about.to_string());
        self.link.execute(statement).await?;
        let statement = sql("insert into alert_silences \
             (id, environment, rule, about, begun_at, until_at, reason, by_name) values ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(silence.id.clone())
        .bind(silence.key.environment.to_string())
        .bind(silence.key.rule.as_str())
        .bind(silence.key.about.to_string())
        .bind(silence.begun_at)
        .bind(silence.until_at)
        .bind(silence.reason.clone())
        .bind(silence.by.clone());
        self.link.execute(statement).await.map(|_| ())
    }

    /// Ends a silence before its time. `false`: it was over already.
    pub async fn end_silence(&mut self, id: &str, now: i64) -> Result<bool, StoreError> {
        let statement = sql("update alert_silences set until_at = $1 where id = $2 and until_at > $1");
        Ok(self.link.execute(statement.bind(now).bind(id.to_owned())).await? > 0)
    }

    /// Deletes what has been over for 90 days. Says how many rows.
    pub(super) async fn delete_old_alerts(&mut self, now: i64) -> Result<u64, StoreError> {
        let before = now.saturating_sub(KEPT_US);
        let mut rows = 0;
        for statement in [
            "delete from alert_outbox where created_at < $1 and due_at is null",
            "delete from alert_silences where until_at < $1",
            "delete from alerts where settled_at < $1",
        ] {
            rows += self.link.execute(sql(statement).bind(before)).await?;
        }
        Ok(rows)
    }
}
