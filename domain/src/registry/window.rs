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
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{Freeze, Maintenance, MaintenanceWindow, WallTime, Weekday};

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
    for (start, end) in occurrences(windows, zone, now, HORIZON_DAYS) {
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

/// When changes are let in between two instants, and until when: windows that touch or overlap are one, and what is frozen
/// is cut out of them. Where nothing was declared there is none.
pub fn openings(
    maintenance: &Maintenance,
    freezes: &[Freeze],
    zone: &TimeZone,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, Timestamp)> {
    let mut open: Vec<(Timestamp, Timestamp)> = match maintenance {
        Maintenance::Undeclared => Vec::new(),
        Maintenance::AnyTime => vec![(from, to)],
        Maintenance::Windows(windows) => {
            let days =
                zone.to_datetime(from).date().until(zone.to_datetime(to).date()).map_or(0, |span| span.get_days());
            let mut merged: Vec<(Timestamp, Timestamp)> = Vec::new();
            for (start, end) in occurrences(windows, zone, from, days) {
                match merged.last_mut() {
                    Some(last) if start <= last.1 => last.1 = last.1.max(end),
                    _ => merged.push((start, end)),
                }
            }
            merged
        }
    };
    for freeze in freezes {
        let Some((begin, thaw)) = frozen(freeze, zone) else { continue };
        let parts = open.into_iter().flat_map(|(start, end)| [(start, end.min(begin)), (start.max(thaw), end)]);
        open = parts.filter(|(start, end)| start < end).collect();
    }
    let clipped = open.into_iter().map(|(start, end)| (start.max(from), end.min(to)));
    clipped.filter(|(start, end)| start < end).collect()
}

/// When changes are let in next after `now`, as far as a year reaches; now, when they are.
pub fn next_opening(
    maintenance: &Maintenance,
    freezes: &[Freeze],
    zone: &TimeZone,
    now: Timestamp,
) -> Option<Timestamp> {
    let end = now.checked_add(SignedDuration::from_hours(24 * i64::from(HORIZON_DAYS))).ok()?;
    openings(maintenance, freezes, zone, now, end).first().map(|(start, _)| *start)
}

/// The freeze that holds at `now`, and its end; of several the one that holds longest.
pub fn freeze_at<'a>(freezes: &'a [Freeze], zone: &TimeZone, now: Timestamp) -> Option<(&'a Freeze, Timestamp)> {
    let holding = freezes.iter().filter_map(|freeze| {
        let (begin, thaw) = frozen(freeze, zone)?;
        (begin <= now && now < thaw).then_some((freeze, thaw))
    });
    holding.max_by_key(|(_, thaw)| *thaw)
}

/// First instant of a freeze and the first that is free again.
fn frozen(freeze: &Freeze, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let (begin, thaw) = (first_reached(zone, freeze.from.0)?, first_reached(zone, freeze.to.0)?);
    (begin < thaw).then_some((begin, thaw))
}

/// Start and end of every window that opens from shortly before `from` until so many days later, by start.
fn occurrences<'a>(
    windows: &'a [MaintenanceWindow],
    zone: &'a TimeZone,
    from: Timestamp,
    days: i32,
) -> impl Iterator<Item = (Timestamp, Timestamp)> + 'a {
    let mut by_start: Vec<&MaintenanceWindow> = windows.iter().collect();
    by_start.sort_by_key(|window| window.from);
    let first = zone.to_datetime(from).date();
    (-DAYS_BACK..=days).filter_map(move |days| first.checked_add(days.days()).ok()).flat_map(move |date| {
        let opens: Vec<_> = by_start
            .iter()
            .filter(|window| opens_on(window, date))
            .filter_map(|window| opening(window, zone, date))
            .collect();
        opens
    })
}

/// The day of the week that a date is.
pub(crate) fn weekday_of(date: Date) -> Weekday {
    match date.weekday() {
        CivilWeekday::Monday => Weekday::Monday,
        CivilWeekday::Tuesday => Weekday::Tuesday,
        CivilWeekday::Wednesday => Weekday::Wednesday,
        CivilWeekday::Thursday => Weekday::Thursday,
        CivilWeekday::Friday => Weekday::Friday,
        CivilWeekday::Saturday => Weekday::Saturday,
        CivilWeekday::Sunday => Weekday::Sunday,
    }
}

fn opens_on(window: &MaintenanceWindow, date: Date) -> bool {
    let nth = (date.day() - 1) / 7 + 1;
    window.days.contains(&weekday_of(date)) && window.nth.is_none_or(|wanted| i16::from(wanted) == i16::from(nth))
}

/// The opening of a window on a date; `None` when daylight saving skips all of it.
fn opening(window: &MaintenanceWindow, zone: &TimeZone, date: Date) -> Option<(Timestamp, Timestamp)> {
    let last_day = if window.to > window.from { date } else { date.tomorrow().ok()? };
    let start = first_reached(zone, at(date, window.from)?)?;
    let end = first_reached(zone, at(last_day, window.to)?)?;
    (start < end).then_some((start, end))
}

/// A wall-clock time of a date; 24:00 is the next day's 00:00.
pub(crate) fn at(date: Date, time: WallTime) -> Option<DateTime> {
    date.at(0, 0, 0, 0).checked_add(i64::from(time.minutes).minutes()).ok()
}

/// The first instant at which the wall clock has reached `wall`.
pub(crate) fn first_reached(zone: &TimeZone, wall: DateTime) -> Option<Timestamp> {
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
