//! Alerts: how each stands, which are silenced, what is to be sent, and which replica decides.

use domain::alert::AlertKey;
use domain::alert::life::{Alert, NoticeKind};
use domain::alert::notice::Notice;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::link::sql;
use super::{Read, Store, StoreError, Write};

/// How long an alert that is over is kept, in microseconds: 90 days.
const KEPT_US: i64 = 90 * 86_400 * 1_000_000;
/// The most alerts that a page reads.
const MOST_SHOWN: i64 = 500;

/// An alert with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAlert {
    /// 32 hexadecimal digits, for good.
    pub id: String,
    /// How it stands.
    pub alert: Alert,
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

/// A notice that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// Sent along, so that a receiver can tell a repetition.
    pub id: String,
    /// To whom, by name.
    pub receiver: String,
    /// What.
    pub notice: Notice,
}

/// A notice that nobody else sends for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// What.
    pub queued: Queued,
    /// How often it was tried, with this time.
    pub attempts: i64,
    /// When it was decided, microseconds since 1970.
    pub created_at: i64,
    /// Until when it is ours, and the number by which it is.
    pub claimed_until: i64,
}

/// How the sending of a notice went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// The id of the alert, or of the test.
    pub alert: String,
    /// To whom, by name.
    pub receiver: String,
    /// What it tells.
    pub kind: NoticeKind,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was decided, microseconds since 1970.
    pub created_at: i64,
    /// When it was sent, microseconds since 1970.
    pub sent_at: Option<i64>,
    /// When it was given up, microseconds since 1970.
    pub gave_up_at: Option<i64>,
    /// Why the last attempt failed; empty when none did.
    pub trouble: String,
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
            // It must not keep the others from being decided about.
            tracing::error!("an alert cannot be read: {error}");
            None
        }
    }
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

fn kind_of(text: &str) -> Result<NoticeKind, StoreError> {
    let known = [NoticeKind::Firing, NoticeKind::Resolved, NoticeKind::Test];
    known.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| StoreError::row("it is no kind of notice"))
}

fn sending_of(row: &AnyRow) -> Result<Sending, StoreError> {
    let kind: String = row.try_get("kind")?;
    Ok(Sending {
        alert: row.try_get("alert")?,
        receiver: row.try_get("receiver")?,
        kind: kind_of(&kind)?,
        attempts: row.try_get("attempts")?,
        created_at: row.try_get("created_at")?,
        sent_at: row.try_get("sent_at")?,
        gave_up_at: row.try_get("gave_up_at")?,
        trouble: row.try_get("trouble")?,
    })
}

impl Read {
    /// All of which something more may come.
    pub async fn unsettled_alerts(&mut self) -> Result<Vec<KeptAlert>, StoreError> {
        let statement = sql("select id, body from alerts where settled_at is null order by since, id");
        Ok(self.link.all(statement).await?.iter().filter_map(kept_of).collect())
    }

    /// All that are not over, and those that were over after a moment, newest first; at most 500.
    pub async fn alerts_since(&mut self, resolved_after: i64) -> Result<Vec<KeptAlert>, StoreError> {
        let statement = sql("select id, body from alerts where resolved_at is null or resolved_at > $1 \
             order by case when resolved_at is null then 0 else 1 end, since desc, id limit $2");
        let rows = self.link.all(statement.bind(resolved_after).bind(MOST_SHOWN)).await?;
        Ok(rows.iter().filter_map(kept_of).collect())
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
        self.link.all(statement.bind(now)).await?.iter().map(silence_of).collect()
    }

    /// One silence, over or not.
    pub async fn silence(&mut self, id: &str) -> Result<Option<Silence>, StoreError> {
        let statement = sql("select id, environment, rule, about, begun_at, until_at, reason, by_name \
             from alert_silences where id = $1");
        self.link.optional(statement.bind(id.to_owned())).await?.as_ref().map(silence_of).transpose()
    }

    /// How the sending of all went that was decided after a moment, oldest first.
    pub async fn sendings_since(&mut self, created_after: i64) -> Result<Vec<Sending>, StoreError> {
        let statement = sql("select alert, receiver, kind, attempts, created_at, sent_at, gave_up_at, trouble \
             from alert_outbox where created_at > $1 order by created_at, id");
        self.link.all(statement.bind(created_after)).await?.iter().map(sending_of).collect()
    }

    /// To whom it was to be sent that an alert fires.
    pub async fn told_of_alert(&mut self, alert: &str) -> Result<Vec<String>, StoreError> {
        let statement = sql("select receiver from alert_outbox where alert = $1 and kind = 'firing' order by receiver");
        let rows = self.link.all(statement.bind(alert.to_owned())).await?;
        rows.iter().map(|row| Ok(row.try_get("receiver")?)).collect()
    }
}

impl Write {
    /// Decides about alerts until a moment, unless another replica does. Returns the number by which one holds it: another number than
    /// before says that somebody else decided in between. In PostgreSQL nobody else gets it until this transaction ends.
    pub async fn hold_alerts(&mut self, holder: &str, now: i64, until: i64) -> Result<Option<i64>, StoreError> {
        let statement = sql("insert into alert_watch (name, holder, fence, held_until) values ('watch', $1, 1, $2) \
             on conflict (name) do update set \
             fence = case when alert_watch.holder = $1 then alert_watch.fence else alert_watch.fence + 1 end, \
             holder = $1, held_until = $2 \
             where alert_watch.holder = $1 or alert_watch.held_until < $3 returning fence");
        let row = self.link.optional(statement.bind(holder.to_owned()).bind(until).bind(now)).await?;
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

    /// Has a notice sent; nothing happens where the receiver is told the same of the same alert already.
    pub async fn queue_notice(&mut self, queued: &Queued, now: i64) -> Result<(), StoreError> {
        let Queued { id, receiver, notice } = queued;
        let statement = sql("insert into alert_outbox \
             (id, alert, receiver, kind, body, created_at, due_at, attempts, claimed_until, trouble) \
             values ($1, $2, $3, $4, $5, $6, $6, 0, 0, '') on conflict (alert, receiver, kind) do nothing")
        .bind(id.clone())
        .bind(notice.alert.clone())
        .bind(receiver.clone())
        .bind(notice.kind.as_str())
        .bind(serde_json::to_string(notice).map_err(StoreError::row)?)
        .bind(now);
        self.link.execute(statement).await.map(|_| ())
    }

    /// Begins a silence.
    pub async fn begin_silence(&mut self, silence: &Silence) -> Result<(), StoreError> {
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

impl Store {
    /// Takes the notice that is due longest, so that nobody else sends it until a moment; `None`: none is due. That an alert is over is
    /// not sent to somebody before that it fires was, or was given up.
    pub async fn claim_notice(&self, now: i64, until: i64) -> Result<Option<Claimed>, StoreError> {
        // Asked every second, and mostly nothing is: that must not take the place of who writes.
        let due = sql("select 1 as found from alert_outbox where due_at <= $1 and claimed_until < $1 limit 1");
        if self.read().await?.link.optional(due.bind(now)).await?.is_none() {
            return Ok(None);
        }
        let mut write = self.write().await?;
        let statement = sql("update alert_outbox set claimed_until = $2, attempts = attempts + 1 \
             where due_at <= $1 and claimed_until < $1 and id = (select due.id from alert_outbox as due \
             where due.due_at <= $1 and due.claimed_until < $1 and (due.kind <> 'resolved' or not exists \
             (select 1 from alert_outbox as earlier where earlier.alert = due.alert and earlier.receiver = due.receiver \
             and earlier.kind = 'firing' and earlier.due_at is not null)) order by due.due_at, due.id limit 1) \
             returning id, receiver, body, attempts, created_at");
        let row = write.link.optional(statement.bind(now).bind(until)).await?;
        write.commit().await?;
        let Some(row) = row else { return Ok(None) };
        let body: String = row.try_get("body")?;
        let notice = serde_json::from_str(&body).map_err(StoreError::row)?;
        Ok(Some(Claimed {
            queued: Queued { id: row.try_get("id")?, receiver: row.try_get("receiver")?, notice },
            attempts: row.try_get("attempts")?,
            created_at: row.try_get("created_at")?,
            claimed_until: until,
        }))
    }

    /// Writes down that a notice was sent. `false`: it was not ours any more.
    pub async fn notice_sent(&self, claimed: &Claimed, now: i64) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let statement = sql("update alert_outbox set sent_at = $1, due_at = null, trouble = '' \
             where id = $2 and claimed_until = $3 and due_at is not null")
        .bind(now)
        .bind(claimed.queued.id.clone())
        .bind(claimed.claimed_until);
        let rows = write.link.execute(statement).await?;
        write.commit().await?;
        Ok(rows > 0)
    }

    /// Writes down why a notice was not sent, and when it is tried again; `None`: it is given up.
    pub async fn notice_failed(
        &self,
        claimed: &Claimed,
        trouble: &str,
        again_at: Option<i64>,
        now: i64,
    ) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let statement = sql("update alert_outbox set due_at = $1, gave_up_at = $2, trouble = $3, claimed_until = 0 \
             where id = $4 and claimed_until = $5 and due_at is not null")
        .bind(again_at)
        .bind(again_at.is_none().then_some(now))
        .bind(trouble.to_owned())
        .bind(claimed.queued.id.clone())
        .bind(claimed.claimed_until);
        let rows = write.link.execute(statement).await?;
        write.commit().await?;
        Ok(rows > 0)
    }
}
