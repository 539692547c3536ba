//! Entries of many containers, as they come, in one order for one viewer: held back a little, so that what was written first and comes
//! later still finds its place, and left out with a count where more comes than is shown.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::pace::Pace;
use super::ring::Held;

/// How long an entry waits for older ones of other containers: longer than one of those may stay open for lines that go on with it.
const HOLD: Duration = Duration::from_millis(150);
/// The most entries that wait to be shown. More come only where a container writes faster than anybody reads.
const MOST_READY: usize = 800;
/// The most entries that wait for older ones.
const MOST_PENDING: usize = 20_000;
/// How long some may wait to be shown: a burst is shown whole, what comes without end is not shown later and later.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many of the newest are left where there were more: more than a screen has.
const LEFT: usize = 60;

/// An entry on its way, with its container's place among all.
#[derive(Debug, Clone)]
pub struct Thread {
    /// The place.
    pub place: u32,
    /// The entry.
    pub held: Arc<Held>,
    /// Whether it is not wanted itself, but stands near one that is.
    pub is_context: bool,
    /// How many entries of that place matched up to this one.
    pub matched: u64,
}

/// What is shown next.
#[derive(Debug, Default)]
pub struct Cut {
    /// How many entries were left out before these.
    pub skipped: u64,
    /// How many went before anybody looked whether they are wanted.
    pub lost: u64,
    /// When the last of those stood, nanoseconds since 1970.
    pub before: i64,
    /// The entries, in order.
    pub threads: Vec<Thread>,
}

/// The order of one viewer.
#[derive(Debug)]
pub struct Weave {
    pace: Pace,
    /// Held back, by their times.
    pending: Vec<Thread>,
    /// In order.
    ready: VecDeque<Thread>,
    skipped: u64,
    lost: u64,
    before: i64,
}

impl Weave {
    /// Nothing yet.
    pub fn new(now: Instant) -> Self {
        let (pending, ready) = (Vec::new(), VecDeque::new());
        Self { pace: Pace::new(now, PATIENCE), pending, ready, skipped: 0, lost: 0, before: 0 }
    }

    /// Takes in what came of a container, in its order.
    pub fn add(&mut self, threads: impl IntoIterator<Item = Thread>) {
        self.pending.extend(threads);
    }

    /// So many entries went before they were looked at.
    pub fn lost(&mut self, count: u64, before: i64) {
        self.lost += count;
        self.before = self.before.max(before);
    }

    /// Puts in order what waited long enough; with one container alone there is nothing to wait for.
    pub fn release(&mut self, now: Instant, is_alone: bool) {
        // One container's entries keep their order: their times never fall.
        self.pending.sort_by_key(|thread| (thread.held.at, thread.place));
        let is_alone = is_alone || self.pending.len() > MOST_PENDING;
        let is_due = |thread: &Thread| is_alone || thread.held.arrived + HOLD <= now;
        let due = self.pending.iter().rposition(is_due).map_or(0, |last| last + 1);
        if self.ready.is_empty() {
            self.pace.waits(now);
        }
        self.ready.extend(self.pending.drain(..due));
        let is_behind = self.pace.is_behind(Duration::ZERO, now);
        if self.ready.len() > MOST_READY || (is_behind && self.ready.len() > LEFT) {
            self.pace.falls_behind(now);
            let left_out = self.ready.len() - LEFT;
            // What must be known stays.
            let (marks, entries): (Vec<_>, Vec<_>) = self.ready.drain(..left_out).partition(|one| one.held.is_mark());
            self.skipped += entries.len() as u64;
            self.before = entries.last().map_or(self.before, |last| self.before.max(last.held.at));
            for mark in marks.into_iter().rev().take(LEFT) {
                self.ready.push_front(mark);
            }
        }
    }

    /// Whether something is to be shown.
    pub fn is_ready(&self) -> bool {
        !self.ready.is_empty() || self.skipped + self.lost > 0
    }

    /// Whether everything that was taken in is shown.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty() && !self.is_ready()
    }

    /// The next entries, within so many rows and bytes of text; one at least.
    pub fn cut(&mut self, most_rows: usize, most_bytes: usize) -> Cut {
        let (mut rows, mut bytes) = (0, 0);
        let fits = self.ready.iter().take_while(|thread| {
            rows += thread.held.item.rows.len();
            bytes += thread.held.item.bytes();
            rows <= most_rows && bytes <= most_bytes
        });
        let count = fits.count().max(1).min(self.ready.len());
        let threads = self.ready.drain(..count).collect();
        let (skipped, lost) = (std::mem::take(&mut self.skipped), std::mem::take(&mut self.lost));
        Cut { skipped, lost, before: self.before, threads }
    }
}

#[cfg(test)]
mod tests {
    use domain::log::follow::Position;
    use domain::log::level::Level;
    use domain::log::view::{LogLine, LogRow};
    use proptest::prelude::*;

    use super::super::merge::Item;
    use super::*;

    fn thread(place: u32, at: i64, arrived: Instant) -> Thread {
        let line = LogLine {
            at,
            source: 0,
            level: Level::Unknown,
            text: "x".into(),
            spans: Vec::new(),
            hits: Vec::new(),
            left_out: 0,
            continues: false,
            is_context: false,
        };
        let item = Item { rows: vec![LogRow::Line(line)], masked: 0 };
        let held = Held { item, worst: Level::Unknown, at, position: Position { at, count: 1 }, arrived, unseen: 0 };
        Thread { place, held: Arc::new(held), is_context: false, matched: 0 }
    }

    fn ats(cut: &Cut) -> Vec<(u32, i64)> {
        cut.threads.iter().map(|thread| (thread.place, thread.held.at)).collect()
    }

    #[test]
    fn what_comes_a_little_late_still_finds_its_place() {
        let start = Instant::now();
        let mut weave = Weave::new(Instant::now());
        weave.add([thread(0, 10, start)]);
        weave.release(start + HOLD / 2, false);
        assert!(!weave.is_ready());
        weave.add([thread(1, 5, start + HOLD / 2), thread(1, 15, start + HOLD / 2)]);
        weave.release(start + HOLD, false);
        // What is older than what is due goes with it, what is younger waits for its own time.
        assert_eq!(ats(&weave.cut(10, 1000)), [(1, 5), (0, 10)]);
        assert!(!weave.is_ready());
        weave.release(start + HOLD * 2, false);
        assert_eq!(ats(&weave.cut(10, 1000)), [(1, 15)]);
    }

    #[test]
    fn one_container_alone_waits_for_nobody() {
        let start = Instant::now();
        let mut weave = Weave::new(Instant::now());
        weave.add([thread(0, 10, start)]);
        weave.release(start, true);
        assert_eq!(ats(&weave.cut(10, 1000)), [(0, 10)]);
    }

    #[test]
    fn what_comes_too_fast_is_left_out_and_counted() {
        let start = Instant::now();
        let mut weave = Weave::new(Instant::now());
        weave.add((0..1_000).map(|at| thread(0, at, start)));
        weave.release(start, true);
        let cut = weave.cut(3, 1000);
        assert_eq!((cut.skipped, cut.before, ats(&cut)), (940, 939, vec![(0, 940), (0, 941), (0, 942)]));
        weave.lost(7, 950);
        let cut = weave.cut(1, 1000);
        assert_eq!((cut.lost, cut.before, ats(&cut)), (7, 950, vec![(0, 943)]));
        // A burst that can be shown is shown.
        let mut weave = Weave::new(Instant::now());
        weave.add((0..MOST_READY as i64).map(|at| thread(0, at, start)));
        weave.release(start, true);
        assert_eq!(weave.cut(usize::MAX, usize::MAX).threads.len(), MOST_READY);
    }

    #[test]
    fn what_comes_without_end_is_not_shown_later_and_later() {
        let start = Instant::now();
        let mut weave = Weave::new(start);
        let mut number = 0i64;
        // Sixty-five every 50 ms, of which fifty can be shown.
        let mut oldest = Vec::new();
        for step in 0..100u32 {
            let now = start + Duration::from_millis(50) * step;
            weave.add((0..65).map(|_| {
                number += 1;
                thread(0, number, now)
            }));
            weave.release(now, true);
            let cut = weave.cut(50, usize::MAX);
            oldest.push(number - cut.threads[0].held.at);
        }
        // First all of it, then what is new; at no time more than a few steps old.
        assert!(oldest[10] > 150 && oldest[20] > 300, "{oldest:?}");
        assert!(oldest.iter().skip(22).all(|behind| *behind <= 250), "{oldest:?}");
    }

    #[test]
    fn one_that_is_too_large_comes_alone() {
        let start = Instant::now();
        let mut weave = Weave::new(Instant::now());
        weave.add([thread(0, 1, start), thread(0, 2, start)]);
        weave.release(start, true);
        assert_eq!(ats(&weave.cut(1, 0)), [(0, 1)]);
        assert_eq!(ats(&weave.cut(0, 100)), [(0, 2)]);
        assert!(weave.cut(10, 10).threads.is_empty());
    }

    proptest! {
        /// Whatever comes when: each entry once or counted, each container's in its order, and where all come in time, in order of time.
        #[test]
        fn nothing_is_lost_or_doubled(steps in proptest::collection::vec((0u32..4, 0i64..3, 0u64..60, 0usize..30), 1..300)) {
            let mut now = Instant::now();
            let mut weave = Weave::new(Instant::now());
            let mut latest = [0i64; 4];
            let (mut written, mut shown, mut skipped) = (0u64, Vec::new(), 0);
            for (place, later, pause, most) in steps {
                latest[place as usize] += later;
                weave.add([thread(place, latest[place as usize], now)]);
                written += 1;
                now += Duration::from_millis(pause);
                weave.release(now, false);
                if most > 0 {
                    let cut = weave.cut(most, usize::MAX);
                    skipped += cut.skipped;
                    shown.extend(ats(&cut));
                }
            }
            weave.release(now + HOLD, false);
            let cut = weave.cut(usize::MAX, usize::MAX);
            shown.extend(ats(&cut));
            prop_assert_eq!(shown.len() as u64 + skipped + cut.skipped, written);
            for place in 0..4 {
                let own: Vec<_> = shown.iter().filter(|(of, _)| *of == place).map(|(_, at)| *at).collect();
                prop_assert!(own.is_sorted());
            }
        }
    }
}
