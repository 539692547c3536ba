//! What a structured line says: its message apart from its fields.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::level::{Level, is_level_key, level_of, level_of_value};
use crate::text::plain;

/// Lines are never longer; what comes out of one is cut there too.
const LIMIT: usize = 64 * 1024;

/// The keys of a message, the most telling first.
const MESSAGE_KEYS: [&str; 6] = ["msg", "message", "@message", "log", "event", "text"];
/// The keys of what went wrong, for lines without a message.
const ERROR_KEYS: [&str; 5] = ["error", "err", "exception", "error.message", "exc_info"];
/// The keys of a stack trace within an object: `{"err":{"message":"…","stack":"…"}}`.
const STACK_KEYS: [&str; 6] = ["stack", "stacktrace", "stack_trace", "backtrace", "traceback", "exc_info"];
/// How deep in objects stack traces are looked for.
const DEEPEST_STACK: u32 = 4;
/// The most stack traces that are taken out of one object: the way to it is said again for each.
const MOST_STACKS: usize = 4;

/// What a structured line says. Nothing in it hides itself: see [`plain`]. A text of several lines has `\n` between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structured<'a> {
    /// The message; what went wrong when there is none; empty when there is neither.
    pub message: Cow<'a, str>,
    /// All the others in their order, as they were written: not the message, the time and what says the line's level.
    /// Nested ones are compact JSON, but for stack traces in them, which are fields of their own right behind: `err.stack`.
    pub fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// Takes a line apart that is one whole JSON object or logfmt, of at most 64 KiB.
pub fn structured(line: &str) -> Option<Structured<'_>> {
    let text = line.trim_ascii();
    if text.len() > LIMIT {
        return None;
    }
    let pairs = if text.starts_with('{') { unstacked(object(text)?, DEEPEST_STACK) } else { logfmt(text)? };
    Some(sorted_out(pairs, line))
}

/// A pair as it was read.
struct Pair<'a> {
    key: Cow<'a, str>,
    value: Value<'a>,
}

enum Value<'a> {
    /// A string, without its escapes.
    Text(Cow<'a, str>),
    /// Anything else of JSON, as it is written.
    Json(Cow<'a, str>),
}

impl<'a> Value<'a> {
    fn shown(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => shown_lines(text),
            Self::Json(json) => shown(without_escapes(compact(json))),
        }
    }

    /// As JSON.
    fn written(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Owned(written(text)),
            Self::Json(json) => Cow::Borrowed(json),
        }
    }
}

/// A text as JSON.
fn written(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Finds the message among the pairs, and drops what a line shows elsewhere.
fn sorted_out<'a>(pairs: Vec<Pair<'a>>, line: &str) -> Structured<'a> {
    let place = |keys: &[&str]| {
        let is_text = |pair: &Pair<'_>| matches!(&pair.value, Value::Text(text) if !text.is_empty());
        keys.iter().find_map(|key| pairs.iter().position(|pair| pair.key.eq_ignore_ascii_case(key) && is_text(pair)))
    };
    let message_place = place(&MESSAGE_KEYS).or_else(|| place(&ERROR_KEYS));
    let level = LazyCell::new(|| level_of(line));
    let mut message = Cow::Borrowed("");
    let mut fields = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.into_iter().enumerate() {
        if Some(index) == message_place {
            message = pair.value.shown();
        } else if !is_time(&pair) && level_in(&pair).is_none_or(|own| own != *level) {
            fields.push((shown(pair.key), pair.value.shown()));
        }
    }
    Structured { message, fields }
}

/// Every line is shown with its time.
fn is_time(pair: &Pair<'_>) -> bool {
    ["time", "ts", "timestamp", "@timestamp", "t"].iter().any(|key| pair.key.eq_ignore_ascii_case(key))
}

/// The level that a pair says, if it says one. A line is shown with its own, which may be another or none: it is looked for at
/// the beginning only, and as it is written.
fn level_in(pair: &Pair<'_>) -> Option<Level> {
    let value = match &pair.value {
        Value::Text(text) => text,
        Value::Json(json) => json,
    };
    let level = is_level_key(pair.key.as_bytes()).then(|| level_of_value(value.as_bytes()))?;
    (level != Level::Unknown).then_some(level)
}

/// The text without characters that hide themselves.
fn shown(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => plain(text, LIMIT),
        Cow::Owned(text) => match plain(&text, LIMIT) {
            Cow::Borrowed(_) => Cow::Owned(text),
            Cow::Owned(plain) => Cow::Owned(plain),
        },
    }
}

/// The same of a text that may have several lines: those that say something.
fn shown_lines(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('\n') {
        return shown(text);
    }
    let lines = text.split('\n').map(|line| plain(line.strip_suffix('\r').unwrap_or(line), LIMIT));
    let said: Vec<_> = lines.filter(|line| !line.trim().is_empty()).collect();
    Cow::Owned(said.join("\n"))
}

/// The pairs with the stack traces that stand in objects as pairs of their own.
fn unstacked(pairs: Vec<Pair<'_>>, depth: u32) -> Vec<Pair<'_>> {
    // Most lines have none.
    let has_stack =
        |value: &Value<'_>| matches!(value, Value::Json(json) if json.starts_with('{') && json.contains("\\n"));
    if depth == 0 || !pairs.iter().any(|pair| has_stack(&pair.value)) {
        return pairs;
    }
    let mut all = Vec::with_capacity(pairs.len() + 1);
    for pair in pairs {
        let (rest, stacks) = match &pair.value {
            Value::Json(json) if has_stack(&pair.value) => without_stacks(json, depth),
            Value::Json(_) | Value::Text(_) => (None, Vec::new()),
        };
        let Some(rest) = rest else {
            all.push(pair);
            continue;
        };
        let Pair { key: parent, .. } = pair;
        if rest != "{}" {
            all.push(Pair { key: parent.clone(), value: Value::Json(rest.into()) });
        }
        all.extend(stacks.into_iter().map(|(key, stack)| {
            let key = Cow::Owned([&parent, ".", key.as_str()].concat());
            Pair { key, value: Value::Text(stack.into()) }
        }));
    }
    all
}

/// An object without the stack traces in it, and these, by the way to them; `None` where there is none.
fn without_stacks(json: &str, depth: u32) -> (Option<String>, Vec<(String, String)>) {
    let Some(pairs) = object(json) else { return (None, Vec::new()) };
    let (mut rest, mut stacks) = (Vec::new(), Vec::new());
    for Pair { key, value } in unstacked(pairs, depth - 1) {
        // What stood deeper has its whole way for a key by now.
        let own = key.rsplit('.').next().unwrap_or_default();
        let is_stack = STACK_KEYS.iter().any(|known| own.eq_ignore_ascii_case(known));
        match value {
            Value::Text(stack) if is_stack && stacks.len() < MOST_STACKS && stack.trim_end().contains('\n') => {
                stacks.push((key.into_owned(), stack.into_owned()));
            }
            value => rest.push([&*written(&key), ":", &value.written()].concat()),
        }
    }
    if stacks.is_empty() { (None, stacks) } else { (Some(["{", &rest.join(","), "}"].concat()), stacks) }
}

/// The pairs of a JSON object, in their order and with those that are there twice. `None` for what is not one whole object.
fn object(text: &str) -> Option<Vec<Pair<'_>>> {
    struct Pairs<'a>(Vec<Pair<'a>>);

    impl<'de> Deserialize<'de> for Pairs<'de> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct PairsVisitor;
            impl<'de> Visitor<'de> for PairsVisitor {
                type Value = Pairs<'de>;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                    let mut pairs = Vec::new();
                    // Values are read as they are written, which needs no recursion: their depth is in the hands of a program.
                    while let Some((Text(key), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                        pairs.push(Pair { key, value: read(value.get()) });
                    }
                    Ok(Pairs(pairs))
                }
            }
            deserializer.deserialize_map(PairsVisitor)
        }
    }

    serde_json::from_str(text).ok().map(|Pairs(pairs)| pairs)
}

/// A string that is borrowed when it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A value of JSON: a string with half of a surrogate pair stays as it is written.
fn read(json: &str) -> Value<'_> {
    if !json.starts_with('"') {
        return Value::Json(json.into());
    }
    serde_json::from_str::<Text<'_>>(json).map_or(Value::Json(json.into()), |Text(text)| Value::Text(text))
}

/// JSON without blanks between its parts.
fn compact(json: Cow<'_, str>) -> Cow<'_, str> {
    if !json.contains([' ', '\t', '\n', '\r']) {
        return json;
    }
    let mut compact = String::with_capacity(json.len());
    let (mut is_string, mut is_escaped) = (false, false);
    for c in json.chars() {
        if is_string || !matches!(c, ' ' | '\t' | '\n' | '\r') {
            compact.push(c);
        }
        if c == '"' && !is_escaped {
            is_string = !is_string;
        }
        is_escaped = is_string && c == '\\' && !is_escaped;
    }
    Cow::Owned(compact)
}

/// JSON whose characters stand for themselves, as far as they may: `\u00e4` is a letter that is searched for and masked as one. Quotes,
/// backslashes and what controls stay as they are, and so does half of a surrogate pair.
fn without_escapes(json: Cow<'_, str>) -> Cow<'_, str> {
    if !json.contains("\\u") && !json.contains("\\/") {
        return json;
    }
    let mut text = String::with_capacity(json.len());
    let mut rest = &*json;
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        let (is_undone, length) = match escaped(escape) {
            Some((c, length)) if !c.is_control() && !matches!(c, '"' | '\\') => {
                text.push(c);
                (true, length)
            }
            _ => (false, escape.chars().next().map_or(0, char::len_utf8)),
        };
        let (own, after) = escape.split_at(length);
        if !is_undone {
            text.push('\\');
            text.push_str(own);
        }
        rest = after;
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The character of an escape by its number, or a slash, behind its backslash; and how many bytes say so.
fn escaped(escape: &str) -> Option<(char, usize)> {
    if escape.starts_with('/') {
        return Some(('/', 1));
    }
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix('u')?.get(..4)?, 16).ok();
    let first = unit(escape)?;
    let second = escape.get(5..).and_then(|rest| unit(rest.strip_prefix('\\')?));
    let units = [Some(first), second.filter(|_| (0xD800..0xDC00).contains(&first))];
    let c = char::decode_utf16(units.into_iter().flatten()).next()?.ok()?;
    Some((c, if c.len_utf16() == 2 { 11 } else { 5 }))
}

/// The pairs of logfmt. `None` when there is a word that is no pair, when there is no message, and when there is nothing else:
/// sentences have an equals sign too.
fn logfmt(text: &str) -> Option<Vec<Pair<'_>>> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        if key.is_empty() || key.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '{' | '[')) {
            return None;
        }
        let (value, after) = match after.strip_prefix('"') {
            Some(inside) => quoted(inside)?,
            None => {
                let end = after.find([' ', '\t']).unwrap_or(after.len());
                let (value, after) = after.split_at_checked(end)?;
                (Cow::Borrowed(value), after)
            }
        };
        if !after.is_empty() && !after.starts_with([' ', '\t']) {
            return None;
        }
        pairs.push(Pair { key: Cow::Borrowed(key), value: Value::Text(value) });
        rest = after.trim_ascii_start();
    }
    let has_message = pairs.iter().any(|pair| matches!(&*pair.key, "msg" | "message"));
    (has_message && pairs.len() > 1).then_some(pairs)
}

/// A quoted value without its escapes, and what stands behind its end.
fn quoted(inside: &str) -> Option<(Cow<'_, str>, &str)> {
    let special = inside.find(['"', '\\'])?;
    let (start, rest) = inside.split_at_checked(special)?;
    if let Some(after) = rest.strip_prefix('"') {
        return Some((Cow::Borrowed(start), after));
    }
    let mut value = start.to_owned();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some((Cow::Owned(value), chars.as_str())),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                escaped @ ('"' | '\\' | '/' | '\'') => value.push(escaped),
                letter => {
                    let digits = match letter {
                        'x' => 2,
                        'u' => 4,
                        'U' => 8,
                        _ => 0,
                    };
                    let code =
                        chars.as_str().get(..digits).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
                    let c = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
                    match (c, digits) {
                        (Some(c), 1..) => {
                            value.push(c);
                            chars = chars.as_str().get(digits..)?.chars();
                        }
                        // Not an escape that we know: it stays as it is written.
                        _ => value.extend(['\\', letter]),
                    }
                }
            },
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests;
