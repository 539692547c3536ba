//! When a pod's containers were started again, as far as that was seen: Kubernetes keeps a count and the last end.

use crate::component::clues::Restarted;

/// The seconds that are remembered.
const HOUR: i64 = 3600;

/// The most moments that are remembered; a crash loop of ten containers is started again 120 times in an hour at its worst.
const MOST: usize = 64;

/// The restarts of the last hour: when, and how many by then.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restarts {
    seen: Vec<(i64, u32)>,
}

impl Restarts {
    /// Of a pod that is seen for the first time: `count` restarts since it was `created`, the last of them at `last`. When the
    /// others were is told only by how old the pod is.
    pub fn first(count: u32, created: i64, last: i64, now: i64) -> Self {
        let mut restarts = Self::default();
        if count > 0 {
            restarts.note(count - 1, created, now);
            restarts.note(1, last.max(created), now);
        }
        restarts
    }

    /// As many more were seen; the last of them at `last`.
    pub fn note(&mut self, more: u32, last: i64, now: i64) {
        self.seen.retain(|(at, _)| is_recent(*at, now));
        if more == 0 || !is_recent(last, now) {
            return;
        }
        match self.seen.last_mut().filter(|(at, _)| *at == last) {
            Some((_, count)) => *count = count.saturating_add(more),
            None => self.seen.push((last, more)),
        }
        if self.seen.len() > MOST {
            self.seen.remove(0);
        }
    }

    /// Those within the last hour.
    pub fn within_the_hour(&self, now: i64) -> Restarted {
        let recent = self.seen.iter().filter(|(at, _)| is_recent(*at, now));
        recent.fold(Restarted::default(), |sum, (at, count)| Restarted {
            times: sum.times.saturating_add(*count),
            since: if sum.since == 0 { *at } else { sum.since.min(*at) },
        })
    }

    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

fn is_recent(at: i64, now: i64) -> bool {
    at > 0 && now.saturating_sub(at) < HOUR
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn of_a_pod_seen_for_the_first_time_only_what_is_certain_is_counted() {
        for (count, age, last, times) in [
            (0, 600, 0, 0),
            // Younger than an hour: all of them.
            (4, 3_000, 60, 4),
            // Older: the last alone.
            (4, 86_400, 60, 1),
            (4, 86_400, 3_600, 0),
            (1, 86_400, 3_599, 1),
        ] {
            let restarts = Restarts::first(count, NOW - age, NOW - last, NOW);
            assert_eq!(restarts.within_the_hour(NOW).times, times, "{count} restarts, {age} s old, last {last} s ago");
        }
    }

    #[test]
    fn what_was_seen_is_counted_for_an_hour() {
        let mut restarts = Restarts::first(2, NOW - 86_400, NOW - 7_200, NOW);
        for minute in 0..5 {
            restarts.note(1, NOW + minute * 60, NOW + minute * 60);
        }
        let now = NOW + 240;
        assert_eq!(restarts.within_the_hour(now), Restarted { times: 5, since: NOW });
        assert_eq!(restarts.within_the_hour(NOW + 3_600 + 60), Restarted { times: 3, since: NOW + 120 });
        assert_eq!(restarts.within_the_hour(NOW + 3_600 + 240), Restarted::default());
    }

    #[test]
    fn however_many_there_are_little_is_remembered() {
        let mut restarts = Restarts::default();
        for second in 0..10_000 {
            restarts.note(1, NOW + second, NOW + second);
        }
        assert!(restarts.seen.len() <= MOST);
    }
}
