//! Lines put together to entries: no entry is larger than it may be, and none depends on those before it.

#![no_main]

use domain::log::trace::{Grouper, MOST_LINES};
use libfuzzer_sys::fuzz_target;
use quarterdeck_fuzz::written_out;

/// What the grouper promises.
const MOST_BYTES: usize = 256 * 1024;
/// Lines with a time and a level of their own.
const OWN: [&str; 2] = ["2026-01-01T12:00:00Z ERROR failed", "2026-01-01T12:00:00Z INFO ready"];

fuzz_target!(|input: &[u8]| {
    let bytes = written_out(input);
    let text = String::from_utf8_lossy(&bytes);
    let mut grouper = Grouper::default();
    let (mut lines, mut size_bytes) = (0, 0);
    for (index, line) in text.split('\n').enumerate() {
        if grouper.belongs(line) {
            assert!(index > 0, "the first line belongs to none");
            (lines, size_bytes) = (lines + 1, size_bytes + line.len());
            assert!(lines <= MOST_LINES && size_bytes <= MOST_BYTES, "{lines} lines, {size_bytes} bytes");
        } else {
            (lines, size_bytes) = (1, line.len());
        }
    }

    // A line with a time begins anew, whatever came before.
    for own in OWN {
        let mut fresh = Grouper::default();
        assert!(!grouper.belongs(own) && !fresh.belongs(own));
        for line in text.split('\n') {
            assert_eq!(grouper.belongs(line), fresh.belongs(line), "{line}");
        }
    }
});
