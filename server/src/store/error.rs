//! What can go wrong with the database, in the few cases that a caller can treat.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// Why the store did not do what it was asked for. `Display` is a sentence for people; the source is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or does not answer in time.
    #[error(
        "The database does not answer, so nothing can be recorded and nothing is changed. It is tried again every few \
         seconds."
    )]
    Unavailable(#[source] Cause),
    /// It can be read and not written: a replica, a file or disk that is read-only.
    #[error(
        "The database can be read but not written, so nothing can be recorded and nothing is changed. Make it writable; \
         no restart is needed."
    )]
    ReadOnly(#[source] Cause),
    /// No room on its disk.
    #[error(
        "The database has no room left, so nothing can be recorded and nothing is changed. Free space on its disk; no \
         restart is needed."
    )]
    Full(#[source] Cause),
    /// Somebody else holds what is needed, for too long.
    #[error("The database is busy with other changes and this one waited too long. Nothing was changed: try again.")]
    Busy(#[source] Cause),
    /// The answer to a commit was lost: it may have been recorded, or not.
    #[error(
        "The database stopped answering while this was written down, so it is not known whether it was. Look before you \
         try again."
    )]
    Unknown(#[source] Cause),
    /// What is there already does not allow it.
    #[error("{0}")]
    Conflict(Conflict),
    /// The tables are not those that this program needs, or it may not use them. The text is our own and says what to do;
    /// what the driver said of it, if it was the driver, is for the log.
    #[error("{0}")]
    Schema(Cow<'static, str>, #[source] Option<Cause>),
    /// A fault of ours.
    #[error(
        "The database did not take a statement of this program. Nothing was changed. This is a fault of the program: its \
         log says more."
    )]
    Internal(#[source] Cause),
}

/// What is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The name is taken.
    #[error("Somebody has that name already: choose another.")]
    UserName,
    /// The issuer and subject belong to somebody.
    #[error("Somebody signs in with that identity already.")]
    Identity,
    /// The id of an operation is known: it was pressed before.
    #[error("It was sent before.")]
    Operation,
    /// Another operation is on its way for the same target.
    #[error("Something else is being done to it right now.")]
    Target,
    /// Another one.
    #[error("It is there already.")]
    Other,
}

/// What the database or the driver said: its message without its details, which can hold whole rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause(String);

impl Cause {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

impl StoreError {
    /// Whether the database itself is in trouble, for everybody.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::ReadOnly(_) | Self::Full(_) | Self::Unknown(_) => true,
            Self::Busy(_) | Self::Conflict(_) | Self::Schema(..) | Self::Internal(_) => false,
        }
    }

    /// No answer within a time.
    pub(super) fn slow(after: Duration) -> Self {
        Self::Unavailable(Cause(format!("no answer within {} s", after.as_secs())))
    }

    /// Tables that do not fit, as we found ourselves.
    pub(super) fn schema(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Schema(text.into(), None)
    }

    /// Tables that do not fit, as the driver said.
    fn unfit(text: &'static str, cause: Cause) -> Self {
        Self::Schema(text.into(), Some(cause))
    }

    /// A fault of ours, in words.
    pub(crate) fn fault(error: impl fmt::Display) -> Self {
        Self::Internal(Cause(error.to_string()))
    }

    /// A row that is not as we write it.
    pub(super) fn row(error: impl fmt::Display) -> Self {
        Self::Internal(Cause(format!("a row cannot be read: {error}")))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // `Display` of the driver's errors is a message; `Debug` also has the details.
        let cause = Cause(error.to_string());
        match error {
            sqlx::Error::Database(error) => of_database(&*error, cause),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(cause),
            _ => Self::Internal(cause),
        }
    }
}

fn of_database(error: &dyn sqlx::error::DatabaseError, cause: Cause) -> StoreError {
    let code = error.code().unwrap_or_default();
    if error.is_unique_violation() {
        return StoreError::Conflict(conflict(error));
    }
    // PostgreSQL has codes of five characters, SQLite numbers whose last byte is the kind.
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => of_sqlite(number, cause),
        _ => of_postgres(&code, cause),
    }
}

/// <https://www.sqlite.org/rescode.html>
fn of_sqlite(code: u32, cause: Cause) -> StoreError {
    /// The file was moved or deleted while it was open.
    const READONLY_DBMOVED: u32 = 1032;
    match (code, code & 0xff) {
        (READONLY_DBMOVED, _) => StoreError::Unavailable(cause),
        (_, 5 | 6) => StoreError::Busy(cause),
        (_, 3 | 8) => StoreError::ReadOnly(cause),
        (_, 13) => StoreError::Full(cause),
        (_, 10 | 14) => StoreError::Unavailable(cause),
        (_, 11 | 26) => StoreError::unfit(
            "The database file is damaged or no database. Put a copy of it back from a backup.",
            cause,
        ),
        _ => StoreError::Internal(cause),
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn of_postgres(code: &str, cause: Cause) -> StoreError {
    match code {
        "25006" => StoreError::ReadOnly(cause),
        "53100" => StoreError::Full(cause),
        // Too many connections; a statement that took too long; a lock; a deadlock; a serialization failure.
        "53300" | "57014" | "55P03" | "40P01" | "40001" => StoreError::Busy(cause),
        "42501" => StoreError::unfit(
            "The role that this program uses may not do that in the database. Run \
             `quarterdeck database migrate --for-role ROLE --database URL` with the URL of the owner.",
            cause,
        ),
        "42P01" | "42703" => StoreError::unfit(
            "The database lacks a table or column that this program needs. Run `quarterdeck database migrate`.",
            cause,
        ),
        // Connections: refused, cut, the server ending; a wrong password, role or database.
        _ if ["08", "57P", "28", "3D"].iter().any(|class| code.starts_with(class)) => StoreError::Unavailable(cause),
        _ if code.starts_with("53") || code.starts_with("58") => StoreError::Unavailable(cause),
        _ => StoreError::Internal(cause),
    }
}

/// PostgreSQL names the index, SQLite the columns in its message.
fn conflict(error: &dyn sqlx::error::DatabaseError) -> Conflict {
    let told = format!("{} {}", error.constraint().unwrap_or_default(), error.message());
    if told.contains("users_name") || told.contains("users.name") {
        Conflict::UserName
    } else if told.contains("users_identity") || told.contains("users.issuer") {
        Conflict::Identity
    } else if [
        "operations_open_target",
        "operations.open_target",
        "demo_resets_open_environment",
        "demo_resets.open_environment",
    ]
    .iter()
    .any(|name| told.contains(name))
    {
        Conflict::Target
    } else if ["operations_pkey", "operations.id", "demo_resets_pkey", "demo_resets.id"]
        .iter()
        .any(|name| told.contains(name))
    {
        Conflict::Operation
    } else {
        Conflict::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The driver's words name tables, columns and roles: they are for the log.
    #[test]
    fn what_the_driver_said_is_the_source_and_not_in_the_sentence() {
        let cause = || Cause::new("no such column: secret_column");
        for code in [5, 3, 13, 10, 11, 26, 1032, 1811] {
            let error = of_sqlite(code, cause());
            assert!(!error.to_string().contains("secret_column"), "{code}: {error}");
            assert!(std::error::Error::source(&error).unwrap().to_string().contains("secret_column"), "{code}");
        }
        for code in ["25006", "53100", "53300", "42501", "42P01", "42703", "08006", "57P01", "58000", "P0001"] {
            let error = of_postgres(code, cause());
            assert!(!error.to_string().contains("secret_column"), "{code}: {error}");
            assert!(std::error::Error::source(&error).unwrap().to_string().contains("secret_column"), "{code}");
        }
    }

    #[test]
    fn codes_become_what_a_caller_can_treat() {
        let cause = || Cause::new("x");
        for code in [8, 264, 520, 776, 3] {
            assert!(matches!(of_sqlite(code, cause()), StoreError::ReadOnly(_)), "{code}");
        }
        for code in [5, 261, 517, 6] {
            assert!(matches!(of_sqlite(code, cause()), StoreError::Busy(_)), "{code}");
        }
        for code in [10, 266, 778, 14, 1032] {
            assert!(matches!(of_sqlite(code, cause()), StoreError::Unavailable(_)), "{code}");
        }
        assert!(matches!(of_sqlite(13, cause()), StoreError::Full(_)));
        assert!(matches!(of_sqlite(26, cause()), StoreError::Schema(..)));
        assert!(matches!(of_sqlite(1811, cause()), StoreError::Internal(_)), "a trigger refused");
        for code in ["08006", "57P01", "57P03", "28P01", "3D000", "53200"] {
            assert!(matches!(of_postgres(code, cause()), StoreError::Unavailable(_)), "{code}");
        }
        for code in ["57014", "53300", "40001"] {
            assert!(matches!(of_postgres(code, cause()), StoreError::Busy(_)), "{code}");
        }
        assert!(matches!(of_postgres("53100", cause()), StoreError::Full(_)));
        assert!(matches!(of_postgres("25006", cause()), StoreError::ReadOnly(_)));
        assert!(matches!(of_postgres("42501", cause()), StoreError::Schema(..)));
        assert!(matches!(of_postgres("P0001", cause()), StoreError::Internal(_)), "a trigger refused");
    }
}
