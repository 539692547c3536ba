use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

fn time(text: &str) -> WallTime {
    WallTime::try_from(text.to_owned()).unwrap()
}

fn window(days: &[Weekday], nth: Option<u8>, from: &str, to: &str) -> MaintenanceWindow {
    MaintenanceWindow { days: days.to_vec(), nth, from: time(from), to: time(to), note: None }
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn state(windows: &[MaintenanceWindow], zone_name: &str, now: &str) -> WindowState {
    window_state(&Maintenance::Windows(windows.to_vec()), &zone(zone_name), instant(now))
}

fn open(until: &str) -> WindowState {
    WindowState::Open(instant(until))
}

fn closed(next: &str) -> WindowState {
    WindowState::Closed(Some(instant(next)))
}

use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};

const NEW_YORK: &str = "America/New_York";
const ALL_DAYS: [Weekday; 7] = [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday];

#[test]
fn a_window_keeps_to_the_wall_clock_over_both_switches() {
    let sundays = [window(&[Sunday], None, "02:00", "06:00")];
    for (now, expected) in [
        // Winter, summer.
        ("2026-01-04T06:59:59Z", closed("2026-01-04T07:00:00Z")),
        ("2026-01-04T07:00:00Z", open("2026-01-04T11:00:00Z")),
        ("2026-07-05T06:00:00Z", open("2026-07-05T10:00:00Z")),
        ("2026-07-05T10:00:00Z", closed("2026-07-12T06:00:00Z")),
        // 2026-11-01: the clock is set back at 02:00 EDT; 02:00 comes at 07:00 UTC.
        ("2026-11-01T06:00:00Z", closed("2026-11-01T07:00:00Z")),
        ("2026-11-01T06:59:59Z", closed("2026-11-01T07:00:00Z")),
        ("2026-11-01T07:00:00Z", open("2026-11-01T11:00:00Z")),
        ("2026-11-01T10:59:59Z", open("2026-11-01T11:00:00Z")),
        ("2026-11-01T11:00:00Z", closed("2026-11-08T07:00:00Z")),
        // 2026-03-08: 02:00 does not exist; the window is three hours, 03:00 to 06:00 EDT.
        ("2026-03-08T06:59:59Z", closed("2026-03-08T07:00:00Z")),
        ("2026-03-08T07:00:00Z", open("2026-03-08T10:00:00Z")),
        ("2026-03-08T10:00:00Z", closed("2026-03-15T06:00:00Z")),
    ] {
        assert_eq!(state(&sundays, NEW_YORK, now), expected, "{now}");
    }
}

#[test]
fn skipped_and_repeated_times_follow_the_rule() {
    for (from, to, now, expected) in [
        // Skipped: in the middle of the gap, all of it, and the end in it.
        ("02:30", "06:00", "2026-03-08T06:00:00Z", closed("2026-03-08T07:00:00Z")),
        ("02:10", "02:50", "2026-03-08T06:00:00Z", closed("2026-03-15T06:10:00Z")),
        ("01:00", "02:30", "2026-03-08T06:30:00Z", open("2026-03-08T07:00:00Z")),
        // Repeated: the end, then the start.
        ("00:30", "01:30", "2026-11-01T05:00:00Z", open("2026-11-01T05:30:00Z")),
        ("00:30", "01:30", "2026-11-01T06:10:00Z", closed("2026-11-08T05:30:00Z")),
        ("01:30", "04:00", "2026-11-01T06:10:00Z", open("2026-11-01T09:00:00Z")),
    ] {
        let windows = [window(&[Sunday], None, from, to)];
        assert_eq!(state(&windows, NEW_YORK, now), expected, "{from} to {to} at {now}");
    }
}

#[test]
fn the_nth_weekday_is_counted_in_the_month() {
    for (days, nth, now, expected) in [
        (Sunday, 1, "2026-11-02T00:00:00Z", closed("2026-12-06T07:00:00Z")),
        (Sunday, 1, "2026-11-01T08:00:00Z", open("2026-11-01T11:00:00Z")),
        (Sunday, 2, "2026-03-01T12:00:00Z", closed("2026-03-08T07:00:00Z")),
        // November 2026 has five Sundays and five Mondays; the next month with five Sundays is January 2027.
        (Sunday, 5, "2026-11-01T12:00:00Z", closed("2026-11-29T07:00:00Z")),
        (Sunday, 5, "2026-11-29T12:00:00Z", closed("2027-01-31T07:00:00Z")),
        (Monday, 5, "2026-09-01T00:00:00Z", closed("2026-11-30T07:00:00Z")),
    ] {
        let windows = [window(&[days], Some(nth), "02:00", "06:00")];
        assert_eq!(state(&windows, NEW_YORK, now), expected, "{days:?} {nth} at {now}");
    }
}

#[test]
fn windows_cross_midnight_touch_and_overlap() {
    let weekend = [window(&[Saturday, Sunday], None, "00:00", "24:00")];
    assert_eq!(state(&weekend, "UTC", "2026-11-21T05:00:00Z"), open("2026-11-23T00:00:00Z"));
    assert_eq!(state(&weekend, "UTC", "2026-11-23T00:00:00Z"), closed("2026-11-28T00:00:00Z"));
    let night = [window(&[Friday], None, "22:00", "04:00")];
    assert_eq!(state(&night, "UTC", "2026-11-21T03:59:59Z"), open("2026-11-21T04:00:00Z"));
    assert_eq!(state(&night, "UTC", "2026-11-21T04:00:00Z"), closed("2026-11-27T22:00:00Z"));
    let both = [window(&[Saturday], None, "03:00", "08:00"), window(&[Friday], None, "22:00", "04:00")];
    assert_eq!(state(&both, "UTC", "2026-11-20T23:00:00Z"), open("2026-11-21T08:00:00Z"));
}

#[test]
fn always_and_never_are_said() {
    assert_eq!(state(&[], NEW_YORK, "2026-11-21T05:00:00Z"), WindowState::Closed(None));
    assert_eq!(state(&[window(&[], None, "02:00", "06:00")], "UTC", "2026-11-21T05:00:00Z"), WindowState::Closed(None));
    let always = state(&[window(&ALL_DAYS, None, "00:00", "24:00")], NEW_YORK, "2026-11-21T05:00:00Z");
    let WindowState::Open(until) = always else { panic!("{always:?}") };
    assert!(until > instant("2027-12-01T00:00:00Z"));
    let now = instant("2026-11-21T05:00:00Z");
    assert_eq!(window_state(&Maintenance::AnyTime, &TimeZone::UTC, now), WindowState::AnyTime);
    assert_eq!(window_state(&Maintenance::Undeclared, &TimeZone::UTC, now), WindowState::Undeclared);
}

/// Days around which the zones below set their clocks, and days on which they do not.
const SWITCHES: &[(&str, &str)] = &[
    (NEW_YORK, "2026-03-08T00:00:00Z"),
    (NEW_YORK, "2026-11-01T00:00:00Z"),
    ("Europe/Berlin", "2026-03-29T00:00:00Z"),
    ("Europe/Berlin", "2026-10-25T00:00:00Z"),
    // Half an hour.
    ("Australia/Lord_Howe", "2026-04-05T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-04T00:00:00Z"),
    // At midnight: the gap swallows the start of a day, the fold repeats its end.
    ("America/Havana", "2026-03-08T00:00:00Z"),
    ("America/Havana", "2026-11-01T00:00:00Z"),
    ("America/Santiago", "2026-04-05T00:00:00Z"),
    ("America/Santiago", "2026-09-06T00:00:00Z"),
    ("Africa/Cairo", "2026-04-24T00:00:00Z"),
    ("Africa/Cairo", "2026-10-30T00:00:00Z"),
    // A day that never was.
    ("Pacific/Apia", "2011-12-30T00:00:00Z"),
    ("Asia/Kathmandu", "2026-06-01T00:00:00Z"),
];

fn any_window() -> impl Strategy<Value = MaintenanceWindow> {
    // Mostly the small hours, where clocks are set.
    let minutes = || prop_oneof![3 => (0u16..16).prop_map(|quarter| quarter * 15), 1 => 0u16..1440, 1 => 1320u16..1440];
    (
        proptest::sample::subsequence(ALL_DAYS.to_vec(), 1..=3),
        proptest::option::weighted(0.3, 1u8..=5),
        minutes(),
        minutes(),
    )
        .prop_filter("an empty window", |(_, _, from, to)| from != to)
        .prop_map(|(days, nth, from, to)| MaintenanceWindow {
            days,
            nth,
            from: WallTime { minutes: from },
            to: WallTime { minutes: to },
            note: None,
        })
}

/// Whether each of the minutes is in a window: the rule at the top of the file, read off the wall clock minute by minute.
fn naive(windows: &[MaintenanceWindow], wall: &[DateTime]) -> Vec<bool> {
    let mut is_open = vec![false; wall.len()];
    let (first, last) = (wall[0].date(), wall[wall.len() - 1].date());
    for window in windows {
        for date in first.series(1.day()).take_while(|date| *date <= last) {
            let weekday = ALL_DAYS[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())];
            let sevens = (1..=31).filter(|day| *day <= date.day() && (date.day() - day) % 7 == 0).count();
            if !window.days.contains(&weekday) || window.nth.is_some_and(|nth| usize::from(nth) != sevens) {
                continue;
            }
            let start = date.at(0, 0, 0, 0) + i64::from(window.from.minutes).minutes();
            let mut end = date.at(0, 0, 0, 0) + i64::from(window.to.minutes).minutes();
            if window.to <= window.from {
                end += 1.day();
            }
            let mut minutes = wall.iter().enumerate().skip_while(|(_, wall)| **wall < start).peekable();
            // One that began before the first minute would seem to begin with it.
            if minutes.peek().is_none_or(|(minute, _)| *minute == 0) {
                continue;
            }
            for (minute, _) in minutes.take_while(|(_, wall)| **wall < end) {
                is_open[minute] = true;
            }
        }
    }
    is_open
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn windows_agree_with_a_clock_that_is_read_every_minute(
        (name, switch) in proptest::sample::select(SWITCHES),
        windows in proptest::collection::vec(any_window(), 1..4),
        samples in proptest::collection::vec(0usize..(7 * 1440), 40),
    ) {
        let zone = zone(name);
        // Four days to warm up, a week to ask about, five to see what comes next.
        let first = instant(switch) - SignedDuration::from_hours(24 * 7);
        let minute = |index: usize| first + SignedDuration::from_mins(index as i64);
        let wall: Vec<DateTime> = (0..16 * 1440).map(|index| zone.to_datetime(minute(index))).collect();
        let is_open = naive(&windows, &wall);
        let maintenance = Maintenance::Windows(windows);
        let edges = (4 * 1440..11 * 1440).filter(|index| is_open[*index] != is_open[*index - 1]).flat_map(|edge| [edge - 1, edge]);
        for index in edges.chain(samples.into_iter().map(|sample| sample + 4 * 1440)) {
            let turn = (index..is_open.len()).find(|later| is_open[*later] != is_open[index]).map(minute);
            match window_state(&maintenance, &zone, minute(index)) {
                WindowState::Open(until) => {
                    prop_assert!(is_open[index], "open at {}", wall[index]);
                    if let Some(turn) = turn { prop_assert_eq!(until, turn); }
                }
                WindowState::Closed(next) => {
                    prop_assert!(!is_open[index], "closed at {}", wall[index]);
                    match turn {
                        Some(turn) => prop_assert_eq!(next, Some(turn)),
                        None => prop_assert!(next.is_none_or(|next| next >= minute(is_open.len()))),
                    }
                }
                state @ (WindowState::Undeclared | WindowState::AnyTime) => prop_assert!(false, "{:?}", state),
            }
        }
    }
}

fn freeze(from: &str, to: &str) -> Freeze {
    Freeze {
        from: crate::registry::WallDateTime::try_from(from.to_owned()).unwrap(),
        to: crate::registry::WallDateTime::try_from(to.to_owned()).unwrap(),
        why: "year-end closing".to_owned(),
    }
}

#[test]
fn openings_are_listed_with_freezes_cut_out() {
    let sundays = Maintenance::Windows(vec![window(&[Sunday], None, "02:00", "06:00")]);
    for (maintenance, freezes, from, to, expected) in [
        // Over the end of daylight saving, clipped at both ends.
        (
            &sundays,
            vec![],
            "2026-10-25T07:30:00Z",
            "2026-11-08T08:00:00Z",
            "2026-10-25T07:30:00Z..2026-10-25T10:00:00Z 2026-11-01T07:00:00Z..2026-11-01T11:00:00Z \
             2026-11-08T07:00:00Z..2026-11-08T08:00:00Z",
        ),
        // Over its beginning: three hours.
        (
            &sundays,
            vec![],
            "2026-03-02T00:00:00Z",
            "2026-03-16T00:00:00Z",
            "2026-03-08T07:00:00Z..2026-03-08T10:00:00Z 2026-03-15T06:00:00Z..2026-03-15T10:00:00Z",
        ),
        // The end, the middle and all of a window are frozen; a freeze begins at a time that is skipped.
        (
            &sundays,
            vec![
                freeze("2026-03-08T02:30", "2026-03-08T04:00"),
                freeze("2026-03-15T03:00", "2026-03-15T04:00"),
                freeze("2026-03-20T00:00", "2026-03-30T00:00"),
            ],
            "2026-03-02T00:00:00Z",
            "2026-04-01T00:00:00Z",
            "2026-03-08T08:00:00Z..2026-03-08T10:00:00Z 2026-03-15T06:00:00Z..2026-03-15T07:00:00Z \
             2026-03-15T08:00:00Z..2026-03-15T10:00:00Z",
        ),
        (
            &Maintenance::AnyTime,
            vec![freeze("2026-12-18T18:00", "2027-01-04T08:00")],
            "2026-12-01T00:00:00Z",
            "2027-02-01T00:00:00Z",
            "2026-12-01T00:00:00Z..2026-12-18T23:00:00Z 2027-01-04T13:00:00Z..2027-02-01T00:00:00Z",
        ),
        (&Maintenance::Undeclared, vec![], "2026-12-01T00:00:00Z", "2027-02-01T00:00:00Z", ""),
        (&sundays, vec![], "2026-11-01T08:00:00Z", "2026-11-01T08:00:00Z", ""),
        (&sundays, vec![], "2026-11-09T08:00:00Z", "2026-11-01T08:00:00Z", ""),
    ] {
        let listed = openings(maintenance, &freezes, &zone(NEW_YORK), instant(from), instant(to));
        let listed: Vec<String> = listed.into_iter().map(|(start, end)| format!("{start}..{end}")).collect();
        assert_eq!(listed.join(" "), expected, "{from} {to}");
    }
}

#[test]
fn a_freeze_holds_on_the_wall_clock_and_the_longest_is_named() {
    let zone = zone(NEW_YORK);
    let freezes = [freeze("2026-12-18T18:00", "2027-01-04T08:00"), freeze("2026-12-24T00:00", "2026-12-27T00:00")];
    for (now, until) in [
        ("2026-12-18T22:59:59Z", None),
        ("2026-12-18T23:00:00Z", Some("2027-01-04T13:00:00Z")),
        ("2026-12-25T12:00:00Z", Some("2027-01-04T13:00:00Z")),
        ("2027-01-04T13:00:00Z", None),
    ] {
        let found = freeze_at(&freezes, &zone, instant(now)).map(|(_, thaw)| thaw.to_string());
        assert_eq!(found.as_deref(), until, "{now}");
    }
    let sundays = Maintenance::Windows(vec![window(&[Sunday], None, "02:00", "06:00")]);
    let next = |now: &str| next_opening(&sundays, &freezes, &zone, instant(now)).map(|next| next.to_string());
    assert_eq!(next("2026-12-19T00:00:00Z").as_deref(), Some("2027-01-10T07:00:00Z"));
    assert_eq!(next("2026-12-13T08:00:00Z").as_deref(), Some("2026-12-13T08:00:00Z"));
    assert_eq!(next_opening(&Maintenance::Undeclared, &[], &zone, instant("2026-12-19T00:00:00Z")), None);
}

fn any_freeze(around: Timestamp, zone: TimeZone) -> impl Strategy<Value = Freeze> {
    (0i64..(9 * 96), 1i64..200).prop_map(move |(begin, quarters)| {
        let from = zone.to_datetime(around).date().at(0, 0, 0, 0) + (begin * 15 - 2 * 1440).minutes();
        let to = from + (quarters * 15).minutes();
        Freeze {
            from: crate::registry::WallDateTime(from),
            to: crate::registry::WallDateTime(to),
            why: "why".to_owned(),
        }
    })
}

proptest! {
    // 250 cases of 40 instants each, and of all edges: more than 10,000 around the days on which clocks are set.
    #![proptest_config(ProptestConfig::with_cases(250))]
    #[test]
    fn the_listing_agrees_with_the_state_at_every_instant(
        (name, switch, windows, freezes) in proptest::sample::select(SWITCHES).prop_flat_map(|(name, switch)| (
            Just(name),
            Just(switch),
            proptest::collection::vec(any_window(), 1..4),
            proptest::collection::vec(any_freeze(instant(switch), zone(name)), 0..3),
        )),
        samples in proptest::collection::vec(0i64..(7 * 86_400), 40),
    ) {
        let zone = zone(name);
        let (from, to) = (instant(switch) - SignedDuration::from_hours(84), instant(switch) + SignedDuration::from_hours(84));
        let maintenance = Maintenance::Windows(windows);
        let listed = openings(&maintenance, &freezes, &zone, from, to);
        for pair in listed.windows(2) {
            prop_assert!(pair[0].1 < pair[1].0, "merged and in order: {:?}", listed);
        }
        let edges = listed.iter().flat_map(|(start, end)| [*start, *end]).flat_map(|edge| {
            [edge - SignedDuration::from_secs(1), edge]
        });
        let instants = samples.iter().map(|second| from + SignedDuration::from_secs(*second)).chain(edges);
        for now in instants.filter(|now| from <= *now && *now < to) {
            let is_open = matches!(window_state(&maintenance, &zone, now), WindowState::Open(_));
            let is_frozen = freeze_at(&freezes, &zone, now).is_some();
            let is_listed = listed.iter().any(|(start, end)| *start <= now && now < *end);
            prop_assert_eq!(is_listed, is_open && !is_frozen, "{} of {:?}", now, listed);
        }
    }
}
