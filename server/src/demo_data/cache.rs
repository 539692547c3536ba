//! The cache beside a database: keys are taken out by how they begin, one page of names after another, and never all at once: others
//! may share the Redis.

use std::time::Duration;

use domain::check::trouble::Trouble;
use domain::registry::demo_data::DemoCache;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, RedisConnectionInfo, RedisError, cmd};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::open::words;
use crate::checks::{OwnFiles, Reach, secret};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// How many names are looked through at a time.
const PAGE: u32 = 1000;

/// Why it was not cleared, in words that hold no address and no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoCache(pub String);

/// A connection, with what moves its bytes.
struct Open {
    connection: MultiplexedConnection,
    _driver: AbortOnDropHandle<()>,
}

/// Whether it answers.
pub async fn ping(reach: &Reach, own: &OwnFiles, declared: &DemoCache) -> Result<(), NoCache> {
    let mut open = open(reach, own, declared).await?;
    cmd("PING").query_async::<()>(&mut open.connection).await.map_err(|error| refused(&error))
}

/// Takes out all keys that begin with `prefix`. Says how many.
///
/// Those that are there from the beginning to the end are all found. Of rows that were read before the commit some may be written
/// meanwhile: whoever calls clears once more.
/// <https://redis.io/docs/latest/commands/scan/#scan-guarantees>
pub async fn clear(reach: &Reach, own: &OwnFiles, declared: &DemoCache, prefix: &str) -> Result<u64, NoCache> {
    let mut open = open(reach, own, declared).await?;
    let pattern = [&literal(prefix), "*"].concat();
    let mut cleared = 0;
    let mut cursor: u64 = 0;
    loop {
        let (next, keys): (u64, Vec<Vec<u8>>) = cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(&pattern)
            .arg("COUNT")
            .arg(PAGE)
            .query_async(&mut open.connection)
            .await
            .map_err(|error| refused(&error))?;
        // What was asked for is looked at once more: no other key is ever named in a command that takes keys out.
        let ours: Vec<&Vec<u8>> = keys.iter().filter(|key| key.starts_with(prefix.as_bytes())).collect();
        if !ours.is_empty() {
            let gone: u64 =
                cmd("UNLINK").arg(&ours).query_async(&mut open.connection).await.map_err(|error| refused(&error))?;
            cleared += gone;
        }
        cursor = next;
        if cursor == 0 {
            return Ok(cleared);
        }
    }
}

/// A text in which nothing stands for something else in a pattern.
fn literal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

async fn open(reach: &Reach, own: &OwnFiles, declared: &DemoCache) -> Result<Open, NoCache> {
    let of = |trouble: &Trouble| NoCache(words(trouble, "Redis"));
    let password = secret::read(own, declared.password()).await.map_err(|trouble| of(&trouble))?;
    let connected = async {
        let stream = reach.open(&declared.host, declared.port, declared.tls).await.map_err(|trouble| of(&trouble))?;
        let mut info = RedisConnectionInfo::default().set_db(i64::from(declared.database)).set_skip_set_lib_name();
        if let Some(user) = &declared.user {
            info = info.set_username(user.as_str());
        }
        if let Some(password) = &password {
            info = info.set_password(password.as_str());
        }
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(ANSWER));
        let made = MultiplexedConnection::new_with_config(&info, stream, config);
        let (connection, driver) = made.await.map_err(|error| refused(&error))?;
        Ok(Open { connection, _driver: AbortOnDropHandle::new(tokio::spawn(driver)) })
    };
    match timeout(CONNECT, connected).await {
        Ok(connected) => connected,
        Err(_) => Err(of(&Trouble::Slow(CONNECT.as_secs()))),
    }
}

/// The code of an error alone: its words may hold names of keys and addresses.
fn refused(error: &RedisError) -> NoCache {
    let words = match error.kind() {
        ErrorKind::AuthenticationFailed => "Redis refuses the credential".to_owned(),
        ErrorKind::Io => "the connection to Redis broke".to_owned(),
        _ => match error.code() {
            Some(code) => format!("Redis refuses ({})", domain::text::plain(code, 40)),
            None => "the connection to Redis broke".to_owned(),
        },
    };
    NoCache(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_stands_for_itself_in_a_pattern() {
        assert_eq!(literal("fleet:staging:"), "fleet:staging:");
        assert_eq!(literal("a*[b]?\\"), "a\\*\\[b\\]\\?\\\\");
    }
}
