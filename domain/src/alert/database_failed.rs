//! The database does not answer its check.

use super::{QUIET, Rule, RuleId, Seen, Severity, Sight, Symptom, of_environment, place};

pub(super) static RULE: Rule = Rule {
    id: RuleId::DatabaseFailed,
    words: "Database failed",
    explained: "The check of the database fails.",
    severity: Severity::Critical,
    for_seconds: 60,
    quiet_seconds: QUIET,
    threshold: None,
    see,
};

fn see(sight: &Sight<'_>, _: u32) -> Option<Seen> {
    let checked = sight.database.as_ref()?;
    if !checked.failed {
        return Some(Seen::default());
    }
    let title = format!("The database of {} does not answer", place(sight.head));
    let since = Some(checked.since).filter(|since| *since > 0);
    Some(vec![Symptom { since, ..of_environment(title, checked.sentence.to_string()) }].into())
}
