//! Sending what is to be sent: each notice to each receiver, again and again until it arrives or a day has passed.

use std::sync::Arc;
use std::time::Duration;

use domain::registry::Receiver;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::Alerts;
use super::mail::MailError;
use crate::clock;
use crate::store::{Claimed, StoreError};

/// Time between two looks at what is due.
const LOOK: Duration = Duration::from_secs(1);
/// The most that are sent at once: one receiver that does not answer must not hold up the others.
const MOST_AT_ONCE: usize = 8;
/// For how long nobody else sends what one sends, in microseconds: longer than an attempt takes and its end takes to be written down.
const CLAIM_US: i64 = 90_000_000;
/// How long it is tried to write down what came of an attempt.
const WRITE_DOWN: Duration = Duration::from_secs(50);
/// The first wait after a failure and the longest, in microseconds.
const WAITS_US: (i64, i64) = (5_000_000, 600_000_000);
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
    async fn attempt(&self, claimed: Claimed) {
        let result = self.deliver(&claimed).await;
        let (name, attempts) = (&claimed.queued.receiver, claimed.attempts);
        let now = clock::now_us();
        let again = again_at(attempts, claimed.created_at, now);
        match (&result, again) {
            (Ok(()), _) => info!(receiver = %name, "sent to {name}: {}", claimed.queued.notice.headline()),
            (Err(error), Some(_)) => warn!(receiver = %name, "not sent to {name}, and tried again: {error}"),
            (Err(error), None) => warn!(receiver = %name, "not sent to {name}, and given up after a day: {error}"),
        }
        let begin = Instant::now();
        loop {
            let written = match &result {
                Ok(()) => self.people.store().notice_sent(&claimed, now).await,
                Err(error) => self.people.store().notice_failed(&claimed, error, again, now).await,
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

    /// Sends a notice; an error is a sentence without secrets.
    async fn deliver(&self, claimed: &Claimed) -> Result<(), String> {
        let queued = &claimed.queued;
        let registry = self.registry();
        let Some(receiver) = registry.alerts.receiver(&queued.receiver) else {
            return Err("the registry declares no receiver of this name any more".to_owned());
        };
        match (&receiver.webhook, &receiver.email, &self.mailer) {
            (Some(webhook), _, _) => {
                let posted = self.webhooks.post(webhook, &queued.id, &queued.notice).await;
                posted.map_err(|error| error.to_string())
            }
            (None, Some(email), Some(mailer)) => {
                let sent = mailer.send(email, &queued.id, &queued.notice).await;
                sent.map_err(|error| error.to_string())
            }
            (None, Some(_), None) => Err(MailError::NoServer.to_string()),
            (None, None, _) => Err("the registry does not say how it is reached".to_owned()),
        }
    }

    /// Has a receiver told that somebody tries it. `false`: there is none of that name.
    pub async fn test(&self, receiver: &str, by: &str, now: i64) -> Result<bool, StoreError> {
        if self.registry().alerts.receiver(receiver).is_none() {
            return Ok(false);
        }
        let id = super::new_id();
        let links = super::decide::Links { origin: self.public.as_ref().map(ToString::to_string) };
        let notice = domain::alert::notice::Notice::test(&id, by, links.page(app::links::ALERTS), now);
        let queued = crate::store::Queued { id, receiver: receiver.to_owned(), notice };
        let mut write = self.people.store().write().await?;
        write.queue_notice(&queued, now).await?;
        write.commit().await?;
        self.queued.notify_one();
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
