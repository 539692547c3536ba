//! A query for the time to PostgreSQL, over a connection of its own that is closed again.

use domain::check::postgres::NoAnswer;
use domain::check::trouble::Trouble;
use domain::registry::checks::PostgresCheck;
use sqlx::{PgConnection, Row as _};

use super::secret::{self, OwnFiles};
use super::wire::{Reach, connection};
use crate::postgres::{Bounds, Link, NoLink, Place};

/// What is asked for fits into some hundred bytes.
const BOUNDS: Bounds = Bounds { longest: 64 * 1024, most: 256 * 1024, is_trusted: false };
/// What holds for the session.
const SETTINGS: [(&str, &str); 2] = [("statement_timeout", "4000"), ("default_transaction_read_only", "on")];

/// Asks, and says what time it is there, seconds since 1970.
pub async fn ask(reach: &Reach, own: &OwnFiles, check: &PostgresCheck) -> Result<i64, NoAnswer> {
    let password = secret::read(own, check.password()).await.map_err(NoAnswer::Trouble)?;
    let PostgresCheck { host, port, tls, user, database, .. } = check;
    let place = Place { host, port: *port, tls: *tls, user, password: password.as_deref(), database };
    let link = Link::open(reach, place, BOUNDS, "quarterdeck-check", &SETTINGS).await;
    let mut link = link.map_err(|error| match error {
        NoLink::Trouble(trouble) => NoAnswer::Trouble(trouble),
        NoLink::Database(error) => no_answer(error),
    })?;
    match time(&mut link.connection).await {
        Ok(now) => {
            link.close().await;
            Ok(now)
        }
        Err(error) => Err(link.broke().map_or_else(|| no_answer(error), NoAnswer::Trouble)),
    }
}

async fn time(link: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query("select extract(epoch from now())::bigint as now").fetch_one(link).await?.try_get("now")
}

/// The code of an error alone: its words may hold names, addresses and what was sent.
fn no_answer(error: sqlx::Error) -> NoAnswer {
    match error {
        sqlx::Error::Database(error) => {
            NoAnswer::Code(error.code().map_or_else(|| "without a code".to_owned(), |code| code.into_owned()))
        }
        sqlx::Error::Io(error) => NoAnswer::Trouble(connection(&error)),
        sqlx::Error::Protocol(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => {
            NoAnswer::Trouble(Trouble::Garbled)
        }
        _ => NoAnswer::Trouble(Trouble::Connection("the connection broke".into())),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_server_that_lies_about_a_length_is_no_postgresql_and_breaks_nothing() {
        for (said, expected) in [
            (&[0x52, 0, 0, 0, 0][..], Trouble::Garbled),
            (&[0x52, 0, 0, 0, 1], Trouble::Garbled),
            (&[0x44, 0x40, 0, 0, 0], Trouble::Large(64 * 1024)),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let server = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let length = stream.read_u32().await.unwrap();
                let mut startup = vec![0; usize::try_from(length).unwrap() - 4];
                stream.read_exact(&mut startup).await.unwrap();
                stream.write_all(said).await.unwrap();
                // It stays: whoever waits for the rest would wait for long.
                _ = stream.read_u8().await;
            };
            let json =
                format!(r#"{{"host": "127.0.0.1", "port": {port}, "database": "a", "user": "a", "tls": "disable"}}"#);
            let check: PostgresCheck = serde_json::from_str(&json).unwrap();
            let (reach, own) = (Reach::new(true).unwrap(), OwnFiles::default());
            let (_, answer) = tokio::join!(server, ask(&reach, &own, &check));
            assert_eq!(answer, Err(NoAnswer::Trouble(expected)), "{said:?}");
        }
    }
}
