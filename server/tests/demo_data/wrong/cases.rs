//! Databases in which something is wrong, by a statement or by what the registry says.

use std::collections::BTreeMap;

use domain::demo_data::identity::Wanted;
use domain::demo_data::record::Kind;
use domain::registry::Tier;
use futures::FutureExt as _;

use super::{Attempt, Outcome, Right, all, psql, said, server};

/// A case.
struct Case {
    name: &'static str,
    /// What makes it wrong.
    sql: &'static str,
    /// What the registry says otherwise.
    wanted: fn(&mut Wanted),
    /// What the plan says otherwise.
    planned: Option<fn(&mut BTreeMap<String, u64>)>,
    /// Whether putting a snapshot back is wrong as well.
    undo: bool,
    /// The reason that is told.
    told: &'static str,
}

const RIGHT: Case = Case { name: "", sql: "", wanted: |_| {}, planned: None, undo: true, told: "" };

const fn sql(name: &'static str, sql: &'static str, told: &'static str) -> Case {
    Case { name, sql, told, ..RIGHT }
}

const fn registry(name: &'static str, wanted: fn(&mut Wanted), told: &'static str) -> Case {
    Case { name, wanted, told, ..RIGHT }
}

const NOT_ENROLLED: &str = "never enrolled: it carries no marker";
const TWICE: &str = "more than one marker";
const COMPOSED: &str = "the table fuel_transactions is partitioned or inherits";
const REMADE: &str = "the table fuel_transactions was made anew since it was enrolled";
const GONE: &str = "the table fuel_transactions is not there";
/// What leads from here to production.
const WRAPPER: &str = "create extension postgres_fdw; \
    create server production foreign data wrapper postgres_fdw options (host '127.0.0.1', port '{port}', dbname '{production}'); \
    create user mapping for {role} server production options (user '{role}', password '{password}'); \
    create user mapping for owner server production options (user '{role}', password '{password}'); ";

/// Everything that is tried.
fn cases() -> Vec<Case> {
    let mut cases = vec![
        // The marker.
        sql("no marker", "delete from quarterdeck.marker", NOT_ENROLLED),
        sql("no table for markers", "drop table quarterdeck.marker", NOT_ENROLLED),
        sql("nothing of ours is there", "drop schema quarterdeck cascade", NOT_ENROLLED),
        sql("the marker twice", "insert into quarterdeck.marker select * from quarterdeck.marker", TWICE),
        sql(
            "the marker of another environment besides",
            "insert into quarterdeck.marker select 'fleet-management/development', 'development', database, database_oid, system_identifier, tables \
             from quarterdeck.marker",
            TWICE,
        ),
        sql(
            "the marker is a view that agrees with everything",
            "drop table quarterdeck.marker; create view quarterdeck.marker as \
             select 'fleet-management/staging'::text as environment, 'staging'::text as tier, current_database()::text as database, \
             (select oid::bigint from pg_database where datname = current_database()) as database_oid, \
             system_identifier::text as system_identifier, (select jsonb_object_agg(relname, oid::bigint) from pg_class \
             where relnamespace = 'public'::regnamespace) as tables from pg_control_system(); \
             grant select on quarterdeck.marker to {role}",
            NOT_ENROLLED,
        ),
        sql(
            "the marker is in another schema that is searched first",
            "create schema elsewhere; grant usage on schema elsewhere to {role}; alter table quarterdeck.marker set schema elsewhere; \
             alter role {role} in database {db} set search_path = elsewhere, quarterdeck, public",
            NOT_ENROLLED,
        ),
        sql(
            "a column of the marker is gone",
            "alter table quarterdeck.marker drop column tier",
            "Making sure that it is the right database: the database refuses (42703)",
        ),
        sql(
            "the marker was made for development",
            "update quarterdeck.marker set environment = 'fleet-management/development', tier = 'development'",
            "enrolled for fleet-management/development",
        ),
    ];
    // Names that look like it.
    for (name, environment) in [
        ("the marker says stag", "fleet-management/stag"),
        ("the marker says staging2", "fleet-management/staging2"),
        ("the marker says Staging", "fleet-management/Staging"),
        ("the marker ends with a space", "fleet-management/staging "),
        ("the marker says staging with a Cyrillic а", "fleet-management/st\u{430}ging"),
        ("the marker says staging with a space of no width", "fleet-management/stag\u{200b}ing"),
        ("the marker says another system", "fleetops/staging"),
        ("the marker says nothing", ""),
    ] {
        let text = format!("update quarterdeck.marker set environment = '{environment}'");
        cases.push(sql(name, text.leak(), "this database was enrolled for "));
    }
    for (name, tier) in [
        ("the tier was edited in the marker only", "development"),
        ("the marker says production", "production"),
        ("the marker's tier has another case", "Staging"),
    ] {
        let text = format!("update quarterdeck.marker set tier = '{tier}'");
        cases.push(sql(name, text.leak(), format!("this database was enrolled as {tier}").leak()));
    }
    cases.extend([
        sql(
            "the marker names another database",
            "update quarterdeck.marker set database = database || '_copy'",
            "enrolled under the name {db}_copy",
        ),
        sql(
            "the marker is of another server",
            "update quarterdeck.marker set system_identifier = '7412345678901234567'",
            "enrolled on another server",
        ),
        sql(
            "the marker has another oid of one table",
            "update quarterdeck.marker set tables = jsonb_set(tables, '{fuel_transactions}', '4711')",
            REMADE,
        ),
        sql(
            "the marker does not name one table",
            "update quarterdeck.marker set tables = tables - 'fuel_transactions'",
            "the table fuel_transactions was not enrolled",
        ),
        sql(
            "the marker names no tables",
            "update quarterdeck.marker set tables = 'null'",
            "the table fuel_transactions was not enrolled",
        ),
        sql(
            "the marker's tables cannot be read",
            "update quarterdeck.marker set tables = '[\"fuel_transactions\"]'",
            "the table fuel_transactions was not enrolled",
        ),
        // The tables.
        sql(
            "a table was dropped and made anew",
            "create table anew (like public.fuel_transactions including all); drop table public.fuel_transactions; \
             alter table anew rename to fuel_transactions; alter table fuel_transactions owner to {role}",
            REMADE,
        ),
        sql(
            "another table took the name",
            "alter table public.fuel_transactions rename to enrolled; \
             create table public.fuel_transactions (like public.enrolled including all); \
             alter table fuel_transactions owner to {role}",
            REMADE,
        ),
        sql(
            "a view took the name",
            "alter table public.fuel_transactions rename to enrolled; \
             create view public.fuel_transactions as select * from public.enrolled; alter view fuel_transactions owner to {role}",
            GONE,
        ),
        sql(
            "a partitioned table took the name",
            "alter table public.fuel_transactions rename to enrolled; \
             create table public.fuel_transactions (like public.enrolled) partition by range (id); \
             alter table public.fuel_transactions attach partition public.enrolled default; \
             alter table fuel_transactions owner to {role}",
            REMADE,
        ),
        sql(
            "a table of production took the name",
            concat_of(
                "alter table public.fuel_transactions rename to enrolled; \
                 create foreign table public.fuel_transactions (id bigint, vehicle_id bigint) server production; \
                 alter foreign table fuel_transactions owner to {role}",
            ),
            GONE,
        ),
        sql(
            "a table was moved to another schema",
            "create schema archive; alter table public.fuel_transactions set schema archive",
            GONE,
        ),
        sql("a table was renamed", "alter table public.fuel_transactions rename to fuel", GONE),
        sql("all tables are gone", "drop schema public cascade; create schema public", GONE),
        Case {
            // What is put back names its table with its schema: that is no mistake.
            undo: false,
            ..sql(
                "a namesake is searched first",
                "create schema shadow authorization {role}; create table shadow.fuel_transactions (like public.fuel_transactions); \
                 alter table shadow.fuel_transactions owner to {role}; \
                 alter role {role} in database {db} set search_path = shadow, public",
                "0 rows came into fuel_transactions instead of 500",
            )
        },
        sql(
            "a namesake of what the server says of itself is searched first",
            "create schema shadow; grant usage on schema shadow to {role}; \
             create function shadow.pg_control_system(out system_identifier bigint) language sql as 'select 7412345678901234567'; \
             update quarterdeck.marker set system_identifier = '7412345678901234567'; \
             alter role {role} in database {db} set search_path = shadow, pg_catalog, public",
            "enrolled on another server",
        ),
        sql(
            "a namesake of the list of tables is searched first",
            "create schema shadow; grant usage on schema shadow to {role}; \
             create table shadow.enrolled as select oid, relname, relnamespace, relkind from pg_class; \
             create view shadow.pg_class as select * from shadow.enrolled; grant select on all tables in schema shadow to {role}; \
             alter table public.fuel_transactions rename to enrolled; \
             create table public.fuel_transactions (like public.enrolled including all); \
             alter table fuel_transactions owner to {role}; \
             alter role {role} in database {db} set search_path = shadow, pg_catalog, public",
            REMADE,
        ),
        // What would be emptied as well.
        sql(
            "an undeclared table refers to one",
            "create table invoices (id bigint, vehicle bigint references vehicles); insert into invoices values (1, 1)",
            "the tables public.invoices",
        ),
        sql(
            "undeclared tables refer by two steps, from another schema",
            "create schema billing; create table billing.invoices (id bigint primary key, vehicle bigint references vehicles); \
             create table billing.payments (id bigint, invoice bigint references billing.invoices); \
             insert into billing.invoices values (1, 1); insert into billing.payments values (1, 1)",
            "the tables billing.invoices, billing.payments",
        ),
        sql(
            "an undeclared table inherits from one",
            "create schema archive authorization {role}; \
             create table archive.fuel_2020 () inherits (public.fuel_transactions); alter table archive.fuel_2020 owner to {role}; \
             insert into archive.fuel_2020 select * from public.fuel_transactions where id < 20",
            COMPOSED,
        ),
        sql(
            "a table of production inherits from one",
            concat_of(
                "create foreign table public.fuel_2020 () inherits (public.fuel_transactions) server production \
                 options (table_name 'fuel_transactions'); alter foreign table public.fuel_2020 owner to {role}",
            ),
            COMPOSED,
        ),
        sql(
            "it became a partition of another",
            "create schema archive authorization {role}; \
             create table archive.fuel (like public.fuel_transactions) partition by range (id); \
             alter table archive.fuel attach partition public.fuel_transactions default; alter table archive.fuel owner to {role}",
            COMPOSED,
        ),
        sql(
            "it inherits from another",
            "create table public.anything (); alter table public.anything owner to {role}; \
             alter table public.fuel_transactions inherit public.anything",
            COMPOSED,
        ),
        // The schema.
        sql("the schema is newer", "insert into schema_migrations values (8)", "the schema's version is 8"),
        sql("the schema is older", "delete from schema_migrations where version > 6", "the schema's version is 6"),
        sql("no migration is written down", "delete from schema_migrations", "the schema's version is not known"),
        sql("nothing says which migrations were done", "drop table schema_migrations", "the schema's version is not known"),
        // Who may do what, and what is counted.
        sql("the role does not own a table", "alter table fuel_transactions owner to owner; grant all on fuel_transactions to {role}", "42501"),
        sql(
            "rows are hidden from whoever counts",
            "alter table fuel_transactions enable row level security; alter table fuel_transactions force row level security; \
             create policy few on fuel_transactions using (id <= 500) with check (true); \
             insert into fuel_transactions (vehicle_id, filled_at, litres, price_cents, station) \
             select 1, now(), 20, 4000, 'Aral' from generate_series(1, 9)",
            "42501",
        ),
        Case { undo: false, ..sql(
            "a trigger swallows rows",
            "create function swallow() returns trigger language plpgsql as 'begin return null; end'; \
             create trigger swallow before insert on fuel_transactions for each row execute function swallow()",
            "0 rows came into fuel_transactions instead of",
        ) },
        Case { undo: false, ..sql(
            "a trigger adds rows",
            "create function more() returns trigger language plpgsql as 'begin if pg_trigger_depth() = 1 then \
             insert into public.fuel_transactions (id, vehicle_id, filled_at, litres, price_cents, station) \
             values (9999999, 1, now(), 1, 1, ''more''); end if; return null; end'; \
             create trigger more after insert on fuel_transactions for each statement execute function more()",
            "rows came into fuel_transactions instead of",
        ) },
        sql(
            "a rule sends rows elsewhere",
            "create table elsewhere (like fuel_transactions); grant all on elsewhere to {role}; \
             create rule elsewhere as on insert to fuel_transactions do instead insert into elsewhere select new.*",
            "0 rows came into fuel_transactions instead of",
        ),
        Case {
            planned: Some(|planned| *planned.get_mut("tenants").unwrap() = 1_000_000),
            ..sql("the plan was made for another", "", "the table tenants has 5 rows, and the plan told 1000000")
        },
        Case {
            planned: Some(BTreeMap::clear),
            ..sql("there is no plan", "", "rows, and the plan told 0")
        },
        sql(
            "read only",
            "alter role {role} in database {db} set default_transaction_read_only = on",
            "the database refuses (25006)",
        ),
        // What the registry says.
        registry("the tier was edited in the registry only", |wanted| wanted.tier = Tier::Development, "enrolled as staging"),
        registry("the registry says production", |wanted| wanted.tier = Tier::Production, "the registry says that this is production"),
        registry(
            "the connection strings of development and staging are swapped",
            |wanted| (wanted.environment, wanted.tier) = ("fleet-management/development".parse().unwrap(), Tier::Development),
            "enrolled for fleet-management/staging",
        ),
        registry(
            "the registry's name begins like it",
            |wanted| wanted.environment = "fleet-management/stag".parse().unwrap(),
            "enrolled for fleet-management/staging",
        ),
        registry(
            "the registry's name goes on after it",
            |wanted| wanted.environment = "fleet-management/staging2".parse().unwrap(),
            "enrolled for fleet-management/staging",
        ),
        registry(
            "the same name of another system",
            |wanted| wanted.environment = "super-todo/staging".parse().unwrap(),
            "enrolled for fleet-management/staging",
        ),
        registry(
            "the registry names another database",
            |wanted| wanted.database = super::PRODUCTION.to_owned(),
            "the connection leads to the database {db}",
        ),
        registry(
            "a seed with one more table",
            |wanted| wanted.tables.push("sessions".to_owned()),
            "the table sessions was not enrolled",
        ),
    ]);
    cases
}

/// What leads to production, and more.
fn concat_of(text: &str) -> &'static str {
    [WRAPPER, text].concat().leak()
}

async fn tried(number: usize, case: Case) -> Outcome {
    let Case { name: _, sql, wanted, planned, undo, told } = case;
    let right = Right::make(&format!("wrong_{number}")).await;
    if !sql.is_empty() {
        psql(server(), &right.database, &said(sql, &right.database));
    }
    let mut other = right.wanted.clone();
    wanted(&mut other);
    let told = said(told, &right.database);
    let contents = [Kind::Reset, Kind::Undo { of: right.first }];
    for content in contents.into_iter().take(if undo { 2 } else { 1 }) {
        let planned = match planned {
            Some(change) => {
                let mut rows = super::rows(server(), &right.database).await;
                change(&mut rows);
                Some(rows)
            }
            None => None,
        };
        let attempt = Attempt {
            server: server(),
            database: &right.database,
            wanted: &other,
            seed: &right.seed,
            content,
            planned,
            meanwhile: &|_| {},
            but: "",
        };
        attempt.must_fail(&told).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_reset_in_a_database_in_which_something_is_wrong() {
    let cases = cases().into_iter().enumerate();
    all(cases.map(|(number, case)| (case.name, tried(number, case).boxed())).collect(), 60).await;
}
