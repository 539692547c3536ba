//! Sending what is to be sent: each notice to each receiver, again and again until it arrives or a day has passed.

use std::sync::Arc;
use std::time::Duration;

use domain::access::{Place, Right, Role};
use domain::alert::notice::Notice;
use domain::ledger::{Entry, Kind, Outcome};
use domain::registry::Receiver;
use domain::text::plain;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::Alerts;
use super::mail::{self, MailError, UNANSWERED};
use crate::clock;
use crate::people::Session;
use crate::store::{Claimed, Progress, Queued, StoreError};

/// Time between two looks at what is due.
const LOOK: Duration = Duration::from_secs(1);
/// The most that are sent at once. Of one receiver it is two at most (`store/alerts/outbox.rs`): while it does not answer, it must not
/// hold up the others.
const MOST_AT_ONCE: usize = 8;
/// For how long nobody else sends what one sends, in microseconds: longer than an attempt takes and its end takes to be written down.
const CLAIM_US: i64 = 90_000_000;
/// The same of a mail.
const MAIL_CLAIM_US: i64 = 250_000_000;
/// How long it is tried to write down what came of an attempt.
const WRITE_DOWN: Duration = Duration::from_secs(50);
/// The first wait after a failure and the longest, in microseconds.
const WAITS_US: (i64, i64) = (5_000_000, 600_000_000);
/// After how long another test may follow one that arrived, in microseconds.
const BETWEEN_TESTS_US: i64 = 10_000_000;
/// After how long a notice is given up, in microseconds: a day.
const GIVE_UP_US: i64 = 86_400_000_000;

/// How a receiver is reached, in words. Where a webhook leads is a secret.
pub(super) fn reach(receiver: &Receiver) -> String {
    match (&receiver.webhook, &receiver.email) {
        (Some(webhook), _) => match webhook.shape {
            domain::registry::Shape::Json => "Webhook".to_owned(),
            domain::registry::Shape::Slack => "Webhook of Slack".to_owned(),
            domain::registry::Shape::Teams => "Webhook of Teams".to_owned(),
        },
        (None, Some(email)) => format!("E-mail to {}", email.to.join(", ")),
        (None, None) => "Not reachable".to_owned(),
    }
}

/// When something is tried again that failed so many times, microseconds since 1970; `None`: it is given up.
fn again_at(attempts: i64, created_at: i64, now: i64) -> Option<i64> {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    let wait = WAITS_US.0.saturating_mul(1 << doublings).min(WAITS_US.1);
    Some(now + wait).filter(|at| at - created_at < GIVE_UP_US)
}

/// Why a notice did not arrive everywhere, and how far it got.
struct Failure {
    /// A sentence without secrets, for admins.
    why: String,
    progress: Progress,
    /// Where it may have arrived already, and would only be told again.
    is_over: bool,
}

impl Alerts {
    /// Sends what is due until the end. Every replica may: each notice is sent by one.
    pub async fn send(self: Arc<Self>, cancel: CancellationToken) {
        let (room, under_way) = (Arc::new(Semaphore::new(MOST_AT_ONCE)), TaskTracker::new());
        let mut failed = false;
        loop {
            let permit = tokio::select! {
                () = cancel.cancelled() => break,
                permit = room.clone().acquire_owned() => permit,
            };
            let Ok(permit) = permit else { break };
            let now = clock::now_us();
            match self.people.store().claim_notice(now, now + CLAIM_US).await {
                Ok(Some(claimed)) => {
                    let alerts = self.clone();
                    under_way.spawn(async move {
                        alerts.attempt(claimed).await;
                        drop(permit);
                        // What waited for this one to arrive first.
                        alerts.queued.notify_one();
                    });
                    continue;
                }
                Ok(None) => failed = false,
                Err(error) if failed => tracing::debug!("nothing is sent of alerts: {error}"),
                Err(error) => {
                    failed = true;
                    warn!("nothing is sent of alerts: {error}");
                }
            }
            drop(permit);
            tokio::select! {
                () = cancel.cancelled() => break,
                () = self.queued.notified() => {}
                () = sleep(LOOK) => {}
            }
        }
        // What is cut off here is sent again after the next start, under the same id.
        under_way.close();
        if timeout(Duration::from_secs(5), under_way.wait()).await.is_err() {
            warn!("the program ends while alerts are being sent: they are sent again");
        }
    }

    /// One attempt, and what came of it.
    async fn attempt(&self, mut claimed: Claimed) {
        let result = self.deliver(&mut claimed).await;
        let (name, attempts) = (&claimed.queued.receiver, claimed.attempts);
        let now = clock::now_us();
        let is_over = result.as_ref().is_err_and(|failure| failure.is_over);
        let again = again_at(attempts, claimed.created_at, now).filter(|_| !is_over);
        match (&result, again) {
            (Ok(()), _) => info!(receiver = %name, "sent to {name}: {}", claimed.queued.notice.headline()),
            (Err(Failure { why, .. }), Some(_)) => {
                warn!(receiver = %name, "not sent to {name}, and tried again: {why}")
            }
            (Err(Failure { why, .. }), None) => warn!(receiver = %name, "not sent to {name}, and given up: {why}"),
        }
        let begin = Instant::now();
        loop {
            let written = match &result {
                Ok(()) => self.people.store().notice_sent(&claimed, now).await,
                Err(Failure { why, progress, .. }) => {
                    self.people.store().notice_failed(&claimed, progress, why, again, now).await
                }
            };
            match written {
                Ok(_) => return,
                Err(error) if begin.elapsed() > WRITE_DOWN => {
                    warn!(receiver = %name, "what came of a notice is not written down, so it is sent again: {error}");
                    return;
                }
                Err(_) => sleep(Duration::from_secs(1)).await,
            }
        }
    }

    /// Sends a notice to whom of a receiver it was not sent yet.
    async fn deliver(&self, claimed: &mut Claimed) -> Result<(), Failure> {
        let registry = self.registry();
        let mut progress = claimed.progress.clone();
        let fails = |why: String, progress: &Progress| Failure { why, progress: progress.clone(), is_over: false };
        let Some(receiver) = registry.alerts.receiver(&claimed.queued.receiver) else {
            return Err(fails("the registry declares no receiver of this name any more".to_owned(), &progress));
        };
        match (&receiver.webhook, &receiver.email, &self.mailer) {
            (Some(webhook), _, _) => {
                let Queued { id, notice, .. } = &claimed.queued;
                let Err(error) = self.webhooks.post(webhook, id, notice).await else { return Ok(()) };
                let times = progress.unanswered.entry(String::new()).or_default();
                *times += u32::from(error.may_have_arrived());
                let is_over = error.may_have_arrived() && *times >= UNANSWERED;
                Err(Failure { why: error.to_string(), progress, is_over })
            }
            (None, Some(email), Some(mailer)) => {
                let until = clock::now_us() + MAIL_CLAIM_US;
                match self.people.store().keep_claim(claimed, until).await {
                    Ok(true) => {}
                    Ok(false) => return Err(fails("another replica sends it".to_owned(), &progress)),
                    Err(error) => return Err(fails(format!("it was not begun: {error}"), &progress)),
                }
                let Queued { id, notice, .. } = &claimed.queued;
                let sent = mailer.send(email, id, notice, &mut progress).await;
                let is_over = mail::left(email, &progress).is_empty();
                sent.map_err(|error| Failure { why: error.to_string(), progress, is_over })
            }
            (None, Some(_), None) => Err(fails(MailError::NoServer.to_string(), &progress)),
            (None, None, _) => Err(fails("the registry does not say how it is reached".to_owned(), &progress)),
        }
    }

    /// Has a receiver told that somebody tries it, which stands in the record.
    pub async fn test(&self, who: &Session, receiver: &str, now: i64) -> Result<(), TestRefusal> {
        let registry = self.registry();
        let declared = registry.alerts.receiver(receiver).ok_or(TestRefusal::Absent)?;
        let mut write = self.people.store().write().await?;
        let role =
            self.people.role_now(&mut write, who.user.id, &who.groups, Right::Administer, Place::Console).await?;
        let role = role.ok_or(TestRefusal::Right)?;
        let name = plain(receiver, 64);
        write.append(&entry(who, role, format!("Sent a test to the receiver {name} of alerts."), now)).await?;
        // After the entry: in PostgreSQL whoever writes one comes after whoever wrote one before.
        if write.is_being_tested(&declared.name, now - BETWEEN_TESTS_US).await? {
            write.rollback().await?;
            return Err(TestRefusal::Soon);
        }
        let id = super::new_id();
        let links = super::decide::Links { origin: self.public.as_ref().map(ToString::to_string) };
        let notice = Notice::test(&id, who.user.name.as_str(), links.page(app::links::ALERTS), now);
        write.queue_notice(&Queued { id, receiver: declared.name.clone(), notice }, now).await?;
        write.commit().await?;
        self.queued.notify_one();
        Ok(())
    }
}

fn entry(who: &Session, role: Role, what: String, at: i64) -> Entry {
    Entry {
        at,
        kind: Kind::AlertTested,
        outcome: Outcome::Done,
        actor: who.actor(Some(role)),
        operation: None,
        environment: None,
        target: None,
        whom: None,
        what,
        why: String::new(),
        plan: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
    }
}

/// Why no test was sent.
#[derive(Debug, thiserror::Error)]
pub enum TestRefusal {
    /// There is nobody to send it to.
    #[error("the registry declares no receiver of this name any more, and nothing was sent")]
    Absent,
    /// It is for admins.
    #[error("sending a test needs the role admin")]
    Right,
    /// One at a time.
    #[error("a test of this receiver is on its way, or arrived a few seconds ago: look at what came of it first")]
    Soon,
    /// It cannot be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_longer_than_an_attempt_and_the_writing_down_of_its_end() {
        let longest = i64::try_from((mail::LONGEST + WRITE_DOWN).as_micros()).unwrap();
        assert!(longest < MAIL_CLAIM_US, "{longest}");
    }

    #[test]
    fn waits_double_up_to_ten_minutes_and_end_after_a_day() {
        let second = 1_000_000;
        for (attempts, seconds) in [(1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (60, 600), (i64::MAX, 600)] {
            assert_eq!(again_at(attempts, 0, 1_000 * second), Some((1_000 + seconds) * second), "{attempts}");
        }
        let day = 86_400 * second;
        assert_eq!(again_at(100, 0, day - 600 * second), None);
        assert!(again_at(100, 0, day - 601 * second).is_some());
        // All attempts of one notice fit into a day.
        let (mut now, mut attempts) = (0, 0);
        while let Some(at) = again_at(attempts + 1, 0, now) {
            (now, attempts) = (at, attempts + 1);
        }
        assert!((140..170).contains(&attempts), "{attempts}");
    }
}
