//! What is asked of the logs, as it stands in the URL: whose, of which time, and which lines.

use serde::{Deserialize, Serialize};

use super::level::Level;
use super::split::stamped;
use crate::name::{EnvironmentId, ObjectName};
use crate::query::encode;
use crate::text::plain;

/// The most environments that are read together.
pub const MOST_ENVIRONMENTS: usize = 4;
/// The most components that are named.
const MOST_COMPONENTS: usize = 20;
/// The longest text that is looked for, in characters.
const LONGEST_FIND: usize = 200;
const NANOSECONDS: i64 = 1_000_000_000;

/// `/logs?environment=&component=&pod=&container=&since=&until=&level=&find=&regex&case&not`: `environment` and `component` as often
/// as wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct LogQuery {
    /// Where.
    pub environments: Vec<EnvironmentId>,
    /// The names of the workloads whose pods are read; none is all of the environment.
    pub components: Vec<ObjectName>,
    /// Only this pod.
    pub pod: Option<ObjectName>,
    /// Only containers of this name.
    pub container: Option<ObjectName>,
    /// From when on.
    pub since: Since,
    /// Only lines before this moment, seconds since 1970.
    pub until: Option<i64>,
    /// Only lines that are at least so bad; those whose level is not known are left out then.
    pub least: Option<Level>,
    /// What is looked for.
    pub find: Find,
}

/// Which lines are wanted, by their text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Find {
    /// What stands in them; empty is anything.
    pub text: String,
    /// Whether that is a regular expression.
    pub regex: bool,
    /// Whether capital letters matter.
    pub case: bool,
    /// Whether those are wanted in which it does not stand.
    pub not: bool,
}

/// From when on lines are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Since {
    /// The last ones, however old.
    #[default]
    Last,
    /// So many seconds ago.
    Ago(u32),
    /// Since each container was started.
    Start,
    /// A moment, seconds since 1970.
    At(i64),
}

impl Since {
    /// Those that are offered, with their words.
    pub const OFFERED: [(Self, &'static str); 5] = [
        (Self::Last, "the last lines"),
        (Self::Ago(300), "5 minutes"),
        (Self::Ago(3_600), "1 hour"),
        (Self::Ago(86_400), "1 day"),
        (Self::Start, "the start of the container"),
    ];

    /// As it stands in the URL: `5m`, `90s`, `start`, seconds since 1970.
    pub fn written(self) -> String {
        match self {
            Self::Last => String::new(),
            Self::Ago(seconds) if seconds > 0 && seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
            Self::Ago(seconds) if seconds > 0 && seconds % 60 == 0 => format!("{}m", seconds / 60),
            Self::Ago(seconds) => format!("{seconds}s"),
            Self::Start => "start".to_owned(),
            Self::At(moment) => moment.to_string(),
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text == "start" {
            return Some(Self::Start);
        }
        let counted = |unit: char, seconds: u32| text.strip_suffix(unit)?.parse::<u32>().ok()?.checked_mul(seconds);
        let ago = counted('s', 1).or_else(|| counted('m', 60)).or_else(|| counted('h', 3_600));
        let ago = ago.or_else(|| counted('d', 86_400)).map(Self::Ago);
        // Of a time within a second all of that second is read: the API server knows only whole ones.
        ago.or_else(|| moment(text).map(|(seconds, _)| Self::At(seconds)))
    }
}

/// A moment as seconds since 1970 and what is over in nanoseconds: written as such a number, as RFC 3339, or without an offset, which is
/// UTC. A browser's field of a time writes `2026-11-21T10:00`, and seconds where there are any.
/// <https://html.spec.whatwg.org/multipage/input.html#local-date-and-time-state-(type=datetime-local)>
fn moment(text: &str) -> Option<(i64, i64)> {
    if let Ok(seconds) = text.parse::<i64>() {
        return (seconds >= 0).then_some((seconds, 0));
    }
    // RFC 3339 allows small letters, and a `+` that nobody encoded for a URL arrives as a blank.
    let text = text.to_ascii_uppercase().replace(' ', "+");
    let whole = |missing: &str| {
        // The blank that ends a stamp is the only one, so nothing comes after it.
        let line = [&text, missing, " "].concat();
        stamped(line.as_bytes()).map(|(at, _)| at).filter(|at| *at >= 0)
    };
    let at = ["", "Z", ":00Z"].into_iter().find_map(whole)?;
    Some((at / NANOSECONDS, at % NANOSECONDS))
}

impl LogQuery {
    /// Reads the parameters of a URL, decoded. What cannot be read is as if it were not there: a link that somebody cut short still
    /// opens the page.
    pub fn from_parameters<Name: AsRef<str>, Value: AsRef<str>>(
        pairs: impl IntoIterator<Item = (Name, Value)>,
    ) -> Self {
        let mut query = Self::default();
        for (name, value) in pairs {
            let value = value.as_ref();
            let object = || ObjectName::new(value).ok();
            match name.as_ref() {
                "environment" => query.environments.extend(value.parse().ok()),
                "component" => query.components.extend(object()),
                "pod" => query.pod = object(),
                "container" => query.container = object(),
                "since" => query.since = Since::read(value).unwrap_or_default(),
                // All of the second that it falls into, as with `since`.
                "until" => query.until = moment(value).map(|(seconds, over)| seconds + i64::from(over > 0)),
                "level" => query.least = value.parse().ok().filter(|level| *level != Level::Unknown),
                "find" => query.find.text = readable(value),
                "regex" => query.find.regex = true,
                "case" => query.find.case = true,
                "not" => query.find.not = true,
                _ => {}
            }
        }
        query.bounded()
    }

    /// The query as it may be answered.
    pub fn bounded(mut self) -> Self {
        once(&mut self.environments);
        self.environments.truncate(MOST_ENVIRONMENTS);
        once(&mut self.components);
        self.components.truncate(MOST_COMPONENTS);
        self.find.text = readable(&self.find.text);
        if let (Since::At(since), Some(until)) = (self.since, self.until)
            && until <= since
        {
            self.until = None;
        }
        self
    }

    /// The query string, with its `?`, encoded; empty for the plain page.
    pub fn to_query_string(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.environments.iter().map(|environment| format!("environment={environment}")));
        parts.extend(self.components.iter().map(|component| format!("component={component}")));
        parts.extend(self.pod.iter().map(|pod| format!("pod={pod}")));
        parts.extend(self.container.iter().map(|container| format!("container={container}")));
        if self.since != Since::Last {
            parts.push(format!("since={}", self.since.written()));
        }
        parts.extend(self.until.map(|until| format!("until={until}")));
        parts.extend(self.least.map(|level| format!("level={}", level.as_str())));
        if !self.find.text.is_empty() {
            parts.push(format!("find={}", encode(&self.find.text)));
        }
        let Find { text: _, regex, case, not } = self.find;
        let flags = [(regex, "regex"), (case, "case"), (not, "not")];
        parts.extend(flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned()));
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
    }

    /// Whether a range of times was chosen.
    pub fn has_range(&self) -> bool {
        self.since != Since::Last || self.until.is_some()
    }

    /// Whether lines are left out by what they say.
    pub fn filters(&self) -> bool {
        self.least.is_some() || !self.find.text.is_empty()
    }

    /// Whether a moment, nanoseconds since 1970, lies before the end of the time that is asked about.
    pub fn is_before_end(&self, at: i64) -> bool {
        self.until.is_none_or(|until| at.div_euclid(NANOSECONDS) < until)
    }

    /// Whether a pod is wanted, as far as its own name says.
    pub fn wants_pod(&self, name: &str) -> bool {
        self.pod.as_ref().is_none_or(|pod| pod.as_str() == name)
    }

    /// Whether containers of a name are wanted.
    pub fn wants_container(&self, name: &str) -> bool {
        self.container.as_ref().is_none_or(|container| container.as_str() == name)
    }
}

/// It stands in the page again, so nothing in it hides itself.
fn readable(text: &str) -> String {
    let text: String = text.chars().take(LONGEST_FIND).collect();
    plain(&text, LONGEST_FIND).into_owned()
}

fn once<T: PartialEq>(all: &mut Vec<T>) {
    let mut kept: Vec<T> = Vec::with_capacity(all.len());
    for each in all.drain(..) {
        if !kept.contains(&each) {
            kept.push(each);
        }
    }
    *all = kept;
}

#[cfg(test)]
mod tests {
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
}
