//! An environment of its own, in which one thing after another is killed.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use domain::demo_data::record::{Cache, Record};
use domain::demo_data::step::Step;
use domain::ledger::{OperationId, Outcome};
use server::store::Store;
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::bench::{LONG, Program, Setup};
use crate::crash::{Cell, Victim, Way};
use crate::postgres::Server;
use crate::proxy::{Caught, Proxy};
use crate::redis::Redis;
use crate::scene::{PREFIX, Places, TABLES, add, connect, contents, create, end, enrol, press, rows, seeded, text};
use crate::wire::Wire;

const DATABASE: &str = "fleetdb_staging";
/// The keys of somebody else, and how many.
const OTHERS: (&str, usize) = ("fleet:production:", 20);
/// More than one page of names.
const KEYS: usize = 1500;
/// What somebody does in every table, so that a mixture of old and new shows; `$` is a number that was not there before.
const DRIFT: [&str; 8] = [
    "update tenants set city = 'City $', updated_at = now() where id = 1",
    "update users set name = 'Somebody $', updated_at = now() where id = 3",
    "update drivers set name = 'Driver $', updated_at = now() where id = 5",
    "insert into vehicles (tenant_id, plate, make, model, year, odometer_km, status) \
     values (1, 'QA $', 'Ford', 'Transit', 2025, $, 'active')",
    "update maintenance_records set cost_cents = 990000 + $, updated_at = now() where id = 7",
    "update work_orders set title = 'Order $', updated_at = now() where id = 9",
    "delete from fuel_transactions where id = (select max(id) from fuel_transactions)",
    "update fuel_transactions set station = 'Station $', updated_at = now() where id = 11",
];
/// What a row of the seed has by the day or by chance.
const MOVING: &str = "{password_hash,created_at,updated_at,licence_until,performed_on,due_on,filled_at}";

/// An environment with what it needs. The program reaches nothing but by proxies.
pub struct Lane {
    pub setup: Setup,
    /// The console's own database.
    store: Store,
    pub program: Program,
    pub cookie: String,
    server: Server,
    redis: Redis,
    pub to_postgres: Proxy,
    to_redis: Proxy,
    to_health: Proxy,
    _health: AbortOnDropHandle<()>,
    /// What the seed makes.
    clean: BTreeMap<String, String>,
    /// How often somebody has worked in it.
    drifts: u32,
}

impl Lane {
    /// One in which everything is as the seed makes it.
    pub async fn start() -> Self {
        let (server, redis) = (Server::start(true), Redis::start());
        create(&server, DATABASE).await;
        redis.fill(OTHERS.0, OTHERS.1).await;
        let (health, health_port) = healthy().await;
        let to_postgres = Proxy::start(server.port(), Wire::Postgres).await;
        let to_redis = Proxy::start(redis.port, Wire::Redis).await;
        let to_health = Proxy::start(health_port, Wire::Http).await;
        let mut setup = Setup::new().flags(&["--checks-allow-loopback"]);
        setup.log = "info";
        let mut places = Places::new(&server, DATABASE, Some(to_redis.port));
        places.postgres = to_postgres.port;
        places.environment = format!(
            "checks: {{ everySeconds: 3600, telemetry: {{ http: {{ url: 'http://127.0.0.1:{}/' }} }} }},",
            to_health.port
        );
        places.write(&setup);
        enrol(&setup);
        add(&setup, "tess", "tester@fleet-management");
        let program = setup.start().await;
        let cookie = program.sign_in("tess").await;
        let store = Store::inspect(&setup.database.parse().unwrap()).await.unwrap();
        let mut lane = Self {
            setup,
            store,
            program,
            cookie,
            server,
            redis,
            to_postgres,
            to_redis,
            to_health,
            _health: health,
            clean: BTreeMap::new(),
            drifts: 0,
        };
        let done = end(&lane.program, &lane.cookie, &press(&lane.program, &lane.cookie, "first fill").await).await;
        assert!(done.contains("1144 rows of seed version 1"), "{done}");
        let mut link = lane.link().await;
        lane.clean = settled(&mut link).await;
        lane
    }

    /// A reset that nobody disturbs: whatever was killed before left no lock, and nothing that is in the way.
    pub async fn reset_in_peace(&mut self) {
        let (mut link, _) = self.drift().await;
        let done = end(&self.program, &self.cookie, &press(&self.program, &self.cookie, "in peace").await).await;
        assert!(done.contains("1144 rows of seed version 1"), "{done}");
        assert_eq!(settled(&mut link).await, self.clean);
    }

    /// Kills somebody in the middle of a reset, and sees what is left of it.
    pub async fn visit(&mut self, cell: &Cell) {
        if cell.step == Step::Check {
            // Whoever has looked at the health a moment ago does not look again.
            self.program.signal("-KILL");
            self.program.ended().await;
            self.program = self.setup.start().await;
        }
        let (link, before) = self.drift().await;
        for (table, found) in &before.settled {
            assert_ne!(self.clean.get(table), Some(found), "{cell}: nobody worked in {table}");
        }

        let proxy = match cell.mark.way {
            Way::Postgres => &self.to_postgres,
            Way::Redis => &self.to_redis,
            Way::Health => &self.to_health,
        };
        let mut trap = proxy.arm(cell.mark.telltale, cell.side);
        let what = cell.to_string();
        let caught = async {
            loop {
                let caught = trap.caught(&what).await;
                if self.is_at(cell.step).await {
                    return caught;
                }
                // Somebody else's: the plan's, or a check's that is due.
                caught.go();
            }
        };
        let pressed = async {
            let pressed = press(&self.program, &self.cookie, "QA agreed").await;
            assert_eq!(pressed.status, 303, "{cell}: {}", text(&pressed.body));
            pressed
        };
        let (caught, pressed) = tokio::join!(caught, pressed);
        drop((trap, link));

        let id = pressed.header("location").split("id=").nth(1).unwrap().parse().unwrap();
        self.kill(cell, caught, id).await;
        self.until("the end", id, Record::is_over).await;
        let told = end(&self.program, &self.cookie, &pressed).await;
        self.hold(&what, cell.is_new(), &before, id, &told).await;
    }

    /// Kills, lets what was stopped go where nobody is dead whom it was between, and starts again.
    async fn kill(&mut self, cell: &Cell, caught: Caught, id: OperationId) {
        match cell.victim {
            Victim::Program => {
                self.program.signal("-KILL");
                self.program.ended().await;
                drop(caught);
                self.program = self.setup.start().await;
            }
            Victim::Postgres => {
                self.server.kill();
                match cell.mark.way {
                    Way::Postgres => drop(caught),
                    Way::Redis | Way::Health => caught.go(),
                }
                self.noticed(id).await;
                self.server.run();
            }
            Victim::Redis => {
                self.redis.kill();
                match cell.mark.way {
                    Way::Redis => drop(caught),
                    Way::Postgres | Way::Health => caught.go(),
                }
                self.noticed(id).await;
                self.redis.again();
            }
        }
    }

    /// Waits until the program knows that somebody is gone, or needs nobody any more.
    async fn noticed(&self, id: OperationId) {
        self.until("somebody is gone", id, |record| record.is_over() || !record.waiting.is_empty()).await;
    }

    /// Waits until a record is as wanted: to read it costs next to nothing, and a page much.
    pub async fn until(&self, what: &str, id: OperationId, is_wanted: impl Fn(&Record) -> bool) {
        let begin = Instant::now();
        loop {
            let record = self.record(id).await;
            if is_wanted(&record) {
                return;
            }
            assert!(begin.elapsed() < LONG, "never: {what}: {record:?}: {}", self.program.said());
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// What has to be so in the end, whoever was killed.
    pub async fn hold(&self, what: &str, is_new: bool, before: &Before, id: OperationId, told: &str) {
        let mut link = self.link().await;
        let record = self.record(id).await;
        let others = self.redis.count(OTHERS.0).await;
        assert_eq!(others, OTHERS.1, "{what}: keys of others");
        let row = sqlx::query(
            "select (select kind from quarterdeck.resets where id = $1) as kind, \
             (select cleared_at is not null from quarterdeck.outbox where id = $1) as cleared, \
             (select count(*) from pg_tables where schemaname = 'quarterdeck_snapshot' \
              and starts_with(tablename, 'r' || $1 || '_')) as kept",
        )
        .bind(id.to_string());
        let row = row.fetch_one(&mut link).await.unwrap();
        let kind: Option<String> = row.get("kind");
        let (cleared, kept): (Option<bool>, i64) = (row.get("cleared"), row.get("kept"));
        if is_new {
            assert_eq!(settled(&mut link).await, self.clean, "{what}: {told}");
            assert_eq!(rows(&mut link).await, seeded(), "{what}: {told}");
            assert!(told.contains("1144 rows of seed version 1 in 7 tables"), "{what}: {told}");
            assert!(!told.contains("Nothing was changed"), "{what}: {told}");
            assert_eq!(self.redis.count(PREFIX).await, 0, "{what}: old keys: {told}");
            assert_eq!((kind.as_deref(), cleared, kept), (Some("reset"), Some(true), 7), "{what}: {told}");
            assert!(matches!(record.cache, Cache::Cleared(_)), "{what}: {:?}", record.cache);
        } else {
            assert_eq!(contents(&mut link).await, before.exact, "{what}: {told}");
            assert!(told.contains("Nothing was changed"), "{what}: {told}");
            assert!(!told.contains("rows of seed version"), "{what}: {told}");
            assert!(matches!(kind.as_deref(), None | Some("void")), "{what}: {kind:?} {told}");
            assert_eq!((cleared, kept), (None, 0), "{what}: {told}");
            assert_eq!(self.redis.count(PREFIX).await, KEYS, "{what}: the cache of data that are as they were");
        }
        assert!(record.is_over(), "{what}: {record:?}");
        assert_eq!(record.is_committed(), is_new, "{what}: {record:?}");
        let entries = self.store.read().await.unwrap().entries_of(id).await.unwrap();
        let outcomes: Vec<Outcome> = entries.into_iter().map(|entry| entry.entry.unwrap().outcome).collect();
        let ends = match outcomes[..] {
            [Outcome::Begun, end] => Some(end == Outcome::Done),
            _ => None,
        };
        assert_eq!(ends, Some(is_new), "{what}: {outcomes:?}");
        link.close().await.unwrap();
    }

    /// Somebody works in it, and the application fills the cache. The connection stays open, so that who is connected does not change between a plan and its press.
    pub async fn drift(&mut self) -> (PgConnection, Before) {
        self.drifts += 1;
        let mut link = self.link().await;
        for statement in DRIFT {
            let statement = statement.replace('$', &self.drifts.to_string());
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut link).await.unwrap();
        }
        self.redis.fill(PREFIX, KEYS).await;
        let before = Before { exact: contents(&mut link).await, settled: settled(&mut link).await };
        (link, before)
    }

    async fn link(&self) -> PgConnection {
        connect(&self.server, DATABASE).await
    }

    pub async fn record(&self, id: OperationId) -> Record {
        self.store.read().await.unwrap().reset(id).await.unwrap().unwrap().record
    }

    /// Whether a reset is recorded, and at a step that is written down before it is gone; others are written down along with it.
    async fn is_at(&self, step: Step) -> bool {
        let open = self.store.read().await.unwrap().open_resets().await.unwrap();
        open.first().is_some_and(|held| step != Step::Check || held.record.step() == Some(step))
    }
}

/// What was there before a reset.
pub struct Before {
    exact: BTreeMap<String, String>,
    settled: BTreeMap<String, String>,
}

/// What is in all tables, but for what the day or chance decides.
async fn settled(link: &mut PgConnection) -> BTreeMap<String, String> {
    let mut settled = BTreeMap::new();
    for (table, _) in TABLES {
        let text = format!(
            "select coalesce(md5(string_agg((to_jsonb(row) - '{MOVING}'::text[])::text, '|' order by id)), 'empty') as sum \
             from {table} as row"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_one(&mut *link).await.unwrap();
        settled.insert(table.to_owned(), row.get("sum"));
    }
    settled
}

/// Something that always says that all is well.
async fn healthy() -> (AbortOnDropHandle<()>, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new().fallback(|| async { "well" });
    let served = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (AbortOnDropHandle::new(served), port)
}
