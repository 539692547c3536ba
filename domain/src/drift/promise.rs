//! Promises that what was declared cannot keep.

use super::{Difference, Remark};
use crate::component::ComponentFacts;
use crate::registry::{Replicas, Role};
use crate::view::{FindingKind, State};

/// Zero downtime is promised, and one replica cannot keep that: whatever ends it interrupts its users. A remark without a
/// chip, because it is as declared.
pub(super) fn differences(facts: &ComponentFacts<'_>) -> Option<Difference> {
    let is_missed = match facts.declared.role {
        Role::App | Role::Api | Role::Database => true,
        // What works in the background, and what can be lost, may pause.
        Role::Worker | Role::Cache => false,
    };
    let declared = match facts.declared.replicas {
        Some(Replicas::Exactly(count)) => Some(count),
        Some(Replicas::Autoscaled(bounds)) => Some(bounds.min),
        None => None,
    };
    let wanted = facts.workload.map(|workload| workload.wanted).or(declared);
    if !facts.environment.zero_downtime || !is_missed || wanted != Some(1) {
        return None;
    }
    let advice = match facts.declared.role {
        Role::Database => {
            "Change it in the maintenance window only, with a recent backup; or declare a replicated database."
        }
        Role::App | Role::Api | Role::Worker | Role::Cache => "Declare two replicas or more.",
    };
    let remark = Remark {
        state: State::Degraded,
        kind: FindingKind::Promise,
        title: format!("{} has one replica; zero downtime is promised here", facts.id.name),
        evidence: "A restart, a rollout without surge or a lost node means time without service.".to_owned(),
        advice: advice.to_owned(),
        since: 0,
    };
    Some(Difference { chip: None, remark: Some(remark) })
}
