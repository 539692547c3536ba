//! How much of the logs is read and kept.

use std::time::Duration;

use domain::log::query::LogQuery;

/// How much of the logs is read and kept for one answer.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// How many of the last lines of each container are read.
    pub depth: u32,
    /// How many entries are kept at most,
    pub entries: usize,
    /// how many bytes of their text,
    pub bytes: usize,
    /// and how many lines.
    pub rows: usize,
    /// How long all of it may take.
    pub patience: Duration,
}

impl Size {
    /// Of a page: a page of so many lines is still scrolled with ease.
    pub fn of_page(query: &LogQuery) -> Self {
        let entries = 200;
        // What is looked for is further back, and of a range of times all is counted.
        let depth = if query.filters() || query.has_range() { 5_000 } else { 200 };
        Self { depth, entries, bytes: 1 << 20, rows: 5_000, patience: Duration::from_secs(5) }
    }

    /// Of a file.
    pub fn of_file() -> Self {
        Self { depth: 50_000, entries: 100_000, bytes: 16 << 20, rows: 100_000, patience: Duration::from_secs(20) }
    }
}
