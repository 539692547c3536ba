//! What is asked of the logs, as it stands in the URL: whose, of which time, and which lines.

use serde::{Deserialize, Serialize};

use super::display::{Display, Times};
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
/// The most entries that are shown on each side of one that is looked for.
const MOST_CONTEXT: u32 = 20;
const NANOSECONDS: i64 = 1_000_000_000;

/// `/logs?environment=&component=&pod=&container=&since=&until=&level=&find=&regex&case&not&context=&times=&unbroken`: `environment` and
/// `component` as often as wanted.
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
    /// How the lines are shown.
    pub display: Display,
    /// How many entries of the same container are shown on each side of one that is looked for.
    pub context: u32,
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
                "times" => query.display.times = Times::read(value),
                "unbroken" => query.display.unbroken = true,
                "context" => query.context = value.parse().unwrap_or_default(),
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
        self.context = self.context.min(MOST_CONTEXT);
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
        parts.extend(self.display.times.written().map(|times| format!("times={times}")));
        let flags = [(regex, "regex"), (case, "case"), (not, "not"), (self.display.unbroken, "unbroken")];
        parts.extend(flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned()));
        if self.context > 0 {
            parts.push(format!("context={}", self.context));
        }
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

    /// How many entries are shown on each side of one that is wanted: where nothing is left out all stand there already.
    pub fn around(&self) -> u32 {
        if self.filters() { self.context } else { 0 }
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
mod tests;
