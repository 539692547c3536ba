//! Since when a component has been as it is seen, by what Kubernetes keeps of it; 0 where nothing does.

use crate::component::ComponentFacts;
use crate::component::clues::PodClue;
use crate::facts::Condition;
use crate::health::{self, Word};

/// Since when the component has been so, in seconds since 1970.
pub(super) fn since(word: Word, facts: &ComponentFacts<'_>) -> i64 {
    match word {
        // The first pod that turned so.
        Word::CrashLoop
        | Word::InitCrashLoop
        | Word::Crashed
        | Word::OomKilled
        | Word::ImagePull
        | Word::ConfigError
        | Word::Unschedulable
        | Word::Pending
        | Word::Starting
        | Word::NotReady
        | Word::Evicted
        | Word::Failed => earliest(alike(word, facts).map(turned)),
        Word::Terminating | Word::StuckTerminating => {
            earliest(alike(word, facts).filter_map(|pod| pod.facts?.deletion))
        }
        Word::NodeLost => {
            let lost = facts.pods.iter().filter(|pod| Word::of(&pod.status) == Some(Word::NodeLost));
            let nodes = lost.filter_map(|pod| facts.nodes.get(&pod.node));
            earliest(nodes.filter_map(health::down_condition).map(|condition| condition.since))
        }
        Word::StuckRollout => turned_to(facts, "Progressing", Some(false)),
        Word::ReplicaFailure => turned_to(facts, "ReplicaFailure", Some(true)),
        Word::FewReady | Word::NoPods => turned_to(facts, "Available", Some(false)),
        Word::Paused => condition(facts, "Progressing")
            .filter(|condition| &*condition.reason == "DeploymentPaused")
            .map_or(0, |condition| condition.since),
        Word::HeldBack => facts.changed,
        // Nothing tells when it went, or is asked.
        Word::Missing | Word::Unknown | Word::Ready | Word::Completed | Word::Off | Word::Rolling | Word::Scaling => 0,
    }
}

/// Pods that are so.
fn alike<'a>(word: Word, facts: &ComponentFacts<'a>) -> impl Iterator<Item = &'a PodClue<'a>> {
    facts.clues.pods.iter().filter(move |pod| Word::of(&pod.row.status) == Some(word))
}

/// When a pod turned: it was ready until then, or never was.
fn turned(pod: &PodClue<'_>) -> i64 {
    pod.facts.map_or(0, |facts| facts.turned).max(pod.row.created)
}

fn earliest(moments: impl Iterator<Item = i64>) -> i64 {
    moments.filter(|at| *at > 0).min().unwrap_or(0)
}

/// Since when a condition of the workload has been so; 0 when it is not.
fn turned_to(facts: &ComponentFacts<'_>, kind: &str, status: Option<bool>) -> i64 {
    condition(facts, kind).filter(|condition| condition.status == status).map_or(0, |condition| condition.since)
}

fn condition<'a>(facts: &ComponentFacts<'a>, kind: &str) -> Option<&'a Condition> {
    facts.workload?.conditions.iter().find(|condition| &*condition.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::fixture::{NOW, World, condition, world};
    use crate::facts::PodFacts;
    use crate::view::{State, Status};

    fn with_condition(world: &mut World, kind: &str, status: bool, reason: &str) {
        world.workload().conditions = vec![Condition { since: NOW - 300, ..condition(kind, status, reason) }];
    }

    #[test]
    fn since_when_it_is_so_is_read_off_what_turned() {
        for (word, spoil, expected) in [
            (Word::CrashLoop, (|_| {}) as fn(&mut World), NOW - 500),
            (Word::ImagePull, |world| world.clues.facts.clear(), NOW - 86_400),
            (Word::NotReady, |world| world.pods[0].created = NOW - 40, NOW - 40),
            (
                Word::StuckTerminating,
                |world| world.clues.facts.get_mut(&0).unwrap().deletion = Some(NOW - 200),
                NOW - 200,
            ),
            (Word::StuckTerminating, |_| {}, 0),
            (
                Word::StuckRollout,
                |world| with_condition(world, "Progressing", false, "ProgressDeadlineExceeded"),
                NOW - 300,
            ),
            (Word::StuckRollout, |world| with_condition(world, "Progressing", true, "NewReplicaSetAvailable"), 0),
            (Word::ReplicaFailure, |world| with_condition(world, "ReplicaFailure", true, "FailedCreate"), NOW - 300),
            (Word::Paused, |world| with_condition(world, "Progressing", false, "DeploymentPaused"), NOW - 300),
            (Word::Paused, |world| with_condition(world, "Progressing", true, "NewReplicaSetAvailable"), 0),
            (
                Word::FewReady,
                |world| with_condition(world, "Available", false, "MinimumReplicasUnavailable"),
                NOW - 300,
            ),
            (Word::NodeLost, |_| {}, 0),
            (Word::Missing, |_| {}, 0),
        ] {
            let mut world = world("fleet-api");
            world.pods[0].status = Status::new(State::Degraded, word.text(), "");
            world.clues.facts.insert(0, PodFacts { turned: NOW - 500, ..PodFacts::default() });
            spoil(&mut world);
            assert_eq!(world.with(|facts| since(word, facts)), expected, "{word:?}");
        }
    }
}
