//! Text from a cluster, made safe to show: anybody who can write a label or an event can write here.

use std::borrow::Cow;

/// The most characters of one message that are kept.
pub const MESSAGE_LIMIT: usize = 600;

/// The most marks on one letter that are kept: Vietnamese has two, a name in the phonetic alphabet three.
const MOST_MARKS: u32 = 4;

/// The text with every character that would not show itself replaced by one that does, cut to `limit` characters.
///
/// Control characters become their Unicode pictures (ESC is `␛`), line breaks become spaces, characters that turn the
/// direction of writing or have no width become `�`. Cuts are marked with `…`.
pub fn plain(text: &str, limit: usize) -> Cow<'_, str> {
    let harmless = |c: char| !c.is_control() && !is_invisible(c) && !is_mark(c);
    if text.chars().all(harmless) && text.chars().count() <= limit {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len().min(limit * 4));
    let mut marks = 0;
    for (count, c) in text.trim_end().chars().enumerate() {
        if count == limit {
            shown.push('…');
            break;
        }
        shown.extend(show(c, &mut marks));
    }
    Cow::Owned(shown)
}

/// What stands for a character, given how many marks stand on the letter before it; `None` for a mark too many. The
/// count begins at 0 and is kept up to date here.
pub(crate) fn show(c: char, marks: &mut u32) -> Option<char> {
    *marks = if is_mark(c) { marks.saturating_add(1) } else { 0 };
    if *marks > MOST_MARKS {
        return None;
    }
    Some(match c {
        '\n' | '\t' => ' ',
        '\r' => '␍',
        '\u{7f}' => '␡',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        _ if hides(c) => '\u{fffd}',
        _ => c,
    })
}

/// Whether a character would not show itself: [`plain`] puts another in its place.
pub fn hides(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Characters that reorder or hide what stands around them, or look like nothing: Unicode's bidirectional controls (UAX #9), line and
/// paragraph separators, blank letters, and those that programs leave out when they draw (`Default_Ignorable_Code_Point`), but for
/// the two that say how an emoji is drawn.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Marks that are drawn onto the letter before them: a few are writing, dozens cover what stands around.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
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
            ("sta\u{ad}ging", "sta\u{fffd}ging"),
            ("a\u{2028}b\u{3164}c\u{2800}", "a\u{fffd}b\u{fffd}c\u{fffd}"),
            ("x\u{e0100}y\u{206a}", "x\u{fffd}y\u{fffd}"),
            ("✔\u{fe0f} Việt", "✔\u{fe0f} Việt"),
            ("e\u{301}", "e\u{301}"),
            ("e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}x", "e\u{301}\u{301}\u{301}\u{301}x"),
        ] {
            assert_eq!(plain(text, 100), expected, "{text:?}");
        }
        assert_eq!(plain("abcdef", 3), "abc…");
    }
}
