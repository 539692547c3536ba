//! Where a stream of lines goes on after it was cut: the API can be asked for lines since a second, so those of that second come
//! again and are told apart by time and content.

use std::collections::HashMap;

/// The lines of the last second that came, and which of them are expected again.
#[derive(Debug, Default)]
pub struct Resume {
    /// The newest second of a line, since 1970; none before the first.
    second: Option<i64>,
    /// How often each line since that second came: its time in nanoseconds and the hash of its content.
    came: HashMap<(i64, u64), u32>,
    /// Those of them that come again, after the stream was opened anew.
    awaited: HashMap<(i64, u64), u32>,
    /// Whether it is not known yet that what comes goes on where it was cut.
    in_doubt: bool,
}

/// What a line is to whoever has read the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It goes on.
    New,
    /// It came before the cut.
    Again,
    /// It is new, and what came before the cut is not there any more: lines between may be missing.
    AfterGap,
}

impl Resume {
    /// From which second on to ask, since 1970; none where nothing came yet.
    pub fn since(&self) -> Option<i64> {
        self.second
    }

    /// The stream was opened anew, from [`Self::since`] on.
    pub fn reopened(&mut self) {
        self.awaited = self.came.clone();
        self.in_doubt = !self.awaited.is_empty();
    }

    /// Takes a line in: its time in nanoseconds since 1970 and the hash of its content.
    pub fn take(&mut self, at: i64, hash: u64) -> Arrival {
        if let Some(left) = self.awaited.get_mut(&(at, hash)).filter(|left| **left > 0) {
            *left -= 1;
            self.in_doubt = false;
            return Arrival::Again;
        }
        let second = at.div_euclid(1_000_000_000);
        if self.second.is_some_and(|newest| second > newest) {
            self.came.clear();
        }
        // Of a clock that was set back nothing comes again: it is asked from the later second on.
        if self.second.is_none_or(|newest| second >= newest) {
            self.second = Some(second);
            *self.came.entry((at, hash)).or_default() += 1;
        }
        if std::mem::take(&mut self.in_doubt) { Arrival::AfterGap } else { Arrival::New }
    }
}
