//! The role of a serving program on PostgreSQL, and the tables it may not make.

use server::store::{Key, Store, StoreError};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};

use crate::bench::{Bench, MINUTE, NOW, new_user};
use crate::ledger::{append, operation};
use crate::postgres::Server;

/// A role, and the address of the bench's database for it.
async fn role(bench: &Bench, name: &str, rights: &str) -> String {
    Server::shared().admin(&format!("create role {name} login {rights}")).await;
    Server::shared().url_of(name.trim_matches('"'), bench.database())
}

fn sentence(error: &StoreError) -> &str {
    match error {
        StoreError::Schema(text, _) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_serving_role_does_all_but_change_the_ledger() {
    let bench = Bench::postgres().await;
    append(&bench, &[operation(NOW, "a/b")]).await;
    // A name that has to be quoted.
    let url = role(&bench, "\"Deck-Serving\"", "").await;
    bench.store.allow_role("Deck-Serving").await.unwrap();
    bench.store.allow_role("Deck-Serving").await.unwrap();

    let store = Store::open(&url.parse().unwrap()).await.unwrap();
    let serving = bench.with(store);
    let kim = serving.person("kim").await;
    let head = append(&serving, &[operation(NOW, "a/b")]).await[0];
    assert_eq!(head.seq, 2);
    let grant = domain::access::Grant { role: "lead".parse().unwrap(), scope: "*".parse().unwrap() };
    let mut write = serving.store.write().await.unwrap();
    write.lock_people().await.unwrap();
    write.grant(kim, &grant, "x", NOW).await.unwrap();
    write.take(kim, &grant).await.unwrap();
    write.disable_user(kim, NOW).await.unwrap();
    write.end_sessions_of(kim, None, domain::session::Ending::Admin, NOW).await.unwrap();
    write.add_invitation(Key::of(b"x"), NOW, NOW + MINUTE).await.unwrap();
    write.use_invitation(Key::of(b"x"), NOW).await.unwrap();
    write.take_flow(Key::of(b"x"), NOW).await.unwrap();
    write.forget_attempts(Key::of(b"x")).await.unwrap();
    write.commit().await.unwrap();
    serving.store.count_attempt(Key::of(b"x"), NOW, MINUTE).await.unwrap();
    serving.store.touch_session(Key::of(b"x"), NOW).await.unwrap();
    serving.store.sweep(NOW).await.unwrap();
    assert!(serving.store.check().await.is_fine());
    serving.store.verify(Some(head)).await.unwrap();

    let mut raw = AnyConnection::connect(&url).await.unwrap();
    for text in [
        "update ledger set kind = 'x'",
        "delete from ledger",
        "truncate ledger",
        "drop table ledger",
        "drop trigger ledger_no_change on ledger",
        "alter table ledger disable trigger all",
        "set session_replication_role = replica",
        "create or replace function ledger_only_grows() returns trigger language plpgsql as 'begin return new; end'",
        "update compatibility set oldest_schema = 0",
        "delete from _sqlx_migrations",
        "delete from users",
    ] {
        let error = raw.execute(text).await.expect_err(text).to_string();
        assert!(error.contains("permission denied") || error.contains("must be owner"), "{text}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_could_change_the_ledger_is_not_taken() {
    let bench = Bench::postgres().await;
    role(&bench, "too_super", "superuser").await;
    role(&bench, "owns_it_too", "in role owner").await;
    role(&bench, "writes_all", "in role pg_write_all_data").await;
    for name in ["too_super", "owns_it_too", "writes_all", "owner"] {
        let error = bench.store.allow_role(name).await.unwrap_err();
        assert!(sentence(&error).contains("could still change the ledger"), "{name}: {error}");
    }
    let error = bench.store.allow_role("not_there").await.unwrap_err();
    assert!(sentence(&error).contains("Make it first: create role not_there"), "{error}");
    let error = bench.store.allow_role("x; drop table ledger").await.unwrap_err();
    assert!(sentence(&error).contains("There is no role"), "{error}");
    let sqlite = Bench::sqlite().await;
    assert!(sentence(&sqlite.store.allow_role("x").await.unwrap_err()).contains("has no roles"));
    // What was refused left nothing behind.
    let rights = "select count(*) as found from information_schema.role_table_grants where grantee = 'writes_all'";
    let row = sqlx::query(rights).fetch_one(&mut bench.raw().await).await.unwrap();
    assert_eq!(sqlx::Row::get::<i64, _>(&row, "found"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_make_tables_says_what_to_do() {
    let bench = Bench::postgres().await;
    let url = role(&bench, "only_serves", "").await.parse().unwrap();
    let expected = "quarterdeck database migrate --database URL` with the URL of the owner";
    // It has no rights yet; there are no tables; then there are, and it has rights.
    let error = Store::open(&url).await.err().unwrap();
    assert!(sentence(&error).contains("quarterdeck database migrate --for-role"), "{error}");
    let mut raw = bench.raw().await;
    raw.execute("drop schema public cascade; create schema public; grant usage on schema public to only_serves")
        .await
        .unwrap();
    let error = Store::open(&url).await.err().unwrap();
    assert!(sentence(&error).contains(expected), "{error}");
    let owner = Store::open(&bench.url).await.unwrap();
    owner.allow_role("only_serves").await.unwrap();
    let serving = Store::open(&url).await.unwrap();
    let mut write = serving.write().await.unwrap();
    write.add_user(&new_user("kim")).await.unwrap();
    write.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_decided_about() {
    let bench = Bench::postgres().await;
    let tables = "select tablename::text as name from pg_tables where schemaname = 'public' order by tablename";
    let rows = sqlx::query(tables).fetch_all(&mut bench.raw().await).await.unwrap();
    role(&bench, "reads_all", "").await;
    bench.store.allow_role("reads_all").await.unwrap();
    for row in rows {
        let name: String = sqlx::Row::get(&row, "name");
        let text = format!(
            "select count(*) as found from pg_class where oid = '{name}'::regclass and has_table_privilege('reads_all', oid, 'SELECT')"
        );
        let row = sqlx::query(AssertSqlSafe(text)).fetch_one(&mut bench.raw().await).await.unwrap();
        assert_eq!(sqlx::Row::get::<i64, _>(&row, "found"), 1, "{name} is not in the list of roles.rs");
    }
}
