//! The bytes of one container's log made into entries: split, stamped, made safe, masked, judged, put together.

use domain::log::drawn::{Drawn, Span, Style, drawn};
use domain::log::level::{Level, level_of};
use domain::log::resume::Arrival;
use domain::log::shape::{Structured, structured};
use domain::log::split::{RawLine, Splitter, stamped};
use domain::log::trace::Grouper;
use domain::log::view::LogLine;

use crate::mask::{LineMask, mask, mask_value};

/// The most changes of colour that are kept of a line: each is an element on the page.
const MOST_SPANS: usize = 200;

/// Lines that belong together: one and those that go on with it, as those of a stack trace do.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its lines; never empty.
    pub lines: Vec<LogLine>,
    /// The worst level of them.
    pub worst: Level,
    /// How many pieces were masked in them.
    pub masked: u32,
    /// Whether lines may be missing before it.
    pub is_after_gap: bool,
}

/// One container's log, on its way.
#[derive(Debug, Default)]
pub struct Entries {
    source: u32,
    splitter: Splitter,
    reader: Reader,
}

#[derive(Debug, Default)]
struct Reader {
    grouper: Grouper,
    mask: LineMask,
    /// The time of the line before, for one that has none.
    latest: Option<i64>,
    /// What came without a time before anything came with one: no container wrote that.
    said: Option<String>,
    lines: Vec<LogLine>,
    masked: u32,
    is_after_gap: bool,
    read: u32,
}

impl Entries {
    /// Nothing yet, of the source in this place among all.
    pub fn new(source: u32) -> Self {
        Self { source, ..Self::default() }
    }

    /// Takes bytes in, and gives the entries that are whole by then.
    pub fn feed(&mut self, bytes: &[u8], take: &mut impl FnMut(Entry)) {
        self.feed_judged(bytes, &mut |_, _| Arrival::New, take);
    }

    /// The same, where `judge` says of each line, by its time and its bytes as they were written, whether it came before. A line that has
    /// no time is one of the node's own.
    pub fn feed_judged(
        &mut self,
        bytes: &[u8],
        judge: &mut impl FnMut(Option<i64>, &[u8]) -> Arrival,
        take: &mut impl FnMut(Entry),
    ) {
        let Self { source, splitter, reader } = self;
        splitter.feed(bytes, &mut |line| reader.take(*source, &line, judge, take));
    }

    /// Nothing more came for a while: gives the entry that was still open, as far as it came.
    pub fn pause(&mut self, take: &mut impl FnMut(Entry)) {
        self.reader.close(take);
    }

    /// The log broke off: gives the entry that was still open, and forgets a line that is not whole.
    pub fn cut(&mut self, take: &mut impl FnMut(Entry)) {
        self.splitter = Splitter::default();
        self.reader.close(take);
    }

    /// Whether an entry is open that the next line may go on with.
    pub fn is_open(&self) -> bool {
        !self.reader.lines.is_empty()
    }

    /// The log is at its end: gives what is left of it.
    pub fn finish(&mut self, take: &mut impl FnMut(Entry)) {
        self.finish_judged(&mut |_, _| Arrival::New, take);
    }

    /// The same, as [`Self::feed_judged`].
    pub fn finish_judged(
        &mut self,
        judge: &mut impl FnMut(Option<i64>, &[u8]) -> Arrival,
        take: &mut impl FnMut(Entry),
    ) {
        let Self { source, splitter, reader } = self;
        splitter.finish(&mut |line| reader.take(*source, &line, judge, take));
        reader.close(take);
    }

    /// The time of the last line, nanoseconds since 1970.
    pub fn latest(&self) -> Option<i64> {
        self.reader.latest
    }

    /// How many lines came.
    pub fn read(&self) -> u32 {
        self.reader.read
    }

    /// What the node said instead of a log: `unable to retrieve container logs for containerd://…`, with which it answers 200.
    pub fn said_instead(&self) -> Option<&str> {
        self.reader.said.as_deref().filter(|_| self.reader.latest.is_none())
    }
}

impl Reader {
    fn take(
        &mut self,
        source: u32,
        line: &RawLine<'_>,
        judge: &mut impl FnMut(Option<i64>, &[u8]) -> Arrival,
        take: &mut impl FnMut(Entry),
    ) {
        let (own, at, bytes) = match (stamped(line.bytes), self.latest) {
            (Some((at, bytes)), _) => (Some(at), at, bytes),
            (None, Some(latest)) => (None, latest, line.bytes),
            (None, None) => {
                self.said.get_or_insert_with(|| drawn(line.bytes).text);
                return;
            }
        };
        self.latest = Some(at);
        match judge(own, bytes) {
            Arrival::New => {}
            Arrival::Again => return,
            Arrival::AfterGap => {
                self.close(take);
                self.is_after_gap = true;
            }
        }
        self.read = self.read.saturating_add(1);
        let mut raw = drawn(bytes);
        raw.spans.truncate(MOST_SPANS);
        let continues = self.grouper.belongs(&raw.text) && !self.lines.is_empty();
        if !continues {
            self.close(take);
        }
        let level = level_of(&raw.text);
        let (Drawn { text, spans }, masked) = shown(raw, &mut self.mask);
        self.masked += masked;
        let (text, left_out) = (text.into(), line.left_out);
        self.lines.push(LogLine { at, source, level, text, spans, hits: Vec::new(), left_out, continues });
    }

    fn close(&mut self, take: &mut impl FnMut(Entry)) {
        let (lines, masked) = (std::mem::take(&mut self.lines), std::mem::take(&mut self.masked));
        if let Some(worst) = lines.iter().map(|line| line.level).max() {
            let is_after_gap = std::mem::take(&mut self.is_after_gap);
            take(Entry { lines, worst, masked, is_after_gap });
        }
    }
}

/// A line as it is shown and searched, without secrets: of a structured one its message, then its fields as `name=value`, each masked
/// after its escapes were undone. How many pieces were masked.
fn shown(raw: Drawn, lines: &mut LineMask) -> (Drawn, u32) {
    let Some(Structured { message, fields }) = structured(&raw.text) else {
        let mut raw = raw;
        let masked = lines.mask(&mut raw);
        return (raw, masked);
    };
    let (message, mut masked) = mask(&message);
    let mut shown = Drawn { text: message.into_owned(), spans: Vec::new() };
    for (name, value) in fields {
        let (value, more) = mask_value(&name, &value);
        masked += more;
        if !shown.text.is_empty() {
            shown.text.push(' ');
        }
        let start = length(&shown.text);
        shown.text.push_str(&name);
        shown.text.push('=');
        // A name stands behind what it names.
        let style = Style { dim: true, ..Style::default() };
        shown.spans.push(Span { start, end: length(&shown.text), style });
        shown.text.push_str(&value);
    }
    (shown, u32::try_from(masked).unwrap_or(u32::MAX))
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each entry's lines, with their level and times in seconds.
    fn read(log: &str) -> (Vec<Vec<String>>, Entries) {
        let mut entries = Entries::new(0);
        let mut all = Vec::new();
        // In pieces that fall anywhere.
        for bytes in log.as_bytes().chunks(7) {
            entries.feed(bytes, &mut |entry| all.push(entry));
        }
        entries.finish(&mut |entry| all.push(entry));
        let line = |line: &LogLine| format!("{} {} {}", line.at / 1_000_000_000, line.level.as_str(), line.text);
        (all.iter().map(|entry| entry.lines.iter().map(line).collect()).collect(), entries)
    }

    #[test]
    fn lines_become_entries() {
        let log = "1970-01-01T00:00:01Z Error: gone\n1970-01-01T00:00:01.5Z     at pool (x.js:1:2)\n1970-01-01T00:00:02Z INFO ready\n\
                   failed to watch the file\n1970-01-01T00:00:03Z last";
        let (all, entries) = read(log);
        assert_eq!(
            all,
            [
                vec!["1 error Error: gone", "1 unknown     at pool (x.js:1:2)"],
                vec!["2 info INFO ready"],
                // What the node says in between has no time of its own.
                vec!["2 unknown failed to watch the file"],
                vec!["3 unknown last"],
            ]
        );
        assert_eq!((entries.read(), entries.said_instead()), (5, None));
    }

    #[test]
    fn what_a_node_says_instead_of_a_log_is_no_line_of_it() {
        let (all, entries) = read("unable to retrieve container logs for containerd://abc");
        assert!(all.is_empty());
        assert_eq!(entries.said_instead(), Some("unable to retrieve container logs for containerd://abc"));
        assert_eq!(read("").1.said_instead(), None);
    }

    #[test]
    fn a_structured_line_is_masked_after_its_escapes_were_undone() {
        for (text, expected) in [
            (r#"{"level":"error","msg":"gone","code":57}"#, "gone code=57"),
            (r#"{"msg":"signed in","token":"hunter2","user":"kim"}"#, "signed in token=[masked] user=kim"),
            (r#"{"Message":"{\u0022password\u0022:\u0022hunter2\u0022}"}"#, r#"{"password":"[masked]"}"#),
            (r#"{"message":"password\u003dhunter2"}"#, "password=[masked]"),
            (r#"{"message":"postgres:\/\/fleet:hunter2@db"}"#, "postgres://fleet:[masked]@db"),
            (r#"{"msg":"x","password":"correct horse"}"#, "x password=[masked]"),
            (r#"{"msg":"x","db":{"password":"hunter2","host":"db"}}"#, r#"x db={"password":"[masked]","host":"db"}"#),
            (
                r#"level=info msg="login with password=\"hunter2\"" user=kim"#,
                r#"login with password="[masked]" user=kim"#,
            ),
            (r#"{"a":1}"#, "a=1"),
        ] {
            let (drawn, _) = shown(drawn(text.as_bytes()), &mut LineMask::default());
            assert_eq!(drawn.text, expected, "{text}");
        }
    }
}
