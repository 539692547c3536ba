//! Connections to the PostgreSQL of somebody else: to an address that was looked at, secured as the registry says, spoken with by the
//! driver through a relay.

mod relay;

use std::time::Duration;

use domain::check::trouble::Trouble;
use domain::registry::checks::TlsMode;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub use relay::{Bounds, Relay};

use crate::checks::Reach;
use crate::checks::wire::{self, connection};

/// What a client sends to ask for TLS. <https://www.postgresql.org/docs/current/protocol-message-formats.html>
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Where a database is, and as whom.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// A host name or an address.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub tls: TlsMode,
    /// The role.
    pub user: &'a str,
    /// Its password, where it has one.
    pub password: Option<&'a str>,
    /// The database.
    pub database: &'a str,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum NoLink {
    /// Before anything was said.
    Trouble(Trouble),
    /// The server refused, or nobody understood it.
    Database(sqlx::Error),
}

/// A connection, and the way it takes.
pub struct Link {
    /// To speak with.
    pub connection: PgConnection,
    relay: Relay,
}

impl Link {
    /// Connects. `application` is what the server is told of us; `settings` hold for the session.
    ///
    /// The driver resolves names itself, and checks a certificate against the name that it resolved. So it speaks with us, and we with
    /// the address and the certificate that were looked at.
    ///
    /// # Errors
    ///
    /// Those of [`NoLink`]; nothing was asked of the server then.
    pub async fn open(
        reach: &Reach,
        place: Place<'_>,
        bounds: Bounds,
        application: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self, NoLink> {
        let stream = reach.connect(place.host, place.port).await.map_err(NoLink::Trouble)?;
        let stream = secured(reach, stream, place).await.map_err(NoLink::Trouble)?;
        let bounds = Bounds { is_trusted: place.tls == TlsMode::Verify, ..bounds };
        let relay = Relay::begin(stream, bounds).await.map_err(|error| NoLink::Trouble(connection(&error)))?;
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(relay.port)
            .username(place.user)
            // Always given: where none is, the driver would take that of its own environment.
            .password(place.password.unwrap_or_default())
            .database(place.database)
            .ssl_mode(PgSslMode::Disable)
            .application_name(application)
            .options(settings.iter().copied())
            .disable_statement_logging();
        match PgConnection::connect_with(&options).await {
            Ok(connection) => Ok(Self { connection, relay }),
            // Of what was not let through the driver only knows that something is missing.
            Err(error) => Err(relay.broke().map_or(NoLink::Database(error), NoLink::Trouble)),
        }
    }

    /// What the server said that was not let through, if anything.
    pub fn broke(&self) -> Option<Trouble> {
        self.relay.broke()
    }

    /// Ends it in order.
    pub async fn close(self) {
        // What can be said of the close is of no use to anybody, and a server that hangs is not waited for.
        let _ = timeout(Duration::from_secs(1), self.connection.close()).await;
    }
}

/// The connection with TLS, where that is wanted.
async fn secured(reach: &Reach, mut stream: TcpStream, place: Place<'_>) -> Result<wire::Connection, Trouble> {
    match place.tls {
        TlsMode::Disable => return Ok(Box::new(stream)),
        TlsMode::Require | TlsMode::Verify => {}
    }
    stream.write_all(&SSL_REQUEST).await.map_err(|error| connection(&error))?;
    match stream.read_u8().await.map_err(|error| connection(&error))? {
        b'S' => reach.secure(stream, place.host, place.tls).await,
        b'N' => Err(Trouble::Tls("it speaks no TLS, and the registry wants it".into())),
        _ => Err(Trouble::Garbled),
    }
}
