//! An autoscaler that does not scale.

use std::sync::Arc;

use crate::component::ComponentFacts;
use crate::health::{self, Trouble};
use crate::view::{Finding, FindingKind, Look, State};

/// What keeps the autoscaler of a component from its work.
pub(super) fn finding(facts: &ComponentFacts<'_>) -> Option<Finding> {
    let autoscaler = facts.autoscaler?;
    let (trouble, sentence) = health::trouble(autoscaler)?;
    let name = &facts.id.name;
    let (title, advice) = match trouble {
        // Said of its replicas already.
        Trouble::Off if facts.workload.is_some_and(|workload| workload.wanted == 0) => return None,
        Trouble::Off => (format!("The HPA of {name} is switched off"), "Scale the target to 1 or more."),
        Trouble::Blind => (
            format!("The HPA of {name} does not scale: no metrics"),
            "Check that the metrics server runs and that all containers have requests; until then scale by hand.",
        ),
        Trouble::Unable => {
            (format!("The HPA of {name} cannot scale"), "Check that its target exists and that nothing else scales it.")
        }
        Trouble::AtMaximum => (
            format!("{name} is at its HPA's maximum"),
            "Look at the load and at what answers slowly; raise the maximum only if quota and database bear it.",
        ),
        Trouble::Silent => {
            (format!("The HPA of {name} has not reported"), "Give it a minute; then look at the controller manager.")
        }
    };
    let state = match trouble {
        Trouble::Off | Trouble::Blind | Trouble::Unable | Trouble::AtMaximum => State::Degraded,
        Trouble::Silent => State::Unknown,
    };
    Some(Finding {
        state,
        kind: FindingKind::Autoscaler,
        title: title.into(),
        evidence: Arc::from(sentence),
        lines: Vec::new(),
        advice: advice.into(),
        component: Some(facts.id.clone()),
        since: health::trouble_since(autoscaler, trouble),
        look: Look::Component,
    })
}
