//! Links that work once: the one that makes the first admin.

use super::link::sql;
use super::{Key, Read, StoreError, Write};

impl Read {
    /// Whether a link would work.
    pub async fn is_invited(&mut self, key: Key, now: i64) -> Result<bool, StoreError> {
        let statement =
            sql("select expires_at from invitations where key = $1 and used_at is null and expires_at > $2");
        Ok(self.link.optional(statement.bind(key.bytes()).bind(now)).await?.is_some())
    }
}

impl Write {
    /// Keeps the hash of a link's token; those before work no more. Times are microseconds since 1970.
    pub async fn add_invitation(&mut self, key: Key, now: i64, expires_at: i64) -> Result<(), StoreError> {
        self.link.execute(sql("update invitations set used_at = $1 where used_at is null").bind(now)).await?;
        let statement = sql("insert into invitations (key, created_at, expires_at) values ($1, $2, $3)");
        self.link.execute(statement.bind(key.bytes()).bind(now).bind(expires_at)).await.map(|_| ())
    }

    /// Uses a link up, and all others with it: there is one first admin. False where it does not work, or works no more.
    pub async fn use_invitation(&mut self, key: Key, now: i64) -> Result<bool, StoreError> {
        let statement =
            sql("update invitations set used_at = $2 where key = $1 and used_at is null and expires_at > $2");
        if self.link.execute(statement.bind(key.bytes()).bind(now)).await? == 0 {
            return Ok(false);
        }
        self.link.execute(sql("update invitations set used_at = $1 where used_at is null").bind(now)).await?;
        Ok(true)
    }

    pub(super) async fn delete_old_invitations(&mut self, now: i64) -> Result<u64, StoreError> {
        self.link.execute(sql("delete from invitations where expires_at < $1").bind(now)).await
    }
}
