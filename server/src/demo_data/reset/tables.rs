//! What a reset does with the tables of a seed: counting, keeping, filling, putting back.

use std::collections::BTreeMap;

use domain::demo_data::step::Step;
use domain::ledger::OperationId;
use sqlx::{PgConnection, Row as _};

use super::trouble::at;
use super::{Order, ResetTrouble};
use crate::demo_data::seed::{self, Filled};
use crate::demo_data::table::named;

/// The rows of each table.
pub(super) async fn counts(link: &mut PgConnection, tables: &[Filled]) -> Result<BTreeMap<String, u64>, sqlx::Error> {
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
pub(in crate::demo_data) fn place(id: OperationId, oid: u32) -> String {
    format!("quarterdeck_snapshot.r{id}_{oid}")
}

/// A sequence: the last value that was taken, and whether one was.
pub(super) type Stand = (i64, bool);

/// Keeps what is there. Says where each sequence of the tables stands, by its name with its schema.
pub(super) async fn snapshot(
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
pub(super) fn oid(oids: &BTreeMap<String, u32>, table: &Filled) -> u32 {
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

pub(super) async fn fill(link: &mut PgConnection, table: &Filled, day: &str) -> Result<(), ResetTrouble> {
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
pub(super) async fn put_back(link: &mut PgConnection, table: &Filled, from: &str) -> Result<(), sqlx::Error> {
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
pub(super) async fn stand_at(
    link: &mut PgConnection,
    sequence: &str,
    (last, is_called): Stand,
) -> Result<(), sqlx::Error> {
    named("select setval($1::text::regclass, $2, $3)".to_owned())
        .bind(sequence.to_owned())
        .bind(last)
        .bind(is_called)
        .execute(link)
        .await?;
    Ok(())
}
