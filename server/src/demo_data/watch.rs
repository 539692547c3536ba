//! Counting what is in the databases, again and again, and throwing away what is kept there for a while only.

use std::sync::Arc;
use std::time::Duration;

use domain::name::EnvironmentId;
use futures::future::join_all;
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::time::{sleep, timeout};

use super::table::named;
use super::{DemoData, open, reset};

/// Time between two looks.
const AGAIN: Duration = Duration::from_secs(60);

/// How long throwing away may take.
const LONGEST: Duration = Duration::from_secs(30);

impl DemoData {
    /// Looks at all of them every minute, and at once when something has changed, until cancelled.
    pub(super) async fn watch(self: Arc<Self>) {
        loop {
            let environments = self.environments();
            join_all(environments.iter().map(|environment| self.see(environment))).await;
            self.known.lock().retain(|known, _| environments.contains(known));
            self.rows.poke();
            tokio::select! {
                () = self.cancel.cancelled() => return,
                () = self.stale.notified() => {}
                () = sleep(AGAIN) => {}
            }
        }
    }

    async fn see(&self, id: &EnvironmentId) {
        let Some((environment, declared)) = self.declared(id) else { return };
        let seed = self.seed(&declared);
        let seen = self.look(id, &environment, &declared, &seed).await;
        let is_ours = seen.sight.as_ref().is_ok_and(|sight| sight.mismatches.is_empty());
        self.remember(id, &seen);
        if !is_ours {
            return;
        }
        let Ok(mut link) = open::database(&self.reach, &self.own, &declared.database).await else { return };
        match timeout(LONGEST, sweep(&mut link.connection)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!("what is kept for a while only was not thrown away in {id}: {error}"),
            Err(_) => tracing::debug!("what is kept for a while only was not thrown away in {id}: no answer"),
        }
        link.close().await;
    }
}

/// Throws away snapshots after 24 h, all but the newest five before, and passwords after 15 minutes, by the database's own clock, unless something is being reset.
async fn sweep(link: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut transaction = link.begin().await?;
    sqlx::query("set local lock_timeout = '1s'").persistent(false).execute(&mut *transaction).await?;
    let free = sqlx::query("select pg_try_advisory_xact_lock($1) as free").persistent(false).bind(reset::LOCK);
    if !free.fetch_one(&mut *transaction).await?.try_get::<bool, _>("free")? {
        return Ok(());
    }
    sqlx::query("update quarterdeck.resets set sealed = null where sealed is not null and sealed_until < now()")
        .persistent(false)
        .execute(&mut *transaction)
        .await?;
    let old = sqlx::query(
        "select id from quarterdeck.resets where snapshot and (done_at < now() - interval '24 hours' or id not in \
         (select id from quarterdeck.resets where snapshot order by done_at desc limit 5))",
    )
    .persistent(false)
    .fetch_all(&mut *transaction)
    .await?;
    for row in &old {
        let id: String = row.try_get("id")?;
        // What somebody else wrote there names no table of ours.
        if !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            continue;
        }
        let tables = sqlx::query(
            "select relname::text as name from pg_class join pg_namespace on pg_namespace.oid = relnamespace \
             where nspname = 'quarterdeck_snapshot' and relkind = 'r' and starts_with(relname::text, $1)",
        )
        .persistent(false)
        .bind(format!("r{id}_"))
        .fetch_all(&mut *transaction)
        .await?;
        for table in &tables {
            let name: String = table.try_get("name")?;
            if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                named(format!("drop table quarterdeck_snapshot.{name}")).execute(&mut *transaction).await?;
            }
        }
        sqlx::query("update quarterdeck.resets set snapshot = false where id = $1")
            .persistent(false)
            .bind(id)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}
