//! Several people, several replicas, one database: one reset at a time, and everybody is told what concerns them.

use std::fs;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::time::sleep;

use crate::bench::{Answer, Ask, Program, Setup};
use crate::postgres::Server;
use crate::scene::{
    Places, STAGING, add, body, connect, contents, create, end, enrol, hidden, press, rows, seeded, text,
};

/// How many times two people press at once.
const ROUNDS: u32 = 20;
/// Their presses are up to so far apart, in milliseconds.
const APART_MS: u32 = 50;
const PLAN: &str = "/demo-data/plan?environment=fleet-management/staging";

/// A PostgreSQL with the environment's database and the console's own.
struct Scene {
    server: Server,
    setup: Setup,
    places: Places,
}

impl Scene {
    async fn new(more: &str) -> Self {
        let server = Server::start(true);
        server.create_database("deck").await;
        create(&server, "fleetdb_staging").await;
        let mut setup = Setup::new().flags(&["--checks-allow-loopback"]);
        setup.database = server.url("deck");
        setup.log = "info";
        let mut places = Places::new(&server, "fleetdb_staging", None);
        if !more.is_empty() {
            places.more = more.to_owned();
        }
        places.write(&setup);
        enrol(&setup);
        for (name, role) in [("tess", "tester@fleet-management"), ("ana", "tester@fleet-management")] {
            add(&setup, name, role);
        }
        Self { server, setup, places }
    }

    async fn link(&self) -> PgConnection {
        connect(&self.server, "fleetdb_staging").await
    }

    /// A number from the console's own database.
    async fn number(&self, query: &'static str) -> i64 {
        let mut link = PgConnection::connect(&self.server.url("deck")).await.unwrap();
        let number = sqlx::query(query).fetch_one(&mut link).await.unwrap().get(0);
        link.close().await.unwrap();
        number
    }

    /// Resets that the console has, and entries of the ledger: begun, done, refused, failed.
    async fn recorded(&self) -> [i64; 5] {
        [
            self.number("select count(*) from demo_resets").await,
            self.number("select count(*) from ledger where kind = 'reset-demo-data' and outcome = 'begun'").await,
            self.number("select count(*) from ledger where kind = 'reset-demo-data' and outcome = 'done'").await,
            self.number("select count(*) from ledger where kind = 'reset-demo-data' and outcome = 'refused'").await,
            self.number("select count(*) from ledger where kind = 'reset-demo-data' and outcome = 'failed'").await,
        ]
    }
}

/// Resets that were committed in the environment's database.
async fn committed(link: &mut PgConnection) -> i64 {
    sqlx::query("select count(*) from quarterdeck.resets").fetch_one(link).await.unwrap().get(0)
}

/// What a press sends, made before it so that presses can be at once.
async fn form(program: &Program, cookie: &str, why: &str) -> String {
    let plan = program.get(PLAN, cookie).await;
    assert_eq!(plan.status, 200, "{}", plan.body);
    let build = plan.body.split_once("name=\"build\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let mut fields = hidden(&plan.body, "/demo-data/reset");
    fields.push(("build".to_owned(), build));
    body(&fields, &[("reason", why), ("typed", STAGING)])
}

async fn send(program: &Program, cookie: &str, body: &str) -> Answer {
    program.ask(&Ask { method: "POST", cookie, body, ..Ask::get("/demo-data/reset") }).await
}

/// The id of a reset in an address.
fn id_in(address: &str) -> &str {
    address.split("id=").nth(1).unwrap().split('&').next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_at_two_replicas_one_resets_and_the_other_is_told() {
    let scene = Scene::new("activeSessions: select count(*) from sessions").await;
    let (first, second) = (scene.setup.start().await, scene.setup.start().await);
    let (tess, ana) = (first.sign_in("tess").await, second.sign_in("ana").await);
    let (mut link, mut holder) = (scene.link().await, scene.link().await);
    let mut won = [0, 0];
    for round in 0..ROUNDS {
        let why = format!("round {round}");
        let (one, other) = (form(&first, &tess, &why).await, form(&second, &ana, &why).await);
        // Nobody comes to an end before both have pressed.
        let mut held = holder.begin().await.unwrap();
        sqlx::query("lock table users in row exclusive mode").execute(&mut *held).await.unwrap();
        let later = async {
            sleep(Duration::from_millis(u64::from(round * APART_MS / (ROUNDS - 1)))).await;
        };
        let answers = if round % 2 == 0 {
            tokio::join!(send(&first, &tess, &one), async {
                later.await;
                send(&second, &ana, &other).await
            })
        } else {
            tokio::join!(
                async {
                    later.await;
                    send(&first, &tess, &one).await
                },
                send(&second, &ana, &other)
            )
        };
        held.rollback().await.unwrap();
        let answers = [answers.0, answers.1];
        let addresses = answers.each_ref().map(|answer| {
            assert_eq!(answer.status, 303, "{round}: {}", text(&answer.body));
            answer.header("location").to_owned()
        });
        assert_eq!(id_in(&addresses[0]), id_in(&addresses[1]), "{round}");
        let quicker = addresses.each_ref().map(|address| address.ends_with("&quicker"));
        assert_ne!(quicker[0], quicker[1], "{round}: {addresses:?}");
        let winner = usize::from(quicker[0]);
        won[winner] += 1;
        let told = [(&first, &tess, "ana"), (&second, &ana, "tess")];
        for (index, (program, cookie, other)) in told.into_iter().enumerate() {
            let page = end(program, cookie, &answers[index]).await;
            assert!(page.contains("1144 rows of seed version 1 in 7 tables."), "{round}: {page}");
            let quicker = format!("{other} was quicker: this is theirs. Nothing of yours was done.");
            assert_eq!(page.contains(&quicker), index != winner, "{round}: {page}");
        }
        let resets = i64::from(round + 1);
        assert_eq!(committed(&mut link).await, resets, "{round}");
        assert_eq!(scene.recorded().await, [resets, resets, resets, 0, 0], "{round}");
    }
    assert_eq!(rows(&mut link).await, seeded());
    println!("{ROUNDS} rounds: tess {}, ana {}", won[0], won[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_form_at_two_replicas_is_one_reset() {
    let scene = Scene::new("activeSessions: select count(*) from sessions").await;
    let (first, second) = (scene.setup.start().await, scene.setup.start().await);
    let tess = first.sign_in("tess").await;
    let (mut link, mut holder) = (scene.link().await, scene.link().await);
    for round in 0..5 {
        let form = form(&first, &tess, "twice").await;
        let mut held = holder.begin().await.unwrap();
        sqlx::query("lock table users in row exclusive mode").execute(&mut *held).await.unwrap();
        let (one, other) = tokio::join!(send(&first, &tess, &form), send(&second, &tess, &form));
        held.rollback().await.unwrap();
        assert_eq!((one.status, other.status), (303, 303), "{} {}", text(&one.body), text(&other.body));
        assert_eq!(one.header("location"), other.header("location"));
        assert!(!one.header("location").contains("quicker"));
        end(&second, &tess, &other).await;
        // And once more when it is over.
        let again = send(&second, &tess, &form).await;
        assert_eq!(again.header("location"), one.header("location"), "{}", text(&again.body));
        assert_eq!(committed(&mut link).await, round + 1);
        assert_eq!(scene.recorded().await, [round + 1, round + 1, round + 1, 0, 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reserved_is_asked_for_a_reason_over_and_told() {
    let scene = Scene::new("activeSessions: select count(*) from sessions").await;
    let (first, second) = (scene.setup.start().await, scene.setup.start().await);
    let (tess, ana) = (first.sign_in("tess").await, second.sign_in("ana").await);
    let mut link = scene.link().await;
    let done = end(&first, &tess, &press(&first, &tess, "first fill").await).await;
    assert!(done.contains("1144 rows"), "{done}");

    let environment = "environment=fleet-management%2Fstaging";
    let reserve = format!("{environment}&until=1h&reason=regression+run+4.2");
    let reserved = second.post("/demo-data/reserve", &ana, &reserve).await;
    assert_eq!(reserved.status, 303, "{}", text(&reserved.body));
    // Nobody takes it, and nobody releases it for her.
    let taken = first.post("/demo-data/reserve", &tess, &format!("{environment}&until=4h&reason=mine")).await;
    assert!(
        taken.status == 409 && taken.body.contains("Ana has reserved it already: ask them"),
        "{} {}",
        taken.status,
        text(&taken.body)
    );
    let released = first.post("/demo-data/release", &tess, environment).await;
    assert!(released.status == 409 && released.body.contains("only they can release it"), "{}", text(&released.body));

    // Hers needs no reason: she knows that she tests.
    let own = end(&second, &ana, &press(&second, &ana, "").await).await;
    assert!(own.contains("1144 rows"), "{own}");
    assert_eq!(committed(&mut link).await, 2);
    let before = contents(&mut link).await;

    let refused = press(&first, &tess, "").await;
    assert_eq!(refused.status, 422, "{}", text(&refused.body));
    let said = text(&refused.body);
    assert!(
        said.contains("ana has reserved it for another") && said.contains("regression run 4.2. They will be told"),
        "{said}"
    );
    assert!(committed(&mut link).await == 2 && contents(&mut link).await == before);

    let done = end(&first, &tess, &press(&first, &tess, "the release waits").await).await;
    assert!(done.contains("1144 rows"), "{done}");
    assert_eq!(committed(&mut link).await, 3);
    let told = "tess reset the demo data of Fleet Management / Staging over your reservation, ";
    for path in ["/", "/demo-data", "/pods", "/changes", "/account"] {
        for program in [&first, &second] {
            let page = program.until(path, path, &ana, |page| page.body.contains(told)).await;
            assert!(page.body.contains(": the release waits"), "{path}");
            assert!(!program.get(path, &tess).await.body.contains(told), "{path}: it is not for tess");
        }
    }
    let panel = text(&second.get("/demo-data", &ana).await.body);
    assert!(panel.contains("tess reset it all the same, ") && panel.contains(": the release waits"), "{panel}");
    assert_eq!(scene.number("select count(*) from ledger where kind = 'demo-data-reserved'").await, 1);
    assert_eq!(scene.recorded().await, [3, 3, 3, 0, 0]);
    let changes = text(&first.get("/changes?environment=fleet-management/staging", &tess).await.body);
    assert!(changes.contains("Reserved the demo data of Fleet Management / Staging until "), "{changes}");

    let released = second.post("/demo-data/release", &ana, environment).await;
    assert_eq!(released.status, 303, "{}", text(&released.body));
    assert_eq!(scene.number("select count(*) from ledger where kind = 'demo-data-reserved'").await, 2);
    for program in [&first, &second] {
        program.until("she is told no more", "/pods", &ana, |page| !page.body.contains(told)).await;
    }
    let taken = first.post("/demo-data/reserve", &tess, &format!("{environment}&until=4h&reason=mine")).await;
    assert_eq!(taken.status, 303, "{}", text(&taken.body));
}

/// The minute before now, on a wall clock in Berlin.
fn just_past() -> String {
    let at: Timestamp = server::clock::now() - SignedDuration::from_mins(1);
    at.to_zoned(TimeZone::get("Europe/Berlin").unwrap()).strftime("%H:%M").to_string()
}

fn with_schedule() -> String {
    format!(
        "passwords: {{ table: users, login: email, hash: password_hash, scheme: argon2id }}, schedule: {{ at: \"{}\" }}",
        just_past()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_schedule_resets_once_and_keeps_passwords() {
    let scene = Scene::new(&with_schedule()).await;
    let mut link = scene.link().await;
    for statement in [
        "insert into tenants (name, city, plan) values ('Somebody', 'Berlin', 'basic')",
        "insert into users (tenant_id, email, name, role, password_hash) values (1, 'admin1@demofleet.example', 'Ada', 'admin', 'known')",
        "insert into users (tenant_id, email, name, role, password_hash) values (1, 'other@demofleet.example', 'Bo', 'admin', 'other')",
    ] {
        sqlx::query(statement).execute(&mut link).await.unwrap();
    }
    let (first, second) = tokio::join!(scene.setup.start(), scene.setup.start());
    first.until("it is ready", "/readyz?verbose", "", |answer| answer.status == 200).await;
    let tess = first.sign_in("tess").await;
    for program in [&first, &second] {
        let done =
            |page: &Answer| text(&page.body).contains("1144 rows of seed version 1 in 7 tables. 1 passwords kept.");
        program.until("it is done", "/demo-data", &tess, done).await;
    }
    // That nothing follows can only be waited for: each of them looks every second.
    sleep(Duration::from_secs(3)).await;
    assert_eq!(rows(&mut link).await, seeded());
    assert_eq!(committed(&mut link).await, 1);
    assert_eq!(scene.recorded().await, [1, 1, 1, 0, 0]);
    let hashes = sqlx::query("select email, password_hash from users where id <= 2 order by id")
        .fetch_all(&mut link)
        .await
        .unwrap();
    let hashes: Vec<(String, String)> = hashes.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(hashes[0], ("admin1@demofleet.example".to_owned(), "known".to_owned()));
    // Somebody else has the key of whoever was no one of the seed's.
    assert!(hashes[1].0 != "other@demofleet.example" && hashes[1].1 == "!", "{hashes:?}");
    let page = text(&first.get("/changes?environment=fleet-management/staging", &tess).await.body);
    assert!(page.contains("schedule"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_schedule_passes_while_somebody_tests() {
    let mut scene = Scene::new("").await;
    let (first, second) = (scene.setup.start().await, scene.setup.start().await);
    let ana = first.sign_in("ana").await;
    let mut link = scene.link().await;
    let reserve = "environment=fleet-management%2Fstaging&until=1h&reason=regression+run";
    assert_eq!(first.post("/demo-data/reserve", &ana, reserve).await.status, 303);
    let before = contents(&mut link).await;
    scene.places.more = with_schedule();
    fs::write(scene.setup.path("registry.yaml"), scene.places.registry(&scene.setup)).unwrap();
    for program in [&first, &second] {
        let skipped = |page: &Answer| text(&page.body).contains("Skipped at its time: ana has reserved it for another");
        program.until("it is skipped", "/demo-data", &ana, skipped).await;
    }
    assert_eq!(contents(&mut link).await, before);
    assert_eq!(committed(&mut link).await, 0);
    assert_eq!(scene.recorded().await, [1, 0, 0, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_resets_and_nobody_resets_production() {
    let scene = Scene::new("activeSessions: select count(*) from sessions").await;
    for (name, role) in [("vera", "viewer"), ("adam", "admin"), ("otto", "tester@ctafleet"), ("lea", "lead")] {
        add(&scene.setup, name, role);
    }
    let program = scene.setup.start().await;
    let mut link = scene.link().await;
    let tess = program.sign_in("tess").await;
    let before = contents(&mut link).await;
    let fields = hidden(&program.get(PLAN, &tess).await.body, "/demo-data/reset");
    let with = |environment: &str| {
        let mut fields = fields.clone();
        for (name, value) in &mut fields {
            if name == "environment" {
                *value = environment.to_owned();
            }
        }
        body(&fields, &[("reason", "by hand"), ("typed", environment)])
    };
    for (name, status) in [("vera", 403), ("adam", 403), ("otto", 404)] {
        let cookie = program.sign_in(name).await;
        let answer = program.post("/demo-data/reset", &cookie, &with(STAGING)).await;
        assert_eq!(answer.status, status, "{name}: {}", text(&answer.body));
        let answer = program
            .post("/demo-data/reserve", &cookie, "environment=fleet-management%2Fstaging&until=1h&reason=mine")
            .await;
        assert_eq!(answer.status, status, "{name}: {}", text(&answer.body));
    }
    assert_eq!(scene.number("select count(*) from demo_reservations").await, 0);

    // There is no trace of production, and a form that is made by hand is refused and recorded.
    for path in ["/demo-data", PLAN] {
        let page = program.get(path, &tess).await;
        assert_eq!(page.status, 200, "{path}");
        let main = text(&page.body);
        assert!(
            !main.to_lowercase().contains("fleet-management/production") && !main.contains("Production"),
            "{path}: {main}"
        );
    }
    let plan = program.get("/demo-data/plan?environment=fleet-management/production", &tess).await;
    assert_eq!(plan.status, 404);
    let lea = program.sign_in("lea").await;
    for environment in ["fleet-management/production", "fleet-management/stag", "nobody/knows"] {
        for cookie in [&tess, &lea] {
            let answer = program.post("/demo-data/reset", cookie, &with(environment)).await;
            assert_eq!(answer.status, 404, "{environment}: {}", text(&answer.body));
            assert!(answer.body.contains("That it was asked for stands in the record."), "{environment}");
        }
    }
    // Whoever made it by hand from the first letter to the last.
    let bare = "environment=fleet-management%2Fproduction&reason=by+hand";
    assert_eq!(program.post("/demo-data/reset", &tess, bare).await.status, 404);
    let changes = text(&program.get("/changes?environment=fleet-management/production", &tess).await.body);
    assert!(changes.contains("Reset demo data in fleet-management/production: refused"), "{changes}");
    // Otto's was recorded as well.
    assert_eq!(scene.recorded().await, [0, 0, 0, 8, 0]);

    // What one person may have recorded is bounded.
    let mut answers = std::collections::BTreeMap::new();
    for _ in 0..60 {
        *answers.entry(program.post("/demo-data/reset", &tess, bare).await.status).or_insert(0) += 1;
    }
    // 4 of hers came before.
    assert_eq!(answers, [(404, 46), (429, 14)].into());
    assert_eq!(scene.recorded().await, [0, 0, 0, 54, 0]);
    assert_eq!(contents(&mut link).await, before);
    assert_eq!(committed(&mut link).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_shown_once_to_the_session_that_pressed() {
    let scene = Scene::new("").await;
    let (first, second) = (scene.setup.start().await, scene.setup.start().await);
    let (tess, elsewhere, ana) =
        (first.sign_in("tess").await, first.sign_in("tess").await, second.sign_in("ana").await);
    let pressed = press(&first, &tess, "first fill").await;
    let done = end(&first, &tess, &pressed).await;
    assert!(done.contains("10 new passwords."), "{done}");
    let id = format!("id={}", id_in(pressed.header("location")));
    for (cookie, whose) in [(&elsewhere, "another session"), (&ana, "another person")] {
        for program in [&first, &second] {
            let answer = program.post("/demo-data/passwords", cookie, &id).await;
            assert_eq!(answer.status, 403, "{whose}: {}", text(&answer.body));
            assert!(!answer.body.contains("@demofleet.example"), "{whose}");
        }
    }
    // Every replica can show them.
    let shown = second.post("/demo-data/passwords", &tess, &id).await;
    assert!(shown.status == 200 && text(&shown.body).contains("admin1@demofleet.example"), "{}", text(&shown.body));
    for program in [&first, &second] {
        for cookie in [&tess, &elsewhere] {
            let answer = program.post("/demo-data/passwords", cookie, &id).await;
            assert_eq!(answer.status, 410, "{}", text(&answer.body));
        }
        assert_eq!(program.post("/demo-data/passwords", &ana, &id).await.status, 403);
    }
}
