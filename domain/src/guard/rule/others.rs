//! Others at work here.

use super::super::facts::{Known, Other};
use super::super::{Case, Level, Line};
use super::Rule;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let (others, at) = match &case.facts.others {
        Known::Unread(why) => {
            return case.unknown(Rule::Others, "whether somebody else is at work here is", why, "record");
        }
        Known::Read { value, at } => (value, *at),
    };
    let line = |level, text: String| case.line(Rule::Others, level, text, "record", Some(at));
    let lines: Vec<Line> =
        others.iter().filter_map(|other| judge(case, other)).map(|(level, text)| line(level, text)).collect();
    if lines.is_empty() { vec![line(Level::Green, "nobody else is at work here".to_owned())] } else { lines }
}

fn judge(case: &Case<'_>, other: &Other) -> Option<(Level, String)> {
    let Other { who, what, since, under_way, same_target } = other;
    let since = case.age(*since);
    match (under_way, same_target) {
        (true, true) => Some((Level::Red, format!("{who} is at it since {since}: {what}"))),
        (true, false) => Some((Level::Amber, format!("{who} changes this environment since {since}: {what}"))),
        // One's own second tab is nobody else.
        (false, true) if *who != case.facts.asker.name => {
            Some((Level::Amber, format!("{who} looks at the same plan since {since}")))
        }
        (false, _) => None,
    }
}
