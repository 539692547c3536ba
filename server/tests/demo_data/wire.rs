//! What goes between a client and a server, as far as a test has to understand it: where a message ends, and what it says.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::tcp::OwnedReadHalf;

/// Which language is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// <https://www.postgresql.org/docs/15/protocol-message-formats.html>, without TLS.
    Postgres,
    /// <https://redis.io/docs/latest/develop/reference/protocol-spec/>
    Redis,
    /// Requests without a body.
    Http,
}

/// What a client sends.
pub struct Request {
    /// As it was sent.
    pub bytes: Vec<u8>,
    /// What it says; empty where it only carries on what another began.
    pub text: String,
    /// Whether the server acts on it: a statement that is prepared is not done yet.
    pub is_done_at_once: bool,
}

/// The messages of a client.
pub struct Requests {
    wire: Wire,
    from: BufReader<OwnedReadHalf>,
    is_first: bool,
}

impl Requests {
    /// From the beginning of a connection on.
    pub fn new(wire: Wire, from: OwnedReadHalf) -> Self {
        Self { wire, from: BufReader::new(from), is_first: true }
    }

    /// The next one; `None` when there are no more.
    pub async fn next(&mut self) -> Option<Request> {
        let is_first = std::mem::take(&mut self.is_first);
        match self.wire {
            // The first has no kind.
            Wire::Postgres if is_first => {
                let (bytes, body) = sized(&mut self.from, Vec::new()).await?;
                Some(Request { text: said(&bytes[body..]), bytes, is_done_at_once: true })
            }
            Wire::Postgres => {
                let kind = self.from.read_u8().await.ok()?;
                let (bytes, body) = sized(&mut self.from, vec![kind]).await?;
                // Parse and Query say something; Execute and Query are done.
                let text = if matches!(kind, b'P' | b'Q') { said(&bytes[body..]) } else { String::new() };
                Some(Request { text, bytes, is_done_at_once: matches!(kind, b'E' | b'Q') })
            }
            Wire::Redis => {
                let mut bytes = Vec::new();
                let parts = self.number(&mut bytes).await?;
                let mut words = Vec::new();
                for _ in 0..parts {
                    let length = self.number(&mut bytes).await?;
                    let mut word = vec![0; length + 2];
                    self.from.read_exact(&mut word).await.ok()?;
                    words.push(said(&word[..length]));
                    bytes.extend(word);
                }
                Some(Request { bytes, text: words.join(" "), is_done_at_once: true })
            }
            Wire::Http => {
                let mut bytes = Vec::new();
                while !bytes.ends_with(b"\r\n\r\n") {
                    if self.from.read_until(b'\n', &mut bytes).await.ok()? == 0 {
                        return None;
                    }
                }
                Some(Request { text: said(&bytes), bytes, is_done_at_once: true })
            }
        }
    }

    /// The number after `*` or `$`, up to the end of its line.
    async fn number(&mut self, bytes: &mut Vec<u8>) -> Option<usize> {
        let mut line = Vec::new();
        self.from.read_until(b'\n', &mut line).await.ok()?;
        let number = std::str::from_utf8(line.get(1..)?).ok()?.trim().parse().ok()?;
        bytes.extend(line);
        Some(number)
    }
}

/// A part of an answer.
pub struct Answer {
    /// As it was sent.
    pub bytes: Vec<u8>,
    /// Whether something of the client has to follow before there can be an end: a password.
    pub is_on_the_way: bool,
    /// Whether the server is done with what it was asked.
    pub is_end: bool,
}

/// The answers of a server.
pub struct Answers {
    wire: Wire,
    from: BufReader<OwnedReadHalf>,
}

impl Answers {
    /// From the beginning of a connection on.
    pub fn new(wire: Wire, from: OwnedReadHalf) -> Self {
        Self { wire, from: BufReader::new(from) }
    }

    /// The next part; `None` when there are no more.
    pub async fn next(&mut self) -> Option<Answer> {
        match self.wire {
            Wire::Postgres => {
                let kind = self.from.read_u8().await.ok()?;
                let (bytes, _) = sized(&mut self.from, vec![kind]).await?;
                // Authentication, and ReadyForQuery.
                Some(Answer { bytes, is_on_the_way: kind == b'R', is_end: kind == b'Z' })
            }
            // These answer when they are done.
            Wire::Redis | Wire::Http => {
                let bytes = self.from.fill_buf().await.ok()?.to_vec();
                self.from.consume(bytes.len());
                (!bytes.is_empty()).then_some(Answer { bytes, is_on_the_way: false, is_end: true })
            }
        }
    }
}

/// A message that begins with its length, which counts itself. Where its body begins is told as well.
async fn sized(from: &mut BufReader<OwnedReadHalf>, mut bytes: Vec<u8>) -> Option<(Vec<u8>, usize)> {
    let length = from.read_u32().await.ok()?;
    bytes.extend(length.to_be_bytes());
    let body = bytes.len();
    bytes.resize(body + usize::try_from(length).ok()?.checked_sub(4)?, 0);
    from.read_exact(&mut bytes[body..]).await.ok()?;
    Some((bytes, body))
}

/// Texts end with a zero.
fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', " ")
}
