//! The level in a JSON object: found without reading the rest into anything.

use super::{Level, word};

/// The level under one of the keys for it, at the top of the object. The object may be cut.
pub(super) fn level(text: &[u8]) -> Level {
    find(text).unwrap_or(Level::Unknown)
}

fn find(text: &[u8]) -> Option<Level> {
    let mut rest = text.strip_prefix(b"{")?;
    loop {
        let (key, after) = string(rest.trim_ascii_start())?;
        rest = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let is_level = word::is_level_key(key);
        match rest.first()? {
            b'"' => {
                let (value, after) = string(rest)?;
                rest = after;
                let level = if is_level { word::value(value) } else { Level::Unknown };
                if level != Level::Unknown {
                    return Some(level);
                }
            }
            b'{' | b'[' => rest = behind_nested(rest)?,
            _ => {
                let end = rest.iter().position(|byte| matches!(byte, b',' | b'}'))?;
                let (value, after) = rest.split_at_checked(end)?;
                rest = after;
                let level = if is_level { word::value(value.trim_ascii_end()) } else { Level::Unknown };
                if level != Level::Unknown {
                    return Some(level);
                }
            }
        }
        rest = rest.trim_ascii_start().strip_prefix(b",")?;
    }
}

/// A string as it is written, and what stands behind it.
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"\"")?;
    let mut from = 0;
    loop {
        let at = from + quote_or_escape(inside.get(from..)?)?;
        if inside.get(at) == Some(&b'"') {
            return Some((inside.get(..at)?, inside.get(at + 1..)?));
        }
        from = at + 2;
    }
}

/// What stands behind an object or an array.
fn behind_nested(text: &[u8]) -> Option<&[u8]> {
    let (mut rest, mut depth) = (text, 0u32);
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            b'"' => string(rest)?.1,
            _ => after,
        };
        match first {
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Some(rest),
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// Where the first byte is that ends a string or escapes. Long ones are searched by sixteen bytes at once, which the compiler
/// turns into one comparison: messages have few of them.
fn quote_or_escape(text: &[u8]) -> Option<usize> {
    let is_such = |byte: &u8| matches!(byte, b'"' | b'\\');
    let (start, rest) = text.split_at(text.len().min(16));
    start.iter().position(is_such).or_else(|| {
        let (chunks, _) = rest.as_chunks::<16>();
        let is_free = |chunk: &&[u8; 16]| !chunk.iter().fold(false, |any, byte| any | is_such(byte));
        let free = chunks.iter().take_while(is_free).count() * 16;
        rest.get(free..)?.iter().position(is_such).map(|at| start.len() + free + at)
    })
}
