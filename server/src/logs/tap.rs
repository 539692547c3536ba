//! One container's log, followed once for everybody who looks at it, over restarts and cuts, for as long as somebody does.

mod following;
mod outlet;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::log::view::LogRow;
use domain::name::{ClusterId, Namespace};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, interval};

use super::LINGER;
use super::budget::Budget;
use super::entries::mask_again;
use super::ring::{Held, Ring, Taken};
use super::roster::Roster;
use crate::cluster::Clusters;
use crate::mask::OwnMasks;
use following::Following;

/// Which container of which pod.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TapKey {
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its namespace.
    pub namespace: Namespace,
    /// Its pod's name.
    pub pod: Arc<str>,
    /// Its pod's uid: another pod may have the same name later.
    pub uid: Arc<str>,
    /// Its name.
    pub container: Arc<str>,
}

/// A container that is followed.
#[derive(Debug)]
pub struct Tap {
    key: TapKey,
    /// The second from which on its log is read; none is the last lines.
    from: Option<i64>,
    ring: Mutex<Ring>,
    budget: Arc<Budget>,
    /// What is masked in what is kept of it.
    masks: Mutex<Arc<OwnMasks>>,
    /// Whether its log answered, with what there was by then.
    has_begun: AtomicBool,
    is_finished: AtomicBool,
    /// Everybody who looks has a copy.
    looked_at: Arc<()>,
}

/// A tap that somebody looks at: it stays open while this is there.
#[derive(Debug, Clone)]
pub struct Look {
    tap: Arc<Tap>,
    _looks: Arc<()>,
}

impl Deref for Look {
    type Target = Tap;

    fn deref(&self) -> &Tap {
        &self.tap
    }
}

impl Tap {
    /// One that is not followed yet. `from` is in seconds since 1970.
    pub fn new(key: TapKey, from: Option<i64>, budget: Arc<Budget>) -> Self {
        budget.opened();
        Self {
            key,
            from,
            ring: Mutex::default(),
            budget,
            masks: Mutex::default(),
            has_begun: AtomicBool::new(false),
            is_finished: AtomicBool::new(false),
            looked_at: Arc::default(),
        }
    }

    /// Looks at it.
    pub fn look(self: &Arc<Self>) -> Look {
        Look { tap: self.clone(), _looks: self.looked_at.clone() }
    }

    /// Whether somebody does.
    pub fn is_looked_at(&self) -> bool {
        Arc::strong_count(&self.looked_at) > 1
    }

    /// Which container it is.
    pub fn key(&self) -> &TapKey {
        &self.key
    }

    /// Entries from a place on, so many at most.
    pub fn read(&self, next: u64, most: usize) -> Taken {
        self.ring.lock().read(next, most)
    }

    /// Where its last entries begin, so many at most.
    pub fn last(&self, most: u64) -> u64 {
        self.ring.lock().last(most)
    }

    /// The number that its next entry gets.
    pub fn end(&self) -> u64 {
        self.ring.lock().end()
    }

    /// Whether everything since a time, in nanoseconds since 1970, was asked for.
    pub fn is_asked_since(&self, at: i64) -> bool {
        self.from.is_some_and(|from| from <= at.div_euclid(1_000_000_000))
    }

    /// Whether its log answered, or could not be read: what there was by then is here.
    pub fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Acquire)
    }

    /// Whether its pod is gone and nothing more comes.
    pub fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Acquire)
    }
}

impl Tap {
    /// Takes the next entry in, in which this was masked. Where something else is by now, that is masked as well.
    fn push(&self, mut held: Held, by: &Arc<OwnMasks>) {
        let masks = self.masks.lock();
        if !Arc::ptr_eq(&masks, by) {
            for row in &mut held.item.rows {
                if let LogRow::Line(line) = row {
                    held.item.masked += mask_again(std::slice::from_mut(line), &masks);
                }
            }
        }
        let mut ring = self.ring.lock();
        let before = ring.bytes();
        ring.push(held, self.budget.of_each());
        self.budget.changed(before, ring.bytes());
    }

    /// Lets go of what there is too much of, where others need room.
    fn trim(&self) {
        let mut ring = self.ring.lock();
        let before = ring.bytes();
        ring.trim(self.budget.of_each());
        self.budget.changed(before, ring.bytes());
    }

    /// What is masked in it now. Where that was something else before, what is kept may show it, and goes.
    pub fn masks(&self, clusters: &Clusters) -> Arc<OwnMasks> {
        let mut masks = self.masks.lock();
        let now = clusters.masks();
        if !Arc::ptr_eq(&masks, &now) {
            *masks = now.clone();
            let mut ring = self.ring.lock();
            let before = ring.bytes();
            ring.clear();
            self.budget.changed(before, ring.bytes());
        }
        now
    }

    /// What there was is here.
    fn begins(&self) {
        self.has_begun.store(true, Ordering::Release);
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.budget.closed(self.ring.get_mut().bytes());
    }
}

/// Follows a tap for as long as somebody looks at it, and [`LINGER`] after; then calls `over`, which says whether that is the end.
pub async fn follow(
    tap: Arc<Tap>,
    clusters: Arc<Clusters>,
    roster: watch::Receiver<Roster>,
    over: impl Fn(&Arc<Tap>) -> bool,
) {
    let mut tick = interval(Duration::from_secs(1));
    let mut last_looked = Instant::now();
    let following = Following::new(tap.clone(), clusters, roster).run();
    tokio::pin!(following);
    let mut is_gone = false;
    loop {
        tokio::select! {
            // A pod that is gone keeps what it wrote for as long as somebody looks.
            () = &mut following, if !is_gone => is_gone = true,
            _ = tick.tick() => {
                tap.trim();
                if tap.is_looked_at() {
                    last_looked = Instant::now();
                } else if last_looked.elapsed() >= LINGER && over(&tap) {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::log::follow::Position;
    use domain::registry::{LogMask, Registry};

    use super::super::entries::{Entries, Entry};
    use super::super::merge::Item;
    use super::*;
    use crate::cluster::Kubeconfig;

    fn registry(patterns: &[&str]) -> Arc<Registry> {
        let masks = patterns.iter().map(|pattern| LogMask { name: (*pattern).into(), pattern: (*pattern).into() });
        let (policy, masks, alerts) = (Default::default(), masks.collect(), Default::default());
        Arc::new(Registry { clusters: vec![], systems: vec![], access: vec![], policy, masks, alerts })
    }

    fn push(tap: &Tap, entry: Entry, by: &Arc<OwnMasks>) {
        let Entry { lines, worst, masked, .. } = entry;
        let item = Item { rows: lines.into_iter().map(LogRow::Line).collect(), masked };
        let (position, arrived) = (Position::default(), Instant::now());
        tap.push(Held { item, worst, at: 1, position, arrived, unseen: 0 }, by);
    }

    /// Takes a line in, as it is followed.
    fn feed(tap: &Tap, clusters: &Clusters, entries: &mut Entries) {
        let masks = tap.masks(clusters);
        entries.mask_by(masks.clone());
        let mut take = |entry| push(tap, entry, &masks);
        entries.feed(b"1970-01-01T00:00:01Z paid by CUST-17\n", &mut take);
        entries.pause(&mut take);
    }

    fn tap() -> Tap {
        let key = TapKey {
            cluster: "main".parse().unwrap(),
            namespace: "shop".parse().unwrap(),
            pod: "web-1".into(),
            uid: "1".into(),
            container: "main".into(),
        };
        Tap::new(key, None, Arc::default())
    }

    fn texts(tap: &Tap) -> Vec<String> {
        tap.read(0, 9).entries.iter().flat_map(|held| held.texts().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    #[tokio::test]
    async fn what_is_still_open_or_on_its_way_when_the_registry_changes_is_masked_by_what_is_new() {
        let (declared, registries) = watch::channel(registry(&[]));
        let clusters = Clusters::new(registries, Kubeconfig { path: None });
        let tap = tap();
        let before = tap.masks(&clusters);
        let mut entries = Entries::new(0, before.clone());
        let (mut early, mut late) = (Vec::new(), Vec::new());
        entries.feed(b"1970-01-01T00:00:01Z paid by CUST-17\n1970-01-01T00:00:02Z CUST-18\n", &mut |entry| {
            early.push(entry)
        });
        assert_eq!(early.len(), 1);
        declared.send(registry(&["CUST-[0-9]+"])).unwrap();
        // Somebody who comes now lets go of what was kept, before what is on its way is there.
        tap.masks(&clusters);
        early.into_iter().for_each(|entry| push(&tap, entry, &before));
        assert_eq!(texts(&tap), ["paid by [masked]"]);
        entries.mask_by(tap.masks(&clusters));
        entries.pause(&mut |entry| late.push(entry));
        assert_eq!((&*late[0].lines[0].text, late[0].masked), ("[masked]", 1));
    }

    #[tokio::test]
    async fn what_a_changed_registry_masks_is_masked_at_once() {
        let (declared, registries) = watch::channel(registry(&[]));
        let clusters = Clusters::new(registries, Kubeconfig { path: None });
        let tap = tap();
        let mut entries = Entries::new(0, tap.masks(&clusters));
        for (patterns, lost, expected) in [
            (&[][..], 0, &["paid by CUST-17", "paid by CUST-17"][..]),
            // What was kept goes.
            (&["CUST-[0-9]+"], 2, &["paid by [masked]", "paid by [masked]"]),
            (&["CUST-[0-9]+", "paid"], 4, &["[masked] by [masked]", "[masked] by [masked]"]),
            (&[], 6, &["paid by CUST-17", "paid by CUST-17"]),
        ] {
            declared.send(registry(patterns)).unwrap();
            feed(&tap, &clusters, &mut entries);
            // Another version of the file that says the same of masks.
            declared.send(registry(patterns)).unwrap();
            feed(&tap, &clusters, &mut entries);
            let taken = tap.read(0, 9);
            let texts: Vec<&str> = taken.entries.iter().flat_map(|held| held.texts()).collect();
            assert_eq!((taken.lost, texts.as_slice()), (lost, expected), "{patterns:?}");
            // Whoever comes next may see less before anything more is read.
            declared.send(registry(&["y"])).unwrap();
            tap.masks(&clusters);
            assert!(tap.read(0, 9).entries.is_empty());
            declared.send(registry(patterns)).unwrap();
        }
    }
}
