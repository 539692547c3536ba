//! What the role of a serving program may do in PostgreSQL: all it needs, and in the ledger only to read and append.

use sqlx::{AssertSqlSafe, Row as _};

use super::link::sql;
use super::{Store, StoreError, Write};

/// What the serving role may do with each table.
const TABLES: [(&str, &str); 20] = [
    ("_sqlx_migrations", "select"),
    ("compatibility", "select"),
    ("ledger", "select, insert"),
    ("probes", "select, update"),
    ("users", "select, insert, update"),
    ("grants", "select, insert, delete"),
    ("sessions", "select, insert, update, delete"),
    ("attempts", "select, insert, update, delete"),
    ("invitations", "select, insert, update, delete"),
    ("flows", "select, insert, delete"),
    ("operations", "select, insert, update, delete"),
    ("check_results", "select, insert, delete"),
    ("check_hours", "select, insert, update, delete"),
    ("alerts", "select, insert, update, delete"),
    ("alert_silences", "select, insert, update, delete"),
    ("alert_outbox", "select, insert, update, delete"),
    ("alert_watch", "select, insert, update"),
    ("autoscaler_samples", "select, insert, delete"),
    ("demo_resets", "select, insert, update, delete"),
    ("demo_reservations", "select, insert, update, delete"),
];

impl Store {
    /// Gives a role of PostgreSQL what a serving program needs, and takes from it what else it was given. For the owner of the
    /// tables.
    ///
    /// # Errors
    ///
    /// [`StoreError::Schema`] with what to do, where it is no role that could be held to that; nothing is changed then.
    pub async fn allow_role(&self, role: &str) -> Result<(), StoreError> {
        if !self.inner.is_postgres() {
            return Err(refused("A SQLite file has no roles: who may write it is decided by its owner and mode."));
        }
        let mut write = self.write().await?;
        let done = allow(&mut write, role).await;
        match done {
            Ok(()) => write.commit().await,
            Err(error) => {
                write.rollback().await?;
                Err(error)
            }
        }
    }

    /// Whether the role of this program could change what is in the ledger, if somebody took the triggers away: it owns the
    /// table, or was given too much.
    pub(super) async fn can_rewrite_ledger(&self) -> Result<bool, StoreError> {
        if !self.inner.is_postgres() {
            return Ok(false);
        }
        let row = self.read().await?.link.one(sql(REWRITES).bind(Option::<String>::None)).await?;
        Ok(row.try_get::<i64, _>("found")? > 0)
    }
}

/// Counts 1 where a role, or the one that asks, may do more with the ledger than read and append.
const REWRITES: &str = "select count(*) as found from pg_class where oid = to_regclass('ledger') and \
    (has_table_privilege(coalesce($1::text, current_user::text)::name, oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER') \
     or pg_has_role(coalesce($1::text, current_user::text)::name, relowner, 'MEMBER'))";

fn refused(text: impl Into<String>) -> StoreError {
    StoreError::schema(text.into())
}

async fn allow(write: &mut Write, role: &str) -> Result<(), StoreError> {
    let statement = sql("select count(*) as found from pg_roles where rolname = $1").bind(role.to_owned());
    if write.link.one(statement).await?.try_get::<i64, _>("found")? == 0 {
        return Err(refused(format!(
            "There is no role {role} in the database. Make it first: create role {role} login password '…';"
        )));
    }
    let statement = sql("select quote_ident($1) as role, quote_ident(current_schema()::text) as schema, \
         has_schema_privilege($1::name, current_schema()::text, 'USAGE') as sees");
    let row = write.link.one(statement.bind(role.to_owned())).await?;
    let (quoted, schema): (String, String) = (row.try_get("role")?, row.try_get("schema")?);
    let mut statements = Vec::new();
    // The owner of a database is not always that of its schema, and may then not give what everybody has.
    if !row.try_get::<bool, _>("sees")? {
        statements.push(format!("grant usage on schema {schema} to {quoted}"));
    }
    for (table, rights) in TABLES {
        statements.push(format!("revoke all on table {table} from {quoted}"));
        statements.push(format!("grant {rights} on table {table} to {quoted}"));
    }
    for text in statements {
        // Names that the database itself quoted, and constants.
        write.link.execute(sqlx::query(AssertSqlSafe(text))).await?;
    }
    let row = write.link.one(sql(REWRITES).bind(Some(role.to_owned()))).await?;
    if row.try_get::<i64, _>("found")? > 0 {
        return Err(refused(format!(
            "The role {role} could still change the ledger: it is a superuser, belongs to the owner of the tables, or has \
             rights by another role. Nothing was changed. Serve with a role of its own: create role NAME login password '…';"
        )));
    }
    Ok(())
}
