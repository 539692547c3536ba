//! Looking at a database of demo data: cheap, in transactions that change nothing and wait for nobody.

use std::collections::BTreeMap;

use domain::demo_data::closure::undeclared;
use domain::demo_data::identity::{Wanted, mismatches};
use domain::demo_data::sight::{Past, Sight};
use domain::demo_data::standing::TableCount;
use sqlx::{Connection as _, PgConnection, Row as _};

use super::enrol::{OURS, markers, present};
use super::open::APPLICATION;
use super::reset::{ALL_ROWS, foreign_keys, schema_version, tables_of};
use super::seed::{Filled, Seed};
use super::table::named;

/// What holds for a look.
const BEGIN: [&str; 3] = [
    "set transaction isolation level repeatable read read only",
    "set local statement_timeout = '5s'",
    "set local lock_timeout = '1s'",
];
/// Rows beyond what the seed has that are counted: what is more than this is too much in any case.
const MORE: u64 = 1000;
/// How many times the rows of the seed are counted.
const TIMES: u64 = 6;
/// The most names of applications that are told apart.
const MOST_APPLICATIONS: i64 = 20;

/// Looks. `zone`: that of the environment's people; `now`: seconds since 1970.
///
/// # Errors
///
/// Those of the driver: then nothing is known.
pub async fn look(
    link: &mut PgConnection,
    wanted: &Wanted,
    seed: &Seed,
    sessions: Option<&str>,
    zone: &str,
    now: i64,
) -> Result<Sight, sqlx::Error> {
    let mut transaction = link.begin().await?;
    for statement in BEGIN.into_iter().chain([OURS, ALL_ROWS]) {
        sqlx::query(statement).persistent(false).execute(&mut *transaction).await?;
    }
    // Times without a zone are those of the place, as they are while it is reset.
    named("select set_config('timezone', $1, true)".to_owned()).bind(zone).execute(&mut *transaction).await?;
    let markers = markers(&mut transaction).await?;
    let present = present(&mut transaction, &wanted.tables).await?;
    let mismatches = mismatches(wanted, &markers, &present);
    let mut sight = Sight {
        at: now,
        system_identifier: present.system_identifier,
        database: present.database,
        mismatches,
        schema: None,
        cascade: std::collections::BTreeSet::new(),
        counts: Vec::new(),
        bytes: 0,
        connections: Vec::new(),
        sessions: None,
        last: None,
        snapshots: Vec::new(),
        is_cache_waiting: false,
    };
    // Another one may be production: nothing of it is read.
    if !sight.mismatches.is_empty() {
        return Ok(sight);
    }
    sight.schema = schema_version(&mut transaction, seed).await?;
    sight.cascade = undeclared(&tables_of(seed), &foreign_keys(&mut transaction).await?);
    let base = base(&mut transaction).await?;
    for table in &seed.tables {
        sight.counts.push(count(&mut transaction, table, &base).await?);
        sight.bytes = sight.bytes.saturating_add(bytes(&mut transaction, table).await?);
    }
    let past = past(&mut transaction).await?;
    sight.last = past.first().map(|(past, _)| past.clone());
    sight.snapshots = past.into_iter().filter(|(_, is_kept)| *is_kept).map(|(past, _)| past).collect();
    sight.is_cache_waiting =
        flag(&mut transaction, "select exists (select 1 from quarterdeck.outbox where cleared_at is null) as found")
            .await?;
    sight.connections = connections(&mut transaction).await?;
    transaction.commit().await?;
    if let Some(query) = sessions {
        sight.sessions = Some(signed_in(link, query).await);
    }
    Ok(sight)
}

/// Up to which key and from when on rows are somebody's own, by the last reset.
#[derive(Default)]
pub(super) struct Base {
    seeded: BTreeMap<String, u64>,
    /// Microseconds since 1970; `None` where there was no reset.
    at: Option<i64>,
}

async fn base(link: &mut PgConnection) -> Result<Base, sqlx::Error> {
    let row = sqlx::query(
        "select seeded::text as seeded, (extract(epoch from base_at) * 1000000)::bigint as at from quarterdeck.resets \
         where kind <> 'void' order by done_at desc limit 1",
    )
    .persistent(false)
    .fetch_optional(link)
    .await?;
    let Some(row) = row else { return Ok(Base { seeded: BTreeMap::new(), at: None }) };
    let seeded: String = row.try_get("seeded")?;
    Ok(Base { seeded: serde_json::from_str(&seeded).unwrap_or_default(), at: Some(row.try_get("at")?) })
}

/// Counts a table in one pass, and not further than it takes to know that there is far too much.
pub(super) async fn count(link: &mut PgConnection, table: &Filled, base: &Base) -> Result<TableCount, sqlx::Error> {
    let (name, key) = (table.name.as_str(), table.key.as_str());
    let seeded = base.seeded.get(name).copied().unwrap_or(table.rows);
    let since = base.at.map(|at| at as f64 / 1e6);
    let (column, changed) = match &table.written {
        Some(written) => (format!(", {} as written", written.as_str()), "written > to_timestamp($2)"),
        None => (", null::timestamptz as written".to_owned(), "false"),
    };
    let most = table.rows.saturating_mul(TIMES).saturating_add(MORE);
    let row = named(format!(
        "select count(*) as rows, count(*) filter (where {key} > $1) as added, \
         count(*) filter (where {key} <= $1 and {changed}) as changed, \
         extract(epoch from max(written) filter (where {key} > $1 or {changed}))::bigint as written \
         from (select {key}{column} from only {} limit {most}) as counted where $2::float8 is null or true",
        table.name.table()
    ))
    .bind(i64::try_from(seeded).unwrap_or(i64::MAX))
    .bind(since)
    .fetch_one(link)
    .await?;
    let number =
        |column: &str| -> Result<u64, sqlx::Error> { Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0)) };
    Ok(TableCount {
        table: name.to_owned(),
        expected: table.rows,
        counted: number("rows")?,
        foreign: number("added")?,
        changed: number("changed")?,
        written: row.try_get("written")?,
    })
}

async fn bytes(link: &mut PgConnection, table: &Filled) -> Result<u64, sqlx::Error> {
    let row =
        sqlx::query("select pg_table_size($1::regclass)::bigint as bytes").persistent(false).bind(table.name.table());
    let bytes: i64 = row.fetch_one(link).await?.try_get("bytes")?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

/// What was reset, newest first, and whether its snapshot is kept.
async fn past(link: &mut PgConnection) -> Result<Vec<(Past, bool)>, sqlx::Error> {
    let rows = sqlx::query(
        "select id, version, counts::text as counts, snapshot from quarterdeck.resets \
         where kind <> 'void' order by done_at desc limit 20",
    )
    .persistent(false)
    .fetch_all(link)
    .await?;
    let mut found = Vec::new();
    for row in &rows {
        let (id, counts): (String, String) = (row.try_get("id")?, row.try_get("counts")?);
        // What somebody else wrote there is none of ours.
        let Ok(id) = id.parse() else { continue };
        let past = Past {
            id,
            version: u32::try_from(row.try_get::<i64, _>("version")?).unwrap_or(0),
            before: serde_json::from_str(&counts).unwrap_or_default(),
        };
        found.push((past, row.try_get("snapshot")?));
    }
    Ok(found)
}

/// Connections of others to this database. Whoever is no superuser sees that they are there, and by what name.
/// <https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW>
async fn connections(link: &mut PgConnection) -> Result<Vec<(String, u32)>, sqlx::Error> {
    let rows = sqlx::query(
        "select coalesce(application_name, '') as name, count(*) as number from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' \
         and application_name not in ($1, 'quarterdeck-check') group by 1 order by 2 desc, 1 limit $2",
    )
    .persistent(false)
    .bind(APPLICATION)
    .bind(MOST_APPLICATIONS)
    .fetch_all(link)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("name")?, u32::try_from(row.try_get::<i64, _>("number")?).unwrap_or(u32::MAX))))
        .collect()
}

async fn flag(link: &mut PgConnection, text: &'static str) -> Result<bool, sqlx::Error> {
    sqlx::query(text).persistent(false).fetch_one(link).await?.try_get("found")
}

/// How many are signed in, by the query of the registry, in a transaction of its own: one that fails ends it.
async fn signed_in(link: &mut PgConnection, query: &str) -> Result<u64, String> {
    let asked = async {
        let mut transaction = link.begin().await?;
        for statement in BEGIN {
            sqlx::query(statement).persistent(false).execute(&mut *transaction).await?;
        }
        let row = named(format!("select ({query})::bigint as number")).fetch_one(&mut *transaction).await?;
        let number: Option<i64> = row.try_get("number")?;
        transaction.rollback().await?;
        Ok::<_, sqlx::Error>(number)
    };
    match asked.await {
        Ok(Some(number)) => {
            u64::try_from(number).map_err(|_| "the query of the registry counts less than nobody".to_owned())
        }
        Ok(None) => Err("the query of the registry finds nothing".to_owned()),
        Err(sqlx::Error::Database(error)) => Err(format!(
            "the query of the registry fails ({})",
            error.code().unwrap_or(std::borrow::Cow::Borrowed("without a code"))
        )),
        Err(_) => Err("the connection broke".to_owned()),
    }
}
