//! A certificate ends soon, or has ended.

use super::{QUIET, Rule, RuleId, Seen, Severity, Sight, Symptom, Threshold};
use crate::facts::around::{AroundKind, CertificateFacts};
use crate::text::plain;

/// Seconds in a day.
const DAY: i64 = 86_400;

pub(super) static RULE: Rule = Rule {
    id: RuleId::CertificateExpiring,
    words: "Certificate expires",
    explained: "A certificate ends within the bound, or has ended.",
    severity: Severity::Warning,
    // One that is being renewed is replaced within minutes.
    for_seconds: 600,
    quiet_seconds: QUIET,
    threshold: Some(Threshold { default: 30, most: 3_650, unit: "days" }),
    see,
};

fn see(sight: &Sight<'_>, threshold: u32) -> Option<Seen> {
    let around =
        sight.around.filter(|around| sight.is_live && !around.unseen.contains_key(&AroundKind::Certificate))?;
    let bound = i64::from(threshold) * DAY;
    let symptoms = around.certificates.iter().filter_map(|(name, CertificateFacts { not_after, .. })| {
        // One that was not issued yet has no end.
        let left = not_after.checked_sub(sight.now).filter(|left| *not_after > 0 && *left < bound)?;
        let shown = plain(name, 253);
        let (title, evidence) = match left {
            1.. => {
                (format!("The certificate {shown} expires in {}", days(left / DAY)), "Browsers refuse it from then on.")
            }
            _ => (format!("The certificate {shown} has expired"), "Browsers refuse it."),
        };
        Some(Symptom { about: name.clone(), title, evidence: evidence.to_owned(), since: None, component: None })
    });
    Some(symptoms.collect::<Vec<_>>().into())
}

fn days(count: i64) -> String {
    match count {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        more => format!("{more} days"),
    }
}
