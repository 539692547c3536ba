//! Lines made safe to show: nothing in them is obeyed, and nothing is hidden.

#![no_main]

use std::sync::LazyLock;

use domain::log::drawn::{Drawn, SPAN_LIMIT, Style, drawn};
use libfuzzer_sys::fuzz_target;
use quarterdeck_fuzz::{LINE_LIMIT, assert_shown, written_out};
use regex::bytes::Regex;

fuzz_target!(|input: &[u8]| {
    let mut bytes = written_out(input);
    bytes.truncate(LINE_LIMIT);
    let Drawn { text, spans } = drawn(&bytes);
    assert_shown(&text, &spans);
    assert!(text.len() <= bytes.len() * 3, "it grew more than pictures and replacements can");
    assert!(spans.len() <= SPAN_LIMIT);
    for span in &spans {
        assert_ne!(span.style, Style::default(), "a span without a style");
        assert!(span.style.background.is_none() || span.style.background != span.style.foreground, "unreadable");
    }
    for pair in spans.windows(2) {
        assert!(pair[0].end < pair[1].start || pair[0].style != pair[1].style, "one span in two pieces");
    }
    let again = drawn(text.as_bytes());
    assert!(again.text == text && again.spans.is_empty(), "what is shown is not shown as it is");

    // Nothing leaves no trace but a whole sequence that sets a style.
    if bytes.is_ascii() {
        let obeyed: usize = SEQUENCES.find_iter(&bytes).map(|sequence| sequence.len()).sum();
        assert_eq!(text.chars().count(), bytes.len() - obeyed, "a letter is missing");
    }
});

/// At most 64 bytes each.
static SEQUENCES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\x1b\[[0-9;:]{0,61}m").unwrap());
