//! A query for the time to PostgreSQL, over a connection of its own that is closed again.

use domain::check::postgres::NoAnswer;
use domain::check::trouble::Trouble;
use domain::registry::checks::{PostgresCheck, TlsMode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Row as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

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
    let (port, _relay) = relay(stream).await.map_err(|error| NoAnswer::Trouble(connection(&error)))?;
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username(&check.user)
        // Always given: where none is, the driver would take that of its own environment.
        .password(password.as_deref().unwrap_or_default())
        .database(&check.database)
        .ssl_mode(PgSslMode::Disable)
        .application_name("quarterdeck-check")
        .options([("statement_timeout", "4000"), ("default_transaction_read_only", "on")])
        .disable_statement_logging();
    let mut link = PgConnection::connect_with(&options).await.map_err(no_answer)?;
    let row = sqlx::query("select extract(epoch from now())::bigint as now").fetch_one(&mut link).await;
    let now = row.and_then(|row| row.try_get("now")).map_err(no_answer)?;
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

/// A port of this machine that leads into a connection, for one client. It ends when what is returned is dropped.
async fn relay(mut stream: Connection) -> std::io::Result<(u16, AbortOnDropHandle<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let task = tokio::spawn(async move {
        if let Ok((mut client, _)) = listener.accept().await {
            // Whichever end closes: the other is told by the drop.
            let _ = copy_bidirectional(&mut client, &mut stream).await;
        }
    });
    Ok((port, AbortOnDropHandle::new(task)))
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
