//! Secrets taken out of text: they never come through, and what is masked stays masked.

#![no_main]

use std::borrow::Cow;

use domain::log::drawn::drawn;
use libfuzzer_sys::fuzz_target;
use quarterdeck_fuzz::mask::{LineMask, MASKED, mask, mask_value};
use quarterdeck_fuzz::{SECRET, assert_shown, text_of};

/// Longer texts take longer and find no more; `entries` has them.
const MOST_BYTES: usize = 4 * 1024;
/// Ways in which a secret stands in a text, with what is in front of it and behind it. None has a quote, as one before it would take the
/// two apart.
const WAYS: [(&str, &str); 7] = [
    (" DB_PASSWORD=", " "),
    (" Authorization: Bearer ", "\n"),
    (" postgres://fleet:", "@db "),
    (" --password ", " "),
    (" <password>", "</password> "),
    (" cookie: ", "\n"),
    // As a text of several lines it is taken apart by what stands before it, too.
    ("\n- name: DB_PASSWORD\n  value: ", "\n"),
];

fuzz_target!(|input: &[u8]| {
    let mut text = text_of(input);
    text.truncate(text.floor_char_boundary(MOST_BYTES));
    check(&text);
    check_lines(&text);
    if text.contains(SECRET) {
        return;
    }
    assert_eq!(mask_value("db_password", SECRET).0, MASKED);
    let (before, after) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let (front, behind) = WAYS[text.len() % WAYS.len()];
    let planted = [before, front, SECRET, behind, after].concat();
    assert!(front.contains('\n') || !mask(&planted).0.contains(SECRET), "{planted:?}");
    for line in check_lines(&planted) {
        assert!(!line.contains(SECRET), "{line:?} of {planted:?}");
    }
});

/// The lines of a log as they are shown.
fn check_lines(log: &str) -> Vec<String> {
    let mut mask = LineMask::default();
    let shown = log.lines().map(|line| {
        let mut shown = drawn(line.as_bytes());
        let before = shown.clone();
        let count = mask.mask(&mut shown);
        assert_shown(&shown.text, &shown.spans);
        assert!(count > 0 || shown == before, "changed without a count");
        shown.text
    });
    shown.collect()
}

fn check(text: &str) {
    let (masked, count) = mask(text);
    match &masked {
        Cow::Borrowed(same) => assert!(*same == text && count == 0),
        Cow::Owned(masked) => assert!(masked.contains(MASKED) && count > 0),
    }
    assert!(masked.len() <= text.len() * MASKED.len(), "it grew more than masks can");
    let (twice, more) = mask(&masked);
    assert!(twice == masked && more == 0, "masked once: {masked:?}, twice: {twice:?}");
}
