//! The tables: which there should be, which there are, and how the one becomes the other.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::AnyConnection;
use sqlx::any::{AnyConnectOptions, AnyRow};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use tokio::time::timeout;

use super::error::Cause;
use super::{DatabaseUrl, StoreError};

/// Time for a first connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Time for one statement that reads what there is.
const READ: Duration = Duration::from_secs(6);
/// Time for all migrations.
const MIGRATE: Duration = Duration::from_secs(15 * 60);

macro_rules! migrations {
    ($folder:literal, $($version:literal $name:literal),+) => {
        LazyLock::new(|| Migrator::with_migrations(vec![$(Migration::new(
            $version,
            Cow::Borrowed($name),
            MigrationType::Simple,
            sqlx::SqlSafeStr::into_sql_str(include_str!(
                concat!("../../migrations/", $folder, "/", $name, ".sql")
            )),
            false,
        )),+]))
    };
}

/// In the order of their numbers. Every one has a twin below.
static SQLITE: LazyLock<Migrator> = migrations!("sqlite", 1 "0001_people_and_ledger", 2 "0002_groups_of_sessions", 3 "0003_whom_and_why", 4 "0004_operations", 5 "0005_series", 6 "0006_checks", 7 "0007_alerts", 8 "0008_autoscaler_samples", 9 "0009_demo_data");
static POSTGRES: LazyLock<Migrator> = migrations!("postgres", 1 "0001_people_and_ledger", 2 "0002_groups_of_sessions", 3 "0003_whom_and_why", 4 "0004_operations", 5 "0005_series", 6 "0006_checks", 7 "0007_alerts", 8 "0008_autoscaler_samples", 9 "0009_demo_data");

/// A migration that the database has behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) version: i64,
    pub(super) checksum: Vec<u8>,
}

/// How the database's tables stand to those of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum History {
    /// The same.
    Current,
    /// The database is newer, and says that this program may use it.
    Newer,
    /// Migrations are missing.
    Behind,
}

/// What to do about missing tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Make them.
    Migrate,
    /// Say so.
    Refuse,
}

/// Compares the database's history with ours. `oldest` is what the database says that a program must know.
pub(super) fn judge(applied: &[Applied], known: &[Migration], oldest: Option<i64>) -> Result<History, StoreError> {
    let newest = known.iter().map(|migration| migration.version).max().unwrap_or(0);
    for one in applied {
        match known.iter().find(|migration| migration.version == one.version) {
            Some(migration) if *migration.checksum == *one.checksum => {}
            None if one.version > newest => {}
            _ => {
                return Err(StoreError::schema(format!(
                    "The database was set up by another line of this program: its migration {} is not ours. It is left \
                     as it is. Use the program that made it, or another database.",
                    one.version
                )));
            }
        }
    }
    let last = applied.iter().map(|one| one.version).max().unwrap_or(0);
    let missing = known.iter().filter(|migration| applied.iter().all(|one| one.version != migration.version));
    let missing: Vec<i64> = missing.map(|migration| migration.version).collect();
    match missing.first() {
        // A gap in the middle: somebody removed a line from the list of migrations.
        Some(version) if *version < last => Err(StoreError::schema(format!(
            "The database has migration {last} and lacks migration {version}, so its tables are not known. Put a backup \
             of it back, or use another database."
        ))),
        Some(_) => Ok(History::Behind),
        None if last == newest => Ok(History::Current),
        None if oldest.is_some_and(|oldest| oldest <= newest) => Ok(History::Newer),
        None => Err(StoreError::schema(format!(
            "The database is for a newer program: it is at migration {last}, and this program knows {newest}. Use the \
             newer program."
        ))),
    }
}

/// One connection outside the pools.
pub(super) async fn connect(url: &DatabaseUrl) -> Result<AnyConnection, StoreError> {
    let options = options(url)?;
    match timeout(CONNECT, AnyConnection::connect_with(&options)).await {
        Ok(connection) => Ok(connection?),
        Err(_) => Err(StoreError::slow(CONNECT)),
    }
}

/// How connections are made. The driver does not log statements: the log is for people.
pub(super) fn options(url: &DatabaseUrl) -> Result<AnyConnectOptions, StoreError> {
    sqlx::any::install_default_drivers();
    // The parser's own error could show a part of the address.
    let options: AnyConnectOptions =
        url.secret().parse().map_err(|_| StoreError::Internal(Cause::new("the driver does not read the address")))?;
    Ok(options.disable_statement_logging())
}

/// Looks at the tables, and makes what is missing if it may.
pub(super) async fn prepare(
    connection: &mut AnyConnection,
    url: &DatabaseUrl,
    missing: Missing,
) -> Result<History, StoreError> {
    let migrator: &Migrator = if url.path().is_some() { &SQLITE } else { &POSTGRES };
    let known: Vec<Migration> = migrator.iter().cloned().collect();
    let history = look(connection, url, &known).await?;
    if history != History::Behind {
        return Ok(history);
    }
    if missing == Missing::Refuse {
        return Err(behind(url, "it was not asked to change them"));
    }
    match timeout(MIGRATE, migrate(connection, url, migrator)).await {
        Ok(Ok(())) => {}
        Ok(Err(StoreError::Schema(..))) => return Err(behind(url, "its role may not change them")),
        Ok(Err(StoreError::ReadOnly(_))) => return Err(behind(url, "the database is read-only")),
        Ok(Err(error)) => return Err(error),
        Err(_) => return Err(StoreError::slow(MIGRATE)),
    }
    look(connection, url, &known).await
}

fn behind(url: &DatabaseUrl, why: &str) -> StoreError {
    let whose =
        if url.path().is_some() { "URL" } else { "URL` with the URL of the owner of the tables; `--for-role ROLE" };
    StoreError::schema(format!(
        "The database's tables are not there yet or older than this program, and {why}. Run `quarterdeck database \
         migrate --database {whose}`."
    ))
}

async fn migrate(connection: &mut AnyConnection, url: &DatabaseUrl, migrator: &Migrator) -> Result<(), StoreError> {
    if url.path().is_some() {
        // Taken at once, so that of two programs that start together one waits for the other.
        let mut transaction = connection.begin_with("begin immediate").await?;
        migrator.run(&mut *transaction).await.map_err(of_migration)?;
        transaction.commit().await?;
    } else {
        // The migrator holds an advisory lock; whoever waits for it waits longer than a statement may take.
        sqlx::query("set statement_timeout = 0").execute(&mut *connection).await?;
        migrator.run(&mut *connection).await.map_err(of_migration)?;
    }
    Ok(())
}

fn of_migration(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        error => StoreError::Internal(Cause::new(error.to_string())),
    }
}

async fn look(connection: &mut AnyConnection, url: &DatabaseUrl, known: &[Migration]) -> Result<History, StoreError> {
    let exists = if url.path().is_some() {
        "select count(*) as found from sqlite_master where type = 'table' and name = '_sqlx_migrations'"
    } else {
        "select count(*) as found from pg_class where oid = to_regclass('_sqlx_migrations')"
    };
    let found: i64 = first(&read(connection, exists).await?, "found")?;
    let mut applied = Vec::new();
    if found > 0 {
        for row in read(connection, "select version, checksum from _sqlx_migrations order by version").await? {
            applied.push(Applied { version: row.try_get("version")?, checksum: row.try_get("checksum")? });
        }
    }
    let newest = known.iter().map(|migration| migration.version).max().unwrap_or(0);
    let oldest = if applied.iter().any(|one| one.version > newest) {
        Some(first(&read(connection, "select oldest_schema from compatibility").await?, "oldest_schema")?)
    } else {
        None
    };
    judge(&applied, known, oldest)
}

async fn read(connection: &mut AnyConnection, text: &'static str) -> Result<Vec<AnyRow>, StoreError> {
    match timeout(READ, sqlx::query(text).fetch_all(connection)).await {
        Ok(rows) => Ok(rows?),
        Err(_) => Err(StoreError::slow(READ)),
    }
}

fn first(rows: &[AnyRow], column: &'static str) -> Result<i64, StoreError> {
    let row = rows.first().ok_or_else(|| StoreError::row("there is none"))?;
    Ok(row.try_get(column)?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn applied(migrator: &Migrator) -> Vec<Applied> {
        let of = |one: &Migration| Applied { version: one.version, checksum: one.checksum.to_vec() };
        migrator.iter().map(of).collect()
    }

    /// Three migrations.
    fn known() -> Migrator {
        let one = |version, text: &'static str| {
            let text = sqlx::SqlSafeStr::into_sql_str(text);
            Migration::new(version, "x".into(), MigrationType::Simple, text, false)
        };
        Migrator::with_migrations(vec![one(1, "a"), one(2, "b"), one(3, "c")])
    }

    #[test]
    fn a_history_is_ours_or_refused() {
        let known = known();
        let ours: Vec<Migration> = known.iter().cloned().collect();
        let full = applied(&known);
        let newer = |version| [full.clone(), vec![Applied { version, checksum: vec![7] }]].concat();
        assert_eq!(judge(&[], &ours, None), Ok(History::Behind));
        assert_eq!(judge(&full[..2], &ours, None), Ok(History::Behind));
        assert_eq!(judge(&full, &ours, None), Ok(History::Current));
        assert_eq!(judge(&newer(4), &ours, Some(1)), Ok(History::Newer));
        assert_eq!(judge(&newer(4), &ours, Some(3)), Ok(History::Newer));

        let refused = |applied: &[Applied], oldest| judge(applied, &ours, oldest).unwrap_err().to_string();
        assert!(refused(&newer(4), Some(4)).contains("for a newer program: it is at migration 4"));
        assert!(refused(&newer(4), None).contains("for a newer program"));
        let mut other = full.clone();
        other[1].checksum[0] ^= 1;
        assert!(refused(&other, None).contains("its migration 2 is not ours"));
        assert!(refused(&newer(-1), None).contains("its migration -1 is not ours"));
        assert!(refused(&[full[0].clone(), full[2].clone()], None).contains("lacks migration 2"));
    }

    #[test]
    fn every_migration_has_a_twin_and_none_is_forgotten() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        for (name, migrator) in [("sqlite", &*SQLITE), ("postgres", &*POSTGRES)] {
            let mut files: Vec<String> = std::fs::read_dir(folder.join(name))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let listed: Vec<String> = migrator.iter().map(|one| format!("{}.sql", one.description)).collect();
            assert_eq!(files, listed, "{name}");
            for one in migrator.iter() {
                assert!(one.description.starts_with(&format!("{:04}_", one.version)), "{}", one.description);
            }
        }
        let names =
            |migrator: &Migrator| -> Vec<String> { migrator.iter().map(|one| one.description.to_string()).collect() };
        assert_eq!(names(&SQLITE), names(&POSTGRES));
    }
}
