//! Takes a stream of logs apart.

use memchr::memchr_iter;

/// The most bytes of one line that are kept.
pub const LINE_LIMIT: usize = 64 * 1024;

/// Takes a stream apart at its line breaks, and holds no more of it than one line up to [`LINE_LIMIT`].
#[derive(Debug, Default)]
pub struct Splitter {
    /// The beginning of the line that the chunks so far left open.
    kept: Vec<u8>,
    /// How long that line is by now.
    length: u64,
    /// The last byte of that line, which may be one of those that were not kept.
    last: Option<u8>,
}

/// One line without its line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawLine<'a> {
    /// The line, or the beginning of one that is longer than [`LINE_LIMIT`].
    pub bytes: &'a [u8],
    /// How many bytes of the line came after the limit and are not there; 0 is whole.
    pub left_out: u64,
}

impl Splitter {
    /// Takes the next chunk, and hands out every line that it ends. A line that lies whole in the chunk is not copied.
    pub fn feed(&mut self, bytes: &[u8], take: &mut impl FnMut(RawLine<'_>)) {
        let mut start = 0;
        for end in memchr_iter(b'\n', bytes) {
            let line = bytes.get(start..end).unwrap_or_default();
            start = end + 1;
            if self.length == 0 {
                take(RawLine::cut(line.strip_suffix(b"\r").unwrap_or(line)));
            } else {
                self.keep(line);
                // The return before a line break belongs to the break, also where a chunk ends between the two.
                if self.last == Some(b'\r') {
                    self.length -= 1;
                }
                self.hand_out(take);
            }
        }
        self.keep(bytes.get(start..).unwrap_or_default());
    }

    /// Hands out what stands there without a line break when the stream ends.
    pub fn finish(&mut self, take: &mut impl FnMut(RawLine<'_>)) {
        if self.length > 0 {
            self.hand_out(take);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_LIMIT.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.length = self.length.saturating_add(bytes.len() as u64);
        self.last = bytes.last().copied().or(self.last);
    }

    fn hand_out(&mut self, take: &mut impl FnMut(RawLine<'_>)) {
        // One byte more is kept than the line has where it ended in a return.
        let whole = usize::try_from(self.length).ok().and_then(|length| self.kept.get(..length));
        let bytes = whole.unwrap_or(&self.kept);
        take(RawLine { bytes, left_out: self.length.saturating_sub(bytes.len() as u64) });
        self.kept.clear();
        self.length = 0;
        self.last = None;
    }
}

impl<'a> RawLine<'a> {
    fn cut(line: &'a [u8]) -> Self {
        match line.split_at_checked(LINE_LIMIT) {
            Some((bytes, rest)) => Self { bytes, left_out: rest.len() as u64 },
            None => Self { bytes: line, left_out: 0 },
        }
    }
}

/// The time that the Kubernetes API writes before a line when it is asked for `timestamps`, as nanoseconds since 1970,
/// and the text after it and one blank. `None` where no such time of the years 1970 to 2262 stands there.
///
/// It is RFC 3339 as Go writes it: `2026-01-01T12:00:00.123456789Z`, without the zeros at the end, or with an offset
/// for the `Z`. <https://pkg.go.dev/time#pkg-constants>
pub fn stamped(line: &[u8]) -> Option<(i64, &[u8])> {
    let (head, rest) = line.split_first_chunk::<19>()?;
    let [y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2] = *head else {
        return None;
    };
    let (year, month, day) = (two(y1, y2)? * 100 + two(y3, y4)?, two(o1, o2)?, two(d1, d2)?);
    let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
    let is_date = (1970..=2262).contains(&year) && (1..=days_of(year, month)).contains(&day);
    if !is_date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (nanos, rest) = fraction(rest)?;
    let (offset, text) = offset(rest)?;
    // No clock counts a leap second: it is the last moment of the second before.
    let (second, nanos) = if second == 60 { (59, 999_999_999) } else { (second, nanos) };
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some((seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?, text))
}

/// The number of two digits.
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

/// The nanoseconds after the point, if there is one, and what comes after them.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(mut rest) = text.strip_prefix(b".") else { return Some((0, text)) };
    let (mut nanos, mut unit) = (0, 1_000_000_000);
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        unit /= 10;
        // A tenth digit: nothing here counts in less than nanoseconds.
        if unit == 0 {
            return None;
        }
        nanos += i64::from(digit - b'0') * unit;
        rest = after;
    }
    (unit < 1_000_000_000).then_some((nanos, rest))
}

/// How many seconds the clock was ahead, and what comes after the blank.
fn offset(text: &[u8]) -> Option<(i64, &[u8])> {
    match text {
        [b'Z', b' ', rest @ ..] => Some((0, rest)),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2, b' ', rest @ ..] => {
            let (hours, minutes) = (two(*h1, *h2)?, two(*m1, *m2)?);
            let ahead = hours * 3600 + minutes * 60;
            (hours <= 23 && minutes <= 59).then_some((if *sign == b'-' { -ahead } else { ahead }, rest))
        }
        _ => None,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// How many days a month has; one that does not exist has none.
fn days_of(year: i64, month: i64) -> i64 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 0,
    }
}

/// The days from 1 January 1970 to a date that exists.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // A year begins in March here, so that the day that comes and goes is its last: then 153 days are five months.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_years = year * 365 + year / 4 - year / 100 + year / 400;
    // 719,469 days lie between 1 March of the year 0 and 2 January 1970.
    of_years + (month * 153 + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests;
