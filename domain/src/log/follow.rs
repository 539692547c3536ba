//! What a page that follows logs and the server say to one another.

use serde::{Deserialize, Serialize};

/// Up to where a container's log was read. It grows with each line, whatever their times do: two that write one log pass each other by some
/// microseconds. Only a line whose second is over by then does not count: whoever asks for the log since that second does not get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Position {
    /// The latest time of its lines, nanoseconds since 1970.
    pub at: i64,
    /// How many lines there were from the first one of that time on; 0 is none at all.
    pub count: u32,
}

impl Position {
    /// The position behind a line that comes next, of this time.
    #[must_use]
    pub fn and(self, at: i64) -> Self {
        let second = |at: i64| at.div_euclid(1_000_000_000);
        match at {
            _ if at > self.at => Self { at, count: 1 },
            _ if second(at) == second(self.at) => Self { count: self.count.saturating_add(1), ..self },
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_grows_with_each_line_of_its_second() {
        const SECOND: i64 = 1_000_000_000;
        let mut position = Position::default();
        for (at, expected) in [
            (5 * SECOND + 7, (5 * SECOND + 7, 1)),
            (5 * SECOND + 7, (5 * SECOND + 7, 2)),
            // One that was passed by.
            (5 * SECOND + 3, (5 * SECOND + 7, 3)),
            (5 * SECOND + 9, (5 * SECOND + 9, 1)),
            // Of a second that is over.
            (5 * SECOND - 1, (5 * SECOND + 9, 1)),
            (6 * SECOND, (6 * SECOND, 1)),
        ] {
            let next = position.and(at);
            assert!(next >= position);
            position = next;
            assert_eq!((position.at, position.count), expected, "{at}");
        }
    }
}

/// Whose lines a page shows, as it keeps them for the server: bytes that it does not read. The browser part is smaller without.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kept(pub Vec<u8>);

/// Up to where a page shows whose lines; none where it shows none.
pub type Read = (Kept, Option<Position>);

/// How many entries matched since a page was read: what comes again after a cut is not counted twice, so it is kept with up to where
/// the page shows whose lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Matched {
    /// How many.
    pub entries: u32,
    /// Whether there may be more: some went before anybody looked at them.
    pub at_least: bool,
    /// How many pieces were masked in what the page was given since.
    pub masked: u32,
}

/// What a page says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FollowAsk {
    /// First of all: whose lines it shows, and up to where each was read; none of one that was not read. How many matched up to there.
    From(Vec<Read>, Matched),
    /// It took the rows of this number, and is ready for more.
    Took(u32),
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FollowFrame {
    /// Words for a place of the page: the browser part is smaller without making them.
    Say {
        /// Its id.
        place: String,
        /// What stands there from now on.
        text: String,
    },
    /// More to show.
    Rows(FollowRows),
    /// Nothing new; the connection works.
    Beat,
}

/// Rows that stand behind all before.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FollowRows {
    /// Counted up by one from 1.
    pub number: u32,
    /// What is shown: list items, made by the server.
    pub html: String,
    /// How many entries that are.
    pub entries: u32,
    /// Sources that were not there before, in the order of their places.
    pub more: Vec<Kept>,
    /// Up to where sources are read now, by their places.
    pub moved: Vec<(u32, Position)>,
    /// How many entries matched up to there.
    pub matched: Matched,
}
