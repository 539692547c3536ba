//! The clock by which lines say when they were written, and the ways to another.

use domain::log::display::{Display, Times, Zone};
use domain::log::query::LogQuery;
use leptos::prelude::*;

use crate::clock::{exact_time, time_of_day};
use crate::links;

const SECOND: i64 = 1_000_000_000;

/// What times are said by.
#[derive(Debug, Clone, PartialEq)]
pub struct Clock {
    /// Now, seconds since 1970.
    now: i64,
    times: Times,
    zone: Option<Zone>,
}

impl Clock {
    /// The clock that is asked for; `zone` is that of whoever looks, where it is known.
    pub fn new(times: Times, zone: Option<Zone>, now: i64) -> Self {
        Self { now, times, zone: zone.filter(|_| times == Times::Local) }
    }

    /// When a line was written, nanoseconds since 1970, to the millisecond: the day only where it is another than today.
    pub fn of_line(&self, at: i64) -> String {
        let (seconds, millis) = (at.div_euclid(SECOND), at.rem_euclid(SECOND) / 1_000_000);
        if let Times::From(moment) = self.times {
            return apart(at.saturating_sub(moment.saturating_mul(SECOND)));
        }
        let (there, now) = (self.shifted(seconds), self.shifted(self.now));
        let (day, today) = (exact_time(there), exact_time(now));
        let date = match (day.get(..10), today.get(..10)) {
            (day, today) if day == today => None,
            // Of this year without it.
            (day, today) if day.and_then(|day| day.get(..4)) == today.and_then(|today| today.get(..4)) => {
                day.and_then(|day| day.get(5..))
            }
            (day, _) => day,
        };
        let date = date.map(|date| [date, " "].concat()).unwrap_or_default();
        format!("{date}{}.{millis:03}", time_of_day(there))
    }

    /// From one moment to another, seconds since 1970, as a sentence.
    pub fn range(&self, from: i64, until: i64) -> String {
        let (from, until) = (exact_time(self.shifted(from)), exact_time(self.shifted(until)));
        let (from, until) = (from.trim_end_matches(" UTC"), until.trim_end_matches(" UTC"));
        // What was written within a day is the usual case.
        let until = if from.get(..10) == until.get(..10) { until.get(11..).unwrap_or_default() } else { until };
        let zone = self.zone.as_ref().map_or("UTC", |zone| &zone.name);
        ["From ", from, " to ", until, " ", zone, "."].concat()
    }

    fn shifted(&self, seconds: i64) -> i64 {
        seconds.saturating_add(self.zone.as_ref().map_or(0, |zone| zone.offset(seconds)))
    }
}

/// A length of time in nanoseconds with its sign: `+1:02:03.004`, `-0:03.120`.
fn apart(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { '-' } else { '+' };
    let millis = nanoseconds.unsigned_abs() / 1_000_000;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{sign}{minutes}:{seconds:02}.{millis:03}"),
        hours => format!("{sign}{hours}:{minutes:02}:{seconds:02}.{millis:03}"),
    }
}

/// The ways to other times, and to lines that are broken or not; and that looking is recorded, where it is.
pub fn ways(query: &LogQuery, clock: &Clock, is_recorded: bool) -> impl IntoView + use<> {
    let link = |display: Display, words: String| {
        let address = links::logs(&LogQuery { display, ..query.clone() });
        view! { <a href=address class="text-accent underline">{words}</a> }
    };
    let display = query.display;
    let moment = match display.times {
        Times::From(moment) => moment,
        Times::Utc | Times::Local => clock.now,
    };
    let from = format!("from {}", exact_time(moment));
    let all = [(Times::Utc, "UTC".to_owned()), (Times::Local, "yours".to_owned()), (Times::From(moment), from)];
    let times: Vec<_> = all
        .into_iter()
        .map(|(times, words)| match times == display.times {
            true => view! { <span class="font-medium text-ink">{words}</span> }.into_any(),
            false => link(Display { times, ..display }, words).into_any(),
        })
        .collect();
    let unknown = (display.times == Times::Local && clock.zone.is_none())
        .then_some("Your time zone is not known without script: these are in UTC.");
    let recorded = is_recorded.then_some("That you look at these is recorded.");
    let wrap = if display.unbroken { "Break long lines" } else { "Keep long lines in one" };
    let wrap = link(Display { unbroken: !display.unbroken, ..display }, wrap.to_owned());
    view! {
        <section class="flex flex-wrap items-center gap-x-4 gap-y-2 text-sm text-soft" aria-label="How lines are shown">
            <span class="flex flex-wrap gap-x-3">"Times:" {times}</span>
            {unknown}
            {wrap}
            {recorded}
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 23:30:00 UTC.
    const NOW: i64 = 1_795_303_800;

    fn berlin() -> Option<Zone> {
        Some(Zone { name: "Europe/Berlin".to_owned(), offsets: vec![(0, 7_200), (1_793_000_000, 3_600)] })
    }

    #[test]
    fn a_line_says_when_it_was_written_by_the_clock_that_is_asked_for() {
        let at = |seconds: i64| seconds * SECOND + 7_999_999;
        for (times, zone, seconds, expected) in [
            (Times::Utc, berlin(), NOW, "23:30:00.007"),
            (Times::Local, berlin(), NOW, "00:30:00.007"),
            (Times::Local, None, NOW, "23:30:00.007"),
            // A day is another by one clock and the same by another.
            (Times::Utc, None, NOW - 86_400, "11-20 23:30:00.007"),
            (Times::Local, berlin(), NOW - 3_600, "11-21 23:30:00.007"),
            (Times::Utc, None, NOW - 365 * 86_400, "2025-11-21 23:30:00.007"),
            (Times::Local, berlin(), 1_790_000_000, "09-21 16:13:20.007"),
            (Times::From(NOW), berlin(), NOW, "+0:00.007"),
            (Times::From(NOW), None, NOW - 1, "-0:00.992"),
            (Times::From(NOW), None, NOW + 3_723, "+1:02:03.007"),
            (Times::From(0), None, i64::MAX / SECOND - 1, "+2562047:47:15.007"),
        ] {
            assert_eq!(Clock::new(times, zone, NOW).of_line(at(seconds)), expected, "{times:?} {seconds}");
        }
    }

    #[test]
    fn a_range_names_its_zone() {
        for (times, expected) in [
            (Times::Utc, "From 2026-11-21 22:30:00 to 23:30:00 UTC."),
            (Times::Local, "From 2026-11-21 23:30:00 to 2026-11-22 00:30:00 Europe/Berlin."),
            (Times::From(5), "From 2026-11-21 22:30:00 to 23:30:00 UTC."),
        ] {
            assert_eq!(Clock::new(times, berlin(), NOW).range(NOW - 3_600, NOW), expected);
        }
    }
}
