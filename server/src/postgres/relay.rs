//! A port of this machine that leads to a PostgreSQL, and lets nothing through that the driver could not stand.
//!
//! The driver trusts the lengths that a server announces: of one that is too short it reads beyond the end and panics, and for one
//! that is long it takes as much memory. <https://www.postgresql.org/docs/current/protocol-message-formats.html>

use std::io;
use std::sync::{Arc, OnceLock};

use domain::check::trouble::Trouble;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy, split};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::checks::wire::Connection;

/// How much a server may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The longest message, in bytes.
    pub longest: usize,
    /// All messages of a connection, in bytes.
    pub most: usize,
    /// Whether the server may ask for the password as it is: where its certificate says who it is.
    pub is_trusted: bool,
}

/// A message about signing in.
const AUTHENTICATION: u8 = b'R';
/// That the password is to be sent as it is.
const CLEARTEXT: [u8; 4] = [0, 0, 0, 3];
/// A length counts itself.
const LENGTH_BYTES: usize = 4;

/// A way to a server, for one client. It ends when it is dropped.
pub struct Relay {
    /// The port of this machine.
    pub port: u16,
    broke: Arc<OnceLock<Trouble>>,
    _task: AbortOnDropHandle<()>,
}

impl Relay {
    /// Leads into a connection, on which the server speaks next and in messages.
    ///
    /// # Errors
    ///
    /// Where no port is free.
    pub async fn begin(stream: Connection, bounds: Bounds) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let broke = Arc::new(OnceLock::new());
        let found = broke.clone();
        let task = tokio::spawn(async move {
            let Ok((client, _)) = listener.accept().await else { return };
            // Messages are short and waited for: held back, each would cost 40 ms.
            _ = client.set_nodelay(true);
            let (mut from_client, mut to_client) = client.into_split();
            let (from_server, mut to_server) = split(stream);
            tokio::select! {
                ended = messages(from_server, &mut to_client, bounds) => {
                    if let Err(trouble) = ended {
                        _ = found.set(trouble);
                    }
                }
                // The client has what it wanted, and says so to the server.
                _ = copy(&mut from_client, &mut to_server) => {
                    _ = to_server.shutdown().await;
                }
            }
        });
        Ok(Self { port, broke, _task: AbortOnDropHandle::new(task) })
    }

    /// What the server said that was not let through, if anything.
    pub fn broke(&self) -> Option<Trouble> {
        self.broke.get().cloned()
    }
}

/// Lets whole messages through until the server closes. What it leaves unfinished the client misses by itself.
async fn messages(
    mut server: impl AsyncRead + Unpin,
    client: &mut (impl AsyncWrite + Unpin),
    Bounds { longest, most, is_trusted }: Bounds,
) -> Result<(), Trouble> {
    let mut message = Vec::new();
    let mut left = most;
    loop {
        let Ok(kind) = server.read_u8().await else { return Ok(()) };
        let Ok(length) = server.read_u32().await else { return Ok(()) };
        // One with the highest bit set is negative to the driver.
        let length_bytes = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(body_bytes) = length_bytes.checked_sub(LENGTH_BYTES) else { return Err(Trouble::Garbled) };
        if length_bytes > longest {
            return Err(Trouble::Large(longest));
        }
        left = left.checked_sub(length_bytes.saturating_add(1)).ok_or(Trouble::Large(most))?;
        message.clear();
        message.push(kind);
        message.extend_from_slice(&length.to_be_bytes());
        let head_bytes = message.len();
        message.resize(head_bytes.saturating_add(body_bytes), 0);
        let Some(body) = message.get_mut(head_bytes..) else { return Ok(()) };
        let read = server.read_exact(body).await;
        if !is_trusted && kind == AUTHENTICATION && *body == CLEARTEXT {
            return Err(Trouble::Tls("it asks for the password as it is, and nobody knows who it is".into()));
        }
        if read.is_err() || client.write_all(&message).await.is_err() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST_BYTES: usize = 64 * 1024;
    const MOST_BYTES: usize = 256 * 1024;

    /// What gets through of what a server says, and what did not.
    async fn through(said: &[u8]) -> (Vec<u8>, Result<(), Trouble>) {
        let mut heard = Vec::new();
        let ended =
            messages(said, &mut heard, Bounds { longest: LONGEST_BYTES, most: MOST_BYTES, is_trusted: false }).await;
        (heard, ended)
    }

    #[tokio::test]
    async fn whole_messages_of_a_fair_length_get_through_and_nothing_else() {
        let message = |kind: u8, body: &[u8]| {
            let length = u32::try_from(body.len() + LENGTH_BYTES).unwrap();
            [&[kind][..], &length.to_be_bytes(), body].concat()
        };
        let (ready, fine) = (message(b'Z', b"I"), message(b'R', &[0, 0, 0, 0]));
        let longest = message(b'D', &vec![7; LONGEST_BYTES - LENGTH_BYTES]);
        let both = [&fine[..], &ready].concat();
        assert_eq!(through(&both).await, (both.clone(), Ok(())));
        assert_eq!(through(&longest).await, (longest.clone(), Ok(())));
        for (after, trouble) in [
            (&[0x52, 0, 0, 0, 0][..], Trouble::Garbled),
            (&[0x52, 0, 0, 0, 3], Trouble::Garbled),
            (&[0x52, 0, 1, 0, 1], Trouble::Large(LONGEST_BYTES)),
            (&[0x44, 0x40, 0, 0, 0], Trouble::Large(LONGEST_BYTES)),
            (&[0x44, 0xff, 0xff, 0xff, 0xff], Trouble::Large(LONGEST_BYTES)),
            (&longest.repeat(5), Trouble::Large(MOST_BYTES)),
            (
                &message(b'R', &CLEARTEXT),
                Trouble::Tls("it asks for the password as it is, and nobody knows who it is".into()),
            ),
        ] {
            let (heard, ended) = through(&[&fine[..], after].concat()).await;
            assert!(heard.starts_with(&fine) && heard.len() <= MOST_BYTES, "{ended:?}");
            assert_eq!(ended, Err(trouble));
        }
        // One that breaks off is not begun.
        assert_eq!(through(&both[..both.len() - 1]).await, (fine, Ok(())));
    }
}
