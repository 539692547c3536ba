//! When an environment may be disturbed.
//!
//! A window opens at the first instant at which the wall clock has reached its start, and closes at the first instant
//! after that at which the wall clock has reached its end. So a start that daylight saving skips opens at the next
//! instant that exists, and of an hour that comes twice the first counts: a window from 00:30 to 01:30 is over when the
//! clock is set back from 02:00 to 01:00, and one from 01:30 to 04:00 stays open through both.

#[cfg(test)]
mod tests;

use jiff::civil::{Date, DateTime, Weekday as CivilWeekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::{Maintenance, MaintenanceWindow, WallTime, Weekday};

/// How far the next opening is looked for: a fifth weekday comes within four months, and a year is a year.
const HORIZON_DAYS: i32 = 400;

/// Days before now on which a window that is still open can have opened: it ends on the next day at the latest, and zones
/// have skipped a whole one.
const DAYS_BACK: i32 = 3;

/// Where a moment stands in the maintenance windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowState {
    /// None was declared.
    Undeclared,
    /// At any time.
    AnyTime,
    /// Open, until then. Windows that touch or overlap count as one; one that never closes ends at the horizon.
    Open(Timestamp),
    /// Closed; opens then. `None`: never, as far as a year reaches.
    Closed(Option<Timestamp>),
}

/// Where `now` stands in the windows of `maintenance`, whose wall-clock times are of `zone`.
pub fn window_state(maintenance: &Maintenance, zone: &TimeZone, now: Timestamp) -> WindowState {
    match maintenance {
        Maintenance::Undeclared => WindowState::Undeclared,
        Maintenance::AnyTime => WindowState::AnyTime,
        Maintenance::Windows(windows) => state_in(windows, zone, now),
    }
}

fn state_in(windows: &[MaintenanceWindow], zone: &TimeZone, now: Timestamp) -> WindowState {
    let mut open_until: Option<Timestamp> = None;
    for (start, end) in openings(windows, zone, now) {
        match open_until {
            // Openings come in the order of their starts: nothing later can touch.
            Some(until) if start > until => return WindowState::Open(until),
            Some(until) => open_until = Some(until.max(end)),
            None if end <= now => {}
            None if start <= now => open_until = Some(end),
            None => return WindowState::Closed(Some(start)),
        }
    }
    open_until.map_or(WindowState::Closed(None), WindowState::Open)
}

/// Start and end of every opening around and after `now`, by start.
fn openings<'a>(
    windows: &'a [MaintenanceWindow],
    zone: &'a TimeZone,
    now: Timestamp,
) -> impl Iterator<Item = (Timestamp, Timestamp)> + 'a {
    let mut by_start: Vec<&MaintenanceWindow> = windows.iter().collect();
    by_start.sort_by_key(|window| window.from);
    let today = zone.to_datetime(now).date();
    (-DAYS_BACK..=HORIZON_DAYS).filter_map(move |days| today.checked_add(days.days()).ok()).flat_map(move |date| {
        let opens: Vec<_> = by_start
            .iter()
            .filter(|window| opens_on(window, date))
            .filter_map(|window| opening(window, zone, date))
            .collect();
        opens
    })
}

fn opens_on(window: &MaintenanceWindow, date: Date) -> bool {
    let weekday = match date.weekday() {
        CivilWeekday::Monday => Weekday::Monday,
        CivilWeekday::Tuesday => Weekday::Tuesday,
        CivilWeekday::Wednesday => Weekday::Wednesday,
        CivilWeekday::Thursday => Weekday::Thursday,
        CivilWeekday::Friday => Weekday::Friday,
        CivilWeekday::Saturday => Weekday::Saturday,
        CivilWeekday::Sunday => Weekday::Sunday,
    };
    let nth = (date.day() - 1) / 7 + 1;
    window.days.contains(&weekday) && window.nth.is_none_or(|wanted| i16::from(wanted) == i16::from(nth))
}

/// The opening of a window on a date; `None` when daylight saving skips all of it.
fn opening(window: &MaintenanceWindow, zone: &TimeZone, date: Date) -> Option<(Timestamp, Timestamp)> {
    let last_day = if window.to > window.from { date } else { date.tomorrow().ok()? };
    let start = first_reached(zone, at(date, window.from)?)?;
    let end = first_reached(zone, at(last_day, window.to)?)?;
    (start < end).then_some((start, end))
}

/// A wall-clock time of a date; 24:00 is the next day's 00:00.
fn at(date: Date, time: WallTime) -> Option<DateTime> {
    date.at(0, 0, 0, 0).checked_add(i64::from(time.minutes).minutes()).ok()
}

/// The first instant at which the wall clock has reached `wall`.
fn first_reached(zone: &TimeZone, wall: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok(),
        // In a gap `earlier` reads the time with the offset after it, which lands before the gap: the next transition is
        // the gap itself.
        AmbiguousOffset::Gap { .. } => {
            let before = ambiguous.earlier().ok()?;
            zone.following(before).next().map(|transition| transition.timestamp())
        }
    }
}
