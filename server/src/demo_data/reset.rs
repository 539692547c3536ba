//! A reset: everything that is done to the database, in one transaction and in the order of its steps.
//!
//! Whatever ends it before its commit leaves all as it was. Whether it was committed stands in the database itself, under the id of
//! the operation, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use domain::demo_data::closure::{ForeignKey, undeclared};
use domain::demo_data::identity::{Mismatch, Wanted, mismatches};
use domain::demo_data::step::Step;
use domain::ledger::OperationId;
use sqlx::{Connection as _, PgConnection, Row as _};

use super::enrol::{OURS, markers, present};
use super::passwords::{self, Ready};
use super::seed::{self, Filled, Seed};
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

/// What is put into the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// The rows of the seed.
    Seed,
    /// What was there before another reset.
    Snapshot(OperationId),
}

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
    /// What is put in.
    pub content: Content,
    /// Where.
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
    /// Other tables refer to those of the seed, or inherit from them.
    #[error("the tables {} refer to those of the seed or are parts of them, and would be emptied as well", list(.0))]
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
    /// The snapshot is gone, or is of other tables.
    #[error("the snapshot of that reset is not kept any more")]
    NoSnapshot,
    /// The rows that were put in are not those that should be there.
    #[error("{found} rows came into {table} instead of {expected}")]
    Counts {
        /// Which.
        table: String,
        /// How many should be there.
        expected: u64,
        /// Rows that are there.
        found: u64,
    },
    /// The database refused a step, by a code of PostgreSQL; its words may hold what was sent.
    #[error("{}: {}", .step.words(), of_code(.code))]
    Refused {
        /// At which.
        step: Step,
        /// <https://www.postgresql.org/docs/15/errcodes-appendix.html>
        code: String,
    },
    /// The connection broke at a step.
    #[error("{}: the connection broke", .0.words())]
    Broken(Step),
    /// The seed's file of a table is gone.
    #[error("the seed's file for {0} cannot be read")]
    File(String),
    /// The passwords cannot be sealed.
    #[error("the new passwords cannot be sealed")]
    Seal,
}

impl ResetTrouble {
    /// Whether it may have been done all the same: only the database knows.
    pub fn is_unknown(&self) -> bool {
        match self {
            // Also one that was answered with an error: a server that is being stopped may say so after it has committed.
            Self::Broken(step) | Self::Refused { step, .. } => *step == Step::Commit,
            Self::Mismatch(_)
            | Self::Schema { .. }
            | Self::Cascade(_)
            | Self::Changed { .. }
            | Self::NoSnapshot
            | Self::Counts { .. }
            | Self::File(_)
            | Self::Seal => false,
        }
    }
}

/// What a code means to somebody who presses.
fn of_code(code: &str) -> String {
    match code {
        "55P03" => "others hold the tables and did not let go of them within 5 s (55P03). Try again when nobody writes"
            .to_owned(),
        "57014" => "it took too long (57014)".to_owned(),
        "42501" => {
            "the role may not do it (42501): it has to own the tables, and no row-level security may hide rows from it"
                .to_owned()
        }
        "53100" => "the disk is full (53100)".to_owned(),
        code => format!("the database refuses ({code})"),
    }
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
/// A [`ResetTrouble`]: nothing was done, unless it says that this [is not known](ResetTrouble::is_unknown).
pub async fn reset(link: &mut PgConnection, order: &Order<'_>, progress: impl Fn(Step)) -> Result<Done, ResetTrouble> {
    progress(Step::Lock);
    let lock = at(Step::Lock);
    let mut transaction = link.begin().await.map_err(&lock)?;
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
        statement.execute(&mut *transaction).await.map_err(&lock)?;
    }

    // Before the tables are locked: in the wrong database not even that is done.
    progress(Step::Identify);
    identify(&mut transaction, order).await?;
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
        match order.content {
            Content::Seed => fill(&mut transaction, table, order.day).await?,
            Content::Snapshot(of) => {
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
        let expected = match order.content {
            Content::Seed => table.rows,
            Content::Snapshot(_) => earlier.counts.get(name).copied().unwrap_or(0),
        };
        if found != expected {
            return Err(ResetTrouble::Counts { table: name.to_owned(), expected, found });
        }
    }

    progress(Step::Record);
    let written = Written { before: &before, sequences: &sequences, sealed: sealed.as_deref() };
    record(&mut transaction, order, &written).await.map_err(at(Step::Record))?;

    progress(Step::Commit);
    // What was put off to the end is theirs.
    named(THEIRS.to_owned()).execute(&mut *transaction).await.map_err(at(Step::Record))?;
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

/// All foreign keys of the database; and tables that inherit, or lie elsewhere as a part of another: `truncate` empties those as well,
/// on the other server too. Other partitions are their table's own rows.
pub(super) async fn foreign_keys(link: &mut PgConnection) -> Result<Vec<ForeignKey>, sqlx::Error> {
    let rows = sqlx::query(
        "select format('%s.%s', a.nspname, f.relname) as referring, format('%s.%s', b.nspname, t.relname) as referred \
         from pg_constraint join pg_class f on f.oid = conrelid join pg_namespace a on a.oid = f.relnamespace \
         join pg_class t on t.oid = confrelid join pg_namespace b on b.oid = t.relnamespace where contype = 'f' \
         union select format('%s.%s', a.nspname, f.relname), format('%s.%s', b.nspname, t.relname) \
         from pg_inherits join pg_class f on f.oid = inhrelid join pg_namespace a on a.oid = f.relnamespace \
         join pg_class t on t.oid = case when f.relispartition then pg_partition_root(f.oid) else inhparent end \
         join pg_namespace b on b.oid = t.relnamespace where not f.relispartition or f.relkind = 'f'",
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

/// The rows of each table.
async fn counts(link: &mut PgConnection, tables: &[Filled]) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let mut counts = BTreeMap::new();
    for table in tables {
        let row =
            named(format!("select count(*) as rows from only {}", table.name.table())).fetch_one(&mut *link).await?;
        let rows = u64::try_from(row.try_get::<i64, _>("rows")?).unwrap_or(0);
        counts.insert(table.name.as_str().to_owned(), rows);
    }
    Ok(counts)
}

/// Where the snapshot of a table is, by the table's oid: with its name it could be longer than PostgreSQL keeps, and its place in the
/// seed may be another's tomorrow.
pub(super) fn place(id: OperationId, oid: u32) -> String {
    format!("quarterdeck_snapshot.r{id}_{oid}")
}

/// A sequence: the last value that was taken, and whether one was.
type Stand = (i64, bool);

/// Keeps what is there. Says where each sequence of the tables stands, by its name with its schema.
async fn snapshot(
    link: &mut PgConnection,
    order: &Order<'_>,
    oids: &BTreeMap<String, u32>,
) -> Result<BTreeMap<String, Stand>, sqlx::Error> {
    let mut sequences = BTreeMap::new();
    for table in &order.seed.tables {
        let copy =
            format!("create table {} as select * from only {}", place(order.id, oid(oids, table)), table.name.table());
        named(copy).execute(&mut *link).await?;
        for sequence in sequences_of(link, table).await? {
            let row = named(format!("select last_value, is_called from {sequence}")).fetch_one(&mut *link).await?;
            sequences.insert(sequence, (row.try_get("last_value")?, row.try_get("is_called")?));
        }
    }
    Ok(sequences)
}

/// The oid of a table; of one that is not there another step has refused already.
fn oid(oids: &BTreeMap<String, u32>, table: &Filled) -> u32 {
    oids.get(table.name.as_str()).copied().unwrap_or(0)
}

/// The sequences that belong to columns of a table, quoted as they have to be.
async fn sequences_of(link: &mut PgConnection, table: &Filled) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query(
        "select format('%I.%I', nspname, relname) as sequence from pg_depend \
         join pg_class on pg_class.oid = objid and relkind = 'S' join pg_namespace on pg_namespace.oid = relnamespace \
         where refobjid = $1::text::regclass and refobjsubid > 0 and deptype in ('a', 'i') order by 1",
    )
    .persistent(false)
    .bind(table.name.table())
    .fetch_all(link)
    .await?;
    rows.iter().map(|row| row.try_get("sequence")).collect()
}

/// The sequence of a table's key, quoted as it has to be; `None` where it has none.
async fn sequence_of(link: &mut PgConnection, table: &Filled) -> Result<Option<String>, sqlx::Error> {
    let statement = sqlx::query("select pg_get_serial_sequence($1, $2) as sequence").persistent(false);
    let row = statement.bind(table.name.table()).bind(table.key.as_str()).fetch_one(link).await?;
    row.try_get("sequence")
}

/// What the reset that is undone wrote down.
#[derive(Default)]
struct Earlier {
    counts: BTreeMap<String, u64>,
    sequences: BTreeMap<String, Stand>,
}

async fn earlier(link: &mut PgConnection, order: &Order<'_>) -> Result<Earlier, ResetTrouble> {
    let of = match order.content {
        Content::Seed => return Ok(Earlier::default()),
        Content::Snapshot(of) => of,
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

async fn fill(link: &mut PgConnection, table: &Filled, day: &str) -> Result<(), ResetTrouble> {
    let name = table.name.table();
    let refused = at(Step::Seed);
    match &table.content {
        seed::Content::Statement(text) => {
            let rows = i64::try_from(table.rows).unwrap_or(i64::MAX);
            // The day is sent as text, and every use in a statement says what it is.
            let text = text.replace("$2::date", "$2::text::date");
            named(text).bind(rows).bind(day).execute(&mut *link).await.map_err(&refused)?;
        }
        seed::Content::Csv(file) => {
            // Before the statement: then there is nothing to take back.
            let file =
                tokio::fs::File::open(file).await.map_err(|_| ResetTrouble::File(table.name.as_str().to_owned()))?;
            let statement = format!("copy {name} from stdin (format csv, header match)");
            let mut copy = link.copy_in_raw(&statement).await.map_err(&refused)?;
            copy.read_from(file).await.map_err(&refused)?;
            copy.finish().await.map_err(&refused)?;
        }
    }
    // The next row that somebody adds comes after the seed's.
    if let Some(sequence) = sequence_of(link, table).await.map_err(&refused)? {
        let key = table.key.as_str();
        named(format!("select setval($1::text::regclass, greatest((select max({key}) from {name}), 1))"))
            .bind(sequence)
            .execute(&mut *link)
            .await
            .map_err(&refused)?;
    }
    Ok(())
}

/// Puts a table back as it was kept.
async fn put_back(link: &mut PgConnection, table: &Filled, from: &str) -> Result<(), sqlx::Error> {
    let name = table.name.table();
    // What the database makes by itself cannot be put in.
    let row = sqlx::query(
        "select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute \
         where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attgenerated = ''",
    )
    .persistent(false)
    .bind(&name)
    .fetch_one(&mut *link)
    .await?;
    let columns: String = row.try_get("columns")?;
    // What triggers made of the rows stands in them already, and what they did elsewhere was done.
    let triggers = sqlx::query(
        "select quote_ident(tgname) as name from pg_trigger \
         where tgrelid = $1::text::regclass and not tgisinternal and tgenabled = 'O'",
    )
    .persistent(false)
    .bind(&name)
    .fetch_all(&mut *link)
    .await?;
    let triggers: Vec<String> = triggers.iter().map(|row| row.try_get("name")).collect::<Result<_, _>>()?;
    for trigger in &triggers {
        named(format!("alter table {name} disable trigger {trigger}")).execute(&mut *link).await?;
    }
    named(format!("insert into {name} ({columns}) overriding system value select {columns} from {from}"))
        .execute(&mut *link)
        .await?;
    if !triggers.is_empty() {
        // A table whose checks are still to come is not altered.
        sqlx::query("set constraints all immediate").persistent(false).execute(&mut *link).await?;
    }
    for trigger in &triggers {
        named(format!("alter table {name} enable trigger {trigger}")).execute(&mut *link).await?;
    }
    Ok(())
}

/// Has a sequence stand where it stood.
async fn stand_at(link: &mut PgConnection, sequence: &str, (last, is_called): Stand) -> Result<(), sqlx::Error> {
    named("select setval($1::text::regclass, $2, $3)".to_owned())
        .bind(sequence.to_owned())
        .bind(last)
        .bind(is_called)
        .execute(link)
        .await?;
    Ok(())
}

/// What is written down beside the order.
struct Written<'a> {
    before: &'a BTreeMap<String, u64>,
    sequences: &'a BTreeMap<String, Stand>,
    sealed: Option<&'a [u8]>,
}

async fn record(link: &mut PgConnection, order: &Order<'_>, written: &Written<'_>) -> Result<(), sqlx::Error> {
    let mut seeded: BTreeMap<&str, u64> = BTreeMap::new();
    if order.content == Content::Seed {
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
    .bind(match order.content {
        Content::Seed => "reset",
        Content::Snapshot(_) => "undo",
    })
    // What a snapshot brings back is known by what was before it, if anything was.
    .bind(match order.content {
        Content::Seed => i64::from(order.seed.manifest.version),
        Content::Snapshot(_) => 0,
    })
    .bind(order.by)
    .bind(serde_json::to_string(written.before).unwrap_or_default())
    .bind(serde_json::to_string(&seeded).unwrap_or_default())
    .bind(serde_json::to_string(written.sequences).unwrap_or_default())
    .bind(written.sealed)
    .execute(&mut *link)
    .await?;
    if let Content::Snapshot(of) = order.content {
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

/// What the database says of a reset that nobody carries on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It was committed: the rows of each table before.
    Committed(BTreeMap<String, u64>),
    /// It was not, and cannot be any more.
    Never,
    /// This is another database than the one that was looked at: nothing was asked of it.
    Elsewhere,
}

/// Asks the database whether a reset was committed, and keeps one that was not from ever being so: whoever still carries it on finds its
/// id taken. `server` and `database`: those that were looked at.
///
/// # Errors
///
/// Those of the driver, also where somebody still holds the lock: then it is not known yet.
pub async fn settle(
    link: &mut PgConnection,
    id: OperationId,
    (server, database): (&str, &str),
) -> Result<Settled, sqlx::Error> {
    let mut transaction = link.begin().await?;
    let present = present(&mut transaction, &[]).await?;
    if present.system_identifier != server || present.database != database {
        return Ok(Settled::Elsewhere);
    }
    for statement in ["set local lock_timeout = '5s'", OURS] {
        sqlx::query(statement).persistent(false).execute(&mut *transaction).await?;
    }
    sqlx::query("select pg_advisory_xact_lock($1)").persistent(false).bind(LOCK).execute(&mut *transaction).await?;
    let row = sqlx::query("select kind, counts::text as counts from quarterdeck.resets where id = $1")
        .persistent(false)
        .bind(id.to_string())
        .fetch_optional(&mut *transaction)
        .await?;
    let settled = match row {
        Some(row) if row.try_get::<String, _>("kind")? != "void" => {
            let counts: String = row.try_get("counts")?;
            Settled::Committed(serde_json::from_str(&counts).unwrap_or_default())
        }
        Some(_) => Settled::Never,
        None => {
            sqlx::query("insert into quarterdeck.resets (id, kind) values ($1, 'void')")
                .persistent(false)
                .bind(id.to_string())
                .execute(&mut *transaction)
                .await?;
            Settled::Never
        }
    };
    transaction.commit().await?;
    Ok(settled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_of_a_commit_it_is_not_known() {
        for step in Step::ALL {
            let refused = ResetTrouble::Refused { step, code: "57P01".into() };
            for trouble in [ResetTrouble::Broken(step), refused] {
                assert_eq!(trouble.is_unknown(), step == Step::Commit, "{trouble}");
            }
        }
    }
}
