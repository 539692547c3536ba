//! Pods that run and take no requests: which probe keeps them, and what it says.

use crate::component::ComponentFacts;
use crate::health::full_stop;

/// Seconds for which a failed probe explains the present. The kubelet repeats the event, though more and more rarely.
const RECENT: i64 = 15 * 60;

/// What the probes say that keep this pod from being ready; empty when none is known to have failed.
pub(super) fn explain(facts: &ComponentFacts<'_>, pod: &str) -> String {
    // While it starts no other probe is asked.
    let said = probe(facts, pod, "Startup").or_else(|| probe(facts, pod, "Readiness"));
    said.or_else(|| probe(facts, pod, "Liveness")).unwrap_or_default()
}

/// What a probe of a pod said when it last failed: `Its readiness probe failed: HTTP probe failed with statuscode: 500.` `kind` is as
/// the kubelet writes it.
pub(super) fn probe(facts: &ComponentFacts<'_>, pod: &str, kind: &str) -> Option<String> {
    let claim = [kind, " probe "].concat();
    let failure = facts
        .clues
        .probes
        .iter()
        .filter(|failure| *failure.pod == *pod && facts.now.saturating_sub(failure.last) < RECENT)
        .find_map(|failure| failure.message.strip_prefix(&claim))?;
    // `Readiness probe failed: …`, `Readiness probe errored: …`
    Some(format!("Its {} probe {}", kind.to_lowercase(), full_stop(failure)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::clues::ProbeFailure;
    use crate::component::fixture::{NOW, world};
    use crate::view::Look;

    #[test]
    fn the_probe_that_fails_is_told_with_what_it_said() {
        let failed =
            |pod: &str, message: &str, ago| ProbeFailure { pod: pod.into(), message: message.into(), last: NOW - ago };
        let readiness = "Readiness probe failed: HTTP probe failed with statuscode: 500";
        for (probes, said) in [
            (
                vec![failed("fleet-api-0", readiness, 9)],
                "Its readiness probe failed: HTTP probe failed with statuscode: 500.",
            ),
            (
                vec![
                    failed("fleet-api-0", readiness, 9),
                    failed("fleet-api-0", "Startup probe failed: command timed out", 12),
                ],
                "Its startup probe failed: command timed out.",
            ),
            (
                vec![failed("fleet-api-0", "Readiness probe errored and resulted in unknown state: rpc error", 9)],
                "Its readiness probe errored and resulted in unknown state: rpc error.",
            ),
            // Of another pod, or long ago, or of no probe.
            (vec![failed("fleet-api-1", readiness, 9)], ""),
            (vec![failed("fleet-api-0", readiness, 900)], ""),
            (vec![failed("fleet-api-0", "something else", 9)], ""),
            (vec![], ""),
        ] {
            let mut world = world("fleet-api");
            world.clues.probes = probes;
            assert_eq!(world.with(|facts| explain(facts, "fleet-api-0")), said);
        }
    }

    #[test]
    fn a_component_that_is_not_ready_says_which_probe_and_leads_to_its_log() {
        let mut world =
            world("fleet-api").broken("Not ready", "Container main runs and does not pass its readiness probe.", 0);
        let message = "Readiness probe failed: HTTP probe failed with statuscode: 500".into();
        world.clues.probes = vec![ProbeFailure { pod: "fleet-api-0".into(), message, last: NOW - 5 }];
        world.clues.facts.insert(0, crate::facts::PodFacts { turned: NOW - 90, ..Default::default() });
        let finding = world.assess().findings.remove(0);
        assert!(finding.evidence.contains("Its readiness probe failed: HTTP probe failed with statuscode: 500."));
        assert_eq!((finding.look, finding.since), (Look::Log, NOW - 90));
    }
}
