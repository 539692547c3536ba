//! The whole way from bytes to entries: no line is lost, and all that comes out is safe to show.

#![no_main]

use std::sync::{Arc, LazyLock};

use domain::log::split::{RawLine, Splitter, stamped};
use domain::log::trace::MOST_LINES;
use domain::log::view::LogLine;
use domain::registry::LogMask;
use libfuzzer_sys::fuzz_target;
use quarterdeck_fuzz::entries::{Entries, Entry};
use quarterdeck_fuzz::mask::OwnMasks;
use quarterdeck_fuzz::{LINE_LIMIT, SECRET, assert_shown, chunked};

/// The most spans of a line, which the reader promises.
const MOST_SPANS: usize = 200;
/// How many times as long a line becomes at most: a letter is a picture of three bytes, and what is masked no more than twice as long.
const GROWTH: usize = 6;

/// What only a mask of the registry knows.
const OWN: &str = "CUST-123456";
static MASKS: LazyLock<Arc<OwnMasks>> = LazyLock::new(|| {
    let mask = LogMask { name: "customer number".into(), pattern: "CUST-[0-9]{6}".into() };
    Arc::new(OwnMasks::new(&[mask]).expect("it is a pattern"))
});

fuzz_target!(|input: &[u8]| {
    let Some((stream, ends)) = chunked(input) else { return };
    let entries = read(&stream, &ends, false);
    assert!(read(&stream, &[0, stream.len()], false) == entries, "the chunks make a difference");
    assert_eq!(of_log(&entries), count(&stream), "a line is missing");
    // Of an entry that has as many lines as it may what is more stands in the last one: with a pause it is another.
    let is_full = entries.iter().any(|entry| entry.lines.len() >= MOST_LINES);
    let lines = alone(entries);
    assert!(is_full || alone(read(&stream, &ends, true)) == lines, "a pause makes a difference");

    if !contains(&stream, SECRET) {
        let (before, after) = stream.split_at(stream.len() / 2);
        let planted = [b"1970-01-01T00:00:01Z ", before, b" DB_PASSWORD=", SECRET.as_bytes(), b" ", after].concat();
        for line in alone(read(&planted, &[0, planted.len()], false)) {
            assert!(!line.text.contains(SECRET), "{}", line.text);
        }
        let planted = [b"1970-01-01T00:00:01Z ", before, OWN.as_bytes(), after].concat();
        for line in alone(read(&planted, &[0, planted.len()], false)) {
            assert!(!line.text.contains(OWN), "{}", line.text);
        }
    }
});

/// The entries of a stream whose chunks end at these places, perhaps with a pause behind each.
fn read(stream: &[u8], ends: &[usize], pauses: bool) -> Vec<Entry> {
    let mut entries = Entries::new(0, MASKS.clone());
    let mut all = Vec::new();
    for chunk in ends.windows(2) {
        entries.feed(&stream[chunk[0]..chunk[1]], &mut |entry| all.push(entry));
        if pauses {
            entries.pause(&mut |entry| all.push(entry));
            assert!(!entries.is_open());
        }
    }
    entries.finish(&mut |entry| all.push(entry));
    all.iter().for_each(check);
    assert_eq!(of_log(&all), entries.read() as usize);
    all
}

fn check(Entry { lines, worst, times, .. }: &Entry) {
    assert!(!times.is_empty() && lines.len() >= times.len() && lines.len() < MOST_LINES + times.len(), "{} lines", lines.len());
    assert_eq!(lines.iter().map(|line| line.level).max(), Some(*worst));
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line.continues, index > 0, "where an entry begins");
        assert_shown(&line.text, &line.spans);
        assert!(line.spans.len() <= MOST_SPANS, "{} spans", line.spans.len());
        assert!(line.text.len() <= LINE_LIMIT * GROWTH, "{} bytes", line.text.len());
    }
}

/// How many lines of the log entries are: one that is structured may have several on the page.
fn of_log(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.times.len()).sum()
}

/// The lines of entries, whichever of them they belong to.
fn alone(entries: Vec<Entry>) -> Vec<LogLine> {
    let lines = entries.into_iter().flat_map(|entry| entry.lines);
    lines.map(|line| LogLine { continues: false, ..line }).collect()
}

/// How many lines there are from the first one on that has a time.
fn count(stream: &[u8]) -> usize {
    let mut splitter = Splitter::default();
    let mut count = 0;
    let mut take = |line: RawLine<'_>| count += usize::from(count > 0 || stamped(line.bytes).is_some());
    splitter.feed(stream, &mut take);
    splitter.finish(&mut take);
    count
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
