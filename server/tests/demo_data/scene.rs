//! What a test needs: a database of Fleet Management, its seed, a registry that declares both, and forms as a page sends them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use domain::access::Role;
use domain::demo_data::guard::{Asker, Facts, Permit, SeedFacts, judge};
use domain::demo_data::identity::Wanted;
use domain::demo_data::record::Kind;
use domain::demo_data::sight::{Past, Sight};
use domain::ledger::OperationId;
use domain::registry::Tier;
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::time::{Instant, sleep};

use crate::bench::{Answer, LONG, Program, Setup};
use crate::postgres::{PASSWORD, Server};
use crate::redis;

/// The environment that has demo data.
pub const STAGING: &str = "fleet-management/staging";
/// What the keys of its cache begin with.
pub const PREFIX: &str = "fleet:staging:";
/// What the application's tables are.
pub const SCHEMA: &str = include_str!("../../../xtask/demo/fleet.sql");
/// The tables of the seed, in its order, with the rows of staging.
pub const TABLES: [(&str, u64); 7] = [
    ("tenants", 4),
    ("users", 10),
    ("drivers", 80),
    ("vehicles", 100),
    ("maintenance_records", 300),
    ("work_orders", 150),
    ("fuel_transactions", 500),
];

/// Where the parts of an environment are, as its registry says.
pub struct Places {
    /// The port of PostgreSQL.
    pub postgres: u16,
    /// The name of the database.
    pub database: String,
    /// The role that owns the tables.
    pub role: String,
    /// The port of Redis; none: no cache is declared.
    pub redis: Option<u16>,
    /// More of the section `demoData`: `schedule: { at: "03:30" }`.
    pub more: String,
    /// More of the environment: `checks: …`.
    pub environment: String,
}

impl Places {
    /// The usual ones.
    pub fn new(server: &Server, database: &str, redis: Option<u16>) -> Self {
        Self {
            postgres: server.port(),
            database: database.to_owned(),
            role: role_of(database),
            redis,
            more: "passwords: { table: users, login: email, hash: password_hash, scheme: argon2id }".to_owned(),
            environment: String::new(),
        }
    }

    /// A registry with the one environment, and the seeds beside it.
    pub fn write(&self, setup: &Setup) {
        fs::write(setup.path("registry.yaml"), self.registry(setup)).unwrap();
        fs::write(setup.path("database-password"), PASSWORD).unwrap();
        fs::write(setup.path("redis-password"), redis::PASSWORD).unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/seeds"), &setup.path("seeds"));
    }

    /// The text of it.
    pub fn registry(&self, setup: &Setup) -> String {
        let redis = self.redis.map_or_else(String::new, |port| {
            format!(
                "redis: {{ host: 127.0.0.1, port: {port}, tls: disable, prefix: \"{PREFIX}\", passwordFile: \"{}\" }},",
                setup.path("redis-password").display()
            )
        });
        format!(
            "clusters: [{{ id: main, connect: {{ context: main }} }}]\n\
             systems: [{{ id: fleet-management, name: Fleet Management, environments: [\n\
             {{ id: staging, cluster: main, namespace: fleet-staging, tier: staging, timeZone: Europe/Berlin, {environment}\n\
             demoData: {{ seed: fleet, profile: staging, {redis} {more},\n\
             database: {{ host: 127.0.0.1, port: {port}, database: {database}, user: {role}, tls: disable, \
             passwordFile: \"{password}\" }} }},\n\
             components: [{{ kind: Deployment, name: web, role: app, replicas: 1 }}] }},\n\
             {{ id: production, cluster: main, namespace: fleet-production, tier: production, timeZone: Europe/Berlin,\n\
             components: [{{ kind: Deployment, name: web, role: app, replicas: 1 }}] }} ] }}]\n",
            environment = self.environment,
            more = self.more,
            port = self.postgres,
            database = self.database,
            role = self.role,
            password = setup.path("database-password").display(),
        )
    }
}

/// The role that owns a database's tables.
pub fn role_of(database: &str) -> String {
    format!("{database}_owner")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Makes a database with the application's tables, owned by a role of its own, which may do nothing else.
pub async fn create(server: &Server, database: &str) {
    let role = role_of(database);
    server.admin(&format!("create role {role} login password '{PASSWORD}'")).await;
    server.admin(&format!("create database {database} owner {role}")).await;
    let mut link = connect(server, database).await;
    sqlx::raw_sql(SCHEMA).execute(&mut link).await.unwrap();
    link.close().await.unwrap();
}

/// A connection as the role that owns the tables.
pub async fn connect(server: &Server, database: &str) -> PgConnection {
    let begin = Instant::now();
    loop {
        match PgConnection::connect(&server.url_of(&role_of(database), database)).await {
            Ok(link) => return link,
            // Of one that was killed a moment ago.
            Err(error) => assert!(begin.elapsed() < LONG, "{error}"),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// The rows of each table.
pub async fn rows(link: &mut PgConnection) -> BTreeMap<String, u64> {
    let mut rows = BTreeMap::new();
    for (table, _) in TABLES {
        let text = format!("select count(*) as rows from {table}");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_one(&mut *link).await.unwrap();
        rows.insert(table.to_owned(), u64::try_from(row.get::<i64, _>("rows")).unwrap());
    }
    rows
}

/// What is in all tables, as one text each: the same rows make the same.
pub async fn contents(link: &mut PgConnection) -> BTreeMap<String, String> {
    let mut contents = BTreeMap::new();
    for (table, _) in TABLES {
        let text =
            format!("select coalesce(md5(string_agg(row::text, '|' order by id)), 'empty') as sum from {table} as row");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_one(&mut *link).await.unwrap();
        contents.insert(table.to_owned(), row.get("sum"));
    }
    contents
}

/// The rows that the seed makes.
pub fn seeded() -> BTreeMap<String, u64> {
    TABLES.iter().map(|(table, rows)| ((*table).to_owned(), *rows)).collect()
}

/// Enrols the environment's database by the command.
pub fn enrol(setup: &Setup) {
    let config = setup.path("registry.yaml");
    let words = ["demo-data", "enrol", STAGING, "--checks-allow-loopback", "--config", config.to_str().unwrap()];
    let done = setup.command(&words, "");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Adds somebody with a role.
pub fn add(setup: &Setup, name: &str, role: &str) {
    let words = ["user", "add", name, "--role", role, "--password-stdin"];
    let added = setup.command(&words, &format!("{}\n", crate::bench::PASSWORD));
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
}

/// What a form of a page carries, as it is sent.
pub fn hidden(page: &str, form: &str) -> Vec<(String, String)> {
    let form = page.split(&format!("action=\"{form}\"")).nth(1).unwrap_or_else(|| panic!("no form {form} in {page}"));
    let form = form.split("</form>").next().unwrap();
    form.split("<input type=\"hidden\"")
        .skip(1)
        .map(|input| {
            let of = |name: &str| {
                input
                    .split_once(&format!("{name}=\""))
                    .map_or("", |(_, rest)| rest.split('"').next().unwrap())
                    .to_owned()
            };
            (of("name"), of("value"))
        })
        .filter(|(name, _)| name != "build")
        .collect()
}

/// A form with more fields, as a body.
pub fn body(fields: &[(String, String)], more: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let all = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(more.iter().copied());
    all.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

/// Opens the plan of a reset and presses, as a page does. Where it leads.
pub async fn press(program: &Program, cookie: &str, reason: &str) -> Answer {
    let path = format!("/demo-data/plan?environment={STAGING}");
    let plan = program.get(&path, cookie).await;
    assert_eq!(plan.status, 200, "{}", plan.body);
    let fields = hidden(&plan.body, "/demo-data/reset");
    program.post("/demo-data/reset", cookie, &body(&fields, &[("reason", reason), ("typed", STAGING)])).await
}

/// Waits for the end of a reset that a press led to. The text of its page, without markup.
pub async fn end(program: &Program, cookie: &str, pressed: &Answer) -> String {
    assert_eq!(pressed.status, 303, "{}", text(&pressed.body));
    let path = pressed.header("location").to_owned();
    let page = program
        .until("the end of the reset", &path, cookie, |page| {
            page.status == 200 && !page.body.contains("http-equiv=\"refresh\"")
        })
        .await;
    text(&page.body)
}

/// The text of a page, without markup and without what is carried for the browser.
pub fn text(html: &str) -> String {
    let main = html.split_once("<main").map_or(html, |(_, main)| main);
    let main = main.split_once("</main>").map_or(main, |(main, _)| main);
    let text: String = main.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A permit to reset an environment, as the guard gives one where nothing speaks against it. There is none for production: there it is
/// tried with one of staging.
pub fn permit(kind: Kind, wanted: &Wanted) -> Permit {
    let id = OperationId(0);
    let kept = match kind {
        Kind::Reset => id,
        Kind::Undo { of } => of,
    };
    let facts = |tier| Facts {
        now: 0,
        kind,
        environment: wanted.environment.clone(),
        tier,
        asker: Asker::Person { id: "1".to_owned(), role: Some(Role::Tester) },
        registry_trouble: None,
        seed: Ok(SeedFacts { version: 1, schema: "7".to_owned() }),
        sight: Ok(Sight {
            at: 0,
            system_identifier: String::new(),
            database: String::new(),
            mismatches: Vec::new(),
            schema: Some("7".to_owned()),
            cascade: BTreeSet::new(),
            counts: Vec::new(),
            bytes: 0,
            connections: Vec::new(),
            sessions: None,
            last: None,
            snapshots: vec![Past { id: kept, version: 1, before: BTreeMap::new() }],
            is_cache_waiting: false,
        }),
        cache: None,
        free_percent: None,
        makes_passwords: false,
        reservation: None,
        under_way: None,
        reason: "".into(),
        typed: wanted.environment.to_string().into(),
    };
    let given = judge(&facts(wanted.tier)).permit();
    given.or_else(|_| judge(&facts(Tier::Staging)).permit()).unwrap()
}
