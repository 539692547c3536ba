//! What a check found over time: how long it worked, and for how long nobody knows.
//!
//! A result speaks for the time until the next one. Where the next comes much later than it should have, the program did not
//! run or could not look, and that time is unknown: it counts neither as up nor as down.

use std::collections::VecDeque;

use super::{CheckKind, CheckResult, Outcome};

/// How many results the strip shows.
pub const STRIP: usize = 90;
/// After how many of its own pauses without another a result speaks for one pause only.
pub(super) const MOST_PAUSES: i64 = 3;
/// Microseconds in a second.
pub(super) const SECOND_US: i64 = 1_000_000;
/// Microseconds in an hour.
pub const HOUR_US: i64 = 3600 * SECOND_US;
/// How far back results are kept in mind, in microseconds: 30 days, the longest time that is summed up, and an hour.
pub const REACH_US: i64 = (30 * 24 + 1) * HOUR_US;
/// How far back each result is read, in microseconds: of what is older, how whole hours were spent.
pub const RECENT_US: i64 = 48 * HOUR_US;
/// The longest time that a result speaks for, in microseconds: no pause is longer than an hour.
pub const MOST_SPOKEN_US: i64 = MOST_PAUSES * HOUR_US;

/// One result of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When, microseconds since 1970.
    pub at: i64,
    /// What was found.
    pub outcome: Outcome,
    /// How long the answer took, in milliseconds.
    pub latency_ms: Option<u32>,
    /// After how many seconds the next was due.
    pub pause_s: u32,
}

impl From<&CheckResult> for Sample {
    fn from(result: &CheckResult) -> Self {
        let CheckResult { kind: _, at, outcome, sentence: _, latency_ms, pause_s } = *result;
        Self { at, outcome, latency_ms, pause_s }
    }
}

/// How a whole hour was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourSum {
    /// When it began, microseconds since 1970.
    pub from: i64,
    /// Microseconds in which it worked.
    pub up: i64,
    /// Microseconds in which it did not.
    pub down: i64,
    /// When a result said last that it works, microseconds since 1970.
    pub last_good: Option<i64>,
}

impl HourSum {
    /// Whether anything is known of it.
    pub fn is_known(&self) -> bool {
        self.up > 0 || self.down > 0 || self.last_good.is_some()
    }
}

/// A time in which it worked, or did not, without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: i64,
    to: i64,
    works: bool,
}

/// How a time was spent, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Uptime {
    /// It worked.
    pub up: i64,
    /// It did not.
    pub down: i64,
    /// Nobody knows.
    pub unknown: i64,
}

impl Uptime {
    /// Of the time that is known, how much of a thousand parts it worked, rounded down: `None` where nothing is known. Only all of
    /// it is 1000.
    pub fn per_mille(self) -> Option<u16> {
        share(self.up, self.up.saturating_add(self.down))
    }

    /// How much of a thousand parts is known at all, rounded down.
    pub fn known_per_mille(self) -> u16 {
        let known = self.up.saturating_add(self.down);
        share(known, known.saturating_add(self.unknown)).unwrap_or(0)
    }
}

fn share(part: i64, whole: i64) -> Option<u16> {
    let parts = i128::from(part) * 1000;
    (whole > 0).then(|| u16::try_from(parts / i128::from(whole)).unwrap_or(1000))
}

/// The past of one check. Results are added in the order of their time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// How the hours before `since` were spent.
    hours: Vec<HourSum>,
    /// From when on results are told, microseconds since 1970: what they say of the time before stands in the sums already.
    since: i64,
    spans: VecDeque<Span>,
    strip: VecDeque<Sample>,
    last_good: Option<i64>,
}

impl History {
    /// The past that these results tell, oldest first.
    pub fn of(samples: impl IntoIterator<Item = Sample>) -> Self {
        let mut history = Self::default();
        samples.into_iter().for_each(|sample| history.add(sample));
        history
    }

    /// The past of which the hours before a moment, microseconds since 1970, are summed up. Results are added from
    /// [`MOST_SPOKEN_US`] before it on: the last ones may speak for what comes after.
    pub fn since(since: i64, hours: Vec<HourSum>) -> Self {
        let last_good = hours.iter().filter_map(|hour| hour.last_good).max();
        Self { hours, since, last_good, ..Self::default() }
    }

    /// How the whole hours between two moments, microseconds since 1970, were spent. `samples`: all results between, and
    /// [`MOST_SPOKEN_US`] before and after, oldest first.
    pub fn hours_of(samples: &[Sample], from: i64, to: i64) -> Vec<HourSum> {
        let history = Self::of(samples.iter().copied());
        let begins = (0..).map(|hour| from.saturating_add(hour * HOUR_US));
        let sums = begins.take_while(|begin| *begin < to).map(|begin| {
            let end = begin.saturating_add(HOUR_US);
            let (up, down) = history.spent(begin, end, to.saturating_add(MOST_SPOKEN_US));
            let good = samples.iter().filter(|sample| (begin..end).contains(&sample.at));
            let last_good = good.filter(|sample| sample.outcome.works() == Some(true)).map(|sample| sample.at).max();
            HourSum { from: begin, up, down, last_good }
        });
        sums.collect()
    }

    /// Adds a result. One that is not newer than the last is of another replica that ran at the same time, and says nothing new.
    pub fn add(&mut self, sample: Sample) {
        if self.newest().is_some_and(|newest| sample.at <= newest) {
            return;
        }
        if let Some(last) = self.strip.back().copied() {
            self.close(last, sample.at);
        }
        if sample.outcome.works() == Some(true) {
            self.last_good = self.last_good.max(Some(sample.at));
        }
        self.strip.push_back(sample);
        if self.strip.len() > STRIP {
            self.strip.pop_front();
        }
        let forgotten = sample.at.saturating_sub(REACH_US);
        while self.spans.front().is_some_and(|span| span.to < forgotten) {
            self.spans.pop_front();
        }
    }

    /// Adds what a result says of the time until `until`.
    fn close(&mut self, sample: Sample, until: i64) {
        let Some(span) = spoken_for(sample, until) else { return };
        match self.spans.back_mut() {
            Some(last) if last.to == span.from && last.works == span.works => last.to = span.to,
            Some(_) | None => self.spans.push_back(span),
        }
    }

    /// When the newest result is of, microseconds since 1970.
    pub fn newest(&self) -> Option<i64> {
        self.strip.back().map(|sample| sample.at)
    }

    /// When it worked last, microseconds since 1970.
    pub fn last_good(&self) -> Option<i64> {
        self.last_good
    }

    /// The last results, oldest first: 90 at most.
    pub fn strip(&self) -> impl ExactSizeIterator<Item = &Sample> {
        self.strip.iter()
    }

    /// How the time from `from` to `now` was spent, both microseconds since 1970. Where `from` lies within an hour that is summed up,
    /// it is the time from the begin of that hour on.
    pub fn uptime(&self, from: i64, now: i64) -> Uptime {
        let from = if from < self.since { from.div_euclid(HOUR_US) * HOUR_US } else { from };
        let (mut up, mut down) = self.spent(from.max(self.since), now, now);
        for hour in self.hours.iter().filter(|hour| hour.from >= from && hour.from.saturating_add(HOUR_US) <= now) {
            (up, down) = (up + hour.up, down + hour.down);
        }
        Uptime { up, down, unknown: now.saturating_sub(from).max(0) - up - down }
    }

    /// For how long it worked between two moments, and did not, as its results say. No other is known until `until`.
    fn spent(&self, from: i64, to: i64, until: i64) -> (i64, i64) {
        let last = self.strip.back().and_then(|sample| spoken_for(*sample, until));
        let (mut up, mut down) = (0, 0);
        for span in self.spans.iter().chain(&last) {
            let within = span.to.min(to).saturating_sub(span.from.max(from)).max(0);
            if span.works {
                up += within;
            } else {
                down += within;
            }
        }
        (up, down)
    }
}

/// What a result says of the time from it to `until`, when the next came.
fn spoken_for(sample: Sample, until: i64) -> Option<Span> {
    let works = sample.outcome.works()?;
    let pause = i64::from(sample.pause_s) * SECOND_US;
    let gap = until.saturating_sub(sample.at);
    let length = if gap > pause.saturating_mul(MOST_PAUSES) { pause } else { gap };
    (length > 0).then(|| Span { from: sample.at, to: sample.at.saturating_add(length), works })
}

/// What is shown of the past of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Which.
    pub kind: CheckKind,
    /// The last results, oldest first.
    pub strip: Vec<Sample>,
    /// When it worked last, microseconds since 1970.
    pub last_good: Option<i64>,
    /// Over a day, a week and thirty days.
    pub uptimes: [Uptime; 3],
}

impl Past {
    /// What is shown of a history at `now`, microseconds since 1970.
    pub fn of(kind: CheckKind, history: &History, now: i64) -> Self {
        let day = 24 * 3600 * SECOND_US;
        let uptimes = [1, 7, 30].map(|days| history.uptime(now.saturating_sub(days * day), now));
        Self { kind, strip: history.strip().copied().collect(), last_good: history.last_good(), uptimes }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const S: i64 = SECOND_US;

    fn sample(at_s: i64, outcome: Outcome, pause_s: u32) -> Sample {
        Sample { at: at_s * S, outcome, latency_ms: Some(3), pause_s }
    }

    #[test]
    fn a_result_speaks_for_the_time_until_the_next_and_a_gap_is_unknown() {
        use Outcome::{Failed, NotConfigured, Ok, Unknown, Warning};
        for (samples, now, up, down, unknown) in [
            (vec![], 100, 0, 0, 100),
            (vec![(0, Ok, 30)], 30, 30, 0, 0),
            (vec![(0, Ok, 30)], 90, 90, 0, 0),
            (vec![(0, Ok, 30)], 91, 30, 0, 61),
            (vec![(0, Ok, 30), (30, Failed, 10), (40, Warning, 30)], 50, 40, 10, 0),
            (vec![(0, Ok, 30), (30, Unknown, 10), (40, NotConfigured, 30)], 50, 30, 0, 20),
            // Back-off is no gap: the pause was announced.
            (vec![(0, Failed, 300), (300, Ok, 30)], 330, 30, 300, 0),
            (vec![(0, Ok, 30), (1000, Ok, 30)], 1030, 60, 0, 970),
        ] {
            let history = History::of(samples.iter().map(|(at, outcome, pause)| sample(*at, *outcome, *pause)));
            let expected = Uptime { up: up * S, down: down * S, unknown: unknown * S };
            assert_eq!(history.uptime(0, now * S), expected, "{samples:?} {now}");
        }
    }

    #[test]
    fn an_hour_is_spent_as_its_results_and_those_around_it_say() {
        use Outcome::{Failed, Ok, Unknown};
        // Ten minutes before the hour, which it speaks for until it is asked again after a quarter; then nobody asks for long.
        let samples = [(3000, Ok, 1200), (4500, Failed, 600), (5100, Unknown, 30), (5400, Ok, 60)];
        let samples = samples.map(|(at, outcome, pause)| sample(at, outcome, pause));
        let sum = |from: i64, up: i64, down: i64, last_good: Option<i64>| HourSum {
            from: from * S,
            up: up * S,
            down: down * S,
            last_good: last_good.map(|at| at * S),
        };
        assert_eq!(
            History::hours_of(&samples, 0, 3 * HOUR_US),
            [
                sum(0, 600, 0, Some(3000)),
                sum(3600, 900 + 60, 600, Some(5400)),
                // A gap is no answer, also where the results end.
                sum(7200, 0, 0, None)
            ]
        );
        let history = History::since(2 * HOUR_US, History::hours_of(&samples, 0, 2 * HOUR_US));
        let expected = Uptime { up: 960 * S, down: 600 * S, unknown: 5640 * S };
        // From within an hour that is summed up: from its begin.
        assert_eq!(history.uptime(5000 * S, 3 * HOUR_US), expected);
        assert_eq!(history.last_good(), Some(5400 * S));
    }

    #[test]
    fn shares_are_never_better_than_they_are() {
        let of = |up, down, unknown| Uptime { up, down, unknown };
        assert_eq!(of(0, 0, 10).per_mille(), None);
        assert_eq!(of(999_999, 1, 0).per_mille(), Some(999));
        assert_eq!(of(10, 0, 90).per_mille(), Some(1000));
        assert_eq!(of(10, 0, 90).known_per_mille(), 100);
        assert_eq!(of(0, 0, 0).known_per_mille(), 0);
        assert_eq!(of(i64::MAX, 0, 0).per_mille(), Some(1000));
    }

    #[test]
    fn the_last_good_one_is_kept_beyond_the_strip() {
        let mut history = History::of([sample(0, Outcome::Warning, 30)]);
        assert_eq!(history.last_good(), Some(0));
        (1..=200).for_each(|number| history.add(sample(number * 30, Outcome::Failed, 30)));
        assert_eq!((history.last_good(), history.strip().len()), (Some(0), STRIP));
        // What another replica found at the same time.
        let before = history.clone();
        history.add(sample(6000, Outcome::Ok, 30));
        assert_eq!(history, before);
    }

    proptest! {
        /// Whatever was found when: a past of which a part is summed up by the hour, however many hours at once, says the same as one
        /// that has each result.
        #[test]
        fn sums_by_the_hour_say_the_same_as_each_result(
            steps in prop::collection::vec((1i64..12_000, 0usize..5, 1u32..=3600), 0..150),
            hours in 0i64..100,
            at_once in 1i64..30,
            from in 0i64..400_000,
            later in 0i64..20_000,
        ) {
            let mut at = 0;
            let samples: Vec<Sample> = steps
                .iter()
                .map(|(step, outcome, pause)| {
                    at += step;
                    sample(at, Outcome::ALL[*outcome], *pause)
                })
                .collect();
            let since = hours * HOUR_US;
            let now = (at * S).max(since + MOST_SPOKEN_US) + later * S;
            let within = |from: i64, to: i64| -> Vec<Sample> {
                samples.iter().copied().filter(|sample| (from..to).contains(&sample.at)).collect()
            };
            let mut sums = Vec::new();
            let mut begin = 0;
            while begin < since {
                let end = (begin + at_once * HOUR_US).min(since);
                sums.extend(History::hours_of(&within(begin - MOST_SPOKEN_US, end + MOST_SPOKEN_US), begin, end));
                begin = end;
            }
            for sum in &sums {
                prop_assert!(sum.up >= 0 && sum.down >= 0 && sum.up + sum.down <= HOUR_US, "{:?}", sum);
            }
            let mut short = History::since(since, sums);
            within(since - MOST_SPOKEN_US, i64::MAX).into_iter().for_each(|sample| short.add(sample));
            let whole = History::of(samples);
            let from = (from * S).min(now);
            let whole_hours = if from < since { from / HOUR_US * HOUR_US } else { from };
            prop_assert_eq!(short.uptime(from, now), whole.uptime(whole_hours, now));
            prop_assert_eq!(short.last_good(), whole.last_good());
        }

        /// Whatever was found when: all of the time is spent, once, and a history that grows says the same as one made at once.
        #[test]
        fn up_and_down_and_unknown_are_all_of_it(
            steps in prop::collection::vec((1i64..4000, 0usize..5, 1u32..400), 0..150),
            from in 0i64..100_000,
            length in 0i64..400_000,
            split in 0usize..150,
        ) {
            let mut at = 0;
            let samples: Vec<Sample> = steps
                .iter()
                .map(|(step, outcome, pause)| {
                    at += step;
                    sample(at, Outcome::ALL[*outcome], *pause)
                })
                .collect();
            let now = (from + length).max(at) * S;
            let from = from * S;
            let history = History::of(samples.iter().copied());
            let Uptime { up, down, unknown } = history.uptime(from, now);
            prop_assert!(up >= 0 && down >= 0 && unknown >= 0);
            prop_assert_eq!(up + down + unknown, (now - from).max(0));
            let split = split.min(samples.len());
            let mut grown = History::of(samples[..split].iter().copied());
            samples[split..].iter().for_each(|sample| grown.add(*sample));
            prop_assert_eq!(grown, history);
        }
    }
}
