//! An HPA has no room left: the load asks for more than it may give.

use super::{QUIET, Rule, RuleId, Seen, Severity, Sight, Symptom};
use crate::health::{self, Trouble};
use crate::text::plain;

pub(super) static RULE: Rule = Rule {
    id: RuleId::AutoscalerAtMaximum,
    words: "HPA at maximum",
    explained: "An HPA is at its maximum, and the load asks for more.",
    severity: Severity::Warning,
    for_seconds: 15 * 60,
    quiet_seconds: QUIET,
    threshold: None,
    see,
};

fn see(sight: &Sight<'_>, _: u32) -> Option<Seen> {
    let autoscalers = sight.autoscalers.as_ref().filter(|_| sight.is_live)?;
    let symptoms = autoscalers.iter().filter_map(|(name, facts)| {
        let (trouble, sentence) = health::trouble(facts)?;
        match trouble {
            Trouble::AtMaximum => {}
            Trouble::Off | Trouble::Blind | Trouble::Unable | Trouble::Silent => return None,
        }
        let since = health::trouble_since(facts, trouble);
        Some(Symptom {
            about: name.clone(),
            title: format!("The HPA {} is at its maximum", plain(name, 253)),
            evidence: sentence,
            since: (since > 0).then_some(since),
            component: None,
        })
    });
    Some(symptoms.collect::<Vec<_>>().into())
}
