//! Masks of one's own: what a registry calls a secret in logs, beside what looks like one everywhere.

use std::borrow::Cow;
use std::iter;
use std::ops::Range;

use domain::log::drawn::Drawn;
use domain::registry::LogMask;
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::{is_mask, move_over, without};
use crate::logs::said;

/// The most memory that a pattern may take, in bytes, as what is looked for in logs.
const MOST_MEMORY: usize = 512 << 10;
/// The most that all of them may take together, in bytes: where they are many, a line is looked through by all of them at once.
const MOST_TOGETHER: usize = 4 << 20;
/// The most pieces of a line that a mask looks for one by one, and the most bytes that it may go through for them: what stands behind them
/// is hidden as a whole. To find all takes time in proportion to the square of a line's length with some patterns.
const MOST_PIECES: usize = 1_000;
const MOST_GONE_THROUGH: usize = 16 << 20;

/// What tells where a word begins or ends, the longer ones first.
const BOUNDARIES: [&str; 8] =
    [r"\b{start-half}", r"\b{end-half}", r"\b{start}", r"\b{end}", r"\b", r"\B", r"\<", r"\>"];

/// Why a pattern is no mask, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoMask {
    /// It does not parse.
    #[error(
        "it is no regular expression of the Rust crate `regex` ({0}): write one like CUST-[0-9]{{6}}, in single quotes"
    )]
    Unread(String),
    /// It takes too much memory.
    #[error(
        "it is too large: write fewer repetitions, or [0-9] for \\d and [A-Za-z0-9_] for \\w, which stand for the digits and letters \
         of all scripts"
    )]
    TooLarge,
    /// It finds a text without a letter, which is everywhere.
    #[error("it also finds an empty text, which is everywhere: write what must be there, like [0-9]+ for [0-9]*")]
    Empty,
    /// All of them take too much memory.
    #[error(
        "together the patterns are too large: write fewer, or [0-9] for \\d and [A-Za-z0-9_] for \\w, which stand for the digits and \
         letters of all scripts"
    )]
    TooLargeTogether,
}

/// Reads a pattern.
pub fn pattern(text: &str) -> Result<Regex, NoMask> {
    let regex = RegexBuilder::new(text).size_limit(MOST_MEMORY).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => NoMask::TooLarge,
        other => NoMask::Unread(said(&other)),
    })?;
    // A boundary is found only where there is a letter.
    let is_empty = ["", "a"].iter().any(|text| regex.find(text).is_some_and(|found| found.is_empty()));
    if is_empty { Err(NoMask::Empty) } else { Ok(regex) }
}

/// A pattern that finds something in every text in which the given one does, without the boundaries of words: with one of Unicode's words
/// the regex crate leaves its fast engines at the first letter that is not ASCII.
fn without_boundaries(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, escape)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        text.push_str(before);
        let boundary = BOUNDARIES.iter().find(|boundary| escape.starts_with(**boundary));
        let length = boundary.map_or_else(|| escape.chars().take(2).map(char::len_utf8).sum(), |found| found.len());
        let (escaped, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        text.push_str(if boundary.is_some() { "(?:)" } else { escaped });
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The masks of a registry.
#[derive(Debug, Default)]
pub struct OwnMasks {
    declared: Vec<LogMask>,
    /// What finds something wherever a mask does: most lines have none of it, and are done.
    signs: RegexSet,
    masks: Vec<Regex>,
}

impl OwnMasks {
    /// Those that are declared, in that order.
    pub fn new(declared: &[LogMask]) -> Result<Self, NoMask> {
        let masks = declared.iter().map(|mask| pattern(&mask.pattern)).collect::<Result<Vec<_>, _>>()?;
        let sign = |mask: &Regex| {
            let text = without_boundaries(mask.as_str());
            if Regex::new(&text).is_ok() { text } else { mask.as_str().to_owned() }
        };
        let signs = RegexSetBuilder::new(masks.iter().map(sign)).size_limit(MOST_TOGETHER).build();
        let signs = signs.map_err(|_| NoMask::TooLargeTogether)?;
        Ok(Self { declared: declared.to_vec(), signs, masks })
    }

    /// As they are declared.
    pub fn declared(&self) -> &[LogMask] {
        &self.declared
    }

    /// A line without what they find, and how many pieces were taken out.
    pub fn mask<'a>(&self, line: &'a str) -> (Cow<'a, str>, usize) {
        self.mask_noting(line, |_| {})
    }

    /// The same with the colours that it is drawn in.
    pub fn mask_drawn(&self, drawn: &mut Drawn) -> u32 {
        let Drawn { text, spans } = drawn;
        let (masked, count) = self.mask_noting(text, |taken| spans.iter_mut().for_each(|span| move_over(span, taken)));
        if let Cow::Owned(masked) = masked {
            *text = masked;
            spans.retain(|span| span.start < span.end);
        }
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Tells after each mask which ranges it replaced, ascending, in the line as it was before that mask.
    fn mask_noting<'a>(&self, line: &'a str, mut note: impl FnMut(&[Range<usize>])) -> (Cow<'a, str>, usize) {
        let (mut masked, mut count) = (Cow::Borrowed(line), 0);
        if !self.signs.is_match(line) {
            return (masked, count);
        }
        for mask in self.signs.matches(line).iter().filter_map(|place| self.masks.get(place)) {
            let taken = found_by(mask, &masked);
            if !taken.is_empty() {
                masked = Cow::Owned(without(&masked, &taken));
                count += taken.len();
                note(&taken);
            }
        }
        (masked, count)
    }
}

/// What a mask finds that is not masked yet, its first group where it has one that took part: ascending ranges, apart from one another.
fn found_by(mask: &Regex, text: &str) -> Vec<Range<usize>> {
    let mut from = 0;
    // From the end of a secret on, not from that of its match: what ends one may begin the next.
    let secrets = iter::from_fn(|| {
        loop {
            let found = mask.captures_at(text, from)?;
            let (whole, secret) = (found.get(0)?.range(), found.get(1).or(found.get(0))?.range());
            // Always on: behind the match where a group is empty or stands before where this began.
            from = if secret.end > from { secret.end } else { whole.end.max(text.ceil_char_boundary(from + 1)) };
            if !secret.is_empty() {
                return Some(secret);
            }
            if from > text.len() {
                return None;
            }
        }
    });
    let most = MOST_PIECES.min(MOST_GONE_THROUGH / text.len().max(1));
    let mut taken: Vec<Range<usize>> = Vec::new();
    for (pieces, mut range) in secrets.enumerate().filter(|(_, range)| !is_mask(text, range.clone())) {
        let is_last = pieces >= most;
        if is_last {
            range.end = text.len();
        }
        match taken.last_mut().filter(|last| last.end == range.start) {
            Some(last) => last.end = range.end,
            None => taken.push(range),
        }
        if is_last {
            break;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::*;
    use crate::mask::MASKED;

    fn masks(patterns: &[&str]) -> Result<OwnMasks, NoMask> {
        let declared =
            |(place, pattern): (usize, &&str)| LogMask { name: format!("{place}"), pattern: (*pattern).into() };
        OwnMasks::new(&patterns.iter().enumerate().map(declared).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_declared_is_taken_out_and_the_rest_stays() {
        for (patterns, text, expected, count) in [
            (&[][..], "CUST-123456", "CUST-123456", 0),
            (&["CUST-[0-9]{6}"], "for CUST-123456 and CUST-654321.", "for [masked] and [masked].", 2),
            // Case as written.
            (&["CUST-[0-9]{6}"], "cust-123456", "cust-123456", 0),
            (&["(?i)CUST-[0-9]{6}"], "cust-123456", "[masked]", 1),
            // The first group, and the whole where it took no part.
            (&[r"user=(\w+)"], "user=kim ok", "user=[masked] ok", 1),
            (&[r"(?:user|name)=(?P<who>\w+) (\w+)"], "name=kim ok", "name=[masked] ok", 1),
            (&[r"user=(\w+)|guest \w+"], "guest kim, user=lee", "[masked], user=[masked]", 2),
            (&[r"user=(\w*)"], "user= ok", "user= ok", 0),
            // What ends one begins the next.
            (&[r"[ ,]([0-9]{9})[ ,]"], "ids 111111111 222222222 333333333 ", "ids [masked] [masked] [masked] ", 3),
            (&[r"(?:x()|y)(z?)"], "xz yz", "xz [masked]", 1),
            // One after the other, as those before left it.
            (&[r"id=(\w+)", "kim"], "id=kim kim", "id=[masked] [masked]", 2),
            (&["kim", r"id=(\S+)"], "id=kim", "id=[masked]", 1),
            (&["sk"], "mask", "ma[masked]", 1),
            (&["sk", "ma"], "[masked] by", "[masked] by", 0),
            (&["by (.*) end"], "by [masked] and x end", "by [masked] end", 1),
            // Side by side they are one.
            (&["[0-9]"], "id 1234 of 5", "id [masked] of [masked]", 2),
            (&[r"\bÄ[0-9]+\b"], "für Ä17 und BÄ17", "für [masked] und BÄ17", 1),
            (&[r"(?x) K - [0-9]+ # a number"], "K-17", "[masked]", 1),
            (&[r"\\b[0-9]"], r"x\b1", "x[masked]", 1),
            (&[r"\b{start}K[0-9]+\b{end}"], "aK1 K2 K3a", "aK1 [masked] K3a", 1),
        ] {
            let masks = masks(patterns).unwrap();
            let (masked, taken) = masks.mask(text);
            assert_eq!((&*masked, taken), (expected, count), "{patterns:?}: {text}");
        }
    }

    #[test]
    fn what_is_no_mask_is_said_with_what_to_write() {
        for (pattern, expected) in [
            ("(", "it is no regular expression of the Rust crate `regex` (unclosed group): write one like"),
            (r"(?=x)", "(look-around, including look-ahead and look-behind, is not supported)"),
            (r"\w{9}\w{90}", "it is too large: write fewer repetitions, or [0-9] for"),
            ("", "it also finds an empty text"),
            ("[0-9]*", "it also finds an empty text"),
            ("x|", "it also finds an empty text"),
            ("^", "it also finds an empty text"),
            (r"\b", "it also finds an empty text"),
            (r"\B", "it also finds an empty text"),
            ("(?m)$", "it also finds an empty text"),
        ] {
            let said = masks(&[pattern]).unwrap_err().to_string();
            assert!(said.contains(expected), "{pattern}: {said}");
        }
        let large = [r"\w{9}[a-c]"; 20];
        assert_eq!(masks(&large).unwrap_err(), NoMask::TooLargeTogether);
    }

    #[test]
    fn colours_stay_where_they_were() {
        let masks = masks(&["K-[0-9]+"]).unwrap();
        let mut drawn = domain::log::drawn::drawn("a \u{1b}[31mK-17\u{1b}[0m and \u{1b}[32mok\u{1b}[0m".as_bytes());
        assert_eq!(masks.mask_drawn(&mut drawn), 1);
        let shown: Vec<_> =
            drawn.spans.iter().map(|span| &drawn.text[span.start as usize..span.end as usize]).collect();
        assert_eq!((&*drawn.text, shown), ("a [masked] and ok", vec![MASKED, "ok"]));
    }

    /// Lines are as long as any: the regex crate takes time in proportion to the square of it for the first pattern.
    #[test]
    fn no_pattern_takes_long_for_a_line() {
        for (pattern, line, most) in [
            (r".*~|.", "x".repeat(64 << 10), 1),
            (r"[a-z] ", "a b ".repeat(16 << 10), 1),
            (r"[a-z];", "a; ".repeat(16 << 10), 342),
            (r"[a-z];", "a; ".repeat(2 << 10), 1_001),
            (r"\bKÄ[0-9]+\b", "ö Ka17 ".repeat(8 << 10), 0),
        ] {
            let masks = masks(&[pattern]).unwrap();
            let begun = Instant::now();
            let (masked, count) = masks.mask(&line);
            assert!(begun.elapsed() < Duration::from_secs(30), "{pattern}: {:?}", begun.elapsed());
            assert_eq!((count, masked.ends_with(MASKED)), (most, most > 0), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn what_has_no_sign_of_a_mask_has_none(
            pattern in r"(\\b|\\B|\\<|\\b\{end\}|\\\\|[abä0-9-]|\(\?:|\)|\||\\w){1,6}",
            text in r"[aä\\b0-9 {}-]{0,20}",
        ) {
            if let Ok(own) = masks(&[&pattern]) {
                prop_assert!(own.signs.is_match(&text) || !own.masks[0].is_match(&text), "{pattern}");
            }
        }

        #[test]
        fn what_is_masked_is_gone(text in "[ a-z]{0,30}(CUST-[0-9]{6}[ a-z]{0,5}){0,4}[ a-z]{0,30}") {
            let masks = masks(&["CUST-[0-9]+", r"\b[a-z]+ing\b"]).unwrap();
            let (masked, count) = masks.mask(&text);
            prop_assert!(!masked.contains("CUST-"), "{masked}");
            prop_assert_eq!(masked.matches(MASKED).count(), count);
        }
    }
}
