//! How much memory the logs that are followed may take together.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What all of them may take, in bytes.
const ALL: usize = 128 << 20;
/// The most and the least that one of them may take, in bytes.
const EACH: (usize, usize) = (4 << 20, 64 << 10);
/// The most containers that are followed at a time, for all who look.
pub const MOST_TAPS: usize = ALL / EACH.1;

/// Who takes how much.
#[derive(Debug, Default)]
pub struct Budget {
    taps: AtomicUsize,
    bytes: AtomicUsize,
}

impl Budget {
    /// One more is followed.
    pub fn opened(&self) {
        self.taps.fetch_add(1, Ordering::Relaxed);
    }

    /// One less is followed, which took so many bytes.
    pub fn closed(&self, bytes: usize) {
        self.taps.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// One took so many bytes before, and takes so many now.
    pub fn changed(&self, before: usize, now: usize) {
        self.bytes.fetch_add(now, Ordering::Relaxed);
        self.bytes.fetch_sub(before, Ordering::Relaxed);
    }

    /// What each may take now: all of it, shared.
    pub fn of_each(&self) -> usize {
        (ALL / self.taps.load(Ordering::Relaxed).max(1)).clamp(EACH.1, EACH.0)
    }

    /// Whether another one may be followed.
    pub fn has_room(&self) -> bool {
        self.taps.load(Ordering::Relaxed) < MOST_TAPS
    }

    /// What all take, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_together_stay_within_what_there_is() {
        let budget = Budget::default();
        for (taps, each) in [(1, 4 << 20), (32, 4 << 20), (64, 2 << 20), (MOST_TAPS, 64 << 10)] {
            while budget.taps.load(Ordering::Relaxed) < taps {
                assert!(budget.has_room());
                budget.opened();
            }
            assert_eq!(budget.of_each(), each, "{taps}");
            assert!(budget.of_each() * taps <= ALL);
        }
        assert!(!budget.has_room());
        budget.closed(0);
        assert!(budget.has_room());
    }
}
