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

#[cfg(test)]
mod tests;
