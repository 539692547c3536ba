//! When demo data are reset by themselves.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::registry::window::{at, first_reached, weekday_of};
use crate::registry::{WallTime, Weekday};

/// A time of some days, on the wall clock of the environment's zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schedule {
    /// When: `03:30`.
    pub at: WallTime,
    /// On which days; left out: on each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
}

/// Days that are looked at: a week, the day before, and one that a zone skips.
const DAYS: std::ops::RangeInclusive<i32> = -1..=9;

impl Schedule {
    /// The first time after `after`, as windows open: a time that daylight saving skips is the next instant that exists, of one that
    /// comes twice the first counts.
    pub fn next(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let today = zone.to_datetime(after).date();
        let dates = DAYS.filter_map(|days| today.checked_add(days.days()).ok());
        let wanted = dates.filter(|date| self.days.is_empty() || self.days.contains(&weekday_of(*date)));
        let times = wanted.filter_map(|date| first_reached(zone, at(date, self.at)?));
        times.filter(|time| *time > after).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_time_is_by_the_clock_of_the_place() {
        for (at, days, zone, after, expected) in [
            ("03:30", &[][..], "America/New_York", "2026-11-22T00:00:00Z", "2026-11-22T08:30:00Z"),
            ("03:30", &[], "America/New_York", "2026-11-22T08:29:59Z", "2026-11-22T08:30:00Z"),
            ("03:30", &[], "America/New_York", "2026-11-22T08:30:00Z", "2026-11-23T08:30:00Z"),
            ("03:30", &[], "America/New_York", "2026-11-22T08:30:30Z", "2026-11-23T08:30:00Z"),
            // A Sunday; next is Monday.
            ("03:30", &[Weekday::Monday, Weekday::Friday], "UTC", "2026-11-22T00:00:00Z", "2026-11-23T03:30:00Z"),
            ("03:30", &[Weekday::Saturday], "UTC", "2026-11-22T00:00:00Z", "2026-11-28T03:30:00Z"),
            // The clock goes from 02:00 to 03:00: the next instant that exists.
            ("02:30", &[], "America/New_York", "2026-03-08T05:00:00Z", "2026-03-08T07:00:00Z"),
            // The hour that comes twice: the first.
            ("01:30", &[], "America/New_York", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z"),
            ("01:30", &[], "America/New_York", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"),
            ("00:00", &[], "Europe/Berlin", "2026-11-22T12:00:00Z", "2026-11-22T23:00:00Z"),
            ("23:59", &[], "UTC", "2026-11-22T12:00:00Z", "2026-11-22T23:59:00Z"),
            // The end of Sunday is Monday's first moment.
            ("24:00", &[Weekday::Sunday], "UTC", "2026-11-22T12:00:00Z", "2026-11-23T00:00:00Z"),
            // Samoa had no 30th of December in 2011: its noon is the first moment of the 31st.
            ("12:00", &[], "Pacific/Apia", "2011-12-30T01:00:00Z", "2011-12-30T10:00:00Z"),
        ] {
            let schedule = Schedule { at: at.to_owned().try_into().unwrap(), days: days.to_vec() };
            let zone = TimeZone::get(zone).unwrap();
            let after: Timestamp = after.parse().unwrap();
            assert_eq!(schedule.next(&zone, after).map(|at| at.to_string()).as_deref(), Some(expected), "{at} {after}");
        }
    }
}
