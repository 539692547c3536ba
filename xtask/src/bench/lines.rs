//! Writes the log of a container as its node does, at a steady rate: the load under which following is measured.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use serde_json::json;

/// How long a line is that a container writes, in bytes.
const LENGTH: usize = 120;
/// How often lines are written: what a person cannot tell from at once.
const BEAT: Duration = Duration::from_millis(2);

/// What is written.
#[derive(clap::Args)]
pub struct Arguments {
    /// The log's file. It must be there.
    #[arg(long)]
    file: PathBuf,
    /// Lines per second.
    #[arg(long)]
    rate: u32,
    /// For how long, in seconds.
    #[arg(long)]
    seconds: u32,
}

/// Writes, and says in the end how many lines that were and in which time. Lines are numbered from 0 and say when they were written.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { file, rate, seconds } = arguments;
    let mut log = OpenOptions::new().append(true).open(file).with_context(|| format!("opening {}", file.display()))?;
    let start = Instant::now();
    let (mut number, whole) = (0, u64::from(*rate) * u64::from(*seconds));
    let mut text = Vec::new();
    while number < whole {
        let due = (start.elapsed().as_secs_f64() * f64::from(*rate)) as u64;
        text.clear();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock")?;
        // Whole ones, so that what is added below stays within a second.
        let now = Duration::from_millis(now.as_millis().try_into()?);
        let second = second(now)?;
        // No two have the same stamp, as on a node.
        for (number, place) in (number..due.min(whole)).zip(0..) {
            line(&mut text, &second, now + Duration::from_nanos(place), number).context("writing a line")?;
        }
        number = number.max(due.min(whole));
        log.write_all(&text).with_context(|| format!("writing {}", file.display()))?;
        sleep(BEAT);
    }
    println!("{}", json!({"lines": number, "seconds": start.elapsed().as_secs_f64()}));
    Ok(())
}

/// A line as a node writes it: <https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md>. `second` is
/// its time without the part of a second.
fn line(into: &mut Vec<u8>, second: &str, now: Duration, number: u64) -> io::Result<()> {
    write!(into, "{second}.{:09}Z stdout F ", now.subsec_nanos())?;
    let begun = into.len();
    write!(into, "number {number} at {} ", now.as_millis())?;
    into.resize(begun + LENGTH, b'.');
    into.push(b'\n');
    Ok(())
}

fn second(now: Duration) -> Result<String> {
    Ok(jiff::Timestamp::from_second(now.as_secs().try_into()?)?.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_it_was_written_and_is_as_long_as_all_others() {
        let mut text = Vec::new();
        let now = Duration::from_millis(1_700_000_000_007);
        line(&mut text, &second(now).unwrap(), now, 3_000_000).unwrap();
        let text = String::from_utf8(text).unwrap();
        let (head, said) = text.split_once(" stdout F ").unwrap();
        assert_eq!(head, "2023-11-14T22:13:20.007000000Z");
        assert!(said.starts_with("number 3000000 at 1700000000007 ...."), "{said}");
        assert_eq!(said.len(), LENGTH + 1);
    }
}
