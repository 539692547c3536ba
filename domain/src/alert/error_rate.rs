//! Too many answers are errors.

use super::{QUIET, Rule, RuleId, Seen, Severity, Sight, Threshold, of_environment, place};
use crate::measured::MOST_ERROR_PERCENT;

pub(super) static RULE: Rule = Rule {
    id: RuleId::ErrorRate,
    words: "Error rate",
    explained: "More answers are errors than the bound allows. Needs figures of Prometheus.",
    severity: Severity::Critical,
    for_seconds: 120,
    quiet_seconds: QUIET,
    threshold: Some(Threshold { default: MOST_ERROR_PERCENT, most: 100, unit: "percent" }),
    see,
};

fn see(sight: &Sight<'_>, threshold: u32) -> Option<Seen> {
    let percent = sight.measured.error_percent?;
    if percent <= f64::from(threshold) {
        return Some(Seen::default());
    }
    let title = format!("{} answers with errors", place(sight.head));
    let evidence = format!("{percent:.1} % of the answers are errors, more than {threshold} %.");
    Some(vec![of_environment(title, evidence)].into())
}
