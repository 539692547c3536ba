//! Alerts: has the rules look at what the pages show, keeps how each alert stands, and sends what is to be sent.
//!
//! What is decided and what is to be sent of it is one transaction, so that neither is lost or done twice when the program ends in
//! between. docs/adr/0014-alerts.md says what follows from that.

mod decide;
mod mail;
mod outbox;
mod resolver;
mod settings;
mod shape;
mod silence;
mod trouble;
mod webhook;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::registry::Registry;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use mail::{Mailer, MailerError};
pub use outbox::TestRefusal;
pub use settings::{AlertSettings, MailSettings, MailSettingsError, NoSmtpUrl, SmtpTls, SmtpUrl};
pub use silence::{SilenceRefusal, Until};
pub use webhook::Webhooks;

use crate::clock;
use crate::http::PublicUrl;
use crate::people::People;
use crate::people::token::random_id;
use crate::rows::Rows;
use crate::store::{Read, StoreError};

/// Time between two looks.
const ROUND: Duration = Duration::from_secs(5);
/// How long a replica that decides is not doubted, in microseconds.
const HELD_US: i64 = 20_000_000;
/// From how much of that on it is renewed, in microseconds.
const RENEWED_US: i64 = 10_000_000;

/// Rounds without any cluster in step after which a replica leaves the deciding to others.
const BLIND_ROUNDS: u32 = 3;
/// How long nobody must have decided before a replica decides that sees no cluster, in microseconds.
const LEFT_ALONE_US: i64 = 30_000_000;

/// Everything about alerts.
pub struct Alerts {
    people: Arc<People>,
    rows: Arc<Rows>,
    registry: watch::Receiver<Arc<Registry>>,
    webhooks: Webhooks,
    mailer: Option<Mailer>,
    /// Where links in notices lead.
    public: Option<PublicUrl>,
    /// This replica.
    holder: String,
    held: Mutex<Option<Held>>,
    /// Rounds in a row in which no cluster was in step.
    blind: AtomicU32,
    /// Something is to be sent.
    queued: Notify,
}

/// That this replica decides.
#[derive(Debug, Clone, Copy)]
struct Held {
    fence: i64,
    until: i64,
}

/// By which terms a replica wants to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Claim {
    /// Another one must have let go of it by then.
    free_before: i64,
    /// Until when it is held.
    until: i64,
}

impl Claim {
    fn of(blind: u32, now: i64) -> Self {
        if blind < BLIND_ROUNDS {
            Self { free_before: now, until: now + HELD_US }
        } else {
            Self { free_before: now - LEFT_ALONE_US, until: now }
        }
    }

    fn is_lasting(self, now: i64) -> bool {
        self.until > now
    }
}

impl Alerts {
    /// Nothing is decided or sent before [`Self::watch`] and [`Self::send`] run.
    pub fn new(
        people: Arc<People>,
        rows: Arc<Rows>,
        registry: watch::Receiver<Arc<Registry>>,
        webhooks: Webhooks,
        mailer: Option<Mailer>,
        public: Option<PublicUrl>,
    ) -> Self {
        Self {
            people,
            rows,
            registry,
            webhooks,
            mailer,
            public,
            holder: new_id(),
            held: Mutex::default(),
            // It has to see something first.
            blind: AtomicU32::new(BLIND_ROUNDS),
            queued: Notify::new(),
        }
    }

    /// The registry as it is now.
    fn registry(&self) -> Arc<Registry> {
        self.registry.borrow().clone()
    }

    /// A connection to read alerts, silences and sendings from.
    pub async fn read(&self) -> Result<Read, StoreError> {
        self.people.store().read().await
    }

    /// The names of the receivers, and how each is reached: `Webhook`, `E-mail to a@example.com`.
    pub fn receivers(&self) -> Vec<(String, String)> {
        let registry = self.registry();
        let receivers = registry.alerts.receivers.iter();
        receivers.map(|receiver| (receiver.name.clone(), outbox::reach(receiver))).collect()
    }

    /// Decides about alerts every few seconds, while no other replica does.
    pub async fn watch(self: Arc<Self>, cancel: CancellationToken) {
        let mut rounds = interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failed = false;
        loop {
            tokio::select! {
                () = cancel.cancelled() => break,
                _ = rounds.tick() => {}
            }
            match self.round(clock::now_us()).await {
                Ok(()) if failed => {
                    failed = false;
                    info!("alerts are decided about again");
                }
                Ok(()) => {}
                // Said once: while the database is away, each round fails the same.
                Err(error) if failed => tracing::debug!("alerts are not decided about: {error}"),
                Err(error) => {
                    failed = true;
                    warn!("alerts are not decided about: {error}");
                }
            }
        }
        if self.held.lock().take().is_some()
            && let Err(error) = self.release().await
        {
            tracing::debug!("another replica decides about alerts only later: {error}");
        }
    }

    /// One look, and what follows from it.
    async fn round(&self, now: i64) -> Result<(), StoreError> {
        let claim = self.claim(now);
        let held = *self.held.lock();
        let held = match held.filter(|held| claim.is_lasting(now) && held.until - now > HELD_US - RENEWED_US) {
            Some(held) => held,
            None => match self.hold(claim).await? {
                Some(held) => held,
                None => return Ok(()),
            },
        };
        let scene = decide::Scene::of(&self.rows, &self.registry());
        let (known, silences) = {
            let mut read = self.read().await?;
            (read.unsettled_alerts().await?, read.silences(now).await?)
        };
        let changes = decide::decide(&scene, known, &silences, now, new_id);
        if changes.is_empty() {
            return Ok(());
        }
        let mut write = self.people.store().write().await?;
        // In the same transaction, so that nobody else has decided since what is known was read.
        let still = write.hold_alerts(&self.holder, claim.free_before, claim.until).await?;
        if still != Some(held.fence) {
            *self.held.lock() = None;
            return write.rollback().await;
        }
        let links = decide::Links { origin: self.public.as_ref().map(ToString::to_string) };
        for change in changes {
            decide::write_down(&mut write, change, &scene, &links, now).await?;
        }
        write.commit().await?;
        self.queued.notify_one();
        // Open pages that show alerts are told.
        self.rows.poke();
        Ok(())
    }

    /// How this replica may decide. One that has seen no cluster for a few rounds decides where nobody else does, and holds nothing
    /// against whoever sees more.
    fn claim(&self, now: i64) -> Claim {
        let blind = if self.rows.sees_any_cluster() { 0 } else { self.blind.load(Ordering::Relaxed).saturating_add(1) };
        self.blind.store(blind, Ordering::Relaxed);
        Claim::of(blind, now)
    }

    /// Has this replica decide for a while; `None` where another one does.
    async fn hold(&self, claim: Claim) -> Result<Option<Held>, StoreError> {
        let mut write = self.people.store().write().await?;
        let fence = write.hold_alerts(&self.holder, claim.free_before, claim.until).await?;
        write.commit().await?;
        let held = fence.map(|fence| Held { fence, until: claim.until });
        *self.held.lock() = held;
        Ok(held)
    }

    async fn release(&self) -> Result<(), StoreError> {
        let mut write = self.people.store().write().await?;
        write.release_alerts(&self.holder).await?;
        write.commit().await
    }
}

/// 32 hexadecimal digits that nobody else has.
fn new_id() -> String {
    format!("{:032x}", random_id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_nothing_for_a_while_decides_only_where_nobody_else_does() {
        let now = 1_000_000_000;
        for blind in 0..BLIND_ROUNDS {
            let claim = Claim::of(blind, now);
            assert_eq!((claim.free_before, claim.is_lasting(now)), (now, true), "{blind}");
        }
        let claim = Claim::of(BLIND_ROUNDS, now);
        assert_eq!((claim.free_before, claim.until, claim.is_lasting(now)), (now - LEFT_ALONE_US, now, false));
    }
}
