//! What a page of logs says of its lines, in sentences.

use domain::log::follow::Matched;
use domain::log::query::{LogQuery, Since};
use domain::log::view::{LogRow, LogSource};
use domain::name::EnvironmentId;

use super::times::Clock;
use crate::components::count::thousands;

/// An environment as people read it.
pub fn words(id: &EnvironmentId, environments: &[(EnvironmentId, String)]) -> String {
    environments.iter().find(|(known, _)| known == id).map_or_else(|| id.to_string(), |(_, words)| words.clone())
}

/// What the page is about.
pub fn title(query: &LogQuery, environments: &[(EnvironmentId, String)]) -> String {
    let places: Vec<String> = query.environments.iter().map(|id| words(id, environments)).collect();
    let mut whose: Vec<&str> = query.components.iter().map(|component| component.as_str()).collect();
    whose.extend(query.pod.as_ref().map(|pod| pod.as_str()));
    let mut title = "Logs".to_owned();
    if !whose.is_empty() {
        title.push_str(" of ");
        title.push_str(&whose.join(", "));
    }
    if !places.is_empty() {
        title.push_str(" in ");
        title.push_str(&places.join(" and "));
    }
    title
}

/// How many lines are shown, of how many that were looked through.
pub fn summary(
    query: &LogQuery,
    (shown, found, read, depth): (u32, u32, u32, u32),
    sources: &[LogSource],
    masked: u32,
) -> String {
    let count = |count: u32, one: &str, more: &str| match count {
        1 => ["1 ", one].concat(),
        count => [&thousands(count), " ", more].concat(),
    };
    let mut containers: Vec<_> =
        sources.iter().map(|source| (&source.environment, &source.pod, &source.container)).collect();
    containers.dedup();
    let containers = count(as_count(containers.len()), "container", "containers");
    let looks = query.filters() || query.has_range();
    let mut said = if looks {
        let found = match (found, query.filters()) {
            (1, true) => "1 entry matches".to_owned(),
            (found, true) => [&thousands(found), " entries match"].concat(),
            (found, false) => [&count(found, "entry", "entries"), " in that time"].concat(),
        };
        let lines = count(read, "line", "lines");
        // A range is read from its beginning to its end.
        let whole = query.until.is_some() && matches!(query.since, Since::Ago(_) | Since::At(_));
        if whole {
            format!("{found}. Looked through: {lines} of {containers}.")
        } else {
            format!("{found}. Looked through: {lines}, at most the last {} of each of {containers}.", thousands(depth))
        }
    } else {
        format!("The last {} of {containers}.", count(shown, "entry", "entries"))
    };
    if looks && shown < found {
        said.push_str(&format!(" The last {} are shown.", thousands(shown)));
    }
    if masked > 0 {
        let pieces = count(masked, "piece that looks like a secret is", "pieces that look like secrets are");
        said.push_str(&format!(" {pieces} masked."));
    }
    said
}

/// From when to when the lines are.
pub fn range(rows: &[LogRow], clock: &Clock) -> Option<String> {
    let times = || rows.iter().map(|row| row.at().div_euclid(1_000_000_000));
    let (first, last) = (times().min()?, times().max()?);
    Some(clock.range(first, last))
}

/// Why there is no line.
pub fn calm(query: &LogQuery, read: u32, sources: usize) -> String {
    match (sources, read) {
        (0, _) => "There is no container whose log could be read.".to_owned(),
        _ if query.filters() => "No line matches.".to_owned(),
        (_, 0) => match query.since {
            Since::Last => "Nothing was written.".to_owned(),
            Since::Ago(_) | Since::Start | Since::At(_) => "Nothing was written in that time.".to_owned(),
        },
        _ => "Nothing is shown.".to_owned(),
    }
}

/// A length as it is counted.
pub fn as_count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// What is followed, in words.
pub fn following(containers: u32, left_out: u32) -> String {
    let containers = match containers {
        0 => "Nothing to follow yet".to_owned(),
        1 => "Following 1 container".to_owned(),
        more => ["Following ", &thousands(more), " containers"].concat(),
    };
    match left_out {
        0 => containers,
        more => [&containers, ", not ", &thousands(more), " more"].concat(),
    }
}

/// How many entries matched since the page was read, where something is looked for, and how many pieces were masked in them, in words.
pub fn since(matched: Matched, filters: bool) -> String {
    let Matched { entries, at_least, masked } = matched;
    let found = filters.then(|| {
        let least = if at_least { "at least " } else { "" };
        let (count, words) = match entries {
            1 => ("1".to_owned(), " entry matched"),
            more => (thousands(more), " entries matched"),
        };
        [least, &count, words].concat()
    });
    let masked = (masked > 0).then(|| [&thousands(masked), " masked"].concat());
    let said: Vec<String> = found.into_iter().chain(masked).collect();
    if said.is_empty() { String::new() } else { [&said.join(", "), " since"].concat() }
}

/// What was left out before rows that come.
#[derive(Debug, Clone, Copy)]
pub struct LeftOut {
    /// How many entries that would have been shown.
    pub shown: u64,
    /// How many that nobody looked at.
    pub unseen: u64,
    /// When the last of them stood, nanoseconds since 1970.
    pub before: i64,
}

impl LeftOut {
    /// What is said of it, if anything was left out.
    pub fn words(self) -> Option<String> {
        let Self { shown, unseen, before: _ } = self;
        let count = |count: u64, one: &str, more: &str| match count {
            1 => ["1 ", one].concat(),
            count => [&thousands(u32::try_from(count).unwrap_or(u32::MAX)), " ", more].concat(),
        };
        // Which lines are one entry nobody knows who did not look at them.
        let (shown_words, unseen_words) = (count(shown, "entry", "entries"), count(unseen, "line", "lines"));
        let text = match (shown, unseen) {
            (0, 0) => return None,
            (_, 0) => [&shown_words, " left out: more was written than can be shown. A filter shows less."].concat(),
            (0, _) => [&unseen_words, " not looked at: more was written than could be read in time."].concat(),
            (_, _) => [
                &shown_words,
                " left out and ",
                &unseen_words,
                " not looked at: more was written than could be read in time or shown.",
            ]
            .concat(),
        };
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_followed_is_said_in_words() {
        for ((containers, left_out), words) in [
            ((0, 0), "Nothing to follow yet"),
            ((1, 0), "Following 1 container"),
            ((1_000, 0), "Following 1,000 containers"),
            ((400, 12), "Following 400 containers, not 12 more"),
        ] {
            assert_eq!(following(containers, left_out), words);
        }
    }

    #[test]
    fn how_many_matched_is_said_as_far_as_it_is_known() {
        for (entries, at_least, masked, filters, words) in [
            (0, false, 0, true, "0 entries matched since"),
            (1, false, 0, true, "1 entry matched since"),
            (1_234, false, 2, true, "1,234 entries matched, 2 masked since"),
            (1, true, 0, true, "at least 1 entry matched since"),
            (5, true, 0, false, ""),
            (5, true, 1_000, false, "1,000 masked since"),
        ] {
            assert_eq!(since(Matched { entries, at_least, masked }, filters), words);
        }
    }
}
