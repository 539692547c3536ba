//! The bytes of one container's log made into entries: split, stamped, made safe, masked, judged, put together.

use std::sync::Arc;

use domain::log::drawn::{Drawn, Span, Style, drawn};
use domain::log::level::{Level, level_of};
use domain::log::resume::Arrival;
use domain::log::shape::{Structured, structured};
use domain::log::split::{RawLine, Splitter, stamped};
use domain::log::trace::{Grouper, MOST_LINES};
use domain::log::view::LogLine;
use domain::text::{MESSAGE_LIMIT, plain};
use memchr::memmem;

use crate::mask::{LineMask, OwnMasks, is_secret_name, mask, mask_lines, mask_value};

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
        let mask = LineMask::from_anywhere();
        Self { source, reader: Reader { own, mask, ..Reader::default() }, ..Self::default() }
    }

    /// Masks this instead in what comes from now on, and in what came of an entry that is still open.
    pub fn mask_by(&mut self, own: Arc<OwnMasks>) {
        let Reader { lines, masked, own: known, .. } = &mut self.reader;
        if !Arc::ptr_eq(known, &own) {
            *masked = masked.saturating_add(mask_again(lines, &own));
            *known = own;
        }
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
                // The rest of a line that began earlier has no time either.
                self.said.get_or_insert_with(|| {
                    let said = drawn(line.bytes).text;
                    plain(&self.own.mask(&mask(&said).0).0, MESSAGE_LIMIT).into_owned()
                });
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
                self.mask = LineMask::from_anywhere();
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
        if arrival == Arrival::AfterGap {
            self.is_after_gap = true;
            self.mask = LineMask::from_anywhere();
        }
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

/// Masks in lines what masks of one's own find that came later, and says how many pieces these were.
pub fn mask_again(lines: &mut [LogLine], own: &OwnMasks) -> u32 {
    let mut masked = 0u32;
    for line in lines {
        let mut drawn = Drawn { text: line.text.to_string(), spans: std::mem::take(&mut line.spans) };
        masked = masked.saturating_add(own.mask_drawn(&mut drawn));
        line.spans = drawn.spans;
        if *line.text != *drawn.text {
            line.text = drawn.text.into();
        }
    }
    masked
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
    // A pair that says what another one holds, as Kubernetes writes variables.
    let is_pair = fields.iter().any(|(name, value)| {
        ["name", "key"].iter().any(|known| name.eq_ignore_ascii_case(known)) && is_secret_name(value)
    });
    for (field, value) in fields {
        let called = if is_pair && field.eq_ignore_ascii_case("value") { "password" } else { &*field };
        // What is counted for each database is called by its URL.
        let (name, of_name) = mask(&field);
        masked += of_name;
        if value.contains('\n') {
            let (value, more) = mask_lines(called, &value);
            masked += more;
            let mut value = value.into_iter();
            let mut named = Shown::default();
            named.name(&name);
            named.drawn.text.push_str(&value.next().unwrap_or_default());
            below.push(named);
            below.extend(value.map(Shown::of));
        } else {
            let (value, more) = mask_value(called, &value);
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
mod tests;
