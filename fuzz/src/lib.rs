//! What the fuzz targets share: how an input becomes a log, and what holds for every text that is shown.

use domain::log::drawn::{SPAN_LIMIT, Span};
use domain::text::hides;

// The server takes minutes to compile for a fuzzer, and these files need nothing of it. Within a folder they find their own parts.
#[path = "../../server/src"]
mod server {
    pub mod mask;
    pub mod logs {
        pub mod entries;
    }
}
pub use server::{logs::entries, mask};

/// What the masks need beside: how an error of a pattern is said.
pub mod logs {
    pub fn said(error: &regex::Error) -> String {
        error.to_string()
    }
}

/// The most bytes of a line.
pub const LINE_LIMIT: usize = domain::log::split::LINE_LIMIT;

/// What must not be seen.
pub const SECRET: &str = "Zq7-hunter2.x";

/// The most bytes that an input becomes: enough for every limit on a line or an entry.
const MOST_BYTES: usize = 320 * 1024;

/// An input with its runs written out: 0xFF 0xFE, a count and a byte stand for 300 times as many of the byte, 0xFF 0xFD and a count for
/// so many times the 16 bytes before. Limits on lines are far beyond what a fuzzer writes by itself.
pub fn written_out(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (0xff, [0xfe, count, byte, after @ ..]) => {
                let end = out.len() + (usize::from(*count) * 300).min(MOST_BYTES.saturating_sub(out.len()));
                out.resize(end, *byte);
                after
            }
            (0xff, [0xfd, count, after @ ..]) => {
                let piece = out[out.len().saturating_sub(16)..].to_vec();
                let room = MOST_BYTES.saturating_sub(out.len()) / piece.len().max(1);
                out.extend(piece.repeat(usize::from(*count).min(room)));
                after
            }
            _ => {
                out.push(*first);
                after
            }
        };
    }
    out
}

/// The text that an input stands for, no longer than a line can be.
pub fn text_of(input: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(&written_out(input)).into_owned();
    text.truncate(text.floor_char_boundary(LINE_LIMIT));
    text
}

/// The stream that an input stands for, and a way to take it apart into chunks: its first four bytes say how long they are, by turns.
pub fn chunked(input: &[u8]) -> Option<(Vec<u8>, Vec<usize>)> {
    let (sizes, stream) = input.split_first_chunk::<4>()?;
    let sizes = sizes.map(|size| usize::from(size) * usize::from(size));
    let stream = written_out(stream);
    let mut ends = vec![0];
    let mut turns = sizes.iter().cycle();
    while let Some(end) = ends.last().copied().filter(|end| *end < stream.len()) {
        let size = if sizes.iter().all(|size| *size == 0) { 1 } else { *turns.next().unwrap_or(&1) };
        ends.push((end + size).min(stream.len()));
    }
    Some((stream, ends))
}

/// Panics where a text that is shown hides something, or where its spans are not in it, one after the other.
pub fn assert_shown(text: &str, spans: &[Span]) {
    assert!(!text.chars().any(|c| c != '\t' && hides(c)), "something hides itself");
    assert!(spans.len() <= SPAN_LIMIT + text.len(), "more spans than there may be");
    let mut end = 0;
    for span in spans {
        assert!(span.start >= end && span.start < span.end, "a span is empty or out of order");
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "a span is not in the text");
        end = span.end;
    }
}
