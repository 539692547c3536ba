//! The words for levels, and where each of them may stand.

use super::Level;

/// The longest word, key or month there is.
const LONGEST: usize = 16;

/// How sure a word is to be a level: the rarer it is in prose, the fewer signs it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In upper case it needs nothing else: `ERROR msg`.
    Bare,
    /// In upper case, behind a time: `12:00PM ERR msg`.
    Timed,
    /// With a colon or in brackets: `fail: msg`.
    Colon,
    /// With a colon, in upper case: `HINT:  msg`.
    Upper,
    /// In brackets or as a value: `[alert]`.
    Value,
}

/// A lower-case copy of a short word; empty for a long one.
fn lower(word: &[u8]) -> ([u8; LONGEST], usize) {
    let mut buffer = [0; LONGEST];
    match buffer.get_mut(..word.len()) {
        Some(part) => {
            part.copy_from_slice(word);
            part.make_ascii_lowercase();
            (buffer, word.len())
        }
        None => (buffer, 0),
    }
}

/// What level a word is, in whatever case, and where it may stand.
pub(super) fn level(word: &[u8]) -> Option<(Level, Form)> {
    let (buffer, length) = lower(word);
    Some(match buffer.get(..length)? {
        b"trace" => (Level::Trace, Form::Bare),
        b"debug" => (Level::Debug, Form::Bare),
        b"info" | b"notice" => (Level::Info, Form::Bare),
        b"warn" | b"warning" => (Level::Warn, Form::Bare),
        b"error" | b"severe" => (Level::Error, Form::Bare),
        b"fatal" | b"critical" | b"panic" => (Level::Fatal, Form::Bare),
        // zerolog, Serilog.
        b"trc" => (Level::Trace, Form::Timed),
        b"dbg" => (Level::Debug, Form::Timed),
        b"inf" => (Level::Info, Form::Timed),
        b"wrn" => (Level::Warn, Form::Timed),
        b"err" => (Level::Error, Form::Timed),
        b"ftl" | b"pnc" | b"dpanic" | b"crit" | b"emerg" => (Level::Fatal, Form::Timed),
        // PostgreSQL.
        b"debug1" | b"debug2" | b"debug3" | b"debug4" | b"debug5" => (Level::Debug, Form::Timed),
        b"log" | b"statement" | b"detail" | b"hint" | b"context" => (Level::Info, Form::Upper),
        // .NET.
        b"trce" => (Level::Trace, Form::Colon),
        b"dbug" => (Level::Debug, Form::Colon),
        b"information" => (Level::Info, Form::Colon),
        b"fail" => (Level::Error, Form::Colon),
        // syslog and nginx, Apache, log15, MySQL, npm, java.util.logging.
        b"alert" | b"emergency" => (Level::Fatal, Form::Value),
        b"trace1" | b"trace2" | b"trace3" | b"trace4" | b"trace5" | b"trace6" | b"trace7" | b"trace8" => {
            (Level::Trace, Form::Value)
        }
        b"eror" => (Level::Error, Form::Value),
        b"note" | b"informational" => (Level::Info, Form::Value),
        b"verbose" | b"fine" | b"finer" => (Level::Debug, Form::Value),
        b"silly" | b"finest" => (Level::Trace, Form::Value),
        _ => return None,
    })
}

/// What level a value is that stands under one of [`is_level_key`]: a word, or a number of pino or bunyan. Smaller numbers are
/// syslog's to some and verbosity to others.
pub(in super::super) fn value(value: &[u8]) -> Level {
    if let [tens @ b'1'..=b'6', b'0'..=b'9'] = value {
        return match tens {
            b'1' => Level::Trace,
            b'2' => Level::Debug,
            b'3' => Level::Info,
            b'4' => Level::Warn,
            b'5' => Level::Error,
            _ => Level::Fatal,
        };
    }
    // Go's slog has levels in between: `INFO+2`.
    let word = value.split(|byte| matches!(byte, b'+' | b'-')).next().unwrap_or(value);
    level(word.trim_ascii()).map_or(Level::Unknown, |(level, _)| level)
}

/// Whether a level stands under this key, in JSON or logfmt.
pub(in super::super) fn is_level_key(key: &[u8]) -> bool {
    // Most keys are none: this is asked for every one of every line.
    if !matches!(key.first(), Some(b'l' | b'L' | b's' | b'S' | b'@' | b'e')) {
        return false;
    }
    let (buffer, length) = lower(key);
    matches!(
        buffer.get(..length),
        Some(
            b"level"
                | b"lvl"
                | b"severity"
                | b"log.level"
                | b"@level"
                | b"loglevel"
                | b"log_level"
                | b"level_name"
                | b"levelname"
                | b"severity_text"
                | b"severitytext"
                | b"error_severity"
                | b"@l"
        )
    )
}

/// Whether it is an English month as it is written in times: `Jan`.
pub(super) fn is_month(word: &[u8]) -> bool {
    matches!(
        word,
        b"Jan" | b"Feb" | b"Mar" | b"Apr" | b"May" | b"Jun" | b"Jul" | b"Aug" | b"Sep" | b"Oct" | b"Nov" | b"Dec"
    )
}

/// Whether it is an English day of the week as it is written in times: `Mon`.
pub(super) fn is_weekday(word: &[u8]) -> bool {
    matches!(word, b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat" | b"Sun")
}

/// Whether it belongs to the time before it: half of a day or a zone.
pub(super) fn is_zone(word: &[u8]) -> bool {
    matches!(word, b"AM" | b"PM" | b"Z" | b"UTC" | b"GMT" | b"CET" | b"CEST" | b"EET" | b"EEST" | b"WET" | b"WEST")
        || matches!(word, b"EST" | b"EDT" | b"CST" | b"CDT" | b"MST" | b"MDT" | b"PST" | b"PDT" | b"IST" | b"JST")
        || matches!(word, b"KST" | b"BST" | b"MSK")
}
