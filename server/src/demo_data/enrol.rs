//! Enrolling: a person says once, beside the database, which environment it belongs to.

use std::collections::BTreeMap;

use domain::demo_data::identity::{Marker, Present, Wanted, tier_word};
use domain::registry::Tier;
use sqlx::postgres::PgRow;
use sqlx::{Connection as _, PgConnection, Row as _};

use super::look;
use super::seed::Seed;

/// The schema of ours in their database. In it: the marker; what was reset, from when on rows are somebody's own (`base_at`),
/// up to which key they are the seed's (`seeded`), where the sequences stood; and what of the cache is to be cleared.
const SCHEMA: [&str; 5] = [
    "create schema if not exists quarterdeck",
    "create schema if not exists quarterdeck_snapshot",
    "create table if not exists quarterdeck.marker (
        environment text not null, tier text not null, database text not null, database_oid bigint not null,
        system_identifier text not null, tables jsonb not null, enrolled_at timestamptz not null default now())",
    "create table if not exists quarterdeck.resets (
        id text primary key, kind text not null, version bigint not null default 0, by_name text not null default '',
        done_at timestamptz not null default now(), base_at timestamptz not null default now(),
        counts jsonb not null default '{}', seeded jsonb not null default '{}', sequences jsonb not null default '{}',
        snapshot boolean not null default false, sealed bytea, sealed_until timestamptz)",
    "create table if not exists quarterdeck.outbox (
        id text primary key references quarterdeck.resets, prefix text not null, cleared_at timestamptz)",
];

/// Has names stand for what is PostgreSQL's own, whatever the role searches first: what it says of itself is the server's word.
pub(super) const OURS: &str = "set local search_path = pg_catalog";

/// Why a database was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolTrouble {
    /// Nothing of production is ever enrolled.
    #[error("production is not enrolled: nothing may ever empty its tables")]
    Production,
    /// It belongs to another environment.
    #[error(
        "this database is enrolled for {0} already: take the row out of quarterdeck.marker by hand if that is wrong"
    )]
    Taken(String),
    /// It is not the one that the registry names.
    #[error("the connection leads to the database {0}, and the registry names {1}")]
    Other(String, String),
    /// It follows another server.
    #[error("this server follows another one: enrol the one that it follows")]
    Replica,
    /// It consists of others, which may lie anywhere.
    #[error("the table {0} is partitioned or inherits: emptying it would empty tables that nobody enrolled")]
    Composed(String),
    /// The role is above all rules.
    #[error("the role is a superuser: take one that owns the tables of the seed and may do nothing else")]
    Superuser,
    /// It may be a copy of production.
    #[error("{0}: that is far more than the seed puts in, as in a copy of production")]
    FarAbove(String),
    /// A table of the seed is not there.
    #[error("the table {0} is not there: bring the schema up to date first")]
    Gone(String),
    /// The database refuses.
    #[error("the database refuses: {0}")]
    Database(#[from] sqlx::Error),
}

/// Writes the marker, or writes it anew for the same environment: after a migration that made tables anew.
pub async fn enrol(link: &mut PgConnection, wanted: &Wanted, seed: &Seed) -> Result<Marker, EnrolTrouble> {
    match wanted.tier {
        Tier::Production => return Err(EnrolTrouble::Production),
        Tier::Staging | Tier::Development => {}
    }
    let mut transaction = link.begin().await?;
    sqlx::query(OURS).persistent(false).execute(&mut *transaction).await?;
    let present = present(&mut transaction, &wanted.tables).await?;
    if present.database != wanted.database {
        return Err(EnrolTrouble::Other(present.database, wanted.database.clone()));
    }
    if present.is_replica {
        return Err(EnrolTrouble::Replica);
    }
    if let Some(gone) = wanted.tables.iter().find(|table| !present.tables.contains_key(*table)) {
        return Err(EnrolTrouble::Gone(gone.clone()));
    }
    if let Some(composed) = present.composed.first() {
        return Err(EnrolTrouble::Composed(composed.clone()));
    }
    let role = sqlx::query("select rolsuper from pg_roles where rolname = current_user").persistent(false);
    if role.fetch_one(&mut *transaction).await?.try_get::<bool, _>("rolsuper")? {
        return Err(EnrolTrouble::Superuser);
    }
    for table in &seed.tables {
        let counted = look::count(&mut transaction, table, &look::Base::default()).await?;
        if counted.is_far_above() {
            return Err(EnrolTrouble::FarAbove(format!("{} holds {} rows or more", counted.table, counted.counted)));
        }
    }
    for statement in SCHEMA {
        sqlx::query(statement).persistent(false).execute(&mut *transaction).await?;
    }
    let environment = wanted.environment.to_string();
    if let Some(other) = markers(&mut transaction).await?.into_iter().find(|marker| marker.environment != environment) {
        return Err(EnrolTrouble::Taken(other.environment));
    }
    let marker = Marker {
        environment,
        tier: tier_word(wanted.tier).to_owned(),
        database: present.database,
        database_oid: present.database_oid,
        system_identifier: present.system_identifier,
        tables: present.tables,
    };
    sqlx::query("delete from quarterdeck.marker").persistent(false).execute(&mut *transaction).await?;
    sqlx::query(
        "insert into quarterdeck.marker (environment, tier, database, database_oid, system_identifier, tables) \
         values ($1, $2, $3, $4, $5, $6::jsonb)",
    )
    .persistent(false)
    .bind(&marker.environment)
    .bind(&marker.tier)
    .bind(&marker.database)
    .bind(i64::from(marker.database_oid))
    .bind(&marker.system_identifier)
    .bind(serde_json::to_string(&marker.tables).unwrap_or_default())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(marker)
}

/// All markers of a database; none where nobody enrolled it.
pub(super) async fn markers(link: &mut PgConnection) -> Result<Vec<Marker>, sqlx::Error> {
    // A view could say whatever agrees.
    let known = sqlx::query(
        "select exists (select 1 from pg_class join pg_namespace on pg_namespace.oid = relnamespace \
         where nspname = 'quarterdeck' and relname = 'marker' and relkind = 'r') as known",
    )
    .persistent(false);
    if !known.fetch_one(&mut *link).await?.try_get::<bool, _>("known")? {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "select environment, tier, database, database_oid, system_identifier, tables::text as tables from quarterdeck.marker",
    )
    .persistent(false)
    .fetch_all(&mut *link)
    .await?;
    rows.iter()
        .map(|row| {
            let tables: String = row.try_get("tables")?;
            Ok(Marker {
                environment: row.try_get("environment")?,
                tier: row.try_get("tier")?,
                database: row.try_get("database")?,
                database_oid: oid(row, "database_oid")?,
                system_identifier: row.try_get("system_identifier")?,
                // What cannot be read is as if no table had been enrolled.
                tables: serde_json::from_str(&tables).unwrap_or_default(),
            })
        })
        .collect()
}

/// What the server says of itself and of some tables.
pub(super) async fn present(link: &mut PgConnection, tables: &[String]) -> Result<Present, sqlx::Error> {
    let row = sqlx::query(
        "select datname::text as database, pg_database.oid::bigint as database_oid, \
         system_identifier::text as system_identifier, pg_is_in_recovery() as is_replica \
         from pg_control_system(), pg_database where datname = current_database()",
    )
    .persistent(false)
    .fetch_one(&mut *link)
    .await?;
    let found = sqlx::query(
        "select relname::text as name, pg_class.oid::bigint as oid, \
         relkind = 'p' or exists (select 1 from pg_inherits where pg_class.oid in (inhparent, inhrelid)) as composed \
         from pg_class \
         join pg_namespace on pg_namespace.oid = relnamespace \
         where nspname = 'public' and relkind in ('r', 'p') and relname::text = any($1)",
    )
    .persistent(false)
    .bind(tables)
    .fetch_all(&mut *link)
    .await?;
    let (mut oids, mut composed) = (BTreeMap::new(), Vec::new());
    for row in &found {
        let name: String = row.try_get("name")?;
        if row.try_get("composed")? {
            composed.push(name.clone());
        }
        oids.insert(name, oid(row, "oid")?);
    }
    Ok(Present {
        database: row.try_get("database")?,
        database_oid: oid(&row, "database_oid")?,
        system_identifier: row.try_get("system_identifier")?,
        is_replica: row.try_get("is_replica")?,
        tables: oids,
        composed,
    })
}

/// An `oid`; 0, which is nothing's, where it is none.
fn oid(row: &PgRow, column: &str) -> Result<u32, sqlx::Error> {
    Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
}
