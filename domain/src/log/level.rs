//! How bad a line says it is.

mod head;
mod object;
mod word;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(super) use word::{is_level_key, value as level_of_value};

/// How much of a line is looked at: levels stand at the beginning. It is what makes a line cost the same however long it is.
const HEAD_BYTES: usize = 512;
/// How much of a JSON object is looked at: there the level may stand behind the message.
const OBJECT_BYTES: usize = 8 * 1024;

/// How bad a line says it is. The order is that of badness.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It does not say.
    #[default]
    Unknown,
    /// Every step.
    Trace,
    /// For who writes the program.
    Debug,
    /// What happened; syslog's "notice" too.
    Info,
    /// It coped.
    Warn,
    /// Something failed.
    Error,
    /// The program ends, or should: syslog's "critical", "alert" and "emergency" too.
    Fatal,
}

impl Level {
    /// All of them, from the one that says nothing to the worst.
    pub const ALL: [Self; 7] =
        [Self::Unknown, Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// The word for it in URLs, records and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not one of our levels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a level")]
pub struct LevelError(String);

impl FromStr for Level {
    type Err = LevelError;
    fn from_str(text: &str) -> Result<Self, LevelError> {
        Self::ALL.into_iter().find(|level| level.as_str() == text).ok_or_else(|| LevelError(text.to_owned()))
    }
}

/// How bad a line says it is. `text` is one line without escapes for colours and without line break.
///
/// A line says it where levels stand, or is the first of a crash that every language writes alike. What only talks of errors
/// says nothing: an unknown level is a smaller mistake than a wrong one.
pub fn level_of(text: &str) -> Level {
    read(text).level
}

/// What the beginning of a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beginning {
    pub level: Level,
    /// It begins with a time, or with a level that a logger wrote: not with the name of an exception, which may stand inside
    /// of a stack trace too.
    pub is_own: bool,
}

impl Beginning {
    const NOTHING: Self = Self { level: Level::Unknown, is_own: false };

    fn logged(level: Level) -> Self {
        Self { level, is_own: level != Level::Unknown }
    }

    fn told(level: Level) -> Self {
        Self { level, is_own: false }
    }
}

/// Reads the beginning of a line.
pub(super) fn read(text: &str) -> Beginning {
    let bytes = text.as_bytes();
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    match bytes.first() {
        None => Beginning::NOTHING,
        Some(b'{') => Beginning::logged(object::level(bytes.get(..OBJECT_BYTES).unwrap_or(bytes))),
        Some(b' ' | b'\t') => indented(head),
        Some(_) => told(head).or_else(|| marked(head)).unwrap_or_else(|| head::read(head)),
    }
}

/// A line that begins with blanks goes on with another one, unless it is clear that it does not.
fn indented(head: &[u8]) -> Beginning {
    let text = head.trim_ascii_start();
    // Loggers that align their levels: ` INFO fleet: msg`.
    let is_aligned = head.len() == text.len() + 1 && (text.starts_with(b"INFO ") || text.starts_with(b"WARN "));
    let is_bracketed = text.first() == Some(&b'[') && text.get(1).is_some_and(u8::is_ascii_uppercase);
    let is_dated = text.first().is_some_and(u8::is_ascii_digit);
    if !is_aligned && !is_bracketed && !is_dated {
        return Beginning::NOTHING;
    }
    let beginning = head::read(text);
    if beginning.is_own && beginning.level != Level::Unknown { beginning } else { Beginning::NOTHING }
}

/// The first lines of crashes, and what has no place for a level but says it by its form.
fn told(head: &[u8]) -> Option<Beginning> {
    let starts = |prefix: &str| head.starts_with(prefix.as_bytes());
    let level = match head.first()? {
        // Go.
        b'p' if starts("panic: ") => Level::Fatal,
        b'f' if starts("fatal error: ") => Level::Fatal,
        // Rust: one thread, which need not be the program.
        b't' if starts("thread '") && head.windows(12).any(|window| window == b" panicked at") => Level::Error,
        // Python.
        b'T' if starts("Traceback (most recent call last):") => Level::Error,
        // Java.
        b'E' if starts("Exception in thread \"") => Level::Error,
        // .NET, by its runtimes.
        b'U' if starts("Unhandled exception.") || starts("Unhandled Exception:") => Level::Fatal,
        // Node.
        b'U' if starts("Uncaught ") || starts("UnhandledPromiseRejection") => Level::Error,
        b'[' if starts("[UnhandledPromiseRejection") => Level::Error,
        _ => return None,
    };
    Some(Beginning::told(level))
}

/// Levels that are written as a letter, a sign or a number.
fn marked(head: &[u8]) -> Option<Beginning> {
    let level = match head.first()? {
        b'A'..=b'Z' => klog(head).or_else(|| ruby(head)).or_else(|| logrus(head))?,
        b'0'..=b'9' => redis(head)?,
        b'<' => syslog(head)?,
        b'n' => npm(head)?,
        _ => return None,
    };
    Some(Beginning::logged(level))
}

/// `E0115 12:00:00.000000       1 file.go:12] msg`; newer ones write the year too.
/// <https://kubernetes.io/docs/concepts/cluster-administration/system-logs/#klog>
fn klog(head: &[u8]) -> Option<Level> {
    let (letter, rest) = head.split_first()?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (b' ', time) = rest.get(digits..)?.split_first()? else { return None };
    let is_time = matches!(time, [b'0'..=b'9', b'0'..=b'9', b':', b'0'..=b'9', b'0'..=b'9', b':', ..]);
    match letter {
        _ if !is_time || !matches!(digits, 4 | 8) => None,
        b'I' => Some(Level::Info),
        b'W' => Some(Level::Warn),
        b'E' => Some(Level::Error),
        b'F' => Some(Level::Fatal),
        _ => None,
    }
}

/// `E, [2026-01-01T12:00:00.000000 #1] ERROR -- : msg`
fn ruby(head: &[u8]) -> Option<Level> {
    match head {
        [letter, b',', b' ', b'[', b'0'..=b'9', ..] => match letter {
            b'D' => Some(Level::Debug),
            b'I' => Some(Level::Info),
            b'W' => Some(Level::Warn),
            b'E' => Some(Level::Error),
            b'F' => Some(Level::Fatal),
            _ => None,
        },
        _ => None,
    }
}

/// `ERRO[0012] msg`, with the seconds since the start: logrus, when it writes to a terminal.
fn logrus(head: &[u8]) -> Option<Level> {
    let (word, [b'[', b'0'..=b'9', ..]) = head.split_at_checked(4)? else { return None };
    match word {
        b"TRAC" => Some(Level::Trace),
        b"DEBU" => Some(Level::Debug),
        b"INFO" => Some(Level::Info),
        b"WARN" => Some(Level::Warn),
        b"ERRO" => Some(Level::Error),
        b"FATA" | b"PANI" => Some(Level::Fatal),
        _ => None,
    }
}

/// `1:M 01 Jan 2026 12:00:00.000 # msg`: a process, its role and four words of time, then a sign.
fn redis(head: &[u8]) -> Option<Level> {
    let digits = head.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (b':', rest) = head.get(digits..)?.split_first()? else { return None };
    let mut words = rest.split(|byte| *byte == b' ');
    if !matches!(words.next()?, [b'X' | b'C' | b'S' | b'M']) {
        return None;
    }
    let (_day, month, _year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if !word::is_month(month) || !time.contains(&b':') {
        return None;
    }
    match words.next()? {
        b"." => Some(Level::Debug),
        b"-" | b"*" => Some(Level::Info),
        b"#" => Some(Level::Warn),
        _ => None,
    }
}

/// `<3>msg`: the severity is the priority's rest by eight. <https://www.rfc-editor.org/rfc/rfc5424#section-6.2.1>
fn syslog(head: &[u8]) -> Option<Level> {
    let rest = head.get(1..)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !matches!(digits, 1..=3) || rest.get(digits) != Some(&b'>') {
        return None;
    }
    let priority = rest.iter().take(digits).fold(0u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    match priority % 8 {
        // Facilities end at 23.
        _ if priority > 191 => None,
        0..=2 => Some(Level::Fatal),
        3 => Some(Level::Error),
        4 => Some(Level::Warn),
        7 => Some(Level::Debug),
        _ => Some(Level::Info),
    }
}

/// `npm ERR! code 1`, since version 10 `npm error code 1`.
fn npm(head: &[u8]) -> Option<Level> {
    let rest = head.strip_prefix(b"npm ")?;
    let word = rest.split(|byte| matches!(byte, b' ' | b'!')).next()?;
    let level = word::value(word);
    (level != Level::Unknown).then_some(level)
}

#[cfg(test)]
mod tests;
