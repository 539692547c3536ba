//! What `policy` must fulfil: that each row is about something that there is, and can be met.

use super::{Problems, access};
use crate::access::Scope;
use crate::registry::Registry;

pub(super) fn check(registry: &Registry, problems: &mut Problems) {
    for (index, row) in registry.policy.0.iter().enumerate() {
        let path = format!("policy[{index}]");
        if let Some(scope) = &row.scope {
            access::scope(registry, scope, &format!("{path}.scope"), problems);
        }
        if let (Some(tier), Some(Scope::Environment(id))) = (row.tier, &row.scope)
            && let Some((_, environment)) = registry.environment(id)
            && environment.tier != tier
        {
            let word = environment.tier.word().to_lowercase();
            problems.add(&format!("{path}.tier"), format!("'{id}' is {word}: write that, or leave the tier out"));
        }
        if row.require.backup_hours == Some(0) {
            let message = "no backup is younger than 0 hours: write at least 1, or leave it out";
            problems.add(&format!("{path}.require.backupHours"), message);
        }
    }
}
