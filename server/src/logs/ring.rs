//! The last entries of one container, for everybody who follows it: each reader keeps its own place, so none waits for another.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::log::follow::Position;
use domain::log::level::Level;
use domain::log::view::LogRow;
use tokio::time::Instant;

use super::merge::Item;

/// What an entry takes beside its text, in bytes, about.
const BESIDE: usize = 320;

/// An entry or a mark that came.
#[derive(Debug)]
pub struct Held {
    /// What is shown of it.
    pub item: Item,
    /// The worst level of its lines.
    pub worst: Level,
    /// When it stands, nanoseconds since 1970: never before the one before it.
    pub at: i64,
    /// Up to where its container was read with it.
    pub position: Position,
    /// When its first line came.
    pub arrived: Instant,
    /// How many lines it stands for that nobody looked at: then it shows none.
    pub unseen: u32,
}

impl Held {
    /// Whether it is no entry, but something that must be known to read them.
    pub fn is_mark(&self) -> bool {
        self.item.is_mark()
    }

    /// The texts of its lines.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.item.rows.iter().map(LogRow::text)
    }

    /// For how many it counts.
    pub fn count(&self) -> u64 {
        u64::from(self.unseen.max(1))
    }

    /// How many bytes it takes, about.
    pub fn bytes(&self) -> usize {
        self.item.bytes() + BESIDE * self.item.rows.len().max(1)
    }
}

/// The last entries, within so many bytes.
#[derive(Debug, Default)]
pub struct Ring {
    /// Each with its number: they are counted from 0, and what stands for lines that nobody looked at counts for as many.
    entries: VecDeque<(u64, Arc<Held>)>,
    /// The number that the next one gets.
    end: u64,
    bytes: usize,
}

/// What a reader gets.
#[derive(Debug, Default)]
pub struct Taken {
    /// How many entries and lines went before it came to read them.
    pub lost: u64,
    /// The next ones, in order.
    pub entries: Vec<Arc<Held>>,
    /// Where to read on.
    pub next: u64,
}

impl Ring {
    /// Takes one in; the oldest go where all do not fit into so many bytes. The newest stays whatever its size.
    pub fn push(&mut self, held: Held, most_bytes: usize) {
        self.bytes += held.bytes();
        let number = self.end;
        self.end += held.count();
        self.entries.push_back((number, Arc::new(held)));
        self.trim(most_bytes);
    }

    /// Lets the oldest go where all do not fit into so many bytes.
    pub fn trim(&mut self, most_bytes: usize) {
        while self.bytes > most_bytes && self.entries.len() > 1 {
            let Some((_, oldest)) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }

    /// Lets all of them go.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    /// The number that the next entry gets.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Where the last ones begin, so many at most: at an entry, not within lines that nobody looked at.
    pub fn last(&self, most: u64) -> u64 {
        let from = self.end.saturating_sub(most);
        let first = self.entries.partition_point(|(number, _)| *number < from);
        self.entries.get(first).map_or(self.end, |(number, _)| *number)
    }

    /// How many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Entries from a place on, so many at most.
    pub fn read(&self, next: u64, most: usize) -> Taken {
        let first = self.entries.front().map_or(self.end, |(number, _)| *number);
        let start = next.max(first);
        let skip = self.entries.partition_point(|(number, _)| *number < start);
        let entries: Vec<_> = self.entries.iter().skip(skip).take(most).map(|(_, held)| held.clone()).collect();
        let read: u64 = entries.iter().map(|held| held.count()).sum();
        Taken { lost: start - next, next: start + read, entries }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn held(number: i64, length: usize) -> Held {
        let text = "x".repeat(length).into();
        Held {
            item: Item { rows: vec![LogRow::Mark { at: number, source: 0, text }], masked: 0 },
            worst: Level::Unknown,
            at: number,
            position: Position::default(),
            arrived: Instant::now(),
            unseen: 0,
        }
    }

    proptest! {
        /// Of each number as many as are counted: one of an entry, and as many of lines that nobody looked at.
        #[test]
        fn a_reader_gets_each_entry_once_or_is_told_how_many_went(
            steps in proptest::collection::vec((0usize..2_000, 0usize..8, 0u32..4), 1..200),
            budget in 500usize..5_000,
        ) {
            let mut ring = Ring::default();
            let (mut next, mut expected, mut written) = (0, 0i64, 0i64);
            for (length, most, unseen) in steps {
                ring.push(Held { unseen, ..held(written, length) }, budget);
                written += i64::from(unseen.max(1));
                prop_assert!(ring.bytes() <= budget || ring.entries.len() == 1);
                let taken = ring.read(next, most);
                expected += i64::try_from(taken.lost).unwrap();
                for entry in &taken.entries {
                    prop_assert_eq!(entry.at, expected);
                    expected += i64::from(entry.unseen.max(1));
                }
                prop_assert!(taken.entries.len() <= most);
                next = taken.next;
                // Who comes now begins at an entry, and misses nothing from there on.
                let last = ring.last(most as u64);
                let taken = ring.read(last, usize::MAX);
                prop_assert!(taken.lost == 0 && last + most as u64 >= ring.end() && taken.next == ring.end());
            }
            let rest = ring.read(next, usize::MAX);
            let rest_count: u64 = rest.lost + rest.entries.iter().map(|held| held.count()).sum::<u64>();
            prop_assert_eq!(expected + i64::try_from(rest_count).unwrap(), written);
            prop_assert_eq!(i64::try_from(ring.end()).unwrap(), written);
        }
    }
}
