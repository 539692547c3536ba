//! Backups.

use super::super::facts::Known;
use super::super::{Case, Level, Line};
use super::Rule;

/// Older is worth a word where nothing else is asked for, in hours.
const USUAL_H: u32 = 24;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    if !case.needs_backup() {
        return Vec::new();
    }
    let required = case.required.backup_hours;
    let source = match case.facts.declared.as_ref().and_then(|declared| declared.backup.as_ref()) {
        Some(backup) => format!("CronJob {}", backup.cron_job),
        None => "registry".to_owned(),
    };
    let say = |level, text: String, at| vec![case.line(Rule::Backup, level, text, &source, at)];
    let not_known = |why: String, at| match required {
        // What is asked for is not proven.
        Some(hours) => say(Level::Red, format!("a backup younger than {hours} h is needed: {why}"), at),
        None => say(Level::Unknown, format!("Backup age unknown: {why}"), at),
    };
    let (made, at) = match &case.facts.backup {
        Known::Unread(why) => return not_known(super::plain(why, 200).into_owned(), None),
        Known::Read { value: None, at } => {
            let is_configured = case.facts.declared.as_ref().is_some_and(|declared| declared.backup.is_some());
            let why = if is_configured { "none was made yet" } else { "no backup is configured" };
            return not_known(why.to_owned(), Some(*at));
        }
        Known::Read { value: Some(made), at } => (*made, *at),
    };
    let age = case.age(made);
    if age.is_ahead() {
        return not_known(format!("the newest is dated {} ahead", super::span(age.seconds())), Some(at));
    }
    let hours = required.unwrap_or(USUAL_H);
    let is_old = age.seconds() > i64::from(hours) * 3600;
    match required {
        Some(hours) if is_old => {
            say(Level::Red, format!("the newest backup is {} old, and {hours} h are the most", age.words()), Some(at))
        }
        None if is_old => say(Level::Amber, format!("the newest backup is {} old", age.words()), Some(at)),
        Some(_) | None => say(Level::Green, format!("the newest backup is {} old", age.words()), Some(at)),
    }
}
