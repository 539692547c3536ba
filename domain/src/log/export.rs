//! What is downloaded of the logs: a head that says what it is, then the rows.

use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::level::Level;
use super::query::{Find, LogQuery, Since};
use super::view::{LogLine, LogRow, LogSource};
use crate::text::{hides, show};

/// The most characters of a file's name that say whose logs it has, in which container, and where; with the time they are fewer than the
/// 255 bytes that file systems allow.
const LONGEST_PARTS: [usize; 3] = [63, 30, 100];

/// How logs are written into a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// A line of text for each line, with when and whose it is before it. What is no line of a log begins with `# `, what is shown only for
    /// what it stands near with `-`.
    #[default]
    Text,
    /// A JSON object for each line: <https://github.com/ndjson/ndjson-spec>.
    Ndjson,
}

/// Not one of our formats.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a format of logs")]
pub struct FormatError(String);

/// What a download is: it is read long after, by somebody who has nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// What was asked.
    pub query: &'a LogQuery,
    /// When it was read, seconds since 1970.
    pub read_at: i64,
    /// Who read it.
    pub reader: &'a str,
    /// How many entries follow that were asked for.
    pub entries: u32,
    /// How many pieces in them were masked, because they looked like secrets.
    pub masked: u32,
    /// What could not be read and why, and what else must be known: sentences.
    pub notes: &'a [Arc<str>],
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Text, Self::Ndjson];

    /// As it stands in the URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Ndjson => "ndjson",
        }
    }

    /// What an answer is, for its `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Ndjson => "application/x-ndjson; charset=utf-8",
        }
    }

    /// The name of the file: `fleet-api_fleet-management-staging_2026-11-21T101500Z.log`. Small letters, digits, `-` and `_`, but for the
    /// time and the one point: it may stand between quotes in a header, and on every file system.
    pub fn file_name(self, query: &LogQuery, read_at: i64) -> String {
        let [whose, container, place] = LONGEST_PARTS;
        let subject = match &query.pod {
            Some(pod) => part([pod.as_str()].into_iter(), whose),
            None => part(query.components.iter().map(|name| name.as_str()), whose),
        };
        let environments: Vec<String> = query.environments.iter().map(ToString::to_string).collect();
        let mut parts = vec![if subject.is_empty() { "logs".to_owned() } else { subject }];
        parts.push(part(query.container.iter().map(|name| name.as_str()), container));
        parts.push(part(environments.iter().map(String::as_str), place));
        parts.push(utc(read_at).replace(':', ""));
        parts.retain(|part| !part.is_empty());
        let extension = match self {
            Self::Text => "log",
            Self::Ndjson => "ndjson",
        };
        format!("{}.{extension}", parts.join("_"))
    }

    /// Writes what stands before the rows.
    pub fn write_head(self, head: &Head<'_>, out: &mut String) {
        let Head { query, read_at, reader, entries, masked, notes } = *head;
        let (asked, address, read_at) = (asked(query), format!("/logs{}", query.to_query_string()), utc(read_at));
        match self {
            Self::Text => {
                out.push_str("# Logs from Quarterdeck\n");
                let counts = [("entries", entries.to_string()), ("masked", masked.to_string())];
                let said =
                    [("asked", asked), ("address", address), ("read at", read_at), ("read by", reader.to_owned())];
                let notes = notes.iter().map(|note| ("note", note.to_string()));
                for (name, value) in said.into_iter().chain(counts).chain(notes) {
                    out.push_str(&format!("# {name}: "));
                    push_safe(out, &value);
                    out.push('\n');
                }
            }
            Self::Ndjson => {
                let quarterdeck = About { asked, address, read_at, read_by: reader, entries, masked, notes };
                push_json(out, &First { quarterdeck });
            }
        }
    }

    /// Writes a row. `sources` are those that rows name by their place.
    pub fn write_row(self, row: &LogRow, sources: &[LogSource], out: &mut String) {
        let whose = |source: u32| sources.get(source as usize);
        match (self, row) {
            (Self::Text, LogRow::Line(line)) => {
                let LogLine { at, source, level, text, left_out, is_context, spans: _, hits: _, continues: _ } = line;
                if *is_context {
                    out.push('-');
                }
                out.push_str(&time(*at));
                push_source(out, whose(*source));
                out.push_str(&format!(" {} ", level_word(*level)));
                push_safe(out, text);
                if *left_out > 0 {
                    out.push_str(&format!(" [cut: {left_out} bytes more]"));
                }
                out.push('\n');
            }
            (Self::Text, LogRow::Mark { at, source, text }) => {
                out.push_str("# ");
                out.push_str(&time(*at));
                push_source(out, whose(*source));
                out.push_str(": ");
                push_safe(out, text);
                out.push('\n');
            }
            (Self::Ndjson, LogRow::Line(line)) => {
                let LogLine { at, source, level, ref text, left_out, continues, is_context, spans: _, hits: _ } = *line;
                let (time, whose) = (time(at), whose(source).map(Whose::of));
                push_json(out, &LineRecord { time, whose, level, text, left_out, continues, context: is_context });
            }
            (Self::Ndjson, LogRow::Mark { at, source, text }) => {
                push_json(out, &MarkRecord { time: time(*at), whose: whose(*source).map(Whose::of), mark: text });
            }
        }
    }
}

impl FromStr for Format {
    type Err = FormatError;
    fn from_str(text: &str) -> Result<Self, FormatError> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| FormatError(text.to_owned()))
    }
}

/// The first object of a file, and the only one with this key.
#[derive(Serialize)]
struct First<'a> {
    quarterdeck: About<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct About<'a> {
    asked: String,
    address: String,
    read_at: String,
    read_by: &'a str,
    entries: u32,
    masked: u32,
    notes: &'a [Arc<str>],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LineRecord<'a> {
    time: String,
    #[serde(flatten)]
    whose: Option<Whose<'a>>,
    level: Level,
    text: &'a str,
    left_out: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    continues: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    context: bool,
}

#[derive(Serialize)]
struct MarkRecord<'a> {
    time: String,
    #[serde(flatten)]
    whose: Option<Whose<'a>>,
    mark: &'a str,
}

#[derive(Serialize)]
struct Whose<'a> {
    environment: String,
    component: &'a str,
    pod: &'a str,
    container: &'a str,
    previous: bool,
}

impl<'a> Whose<'a> {
    fn of(source: &'a LogSource) -> Self {
        let LogSource { environment, component, pod, container, previous } = source;
        Self { environment: environment.to_string(), component, pod, container, previous: *previous }
    }
}

/// What is asked, as one says it.
fn asked(query: &LogQuery) -> String {
    let mut words = match query.since {
        Since::Last => "the last lines".to_owned(),
        Since::Ago(_) => format!("the lines of the last {}", query.since.written()),
        Since::Start => "the lines since the start of the container".to_owned(),
        Since::At(moment) => format!("the lines since {}", utc(moment)),
    };
    let mut say = |more: &[&str]| words.extend(more.iter().copied());
    if let Some(until) = query.until {
        say(&[" before ", &utc(until)]);
    }
    match (&query.pod, query.components.as_slice()) {
        (Some(pod), _) => say(&[" of pod ", pod.as_str()]),
        (None, []) => say(&[" of everything"]),
        (None, components) => {
            say(&[" of ", &components.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")]);
        }
    }
    if let Some(container) = &query.container {
        say(&[" in container ", container.as_str()]);
    }
    let environments: Vec<String> = query.environments.iter().map(ToString::to_string).collect();
    if !environments.is_empty() {
        say(&[" in ", &environments.join(", ")]);
    }
    if let Some(level) = query.least {
        say(&[", ", level.as_str(), " or worse"]);
    }
    let Find { text, regex, case, not } = &query.find;
    if !text.is_empty() {
        let verb = match (regex, not) {
            (false, false) => "containing",
            (false, true) => "not containing",
            (true, false) => "matching",
            (true, true) => "not matching",
        };
        say(&[", ", verb, " \"", text, "\"", if *case { " in this case" } else { "" }]);
    }
    match query.around() {
        0 => {}
        1 => words.push_str(", with the entry on each side"),
        around => words.push_str(&format!(", with {around} entries on each side")),
    }
    words
}

/// The first of some names as a part of a file's name, and how many there are besides.
fn part<'a>(mut names: impl Iterator<Item = &'a str>, longest: usize) -> String {
    let first = names.next().unwrap_or_default();
    let letter = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
    let first: String = first.chars().take(longest).map(letter).collect();
    let first = first.trim_matches('-');
    match names.count() {
        0 => first.to_owned(),
        others => format!("{first}-and-{others}-more"),
    }
}

/// Seconds since 1970 as `2026-11-21T10:15:00Z`; beyond the years that a calendar has, its first and last.
fn utc(seconds: i64) -> String {
    let seconds = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// Nanoseconds since 1970 with all of their digits, so that the order of the letters is that of the times.
fn time(at: i64) -> String {
    let time = Timestamp::from_nanosecond(i128::from(at)).expect("jiff knows more years than 64 bits of nanoseconds");
    format!("{time:.9}")
}

/// ` fleet-management/staging fleet-api-1/app[previous]`.
fn push_source(out: &mut String, source: Option<&LogSource>) {
    let Some(LogSource { environment, component: _, pod, container, previous }) = source else {
        out.push_str(" - -");
        return;
    };
    out.push_str(&format!(" {environment} "));
    push_safe(out, pod);
    out.push('/');
    push_safe(out, container);
    if *previous {
        out.push_str("[previous]");
    }
}

/// The level as one looks for it; one that is not known is no word.
fn level_word(level: Level) -> &'static str {
    match level {
        Level::Unknown => "-",
        Level::Trace => "TRACE",
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
        Level::Fatal => "FATAL",
    }
}

/// The text on one line, whoever wrote it. A log's line is safe already, and so is as it was.
fn push_safe(out: &mut String, text: &str) {
    let mut marks = 0;
    out.extend(text.chars().filter_map(|c| if c == '\t' { Some(c) } else { show(c, &mut marks) }));
}

/// A line of JSON. It says the same with all that hides itself escaped: some programs end lines at more than line breaks.
fn push_json(out: &mut String, value: &impl Serialize) {
    let json = serde_json::to_string(value).expect("texts and numbers are always JSON");
    for c in json.chars() {
        if hides(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out.push('\n');
}

#[cfg(test)]
mod tests;
