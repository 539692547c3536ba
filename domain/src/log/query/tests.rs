use jiff::Timestamp;
use jiff::tz::Offset;
use proptest::prelude::*;

use super::*;

fn read(query: &str) -> LogQuery {
    LogQuery::from_parameters(query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))))
}

#[test]
fn a_query_stands_in_the_url_as_it_is_read() {
    for (query, written) in [
        ("", ""),
        (
            "environment=fleet-management/staging&environment=fleet-management/production&component=fleet-api",
            "?environment=fleet-management/staging&environment=fleet-management/production&component=fleet-api",
        ),
        (
            "component=fleet-api&component=fleet-api&pod=fleet-api-1&container=app",
            "?component=fleet-api&pod=fleet-api-1&container=app",
        ),
        ("since=5m", "?since=5m"),
        ("since=120m", "?since=2h"),
        ("since=2d", "?since=48h"),
        ("since=90s", "?since=90s"),
        ("since=start", "?since=start"),
        ("since=1700000000", "?since=1700000000"),
        ("level=error&find=a+b&regex&case&not", "?level=error&find=a%2Bb&regex&case&not"),
        ("times=local&unbroken", "?times=local&unbroken"),
        ("times=1795255200", "?times=1795255200"),
        ("times=utc", ""),
        // Nonsense is as if it were not there.
        ("since=5x&level=loud&level=unknown&environment=x&pod=..&component=A", ""),
        ("since=-5&since=99999999999999999999m", ""),
        ("since=99999999h", ""),
        ("find=\u{202e}x", "?find=%EF%BF%BDx"),
        ("until=1700000000", "?until=1700000000"),
        ("since=1h&until=1700000000", "?since=1h&until=1700000000"),
        ("since=start&until=5&level=warn", "?since=start&until=5&level=warn"),
        ("since=1700000000&until=1700000001", "?since=1700000000&until=1700000001"),
        ("until=1700000001&since=1700000000", "?since=1700000000&until=1700000001"),
        // A time that ends before it begins has no end.
        ("since=1700000000&until=1700000000", "?since=1700000000"),
        ("until=1699999999&since=1700000000", "?since=1700000000"),
        ("until=-5", ""),
        ("until=5m", ""),
        ("until=start", ""),
        ("until=99999999999999999999", ""),
        ("until=5&until=x", ""),
        ("find=x&context=3", "?find=x&context=3"),
        ("context=20&level=warn", "?level=warn&context=20"),
        ("find=x&context=21", "?find=x&context=20"),
        ("find=x&context=0", "?find=x"),
        ("find=x&context=-1", "?find=x"),
        ("find=x&context=99999999999", "?find=x"),
        ("find=x&context=3&context=many", "?find=x"),
    ] {
        let read_query = read(query);
        assert_eq!(read_query.to_query_string(), written, "{query}");
    }
}

#[test]
fn a_moment_is_read_as_people_and_browsers_write_it() {
    for (written, since, until) in [
        ("1795255200", "?since=1795255200", "?until=1795255200"),
        ("2026-11-21T10:00", "?since=1795255200", "?until=1795255200"),
        ("2026-11-21T10:00:07", "?since=1795255207", "?until=1795255207"),
        ("2026-11-21T10:00:07.000", "?since=1795255207", "?until=1795255207"),
        ("2026-11-21T10:00:07Z", "?since=1795255207", "?until=1795255207"),
        ("2026-11-21t10:00:07z", "?since=1795255207", "?until=1795255207"),
        ("2026-11-21T11:30:07+01:30", "?since=1795255207", "?until=1795255207"),
        ("2026-11-21T11:30:07 01:30", "?since=1795255207", "?until=1795255207"),
        ("2026-11-21T05:00:07-05:00", "?since=1795255207", "?until=1795255207"),
        // All of a second is read where a part of it is asked for.
        ("2026-11-21T10:00:07.000000001Z", "?since=1795255207", "?until=1795255208"),
        ("2026-11-21T10:00:07.9", "?since=1795255207", "?until=1795255208"),
        ("1970-01-01T00:00", "?since=0", "?until=0"),
        ("1970-01-01T01:00:00+01:00", "?since=0", "?until=0"),
        ("2262-04-11T23:47:16.854775807Z", "?since=9223372036", "?until=9223372037"),
        ("9223372036854775807", "?since=9223372036854775807", "?until=9223372036854775807"),
        // No moment, or none that a line can have.
        ("1970-01-01T00:00:00+00:01", "", ""),
        ("1969-12-31T23:59", "", ""),
        ("2262-04-11T23:47:16.854775808Z", "", ""),
        ("2026-02-29T10:00", "", ""),
        ("2026-11-21T24:00", "", ""),
        ("2026-11-21T10:00Z", "", ""),
        ("2026-11-21T10:00:00+01", "", ""),
        ("2026-11-21T10:00:00 text", "", ""),
        ("2026-11-21T10:00:00Z text", "", ""),
        ("2026-11-21T10:00:00ZZ", "", ""),
        ("2026-11-21T10", "", ""),
        ("2026-11-21", "", ""),
        ("T10:00", "", ""),
        ("ü026-11-21T10:0", "", ""),
        ("", "", ""),
    ] {
        for (name, expected) in [("since", since), ("until", until)] {
            let query = LogQuery::from_parameters([(name, written)]);
            assert_eq!(query.to_query_string(), expected, "{name}={written}");
        }
    }
}

#[test]
fn the_end_of_a_time_does_not_belong_to_it() {
    let second = 1_700_000_000_000_000_000;
    let ended = read("until=1700000000");
    let never = read("until=9223372036854775807");
    for (at, is_before) in
        [(i64::MIN, true), (-1, true), (0, true), (second - 1, true), (second, false), (i64::MAX, false)]
    {
        assert_eq!(ended.is_before_end(at), is_before, "{at}");
        assert!(read("").is_before_end(at) && never.is_before_end(at), "{at}");
    }
    assert!(read("until=0").is_before_end(-1) && !read("until=0").is_before_end(0));
}

#[test]
fn nobody_asks_for_more_than_is_answered() {
    let many: Vec<(&str, String)> = (0..100)
        .flat_map(|n| [("environment", format!("a/e{n}")), ("component", format!("c{n}"))])
        .chain([("find", "x".repeat(10_000))])
        .collect();
    let query = LogQuery::from_parameters(many);
    let sizes = (query.environments.len(), query.components.len(), query.find.text.len());
    assert_eq!(sizes, (MOST_ENVIRONMENTS, MOST_COMPONENTS, LONGEST_FIND));
}

#[test]
fn what_is_named_is_wanted_and_nothing_else() {
    let query = read("component=fleet-api&pod=fleet-api-1&container=app");
    assert!(query.wants_pod("fleet-api-1") && !query.wants_pod("fleet-api-2"));
    assert!(query.wants_container("app") && !query.wants_container("proxy"));
    let all = read("");
    assert!(all.wants_pod("x") && all.wants_container("x") && !all.filters());
    assert!(read("level=warn").filters() && read("find=x").filters());
}

#[test]
fn something_stands_around_only_where_something_is_left_out() {
    for (query, around) in [
        ("find=x&context=3", 3),
        ("level=warn&context=10", 10),
        ("context=3", 0),
        ("regex&context=3", 0),
        ("find=x", 0),
    ] {
        assert_eq!(read(query).around(), around, "{query}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn a_time_reads_back_as_it_is_written(
        since in prop_oneof![
            Just(Since::Last), any::<u32>().prop_map(Since::Ago), Just(Since::Start), (0..=i64::MAX).prop_map(Since::At),
            (0..20i64).prop_map(Since::At),
        ],
        until in prop::option::of(prop_oneof![0..=i64::MAX, 0..20i64]),
    ) {
        let query = LogQuery { since, until, ..LogQuery::default() }.bounded();
        prop_assert!(!matches!((query.since, query.until), (Since::At(since), Some(until)) if until <= since));
        let written = query.to_query_string();
        prop_assert_eq!(read(written.trim_start_matches('?')), query, "{}", written);
    }

    #[test]
    fn a_moment_is_the_second_that_jiff_says(
        seconds in prop_oneof![0..i64::MAX / NANOSECONDS, (0..i64::MAX / NANOSECONDS / 60).prop_map(|minute| minute * 60)],
        minutes in prop::option::of(-1439i32..1440),
    ) {
        let moment = Timestamp::from_second(seconds).unwrap();
        let written = match minutes {
            Some(minutes) => moment.display_with_offset(Offset::from_seconds(minutes * 60).unwrap()).to_string(),
            None => moment.to_string(),
        };
        let expected = if written.starts_with("1969") { Since::Last } else { Since::At(seconds) };
        prop_assert_eq!(LogQuery::from_parameters([("since", &written)]).since, expected, "{}", written);
        let local = moment.to_string();
        // No browser writes seconds that are none.
        let local = &local[..if seconds % 60 == 0 { 16 } else { 19 }];
        prop_assert_eq!(LogQuery::from_parameters([("since", local)]).since, Since::At(seconds), "{}", local);
    }

    #[test]
    fn no_text_makes_reading_a_moment_panic(text in "\\PC{0,40}", cut in 0usize..36, more in "\\PC{0,3}") {
        let stamp = "2026-01-01T12:00:00.123456789+02:00";
        let torn = [&stamp[..cut.min(stamp.len())], more.as_str()].concat();
        for text in [text, torn] {
            let _ = LogQuery::from_parameters([("since", &text), ("until", &text)]);
        }
    }
}
