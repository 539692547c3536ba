//! A reset from the plan to its end, and its undoing.

use sqlx::{Connection as _, Row as _};

use crate::bench::{Answer, Setup};
use crate::postgres::Server;
use crate::redis::Redis;
use crate::scene::{
    PREFIX, Places, STAGING, add, body, connect, contents, create, end, enrol, hidden, press, rows, seeded, text,
};

#[tokio::test(flavor = "multi_thread")]
async fn staging_goes_from_drifted_to_clean_and_back() {
    let (server, redis) = (Server::start(true), Redis::start());
    create(&server, "fleetdb_staging").await;
    redis.fill(PREFIX, 2500).await;
    redis.fill("fleet:production:", 20).await;
    let setup = Setup::new().flags(&["--checks-allow-loopback"]);
    Places::new(&server, "fleetdb_staging", Some(redis.port)).write(&setup);
    enrol(&setup);
    add(&setup, "tess", "tester@fleet-management");
    let program = setup.start().await;
    let cookie = program.sign_in("tess").await;

    // An empty database.
    let first = end(&program, &cookie, &press(&program, &cookie, "first fill").await).await;
    assert!(first.contains("1144 rows of seed version 1 in 7 tables. 10 new passwords. 2500 keys"), "{first}");
    let mut link = connect(&server, "fleetdb_staging").await;
    assert_eq!(rows(&mut link).await, seeded());
    assert_eq!((redis.count(PREFIX).await, redis.count("fleet:production:").await), (0, 20));

    // Somebody tests.
    for statement in [
        "insert into vehicles (tenant_id, plate, make, model, year, odometer_km, status) \
         select 1, 'QA ' || n, 'Ford', 'Transit', 2025, n, 'active' from generate_series(1, 12) as n",
        "delete from fuel_transactions where id <= 7",
        "update users set name = 'Somebody', updated_at = now() where id = 3",
    ] {
        sqlx::query(statement).execute(&mut link).await.unwrap();
    }
    let (drifted, counted) = (contents(&mut link).await, rows(&mut link).await);
    let plan = program.get(&format!("/demo-data/plan?environment={STAGING}"), &cookie).await;
    let plan = text(&plan.body);
    for line in [
        "vehicles: 112 rows now, 100 afterwards; 12 that no seed made are lost",
        "fuel_transactions: 493 rows now, 500 afterwards",
        "users: 10 rows now, 10 afterwards; 1 changed since is lost as changed",
        "somebody wrote to it",
        "you are tester here",
    ] {
        assert!(plan.contains(line), "{line}: {plan}");
    }

    // Without a reason nothing is done.
    let refused = press(&program, &cookie, "").await;
    assert_eq!(refused.status, 422, "{}", text(&refused.body));
    assert_eq!(contents(&mut link).await, drifted);

    let pressed = press(&program, &cookie, "QA agreed").await;
    let done = end(&program, &cookie, &pressed).await;
    assert!(done.contains("1144 rows of seed version 1 in 7 tables. 10 new passwords. 0 keys"), "{done}");
    assert_eq!(rows(&mut link).await, seeded());

    // The passwords, once.
    let page = pressed.header("location").to_owned();
    let id = page.split("id=").nth(1).unwrap().to_owned();
    let shown = program.post("/demo-data/passwords", &cookie, &format!("id={id}")).await;
    assert_eq!(shown.status, 200);
    let shown = text(&shown.body);
    assert!(shown.contains("admin1@demofleet.example"), "{shown}");
    let word = shown.split("admin1@demofleet.example").nth(1).unwrap().split_whitespace().next().unwrap();
    let word = &word[..23];
    let hash: String =
        sqlx::query("select password_hash from users where id = 1").fetch_one(&mut link).await.unwrap().get(0);
    assert!(hash.starts_with("$argon2id$") && is_hash_of(&hash, word), "{word} {hash}");
    let again = program.post("/demo-data/passwords", &cookie, &format!("id={id}")).await;
    assert_eq!(again.status, 410, "{}", text(&again.body));
    assert!(!program.said().contains(word), "a password in the log");

    // The snapshot, row for row.
    let is_clean = |page: &Answer| page.body.contains("Every table is as the seed left it.");
    program.until("the panel has counted again", "/demo-data", &cookie, is_clean).await;
    let plan = program.get(&format!("/demo-data/plan?environment={STAGING}&of={id}"), &cookie).await;
    assert!(
        text(&plan.body).contains("vehicles: 100 rows now, 112 from before the reset put back"),
        "{}",
        text(&plan.body)
    );
    let fields = hidden(&plan.body, "/demo-data/reset");
    let undone = program.post("/demo-data/reset", &cookie, &body(&fields, &[("typed", STAGING)])).await;
    let undone = end(&program, &cookie, &undone).await;
    assert!(undone.contains("tables are as they were before the reset"), "{undone}");
    assert_eq!((contents(&mut link).await, rows(&mut link).await), (drifted, counted));
    // The next row gets the next number, as if nothing had been.
    let next: i64 = sqlx::query(
        "insert into vehicles (tenant_id, plate, make, model, year, odometer_km, status) \
         values (1, 'next', 'Ford', 'Transit', 2025, 1, 'active') returning id",
    )
    .fetch_one(&mut link)
    .await
    .unwrap()
    .get(0);
    assert_eq!(next, 113);
    link.close().await.unwrap();
}

fn is_hash_of(hash: &str, word: &str) -> bool {
    use argon2::PasswordVerifier as _;
    let hash = argon2::password_hash::phc::PasswordHash::new(hash).unwrap();
    argon2::Argon2::default().verify_password(word.as_bytes(), &hash).is_ok()
}
