//! A certificate that ends soon, has ended, or is not renewed.

use std::sync::Arc;

use super::around::{Surroundings, condition, finding, listed, said, sentences};
use crate::facts::around::{AroundKind, CertificateFacts};
use crate::view::{Finding, FindingKind, State};

/// Seconds of a day.
const DAY: i64 = 24 * 3600;
/// Days left below which a certificate ends soon, and below which that is worse.
const SOON: (i64, i64) = (30, 7);
/// Seconds that a renewal may take.
const PATIENCE: i64 = 3600;

/// At most one of each certificate.
pub(super) fn findings(place: Surroundings<'_>) -> Vec<Finding> {
    if !place.sees(AroundKind::Certificate) {
        return Vec::new();
    }
    place.around.certificates.iter().filter_map(|(name, certificate)| of(place, name, certificate)).collect()
}

fn of(place: Surroundings<'_>, name: &Arc<str>, certificate: &CertificateFacts) -> Option<Finding> {
    let CertificateFacts { not_after, renewal, .. } = *certificate;
    let now = place.now;
    let (has_end, left) = (not_after > 0, not_after.saturating_sub(now));
    let not_ready = condition(&certificate.conditions, "Ready", false);
    let is_late = renewal > 0 && now.saturating_sub(renewal) > PATIENCE;
    let (state, title, since) = if has_end && left <= 0 {
        (State::Failed, format!("Certificate {name} has expired"), not_after)
    } else if has_end && left < SOON.1 * DAY {
        (State::Failed, format!("Certificate {name} expires within {} days", SOON.1), not_after - SOON.1 * DAY)
    } else if let Some(not_ready) = not_ready {
        let state = if has_end { State::Degraded } else { State::Failed };
        (state, format!("Certificate {name} is not ready"), not_ready.since)
    } else if has_end && left < SOON.0 * DAY {
        (State::Degraded, format!("Certificate {name} expires within {} days", SOON.0), not_after - SOON.0 * DAY)
    } else if is_late {
        (State::Degraded, format!("Certificate {name} is not renewed in time"), renewal)
    } else {
        return None;
    };
    let ends = match (has_end, left <= 0) {
        (false, _) => "None was ever issued.".to_owned(),
        (true, true) => format!("It expired {} ago.", place.age(not_after)),
        (true, false) => format!("It expires {}.", place.age(not_after)),
    };
    let renews = match (renewal, is_late) {
        (0, _) => String::new(),
        (at, true) => format!("It should have been renewed {} ago.", place.age(at)),
        (at, false) => format!("Its renewal is due {}.", place.age(at)),
    };
    let names: Vec<String> = certificate.names.iter().map(|name| name.to_string()).collect();
    let names = if names.is_empty() { String::new() } else { format!("It is for {}.", listed(&names)) };
    let why = not_ready.map(|not_ready| said(&not_ready.reason, &not_ready.message)).unwrap_or_default();
    let evidence = sentences([ends, renews, why, names]);
    let advice = "Look at its CertificateRequest and Order: cert-manager writes there why the issuer does not answer.";
    Some(Finding { since, ..finding(state, FindingKind::Expiry, title, evidence, advice) })
}
