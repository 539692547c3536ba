//! Text from a cluster, made safe to show: anybody who can write a label or an event can write here.

use std::borrow::Cow;

/// The most characters of one message that are kept.
pub const MESSAGE_LIMIT: usize = 600;

/// The text with every character that would not show itself replaced by one that does, cut to `limit` characters.
///
/// Control characters become their Unicode pictures (ESC is `␛`), line breaks become spaces, characters that turn the
/// direction of writing or have no width become `�`. Cuts are marked with `…`.
pub fn plain(text: &str, limit: usize) -> Cow<'_, str> {
    let harmless = |c: char| !c.is_control() && !is_invisible(c);
    if text.chars().all(harmless) && text.chars().count() <= limit {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len().min(limit * 4));
    for (count, c) in text.trim_end().chars().enumerate() {
        if count == limit {
            shown.push('…');
            break;
        }
        shown.push(match c {
            '\n' | '\t' => ' ',
            '\r' => '␍',
            '\u{7f}' => '␡',
            '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
            _ if c.is_control() || is_invisible(c) => '\u{fffd}',
            _ => c,
        });
    }
    Cow::Owned(shown)
}

/// Characters that reorder or hide what stands around them: Unicode's bidirectional controls (UAX #9), zero-width
/// characters, the byte-order mark and tags.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{61c}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_hide_itself_is_shown() {
        for (text, expected) in [
            ("plain text", "plain text"),
            ("größer ✓", "größer ✓"),
            ("\u{1b}[31mred", "␛[31mred"),
            ("\u{1b}]8;;https://x\u{7}link", "␛]8;;https://x␇link"),
            ("ok\rbad", "ok␍bad"),
            ("two\nlines\n", "two lines"),
            ("abc\u{202e}fed", "abc\u{fffd}fed"),
            ("zero\u{200b}width", "zero\u{fffd}width"),
            ("c1\u{9b}31m", "c1\u{fffd}31m"),
        ] {
            assert_eq!(plain(text, 100), expected, "{text:?}");
        }
        assert_eq!(plain("abcdef", 3), "abc…");
    }
}
