//! Copies, dumps, renamed databases and other servers; and what happens while a reset is under way.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::demo_data::identity::Wanted;
use domain::demo_data::record::Kind;
use domain::demo_data::step::Step;
use domain::registry::Tier;
use futures::FutureExt as _;
use server::demo_data::reset;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use tokio::time::{Instant, sleep};

use super::{
    Attempt, Outcome, PRODUCTION, ROLE, Right, all, connect, copy, everything, new_id, order, psql, restore, rows,
    server, wanted,
};
use crate::bench::LONG;
use crate::postgres::{PASSWORD, Server};
use crate::scene::{SCHEMA, permit};

/// The attempts at the right one's data by another way.
async fn refused(server: &Server, database: &str, right: &Right, to: &str, told: &str) -> Outcome {
    for content in [Kind::Reset, Kind::Undo { of: right.first }] {
        let (wanted, seed) = (&wanted(to), &right.seed);
        let attempt = Attempt { server, database, wanted, seed, content, planned: None, meanwhile: &|_| {}, but: "" };
        attempt.must_fail(told).await?;
    }
    Ok(())
}

async fn rename(from: &str, to: &str) {
    server().admin(&format!("alter database {from} rename to {to}")).await;
}

fn dump(database: &str, more: &[&str]) -> Vec<u8> {
    let dumped = server().client("pg_dump").args(more).args(["-d", database]).output().unwrap();
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    dumped.stdout
}

/// The control: what is right is reset, so that all others can fail.
async fn right_one() -> Outcome {
    let right = Right::make("wrong_control").await;
    let before = everything(server(), &right.database).await;
    let planned = rows(server(), &right.database).await;
    let mut link = connect(server(), &right.database).await;
    let permit = permit(Kind::Reset, &right.wanted);
    let order = order(new_id(), &permit, &right.wanted, &right.seed, &planned);
    let done = reset(&mut link, &order, |_| {}).await;
    link.close().await.unwrap();
    let is_another = everything(server(), &right.database).await != before;
    match done {
        Ok(done) if is_another && done.after.values().sum::<u64>() == 1144 => Ok(()),
        done => Err(format!("it is not reset: {done:?}")),
    }
}

async fn connection_of_production() -> Outcome {
    let right = Right::make("wrong_own").await;
    refused(server(), PRODUCTION, &right, PRODUCTION, "never enrolled").await
}

async fn template_copy() -> Outcome {
    let right = Right::make("wrong_original").await;
    copy(&right.database, "wrong_duplicate").await;
    refused(server(), "wrong_duplicate", &right, "wrong_duplicate", "enrolled under the name wrong_original").await
}

/// The letter `а` of it is another.
async fn homoglyph_copy() -> Outcome {
    let right = Right::make("wrong_latin").await;
    let other = "wrong_l\u{430}tin";
    copy(&right.database, &format!("\"{other}\"")).await;
    refused(server(), other, &right, other, "enrolled under the name wrong_latin").await?;
    refused(server(), other, &right, &right.database, "the connection leads to the database wrong_l\u{430}tin").await
}

async fn renamed_and_followed() -> Outcome {
    let right = Right::make("wrong_before").await;
    rename(&right.database, "wrong_after").await;
    refused(server(), "wrong_after", &right, "wrong_after", "enrolled under the name wrong_before").await
}

async fn renamed_and_not_followed() -> Outcome {
    let right = Right::make("wrong_earlier").await;
    rename(&right.database, "wrong_later").await;
    refused(server(), "wrong_later", &right, &right.database, "the connection leads to the database wrong_later").await
}

/// Production began as a copy of staging, and somebody gave it staging's name.
async fn copy_under_the_name() -> Outcome {
    let right = Right::make("wrong_name").await;
    copy(&right.database, "wrong_launched").await;
    psql(server(), "wrong_launched", "insert into tenants (name, city, plan) values ('Customer', 'Berlin', 'basic')");
    rename(&right.database, "wrong_aside").await;
    rename("wrong_launched", &right.database).await;
    refused(server(), &right.database, &right, &right.database, "is a copy of the one that was enrolled").await
}

async fn dump_of_production() -> Outcome {
    let right = Right::make("wrong_restored").await;
    restore(server(), &right.database, &dump(PRODUCTION, &["--clean", "--if-exists"]));
    refused(server(), &right.database, &right, &right.database, "was made anew since it was enrolled").await
}

async fn dump_of_itself() -> Outcome {
    let right = Right::make("wrong_again").await;
    let dumped = dump(&right.database, &["--clean", "--if-exists"]);
    restore(server(), &right.database, &dumped);
    refused(server(), &right.database, &right, &right.database, "was made anew since it was enrolled").await
}

/// A copy on another server, in which somebody has mended the marker but for the server.
async fn other_server() -> Outcome {
    let right = Right::make("wrong_moved").await;
    let other = Server::start(true);
    other.admin(&format!("create role {ROLE} login password '{PASSWORD}'")).await;
    other.admin(&format!("create database {} owner {ROLE}", right.database)).await;
    restore(&other, &right.database, &dump(&right.database, &[]));
    refused(&other, &right.database, &right, &right.database, "enrolled on another server").await?;
    psql(
        &other,
        &right.database,
        "update quarterdeck.marker set tables = (select jsonb_object_agg(relname, oid::bigint) from pg_class \
         where relnamespace = 'public'::regnamespace)",
    );
    refused(&other, &right.database, &right, &right.database, "enrolled on another server").await?;
    // One that takes no writes, in which nothing else is wrong.
    psql(
        &other,
        &right.database,
        "update quarterdeck.marker set system_identifier = (select system_identifier::text from pg_control_system()), \
         database_oid = (select oid::bigint from pg_database where datname = current_database())",
    );
    let replica = other.replica();
    refused(&replica, &right.database, &right, &right.database, "this server follows another one").await
}

/// Another schema takes the name `public` when everything has been looked at.
async fn schemas_swapped() -> Outcome {
    let right = Right::make("wrong_swapped").await;
    // Its tables are empty: nothing that is put in comes upon a row.
    let text = format!("create schema other authorization {ROLE}; set role {ROLE}; set search_path = other; {SCHEMA}");
    psql(server(), &right.database, &text);
    let meanwhile = |step| {
        if step == Step::Truncate {
            psql(
                server(),
                &right.database,
                "alter schema public rename to enrolled; alter schema other rename to public",
            );
        }
    };
    let attempt = Attempt {
        server: server(),
        database: &right.database,
        wanted: &right.wanted,
        seed: &right.seed,
        content: Kind::Reset,
        planned: None,
        meanwhile: &meanwhile,
        but: "",
    };
    attempt.must_fail("was made anew since it was enrolled").await
}

/// The marker is made for another environment between the press and the look at it.
async fn marker_edited_meanwhile() -> Outcome {
    let right = Right::make("wrong_meanwhile").await;
    let meanwhile = |step| {
        if step == Step::Identify {
            psql(
                server(),
                &right.database,
                "update quarterdeck.marker set environment = 'fleet-management/production'",
            );
        }
    };
    let attempt = Attempt {
        server: server(),
        database: &right.database,
        wanted: &right.wanted,
        seed: &right.seed,
        content: Kind::Reset,
        planned: None,
        meanwhile: &meanwhile,
        but: "quarterdeck.marker",
    };
    attempt.must_fail("enrolled for fleet-management/production").await
}

/// Waits until somebody waits for a lock in a database.
async fn until_waiting(database: &str) {
    let mut link = PgConnection::connect(&server().url("postgres")).await.unwrap();
    let begin = Instant::now();
    let text =
        "select exists (select 1 from pg_stat_activity where datname = $1 and wait_event_type = 'Lock') as waits";
    while !sqlx::query(text).bind(database).fetch_one(&mut link).await.unwrap().get::<bool, _>("waits") {
        assert!(begin.elapsed() < LONG);
        sleep(Duration::from_millis(10)).await;
    }
    link.close().await.unwrap();
}

/// Somebody drops a table and makes it anew while the reset waits for another.
async fn table_made_anew_meanwhile() -> Outcome {
    let right = Right::make("wrong_waiting").await;
    let planned = rows(server(), &right.database).await;
    let mut holder = connect(server(), &right.database).await;
    let mut held = holder.begin().await.unwrap();
    sqlx::query("lock table public.tenants in access exclusive mode").execute(&mut *held).await.unwrap();
    let anew = async {
        until_waiting(&right.database).await;
        for statement in [
            "create table anew (like fuel_transactions including all)",
            "insert into anew select * from fuel_transactions where id between 10 and 14",
            "drop table fuel_transactions",
            "alter table anew rename to fuel_transactions",
        ] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut *held).await.unwrap();
        }
        held.commit().await.unwrap();
    };
    let mut link = connect(server(), &right.database).await;
    let permit = permit(Kind::Reset, &right.wanted);
    let order = order(new_id(), &permit, &right.wanted, &right.seed, &planned);
    let (done, ()) = tokio::join!(reset(&mut link, &order, |_| {}), anew);
    link.close().await.unwrap();
    let now = rows(server(), &right.database).await;
    let expected: BTreeMap<String, u64> = planned.into_iter().chain([("fuel_transactions".to_owned(), 5)]).collect();
    match done {
        Err(trouble) if trouble.to_string().contains("fuel_transactions was made anew") && now == expected => Ok(()),
        done => Err(format!("{done:?} {now:?}")),
    }
}

async fn tables_are_held() -> Outcome {
    let right = Right::make("wrong_held").await;
    let mut holder = connect(server(), &right.database).await;
    let mut held = holder.begin().await.unwrap();
    sqlx::query("lock table public.users in row exclusive mode").execute(&mut *held).await.unwrap();
    let told = "others hold the tables and did not let go of them within 5 s (55P03)";
    let attempt = Attempt {
        server: server(),
        database: &right.database,
        wanted: &right.wanted,
        seed: &right.seed,
        content: Kind::Reset,
        planned: None,
        meanwhile: &|_| {},
        but: "",
    };
    let refused = attempt.must_fail(told).await;
    held.rollback().await.unwrap();
    refused
}

/// The order of a reset that was done already.
async fn the_same_again() -> Outcome {
    let right = Right::make("wrong_twice").await;
    let (before, planned) = (everything(server(), &right.database).await, rows(server(), &right.database).await);
    let mut link = connect(server(), &right.database).await;
    let permit = permit(Kind::Reset, &right.wanted);
    let order = order(right.first, &permit, &right.wanted, &right.seed, &planned);
    let done = reset(&mut link, &order, |_| {}).await;
    link.close().await.unwrap();
    match done {
        // The table of its snapshot is there.
        Err(trouble) if trouble.to_string().contains("Keeping a snapshot: the database refuses (42P07)") => {}
        done => return Err(format!("{done:?}")),
    }
    if everything(server(), &right.database).await == before { Ok(()) } else { Err("it is another".to_owned()) }
}

/// A snapshot that nobody made.
async fn unknown_snapshot() -> Outcome {
    let right = Right::make("wrong_snapshot").await;
    let attempt = Attempt {
        server: server(),
        database: &right.database,
        wanted: &right.wanted,
        seed: &right.seed,
        content: Kind::Undo { of: new_id() },
        planned: None,
        meanwhile: &|_| {},
        but: "",
    };
    attempt.must_fail("the snapshot of that reset is not kept any more").await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_reset_in_another_database_or_server() {
    right_one().await.unwrap();
    all(
        vec![
            ("the connection string of production", connection_of_production().boxed()),
            ("a copy within the server", template_copy().boxed()),
            ("a name with a letter that looks like it", homoglyph_copy().boxed()),
            ("renamed, and the registry follows", renamed_and_followed().boxed()),
            ("renamed, and the registry does not follow", renamed_and_not_followed().boxed()),
            ("a copy was given the name", copy_under_the_name().boxed()),
            ("a dump of production over it", dump_of_production().boxed()),
            ("a dump of itself over it", dump_of_itself().boxed()),
            ("a copy on another server, and one that follows it", other_server().boxed()),
            ("schemas swapped meanwhile", schemas_swapped().boxed()),
            ("the marker edited meanwhile", marker_edited_meanwhile().boxed()),
            ("a table made anew meanwhile", table_made_anew_meanwhile().boxed()),
            ("others hold a table", tables_are_held().boxed()),
            ("the same order again", the_same_again().boxed()),
            ("a snapshot that nobody made", unknown_snapshot().boxed()),
        ],
        15,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_of_another_place_opens_nothing() {
    let right = Right::make("wrong_permit").await;
    let before = everything(server(), &right.database).await;
    let planned = rows(server(), &right.database).await;
    let mut link = connect(server(), &right.database).await;
    let elsewhere = Wanted { environment: "fleet-management/development".parse().unwrap(), ..right.wanted.clone() };
    let less = Wanted { tier: Tier::Development, ..right.wanted.clone() };
    for other in [elsewhere, less] {
        let permit = permit(Kind::Reset, &other);
        let done = reset(&mut link, &order(new_id(), &permit, &right.wanted, &right.seed, &planned), |_| {}).await;
        assert_eq!(done.unwrap_err().to_string(), "the permit is for another environment or tier");
    }
    assert_eq!(everything(server(), &right.database).await, before);
    let permit = permit(Kind::Reset, &right.wanted);
    let done = reset(&mut link, &order(new_id(), &permit, &right.wanted, &right.seed, &planned), |_| {}).await;
    assert_eq!(done.unwrap().after["fuel_transactions"], 500);
}
