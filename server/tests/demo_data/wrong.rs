//! Wrong targets: whatever is wrong with a database, or with what leads to it, nothing of it is reset, and the reason is told.

mod cases;
mod files;
mod pages;
mod servers;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::demo_data::guard::Permit;
use domain::demo_data::identity::Wanted;
use domain::demo_data::record::Kind;
use domain::demo_data::step::Step;
use domain::ledger::OperationId;
use domain::registry::Tier;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use server::demo_data::{Order, PasswordOrder, Seed, enrol, reset};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use tokio::sync::OnceCell;

use crate::postgres::{PASSWORD, Server};
use crate::scene::{SCHEMA, TABLES, permit};

/// The role that owns the tables of all databases here: what keeps it from the wrong one is nothing but the reset.
pub const ROLE: &str = "wrong_owner";
/// The database that others are copied from.
const BASE: &str = "wrong_base";
/// Production's, with the same tables: nobody enrolled it.
pub const PRODUCTION: &str = "wrong_production";
/// How many cases are tried at a time.
const AT_ONCE: usize = 4;

/// What came of a case: nothing, or what is wrong.
pub type Outcome = Result<(), String>;

/// The server of all cases that need no other.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(true))
}

/// What the server is known by, once a database was enrolled there.
static IDENTIFIER: OnceLock<String> = OnceLock::new();

/// The seed of the examples.
pub fn seed() -> Seed {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/seeds/fleet");
    Seed::read(&folder, "staging").unwrap()
}

/// What the registry says of a database of staging.
pub fn wanted(database: &str) -> Wanted {
    Wanted {
        environment: "fleet-management/staging".parse().unwrap(),
        tier: Tier::Staging,
        database: database.to_owned(),
        tables: TABLES.iter().map(|(table, _)| (*table).to_owned()).collect(),
    }
}

/// An id that no other reset has.
pub fn new_id() -> OperationId {
    static LAST: AtomicU32 = AtomicU32::new(1);
    OperationId(u128::from(LAST.fetch_add(1, Ordering::Relaxed)))
}

/// A connection as the role that owns the tables.
pub async fn connect(server: &Server, database: &str) -> PgConnection {
    PgConnection::connect(&server.url_of(ROLE, database)).await.unwrap()
}

/// Has the superuser do something in a database.
pub fn psql(server: &Server, database: &str, text: &str) {
    let done =
        server.client("psql").args(["-v", "ON_ERROR_STOP=1", "-q", "-d", database, "-c", text]).output().unwrap();
    assert!(done.status.success(), "{text}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Has the superuser run a file of statements in a database.
pub fn restore(server: &Server, database: &str, dump: &[u8]) {
    use std::io::Write as _;
    let mut child = server
        .client("psql")
        .args(["-v", "ON_ERROR_STOP=1", "-q", "-d", database])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(dump).unwrap();
    assert!(child.wait().unwrap().success());
}

/// The role, the database that others are copied from, and production's: once for a server.
async fn base() {
    static MADE: OnceCell<()> = OnceCell::const_new();
    MADE.get_or_init(|| async {
        let server = server();
        server.admin(&format!("create role {ROLE} login password '{PASSWORD}'")).await;
        server.admin(&format!("create database {BASE} owner {ROLE}")).await;
        let mut link = connect(server, BASE).await;
        sqlx::raw_sql(SCHEMA).execute(&mut link).await.unwrap();
        link.close().await.unwrap();
        copy(BASE, PRODUCTION).await;
        fill(PRODUCTION, 2000);
        // What is there before the first reset.
        fill(BASE, 5);
    })
    .await;
}

/// Copies a database within the server, as `create database … template` does.
pub async fn copy(from: &str, to: &str) {
    server().admin(&format!("create database {to} template {from} owner {ROLE}")).await;
}

/// Puts rows of customers into a database.
fn fill(database: &str, rows: u32) {
    let text = format!(
        "insert into tenants (name, city, plan) select 'Customer ' || n, 'Berlin', 'basic' from generate_series(1, {rows}) n; \
         insert into users (tenant_id, email, name, role) \
         select n, n || '@customer.example', 'Customer', 'admin' from generate_series(1, {rows}) n; \
         insert into vehicles (tenant_id, plate, make, model, year, odometer_km, status) \
         select n, 'B ' || n, 'Ford', 'Transit', 2020, n, 'active' from generate_series(1, {rows}) n; \
         insert into fuel_transactions (vehicle_id, filled_at, litres, price_cents, station) \
         select n, now(), 20, 4000, 'Aral' from generate_series(1, {rows}) n;"
    );
    psql(server(), database, &text);
}

/// A database that is the right one: enrolled, reset, and used since.
pub struct Right {
    pub database: String,
    pub wanted: Wanted,
    pub seed: Seed,
    /// The reset that was done, of which the snapshot is kept.
    pub first: OperationId,
}

impl Right {
    /// Makes it. That it is reset here is what shows that a case is refused for what is wrong with it and for nothing else.
    pub async fn make(database: &str) -> Self {
        base().await;
        copy(BASE, database).await;
        let (seed, wanted, first) = (seed(), wanted(database), new_id());
        let mut link = connect(server(), database).await;
        let marker = enrol(&mut link, &wanted, &seed).await.unwrap();
        IDENTIFIER.get_or_init(|| marker.system_identifier);
        let done =
            reset(&mut link, &order(first, &permit(Kind::Reset, &wanted), &wanted, &seed, &BTreeMap::new()), |_| {})
                .await;
        assert_eq!(done.unwrap().after["fuel_transactions"], 500);
        for statement in [
            "insert into tenants (name, city, plan) values ('Somebody', 'Berlin', 'basic')",
            "delete from fuel_transactions where id <= 3",
        ] {
            sqlx::query(statement).execute(&mut link).await.unwrap();
        }
        link.close().await.unwrap();
        Self { database: database.to_owned(), wanted, seed, first }
    }
}

/// An order for a database.
pub fn order<'a>(
    id: OperationId,
    permit: &'a Permit,
    wanted: &'a Wanted,
    seed: &'a Seed,
    planned: &'a BTreeMap<String, u64>,
) -> Order<'a> {
    let passwords = PasswordOrder::None;
    let (server, day, zone) = (IDENTIFIER.get().unwrap(), "2026-11-22", "Europe/Berlin");
    Order { id, permit, wanted, server, seed, day, zone, by: "tess", planned, passwords, prefix: None }
}

/// Everything that is in the tables and sequences of a database, by `oid`: name and sum.
pub async fn everything(server: &Server, database: &str) -> BTreeMap<i64, (String, String)> {
    let mut link = PgConnection::connect(&server.url(database)).await.unwrap();
    let tables = sqlx::query(
        "select pg_class.oid::bigint as oid, format('%I.%I', nspname, relname) as name, relkind::text as kind from pg_class \
         join pg_namespace on pg_namespace.oid = relnamespace \
         where relkind in ('r', 'p', 'S') and nspname <> 'information_schema' and not starts_with(nspname::text, 'pg_')",
    )
    .fetch_all(&mut link)
    .await
    .unwrap();
    let mut found = BTreeMap::new();
    for table in &tables {
        let (name, kind): (String, String) = (table.get("name"), table.get("kind"));
        let text = match kind.as_str() {
            "S" => format!("select last_value || ' ' || is_called as sum from {name}"),
            _ => format!(
                "select coalesce(md5(string_agg(row::text, '|' order by row::text)), 'empty') as sum from only {name} as row"
            ),
        };
        let sum = sqlx::query(AssertSqlSafe(text)).fetch_one(&mut link).await.unwrap().get("sum");
        found.insert(table.get("oid"), (name, sum));
    }
    link.close().await.unwrap();
    found
}

/// The rows that are in the tables of the seed, as whoever forges a plan would write them.
async fn rows(server: &Server, database: &str) -> BTreeMap<String, u64> {
    let mut link = PgConnection::connect(&server.url(database)).await.unwrap();
    let mut rows = BTreeMap::new();
    for (table, _) in TABLES {
        let text = format!("select count(*) as rows from public.{table}");
        // One that is not there, or not readable, has none.
        if let Ok(row) = sqlx::query(AssertSqlSafe(text)).fetch_one(&mut link).await {
            rows.insert(table.to_owned(), u64::try_from(row.get::<i64, _>("rows")).unwrap());
        }
    }
    link.close().await.unwrap();
    rows
}

/// A reset that is tried.
pub struct Attempt<'a> {
    pub server: &'a Server,
    /// Where the connection leads.
    pub database: &'a str,
    pub wanted: &'a Wanted,
    pub seed: &'a Seed,
    pub content: Kind,
    /// The rows of the plan; none: those that are there.
    pub planned: Option<BTreeMap<String, u64>>,
    /// What happens meanwhile, at a step.
    pub meanwhile: &'a (dyn Fn(Step) + Sync),
    /// A table that is changed by what happens meanwhile.
    pub but: &'a str,
}

impl Attempt<'_> {
    /// Tries it. It is right that nothing is done, that the reason is told, and that all is as it was.
    pub async fn must_fail(self, told: &str) -> Outcome {
        let Self { server, database, wanted, seed, content, planned, meanwhile, but } = self;
        let before = everything(server, database).await;
        let planned = match planned {
            Some(planned) => planned,
            None => rows(server, database).await,
        };
        let mut link = connect(server, database).await;
        let done =
            reset(&mut link, &order(new_id(), &permit(content, wanted), wanted, seed, &planned), meanwhile).await;
        link.close().await.unwrap();
        let after = everything(server, database).await;
        let others = |(_, (name, _)): &(&i64, &(String, String))| name != but;
        let changed =
            before.iter().filter(others).any(|(oid, (_, sum))| after.get(oid).map(|(_, sum)| sum) != Some(sum));
        let added = after.iter().filter(others).any(|(oid, _)| !before.contains_key(oid));
        if changed || added {
            return Err(format!("{content:?}: {database} is another than before: {done:?}"));
        }
        match done {
            Ok(done) => Err(format!("{content:?}: it was done: {done:?}")),
            Err(trouble) if trouble.to_string().contains(told) => Ok(()),
            Err(trouble) => Err(format!("{content:?}: another reason is told: {trouble}")),
        }
    }
}

/// A statement with the names of a case.
fn said(text: &str, database: &str) -> String {
    text.replace("{db}", database)
        .replace("{role}", ROLE)
        .replace("{production}", PRODUCTION)
        .replace("{port}", &server().port().to_string())
        .replace("{password}", PASSWORD)
}

/// Runs cases, some at a time, and tells of all that are not as they should be.
async fn all(cases: Vec<(&'static str, BoxFuture<'_, Outcome>)>, least: usize) {
    let number = cases.len();
    assert!(number >= least, "there are {number} cases");
    base().await;
    let production = everything(server(), PRODUCTION).await;
    let run = cases.into_iter().map(|(name, case)| async move { (name, case.await) });
    let outcomes: Vec<_> = futures::stream::iter(run).buffer_unordered(AT_ONCE).collect().await;
    let wrong: Vec<String> =
        outcomes.into_iter().filter_map(|(name, outcome)| Some(format!("{name}: {}", outcome.err()?))).collect();
    assert!(wrong.is_empty(), "{} of {number}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(everything(server(), PRODUCTION).await == production, "production is another than before");
    println!("{number} wrong targets, no reset");
}
