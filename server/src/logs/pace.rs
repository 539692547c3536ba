//! Whether more comes than can be taken: lines than can be looked at, entries than a page can show.

use std::time::Duration;

use tokio::time::Instant;

/// A read that took so long had to wait for what it read: everything that had come by then was looked at.
const WAITED: Duration = Duration::from_millis(1);
/// How long more may come than is taken, where that was so a moment ago: what is shown is never older than that.
const SHORT: Duration = Duration::from_millis(100);
/// How long a moment is.
const AGO: Duration = Duration::from_secs(5);

/// How something keeps up with what comes.
#[derive(Debug)]
pub struct Pace {
    /// How long more may come than is taken, where that was not so a moment ago.
    patience: Duration,
    caught_up: Instant,
    /// When there was too much.
    behind: Option<Instant>,
}

impl Pace {
    /// Nothing came yet.
    pub fn new(now: Instant, patience: Duration) -> Self {
        Self { patience, caught_up: now, behind: None }
    }

    /// All that came was taken.
    pub fn waits(&mut self, now: Instant) {
        self.caught_up = now;
    }

    /// There is more than may wait.
    pub fn falls_behind(&mut self, now: Instant) {
        self.behind = Some(now);
    }

    /// Something was read, for which was waited so long. Whether there is no time for it.
    pub fn is_behind(&mut self, waited: Duration, now: Instant) -> bool {
        if waited >= WAITED {
            self.caught_up = now;
        }
        let patience = if self.behind.is_some_and(|behind| now < behind + AGO) { SHORT } else { self.patience };
        let is_behind = now > self.caught_up + patience;
        if is_behind {
            self.behind = Some(now);
        }
        is_behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_without_a_pause_is_not_looked_at() {
        let start = Instant::now();
        let mut pace = Pace::new(start, Duration::from_secs(2));
        for (at_ms, waited_us, expected) in [
            (10, 0, false),
            // A long log that was written before.
            (1_900, 0, false),
            (2_000, 0, false),
            (2_001, 0, true),
            (2_050, 999, true),
            // All of it came: for a while less is looked at before the next is only counted.
            (2_100, 1_000, false),
            (2_200, 0, false),
            (2_201, 0, true),
            (2_300, 5_000, false),
            // Long after it was so, it counts as at the beginning.
            (7_300, 1_000, false),
            (9_000, 0, false),
            (9_301, 0, true),
            // Slow as it may be, what waits keeps up.
            (20_000, 2_000, false),
            (22_000, 2_000, false),
            (24_000, 2_000, false),
        ] {
            let now = start + Duration::from_millis(at_ms);
            assert_eq!(pace.is_behind(Duration::from_micros(waited_us), now), expected, "{at_ms}");
        }
        // Nothing came for long, and then something at once.
        let later = start + Duration::from_secs(60);
        pace.waits(later);
        assert!(!pace.is_behind(Duration::ZERO, later + Duration::from_millis(1)));
    }
}
