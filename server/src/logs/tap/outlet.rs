//! The way of a followed log's entries into its tap: each with its place in the order of the log and the moment it came.

use std::sync::Arc;

use domain::log::follow::Position;
use domain::log::level::Level;
use domain::log::view::LogRow;
use tokio::time::Instant;

use super::super::entries::Entry;
use super::super::merge::Item;
use super::super::ring::Held;
use super::Tap;
use crate::clock;
use crate::mask::OwnMasks;

/// Where entries go.
pub struct Outlet {
    tap: Arc<Tap>,
    /// What is masked in what is read.
    by: Arc<OwnMasks>,
    /// Up to where was read.
    pub position: Position,
    /// How many entries came.
    pub count: u64,
    /// The time by which the last one was put in order.
    latest: i64,
    /// When the entry came that is open.
    opened: Instant,
    /// When the lines came that are being read.
    read: Instant,
    /// How many lines came last that nobody looked at.
    unseen: u32,
}

impl Outlet {
    /// Nothing came yet.
    pub fn new(tap: Arc<Tap>, by: Arc<OwnMasks>, now: Instant) -> Self {
        let position = Position::default();
        Self { tap, by, position, count: 0, latest: i64::MIN, opened: now, read: now, unseen: 0 }
    }

    /// Something else is masked from now on.
    pub fn mask_by(&mut self, by: Arc<OwnMasks>) {
        self.by = by;
    }

    /// Lines came.
    pub fn reads(&mut self, is_open: bool) {
        self.read = Instant::now();
        if !is_open {
            self.opened = self.read;
        }
    }

    /// The next entry.
    pub fn take(&mut self, entry: Entry) {
        let Entry { lines, worst, times, masked, is_after_gap } = entry;
        if is_after_gap {
            let key = &self.tap.key;
            self.mark(format!(
                "Lines of {}/{} may be missing here: the connection was cut, and its node no longer has what came next.",
                key.pod, key.container
            ));
        }
        for at in times {
            self.position = self.position.and(at);
        }
        // A clock that is ahead of ours would hold up those of all others.
        let now = clock::now_us().saturating_mul(1_000);
        self.latest = lines.first().map_or(self.latest, |first| self.latest.max(first.at.min(now)));
        self.count += 1;
        let item = Item { rows: lines.into_iter().map(LogRow::Line).collect(), masked };
        self.push(item, worst);
        // The next one began with the lines that are being read.
        self.opened = self.read;
    }

    /// A line came that nobody looks at.
    pub fn skip(&mut self, at: i64) {
        self.position = self.position.and(at);
        self.latest = self.latest.max(at.min(clock::now_us().saturating_mul(1_000)));
        self.unseen += 1;
    }

    /// How many these were has its place among the entries.
    pub fn tell_skipped(&mut self) {
        let unseen = std::mem::take(&mut self.unseen);
        if unseen > 0 {
            self.count += 1;
            let held = self.held(Item { rows: Vec::new(), masked: 0 }, Level::Unknown);
            self.tap.push(Held { unseen, ..held }, &self.by);
        }
    }

    /// Says something of the log, behind what came of it.
    pub fn mark(&mut self, text: String) {
        // Behind everything that came before it.
        let at = self.latest.max(self.position.at);
        self.latest = at;
        // It counts as a line of its time: who has seen the line has not seen this.
        self.position = self.position.and(self.position.at);
        self.opened = self.opened.max(self.read);
        self.push(Item { rows: vec![LogRow::Mark { at, source: 0, text: text.into() }], masked: 0 }, Level::Unknown);
    }

    fn push(&self, item: Item, worst: Level) {
        self.tap.push(self.held(item, worst), &self.by);
    }

    fn held(&self, item: Item, worst: Level) -> Held {
        Held { item, worst, at: self.latest, position: self.position, arrived: self.opened, unseen: 0 }
    }
}
