//! Streams taken apart: no byte is lost, none is made up, and the chunks in which they come make no difference.

#![no_main]

use domain::log::split::{RawLine, Splitter, stamped};
use libfuzzer_sys::fuzz_target;
use quarterdeck_fuzz::{LINE_LIMIT, chunked};

fuzz_target!(|input: &[u8]| {
    let Some((stream, ends)) = chunked(input) else { return };
    let whole = lines(&stream, &[0, stream.len()]);
    assert!(lines(&stream, &ends) == whole, "the chunks make a difference");

    let mut rest = stream.as_slice();
    for (line, left_out) in &whole {
        assert!(!line.contains(&b'\n') && line.len() <= LINE_LIMIT && (*left_out == 0 || line.len() == LINE_LIMIT));
        rest = rest.strip_prefix(line.as_slice()).expect("a line holds what the stream holds");
        rest = rest.get(usize::try_from(*left_out).unwrap()..).expect("no more is left out than is there");
        rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).unwrap_or(rest);
        check_stamp(line);
    }
    assert!(rest.is_empty(), "the end is missing");
});

/// The lines of a stream whose chunks end at these places, and how much of each is left out.
fn lines(stream: &[u8], ends: &[usize]) -> Vec<(Vec<u8>, u64)> {
    let mut splitter = Splitter::default();
    let mut lines = Vec::new();
    let mut take = |line: RawLine<'_>| lines.push((line.bytes.to_vec(), line.left_out));
    for chunk in ends.windows(2) {
        splitter.feed(&stream[chunk[0]..chunk[1]], &mut take);
    }
    splitter.finish(&mut take);
    lines
}

/// A time is read as jiff reads it.
fn check_stamp(line: &[u8]) {
    let Some((at, text)) = stamped(line) else { return };
    assert!(line.ends_with(text));
    let stamp = str::from_utf8(&line[..line.len() - text.len() - 1]).expect("a stamp is ASCII");
    // Of a leap second jiff keeps the fraction, and here it is the end of the second before.
    if stamp.get(17..19) != Some("60") {
        let timestamp: jiff::Timestamp = stamp.parse().expect("what is read here is a time");
        assert_eq!(timestamp.as_nanosecond(), i128::from(at), "{stamp}");
    }
}
