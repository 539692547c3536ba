//! A reset: everything that is done to the database, in one transaction and in the order of its steps.
//!
//! Whatever ends it before its commit leaves all as it was. Whether it was committed stands in the database itself, under the id of
//! the operation, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use domain::demo_data::closure::{ForeignKey, undeclared};
use domain::demo_data::identity::{Mismatch, Wanted, mismatches};
use domain::demo_data::step::Step;
use jiff::civil::Date;
use sqlx::{Connection as _, PgConnection, Row as _};

use super::enrol::{markers, present};
use super::seed::{Content, Filled, Seed};
use super::table::{Name, named};

/// The lock of ours: of one database there is one reset at a time, whichever program presses. Any other number would do.
const LOCK: i64 = 0x5155_4152_5445_5244;
/// How long it waits for others to let go of the tables.
const WAIT: &str = "5s";
/// How long a statement may take.
const LONGEST: &str = "10min";

/// What is to be done.
#[derive(Debug)]
pub struct Order<'a> {
    /// The operation's id.
    pub id: &'a str,
    /// Where.
    pub wanted: &'a Wanted,
    /// With what.
    pub seed: &'a Seed,
    /// The day that the seed's dates are relative to.
    pub today: Date,
    /// Who pressed, as the database keeps it.
    pub by: &'a str,
    /// The rows of each table that the plan told.
    pub planned: &'a BTreeMap<String, u64>,
    /// Rows that may have come or gone since without it being another plan.
    pub slack: u64,
    /// How the keys begin that are cleared from the cache afterwards.
    pub prefix: Option<&'a str>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Rows of each table before.
    pub before: BTreeMap<String, u64>,
    /// Rows of each table after.
    pub after: BTreeMap<String, u64>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ResetTrouble {
    /// It is not the database that was enrolled.
    #[error("{}", told(.0))]
    Mismatch(Vec<Mismatch>),
    /// Its schema is not the one that the seed was written for.
    #[error("the schema's version is {found}, and the seed was written for {expected}")]
    Schema {
        /// Of the database.
        found: String,
        /// Of the seed.
        expected: String,
    },
    /// Other tables refer to those of the seed.
    #[error("the tables {} refer to those of the seed and would be emptied as well", list(.0))]
    Cascade(BTreeSet<String>),
    /// Somebody wrote since the plan was made.
    #[error("the table {table} has {now} rows, and the plan told {planned}: look at the plan again")]
    Changed {
        /// Which.
        table: String,
        /// Rows that the plan told.
        planned: u64,
        /// Rows that are there.
        now: u64,
    },
    /// The seed did not make what it says.
    #[error("the seed put {found} rows into {table} instead of {expected}")]
    Counts {
        /// Which.
        table: String,
        /// By its manifest.
        expected: u64,
        /// Rows that are there.
        found: u64,
    },
    /// The database refused a step, by a code of PostgreSQL; its words may hold what was sent.
    #[error("{}: the database refuses ({code})", .step.words())]
    Refused {
        /// At which.
        step: Step,
        /// <https://www.postgresql.org/docs/15/errcodes-appendix.html>
        code: String,
    },
    /// The connection broke at a step.
    #[error("{}: the connection broke", .0.words())]
    Broken(Step),
}

fn told(mismatches: &[Mismatch]) -> String {
    mismatches.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn list(tables: &BTreeSet<String>) -> String {
    tables.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Maps an error of the driver to the step that it came at.
fn at(step: Step) -> impl Fn(sqlx::Error) -> ResetTrouble {
    move |error| match error {
        sqlx::Error::Database(error) => ResetTrouble::Refused {
            step,
            code: error.code().map_or_else(|| "without a code".to_owned(), |code| code.into_owned()),
        },
        _ => ResetTrouble::Broken(step),
    }
}

/// Does it. `progress` is told each step as it begins.
///
/// # Errors
///
/// A [`ResetTrouble`]: nothing was done, unless it is one of [`Step::Commit`], of which only the database knows.
pub async fn reset(
    link: &mut PgConnection,
    order: &Order<'_>,
    mut progress: impl FnMut(Step),
) -> Result<Done, ResetTrouble> {
    progress(Step::Lock);
    let lock = at(Step::Lock);
    let mut transaction = link.begin().await.map_err(&lock)?;
    for statement in [
        named(format!("set local lock_timeout = '{WAIT}'")),
        named(format!("set local statement_timeout = '{LONGEST}'")),
        // One that replays as a replica fires no triggers: foreign keys and the application's own must hold.
        named("set local session_replication_role = 'origin'".to_owned()),
        named("select pg_advisory_xact_lock($1)".to_owned()).bind(LOCK),
    ] {
        statement.execute(&mut *transaction).await.map_err(&lock)?;
    }

    // Before the tables are locked: in the wrong database not even that is done.
    progress(Step::Identify);
    identify(&mut transaction, order).await?;
    let names: Vec<String> = order.seed.tables.iter().map(|table| table.name.table()).collect();
    let all = names.join(", ");
    named(format!("lock table {all} in access exclusive mode")).execute(&mut *transaction).await.map_err(&lock)?;
    // And once more with them locked: nobody has put others in their place meanwhile.
    identify(&mut transaction, order).await?;

    progress(Step::Schema);
    schema(&mut transaction, order).await?;

    progress(Step::Count);
    let before = counts(&mut transaction, &order.seed.tables).await.map_err(at(Step::Count))?;
    for (table, now) in &before {
        let planned = order.planned.get(table).copied().unwrap_or(0);
        if planned.abs_diff(*now) > order.slack {
            return Err(ResetTrouble::Changed { table: table.clone(), planned, now: *now });
        }
    }

    progress(Step::Snapshot);
    snapshot(&mut transaction, order).await.map_err(at(Step::Snapshot))?;

    progress(Step::Truncate);
    // Without cascade: what refers to them was looked for, and PostgreSQL refuses if something does after all.
    named(format!("truncate {all} restart identity")).execute(&mut *transaction).await.map_err(at(Step::Truncate))?;

    progress(Step::Seed);
    for table in &order.seed.tables {
        fill(&mut transaction, table, order.today).await.map_err(at(Step::Seed))?;
    }

    progress(Step::Verify);
    let after = counts(&mut transaction, &order.seed.tables).await.map_err(at(Step::Verify))?;
    for table in &order.seed.tables {
        let found = after.get(table.name.as_str()).copied().unwrap_or(0);
        if found != table.rows {
            let table_name = table.name.as_str().to_owned();
            return Err(ResetTrouble::Counts { table: table_name, expected: table.rows, found });
        }
    }

    progress(Step::Record);
    record(&mut transaction, order, &before).await.map_err(at(Step::Record))?;

    progress(Step::Commit);
    transaction.commit().await.map_err(at(Step::Commit))?;
    Ok(Done { before, after })
}

async fn identify(link: &mut PgConnection, order: &Order<'_>) -> Result<(), ResetTrouble> {
    let step = at(Step::Identify);
    let markers = markers(link).await.map_err(&step)?;
    let present = present(link, &order.wanted.tables).await.map_err(&step)?;
    let found = mismatches(order.wanted, &markers, &present);
    if found.is_empty() { Ok(()) } else { Err(ResetTrouble::Mismatch(found)) }
}

async fn schema(link: &mut PgConnection, order: &Order<'_>) -> Result<(), ResetTrouble> {
    let step = at(Step::Schema);
    let version = &order.seed.manifest.schema;
    let (Some(table), Some(column)) = (Name::new(&version.table), Name::new(&version.column)) else {
        return Err(ResetTrouble::Schema { found: "not known".to_owned(), expected: version.expects.clone() });
    };
    let row = named(format!("select max({})::text as version from {}", column.as_str(), table.table()))
        .fetch_one(&mut *link)
        .await
        .map_err(&step)?;
    let found: Option<String> = row.try_get("version").map_err(&step)?;
    if found.as_deref() != Some(version.expects.as_str()) {
        let found = found.unwrap_or_else(|| "none".to_owned());
        return Err(ResetTrouble::Schema { found, expected: version.expects.clone() });
    }
    let rows = named(
        "select format('%s.%s', a.nspname, f.relname) as referring, format('%s.%s', b.nspname, t.relname) as referred \
         from pg_constraint join pg_class f on f.oid = conrelid join pg_namespace a on a.oid = f.relnamespace \
         join pg_class t on t.oid = confrelid join pg_namespace b on b.oid = t.relnamespace where contype = 'f'"
            .to_owned(),
    )
    .fetch_all(&mut *link)
    .await
    .map_err(&step)?;
    let keys: Result<Vec<ForeignKey>, sqlx::Error> =
        rows.iter().map(|row| Ok(ForeignKey { from: row.try_get("referring")?, to: row.try_get("referred")? })).collect();
    let declared = order.seed.tables.iter().map(|table| table.name.table()).collect();
    let others = undeclared(&declared, &keys.map_err(&step)?);
    if others.is_empty() { Ok(()) } else { Err(ResetTrouble::Cascade(others)) }
}

/// The rows of each table.
async fn counts(link: &mut PgConnection, tables: &[Filled]) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let mut counts = BTreeMap::new();
    for table in tables {
        let row = named(format!("select count(*) as rows from {}", table.name.table())).fetch_one(&mut *link).await?;
        let rows = u64::try_from(row.try_get::<i64, _>("rows")?).unwrap_or(0);
        counts.insert(table.name.as_str().to_owned(), rows);
    }
    Ok(counts)
}

/// Where the snapshot of the n-th table is: with its name it could be longer than PostgreSQL keeps, and be another's.
fn place(id: &str, number: usize) -> String {
    let id: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    format!("quarterdeck_snapshot.r{id}_{number}")
}

async fn snapshot(link: &mut PgConnection, order: &Order<'_>) -> Result<(), sqlx::Error> {
    named("create schema if not exists quarterdeck_snapshot".to_owned()).execute(&mut *link).await?;
    for (number, table) in order.seed.tables.iter().enumerate() {
        let copy = format!("create table {} as table {}", place(order.id, number), table.name.table());
        named(copy).execute(&mut *link).await?;
    }
    Ok(())
}

async fn fill(link: &mut PgConnection, table: &Filled, today: Date) -> Result<(), sqlx::Error> {
    match &table.content {
        Content::Statement(text) => {
            let rows = i64::try_from(table.rows).unwrap_or(i64::MAX);
            named(text.clone()).bind(rows).bind(today.to_string()).execute(&mut *link).await?;
        }
        Content::Csv(file) => {
            let mut copy =
                link.copy_in_raw(&format!("copy {} from stdin (format csv, header match)", table.name.table())).await?;
            match tokio::fs::File::open(file).await {
                Ok(file) => {
                    copy.read_from(file).await?;
                    copy.finish().await?;
                }
                Err(error) => {
                    copy.abort("the seed's file cannot be read").await?;
                    return Err(sqlx::Error::Io(error));
                }
            }
        }
    }
    // The next row that somebody adds comes after the seed's.
    let name = table.name.table();
    named(format!(
        "select setval(sequence, greatest((select max({key}) from {name}), 1)) \
         from pg_get_serial_sequence('{name}', '{key}') as sequence where sequence is not null",
        key = table.key.as_str()
    ))
    .execute(&mut *link)
    .await?;
    Ok(())
}

async fn record(link: &mut PgConnection, order: &Order<'_>, before: &BTreeMap<String, u64>) -> Result<(), sqlx::Error> {
    let seeded: BTreeMap<&str, u64> =
        order.seed.tables.iter().map(|table| (table.name.as_str(), table.rows)).collect();
    named(
        "insert into quarterdeck.resets (id, kind, version, by_name, counts, seeded, snapshot) \
         values ($1, 'reset', $2, $3, $4::jsonb, $5::jsonb, true)"
            .to_owned(),
    )
    .bind(order.id)
    .bind(i32::try_from(order.seed.manifest.version).unwrap_or(i32::MAX))
    .bind(order.by)
    .bind(serde_json::to_string(before).unwrap_or_default())
    .bind(serde_json::to_string(&seeded).unwrap_or_default())
    .execute(&mut *link)
    .await?;
    if let Some(prefix) = order.prefix {
        named("insert into quarterdeck.outbox (id, prefix) values ($1, $2)".to_owned())
            .bind(order.id)
            .bind(prefix)
            .execute(&mut *link)
            .await?;
    }
    Ok(())
}
