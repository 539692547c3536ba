//! Opening: tables are made, known again, or refused.

use server::store::{Store, StoreError};
use sqlx::Executor as _;

use crate::bench::{Bench, on_both};

on_both!(
    a_database_is_opened_again_and_keeps_what_it_has,
    programs_that_start_together_make_the_tables_once,
    a_newer_database_that_only_grew_is_served,
    a_database_that_left_this_program_behind_is_refused,
    a_database_of_another_line_is_refused,
    a_database_that_lacks_tables_is_not_changed_by_who_only_looks,
);

async fn a_database_is_opened_again_and_keeps_what_it_has(bench: Bench) {
    let kim = bench.person("kim").await;
    bench.store.close().await;
    for store in [Store::open(&bench.url).await.unwrap(), Store::inspect(&bench.url).await.unwrap()] {
        assert!(store.read().await.unwrap().user(kim).await.unwrap().is_some());
    }
}

async fn programs_that_start_together_make_the_tables_once(bench: Bench) {
    drop_everything(&bench).await;
    let opened = futures::future::join_all((0..4).map(|_| Store::open(&bench.url))).await;
    for store in opened {
        assert_eq!(store.unwrap().read().await.unwrap().count_users().await.unwrap(), 0);
    }
}

/// The database of before the first start.
async fn drop_everything(bench: &Bench) {
    bench.store.close().await;
    match bench.url.path() {
        Some(path) => {
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{end}", path.display()));
            }
        }
        None => {
            let mut raw = bench.raw().await;
            raw.execute("drop schema public cascade").await.unwrap();
            raw.execute("create schema public").await.unwrap();
        }
    }
}

/// Writes a migration into the list that this program does not know.
async fn as_if_migrated(bench: &Bench, version: i64) {
    let checksum = if bench.is_sqlite() { "x'00'" } else { "'\\x00'" };
    let text = format!(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         values ({version}, 'x', true, {checksum}, 1)"
    );
    bench.raw().await.execute(sqlx::AssertSqlSafe(text)).await.unwrap();
}

async fn a_newer_database_that_only_grew_is_served(bench: Bench) {
    as_if_migrated(&bench, 9_000).await;
    bench.raw().await.execute("alter table users add column shoe_size integer").await.unwrap();
    let store = Store::open(&bench.url).await.unwrap();
    let again = bench.with(store);
    again.person("kim").await;
}

async fn a_database_that_left_this_program_behind_is_refused(bench: Bench) {
    as_if_migrated(&bench, 9_000).await;
    bench.raw().await.execute("update compatibility set oldest_schema = 9000").await.unwrap();
    let error = Store::open(&bench.url).await.err().unwrap();
    assert!(matches!(&error, StoreError::Schema(text, _) if text.contains("for a newer program")), "{error}");
}

async fn a_database_of_another_line_is_refused(bench: Bench) {
    let text = if bench.is_sqlite() { "x'00'" } else { "'\\x00'" };
    let text = format!("update _sqlx_migrations set checksum = {text} where version = 1");
    bench.raw().await.execute(sqlx::AssertSqlSafe(text)).await.unwrap();
    for error in [Store::open(&bench.url).await.err().unwrap(), Store::inspect(&bench.url).await.err().unwrap()] {
        assert!(
            matches!(&error, StoreError::Schema(text, _) if text.contains("its migration 1 is not ours")),
            "{error}"
        );
    }
}

async fn a_database_that_lacks_tables_is_not_changed_by_who_only_looks(bench: Bench) {
    drop_everything(&bench).await;
    let error = Store::inspect(&bench.url).await.err().unwrap();
    let expected = if bench.is_sqlite() { "There is no database at" } else { "quarterdeck database migrate" };
    assert!(matches!(&error, StoreError::Schema(text, _) if text.contains(expected)), "{error}");
    let left = bench.url.path().map(std::path::Path::exists);
    assert_ne!(left, Some(true));
}

#[tokio::test]
async fn a_new_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/quarterdeck.db");
    let store = Store::open(&server::store::DatabaseUrl::file(&path)).await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for end in ["", "-wal", "-shm"] {
        // The last two are there while it is open.
        let _ = store.read().await.unwrap().count_users().await.unwrap();
        assert_eq!(mode(std::path::Path::new(&format!("{}{end}", path.display()))), 0o600, "{end}");
    }
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&folder.path().join("a")), 0o700);
}

#[tokio::test]
async fn what_is_no_database_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "Dear database, ".repeat(100)).unwrap();
    let error = Store::open(&server::store::DatabaseUrl::file(&path)).await.err().unwrap();
    assert!(matches!(&error, StoreError::Schema(text, _) if text.contains("damaged or no database")), "{error}");
    let error = Store::open(&server::store::DatabaseUrl::file(folder.path())).await.err().unwrap();
    assert!(matches!(&error, StoreError::Schema(text, _) if text.contains("is no file")), "{error}");
    let missing = server::store::DatabaseUrl::file(folder.path().join("none.db"));
    let error = Store::inspect(&missing).await.err().unwrap();
    assert!(error.to_string().contains("There is no database at"), "{error}");
}
