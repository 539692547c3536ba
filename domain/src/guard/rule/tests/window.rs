//! Windows and freezes.

use super::*;
use crate::guard::Refusal;
use crate::guard::facts::Strategy;
use crate::registry::{Freeze, Maintenance, Tier, WallDateTime};
use jiff::Timestamp;
use jiff::tz::TimeZone;

fn at(facts: &mut Facts, now: &str) {
    facts.now = now.parse::<Timestamp>().unwrap().as_second();
}

/// One that interrupts, and so wants the window.
fn alone(facts: &mut Facts) {
    let workload = workload(facts);
    (workload.wanted, workload.ready, workload.available) = (1, 1, 1);
    workload.strategy = Strategy::Rolling { surge: 0, unavailable: 1 };
}

fn freeze(facts: &mut Facts, from: &str, to: &str) {
    let wall = |text: &str| WallDateTime::try_from(text.to_owned()).unwrap();
    facts.place.freezes = vec![Freeze { from: wall(from), to: wall(to), why: "year-end closing".into() }];
}

#[test]
fn the_window_is_said_on_both_clocks() {
    check(
        Rule::Window,
        &[
            (
                RESTART,
                alone,
                "amber: the window is closed; it opens Sunday 02:00 New York time, 07:00 UTC (in 19 h 0 min)",
            ),
            (
                RESTART,
                |facts| {
                    alone(facts);
                    at(facts, "2026-11-22T10:59:30Z");
                },
                "green: the window is open until Sunday 06:00 New York time, 11:00 UTC (in 1 min)",
            ),
            // Daylight saving ends on the day of the window, and begins on it.
            (
                RESTART,
                |facts| {
                    alone(facts);
                    at(facts, "2026-10-31T03:00:00Z");
                },
                "amber: the window is closed; it opens Sunday 02:00 New York time, 07:00 UTC (in 1 d 4 h)",
            ),
            (
                RESTART,
                |facts| {
                    alone(facts);
                    at(facts, "2026-03-08T06:30:00Z");
                },
                "amber: the window is closed; it opens Sunday 03:00 New York time, 07:00 UTC (in 30 min)",
            ),
            // A week ahead the date is said; another day there is said too.
            (
                RESTART,
                |facts| {
                    alone(facts);
                    facts.place.zone = TimeZone::get("Asia/Tokyo").unwrap();
                    at(facts, "2026-11-22T00:00:00Z");
                },
                "amber: the window is closed; it opens Sunday 29 November 2026 02:00 Tokyo time, Saturday 17:00 UTC (in 6 d 17 h)",
            ),
            (
                RESTART,
                |facts| {
                    alone(facts);
                    facts.place.zone = TimeZone::UTC;
                },
                "amber: the window is closed; it opens Sunday 02:00 UTC (in 14 h 0 min)",
            ),
            (
                RESTART,
                |facts| {
                    alone(facts);
                    facts.place.maintenance = Maintenance::Windows(Vec::new());
                },
                "amber: the window is closed, and does not open within a year",
            ),
            (
                RESTART,
                |facts| {
                    alone(facts);
                    facts.place.maintenance = Maintenance::Undeclared;
                },
                "amber: the registry declares no maintenance window here, so none is ever open",
            ),
            (
                RESTART,
                |facts| {
                    alone(facts);
                    facts.place.maintenance = Maintenance::AnyTime;
                },
                "green: maintenance is allowed at any time",
            ),
            // The next opening is one that no freeze is in the way of.
            (
                RESTART,
                |facts| {
                    alone(facts);
                    freeze(facts, "2026-11-22T00:00", "2026-11-22T05:00");
                },
                "amber: the window is closed; it opens Sunday 05:00 New York time, 10:00 UTC (in 22 h 0 min)",
            ),
        ],
    );
}

#[test]
fn the_moment_that_is_named_stands_beside_the_sentence_for_other_clocks() {
    type Spoil = fn(&mut Facts);
    let rows: [(Spoil, Option<(&str, &str)>); 6] = [
        (|_| {}, Some(("Sunday 02:00 New York time, 07:00 UTC", "2026-11-22T02:00:00-05:00"))),
        (
            |facts| at(facts, "2026-11-22T10:59:30Z"),
            Some(("Sunday 06:00 New York time, 11:00 UTC", "2026-11-22T06:00:00-05:00")),
        ),
        (
            |facts| {
                facts.place.zone = TimeZone::get("Asia/Kolkata").unwrap();
                at(facts, "2026-11-21T12:00:00Z");
            },
            Some(("Sunday 02:00 Kolkata time, Saturday 20:30 UTC", "2026-11-22T02:00:00+05:30")),
        ),
        (|facts| facts.place.zone = TimeZone::UTC, Some(("Sunday 02:00 UTC", "2026-11-22T02:00:00+00:00"))),
        (
            |facts| freeze(facts, "2026-11-18T18:00", "2027-01-04T08:00"),
            Some(("Monday 4 January 2027 08:00 New York time, 13:00 UTC", "2027-01-04T08:00:00-05:00")),
        ),
        (|facts| facts.place.maintenance = Maintenance::AnyTime, None),
    ];
    for (spoil, expected) in rows {
        let mut facts = sample::facts();
        spoil(&mut facts);
        let lines = judge(&RESTART, &sample::target(), &facts).lines;
        let line = lines.iter().find(|line| line.rule == Rule::Window).unwrap();
        let moment = line.moment.as_ref().map(|moment| (&*moment.words, &*moment.exact));
        assert_eq!(moment, expected, "{}", line.text);
        assert!(moment.is_none_or(|(words, _)| line.text.contains(words)), "{}", line.text);
        assert!(lines.iter().all(|line| line.rule == Rule::Window || line.moment.is_none()));
    }
}

#[test]
fn a_window_that_does_not_bind_is_green() {
    let closed = "green: the window is closed; it opens Sunday 02:00 New York time, 07:00 UTC (in 19 h 0 min); \
                  this may be done at any time";
    check(
        Rule::Window,
        &[
            (RESTART, |_| {}, closed),
            (BACK, |_| {}, closed),
            (
                RESTART,
                |facts| {
                    alone(facts);
                    facts.place.tier = Tier::Staging;
                    facts.place.maintenance = Maintenance::Undeclared;
                },
                "green: the registry declares no maintenance window here; this may be done at any time",
            ),
        ],
    );
}

#[test]
fn a_freeze_wins_over_every_window() {
    fn frozen(facts: &mut Facts) {
        at(facts, "2026-12-20T08:00:00Z");
        freeze(facts, "2026-12-18T18:00", "2027-01-04T08:00");
    }
    let text = "the registry freezes Fleet Management / Production until Monday 4 January 2027 08:00 New York time, \
                13:00 UTC (in 15 d 5 h): year-end closing";
    let (red, amber) = (format!("red: {text}"), format!("amber: {text}"));
    check(
        Rule::Window,
        &[
            (RESTART, frozen, red.clone().leak()),
            (BACK, frozen, red.clone().leak()),
            (
                RESTART,
                |facts| {
                    frozen(facts);
                    facts.place.maintenance = Maintenance::AnyTime;
                },
                red.leak(),
            ),
            (
                RESTART,
                |facts| {
                    frozen(facts);
                    facts.place.tier = Tier::Staging;
                },
                amber.leak(),
            ),
        ],
    );
    // What wants a window finds none; the refusal is said once.
    let mut facts = sample::facts();
    frozen(&mut facts);
    alone(&mut facts);
    let refusals = judge(&RESTART, &sample::target(), &facts).refusals;
    let about_freeze = refusals.iter().filter(|refusal| refusal.to_string().contains("year-end")).count();
    assert_eq!(about_freeze, 1, "{refusals:?}");
    facts.place.tier = Tier::Staging;
    assert!(ask(&RESTART, &facts, When::InWindow).unwrap_err().contains("year-end closing"));
}

#[test]
fn a_window_is_open_when_it_is_and_where_none_is_wanted() {
    for (maintenance, tier, now, is_open) in [
        (None, Tier::Production, "2026-11-22T08:00:00Z", true),
        (None, Tier::Production, "2026-11-22T06:59:59Z", false),
        (None, Tier::Development, "2026-11-22T06:59:59Z", false),
        (Some(Maintenance::AnyTime), Tier::Production, "2026-11-22T06:59:59Z", true),
        (Some(Maintenance::Undeclared), Tier::Production, "2026-11-22T06:59:59Z", false),
        (Some(Maintenance::Undeclared), Tier::Staging, "2026-11-22T06:59:59Z", true),
    ] {
        let mut facts = sample::facts();
        facts.place.maintenance = maintenance.clone().unwrap_or(facts.place.maintenance);
        facts.place.tier = tier;
        at(&mut facts, now);
        assert_eq!(ask(&RESTART, &facts, When::InWindow).is_ok(), is_open, "{maintenance:?} {tier:?} {now}");
    }
    let mut facts = sample::facts();
    facts.now = i64::MAX;
    facts.place.maintenance = Maintenance::AnyTime;
    assert!(ask(&RESTART, &facts, When::InWindow).is_err());
}

#[test]
fn what_is_green_needs_no_window_and_what_is_not_does() {
    let target = sample::target();
    let mut facts = sample::facts();
    let verdict = judge(&RESTART, &target, &facts);
    assert_eq!((verdict.level(), verdict.refusals.len()), (Level::Green, 0));
    workload(&mut facts).containers[0].image = "fleet-app:latest".into();
    let verdict = judge(&RESTART, &target, &facts);
    let closed = "the window is closed; it opens Sunday 02:00 New York time, 07:00 UTC (in 19 h 0 min). Outside it a plan must be \
                  green throughout, and this is not: fleet-app:latest may pull another image than the one that runs";
    assert_eq!(verdict.refusals, [Refusal::Window(closed.into())]);
    // Inside it the amber line is no obstacle.
    facts.place.maintenance = Maintenance::AnyTime;
    let verdict = judge(&RESTART, &target, &facts);
    assert_eq!((verdict.level(), verdict.refusals.len()), (Level::Amber, 0));
    assert!(verdict.permit().is_ok());
}
