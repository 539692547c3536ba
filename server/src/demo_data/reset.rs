//! A reset: everything that is done to the database, in one transaction and in the order of its steps.
//!
//! Whatever ends it before its commit leaves all as it was. Whether it was committed stands in the database itself, under the id of
//! the operation, and nowhere else.

mod settle;
mod tables;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};

use domain::demo_data::closure::{ForeignKey, undeclared};
use domain::demo_data::guard::Permit;
use domain::demo_data::identity::{Mismatch, Wanted, mismatches};
use domain::demo_data::record::Kind;
use domain::demo_data::step::Step;
use domain::ledger::OperationId;
use sqlx::{Connection as _, PgConnection, Row as _};

pub use settle::{Settled, settle};
use tables::{Stand, counts, fill, oid, place, put_back, snapshot, stand_at};
pub use trouble::ResetTrouble;
use trouble::at;

use super::enrol::{OURS, markers, present};
use super::passwords::{self, Ready};
use super::seed::Seed;
use super::table::{Name, named};

/// The lock of ours: of one database there is one reset at a time, whichever program presses. Any other number would do.
pub(super) const LOCK: i64 = 0x5155_4152_5445_5244;
/// How long it waits for others to let go of the tables.
const WAIT: &str = "5s";
/// Refuses to count where policies hide rows, which would be emptied unseen.
/// <https://www.postgresql.org/docs/15/runtime-config-client.html#GUC-ROW-SECURITY>
pub(super) const ALL_ROWS: &str = "set local row_security = off";
/// Has names stand again for what the application means by them: statements of the seed, triggers.
const THEIRS: &str = "set local search_path to default";
/// How long a statement may take.
const LONGEST: &str = "10min";

/// What is done about passwords.
#[derive(Debug)]
pub enum PasswordOrder {
    /// Nothing.
    None,
    /// Each of them goes to a person of the application.
    Make(Ready),
    /// People keep theirs.
    Keep(passwords::Columns),
}

/// What is to be done.
#[derive(Debug)]
pub struct Order<'a> {
    /// The operation's id.
    pub id: OperationId,
    /// What may be put in, and where: nothing is emptied without one.
    pub permit: &'a Permit,
    /// What the database must be.
    pub wanted: &'a Wanted,
    /// The `system_identifier` of the server that the plan was made of.
    pub server: &'a str,
    /// With what.
    pub seed: &'a Seed,
    /// The day that the seed's dates are relative to: `2026-11-22`.
    pub day: &'a str,
    /// The time zone in which it is that day: `America/New_York`.
    pub zone: &'a str,
    /// Who pressed, as the database keeps it.
    pub by: &'a str,
    /// The rows of each table that the plan told.
    pub planned: &'a BTreeMap<String, u64>,
    /// What is done about passwords.
    pub passwords: PasswordOrder,
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
    /// How many people have a password of [`PasswordOrder`].
    pub passwords: u64,
}

/// Does it. `progress` is told each step as it begins.
///
/// # Errors
///
/// A [`ResetTrouble`]: nothing was done, unless it says that this [is not known](ResetTrouble::is_unknown).
pub async fn reset(link: &mut PgConnection, order: &Order<'_>, progress: impl Fn(Step)) -> Result<Done, ResetTrouble> {
    progress(Step::Identify);
    let identified = at(Step::Identify);
    let lock = at(Step::Lock);
    let mut transaction = link.begin().await.map_err(&identified)?;
    for statement in [
        // What is committed while the tables are waited for is counted and kept too.
        named("set transaction isolation level read committed".to_owned()),
        named(format!("set local lock_timeout = '{WAIT}'")),
        named(format!("set local statement_timeout = '{LONGEST}'")),
        // The seed's dates are those of the place, and what was written since is told by them.
        named("select set_config('timezone', $1, true)".to_owned()).bind(order.zone),
        named(OURS.to_owned()),
        named(ALL_ROWS.to_owned()),
        named("select pg_advisory_xact_lock($1)".to_owned()).bind(LOCK),
    ] {
        statement.execute(&mut *transaction).await.map_err(&identified)?;
    }
    // Before the tables are locked: in the wrong database not even that is done.
    identify(&mut transaction, order).await?;

    progress(Step::Lock);
    let names: Vec<String> = order.seed.tables.iter().map(|table| table.name.table()).collect();
    let all = names.join(", ");
    let only = names.join(", only ");
    named(format!("lock table {all} in access exclusive mode")).execute(&mut *transaction).await.map_err(&lock)?;
    // And once more with them locked: nobody has put others in their place meanwhile.
    let oids = identify(&mut transaction, order).await?;

    progress(Step::Schema);
    schema(&mut transaction, order).await?;

    progress(Step::Count);
    let before = counts(&mut transaction, &order.seed.tables).await.map_err(at(Step::Count))?;
    for (table, now) in &before {
        let planned = order.planned.get(table).copied().unwrap_or(0);
        if planned.abs_diff(*now) > slack(planned) {
            return Err(ResetTrouble::Changed { table: table.clone(), planned, now: *now });
        }
    }

    progress(Step::Snapshot);
    let sequences = snapshot(&mut transaction, order, &oids).await.map_err(at(Step::Snapshot))?;
    let earlier = earlier(&mut transaction, order).await?;

    progress(Step::Truncate);
    named(THEIRS.to_owned()).execute(&mut *transaction).await.map_err(at(Step::Truncate))?;
    // Without cascade: what refers to them was looked for, and PostgreSQL refuses if something does after all.
    named(format!("truncate only {only} restart identity"))
        .execute(&mut *transaction)
        .await
        .map_err(at(Step::Truncate))?;
    // A schema can be given another name while its tables are locked: what is filled are those that were looked at.
    named(OURS.to_owned()).execute(&mut *transaction).await.map_err(at(Step::Truncate))?;
    identify(&mut transaction, order).await?;
    named(THEIRS.to_owned()).execute(&mut *transaction).await.map_err(at(Step::Truncate))?;

    progress(Step::Seed);
    for table in &order.seed.tables {
        match order.permit.kind() {
            Kind::Reset => fill(&mut transaction, table, order.day).await?,
            Kind::Undo { of } => {
                let from = place(of, oid(&oids, table));
                put_back(&mut transaction, table, &from).await.map_err(at(Step::Seed))?;
            }
        }
    }
    for (sequence, stand) in &earlier.sequences {
        stand_at(&mut transaction, sequence, *stand).await.map_err(at(Step::Seed))?;
    }

    progress(Step::Passwords);
    let (passwords, sealed) = match &order.passwords {
        PasswordOrder::None => (0, None),
        PasswordOrder::Make(ready) => {
            let issued = ready.give(&mut transaction).await.map_err(at(Step::Passwords))?;
            let sealed = ready.seal(&issued).map_err(|_| ResetTrouble::Seal)?;
            (u64::try_from(issued.len()).unwrap_or(u64::MAX), Some(sealed))
        }
        PasswordOrder::Keep(columns) => {
            let kept = match oids.get(columns.table.as_str()) {
                Some(oid) => columns.keep(&mut transaction, &place(order.id, *oid)).await,
                None => Ok(0),
            };
            (kept.map_err(at(Step::Passwords))?, None)
        }
    };

    progress(Step::Verify);
    named(OURS.to_owned()).execute(&mut *transaction).await.map_err(at(Step::Verify))?;
    // And what was filled.
    identify(&mut transaction, order).await?;
    let after = counts(&mut transaction, &order.seed.tables).await.map_err(at(Step::Verify))?;
    for table in &order.seed.tables {
        let name = table.name.as_str();
        let found = after.get(name).copied().unwrap_or(0);
        let expected = match order.permit.kind() {
            Kind::Reset => table.rows,
            Kind::Undo { .. } => earlier.counts.get(name).copied().unwrap_or(0),
        };
        if found != expected {
            return Err(ResetTrouble::Counts { table: name.to_owned(), expected, found });
        }
    }

    progress(Step::Record);
    let written = Written { before: &before, sequences: &sequences, sealed: sealed.as_deref() };
    record(&mut transaction, order, &written).await.map_err(at(Step::Record))?;

    // What was put off to the end is theirs. Checked now, it is refused with its reason; of a commit it is not known.
    for statement in [THEIRS, "set constraints all immediate"] {
        named(statement.to_owned()).execute(&mut *transaction).await.map_err(at(Step::Record))?;
    }

    progress(Step::Commit);
    transaction.commit().await.map_err(at(Step::Commit))?;
    Ok(Done { before, after, passwords })
}

/// How many rows may have come or gone since the plan was made without it being another.
pub(super) fn slack(planned: u64) -> u64 {
    (planned / 100).max(10)
}

/// Makes sure that it is the right database. Says the oid of each table.
async fn identify(link: &mut PgConnection, order: &Order<'_>) -> Result<BTreeMap<String, u32>, ResetTrouble> {
    let step = at(Step::Identify);
    let markers = markers(link).await.map_err(&step)?;
    let present = present(link, &order.wanted.tables).await.map_err(&step)?;
    let mut found = mismatches(order.wanted, &markers, &present);
    // It was given for one environment of one tier, which is never production.
    if *order.permit.environment() != order.wanted.environment || order.permit.tier() != order.wanted.tier {
        found.push(Mismatch::Permit);
    }
    // Another one may be enrolled as well; this is not what was looked at.
    if present.system_identifier != order.server {
        found.push(Mismatch::Server);
    }
    if found.is_empty() { Ok(present.tables) } else { Err(ResetTrouble::Mismatch(found)) }
}

/// The version of the schema, as the seed says how it is known; `None` where there is none.
pub(super) async fn schema_version(link: &mut PgConnection, seed: &Seed) -> Result<Option<String>, sqlx::Error> {
    let version = &seed.manifest.schema;
    let (Some(table), Some(column)) = (Name::new(&version.table), Name::new(&version.column)) else { return Ok(None) };
    let known = sqlx::query("select to_regclass($1) is not null as known").persistent(false).bind(table.table());
    if !known.fetch_one(&mut *link).await?.try_get::<bool, _>("known")? {
        return Ok(None);
    }
    // Of texts the greatest is another than of numbers: 9 comes after 10.
    let text = format!(
        "select max({column})::text as version, coalesce((select typcategory = 'N' from pg_type \
         where pg_type.oid = pg_typeof(max({column}))), false) as counts from {table}",
        column = column.as_str(),
        table = table.table()
    );
    let row = named(text).fetch_one(link).await?;
    if row.try_get("counts")? { row.try_get("version") } else { Ok(None) }
}

/// All foreign keys of the database.
pub(super) async fn foreign_keys(link: &mut PgConnection) -> Result<Vec<ForeignKey>, sqlx::Error> {
    let rows = sqlx::query(
        "select format('%s.%s', a.nspname, f.relname) as referring, format('%s.%s', b.nspname, t.relname) as referred \
         from pg_constraint join pg_class f on f.oid = conrelid join pg_namespace a on a.oid = f.relnamespace \
         join pg_class t on t.oid = confrelid join pg_namespace b on b.oid = t.relnamespace where contype = 'f'",
    )
    .persistent(false)
    .fetch_all(link)
    .await?;
    rows.iter().map(|row| Ok(ForeignKey { from: row.try_get("referring")?, to: row.try_get("referred")? })).collect()
}

/// The tables of a seed, with their schema.
pub(super) fn tables_of(seed: &Seed) -> BTreeSet<String> {
    seed.tables.iter().map(|table| table.name.table()).collect()
}

async fn schema(link: &mut PgConnection, order: &Order<'_>) -> Result<(), ResetTrouble> {
    let step = at(Step::Schema);
    let expected = &order.seed.manifest.schema.expects;
    let found = schema_version(link, order.seed).await.map_err(&step)?;
    if found.as_ref() != Some(expected) {
        let found = found.unwrap_or_else(|| "not known".to_owned());
        return Err(ResetTrouble::Schema { found, expected: expected.clone() });
    }
    let others = undeclared(&tables_of(order.seed), &foreign_keys(link).await.map_err(&step)?);
    if others.is_empty() { Ok(()) } else { Err(ResetTrouble::Cascade(others)) }
}

/// What the reset that is undone wrote down.
#[derive(Default)]
struct Earlier {
    counts: BTreeMap<String, u64>,
    sequences: BTreeMap<String, Stand>,
}

async fn earlier(link: &mut PgConnection, order: &Order<'_>) -> Result<Earlier, ResetTrouble> {
    let of = match order.permit.kind() {
        Kind::Reset => return Ok(Earlier::default()),
        Kind::Undo { of } => of,
    };
    let step = at(Step::Snapshot);
    let row = sqlx::query(
        "select counts::text as counts, sequences::text as sequences from quarterdeck.resets \
         where id = $1 and kind <> 'void' and snapshot for update",
    )
    .persistent(false)
    .bind(of.to_string())
    .fetch_optional(link)
    .await
    .map_err(&step)?
    .ok_or(ResetTrouble::NoSnapshot)?;
    let text = |column: &str| row.try_get::<String, _>(column).map_err(&step);
    let counts: BTreeMap<String, u64> = serde_json::from_str(&text("counts")?).unwrap_or_default();
    // One of other tables would leave some empty.
    if order.seed.tables.iter().any(|table| !counts.contains_key(table.name.as_str())) {
        return Err(ResetTrouble::NoSnapshot);
    }
    Ok(Earlier { counts, sequences: serde_json::from_str(&text("sequences")?).unwrap_or_default() })
}

/// What is written down beside the order.
struct Written<'a> {
    before: &'a BTreeMap<String, u64>,
    sequences: &'a BTreeMap<String, Stand>,
    sealed: Option<&'a [u8]>,
}

async fn record(link: &mut PgConnection, order: &Order<'_>, written: &Written<'_>) -> Result<(), sqlx::Error> {
    let mut seeded: BTreeMap<&str, u64> = BTreeMap::new();
    if order.permit.kind() == Kind::Reset {
        for table in &order.seed.tables {
            let text = format!(
                "select coalesce(max({}), 0)::bigint as greatest from {}",
                table.key.as_str(),
                table.name.table()
            );
            let greatest: i64 = named(text).fetch_one(&mut *link).await?.try_get("greatest")?;
            seeded.insert(table.name.as_str(), u64::try_from(greatest).unwrap_or(0));
        }
    }
    named(
        "insert into quarterdeck.resets (id, kind, version, by_name, counts, seeded, sequences, snapshot, sealed, sealed_until) \
         values ($1, $2, $3, $4, $5::text::jsonb, $6::text::jsonb, $7::text::jsonb, true, $8, now() + interval '15 minutes')"
            .to_owned(),
    )
    .bind(order.id.to_string())
    .bind(match order.permit.kind() {
        Kind::Reset => "reset",
        Kind::Undo { .. } => "undo",
    })
    // What a snapshot brings back is known by what was before it, if anything was.
    .bind(match order.permit.kind() {
        Kind::Reset => i64::from(order.seed.manifest.version),
        Kind::Undo { .. } => 0,
    })
    .bind(order.by)
    .bind(serde_json::to_string(written.before).unwrap_or_default())
    .bind(serde_json::to_string(&seeded).unwrap_or_default())
    .bind(serde_json::to_string(written.sequences).unwrap_or_default())
    .bind(written.sealed)
    .execute(&mut *link)
    .await?;
    if let Kind::Undo { of } = order.permit.kind() {
        // As the rows stand by what came before the reset that is undone.
        sqlx::query(
            "update quarterdeck.resets set seeded = before.seeded, base_at = before.base_at, version = before.version \
             from (select seeded, base_at, version from quarterdeck.resets where kind <> 'void' \
             and done_at < (select done_at from quarterdeck.resets where id = $2) order by done_at desc limit 1) as before \
             where id = $1",
        )
        .persistent(false)
        .bind(order.id.to_string())
        .bind(of.to_string())
        .execute(&mut *link)
        .await?;
    }
    if let Some(prefix) = order.prefix {
        named("insert into quarterdeck.outbox (id, prefix) values ($1, $2)".to_owned())
            .bind(order.id.to_string())
            .bind(prefix)
            .execute(&mut *link)
            .await?;
    }
    Ok(())
}
