//! The Redis of one environment, with what an application would keep in it.

use std::{net::Ipv4Addr, path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::sleep,
};

use super::{
    Place,
    processes::{Launch, Processes},
};

/// Starts it. Its settings come by its input: what it is told on the command line, everybody on this machine could read.
pub async fn start(
    program: &Path,
    place: &Place,
    port: u16,
    password: &str,
    processes: &mut Processes<'_>,
) -> Result<()> {
    let input =
        format!("port {port}\nbind 127.0.0.1\nrequirepass {password}\nsave \"\"\nappendonly no\ndaemonize no\n");
    processes.start(Launch { name: place.redis, program, arguments: vec!["-".to_owned()], input, signal: "TERM" }).await
}

/// Waits until it takes connections, and fills it. How many keys it has then.
pub async fn fill(place: &Place, port: u16, password: &str) -> Result<usize> {
    let stream = loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
            Ok(stream) => break stream,
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    };
    let mut stream = BufReader::new(stream);
    let entries = entries(place.prefix);
    let pairs = entries.iter().flat_map(|(key, value)| [&**key, value]);
    let set: Vec<&str> = ["mset"].into_iter().chain(pairs).collect();
    for words in [&["auth", password][..], &set] {
        stream.write_all(command(words).as_bytes()).await.context("sending a command")?;
        let mut answer = String::new();
        stream.read_line(&mut answer).await.context("reading an answer")?;
        if answer != "+OK\r\n" {
            bail!("it answers: {}", answer.trim());
        }
    }
    Ok(entries.len())
}

/// Keys and values: those of the environment, and those of others that share the Redis.
fn entries(prefix: &str) -> Vec<(String, String)> {
    let of = |key: String, value: String| (format!("{prefix}{key}"), value);
    let vehicles = (1..=160).map(|n| of(format!("vehicle:{n}"), format!(r#"{{"id":{n},"plate":"DC {n:07}"}}"#)));
    let drivers = (1..=80).map(|n| of(format!("driver:{n}"), format!(r#"{{"id":{n}}}"#)));
    let pages = (1..=4).flat_map(|tenant| {
        let pages = ["dashboard", "fuel", "maintenance", "work-orders", "drivers"];
        pages.map(|page| of(format!("page:{tenant}:{page}"), format!(r#"{{"tenant":{tenant}}}"#)))
    });
    let sessions = (1..=40).map(|n| (format!("sessions:{n}"), "signed in".to_owned()));
    // One letter short of the prefix.
    let near = [(format!("{}-old:vehicle:1", prefix.trim_end_matches(':')), "kept".to_owned())];
    let jobs = [("jobs:mail".to_owned(), "0".to_owned()), ("fleet:reports:weekly".to_owned(), "kept".to_owned())];
    vehicles.chain(drivers).chain(pages).chain(sessions).chain(near).chain(jobs).collect()
}

/// A command as Redis reads it: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
fn command(words: &[&str]) -> String {
    let count = words.len();
    let words: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    format!("*{count}\r\n{words}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_command_says_how_long_its_words_are_in_bytes() {
        assert_eq!(command(&["set", "é", ""]), "*3\r\n$3\r\nset\r\n$2\r\né\r\n$0\r\n\r\n");
    }

    #[test]
    fn some_hundred_keys_are_of_the_environment_and_some_of_others() {
        let entries = entries("fleet:staging:");
        let keys: BTreeSet<&str> = entries.iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys.len(), entries.len(), "none stands there twice");
        let (own, others): (Vec<&str>, Vec<&str>) = keys.iter().partition(|key| key.starts_with("fleet:staging:"));
        assert_eq!((own.len(), others.len()), (260, 43));
    }
}
