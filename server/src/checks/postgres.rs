//! A query for the time to PostgreSQL, over a connection of its own that is closed again.

use domain::check::postgres::NoAnswer;
use domain::check::trouble::Trouble;
use domain::registry::checks::{PostgresCheck, TlsMode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Row as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::relay::Relay;
use super::secret::{self, OwnFiles};
use super::wire::{Connection, Reach, connection};

/// What a client sends to ask for TLS. <https://www.postgresql.org/docs/current/protocol-message-formats.html>
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Asks, and says what time it is there, seconds since 1970.
pub async fn ask(reach: &Reach, own: &OwnFiles, check: &PostgresCheck) -> Result<i64, NoAnswer> {
    let password = secret::read(own, check.password()).await.map_err(NoAnswer::Trouble)?;
    let stream = reach.connect(&check.host, check.port).await.map_err(NoAnswer::Trouble)?;
    let stream = secured(reach, stream, check).await.map_err(NoAnswer::Trouble)?;
    // The driver resolves names itself, and checks a certificate against the name that it resolved. So it speaks with us, and we
    // with the address and the certificate that were looked at.
    let relay = Relay::begin(stream).await.map_err(|error| NoAnswer::Trouble(connection(&error)))?;
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(relay.port)
        .username(&check.user)
        // Always given: where none is, the driver would take that of its own environment.
        .password(password.as_deref().unwrap_or_default())
        .database(&check.database)
        .ssl_mode(PgSslMode::Disable)
        .application_name("quarterdeck-check")
        .options([("statement_timeout", "4000"), ("default_transaction_read_only", "on")])
        .disable_statement_logging();
    // Of what was not let through the driver only knows that something is missing.
    time(&options).await.map_err(|error| relay.broke().map_or_else(|| no_answer(error), NoAnswer::Trouble))
}

async fn time(options: &PgConnectOptions) -> Result<i64, sqlx::Error> {
    let mut link = PgConnection::connect_with(options).await?;
    let row = sqlx::query("select extract(epoch from now())::bigint as now").fetch_one(&mut link).await?;
    let now = row.try_get("now")?;
    // What can be said of the close is of no use to anybody.
    let _ = link.close().await;
    Ok(now)
}

/// The connection with TLS, where that is wanted.
async fn secured(reach: &Reach, mut stream: TcpStream, check: &PostgresCheck) -> Result<Connection, Trouble> {
    match check.tls {
        TlsMode::Disable => return Ok(Box::new(stream)),
        TlsMode::Require | TlsMode::Verify => {}
    }
    stream.write_all(&SSL_REQUEST).await.map_err(|error| connection(&error))?;
    match stream.read_u8().await.map_err(|error| connection(&error))? {
        b'S' => reach.secure(stream, &check.host, check.tls).await,
        b'N' => Err(Trouble::Tls("it speaks no TLS, and the registry wants it".into())),
        _ => Err(Trouble::Garbled),
    }
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
