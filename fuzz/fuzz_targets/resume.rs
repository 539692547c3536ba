//! A log that is followed and cut anywhere: it is read as if it was not, and where lines were rotated away that is said.

#![no_main]

use std::hash::{DefaultHasher, Hash, Hasher};

use domain::log::resume::{Arrival, Resume};
use libfuzzer_sys::fuzz_target;
use quarterdeck_fuzz::entries::{Entries, Entry};

const SECOND: i64 = 1_000_000_000;

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let rotates = first & 1 == 1;
    let mut log = Log { clock: 1_000 * SECOND, ..Log::default() };
    for step in rest.chunks_exact(2) {
        match step[0] % 8 {
            0..3 => log.write(step[0], step[1], !rotates),
            3..6 => log.come(usize::from(step[1])),
            6 => log.cut(),
            _ if rotates => log.rotated = (log.rotated + usize::from(step[1] % 16)).min(log.lines.len()),
            _ => log.pause(),
        }
    }
    log.end();

    let came: Vec<(usize, bool)> = log.came.iter().flat_map(of_lines).collect();
    if rotates {
        for pair in came.windows(2) {
            let ((before, _), (place, says_gap)) = (pair[0], pair[1]);
            assert!(before < place, "doubled or out of order: {came:?}");
            assert!(before + 1 == place || says_gap, "missing before {place}: {came:?}");
        }
    } else {
        let expected: Vec<(usize, bool)> = log.lines.iter().map(|line| (line.content, false)).collect();
        assert_eq!(came, expected);
    }
});

/// The contents of an entry's lines, and whether lines may be missing before each.
fn of_lines(entry: &Entry) -> impl Iterator<Item = (usize, bool)> {
    entry.lines.iter().enumerate().map(|(index, line)| {
        let digits = line.text.trim_matches(|c: char| !c.is_ascii_digit());
        (digits.parse().expect("a line that was written"), entry.is_after_gap && index == 0)
    })
}

/// A log on its node, and who follows it.
#[derive(Default)]
struct Log {
    clock: i64,
    lines: Vec<Line>,
    /// How many lines are not there any more.
    rotated: usize,
    /// The place of the next line of the stream, and the second that was asked from.
    place: usize,
    since: Option<i64>,
    /// What the node sent of the stream and did not come yet.
    sent: Vec<u8>,
    entries: Entries,
    resume: Resume,
    came: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Line {
    at: i64,
    /// Its place, or that of the line that it is a twin of.
    content: usize,
    form: u8,
}

impl Log {
    /// Its clock goes on, and a line is late by less than a second: who writes to two streams is.
    fn write(&mut self, form: u8, time: u8, may_twin: bool) {
        self.clock += i64::from(time % 16) * SECOND / 10;
        let late = i64::from(time / 32) * SECOND / 8;
        // The first line that comes is not of a later time than those before it.
        let at = if self.lines.is_empty() { self.clock - SECOND } else { self.clock - late };
        let content = self.lines.len();
        let line = Line { at, content, form: form / 8 % 4 };
        let twin = self.lines.last().copied().filter(|_| may_twin && form >= 224);
        self.lines.push(twin.unwrap_or(line));
    }

    /// So many bytes of the stream come.
    fn come(&mut self, count: usize) {
        while self.sent.len() < count && self.place < self.lines.len() {
            let Line { at, content, form } = self.lines[self.place];
            self.place += 1;
            if self.since.is_none_or(|since| at.div_euclid(SECOND) >= since) {
                let stamp = jiff::Timestamp::from_nanosecond(i128::from(at)).expect("a time of our own");
                let text = match form {
                    0 => content.to_string(),
                    1 => format!("\tat {content}"),
                    2 => format!("ERROR {content}"),
                    _ => format!("\u{1b}[31m{content}\u{1b}[0m{}", ".".repeat(300)),
                };
                self.sent.extend(format!("{stamp} {text}\n").bytes());
            }
        }
        let bytes: Vec<u8> = self.sent.drain(..count.min(self.sent.len())).collect();
        let Self { entries, resume, came, .. } = self;
        entries.feed_judged(&bytes, &mut |at, bytes| judge(resume, at, bytes), &mut |entry| came.push(entry));
    }

    /// The stream is cut, and opened anew.
    fn cut(&mut self) {
        let Self { entries, resume, came, .. } = self;
        entries.cut(&mut |entry| came.push(entry));
        resume.reopened();
        self.since = self.resume.since();
        self.place = self.rotated;
        self.sent.clear();
    }

    /// Nothing comes for a while.
    fn pause(&mut self) {
        let Self { entries, came, .. } = self;
        entries.pause(&mut |entry| came.push(entry));
    }

    /// All that is left comes.
    fn end(&mut self) {
        self.come(usize::MAX);
        let Self { entries, resume, came, .. } = self;
        entries.finish_judged(&mut |at, bytes| judge(resume, at, bytes), &mut |entry| came.push(entry));
    }
}

fn judge(resume: &mut Resume, at: Option<i64>, bytes: &[u8]) -> Arrival {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    resume.take(at.expect("a line has a time"), hasher.finish())
}
