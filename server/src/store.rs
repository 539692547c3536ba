//! What is kept: people, sessions, and the ledger of what was done. SQLite in one file, or PostgreSQL.
//!
//! [`Store::read`] gives a connection to read from; [`Store::write`] one transaction, so that a change and its entry in the
//! ledger stand or fall together. Times are `i64` microseconds since 1970 and are given by the caller.

mod alerts;
mod attempts;
mod autoscaler_samples;
mod checks;
mod demo_data;
mod error;
mod file;
mod flows;
mod health;
mod invitations;
mod key;
pub mod ledger;
mod link;
mod operations;
mod people;
mod roles;
mod schema;
mod sessions;
#[cfg(test)]
mod tests;
mod url;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Connection as _};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::info;

pub use alerts::{Claimed, KeptAlert, Progress, Queued, Sending, Silence, Unsettled};
pub use attempts::Attempts;
pub use autoscaler_samples::AutoscalerPlace;
pub use demo_data::HeldReset;
pub use error::{Cause, Conflict, StoreError};
use file::FileMark;
pub use flows::Flow;
pub use health::Health;
pub use key::Key;
pub use operations::Held;
pub use people::{Credentials, Identity, NewUser, PasswordHash, User};
use schema::Missing;
pub use sessions::{NewSession, NoSessionId, Session, SessionId, SessionState};
pub use url::{DatabaseUrl, NoDatabaseUrl};

use link::Link;

/// Time to wait for a free connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long after a database that did not answer it is asked again.
const AWAY: Duration = Duration::from_secs(1);
/// Connections to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 10;
/// Connections that read a SQLite file.
const SQLITE_READERS: u32 = 4;

/// The database. Cloning it is cheap.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    url: DatabaseUrl,
    readers: AnyPool,
    /// SQLite lets one write at a time, so one connection does; waiting for it is fair, waiting for a lock is not.
    writer: AnyPool,
    health: watch::Sender<Health>,
    /// The file that was opened.
    file: Option<FileMark>,
    /// While it is away: when it is asked again.
    away: Mutex<Option<Instant>>,
}

impl Store {
    /// Connects, and makes or updates the tables.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where nothing answers; [`StoreError::Schema`] where the tables are not ours, too new, or
    /// old and not to be changed by us.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        if let Some(path) = url.path() {
            file::create(path)?;
        }
        let store = Self::connect(url, Missing::Migrate).await?;
        if store.can_rewrite_ledger().await? {
            info!(
                "the database's ledger is guarded by triggers only, because the role of this program could change it: \
                 `quarterdeck database migrate --for-role NAME` makes a role that cannot"
            );
        }
        Ok(store)
    }

    /// Connects to what is there, and makes or changes no tables. For commands that only look.
    ///
    /// # Errors
    ///
    /// As [`Self::open`]; [`StoreError::Schema`] also where a migration is missing.
    pub async fn inspect(url: &DatabaseUrl) -> Result<Self, StoreError> {
        Self::connect(url, Missing::Refuse).await
    }

    async fn connect(url: &DatabaseUrl, missing: Missing) -> Result<Self, StoreError> {
        if let Some(path) = url.path() {
            file::require(path)?;
        }
        let mut connection = schema::connect(url).await?;
        if url.path().is_some() {
            journal(&mut connection).await?;
        }
        schema::prepare(&mut connection, url, missing).await?;
        // What can be said of the close is of no use to anybody.
        let _ = connection.close().await;
        let inner = Inner::new(url)?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A connection to read from.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] within about 5 s where the database does not answer.
    pub async fn read(&self) -> Result<Read, StoreError> {
        Ok(Read { link: self.link(&self.inner.readers).await? })
    }

    /// One transaction. What was written counts from [`Write::commit`] on; dropped before, nothing of it does.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] within about 5 s where the database does not answer, [`StoreError::Busy`] where others
    /// write for that long.
    pub async fn write(&self) -> Result<Write, StoreError> {
        self.inner.check_file()?;
        let mut link = self.link(&self.inner.writer).await?;
        link.begin(if link.is_postgres() { "begin" } else { "begin immediate" }).await?;
        Ok(Write { read: Read { link } })
    }

    /// Deletes what is of no use any more: sessions that are over for 30 days, counts of attempts after a day, links and
    /// sign-ins whose time is over, operations, resets and alerts that are over for 90 days, results of checks as old, whose hours are summed
    /// up before, and samples of autoscalers after a day. Says how many rows. `now`: microseconds since 1970.
    ///
    /// # Errors
    ///
    /// Those of [`Self::write`]; nothing is deleted then.
    pub async fn sweep(&self, now: i64) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        write.lock_sweep().await?;
        let mut rows = write.delete_old_sessions(now).await?;
        rows += write.delete_old_attempts(now).await?;
        rows += write.delete_old_invitations(now).await?;
        rows += write.delete_old_flows(now).await?;
        rows += write.delete_old_operations(now).await?;
        rows += write.delete_old_resets(now).await?;
        rows += write.sum_up_old_checks(now).await?;
        rows += write.delete_old_autoscaler_samples(now).await?;
        rows += write.delete_old_alerts(now).await?;
        write.commit().await?;
        Ok(rows)
    }

    /// Ends all connections. What is asked afterwards fails.
    pub async fn close(&self) {
        self.inner.writer.close().await;
        self.inner.readers.close().await;
    }

    async fn link(&self, pool: &AnyPool) -> Result<Link, StoreError> {
        self.inner.may_try()?;
        match pool.acquire().await {
            Ok(connection) => {
                *self.inner.away.lock() = None;
                Ok(Link::new(connection, self.inner.clone()))
            }
            // A file does not go away: who waits for it waits for others.
            Err(sqlx::Error::PoolTimedOut) if !self.inner.is_postgres() || self.inner.is_crowded(pool) => {
                Err(StoreError::Busy(Cause::new(format!("all connections were in use for {} s", ACQUIRE.as_secs()))))
            }
            Err(error) => {
                let error = StoreError::from(error);
                if error.is_outage() {
                    *self.inner.away.lock() = Some(Instant::now() + AWAY);
                    self.inner.note(Health::of(&error));
                }
                Err(error)
            }
        }
    }
}

impl Inner {
    fn new(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let options = schema::options(url)?;
        let (health, _) = watch::channel(Health::Fine);
        let pool = || AnyPoolOptions::new().acquire_timeout(ACQUIRE);
        let Some(path) = url.path() else {
            let pool = pool().max_connections(POSTGRES_CONNECTIONS).connect_lazy_with(options);
            return Ok(Self {
                url: url.clone(),
                readers: pool.clone(),
                writer: pool,
                health,
                file: None,
                away: Mutex::default(),
            });
        };
        let lasting = || pool().max_lifetime(None).idle_timeout(None);
        let writer = lasting()
            .max_connections(1)
            // FULL: what was committed is there after a power cut.
            .after_connect(|connection, _| Box::pin(run(connection, "pragma synchronous = full")))
            .connect_lazy_with(options.clone());
        let readers = lasting()
            .max_connections(SQLITE_READERS)
            .after_connect(|connection, _| Box::pin(run(connection, "pragma query_only = on")))
            .connect_lazy_with(options);
        Ok(Self { url: url.clone(), readers, writer, health, file: Some(FileMark::of(path)?), away: Mutex::default() })
    }

    fn is_postgres(&self) -> bool {
        self.file.is_none()
    }

    /// Whether others have all connections, and the database is fine as far as is known.
    fn is_crowded(&self, pool: &AnyPool) -> bool {
        self.health.borrow().is_fine() && pool.size() >= pool.options().get_max_connections() && pool.num_idle() == 0
    }

    /// Whether the file is still the one that was opened. SQLite goes on writing into one that was deleted, and what is
    /// recorded there is gone.
    fn check_file(&self) -> Result<(), StoreError> {
        let moved = match (&self.file, self.url.path()) {
            (Some(mark), Some(path)) => FileMark::of(path).as_ref() != Ok(mark),
            _ => false,
        };
        if !moved {
            return Ok(());
        }
        self.note(Health::Unavailable);
        Err(StoreError::Unavailable(Cause::new("the file was moved, deleted or replaced while it was open")))
    }

    /// Whether it is worth asking: a database that was away a moment ago is asked by one at a time. All others are told at once,
    /// so that a page does not wait for what will not come.
    fn may_try(&self) -> Result<(), StoreError> {
        let (mut away, now) = (self.away.lock(), Instant::now());
        match *away {
            Some(until) if now < until => Err(StoreError::Unavailable(Cause::new("it did not answer a moment ago"))),
            Some(_) => {
                *away = Some(now + ACQUIRE + AWAY);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Keeps how the database was found.
    fn note(&self, health: Health) {
        self.health.send_if_modified(|known| std::mem::replace(known, health) != health);
    }
}

async fn run(connection: &mut AnyConnection, text: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(text).execute(connection).await.map(|_| ())
}

/// Turns the write-ahead log on, so that readers do not wait for the writer. Stays on in the file.
async fn journal(connection: &mut AnyConnection) -> Result<(), StoreError> {
    match run(connection, "pragma journal_mode = wal").await.map_err(StoreError::from) {
        // Read where it can be read.
        Ok(()) | Err(StoreError::ReadOnly(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A connection to read from. Its methods lie beside what they read, in the modules of the store.
pub struct Read {
    link: Link,
}

/// One transaction: reads as [`Read`] does, and writes. Dropped before [`Self::commit`], nothing was written.
pub struct Write {
    read: Read,
}

impl Deref for Write {
    type Target = Read;
    fn deref(&self) -> &Read {
        &self.read
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut Read {
        &mut self.read
    }
}

impl Write {
    /// Makes all that was written count.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unknown`] where the answer was lost: it may count, or not. In all other cases nothing was written.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        match self.link.finish("commit").await {
            Ok(()) => {
                self.link.note_written();
                Ok(())
            }
            Err(StoreError::Unavailable(cause)) => Err(StoreError::Unknown(cause)),
            Err(error) => Err(error),
        }
    }

    /// Takes all back that was written. Dropping does the same and costs a connection.
    ///
    /// # Errors
    ///
    /// Those of a lost connection. Nothing was written in any case.
    pub async fn rollback(mut self) -> Result<(), StoreError> {
        self.link.finish("rollback").await
    }
}
