//! The bytes of one container's log made into entries: split, stamped, made safe, masked, judged, put together.

use std::sync::Arc;

use domain::log::drawn::{Drawn, Span, Style, drawn};
use domain::log::level::{Level, level_of};
use domain::log::resume::Arrival;
use domain::log::shape::{Structured, structured};
use domain::log::split::{RawLine, Splitter, stamped};
use domain::log::trace::{Grouper, MOST_LINES};
use domain::log::view::LogLine;
use memchr::memmem;

use crate::mask::{LineMask, OwnMasks, mask, mask_lines, mask_value};

/// The most pieces of a line that are drawn in a style: each is an element on the page.
const MOST_SPANS: usize = 200;

/// What the first line of a private key begins with.
const KEY: &[u8] = b"-----BEGIN ";

/// Lines that belong together: one and those that go on with it, as those of a stack trace do.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its lines; never empty.
    pub lines: Vec<LogLine>,
    /// The worst level of them.
    pub worst: Level,
    /// When each of those was written that they are made of: a structured one may have several lines in it.
    pub times: Vec<i64>,
    /// How many pieces were masked in them.
    pub masked: u32,
    /// Whether lines may be missing before it.
    pub is_after_gap: bool,
}

/// What comes of a log that nobody has the time to look at.
#[derive(Debug, Clone, PartialEq)]
pub enum Came {
    /// What was still open, or was said in between.
    Entry(Entry),
    /// A line of this time, nanoseconds since 1970.
    Unseen(i64),
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
    own: Arc<OwnMasks>,
    /// The time of the line before, for one that has none.
    latest: Option<i64>,
    /// What came without a time before anything came with one: no container wrote that.
    said: Option<String>,
    lines: Vec<LogLine>,
    times: Vec<i64>,
    masked: u32,
    is_after_gap: bool,
    read: u32,
    /// The last line that nobody looked at, where that came last.
    unseen: Option<Vec<u8>>,
}

impl Entries {
    /// Nothing yet, of the source in this place among all. `own` is masked in it, beside what looks like a secret.
    pub fn new(source: u32, own: Arc<OwnMasks>) -> Self {
        Self { source, reader: Reader { own, ..Reader::default() }, ..Self::default() }
    }

    /// Masks this instead in what comes from now on.
    pub fn mask_by(&mut self, own: Arc<OwnMasks>) {
        self.reader.own = own;
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

    /// The same where there is no time to look at what comes: lines are only told by their times, judged as else.
    pub fn skim_judged(
        &mut self,
        bytes: &[u8],
        judge: &mut impl FnMut(Option<i64>, &[u8]) -> Arrival,
        take: &mut impl FnMut(Came),
    ) {
        let Self { source, splitter, reader } = self;
        splitter.feed(bytes, &mut |line| reader.skim(*source, &line, judge, take));
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
        if let Some(before) = self.unseen.take() {
            // It may say of this one that it holds a secret.
            self.mask.mask(&mut drawn(&before));
            self.grouper = Grouper::default();
        }
        let mut raw = drawn(bytes);
        raw.spans.truncate(MOST_SPANS);
        let continues = self.grouper.belongs(&raw.text) && !self.lines.is_empty();
        if !continues {
            self.close(take);
        }
        let level = level_of(&raw.text);
        let (mut shown, masked) = shown(raw, &mut self.mask, &self.own);
        joined(&mut shown, MOST_LINES.saturating_sub(self.lines.len()).max(1));
        self.masked += masked;
        self.times.push(at);
        for (place, Shown { drawn: Drawn { text, spans }, own }) in shown.into_iter().enumerate() {
            let (level, left_out) = match place {
                0 => (level, line.left_out),
                // What stands in it is no worse than it says that it is.
                _ => (level_of(text.get(own..).unwrap_or_default()).min(level), 0),
            };
            let (text, hits, continues) = (text.into(), Vec::new(), continues || place > 0);
            let is_context = false;
            self.lines.push(LogLine { at, source, level, text, spans, hits, left_out, continues, is_context });
        }
    }

    fn skim(
        &mut self,
        source: u32,
        line: &RawLine<'_>,
        judge: &mut impl FnMut(Option<i64>, &[u8]) -> Arrival,
        take: &mut impl FnMut(Came),
    ) {
        let Some((at, bytes)) = stamped(line.bytes) else {
            return self.take(source, line, judge, &mut |entry| take(Came::Entry(entry)));
        };
        self.latest = Some(at);
        let arrival = judge(Some(at), bytes);
        if arrival == Arrival::Again {
            return;
        }
        self.close(&mut |entry| take(Came::Entry(entry)));
        self.is_after_gap |= arrival == Arrival::AfterGap;
        self.read = self.read.saturating_add(1);
        // Whether what comes next is a part of a private key is known all the time.
        if let Some(before) =
            self.unseen.as_ref().filter(|before| self.mask.is_within() || memmem::find(before, KEY).is_some())
        {
            self.mask.mask(&mut drawn(before));
        }
        let unseen = self.unseen.get_or_insert_default();
        unseen.clear();
        unseen.extend_from_slice(bytes);
        take(Came::Unseen(at));
    }

    fn close(&mut self, take: &mut impl FnMut(Entry)) {
        let (lines, times) = (std::mem::take(&mut self.lines), std::mem::take(&mut self.times));
        let masked = std::mem::take(&mut self.masked);
        if let Some(worst) = lines.iter().map(|line| line.level).max() {
            let is_after_gap = std::mem::take(&mut self.is_after_gap);
            take(Entry { lines, worst, times, masked, is_after_gap });
        }
    }
}

/// A line that is shown.
#[derive(Debug, Default)]
struct Shown {
    drawn: Drawn,
    /// Where its own text begins: behind the name of a field.
    own: usize,
}

impl Shown {
    fn of(text: String) -> Self {
        Self { drawn: Drawn { text, spans: Vec::new() }, own: 0 }
    }

    /// Writes the name of a field behind what is there.
    fn name(&mut self, name: &str) {
        let Drawn { text, spans } = &mut self.drawn;
        if !text.is_empty() {
            text.push(' ');
        }
        let start = length(text);
        text.push_str(name);
        text.push('=');
        if spans.len() < MOST_SPANS {
            // A name stands behind what it names.
            let style = Style { dim: true, ..Style::default() };
            spans.push(Span { start, end: length(text), style });
        }
        self.own = text.len();
    }
}

/// A line as it is shown and searched, and how many pieces were masked. Masks of one's own look at what is left of it by the others.
fn shown(raw: Drawn, lines: &mut LineMask, own: &OwnMasks) -> (Vec<Shown>, u32) {
    let (mut shown, masked) = without_secrets(raw, lines);
    let more = shown.iter_mut().map(|shown| own.mask_drawn(&mut shown.drawn)).fold(masked, u32::saturating_add);
    (shown, more)
}

/// A line without what looks like a secret: of a structured one its message, then its fields as `name=value`, each masked after its
/// escapes were undone. What has several lines, as a stack trace, has them below.
fn without_secrets(raw: Drawn, lines: &mut LineMask) -> (Vec<Shown>, u32) {
    let Some(Structured { message, fields }) = structured(&raw.text) else {
        let mut drawn = raw;
        let masked = lines.mask(&mut drawn);
        return (vec![Shown { drawn, own: 0 }], masked);
    };
    let (message, mut masked) = mask_lines("", &message);
    let mut message = message.into_iter().map(Shown::of);
    let mut first = message.next().unwrap_or_default();
    let mut below: Vec<Shown> = message.collect();
    for (field, value) in fields {
        // What is counted for each database is called by its URL.
        let (name, of_name) = mask(&field);
        masked += of_name;
        if value.contains('\n') {
            let (value, more) = mask_lines(&field, &value);
            masked += more;
            let mut value = value.into_iter();
            let mut named = Shown::default();
            named.name(&name);
            named.drawn.text.push_str(&value.next().unwrap_or_default());
            below.push(named);
            below.extend(value.map(Shown::of));
        } else {
            let (value, more) = mask_value(&field, &value);
            masked += more;
            first.name(&name);
            first.drawn.text.push_str(&value);
        }
    }
    let has_first = !first.drawn.text.is_empty() || below.is_empty();
    let all = has_first.then_some(first).into_iter().chain(below).collect();
    (all, u32::try_from(masked).unwrap_or(u32::MAX))
}

/// Puts what is more than so many lines behind the last of them.
fn joined(shown: &mut Vec<Shown>, most: usize) {
    let rest = shown.split_off(most.min(shown.len()));
    if let Some(last) = shown.last_mut() {
        for Shown { drawn, .. } in rest {
            last.drawn.text.push(' ');
            last.drawn.text.push_str(&drawn.text);
        }
    }
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use domain::registry::LogMask;

    use super::*;

    /// Each entry's lines, with their level and times in seconds.
    fn read(log: &str) -> (Vec<Vec<String>>, Entries) {
        let mut entries = Entries::new(0, Arc::default());
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
    fn what_nobody_looks_at_is_told_by_its_times_and_hides_no_secret() {
        let stamp = |second: u32, text: &str| format!("1970-01-01T00:00:{second:02}Z {text}\n");
        for (unseen, text, expected) in [
            (&["request 7", "request 8"][..], "request 9", "request 9"),
            // What these say of the next line holds.
            (&["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG"], "c2hvcnQ=", "[masked]"),
            (&["x", "-----BEGIN PRIVATE KEY-----"], "c2hvcnQ=", "[masked]"),
            (&["-----BEGIN PRIVATE KEY-----", "c2hvcnQ=", "-----END PRIVATE KEY-----"], "abc", "abc"),
            (&["x", "- name: DB_PASSWORD"], "  value: Zq7 x", "  value: [masked]"),
            (&["- name: DB_PASSWORD", "x"], "  value: Zq7 x", "  value: Zq7 x"),
        ] {
            let (mut entries, mut came) = (Entries::new(0, Arc::default()), Vec::new());
            let mut judge = |_: Option<i64>, _: &[u8]| Arrival::New;
            entries.feed(stamp(1, "before").as_bytes(), &mut |entry| came.push(Came::Entry(entry)));
            for (second, text) in (2..).zip(unseen) {
                entries.skim_judged(stamp(second, text).as_bytes(), &mut judge, &mut |more| came.push(more));
            }
            entries.feed(stamp(9, text).as_bytes(), &mut |entry| came.push(Came::Entry(entry)));
            entries.finish(&mut |entry| came.push(Came::Entry(entry)));
            let said = came.iter().map(|came| match came {
                Came::Entry(entry) => entry.lines.iter().map(|line| &*line.text).collect::<Vec<_>>().join("|"),
                Came::Unseen(at) => (at / 1_000_000_000).to_string(),
            });
            let times = (2..).take(unseen.len()).map(|second: usize| second.to_string());
            let expected: Vec<_> =
                ["before".to_owned()].into_iter().chain(times).chain([expected.to_owned()]).collect();
            assert_eq!(said.collect::<Vec<_>>(), expected);
            assert_eq!(entries.read() as usize, unseen.len() + 2);
        }
    }

    #[test]
    fn what_a_node_says_instead_of_a_log_is_no_line_of_it() {
        let (all, entries) = read("unable to retrieve container logs for containerd://abc");
        assert!(all.is_empty());
        assert_eq!(entries.said_instead(), Some("unable to retrieve container logs for containerd://abc"));
        assert_eq!(read("").1.said_instead(), None);
    }

    fn own() -> OwnMasks {
        let own = |name: &str, pattern: &str| LogMask { name: name.into(), pattern: pattern.into() };
        OwnMasks::new(&[own("number", "CUST-[0-9]+"), own("customer", r"customer=(K \d)")]).unwrap()
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
            (r#"{"msg":"x","redis://:hunter2@db":5}"#, "x redis://:[masked]@db=5"),
            ("msg=x redis://:hunter2@db=5", "x redis://:[masked]@db=5"),
            // Masks of one's own look at the line as it is shown.
            (r#"{"msg":"for CUST\u002d17","customer":"K 4"}"#, "for [masked] customer=[masked]"),
            (r#"level=info msg="for \"CUST-17\"" customer=K"#, r#"for "[masked]" customer=K"#),
            ("paid CUST-17 token=x", "paid [masked] token=[masked]"),
        ] {
            assert_eq!(lines(text), [expected], "{text}");
            let (_, masked) = shown(drawn(text.as_bytes()), &mut LineMask::default(), &own());
            assert_eq!(masked > 0, expected.contains("[masked]"), "{text}");
        }
    }

    /// The lines that a line has on the page.
    fn lines(text: &str) -> Vec<String> {
        let (shown, _) = shown(drawn(text.as_bytes()), &mut LineMask::default(), &own());
        shown.into_iter().map(|shown| shown.drawn.text).collect()
    }

    #[test]
    fn what_has_several_lines_has_them_below() {
        for (text, expected) in [
            (
                r#"{"level":"error","stack":"Error: gone\n    at pool (x.js:1:2)","msg":"gone","code":57}"#,
                &["gone code=57", "stack=Error: gone", "    at pool (x.js:1:2)"][..],
            ),
            (r#"{"msg":"two\nlines","code":57,"a":"b\nc"}"#, &["two code=57", "lines", "a=b", "c"]),
            (r#"{"stack":"Error\n  at x"}"#, &["stack=Error", "  at x"]),
            (r#"{"err":{"code":5,"stack":"Error\n  at x"}}"#, &[r#"err={"code":5}"#, "err.stack=Error", "  at x"]),
            (r#"level=error msg=gone stack="Error\n\tat x""#, &["gone", "stack=Error", " at x"]),
            ("{}", &[""]),
            // Masked over the ends of lines, and each by itself.
            (r#"{"msg":"x","note":"password:\nhunter2\nend"}"#, &["x", "note=password:", "[masked]", "end"]),
            (
                r#"{"msg":"x","env":"- name: DB_PASSWORD\n  value: hunter2"}"#,
                &["x", "env=- name: DB_PASSWORD", "  value: [masked]"],
            ),
            (r#"{"msg":"x","client_secret":"a\nb"}"#, &["x", "client_secret=[masked]"]),
            (
                r#"{"msg":"sql identified by 'a\nhunter2' done\nnext"}"#,
                &["sql identified by '[masked]", "' done", "next"],
            ),
            (
                r#"{"msg":"x","pem":"-----BEGIN PRIVATE KEY-----\nAAAA\nBBBB\n-----END PRIVATE KEY-----\nbehind"}"#,
                &["x", "pem=[masked]", "behind"],
            ),
        ] {
            assert_eq!(lines(text), expected, "{text}");
        }
    }

    #[test]
    fn lines_within_a_line_are_one_line_of_the_log_and_no_worse() {
        let log = "1970-01-01T00:00:01Z {\"level\":\"warn\",\"msg\":\"x\",\"stack\":\"java.io.IOException: y\\nERROR z\"}\n\
                   1970-01-01T00:00:01Z     at w\n1970-01-01T00:00:02Z INFO last\n";
        let (mut entries, mut all) = (Entries::new(0, Arc::default()), Vec::new());
        entries.feed(log.as_bytes(), &mut |entry| all.push(entry));
        entries.finish(&mut |entry| all.push(entry));
        assert_eq!(entries.read(), 3);
        let [first, last] = all.as_slice() else { panic!("{all:?}") };
        let lines: Vec<_> = first.lines.iter().map(|line| (&*line.text, line.level, line.continues)).collect();
        assert_eq!(
            lines,
            [
                ("x", Level::Warn, false),
                ("stack=java.io.IOException: y", Level::Warn, true),
                ("ERROR z", Level::Warn, true),
                ("    at w", Level::Unknown, true),
            ]
        );
        assert_eq!((first.worst, &*first.times), (Level::Warn, &[1_000_000_000; 2][..]));
        assert_eq!((last.lines.len(), &*last.times), (1, &[2_000_000_000][..]));
    }

    #[test]
    fn an_entry_has_no_more_lines_than_others_and_says_all() {
        let stack: String = (0..2_000).map(|line| format!("frame {line}\\n")).collect();
        let log = format!("1970-01-01T00:00:01Z {{\"msg\":\"x\",\"stack\":\"{stack}\"}}");
        let (mut entries, mut all) = (Entries::new(0, Arc::default()), Vec::new());
        entries.feed(log.as_bytes(), &mut |entry| all.push(entry));
        entries.finish(&mut |entry| all.push(entry));
        let lines = &all[0].lines;
        assert_eq!(lines.len(), MOST_LINES);
        assert_eq!(&*lines[498].text, "frame 497");
        assert!(lines[499].text.starts_with("frame 498 frame 499 ") && lines[499].text.ends_with(" frame 1999"));
    }

    #[test]
    fn no_line_has_more_pieces_than_a_page_can_draw() {
        for line in ["msg=x ".to_owned() + &"a=1 ".repeat(1_000), "\u{1b}[1mx\u{1b}[m ".repeat(1_000)] {
            let mut spans = Vec::new();
            let mut entries = Entries::new(0, Arc::default());
            entries.feed(format!("1970-01-01T00:00:01Z {line}\n").as_bytes(), &mut |_| {});
            entries.finish(&mut |entry| spans.extend(entry.lines.iter().map(|line| line.spans.len())));
            assert_eq!(spans, [MOST_SPANS], "{}", &line[..20]);
        }
    }
}
