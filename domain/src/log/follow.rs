//! What a page that follows logs and the server say to one another.

use serde::{Deserialize, Serialize};

/// Up to where a container's log was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Position {
    /// The time of the last line, nanoseconds since 1970.
    pub at: i64,
    /// How many lines of that time there were up to it; 0 is none at all.
    pub count: u32,
}

impl Position {
    /// The position behind a line that comes next, of this time.
    #[must_use]
    pub fn and(self, at: i64) -> Self {
        let count = if at == self.at { self.count.saturating_add(1) } else { 1 };
        Self { at, count }
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
