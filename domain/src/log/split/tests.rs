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
