//! The level among what stands before a message: times, processes, threads and names of loggers.

use super::word::{self, Form};
use super::{Beginning, Level, object};

/// More words than this are no head: it is the message already.
const MOST_WORDS: usize = 16;
/// Names of hosts, programs and loggers before a level.
const MOST_NAMES: u32 = 3;
/// The longest name, and the longest key of logfmt.
const LONGEST_NAME: usize = 128;
/// The longest text in brackets that is still a thread or a place in the code.
const LONGEST_GROUP: usize = 160;

/// Reads words for as long as they are such as stand before a message, and stops at the first that is not.
pub(super) fn read(head: &[u8]) -> Beginning {
    let mut reader = Reader { rest: head, ..Reader::default() };
    for _ in 0..MOST_WORDS {
        match reader.step() {
            Step::Next => reader.skip_gap(),
            Step::Found(level) => return Beginning::logged(level),
            Step::Told(level) => return Beginning { level, is_own: reader.is_own },
            Step::End => break,
        }
    }
    Beginning { level: Level::Unknown, is_own: reader.is_own }
}

/// What a word turned out to be.
enum Step {
    /// Part of the head.
    Next,
    /// The level.
    Found(Level),
    /// The name of an exception.
    Told(Level),
    /// The message, or nothing.
    End,
}

#[derive(Default)]
struct Reader<'a> {
    rest: &'a [u8],
    /// A time has been read.
    is_timed: bool,
    /// The line begins with it.
    is_own: bool,
    /// The word before is a time, with two blanks behind it: a column ends there.
    is_column: bool,
    /// A tab or a bar stands before this word.
    is_cell: bool,
    /// Something in brackets has been read.
    is_bracketed: bool,
    /// A pair of logfmt has been read: only such follow.
    is_pairs: bool,
    /// The next plain word is a host: it stands behind syslog's times.
    is_host: bool,
    names: u32,
    /// Something has been read.
    has_begun: bool,
}

impl<'a> Reader<'a> {
    fn step(&mut self) -> Step {
        let Some(first) = self.rest.first() else { return Step::End };
        let step = match first {
            b'[' | b'(' | b'<' | b'{' => self.group(*first),
            b'0'..=b'9' => self.number(),
            b'+' | b'-' if self.is_timed && self.rest.get(1).is_some_and(u8::is_ascii_digit) => self.number(),
            b'_' | b'/' | b'.' | b'@' | b'*' => self.word(),
            byte if byte.is_ascii_alphabetic() => self.word(),
            _ => Step::End,
        };
        self.has_begun = true;
        step
    }

    /// Takes `length` bytes away; none when there are fewer.
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        taken
    }

    /// What stands between two words.
    fn skip_gap(&mut self) {
        let from = self.rest;
        self.is_cell = false;
        while let Some(byte) = self.rest.first() {
            match byte {
                b'\t' | b'|' => self.is_cell = true,
                b',' | b':' | b';' | b']' | b')' | b'>' => {}
                b'-' if self.rest.get(1).is_none_or(|next| matches!(next, b'-' | b' ' | b'\t')) => {}
                byte if byte.is_ascii_whitespace() => {}
                _ => break,
            }
            self.take(1);
        }
        self.is_column &= from.starts_with(b"  ");
    }

    /// Text in brackets: the level itself, the whole head, or one part of it.
    fn group(&mut self, open: u8) -> Step {
        let close = match open {
            b'[' => b']',
            b'(' => b')',
            b'<' => b'>',
            _ => b'}',
        };
        if self.rest.starts_with(b"{\"") {
            return match object::level(self.rest) {
                Level::Unknown => Step::End,
                level => Step::Found(level),
            };
        }
        let Some(length) = self.rest.iter().take(LONGEST_GROUP).position(|byte| *byte == close) else {
            return Step::End;
        };
        let inside = self.take(length).get(1..).unwrap_or_default();
        self.take(1);
        // Text of a program: JSON's arrays, for one.
        if inside.iter().any(|byte| matches!(byte, b'"' | b'=')) && open != b'[' || inside.first() == Some(&b'"') {
            return Step::End;
        }
        // `<Error><Code>` is XML.
        let is_markup = open == b'<' && self.rest.first().is_some_and(|next| !matches!(next, b' ' | b'\t' | b':'));
        if let Some(level) = self.inside(inside).filter(|_| !is_markup) {
            return level;
        }
        self.is_bracketed = true;
        Step::Next
    }

    /// What a text in brackets says.
    fn inside(&mut self, inside: &[u8]) -> Option<Step> {
        let text = inside.trim_ascii();
        if let Some((level, form)) = word::level(text)
            && form != Form::Upper
        {
            return Some(Step::Found(level));
        }
        if text.len() < 2 {
            return None;
        }
        // `[Error: ENOENT: no such file]` is an exception as Node shows it.
        if !self.is_timed && text.starts_with(b"Error: ") {
            return Some(Step::Told(Level::Error));
        }
        for (index, part) in text.split(|byte| matches!(byte, b' ' | b'\t')).take(MOST_WORDS).enumerate() {
            let is_first = index == 0;
            if is_time(part) || word::is_weekday(part) || word::is_month(part) {
                self.is_timed = true;
                self.is_own |= is_first && !self.has_begun;
                continue;
            }
            // Celery: `ERROR/ForkPoolWorker-1`.
            let name = part.split(|byte| matches!(byte, b'/' | b':' | b',')).next().unwrap_or_default();
            if is_upper(name)
                && let Some((level, form)) = word::level(name)
                && match form {
                    Form::Bare => self.is_timed || is_first,
                    Form::Timed => self.is_timed,
                    Form::Colon | Form::Upper | Form::Value => false,
                }
            {
                return Some(Step::Found(level));
            }
        }
        // Apache: `[core:error]`.
        if self.is_timed
            && let Some(colon) = text.iter().position(|byte| *byte == b':')
            && let Some((level, form)) = text.get(colon + 1..).and_then(word::level)
            && form != Form::Upper
        {
            return Some(Step::Found(level));
        }
        None
    }

    /// A time, or a number that may be a process.
    fn number(&mut self) -> Step {
        let length = number_length(self.rest);
        let token = self.take(length);
        if is_time(token) {
            self.is_own |= !self.has_begun;
            self.is_timed = true;
            self.is_column = true;
            return Step::Next;
        }
        if self.is_timed {
            return Step::Next;
        }
        // `15 Jan 2026 12:00:00`, and log4j's milliseconds: `0 [main] ERROR`.
        let next = self.rest.trim_ascii_start();
        if next.get(..3).is_some_and(word::is_month) {
            self.is_own |= !self.has_begun;
            self.is_timed = true;
            return Step::Next;
        }
        // NestJS: `[Nest] 1  - 01/01/2026, 12:00:00 PM   ERROR`.
        let is_process = next.first() == Some(&b'[') || self.is_bracketed && next.starts_with(b"- ");
        if is_process { Step::Next } else { Step::End }
    }

    fn word(&mut self) -> Step {
        let Some(name_length) = self.name_length() else { return Step::End };
        let length = self.rest.iter().position(|byte| !is_letter(*byte)).unwrap_or(self.rest.len());
        let (plain, after) = self.rest.split_at_checked(length).unwrap_or_default();
        if !self.is_pairs
            && let Some((level, form)) = word::level(plain)
            && let Some(step) = self.level(plain, after, level, form)
        {
            return step;
        }
        let (name, after) = self.rest.split_at_checked(name_length).unwrap_or_default();
        if after.first() == Some(&b'=') {
            return self.pair(name);
        }
        if self.is_pairs {
            return Step::End;
        }
        if let Some(level) = exception(name, after, !self.has_begun) {
            return Step::Told(level);
        }
        // Monolog writes the channel before: `app.ERROR: msg`.
        if self.is_timed
            && let Some(own) = name.strip_suffix(b":").and_then(|name| name.rsplit(|byte| *byte == b'.').next())
            && let Some((level, Form::Bare)) = word::level(own)
            && is_upper(own)
        {
            return Step::Found(level);
        }
        if self.is_part_of_time(plain, after.len() == self.rest.len() - length) {
            self.take(length);
            return Step::Next;
        }
        self.name(name, after)
    }

    /// How long the name is that stands here; none when it is too long to be one.
    fn name_length(&self) -> Option<usize> {
        let length = self.rest.iter().take(LONGEST_NAME).position(|byte| !is_name(*byte));
        length.or_else(|| (self.rest.len() <= LONGEST_NAME).then_some(self.rest.len()))
    }

    /// Whether a word that means a level stands like one.
    fn level(&self, plain: &[u8], after: &[u8], level: Level, form: Form) -> Option<Step> {
        let is_upper = is_upper(plain);
        let next = after.first();
        if next == Some(&b':') {
            // In prose and in names a colon stands behind everything: `error:0A000086`, `info:latest`.
            let ends = after.get(1).is_none_or(u8::is_ascii_whitespace);
            let may_stand = match form {
                Form::Bare | Form::Timed | Form::Colon => is_upper || ends,
                Form::Upper => is_upper && ends,
                Form::Value => false,
            };
            return may_stand.then_some(match plain {
                // As JavaScript, Rust's `main` and others write an exception.
                b"Error" => Step::Told(level),
                _ => Step::Found(level),
            });
        }
        // A method of HTTP.
        if plain == b"TRACE" && (after.starts_with(b" /") || after.starts_with(b" *")) {
            return None;
        }
        if matches!(plain, b"Fatal" | b"fatal" | b"FATAL") && starts_with_ignoring_case(after, b" error:") {
            return Some(Step::Found(level));
        }
        if next.is_some_and(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'|' | b',')) {
            return None;
        }
        let may_stand = match form {
            Form::Bare if is_upper => true,
            Form::Timed if is_upper => self.is_timed,
            // Columns: `2026-01-01T12:00:00Z <tab> info <tab> msg`.
            Form::Bare | Form::Timed | Form::Colon => {
                let is_cell = self.is_cell && next.is_some_and(|byte| matches!(byte, b'\t' | b'|' | b' '));
                self.is_timed && (is_cell || self.is_column && after.starts_with(b"  "))
            }
            Form::Upper | Form::Value => false,
        };
        may_stand.then_some(Step::Found(level))
    }

    /// `key=value`, quoted or not.
    fn pair(&mut self, key: &[u8]) -> Step {
        let is_first = !self.has_begun;
        self.take(key.len() + 1);
        self.is_pairs = true;
        let value = if self.rest.first() == Some(&b'"') {
            let mut is_escaped = true;
            let length = self.rest.iter().position(|byte| {
                let ends = *byte == b'"' && !is_escaped;
                is_escaped = *byte == b'\\' && !is_escaped;
                ends
            });
            let Some(length) = length else { return Step::End };
            let value = self.take(length).get(1..).unwrap_or_default();
            self.take(1);
            value
        } else {
            let length = self.rest.iter().position(u8::is_ascii_whitespace).unwrap_or(self.rest.len());
            self.take(length)
        };
        if word::is_level_key(key) {
            let level = word::value(value);
            if level != Level::Unknown {
                return Step::Found(level);
            }
        }
        self.is_own |= is_first && is_time(value);
        Step::Next
    }

    /// Days, months, zones and halves of days.
    fn is_part_of_time(&mut self, plain: &[u8], is_alone: bool) -> bool {
        if !is_alone {
            return false;
        }
        if self.is_timed && word::is_zone(plain) {
            return true;
        }
        let behind = self.rest.get(plain.len()..).unwrap_or_default();
        let next = behind.iter().copied().find(|byte| !matches!(byte, b' ' | b','));
        let is_month = word::is_month(plain);
        let is_part = next.is_some_and(|byte| byte.is_ascii_digit() || !is_month && byte.is_ascii_uppercase())
            && (is_month || word::is_weekday(plain));
        if is_part && is_month {
            self.is_host = !self.is_timed;
            self.is_timed = true;
            self.is_own |= !self.has_begun;
        }
        is_part
    }

    /// A host, a program, a thread or a logger: a word like any other, but for what stands around it.
    fn name(&mut self, name: &[u8], after: &[u8]) -> Step {
        self.names += 1;
        if self.names > MOST_NAMES {
            return Step::End;
        }
        let next = after.trim_ascii_start();
        let is_delimited = name.last() == Some(&b':')
            || matches!(after.first(), Some(b'[' | b'|' | b'\t'))
            || next.first() == Some(&b'|')
            || next.len() < after.len() && (next.starts_with(b"- ") || next.starts_with(b"-- "));
        let has_sign = name.iter().any(|byte| !byte.is_ascii_alphanumeric());
        let is_known = self.is_timed && matches!(name, b"main" | b"PHP") || name == b"PHP";
        let is_host = std::mem::take(&mut self.is_host);
        let is_placed = (self.is_timed || self.is_bracketed) && has_sign;
        if !is_delimited && !is_placed && !is_host && !is_known {
            return Step::End;
        }
        self.take(name.len());
        Step::Next
    }
}

/// `SomethingError: msg`, `java.lang.SomethingException: msg`, `TypeError [ERR_X]: msg`; without a message only as the whole line.
fn exception(name: &[u8], after: &[u8], is_whole: bool) -> Option<Level> {
    let (name, has_colon) = name.strip_suffix(b":").map_or((name, false), |name| (name, true));
    let own = name.rsplit(|byte| matches!(byte, b'.' | b'$' | b':')).next()?;
    if !own.first()?.is_ascii_uppercase()
        || !name.iter().all(|byte| is_letter(*byte) || matches!(byte, b'.' | b'$' | b':'))
    {
        return None;
    }
    let level = match own {
        _ if own.ends_with(b"Error") || own.ends_with(b"Exception") => Level::Error,
        _ if own.ends_with(b"Warning") => Level::Warn,
        _ => return None,
    };
    let has_code = after.starts_with(b" [") && after.windows(2).take(80).any(|window| window == b"]:");
    let ends = after.first().is_none_or(u8::is_ascii_whitespace);
    (has_code || has_colon && ends || is_whole && after.trim_ascii().is_empty() && own != b"Error").then_some(level)
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_name(byte: u8) -> bool {
    is_letter(byte) || matches!(byte, b'.' | b'$' | b'/' | b'@' | b'#' | b'+' | b'~' | b'*' | b'-' | b':' | b'%')
}

fn is_upper(word: &[u8]) -> bool {
    word.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn starts_with_ignoring_case(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// How long a number or time at the beginning of a text is. Jetty and others go on behind it without a blank: `12:00:00:INFO:`.
fn number_length(text: &[u8]) -> usize {
    let is_end = |index: usize, byte: u8| match byte {
        b':' | b',' => text.get(index + 1).is_some_and(u8::is_ascii_alphabetic),
        byte => !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'/' | b'+' | b'-' | b'_' | b'#' | b'%'),
    };
    text.iter().enumerate().position(|(index, byte)| is_end(index, *byte)).unwrap_or(text.len())
}

/// Whether a word is a time, a date, both, or seconds since 1970.
fn is_time(token: &[u8]) -> bool {
    let token = token.strip_suffix(b":").or_else(|| token.strip_suffix(b",")).unwrap_or(token);
    if !token.first().is_some_and(u8::is_ascii_digit) || token.len() > 40 {
        return false;
    }
    let (mut dashes, mut dots, mut colons, mut letters, mut first_digits) = (0, 0, 0, 0, None);
    for (index, byte) in token.iter().enumerate() {
        let is_before_digit = token.get(index + 1).is_some_and(u8::is_ascii_digit);
        match byte {
            b'0'..=b'9' => continue,
            b'-' | b'/' => dashes += 1,
            b'.' => dots += 1,
            b':' => colons += u32::from(is_before_digit),
            b',' | b'+' => {}
            byte if byte.is_ascii_alphabetic() => letters += 1,
            _ => return false,
        }
        first_digits = first_digits.or(Some(index));
    }
    if letters > 0 && !token.split(|byte| !byte.is_ascii_alphabetic()).all(is_letters_of_time) {
        return false;
    }
    let first_digits = first_digits.unwrap_or(token.len());
    match dots {
        // An address.
        3.. => false,
        _ if colons > 0 || dashes >= 2 => true,
        2 => first_digits == 4,
        // Zap writes `1.7000000000000000e+09`.
        _ => first_digits >= 10 && letters == 0 || token.ends_with(b"e+09"),
    }
}

fn is_letters_of_time(letters: &[u8]) -> bool {
    matches!(letters, b"" | b"T" | b"e" | b"Z" | b"AM" | b"PM" | b"am" | b"pm" | b"UTC") || word::is_month(letters)
}
