//! What a line says of itself: its level, its message and its fields. Nothing it says is lost.

#![no_main]

use domain::log::level::{Level, level_of};
use domain::log::shape::{Structured, structured};
use domain::text::{hides, plain};
use libfuzzer_sys::fuzz_target;
use quarterdeck_fuzz::{LINE_LIMIT, text_of};
use serde_json::Value;

/// How many times as long a line becomes at most: a letter is a picture of three bytes, and of each object the way to it is said for up to
/// four stack traces.
const GROWTH: usize = 3 * 5;

fuzz_target!(|input: &[u8]| {
    let text = text_of(input);
    let text = text.as_str();
    let level = level_of(text);
    assert_eq!(level.as_str().parse(), Ok(level));
    // Levels stand at the beginning: 512 bytes, of an object 8 KiB.
    let head = text.ceil_char_boundary(if text.starts_with('{') { 8 * 1024 } else { 512 });
    assert_eq!(level_of(&text[..head]), level, "what stands far behind makes a difference");

    let trimmed = text.trim_ascii();
    let object: Option<serde_json::Map<String, Value>> =
        trimmed.starts_with('{').then(|| serde_json::from_str(trimmed).ok()).flatten();
    let Some(Structured { message, fields }) = structured(text) else {
        assert!(object.is_none(), "an object is one");
        return;
    };
    let parts = || [&message].into_iter().chain(fields.iter().flat_map(|(key, value)| [key, value]));
    assert!(!parts().any(|part| part.chars().any(|c| c != '\n' && hides(c))), "something hides itself");
    assert!(parts().map(|part| part.len()).sum::<usize>() <= text.len() * GROWTH, "it grew more than it may");
    for (key, value) in object.iter().flatten() {
        check_key(key, value, &message, &fields, level);
    }
});

type Fields<'a> = [(std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)];

/// What is said, on however many lines.
fn letters(text: &str) -> String {
    plain(text, LINE_LIMIT).chars().filter(|c| !c.is_whitespace() && *c != '␍').collect()
}

/// A field of an object is shown, or it is its message, its time, or the level that it is shown with.
fn check_key(key: &str, value: &Value, message: &str, fields: &Fields<'_>, level: Level) {
    let key = plain(key, LINE_LIMIT);
    // What is left of an object without its stack trace may be nothing.
    let is_of_it = |shown: &str| shown.strip_prefix(&*key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let is_shown = fields.iter().any(|(shown, _)| is_of_it(shown));
    let is_message = value.as_str().is_some_and(|value| letters(value) == letters(message));
    let is_time = ["time", "ts", "timestamp", "@timestamp", "t"].iter().any(|time| key.eq_ignore_ascii_case(time));
    if !is_shown && !is_message && !is_time {
        let own = level_of(&serde_json::json!({ "level": value }).to_string());
        assert_eq!(own, level, "{key} is neither shown nor said otherwise");
    }
}
