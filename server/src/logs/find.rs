//! What is looked for in lines.

use domain::log::level::Level;
use domain::log::query::{Find, LogQuery};
use regex::{Regex, RegexBuilder};

/// The most memory that an expression may take, in bytes: of a kind that nobody types by hand.
const MOST_MEMORY: usize = 1 << 20;

/// A query ready to be asked of lines. It takes time in proportion to the text, whatever the expression:
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
        is_bad && self.text.as_ref().is_none_or(|regex| texts.any(|text| regex.is_match(text)) != self.not)
    }

    /// Where what is looked for stands in a text. Nowhere, where those are wanted in which it does not.
    pub fn hits(&self, text: &str) -> Vec<(u32, u32)> {
        let Some(regex) = self.text.as_ref().filter(|_| !self.not) else { return Vec::new() };
        let found = regex.find_iter(text).filter(|found| !found.is_empty());
        found.filter_map(|found| Some((found.start().try_into().ok()?, found.end().try_into().ok()?))).collect()
    }
}

/// What is wrong with an expression, in the last line of what the parser draws.
fn said(error: &regex::Error) -> String {
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
            assert_eq!(finder(query).unwrap().hits(text), expected, "{query}");
        }
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
