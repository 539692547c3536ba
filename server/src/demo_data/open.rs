//! A connection to the database of an environment's demo data.

use std::time::Duration;

use domain::check::trouble::Trouble;
use domain::registry::demo_data::DemoDatabase;
use tokio::time::timeout;

use crate::checks::{OwnFiles, Reach, secret};
use crate::postgres::{Bounds, Link, NoLink, Place};

/// The name by which the database knows us.
pub(super) const APPLICATION: &str = "quarterdeck-demo-data";
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// What is read are counts and the names of a few hundred people.
const BOUNDS: Bounds = Bounds { longest: 1024 * 1024, most: 64 * 1024 * 1024, is_trusted: false };
/// What holds for the session, whatever the role or the database says.
const SETTINGS: [(&str, &str); 7] = [
    // Whoever is gone in the middle of a transaction gives its locks back, and the server notices at a statement that takes long.
    // <https://www.postgresql.org/docs/15/runtime-config-connection.html>
    ("idle_in_transaction_session_timeout", "30000"),
    ("client_connection_check_interval", "2000"),
    // Rows that a policy hides would be emptied without having been counted or kept: then it is refused.
    ("row_security", "off"),
    // What is committed while the tables are waited for is counted and kept too.
    ("default_transaction_isolation", "read committed"),
    // What was told as done is there after a crash of the server.
    ("synchronous_commit", "on"),
    // What triggers say may hold anything, and is not for our log.
    ("client_min_messages", "error"),
    ("datestyle", "ISO"),
];

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDatabase {
    /// Before anything was said.
    #[error("{0}")]
    Trouble(String),
    /// The server refused, with a code.
    /// <https://www.postgresql.org/docs/15/errcodes-appendix.html>
    #[error("it refuses the connection ({0})")]
    Refused(String),
}

/// A sentence without its end, so that it can be a part of one.
pub(super) fn words(trouble: &Trouble, whom: &str) -> String {
    trouble.verdict(whom).sentence.trim_end_matches('.').to_owned()
}

/// Connects.
///
/// # Errors
///
/// Those of [`NoDatabase`], in words that hold no address and no secret.
pub async fn database(reach: &Reach, own: &OwnFiles, declared: &DemoDatabase) -> Result<Link, NoDatabase> {
    let of = |trouble: &Trouble| NoDatabase::Trouble(words(trouble, "it"));
    let password = secret::read(own, declared.password()).await.map_err(|trouble| of(&trouble))?;
    let DemoDatabase { host, port, database, user, tls, .. } = declared;
    let place = Place { host, port: *port, tls: *tls, user, password: password.as_deref(), database };
    match timeout(CONNECT, Link::open(reach, place, BOUNDS, APPLICATION, &SETTINGS)).await {
        Ok(Ok(link)) => Ok(link),
        Ok(Err(NoLink::Trouble(trouble))) => Err(of(&trouble)),
        Ok(Err(NoLink::Database(sqlx::Error::Database(error)))) => {
            Err(NoDatabase::Refused(error.code().map_or_else(|| "without a code".to_owned(), |code| code.into_owned())))
        }
        Ok(Err(NoLink::Database(_))) => Err(NoDatabase::Trouble("the connection broke".to_owned())),
        Err(_) => Err(of(&Trouble::Slow(CONNECT.as_secs()))),
    }
}
