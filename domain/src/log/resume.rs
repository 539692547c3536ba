//! Where a log that is followed goes on after its stream was cut.
//!
//! The API server can be asked for the lines since a second, so some of those that came before the cut come again. A log only
//! grows at its end and only loses lines at its beginning: what comes again comes in the same order and before what is new, and
//! where the last line that came is there, nothing is missing behind it. Nodes leave out, line by line, what is earlier than asked
//! for: <https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/cri-client/pkg/logs/logs.go>
//!
//! A line has nothing but its time and its text. So it cannot be known, and is wrong:
//!
//! - where a node's clock was set back by more than a second after the last line that came: lines are missing without a word,
//!   or come later than they should;
//! - of twins, lines of one nanosecond and text, where some were rotated away, stand before the first line that came, or are
//!   more than 10,000 lines apart: lines are missing, or come doubled, without a word;
//! - where the last line that came was rotated away, and none behind it: a gap is said that is none;
//! - where a line that stands before the first one that came is of a later time: it comes, after a gap that is none. Two
//!   writers of one log pass each other by some microseconds.

use std::collections::{HashMap, VecDeque};

/// How many of the last lines are remembered. Few in tests, which have few lines.
const REMEMBERED: usize = if cfg!(test) { 5 } else { 10_000 };

/// How many seconds before the last line is asked from: its clock may be set back a little by then, and two writers of one log
/// pass each other.
const MARGIN_S: i64 = 1;

/// Tells lines that come again from those that are new. Of one run of a container: the next one has a log of its own.
#[derive(Debug, Default)]
pub struct Resume {
    /// The last lines that came: their time in nanoseconds and the hash of their content.
    came: VecDeque<(i64, u64)>,
    /// How often each of them may still come again after the stream was opened anew.
    awaited: HashMap<(i64, u64), u32>,
    /// The newest time of a line that came and is not remembered, or was there before the first that came.
    forgotten: Option<i64>,
    /// The stream was opened anew, and the last line that came did not come again yet.
    in_doubt: bool,
}

/// What a line is to whoever has read the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It goes on.
    New,
    /// It came before the cut, or is older than all that was asked for at first.
    Again,
    /// It is new, and the last line before it is not there any more: lines between may be missing.
    AfterGap,
}

impl Resume {
    /// From which second on to ask, since 1970; none where nothing came yet.
    pub fn since(&self) -> Option<i64> {
        let (at, _) = self.came.back()?;
        Some(at.div_euclid(1_000_000_000) - MARGIN_S)
    }

    /// The stream was opened anew, from [`Self::since`] on; that it gives only the last of these lines does no harm.
    pub fn reopened(&mut self) {
        self.awaited.clear();
        for line in &self.came {
            *self.awaited.entry(*line).or_default() += 1;
        }
        self.in_doubt = !self.came.is_empty();
    }

    /// Takes a line in: its time in nanoseconds since 1970 and the hash of its content.
    ///
    /// Only whole lines with a time of their own: the beginning of one that the cut tore comes again whole, and the rest of one
    /// that is longer than the runtime writes at once comes without a time where the stream begins within it.
    pub fn take(&mut self, at: i64, hash: u64) -> Arrival {
        let line = (at, hash);
        if let Some(left) = self.awaited.get_mut(&line) {
            *left -= 1;
            if *left == 0 {
                self.awaited.remove(&line);
            }
            // What is unknown from now on stands behind it.
            self.in_doubt &= self.came.back() != Some(&line);
            return Arrival::Again;
        }
        // Nobody remembers it, but lines as old as this came before the last one, and that one did not come yet. If that never
        // comes, a new line is left out here where the clock was set back, and the first of a later time says that one may be.
        if self.in_doubt && self.forgotten.is_some_and(|forgotten| at <= forgotten) {
            return Arrival::Again;
        }
        self.remember(line);
        if std::mem::take(&mut self.in_doubt) { Arrival::AfterGap } else { Arrival::New }
    }

    fn remember(&mut self, line: (i64, u64)) {
        // Those before the first line were not asked for, and are as old as that one at most.
        let mut forgotten = self.forgotten.or(Some(line.0));
        if self.came.len() == REMEMBERED {
            forgotten = forgotten.max(self.came.pop_front().map(|(at, _)| at));
        }
        self.forgotten = forgotten;
        self.came.push_back(line);
    }
}

#[cfg(test)]
mod tests;
