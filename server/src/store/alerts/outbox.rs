//! What is to be sent of alerts: to whom, how that went, and who sends it.

use std::collections::{BTreeMap, BTreeSet};

use domain::alert::Severity;
use domain::alert::life::NoticeKind;
use domain::alert::notice::Notice;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::{places, readable};
use crate::store::link::sql;
use crate::store::{Read, Store, StoreError, Write};

/// How long a notice is kept for a version that can read it, and how long it is left alone in between, in microseconds.
const UNREADABLE_US: (i64, i64) = (86_400_000_000, 600_000_000);

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

/// How far a notice got at a receiver, which may be several addresses. A webhook is one, without a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Progress {
    /// The addresses that took it.
    pub told: BTreeSet<String>,
    /// How often an address was sent all of it and did not answer: it may have taken it.
    pub unanswered: BTreeMap<String, u32>,
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
    /// How far it got before.
    pub progress: Progress,
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
    /// When it is tried next, microseconds since 1970; `None` once it was sent or given up.
    pub due_at: Option<i64>,
    /// When it was sent, microseconds since 1970.
    pub sent_at: Option<i64>,
    /// When it was given up, microseconds since 1970.
    pub gave_up_at: Option<i64>,
    /// Why the last attempt failed, for admins; empty when none did.
    pub trouble: String,
}

macro_rules! sending_columns {
    () => {
        "alert, receiver, kind, attempts, created_at, due_at, sent_at, gave_up_at, trouble"
    };
}

/// The notice that is to be sent next at `$1`. That an alert is over waits until that it fires arrived or was given up, and a
/// receiver that does not answer has two at most under way, so that it does not hold up the others.
macro_rules! next_notice {
    () => {
        "select due.id from alert_outbox as due where due.due_at <= $1 and due.claimed_until < $1 \
         and (due.kind <> 'resolved' or not exists (select 1 from alert_outbox as earlier \
         where earlier.alert = due.alert and earlier.receiver = due.receiver and earlier.kind = 'firing' \
         and earlier.due_at is not null)) \
         and (select count(*) from alert_outbox as busy where busy.receiver = due.receiver \
         and busy.due_at is not null and busy.claimed_until >= $1) < 2 \
         order by due.urgency, due.due_at, due.id limit 1"
    };
}

/// What is sent first, the smallest number: what fires before all else, and what is critical before what is not.
fn urgency(notice: &Notice) -> i64 {
    match (notice.kind, notice.severity) {
        (NoticeKind::Firing, Severity::Critical) => 0,
        (NoticeKind::Firing, Severity::Warning) | (NoticeKind::Test, Severity::Critical | Severity::Warning) => 1,
        (NoticeKind::Resolved, Severity::Critical) => 2,
        (NoticeKind::Resolved, Severity::Warning) => 3,
    }
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
        due_at: row.try_get("due_at")?,
        sent_at: row.try_get("sent_at")?,
        gave_up_at: row.try_get("gave_up_at")?,
        trouble: row.try_get("trouble")?,
    })
}

impl Read {
    /// How the sending of some alerts went, oldest first.
    pub async fn sendings_of(&mut self, alerts: &[String]) -> Result<Vec<Sending>, StoreError> {
        if alerts.is_empty() {
            return Ok(Vec::new());
        }
        let places = places(1, alerts.len());
        let text = format!(
            concat!("select ", sending_columns!(), " from alert_outbox where alert in {} order by created_at, id"),
            places
        );
        // Made of constants and of places for values.
        let mut statement = sqlx::query(AssertSqlSafe(text));
        for id in alerts {
            statement = statement.bind(id.clone());
        }
        Ok(readable(&self.link.all(statement).await?, "how a notice was sent", sending_of))
    }

    /// How the last test of each receiver went.
    pub async fn last_tests(&mut self) -> Result<Vec<Sending>, StoreError> {
        let statement = sql(concat!(
            "select ",
            sending_columns!(),
            " from alert_outbox where kind = 'test' and created_at = (select max(later.created_at) \
             from alert_outbox as later where later.receiver = alert_outbox.receiver and later.kind = 'test') order by id"
        ));
        Ok(readable(&self.link.all(statement).await?, "how a test was sent", sending_of))
    }

    /// Whether a test of a receiver is on its way, or arrived after a moment.
    pub async fn is_being_tested(&mut self, receiver: &str, sent_after: i64) -> Result<bool, StoreError> {
        let statement = sql("select 1 as found from alert_outbox where receiver = $1 and kind = 'test' \
             and (due_at is not null or sent_at > $2) limit 1");
        Ok(self.link.optional(statement.bind(receiver.to_owned()).bind(sent_after)).await?.is_some())
    }

    /// To whom it was to be sent that an alert fires.
    pub async fn told_of_alert(&mut self, alert: &str) -> Result<Vec<String>, StoreError> {
        let statement = sql("select receiver from alert_outbox where alert = $1 and kind = 'firing' order by receiver");
        let rows = self.link.all(statement.bind(alert.to_owned())).await?;
        rows.iter().map(|row| Ok(row.try_get("receiver")?)).collect()
    }
}

impl Write {
    /// Has a notice sent; nothing happens where the receiver is told the same of the same alert already.
    pub async fn queue_notice(&mut self, queued: &Queued, now: i64) -> Result<(), StoreError> {
        let Queued { id, receiver, notice } = queued;
        let statement = sql("insert into alert_outbox \
             (id, alert, receiver, kind, urgency, body, created_at, due_at, attempts, claimed_until, progress, trouble) \
             values ($1, $2, $3, $4, $7, $5, $6, $6, 0, 0, '{}', '') on conflict (alert, receiver, kind) do nothing")
        .bind(id.clone())
        .bind(notice.alert.clone())
        .bind(receiver.clone())
        .bind(notice.kind.as_str())
        .bind(serde_json::to_string(notice).map_err(StoreError::row)?)
        .bind(now)
        .bind(urgency(notice));
        self.link.execute(statement).await.map(|_| ())
    }

    /// Leaves a notice that cannot be read to a version that can, and gives it up after a day.
    async fn put_aside(&mut self, id: String, now: i64) -> Result<(), StoreError> {
        let trouble = "this version of the program cannot read it";
        let statement = sql("update alert_outbox set claimed_until = 0, trouble = $4, \
             due_at = case when created_at > $3 then $2 end, gave_up_at = case when created_at > $3 then null else $5 end \
             where id = $1")
        .bind(id)
        .bind(now + UNREADABLE_US.1)
        .bind(now - UNREADABLE_US.0)
        .bind(trouble.to_owned())
        .bind(now);
        self.link.execute(statement).await.map(|_| ())
    }
}

impl Store {
    /// Takes the notice that is due longest, so that nobody else sends it until a moment; `None`: none is due. That an alert is over is
    /// not sent to somebody before that it fires was, or was given up.
    pub async fn claim_notice(&self, now: i64, until: i64) -> Result<Option<Claimed>, StoreError> {
        // Asked every second, and mostly nothing is: that must not take the place of who writes.
        if self.read().await?.link.optional(sql(next_notice!()).bind(now)).await?.is_none() {
            return Ok(None);
        }
        let mut write = self.write().await?;
        let statement = sql(concat!(
            "update alert_outbox set claimed_until = $2, attempts = attempts + 1 \
             where due_at <= $1 and claimed_until < $1 and id = (",
            next_notice!(),
            ") returning id, receiver, body, attempts, created_at, progress"
        ));
        let Some(row) = write.link.optional(statement.bind(now).bind(until)).await? else {
            write.rollback().await?;
            return Ok(None);
        };
        let (body, progress): (String, String) = (row.try_get("body")?, row.try_get("progress")?);
        let read = (serde_json::from_str(&body), serde_json::from_str(&progress));
        let claimed = match read {
            (Ok(notice), Ok(progress)) => Some(Claimed {
                queued: Queued { id: row.try_get("id")?, receiver: row.try_get("receiver")?, notice },
                attempts: row.try_get("attempts")?,
                created_at: row.try_get("created_at")?,
                claimed_until: until,
                progress,
            }),
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!("a notice cannot be read: {error}");
                write.put_aside(row.try_get("id")?, now).await?;
                None
            }
        };
        write.commit().await?;
        Ok(claimed)
    }

    /// Keeps a notice for longer, for a receiver that may take its time. `false`: it was not ours any more.
    pub async fn keep_claim(&self, claimed: &mut Claimed, until: i64) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let statement = sql("update alert_outbox set claimed_until = $1 \
             where id = $2 and claimed_until = $3 and due_at is not null")
        .bind(until)
        .bind(claimed.queued.id.clone())
        .bind(claimed.claimed_until);
        let is_kept = write.link.execute(statement).await? > 0;
        write.commit().await?;
        if is_kept {
            claimed.claimed_until = until;
        }
        Ok(is_kept)
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

    /// Writes down why a notice was not sent, how far it got, and when it is tried again; `None`: it is given up.
    pub async fn notice_failed(
        &self,
        claimed: &Claimed,
        progress: &Progress,
        trouble: &str,
        again_at: Option<i64>,
        now: i64,
    ) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let statement = sql("update alert_outbox set due_at = $1, gave_up_at = $2, trouble = $3, progress = $6, \
             claimed_until = 0 where id = $4 and claimed_until = $5 and due_at is not null")
        .bind(again_at)
        .bind(again_at.is_none().then_some(now))
        .bind(trouble.to_owned())
        .bind(claimed.queued.id.clone())
        .bind(claimed.claimed_until)
        .bind(serde_json::to_string(progress).map_err(StoreError::row)?);
        let rows = write.link.execute(statement).await?;
        write.commit().await?;
        Ok(rows > 0)
    }
}
