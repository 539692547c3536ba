//! How often something was tried: sign-ins of an account, sign-ins from a source.
//!
//! Counted in the database, so that neither a restart nor another replica begins anew.

use sqlx::Row as _;

use super::link::sql;
use super::{Key, Store, StoreError, Write};

/// Microseconds after which a count that nobody added to is thrown away: a day. No window is longer.
const KEEP: i64 = 24 * 60 * 60 * 1_000_000;

/// How often something was tried in the window that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// With the one just counted.
    pub times: i64,
    /// When the window began: at the first attempt after the window before. Microseconds since 1970.
    pub began_at: i64,
}

impl Store {
    /// Counts an attempt, and says how many there are. Atomic, also among replicas.
    ///
    /// `window_us`: microseconds from the first attempt until counting begins anew; at most a day.
    pub async fn count_attempt(&self, key: Key, now: i64, window_us: i64) -> Result<Attempts, StoreError> {
        let mut write = self.write().await?;
        let statement = sql("insert into attempts (key, times, began_at) values ($1, 1, $2) \
             on conflict (key) do update set \
             times = case when attempts.began_at <= $3 then 1 else attempts.times + 1 end, \
             began_at = case when attempts.began_at <= $3 then $2 else attempts.began_at end \
             returning times, began_at");
        let statement = statement.bind(key.bytes()).bind(now).bind(now.saturating_sub(window_us));
        let row = write.link.one(statement).await?;
        write.commit().await?;
        Ok(Attempts { times: row.try_get("times")?, began_at: row.try_get("began_at")? })
    }
}

impl Write {
    /// Forgets all attempts: somebody was who they said.
    pub async fn forget_attempts(&mut self, key: Key) -> Result<(), StoreError> {
        self.link.execute(sql("delete from attempts where key = $1").bind(key.bytes())).await.map(|_| ())
    }

    /// Takes one attempt back: it was none, somebody was who they said.
    pub async fn forgive_attempt(&mut self, key: Key) -> Result<(), StoreError> {
        let statement = sql("update attempts set times = times - 1 where key = $1 and times > 0");
        self.link.execute(statement.bind(key.bytes())).await.map(|_| ())
    }

    pub(super) async fn delete_old_attempts(&mut self, now: i64) -> Result<u64, StoreError> {
        self.link.execute(sql("delete from attempts where began_at < $1").bind(now.saturating_sub(KEEP))).await
    }
}
