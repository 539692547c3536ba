//! Whether the database can be read and written: known from what was last asked of it, and asked every few seconds.

use std::fmt;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::link::sql;
use super::{Store, StoreError};

/// Time between two looks at the database.
const EVERY: Duration = Duration::from_secs(3);

/// How the database is. `Display` is a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Read and written.
    Fine,
    /// Read, not written.
    ReadOnly,
    /// Read, not written, for want of room.
    Full,
    /// Neither.
    Unavailable,
}

impl Health {
    /// What an error says of the database as a whole.
    pub(super) fn of(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Unknown(_) => Self::Unavailable,
            StoreError::ReadOnly(_) => Self::ReadOnly,
            StoreError::Full(_) => Self::Full,
            StoreError::Busy(_) | StoreError::Conflict(_) | StoreError::Schema(..) | StoreError::Internal(_) => {
                Self::Fine
            }
        }
    }

    /// Whether something can be recorded.
    pub fn is_fine(self) -> bool {
        self == Self::Fine
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fine => "The database is read and written.",
            Self::ReadOnly => {
                "The database can be read but not written, so nothing can be recorded and nothing is changed."
            }
            Self::Full => "The database has no room left, so nothing can be recorded and nothing is changed.",
            Self::Unavailable => "The database does not answer, so nothing can be recorded and nothing is changed.",
        })
    }
}

impl Store {
    /// How the database was when it was last asked for something.
    pub fn health(&self) -> Health {
        *self.inner.health.borrow()
    }

    /// Tells of every change of [`Self::health`].
    pub fn health_changes(&self) -> tokio::sync::watch::Receiver<Health> {
        self.inner.health.subscribe()
    }

    /// Looks at the database every 3 s until `cancel` is cancelled. A database that came back is used again from then on.
    pub async fn watch_health(&self, cancel: CancellationToken) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut known = self.health();
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                _ = ticks.tick() => {}
            }
            self.check().await;
            let now = self.health();
            if now != known {
                if now.is_fine() {
                    info!("the database is read and written again");
                } else {
                    warn!("{now}");
                }
                known = now;
            }
        }
    }

    /// Looks at the database once and keeps what it sees.
    pub async fn check(&self) -> Health {
        let seen = if self.health().is_fine() { self.glance().await } else { self.try_to_write().await };
        match seen {
            Ok(health) => self.inner.note(health),
            // A fault of ours says nothing of the database; one of it was noted where it was met.
            Err(error) if error.is_outage() => self.inner.note(Health::of(&error)),
            Err(_) => {}
        }
        self.health()
    }

    /// Reads a little: a database that works is not written to every few seconds.
    async fn glance(&self) -> Result<Health, StoreError> {
        let mut read = self.read().await?;
        let link = &mut read.link;
        if !link.is_postgres() {
            self.inner.check_file()?;
            link.one(sql("select times from probes")).await?;
            return Ok(Health::Fine);
        }
        // A replica, or a database that its administrator closed for writing.
        let row = link.one(sql("select current_setting('transaction_read_only') as closed")).await?;
        let closed: String = sqlx::Row::try_get(&row, "closed")?;
        Ok(if closed == "on" { Health::ReadOnly } else { Health::Fine })
    }

    async fn try_to_write(&self) -> Result<Health, StoreError> {
        let mut write = self.write().await?;
        write.link.execute(sql("update probes set times = times + 1")).await?;
        write.commit().await?;
        Ok(Health::Fine)
    }
}
