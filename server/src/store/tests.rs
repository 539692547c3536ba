//! Faults of a file that only the store itself can bring about: its connection is told to have no room, or not to write.

use domain::person::{UserId, UserName};
use tempfile::TempDir;

use super::*;

async fn open() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&DatabaseUrl::file(folder.path().join("x.db"))).await.unwrap();
    (folder, store)
}

/// Tells the one connection that writes something that holds until it is closed.
async fn tell_writer(store: &Store, text: &'static str) {
    let mut connection = store.inner.writer.acquire().await.unwrap();
    sqlx::query(text).fetch_all(&mut *connection).await.unwrap();
    connection.return_to_pool().await;
}

async fn add(store: &Store, number: u32) -> Result<(), StoreError> {
    let name = UserName::new(&format!("user{number}")).unwrap();
    // More than a page of the file.
    let password = Some(PasswordHash::new("x".repeat(5_000)));
    let user = NewUser { id: UserId(number.into()), name, password, identity: None, created_at: 0 };
    let mut write = store.write().await?;
    write.add_user(&user).await?;
    write.commit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_and_is_read() {
    let (_folder, store) = open().await;
    add(&store, 1).await.unwrap();
    tell_writer(&store, "pragma max_page_count = 1").await;
    let error = add(&store, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::Full(_)), "{error:?}");
    assert!(error.to_string().contains("no room left"), "{error}");
    assert_eq!(store.health(), Health::Full);
    assert_eq!(store.read().await.unwrap().count_users().await.unwrap(), 1);
    // There is room again: the connection that was told so is gone with its transaction.
    assert_eq!(store.check().await, Health::Fine);
    add(&store, 2).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_not_be_written_is_read() {
    let (_folder, store) = open().await;
    add(&store, 1).await.unwrap();
    tell_writer(&store, "pragma query_only = on").await;
    let error = add(&store, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    assert!(error.to_string().contains("can be read but not written"), "{error}");
    assert_eq!(store.health(), Health::ReadOnly);
    assert_eq!(store.read().await.unwrap().count_users().await.unwrap(), 1);
    tell_writer(&store, "pragma query_only = on").await;
    assert_eq!(store.check().await, Health::ReadOnly, "trouble is looked at by writing");
    assert_eq!(store.check().await, Health::Fine);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_on_the_disk_and_readers_cannot_write() {
    let (_folder, store) = open().await;
    let ask = async |pool: &AnyPool, text: &'static str| -> String {
        let mut connection = pool.acquire().await.unwrap();
        let row = sqlx::query(text).fetch_one(&mut *connection).await.unwrap();
        sqlx::Row::try_get::<i64, _>(&row, 0).map_or_else(|_| sqlx::Row::get(&row, 0), |number| number.to_string())
    };
    let inner = &store.inner;
    assert_eq!(ask(&inner.writer, "pragma journal_mode").await, "wal");
    assert_eq!(ask(&inner.writer, "pragma synchronous").await, "2");
    assert_eq!(ask(&inner.writer, "pragma foreign_keys").await, "1");
    assert_eq!(ask(&inner.writer, "pragma busy_timeout").await, "5000");
    assert_eq!(ask(&inner.readers, "pragma query_only").await, "1");
    let mut read = store.read().await.unwrap();
    let wrote = read.link.execute(link::sql("update probes set times = 7")).await;
    assert!(matches!(wrote, Err(StoreError::ReadOnly(_))), "{wrote:?}");
}
