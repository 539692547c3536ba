//! What keeps an autoscaler from scaling.

use super::word::with_message;
use crate::facts::{AutoscalerFacts, Condition};

/// What can be wrong with an autoscaler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Its target has no replicas, which switches it off.
    Off,
    /// It cannot read its metrics.
    Blind,
    /// It cannot read or change its target.
    Unable,
    /// It would add more, and may not.
    AtMaximum,
    /// It never reported.
    Silent,
}

/// What keeps an autoscaler from doing its work, in a sentence; `None` when nothing does.
pub fn autoscaler(facts: &AutoscalerFacts) -> Option<String> {
    trouble(facts).map(|(_, sentence)| sentence)
}

/// The same with what kind of trouble it is. The worst alone: the others follow from it.
pub(crate) fn trouble(facts: &AutoscalerFacts) -> Option<(Trouble, String)> {
    let condition = |kind: &str| facts.conditions.iter().find(|condition| &*condition.kind == kind);
    let turned = |kind: &str, status| condition(kind).filter(|condition| condition.status == status);
    if facts.conditions.is_empty() {
        return Some((Trouble::Silent, "It has not reported yet, so nothing scales.".into()));
    }
    if let Some(unable) = turned("AbleToScale", Some(false)) {
        return Some((Trouble::Unable, reason(unable, "It cannot scale its target")));
    }
    if let Some(active) = turned("ScalingActive", Some(false)) {
        return Some(match &*active.reason {
            "ScalingDisabled" => (
                Trouble::Off,
                "It is switched off, because its target was set to 0 replicas, and does not come back by itself."
                    .into(),
            ),
            "FailedGetResourceMetric" | "FailedGetContainerResourceMetric" if lacks_api(&active.message) => (
                Trouble::Blind,
                "No metrics, so it cannot scale: the metrics server is missing, or does not answer.".into(),
            ),
            "FailedGetResourceMetric" | "FailedGetContainerResourceMetric" => {
                (Trouble::Blind, reason(active, "No metrics of CPU and memory, so it cannot scale"))
            }
            _ => (
                Trouble::Blind,
                reason(active, "It cannot work out how many replicas are needed, so it does not scale"),
            ),
        });
    }
    if turned("ScalingActive", None).is_some() {
        return Some((Trouble::Blind, "Whether it scales is not known.".into()));
    }
    turned("ScalingLimited", Some(true)).filter(|limited| &*limited.reason == "TooManyReplicas").map(|_| {
        (Trouble::AtMaximum, format!("It is at its maximum of {} replicas, and the load asks for more.", facts.max))
    })
}

/// Since when an autoscaler is at its maximum or does not work, seconds since 1970; 0 when not known.
pub(crate) fn trouble_since(facts: &AutoscalerFacts, trouble: Trouble) -> i64 {
    let since = |kind: &str| facts.conditions.iter().find(|condition| &*condition.kind == kind);
    let turned = |kind: &str| since(kind).map_or(0, |condition| condition.since);
    match trouble {
        Trouble::Off | Trouble::Blind => turned("ScalingActive"),
        Trouble::Unable => turned("AbleToScale"),
        // Its time moves with the status alone: from `TooFewReplicas` to `TooManyReplicas` it stays what it was, and nothing is at its
        // maximum since before it was last scaled.
        Trouble::AtMaximum => match turned("ScalingLimited") {
            0 => 0,
            since => since.max(facts.last_scale.unwrap_or(0)),
        },
        Trouble::Silent => 0,
    }
}

/// Whether the controller was told that nobody answers for CPU and memory: what its client and the API server's aggregation say.
fn lacks_api(message: &str) -> bool {
    message.contains("metrics.k8s.io")
        && ["could not find the requested resource", "unable to handle the request"]
            .iter()
            .any(|words| message.contains(words))
}

fn reason(condition: &Condition, claim: &str) -> String {
    with_message(claim, if condition.message.is_empty() { &condition.reason } else { &condition.message })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(conditions: &[(&str, Option<bool>, &str, &str)]) -> AutoscalerFacts {
        let condition = |&(kind, status, reason, message): &(&str, Option<bool>, &str, &str)| Condition {
            kind: kind.into(),
            status,
            reason: reason.into(),
            message: message.into(),
            since: 0,
        };
        let conditions = conditions.iter().map(condition).collect();
        AutoscalerFacts { min: 3, max: 20, current: 3, desired: 3, conditions, ..AutoscalerFacts::default() }
    }

    #[test]
    fn an_autoscaler_says_what_keeps_it_from_scaling() {
        let able = ("AbleToScale", Some(true), "ReadyForNewScale", "");
        let active = ("ScalingActive", Some(true), "ValidMetricFound", "");
        for (conditions, expected) in [
            (vec![able, active, ("ScalingLimited", Some(false), "DesiredWithinRange", "")], None),
            (vec![able, active, ("ScalingLimited", Some(true), "TooFewReplicas", "")], None),
            (
                vec![able, active, ("ScalingLimited", Some(true), "TooManyReplicas", "")],
                Some("It is at its maximum of 20 replicas, and the load asks for more."),
            ),
            (
                vec![able, ("ScalingActive", Some(false), "ScalingDisabled", "scaling is disabled")],
                Some("It is switched off, because its target was set to 0 replicas, and does not come back by itself."),
            ),
            (
                vec![able, ("ScalingActive", Some(false), "FailedGetResourceMetric", "no metrics returned")],
                Some("No metrics of CPU and memory, so it cannot scale: no metrics returned."),
            ),
            (
                vec![
                    able,
                    (
                        "ScalingActive",
                        Some(false),
                        "FailedGetResourceMetric",
                        "unable to fetch metrics from resource metrics API: the server could not find the requested resource \
                         (get pods.metrics.k8s.io)",
                    ),
                ],
                Some("No metrics, so it cannot scale: the metrics server is missing, or does not answer."),
            ),
            (
                vec![able, ("ScalingActive", Some(false), "InvalidSelector", "")],
                Some("It cannot work out how many replicas are needed, so it does not scale: InvalidSelector."),
            ),
            (vec![able, ("ScalingActive", None, "", "")], Some("Whether it scales is not known.")),
            (
                vec![("AbleToScale", Some(false), "FailedGetScale", "deployments \"x\" not found")],
                Some("It cannot scale its target: deployments \"x\" not found."),
            ),
            (vec![], Some("It has not reported yet, so nothing scales.")),
        ] {
            assert_eq!(autoscaler(&facts(&conditions)).as_deref(), expected, "{conditions:?}");
        }
    }

    #[test]
    fn nothing_is_at_its_maximum_since_before_it_was_last_scaled() {
        const LOW: i64 = 1_000;
        let at_maximum = |since: i64, last_scale: Option<i64>| {
            let limited = ("ScalingLimited", Some(true), "TooManyReplicas", "");
            let mut facts = AutoscalerFacts { last_scale, ..facts(&[limited]) };
            facts.conditions[0].since = since;
            trouble(&facts).map(|(trouble, _)| trouble_since(&facts, trouble))
        };
        for (since, last_scale, expected) in [
            // It was at its minimum for days, and the status of the condition never turned on the way up.
            (LOW, Some(LOW + 3 * 86_400), LOW + 3 * 86_400),
            // It was scaled, and asked for more only later.
            (LOW, Some(LOW - 60), LOW),
            (LOW, None, LOW),
            (0, Some(LOW), 0),
        ] {
            assert_eq!(at_maximum(since, last_scale), Some(expected), "{since} {last_scale:?}");
        }
    }
}
