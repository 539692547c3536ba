//! What arrives late: from a program that is dead, and from one that was only taken for dead.

use domain::demo_data::step::Step;
use domain::ledger::{OperationId, Outcome};
use server::store::Store;
use tokio::time::timeout;

use crate::bench::{LONG, Setup};
use crate::crash::{RECORD, marks};
use crate::lane::Lane;
use crate::postgres::Server;
use crate::proxy::{Proxy, Side, Telltale};
use crate::scene::{Places, add, connect, contents, create, end, enrol, press};
use crate::wire::Wire;

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_arrives_after_its_program_has_died_is_found() {
    let mut lane = Lane::start().await;
    let (link, before) = lane.drift().await;
    let commit = marks(Step::Commit)[0].telltale;
    let mut trap = lane.to_postgres.arm(commit, Side::Before);
    let pressed = press(&lane.program, &lane.cookie, "QA agreed").await;
    let id = pressed.header("location").split("id=").nth(1).unwrap().parse().unwrap();
    let caught = trap.caught("the commit").await;
    drop((trap, link));
    lane.program.signal("-KILL");
    lane.program.ended().await;
    lane.program = lane.setup.start().await;
    // Whoever takes it over cannot know yet, and says so.
    lane.until("it is not known", id, |record| record.waiting.contains("the database is still at it")).await;
    assert!(!lane.record(id).await.is_over());
    caught.go();
    lane.until("the end", id, |record| record.is_over()).await;
    let told = end(&lane.program, &lane.cookie, &pressed).await;
    lane.hold("a late commit", true, &before, id, &told).await;
    lane.reset_in_peace().await;
}

/// The one that began it cannot reach the console's database any more, so that nothing tells it that another has it by now.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_taken_for_dead_changes_nothing_after_it_was_settled() {
    let server = Server::start(true);
    create(&server, "fleetdb_staging").await;
    server.create_database("console").await;
    let (first_way, console) =
        (Proxy::start(server.port(), Wire::Postgres).await, Proxy::start(server.port(), Wire::Postgres).await);
    let mut setup = Setup::new().flags(&["--checks-allow-loopback"]);
    let direct = format!("{}?sslmode=disable", server.url("console"));
    setup.database = direct.clone();
    let mut places = Places::new(&server, "fleetdb_staging", None);
    places.postgres = first_way.port;
    places.write(&setup);
    enrol(&setup);
    add(&setup, "tess", "tester@fleet-management");
    setup.database = direct.replace(&format!(":{}/", server.port()), &format!(":{}/", console.port));
    let first = setup.start().await;
    setup.database = direct;
    let second = setup.start().await;
    let store = Store::inspect(&setup.database.parse().unwrap()).await.unwrap();
    let cookie = first.sign_in("tess").await;
    end(&first, &cookie, &press(&first, &cookie, "first fill").await).await;
    let mut link = connect(&server, "fleetdb_staging").await;
    sqlx::query("update users set name = 'Somebody' where id = 3").execute(&mut link).await.unwrap();
    let before = contents(&mut link).await;

    let mut trap = first_way.arm(marks(Step::Identify)[0].telltale, Side::Before);
    let pressed = press(&first, &cookie, "QA agreed").await;
    let id: OperationId = pressed.header("location").split("id=").nth(1).unwrap().parse().unwrap();
    let caught = trap.caught("the lock").await;
    drop(trap);
    // Everything that it asks the console's database from now on stays on the way.
    let mut silence = console.arm(Telltale { earlier: "", text: "" }, Side::Before);
    let silent = tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            held.push(silence.next().await);
        }
    });
    let told = end(&second, &cookie, &pressed).await;
    assert!(told.contains("Nothing was changed: it was not committed, and cannot be any more"), "{told}");

    // It goes on as if nothing had been, and comes as far as writing down what it has done.
    let mut trap = first_way.arm(Telltale { earlier: "truncate only public.", text: RECORD }, Side::After);
    caught.go();
    trap.caught("what was done").await.go();
    drop(trap);
    // It holds the tables until it has committed, or what it has done is taken back: this waits for it.
    let found = timeout(LONG, contents(&mut link)).await.unwrap();
    assert_eq!(found, before, "data that the record does not know of");
    let mut read = store.read().await.unwrap();
    let entries = read.entries_of(id).await.unwrap();
    let outcomes: Vec<Outcome> = entries.into_iter().map(|entry| entry.entry.unwrap().outcome).collect();
    assert!(matches!(outcomes[..], [Outcome::Begun, Outcome::Refused | Outcome::Failed]), "{outcomes:?}");
    drop(read);

    let told = end(&second, &cookie, &press(&second, &cookie, "QA agreed again").await).await;
    assert!(told.contains("1144 rows of seed version 1"), "{told}");
    silent.abort();
}
