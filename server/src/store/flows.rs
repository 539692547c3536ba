//! Sign-ins that are on their way through an identity provider.

use std::fmt;

use sqlx::Row as _;

use super::link::sql;
use super::{Key, StoreError, Write};

/// What is remembered until somebody comes back from an identity provider. `Debug` shows no secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Flow {
    /// The hash of `state` and of what the browser keeps: neither of them finds it alone.
    pub key: Key,
    /// What the token must repeat.
    pub nonce: String,
    /// The secret of PKCE.
    pub verifier: String,
    /// Where they wanted to go: a path of ours, checked by the caller.
    pub return_path: String,
    /// When it is too late, microseconds since 1970.
    pub expires_at: i64,
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow").field("return_path", &self.return_path).field("expires_at", &self.expires_at).finish()
    }
}

impl Write {
    /// Remembers a sign-in that leaves for an identity provider.
    pub async fn begin_flow(&mut self, flow: &Flow) -> Result<(), StoreError> {
        let statement =
            sql("insert into flows (key, nonce, verifier, return_path, expires_at) values ($1, $2, $3, $4, $5)")
                .bind(flow.key.bytes())
                .bind(flow.nonce.clone())
                .bind(flow.verifier.clone())
                .bind(flow.return_path.clone())
                .bind(flow.expires_at);
        self.link.execute(statement).await.map(|_| ())
    }

    /// Takes a sign-in that came back. Once: the second time, and after its time, there is none.
    pub async fn take_flow(&mut self, key: Key, now: i64) -> Result<Option<Flow>, StoreError> {
        let statement = sql("delete from flows where key = $1 returning nonce, verifier, return_path, expires_at")
            .bind(key.bytes());
        let Some(row) = self.link.optional(statement).await? else { return Ok(None) };
        let flow = Flow {
            key,
            nonce: row.try_get("nonce")?,
            verifier: row.try_get("verifier")?,
            return_path: row.try_get("return_path")?,
            expires_at: row.try_get("expires_at")?,
        };
        Ok((flow.expires_at > now).then_some(flow))
    }

    pub(super) async fn delete_old_flows(&mut self, now: i64) -> Result<u64, StoreError> {
        self.link.execute(sql("delete from flows where expires_at < $1").bind(now)).await
    }
}
