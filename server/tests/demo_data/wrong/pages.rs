//! What becomes wrong between the plan that somebody looks at and their press.

use std::fs;

use super::{PRODUCTION, ROLE, Right, everything, psql, server};
use crate::bench::{Program, Setup};
use crate::scene::{Places, STAGING, add, body, hidden, text};

/// A plan is opened, something happens, and its button is pressed; then that of a fresh one, as it is and by hand.
async fn pressed(program: &Program, cookie: &str, right: &Right, happens: impl AsyncFnOnce(), told: &str) {
    let path = format!("/demo-data/plan?environment={STAGING}");
    let plan = program.get(&path, cookie).await;
    assert!(plan.body.contains("the database is the one that was enrolled"), "{}", text(&plan.body));
    let old = hidden(&plan.body, "/demo-data/reset");
    happens().await;
    let fresh = program.until(told, &path, cookie, |plan| text(&plan.body).contains(told)).await;
    assert!(text(&fresh.body).contains("Not from here, because:"), "{}", text(&fresh.body));
    let before = everything(server(), &right.database).await;
    for fields in [old, hidden(&fresh.body, "/demo-data/reset")] {
        let more = [("reason", "QA agreed"), ("typed", STAGING)];
        let answer = program.post("/demo-data/reset", cookie, &body(&fields, &more)).await;
        assert!(answer.status == 422 && text(&answer.body).contains(told), "{}: {}", answer.status, text(&answer.body));
    }
    assert!(everything(server(), &right.database).await == before, "{told}");
}

async fn rename(from: &str, to: &str) {
    // The console looks at it now and then.
    let begin = tokio::time::Instant::now();
    loop {
        let text = format!("alter database {from} rename to {to}");
        let done = server().client("psql").args(["-q", "-d", "postgres", "-c", &text]).output().unwrap();
        if done.status.success() {
            return;
        }
        assert!(begin.elapsed() < crate::bench::LONG, "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_wrong_after_the_plan_is_found_at_the_press() {
    let right = Right::make("wrong_pages").await;
    let setup = Setup::new().flags(&["--checks-allow-loopback"]);
    let more = "activeSessions: select count(*) from sessions".to_owned();
    let (database, role) = (right.database.clone(), ROLE.to_owned());
    let mut places =
        Places { postgres: server().port(), database, role, redis: None, more, environment: String::new() };
    places.write(&setup);
    add(&setup, "tess", "tester@fleet-management");
    let program = setup.start().await;
    let cookie = program.sign_in("tess").await;
    let run = |text: &'static str| async move { psql(server(), "wrong_pages", text) };

    for (breaks, mends, told) in [
        (
            "create table kept as select * from quarterdeck.marker; delete from quarterdeck.marker",
            "insert into quarterdeck.marker select * from kept; drop table kept",
            "this database was never enrolled",
        ),
        (
            "update quarterdeck.marker set tier = 'production'",
            "update quarterdeck.marker set tier = 'staging'",
            "this database was enrolled as production",
        ),
        (
            "create table invoices (vehicle bigint references vehicles)",
            "drop table invoices",
            "refer to those it empties: public.invoices",
        ),
        (
            "insert into schema_migrations values (8)",
            "delete from schema_migrations where version = 8",
            "the schema's version is 8",
        ),
        (
            "insert into tenants (name, city, plan) select 'Customer ' || n, 'Berlin', 'basic' from generate_series(1, 600) n",
            "delete from tenants where name like 'Customer %'",
            "there is far more than the seed puts in, as in a copy of production: tenants",
        ),
        (
            "alter table users enable row level security; alter table users force row level security; \
             create policy none on users using (false)",
            "drop policy none on users; alter table users no force row level security; alter table users disable row level security",
            "row-level security hides rows from it (42501)",
        ),
    ] {
        pressed(&program, &cookie, &right, async || run(breaks).await, told).await;
        run(mends).await;
    }

    // Another database has its name.
    super::copy(PRODUCTION, "wrong_pages_other").await;
    let swapped = async || {
        rename("wrong_pages", "wrong_pages_right").await;
        rename("wrong_pages_other", "wrong_pages").await;
    };
    pressed(&program, &cookie, &right, swapped, "this database was never enrolled").await;
    rename("wrong_pages", "wrong_pages_other").await;
    rename("wrong_pages_right", "wrong_pages").await;

    // The registry names that of production, and what leads there is right.
    let production = everything(server(), PRODUCTION).await;
    places.database = PRODUCTION.to_owned();
    let edited = async || fs::write(setup.path("registry.yaml"), places.registry(&setup)).unwrap();
    pressed(&program, &cookie, &right, edited, "this database was never enrolled").await;
    assert!(everything(server(), PRODUCTION).await == production);
}
