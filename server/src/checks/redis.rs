//! A `PING` to Redis, with `AUTH` before it where there is a password: the two commands of RESP that are needed.
//! <https://redis.io/docs/latest/develop/reference/protocol-spec/>

use domain::check::redis::Reply;
use domain::check::trouble::Trouble;
use domain::registry::checks::RedisCheck;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use super::secret::{self, OwnFiles};
use super::wire::{Connection, Reach, connection};

/// The longest line that is read: answers to these commands are short.
const LONGEST_LINE_BYTES: u64 = 1024;

/// Asks.
pub async fn ping(reach: &Reach, own: &OwnFiles, check: &RedisCheck) -> Result<Reply, Trouble> {
    let password = secret::read(own, check.password()).await?;
    let stream = reach.open(&check.host, check.port, check.tls).await?;
    let mut stream = BufReader::new(stream);
    if let Some(password) = &password {
        let words: Vec<&str> = ["AUTH"].into_iter().chain(check.user.as_deref()).chain([password.as_str()]).collect();
        match ask(&mut stream, &words).await? {
            Reply::Simple(word) if word == "OK" => {}
            refused => return Ok(refused),
        }
    }
    ask(&mut stream, &["PING"]).await
}

async fn ask(stream: &mut BufReader<Connection>, words: &[&str]) -> Result<Reply, Trouble> {
    stream.write_all(&command(words)).await.map_err(|error| connection(&error))?;
    stream.flush().await.map_err(|error| connection(&error))?;
    let mut line = Vec::new();
    let mut limited = (&mut *stream).take(LONGEST_LINE_BYTES);
    limited.read_until(b'\n', &mut line).await.map_err(|error| connection(&error))?;
    if line.is_empty() {
        return Err(Trouble::Connection("the connection was closed".into()));
    }
    reply(&line)
}

/// A command as an array of bulk strings, which hold anything.
fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

fn reply(line: &[u8]) -> Result<Reply, Trouble> {
    let line = line.strip_suffix(b"\r\n").ok_or(Trouble::Garbled)?;
    let text = std::str::from_utf8(line).map_err(|_| Trouble::Garbled)?;
    match text.split_at_checked(1) {
        Some(("+", word)) => Ok(Reply::Simple(word.to_owned())),
        Some(("-", error)) => Ok(Reply::Error(error.to_owned())),
        Some(_) | None => Err(Trouble::Garbled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_hold_whatever_a_password_holds() {
        assert_eq!(command(&["PING"]), b"*1\r\n$4\r\nPING\r\n");
        assert_eq!(command(&["AUTH", "a b\r\nc"]), b"*2\r\n$4\r\nAUTH\r\n$6\r\na b\r\nc\r\n");
        assert_eq!(command(&["AUTH", "ü"]), "*2\r\n$4\r\nAUTH\r\n$2\r\nü\r\n".as_bytes());
    }

    #[test]
    fn replies_are_lines_of_two_kinds_here() {
        for (line, expected) in [
            (&b"+PONG\r\n"[..], Ok(Reply::Simple("PONG".into()))),
            (b"-NOAUTH Authentication required.\r\n", Ok(Reply::Error("NOAUTH Authentication required.".into()))),
            (b"$4\r\n", Err(Trouble::Garbled)),
            (b"HTTP/1.1 400 Bad Request\r\n", Err(Trouble::Garbled)),
            (b"+PONG", Err(Trouble::Garbled)),
            (b"\r\n", Err(Trouble::Garbled)),
            (b"\xff\xfe\r\n", Err(Trouble::Garbled)),
        ] {
            assert_eq!(reply(line), expected, "{line:?}");
        }
    }
}
