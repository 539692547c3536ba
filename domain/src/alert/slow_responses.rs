//! Answers take too long.

use super::{QUIET, Rule, RuleId, Seen, Severity, Sight, Threshold, of_environment, place};
use crate::measured::MOST_P95_MS;

pub(super) static RULE: Rule = Rule {
    id: RuleId::SlowResponses,
    words: "Slow responses",
    explained: "95 of a hundred answers take longer than the bound allows. Needs figures of Prometheus.",
    severity: Severity::Warning,
    for_seconds: 300,
    quiet_seconds: QUIET,
    threshold: Some(Threshold { default: MOST_P95_MS, most: 600_000, unit: "milliseconds" }),
    see,
};

fn see(sight: &Sight<'_>, threshold: u32) -> Option<Seen> {
    let p95 = sight.measured.p95_ms?;
    if p95 <= f64::from(threshold) {
        return Some(Seen::default());
    }
    let title = format!("{} is slow", place(sight.head));
    let evidence = format!("95 of a hundred answers come within {p95:.0} ms only, more than {threshold} ms.");
    Some(vec![of_environment(title, evidence)].into())
}
