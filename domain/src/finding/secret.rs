//! Secrets that nobody has changed for long.

use super::around::{Surroundings, listed};
use crate::facts::around::AroundKind;
use crate::view::{Finding, FindingKind, State};

/// Seconds after which a secret should have been changed: 90 days.
const MAX_AGE: i64 = 90 * 24 * 3600;

/// One for all of them: name and age, which is all that is ever read.
pub(super) fn finding(place: Surroundings<'_>) -> Option<Finding> {
    if !place.sees(AroundKind::Secret) {
        return None;
    }
    let secrets = place.around.secrets.iter();
    let mut old: Vec<(i64, &str)> = secrets
        .filter(|(_, secret)| secret.owner.is_none() && secret.changed > 0)
        .filter(|(_, secret)| place.now.saturating_sub(secret.changed) > MAX_AGE)
        .map(|(name, secret)| (secret.changed, &**name))
        .collect();
    // The oldest first.
    old.sort_unstable();
    let title = match old.as_slice() {
        [] => return None,
        [(_, name)] => format!("Secret {name} is older than 90 days"),
        many => format!("{} secrets are older than 90 days", many.len()),
    };
    let names: Vec<String> = old.iter().map(|(changed, name)| format!("{name} ({})", place.age(*changed))).collect();
    let since = old.first().map_or(0, |(changed, _)| changed + MAX_AGE);
    let found = super::around::finding(
        State::Degraded,
        FindingKind::Expiry,
        title,
        format!("Last written: {}.", listed(&names)),
        "Rotate what stands in them where it is made, and restart what reads them. Values are never read here.",
    );
    Some(Finding { since, ..found })
}
