//! What is looked for in lines.

use std::time::Duration;

use domain::log::level::Level;
use domain::log::query::{Find, LogQuery};
use domain::log::view::LogRow;
use regex::{Regex, RegexBuilder};
use tokio::time::Instant;

/// The most memory that an expression may take, in bytes: of a kind that nobody types by hand.
const MOST_MEMORY: usize = 512 << 10;

/// How many bytes of a line are searched: what takes time in proportion to the length takes too long for some expressions.
const SEARCHED: usize = 8 << 10;
/// How many bytes of a line are gone through for where it matches.
const GONE_THROUGH: usize = 4 << 10;
/// The most places that are noted in a line.
const MOST_HITS: usize = 50;
/// How long places are noted in the lines of a page.
const LONGEST_NOTING: Duration = Duration::from_millis(100);

/// A query ready to be asked of lines. Whether a line matches takes time in proportion to its length, whatever the expression:
/// <https://docs.rs/regex/latest/regex/#untrusted-input>.
#[derive(Debug, Clone, Default)]
pub struct Finder {
    text: Option<Regex>,
    not: bool,
    least: Option<Level>,
}

/// A text that is no regular expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a regular expression: {why}")]
pub struct NoFinder {
    text: String,
    why: String,
}

impl Finder {
    /// Reads what is looked for.
    pub fn new(query: &LogQuery) -> Result<Self, NoFinder> {
        let Find { text, regex, case, not } = &query.find;
        let pattern = if *regex { text.clone() } else { regex::escape(text) };
        let built = (!text.is_empty())
            .then(|| RegexBuilder::new(&pattern).case_insensitive(!case).size_limit(MOST_MEMORY).build())
            .transpose();
        match built {
            Ok(text) => Ok(Self { text, not: *not, least: query.least }),
            Err(error) => Err(NoFinder { text: text.clone(), why: said(&error) }),
        }
    }

    /// Whether an entry is wanted, of which these are the lines' texts and the worst level.
    pub fn wants<'a>(&self, worst: Level, mut texts: impl Iterator<Item = &'a str>) -> bool {
        let is_bad = self.least.is_none_or(|least| worst >= least);
        is_bad && self.text.as_ref().is_none_or(|regex| texts.any(|text| regex.is_match(beginning(text))) != self.not)
    }

    /// Notes in lines that are shown where what is looked for stands in them: nowhere, where those are wanted in which it does not, and in
    /// none that is not wanted itself.
    ///
    /// To find all places takes time in proportion to the square of a text's length with some expressions, so only the beginnings of
    /// lines are gone through, and only for so long.
    pub fn note_hits(&self, rows: &mut [LogRow]) {
        let Some(regex) = self.text.as_ref().filter(|_| !self.not) else { return };
        let begun = Instant::now();
        for row in rows {
            let LogRow::Line(line) = row else { continue };
            if line.is_context {
                continue;
            }
            if begun.elapsed() > LONGEST_NOTING {
                return;
            }
            line.hits = hits(regex, &line.text);
        }
    }
}

/// The beginning of a text that is searched.
fn beginning(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SEARCHED)).unwrap_or(text)
}

fn hits(regex: &Regex, text: &str) -> Vec<(u32, u32)> {
    let text = text.get(..text.floor_char_boundary(GONE_THROUGH)).unwrap_or_default();
    let found = regex.find_iter(text).filter(|found| !found.is_empty()).take(MOST_HITS);
    found.filter_map(|found| Some((found.start().try_into().ok()?, found.end().try_into().ok()?))).collect()
}

/// What is wrong with an expression, in the last line of what the parser draws.
pub fn said(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        other => {
            let drawn = other.to_string();
            let last = drawn.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
            last.trim().trim_start_matches("error: ").to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::log::view::LogLine;

    use super::*;

    fn finder(query: &str) -> Result<Finder, NoFinder> {
        Finder::new(&LogQuery::from_parameters(url::form_urlencoded::parse(query.as_bytes())))
    }

    #[test]
    fn what_is_looked_for_is_found() {
        for (query, text, level, expected) in [
            ("", "anything", Level::Unknown, true),
            ("find=error", "an Error here", Level::Unknown, true),
            ("find=error&case", "an Error here", Level::Unknown, false),
            ("find=error&not", "an Error here", Level::Unknown, false),
            ("find=error&not", "all is well", Level::Unknown, true),
            ("find=a.c", "abc", Level::Info, false),
            ("find=a.c&regex", "abc", Level::Info, true),
            ("find=%5E%5C%5B%5Cd%2B%5C%5D&regex", "[33] ERROR", Level::Error, true),
            ("level=warn", "x", Level::Error, true),
            ("level=warn", "x", Level::Info, false),
            // What is not known is not known to be bad.
            ("level=trace", "x", Level::Unknown, false),
            ("level=error&find=y", "x", Level::Error, false),
            // What people look for fits into the memory that an expression may take.
            ("find=%5B%5Cw.-%5D%2B@%5Cw%2B%5C.%5Cw%7B2,6%7D&regex", "mail to kim@example.org", Level::Unknown, true),
            (
                "find=%5Cd%7B4%7D-%5Cd%7B2%7D-%5Cd%7B2%7DT.%7B0,80%7Dtimeout&regex",
                "2026-11-21T10:00 a timeout",
                Level::Unknown,
                true,
            ),
        ] {
            let finder = finder(query).unwrap();
            assert_eq!(finder.wants(level, [text].into_iter()), expected, "{query}: {text}");
        }
    }

    #[test]
    fn what_is_found_is_marked() {
        for (query, text, expected) in [
            ("find=er", "error over", &[(0, 2), (8, 10)][..]),
            ("find=ü", "über Über", &[(0, 2), (6, 8)]),
            ("find=x*&regex", "axxb", &[(1, 3)]),
            ("find=er&not", "error", &[]),
            ("level=warn", "error", &[]),
        ] {
            assert_eq!(noted(&finder(query).unwrap(), text), expected, "{query}");
        }
    }

    fn line(text: &str) -> LogLine {
        LogLine {
            at: 0,
            source: 0,
            level: Level::Unknown,
            text: text.into(),
            spans: Vec::new(),
            hits: Vec::new(),
            left_out: 0,
            continues: false,
            is_context: false,
        }
    }

    fn noted(finder: &Finder, text: &str) -> Vec<(u32, u32)> {
        let mut rows = [LogRow::Line(line(text))];
        finder.note_hits(&mut rows);
        match rows {
            [LogRow::Line(line)] => line.hits,
            [LogRow::Mark { .. }] => Vec::new(),
        }
    }

    #[test]
    fn what_only_stands_near_is_not_marked() {
        let mut rows = [line("an error"), line("an error")].map(LogRow::Line);
        if let [LogRow::Line(first), ..] = &mut rows {
            first.is_context = true;
        }
        finder("find=error&level=error").unwrap().note_hits(&mut rows);
        let hits = |row: &LogRow| matches!(row, LogRow::Line(line) if !line.hits.is_empty());
        assert_eq!(rows.each_ref().map(hits), [false, true]);
    }

    #[test]
    fn what_matches_everywhere_is_marked_at_the_beginning() {
        let many = noted(&finder("find=a").unwrap(), &"a".repeat(60_000));
        assert_eq!(many.len(), MOST_HITS);
        // Quadratic in what is gone through.
        assert!(noted(&finder("find=.*~|.%26&regex").unwrap(), &"x".repeat(60_000)).is_empty());
        assert_eq!(noted(&finder("find=z").unwrap(), &["ä".repeat(GONE_THROUGH), "z".to_owned()].concat()), []);
    }

    #[test]
    fn what_is_no_expression_is_said() {
        for (query, expected) in [
            ("find=(&regex", "'(' is not a regular expression: unclosed group"),
            ("find=a{99999}{99999}&regex", "'a{99999}{99999}' is not a regular expression: it is too large"),
        ] {
            assert_eq!(finder(query).unwrap_err().to_string(), expected);
        }
    }
}
