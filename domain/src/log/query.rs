//! What is asked of the logs, as it stands in the URL: whose, since when, and which lines.

use serde::{Deserialize, Serialize};

use super::level::Level;
use crate::name::{EnvironmentId, ObjectName};
use crate::query::encode;
use crate::text::plain;

/// The most environments that are read together.
pub const MOST_ENVIRONMENTS: usize = 4;
/// The most components that are named.
const MOST_COMPONENTS: usize = 20;
/// The longest text that is looked for, in characters.
const LONGEST_FIND: usize = 200;

/// `/logs?environment=&component=&pod=&container=&since=&level=&find=&regex&case&not`: `environment` and `component` as often as
/// wanted.
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
        ago.or_else(|| text.parse().ok().filter(|moment| *moment >= 0).map(Self::At))
    }
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
        parts.extend(self.least.map(|level| format!("level={}", level.as_str())));
        if !self.find.text.is_empty() {
            parts.push(format!("find={}", encode(&self.find.text)));
        }
        let Find { text: _, regex, case, not } = self.find;
        let flags = [(regex, "regex"), (case, "case"), (not, "not")];
        parts.extend(flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned()));
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
    }

    /// Whether lines are left out by what they say.
    pub fn filters(&self) -> bool {
        self.least.is_some() || !self.find.text.is_empty()
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
        ] {
            let read_query = read(query);
            assert_eq!(read_query.to_query_string(), written, "{query}");
        }
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
}
