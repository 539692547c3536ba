use jiff::Timestamp;
use jiff::tz::Offset;
use proptest::prelude::*;

use super::*;

/// What a stream is taken apart into: the lines, and how much of each is left out.
fn lines<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<(Vec<u8>, u64)> {
    let mut splitter = Splitter::default();
    let mut lines = Vec::new();
    let mut take = |line: RawLine<'_>| lines.push((line.bytes.to_vec(), line.left_out));
    for chunk in chunks {
        splitter.feed(chunk, &mut take);
        assert!(splitter.kept.len() <= LINE_LIMIT);
    }
    splitter.finish(&mut take);
    lines
}

/// The same, without any thought of chunks or memory.
fn simple(stream: &[u8]) -> Vec<(Vec<u8>, u64)> {
    let mut pieces: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    let open = pieces.pop().unwrap();
    let closed = pieces.into_iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    closed
        .chain((!open.is_empty()).then_some(open))
        .map(|line| (line[..line.len().min(LINE_LIMIT)].to_vec(), line.len().saturating_sub(LINE_LIMIT) as u64))
        .collect()
}

#[test]
fn a_stream_comes_apart_at_its_line_breaks() {
    for (chunks, expected) in [
        (vec![], vec![]),
        (vec![""], vec![]),
        (vec!["\n"], vec![""]),
        (vec!["one\ntwo\n"], vec!["one", "two"]),
        (vec!["one\n\n\ntwo"], vec!["one", "", "", "two"]),
        (vec!["o", "", "ne", "\n", "\ntwo"], vec!["one", "", "two"]),
        (vec!["one\r\ntwo\r", "\nthree\r\r\n"], vec!["one", "two", "three\r"]),
        (vec!["\r\n\r", "\n"], vec!["", ""]),
        // No line break follows, so it stands for something else.
        (vec!["10%\r20%\r"], vec!["10%\r20%\r"]),
        (vec!["\r"], vec!["\r"]),
        (vec!["\r", "x\n"], vec!["\rx"]),
    ] {
        let found = lines(chunks.iter().map(|chunk| chunk.as_bytes()));
        let expected: Vec<(Vec<u8>, u64)> = expected.into_iter().map(|line| (line.into(), 0)).collect();
        assert_eq!(found, expected, "{chunks:?}");
    }
}

#[test]
fn what_is_left_out_of_a_long_line_is_counted() {
    for (length, end, left_out) in [
        (LINE_LIMIT - 1, "\n", 0),
        (LINE_LIMIT - 1, "\r\n", 0),
        (LINE_LIMIT, "\n", 0),
        (LINE_LIMIT, "\r\n", 0),
        (LINE_LIMIT, "", 0),
        (LINE_LIMIT, "\r", 1),
        (LINE_LIMIT + 1, "\n", 1),
        (LINE_LIMIT + 1, "\r\n", 1),
        (LINE_LIMIT * 3, "\r\n", LINE_LIMIT as u64 * 2),
    ] {
        let mut stream = vec![b'x'; length];
        stream.extend_from_slice(end.as_bytes());
        stream.extend_from_slice(b"next");
        stream.truncate(if end.ends_with('\n') { stream.len() } else { length + end.len() });
        let mut expected = vec![(vec![b'x'; length.min(LINE_LIMIT)], left_out)];
        expected.extend(end.ends_with('\n').then(|| (b"next".to_vec(), 0)));
        for size in [1, 1000, LINE_LIMIT, LINE_LIMIT + 1, stream.len()] {
            assert!(lines(stream.chunks(size)) == expected, "{length} and {end:?} in chunks of {size}");
        }
    }
}

#[test]
fn an_endless_line_takes_no_more_memory_than_the_limit() {
    let chunk = vec![b'x'; 8 * 1024 * 1024];
    let mut splitter = Splitter::default();
    for _ in 0..50 {
        splitter.feed(&chunk, &mut |_| panic!("no line ended"));
        assert!(splitter.kept.capacity() <= LINE_LIMIT * 2);
    }
    let mut left_out = 0;
    splitter.feed(b"\n", &mut |line| left_out = line.left_out);
    assert_eq!(left_out, 50 * chunk.len() as u64 - LINE_LIMIT as u64);
}

#[test]
fn a_line_within_a_chunk_is_not_copied() {
    let chunk = b"one\ntwo\n";
    let mut starts = Vec::new();
    Splitter::default().feed(chunk, &mut |line| starts.push(line.bytes.as_ptr()));
    assert_eq!(starts, [chunk.as_ptr(), chunk[4..].as_ptr()]);
}

proptest! {
    #[test]
    fn chunks_make_no_difference(
        pieces in prop::collection::vec(prop_oneof![
            4 => prop::sample::select(vec!["\n", "\r", "\r\n", "text", "x", "é"]).prop_map(|text| text.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..20),
        ], 0..30),
        // Around the limit, where a return may be the first byte that is not kept.
        long in prop::option::weighted(0.3, (0usize..30, LINE_LIMIT - 8..LINE_LIMIT + 8)),
        sizes in prop::collection::vec(prop_oneof![8 => 0usize..9, 2 => LINE_LIMIT - 9..LINE_LIMIT + 9], 1..20),
    ) {
        let mut pieces = pieces;
        if let Some((index, length)) = long {
            pieces.insert(index.min(pieces.len()), vec![b'y'; length]);
        }
        let stream = pieces.concat();
        let (mut rest, mut chunks) = (stream.as_slice(), Vec::new());
        for size in &sizes {
            let (chunk, after) = rest.split_at((*size).min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        chunks.push(rest);
        let expected = simple(&stream);
        prop_assert!(lines(chunks) == expected);
        prop_assert!(lines([stream.as_slice()]) == expected);
    }
}

#[test]
fn the_stamp_of_a_line_is_read_and_nothing_like_it() {
    let noon = 1_767_268_800_000_000_000;
    for (line, expected) in [
        ("2026-01-01T12:00:00Z text", Some((noon, "text"))),
        ("2026-01-01T12:00:00.123456789Z text", Some((noon + 123_456_789, "text"))),
        ("2026-01-01T12:00:00.5Z  text", Some((noon + 500_000_000, " text"))),
        ("2026-01-01T12:00:00.000000001Z ", Some((noon + 1, ""))),
        ("2026-01-01T14:00:00+02:00 text", Some((noon, "text"))),
        ("2026-01-01T02:30:00.1-09:30 text", Some((noon + 100_000_000, "text"))),
        ("2026-01-01T12:00:00-00:00 text", Some((noon, "text"))),
        ("2026-01-01T12:00:00Z 2026-01-01T12:00:00Z text", Some((noon, "2026-01-01T12:00:00Z text"))),
        ("1970-01-01T00:00:00Z ", Some((0, ""))),
        ("1970-01-01T00:00:00+00:01 ", Some((-60_000_000_000, ""))),
        ("2262-04-11T23:47:16.854775807Z ", Some((i64::MAX, ""))),
        ("2262-04-11T23:47:16.854775808Z ", None),
        ("2262-12-31T23:59:59Z ", None),
        ("2263-01-01T00:00:00Z ", None),
        ("1969-12-31T23:59:59Z ", None),
        // Leap seconds and leap years.
        ("2016-12-31T23:59:60Z x", Some((1_483_228_799_999_999_999, "x"))),
        ("2016-12-31T23:59:60.25Z x", Some((1_483_228_799_999_999_999, "x"))),
        ("2016-12-31T23:59:61Z x", None),
        ("2000-02-29T00:00:00Z x", Some((951_782_400_000_000_000, "x"))),
        ("2024-02-29T00:00:00Z x", Some((1_709_164_800_000_000_000, "x"))),
        ("2023-02-29T00:00:00Z x", None),
        ("2100-02-29T00:00:00Z x", None),
        ("2026-02-31T00:00:00Z x", None),
        ("2026-04-31T00:00:00Z x", None),
        ("2026-00-01T00:00:00Z x", None),
        ("2026-13-01T00:00:00Z x", None),
        ("2026-01-00T00:00:00Z x", None),
        ("2026-01-01T24:00:00Z x", None),
        ("2026-01-01T00:60:00Z x", None),
        // Other ways to write a time, and what is none.
        ("2026-01-01T12:00:00Z", None),
        ("2026-01-01T12:00:00Z\ttext", None),
        ("2026-01-01T12:00:00 text", None),
        ("2026-01-01T12:00:00.Z text", None),
        ("2026-01-01T12:00:00.1234567890Z text", None),
        ("2026-01-01T12:00:00,5Z text", None),
        ("2026-01-01 12:00:00Z text", None),
        ("2026-01-01t12:00:00z text", None),
        ("2026-01-01T12:00:00+0200 text", None),
        ("2026-01-01T12:00:00+24:00 text", None),
        ("2026-01-01T12:00:00+02:60 text", None),
        ("2026-01-01T12:00:00+02 text", None),
        (" 2026-01-01T12:00:00Z text", None),
        ("+026-01-01T12:00:00Z text", None),
        ("2026-0١-01T12:00:00Z text", None),
        ("2026-01-01T12:00", None),
        ("", None),
    ] {
        let expected = expected.map(|(nanos, text)| (nanos, text.as_bytes()));
        assert_eq!(stamped(line.as_bytes()), expected, "{line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn every_moment_is_read_as_jiff_writes_it(
        nanos in prop_oneof![0..i64::MAX, (0..i64::MAX / 1_000_000).prop_map(|millis| millis * 1_000_000)],
        minutes in prop::option::of(-1439i32..1440),
        text in "\\PC{0,10}",
    ) {
        let timestamp = Timestamp::from_nanosecond(i128::from(nanos)).unwrap();
        let stamp = match minutes {
            Some(minutes) => timestamp.display_with_offset(Offset::from_seconds(minutes * 60).unwrap()).to_string(),
            None => timestamp.to_string(),
        };
        let line = format!("{stamp} {text}");
        let expected = (!stamp.starts_with("1969")).then_some((nanos, text.as_bytes()));
        prop_assert_eq!(stamped(line.as_bytes()), expected, "{}", line);
    }

    #[test]
    fn what_has_the_shape_of_a_stamp_is_one_where_jiff_reads_one(
        (year, month, day) in (1968u16..2265, 0u8..14, prop_oneof![0u8..33, 28u8..32]),
        (hour, minute, second) in (0u8..25, 0u8..61, prop_oneof![0u8..60, Just(61u8)]),
        fraction in prop_oneof![Just(String::new()), "\\.[0-9]{0,10}"],
        offset in prop_oneof![Just("Z".to_owned()), (0u8..24, 0u8..61).prop_map(|(h, m)| format!("+{h:02}:{m:02}")),
            (0u8..24, 0u8..61).prop_map(|(h, m)| format!("-{h:02}:{m:02}"))],
    ) {
        let stamp = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}");
        let timestamp: Option<Timestamp> = stamp.parse().ok().filter(|_| (1970..=2262).contains(&year));
        let expected = timestamp.and_then(|timestamp| i64::try_from(timestamp.as_nanosecond()).ok());
        let line = format!("{stamp} text");
        prop_assert_eq!(stamped(line.as_bytes()).map(|(nanos, _)| nanos), expected, "{}", line);
    }

    #[test]
    fn no_bytes_before_a_text_make_reading_its_stamp_panic(
        mut line in Just(b"2026-01-01T12:00:00.123456789+02:00 text".to_vec()),
        changes in prop::collection::vec((0usize..40, any::<u8>()), 0..3),
        length in 0usize..41,
    ) {
        for (index, byte) in changes {
            line[index] = byte;
        }
        line.truncate(length);
        if let Some((_, text)) = stamped(&line) {
            prop_assert!(line.ends_with(text));
        }
    }
}

#[test]
fn every_day_comes_a_day_after_the_one_before() {
    let mut days = 0..;
    for year in 1970..=2262 {
        for month in 1..=12 {
            for day in 1..=days_of(year, month) {
                assert_eq!(Some(days_since_1970(year, month, day)), days.next(), "{year}-{month}-{day}");
            }
        }
    }
}
