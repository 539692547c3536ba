//! The one clock that pages show: the server's, as it was when the page was made, then carried on in the browser.

use leptos::prelude::*;

/// The server's clock in milliseconds since 1970. Provided once; ticks each second in the browser.
#[derive(Debug, Clone, Copy)]
pub struct Now(pub ReadSignal<i64>);

/// The clock, in milliseconds since 1970.
pub fn now() -> ReadSignal<i64> {
    expect_context::<Now>().0
}

/// Seconds since 1970 as `2026-11-20T23:29:03Z`, for `<time datetime>`.
pub fn machine_time(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    format!("{year:04}-{month:02}-{day:02}T{}Z", time_of_day(seconds))
}

/// Seconds since 1970 as `2026-11-20 23:29:03 UTC`, for people.
pub fn exact_time(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    format!("{year:04}-{month:02}-{day:02} {} UTC", time_of_day(seconds))
}

/// The time of the day in UTC: `23:29:03`.
pub fn time_of_day(seconds: i64) -> String {
    let second = seconds.rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// What a clock shows at a moment that was named by another, where it shows something else: `08:00`, or `Saturday 17:00` where
/// it is another day. All in seconds, the offsets of both clocks east of UTC.
pub fn by_another_clock(at: i64, named: i64, own: i64) -> Option<String> {
    const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    let (there, here) = (at + named, at + own);
    let day = here.div_euclid(86_400);
    let time = time_of_day(here);
    let time = time.get(..5)?;
    match DAYS.get(day.rem_euclid(7) as usize) {
        _ if named == own => None,
        Some(word) if day != there.div_euclid(86_400) => Some([word, " ", time].concat()),
        Some(_) | None => Some(time.to_owned()),
    }
}

/// Days since 1970 as year, month and day (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_calendars_have_it() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_763_681_343, "2025-11-20T23:29:03Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(machine_time(seconds), expected, "{seconds}");
        }
        assert_eq!(exact_time(0), "1970-01-01 00:00:00 UTC");
    }

    #[test]
    fn another_clock_is_said_where_it_shows_something_else() {
        // Sunday 02:00 in New York.
        let at = 1_795_330_800;
        assert_eq!(machine_time(at), "2026-11-22T07:00:00Z");
        let hours = |hours: f64| (hours * 3600.0) as i64;
        for (named, own, expected) in [
            (-5.0, -5.0, None),
            (-5.0, 1.0, Some("08:00")),
            (-5.0, 0.0, Some("07:00")),
            (-5.0, 5.5, Some("12:30")),
            (-5.0, -8.0, Some("Saturday 23:00")),
            (9.0, -5.0, Some("02:00")),
            (9.0, 17.5, Some("Monday 00:30")),
        ] {
            let said = by_another_clock(at, hours(named), hours(own));
            assert_eq!(said.as_deref(), expected, "{named} {own}");
        }
        assert_eq!(by_another_clock(0, 0, -3600).as_deref(), Some("Wednesday 23:00"));
    }
}
