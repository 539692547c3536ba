//! A database that is gone, stopped, closed for writing or taken away while the program runs.

use std::time::Duration;

use domain::person::UserId;
use server::store::{DatabaseUrl, Health, Key, Store, StoreError};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, NOW, SECOND, new_user};
use crate::ledger::operation;
use crate::postgres::{PASSWORD, Server};

/// A database that does not answer may hold somebody up for so long.
const PATIENCE: Duration = Duration::from_secs(12);
/// For what has no promised time: a busy machine is slow.
const LONG: Duration = Duration::from_secs(60);

/// A server of its own and a store in it, with some connections open.
async fn served() -> (Server, Store) {
    let server = Server::start(true);
    server.create_database("deck").await;
    let store = Store::open(&server.url("deck").parse().unwrap()).await.unwrap();
    let (first, second) = (store.read().await.unwrap(), store.read().await.unwrap());
    drop((first, second));
    (server, store)
}

async fn add(store: &Store, name: &str) -> Result<(), StoreError> {
    let mut write = store.write().await?;
    write.add_user(&new_user(name)).await?;
    write.append(&operation(NOW, "a/b")).await?;
    write.commit().await
}

async fn count(store: &Store) -> Result<u64, StoreError> {
    store.read().await?.count_users().await
}

/// Counts as soon as the database is used again.
async fn until_counted(store: &Store) -> u64 {
    let begin = Instant::now();
    loop {
        if let Ok(count) = count(store).await {
            return count;
        }
        assert!(begin.elapsed() < LONG, "it is not used again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether it fails as it should, and soon.
async fn fails_soon<T: std::fmt::Debug>(what: &str, work: impl Future<Output = Result<T, StoreError>>) {
    let begin = Instant::now();
    let error = timeout(LONG, work).await.unwrap_or_else(|_| panic!("{what} hangs")).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{what}: {error:?}");
    assert!(
        error.to_string().contains("does not answer, so nothing can be recorded and nothing is changed"),
        "{error}"
    );
    assert!(begin.elapsed() < PATIENCE, "{what} took {:?}", begin.elapsed());
    assert!(!format!("{error} {error:?}").contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postgresql_is_noticed_and_used_again_after_its_start() {
    let (mut server, store) = served().await;
    add(&store, "kim").await.unwrap();
    server.kill();
    fails_soon("reading", count(&store)).await;
    fails_soon("writing", add(&store, "ada")).await;
    fails_soon("counting", store.count_attempt(Key::of(b"x"), NOW, SECOND)).await;
    assert_eq!(store.health(), Health::Unavailable);
    assert!(store.health().to_string().contains("does not answer"));

    // Whoever asks in the meantime is told at once.
    let begin = Instant::now();
    for _ in 0..20 {
        fails_soon("reading again", count(&store)).await;
    }
    assert!(begin.elapsed() < PATIENCE, "twenty took {:?}", begin.elapsed());

    server.run();
    assert_eq!(until_counted(&store).await, 1);
    add(&store, "ada").await.unwrap();
    assert_eq!(store.health(), Health::Fine);
    assert_eq!(store.read().await.unwrap().head().await.unwrap().seq, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_postgresql_holds_nobody_up() {
    let (server, store) = served().await;
    add(&store, "kim").await.unwrap();
    // One is in the middle of something.
    let mut read = store.read().await.unwrap();
    let mut write = store.write().await.unwrap();
    let stopped = server.stop();
    let reading = fails_soon("a read that had begun", async { read.count_users().await });
    let writing = fails_soon("a write that had begun", async { write.add_user(&new_user("eve")).await });
    let others = fails_soon("reading", count(&store));
    let more = fails_soon("writing", add(&store, "ada"));
    tokio::join!(reading, writing, others, more);
    drop((read, write));
    // All connections hang now; the next ones do not wait longer for it.
    futures::future::join_all((0..20).map(|_| fails_soon("reading again", count(&store)))).await;
    assert_eq!(store.health(), Health::Unavailable);

    drop(stopped);
    until_counted(&store).await;
    add(&store, "ada").await.unwrap();
    assert_eq!(store.health(), Health::Fine);
    assert_eq!(count(&store).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watch_sees_the_end_and_the_return_by_itself() {
    let (mut server, store) = served().await;
    let cancel = CancellationToken::new();
    let watching = tokio::spawn({
        let (store, cancel) = (store.clone(), cancel.clone());
        async move { store.watch_health(cancel).await }
    });
    let mut changes = store.health_changes();
    for expected in [Health::Unavailable, Health::Fine] {
        match expected {
            Health::Unavailable => server.kill(),
            _ => server.run(),
        }
        timeout(LONG, changes.wait_for(|health| *health == expected)).await.unwrap().unwrap();
    }
    cancel.cancel();
    timeout(LONG, watching).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_is_not_there_or_refuses_says_so_without_the_password() {
    let server = Server::start(true);
    let url = |text: String| text.parse::<DatabaseUrl>().unwrap();
    let of_others = server.url("postgres").replace("canary", "wrong");
    for (text, part) in [
        (of_others, "password authentication failed"),
        (server.url("none"), "\"none\" does not exist"),
        (server.url_of("nobody", "postgres"), "password authentication failed"),
        (server.url("postgres").replace("127.0.0.1", "quarterdeck.invalid"), ""),
    ] {
        let error = timeout(LONG, Store::open(&url(text))).await.unwrap().err().unwrap();
        let shown = format!("{error} {error:?} {:#}", anyhow::Error::from(error.clone()));
        assert!(matches!(error, StoreError::Unavailable(_)), "{shown}");
        assert!(shown.contains(part), "{shown}");
        assert!(!shown.contains("8d1f"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_closed_for_writing_is_read() {
    let bench = Bench::postgres().await;
    let kim = bench.person("kim").await;
    let database = bench.database().to_owned();
    let close = |word: &str| format!("alter database {database} set default_transaction_read_only = {word}");
    Server::shared().admin(&close("on")).await;
    let store = Store::open(&bench.url).await.unwrap();
    assert_eq!(store.check().await, Health::ReadOnly);
    assert!(matches!(add(&store, "ada").await, Err(StoreError::ReadOnly(_))));
    assert!(store.read().await.unwrap().user(kim).await.unwrap().is_some());
    assert_eq!(store.check().await, Health::ReadOnly);
    Server::shared().admin(&close("off")).await;
    let store = Store::open(&bench.url).await.unwrap();
    assert_eq!(store.check().await, Health::Fine);
    add(&store, "ada").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_taken_away_is_not_written_to() {
    let bench = Bench::sqlite().await;
    bench.person("kim").await;
    let path = bench.url.path().unwrap().to_owned();
    let away = path.with_extension("away");
    std::fs::rename(&path, &away).unwrap();
    fails_soon("writing", add(&bench.store, "ada")).await;
    assert_eq!(bench.store.check().await, Health::Unavailable);
    // Another file in its place is not ours either.
    std::fs::write(&path, "").unwrap();
    fails_soon("writing", add(&bench.store, "ada")).await;
    std::fs::rename(&away, &path).unwrap();
    assert_eq!(bench.store.check().await, Health::Fine);
    add(&bench.store, "ada").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_the_writer_too_long_is_told_so() {
    let bench = Bench::sqlite().await;
    let write = bench.store.write().await.unwrap();
    // In this process, and in another one.
    let other = Store::open(&bench.url).await.unwrap();
    let (here, there) = tokio::join!(add(&bench.store, "kim"), add(&other, "ada"));
    assert!(matches!(here, Err(StoreError::Busy(_))), "{here:?}");
    assert!(matches!(there, Err(StoreError::Busy(_))), "{there:?}");
    assert!(bench.store.health().is_fine());
    assert_eq!(count(&bench.store).await.unwrap(), 0, "readers do not wait");
    write.rollback().await.unwrap();
    add(&bench.store, "kim").await.unwrap();
    assert!(bench.store.read().await.unwrap().user(UserId(1)).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_gone_in_the_middle_of_a_write_leaves_nothing() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        for _ in 0..20 {
            let store = bench.store.clone();
            let task = tokio::spawn(async move { add(&store, "kim").await });
            tokio::task::yield_now().await;
            task.abort();
            let _ = task.await;
        }
        // What was committed in time counts whole.
        let people = count(&bench.store).await.unwrap();
        assert_eq!(bench.store.read().await.unwrap().head().await.unwrap().seq, i64::try_from(people).unwrap());
        add(&bench.store, "zoe").await.unwrap();
    }
}
