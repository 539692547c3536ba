//! A fresh database for a test, and the same test for both kinds.

use std::sync::atomic::{AtomicU32, Ordering};

use domain::person::{UserId, UserName};
use server::store::{DatabaseUrl, NewUser, Store};
use sqlx::{AnyConnection, Connection as _};
use tempfile::TempDir;

use crate::postgres::Server;

/// Some instant, microseconds since 1970.
pub const NOW: i64 = 1_790_000_000_000_000;
/// Microseconds.
pub const SECOND: i64 = 1_000_000;
/// Microseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds.
pub const DAY: i64 = 24 * 60 * MINUTE;

/// An empty database.
pub struct Bench {
    /// The store, opened.
    pub store: Store,
    /// Its address, with which it can be opened again.
    pub url: DatabaseUrl,
    text: String,
    /// The folder of the file.
    _folder: Option<TempDir>,
}

impl Bench {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("sqlite:{}", folder.path().join("quarterdeck.db").display());
        Self::open(text, Some(folder)).await
    }

    pub async fn postgres() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let server = Server::shared();
        server.create_database(&name).await;
        Self::open(server.url(&name), None).await
    }

    async fn open(text: String, folder: Option<TempDir>) -> Self {
        let url: DatabaseUrl = text.parse().unwrap();
        let store = Store::open(&url).await.unwrap();
        Self { store, url, text, _folder: folder }
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.path().is_some()
    }

    /// The same database with another store.
    pub fn with(self, store: Store) -> Self {
        Self { store, ..self }
    }

    /// Its address as text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the database on the shared server.
    pub fn database(&self) -> &str {
        self.text.split(['/', '?']).find(|part| part.starts_with("test_")).unwrap()
    }

    /// The database without the store, as its owner.
    pub async fn raw(&self) -> AnyConnection {
        AnyConnection::connect(&self.text).await.unwrap()
    }

    /// Adds a person and says their id.
    pub async fn person(&self, name: &str) -> UserId {
        let user = new_user(name);
        let mut write = self.store.write().await.unwrap();
        write.add_user(&user).await.unwrap();
        write.commit().await.unwrap();
        user.id
    }
}

/// Somebody without password and identity, whose id follows from the name.
pub fn new_user(name: &str) -> NewUser {
    let id = name.bytes().fold(1, |id, byte| id * 257 + u128::from(byte));
    NewUser { id: UserId(id), name: UserName::new(name).unwrap(), password: None, identity: None, created_at: NOW }
}

/// Makes tests of functions: each once for SQLite and once for PostgreSQL.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(crate::bench::Bench::sqlite().await).await;
                }
            )+
        }
        mod postgresql {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(crate::bench::Bench::postgres().await).await;
                }
            )+
        }
    };
}
pub(crate) use on_both;
