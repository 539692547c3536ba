//! A container that ends: what its exit code means, what it was allowed, and which probe had it ended.

use super::Explanation;
use super::not_ready::probe;
use crate::component::ComponentFacts;
use crate::component::clues::PodClue;
use crate::facts::{ContainerFacts, ContainerState, PodFacts, TemplateContainer, Termination};
use crate::health::Word;
use crate::text::plain;

/// What explains the ends of a container of this pod.
pub(super) fn explain(word: Word, facts: &ComponentFacts<'_>, pod: Option<&PodClue<'_>>) -> Explanation {
    let ended = pod.and_then(|pod| ended(pod.facts?));
    let mut parts = Vec::new();
    if word == Word::OomKilled {
        parts.extend(limit(facts, ended.map(|(container, _)| container)));
    } else if let Some((_, end)) = ended {
        parts.extend(meaning(end.exit_code).map(str::to_owned));
        if let Some(pod) = pod.filter(|_| is_killed(end.exit_code)) {
            parts.extend(probe(facts, &pod.row.name, "Liveness"));
        }
    }
    let mut lines = Vec::new();
    if let (Some(pod), Some((container, _))) = (pod, ended) {
        let held = facts.clues.lines.filter(|held| held.pod == pod.row.uid && held.container == container.name);
        if facts.environment.record_log_views {
            parts.push("Who looks at logs is recorded here, so its last lines stand in the log alone.".to_owned());
        } else if let Some(held) = held.filter(|held| !held.lines.is_empty()) {
            lines.clone_from(&held.lines);
            parts.push(format!("The last lines of container {}:", plain(&container.name, 63)));
        }
    }
    Explanation { evidence: parts.join(" "), lines, ..Explanation::default() }
}

/// The container of a pod that ended badly, and how: the one that was started again most often.
pub fn ended(pod: &PodFacts) -> Option<(&ContainerFacts, &Termination)> {
    let containers = pod.containers.iter();
    let ends = containers.filter(|container| !container.ready).filter_map(|container| {
        let now = match &container.state {
            // An init container that ended well is done.
            ContainerState::Terminated(end) => (end.exit_code != 0 || !container.init).then_some(end),
            ContainerState::Waiting { .. } | ContainerState::Running { .. } => None,
        };
        Some((container, now.or(container.last.as_ref())?))
    });
    // The first of equals: init containers come first.
    ends.reduce(|most, next| if next.0.restarts > most.0.restarts { next } else { most })
}

/// The memory limit, where it is known to be that of the container that ended.
fn limit(facts: &ComponentFacts<'_>, ended: Option<&ContainerFacts>) -> Option<String> {
    let TemplateContainer { name, memory_limit, .. } = facts.workload?.container.as_ref()?;
    let limit = memory_limit.as_ref().filter(|_| ended.is_none_or(|container| container.name == *name))?;
    Some(format!("The memory limit of container {} is {limit}.", plain(name, 63)))
}

/// Whether an exit code is a signal that somebody sent: 128 + 9 or 128 + 15.
fn is_killed(exit_code: i32) -> bool {
    matches!(exit_code, 137 | 143)
}

/// What an exit code means where the sentence of the status does not say it.
/// <https://tldp.org/LDP/abs/html/exitcodes.html>
fn meaning(exit_code: i32) -> Option<&'static str> {
    match exit_code {
        0 => Some("Exit code 0 says that it was done: a server should not be, and a task belongs into a Job."),
        1 => Some("Exit code 1 is the program's own way to give up: its log says why."),
        2 => Some("Exit code 2 is the program's own, often about a wrong flag or argument."),
        126 | 127 => Some("It never ran: look at the command, the arguments and what the image has in it."),
        137 => Some("137 is SIGKILL: it was ended without being asked."),
        139 => Some("139 is SIGSEGV: a fault of the program, or of a library in its image."),
        143 => Some("143 is SIGTERM: it was asked to end, and did."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::clues::{LastLines, ProbeFailure};
    use crate::component::fixture::{NOW, World, world};
    use crate::view::Look;

    fn crashing(exit_code: i32, reason: &str, container: &str) -> World {
        let end = Termination { reason: reason.into(), exit_code, started: NOW - 70, finished: NOW - 60 };
        let facts = PodFacts {
            containers: vec![ContainerFacts {
                name: container.into(),
                init: false,
                image: "a".into(),
                image_id: "".into(),
                ready: false,
                restarts: 4,
                state: ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "".into() },
                last: Some(end),
            }],
            turned: NOW - 600,
            ..PodFacts::default()
        };
        let status = crate::health::pod(&facts, NOW);
        let mut world = world("fleet-api").broken(&status.word, &status.why, 4);
        world.container().memory_limit = "512Mi".parse().ok();
        world.clues.facts.insert(0, facts);
        world
    }

    #[test]
    fn an_exit_code_is_said_in_words() {
        for (exit_code, reason, expected) in [
            (1, "Error", "its log says why."),
            (2, "Error", "wrong flag or argument."),
            (0, "Completed", "belongs into a Job."),
            (126, "Error", "(the command cannot be executed) soon after it starts. It never ran: "),
            (127, "Error", "(the command was not found) soon after it starts. It never ran: "),
            (139, "Error", "139 is SIGSEGV"),
            (143, "Error", "143 is SIGTERM"),
            (137, "Error", "137 is SIGKILL"),
            (137, "OOMKilled", "(exit code 137). The memory limit of container main is 512Mi."),
        ] {
            let finding = crashing(exit_code, reason, "main").assess().findings.remove(0);
            assert!(finding.evidence.contains(expected), "{exit_code}: {}", finding.evidence);
            assert_eq!((finding.look, finding.since), (Look::PreviousLog, NOW - 600), "{exit_code}");
        }
        let odd = crashing(42, "Error", "main").assess().findings.remove(0);
        assert_eq!(&*odd.evidence, "Container main ends with exit code 42 soon after it starts.");
    }

    #[test]
    fn a_limit_of_another_container_is_not_said_of_the_one_that_ended() {
        let finding = crashing(137, "OOMKilled", "side-car").assess().findings.remove(0);
        assert!(!finding.evidence.contains("512Mi"), "{}", finding.evidence);
    }

    #[test]
    fn the_probe_that_had_it_killed_is_told() {
        let mut world = crashing(137, "Error", "main");
        let failed = |kind: &str| ProbeFailure {
            pod: "fleet-api-0".into(),
            message: format!("{kind} probe failed: HTTP probe failed with statuscode: 500").into(),
            last: NOW - 20,
        };
        world.clues.probes = vec![failed("Readiness"), failed("Liveness")];
        let evidence = world.assess().findings.remove(0).evidence;
        assert!(evidence.contains("Its liveness probe failed: HTTP probe failed with statuscode: 500."), "{evidence}");
        assert!(!evidence.contains("readiness"), "{evidence}");
    }

    #[test]
    fn the_last_lines_are_those_of_the_container_that_ends_and_not_where_it_is_recorded_who_looks() {
        let held = |container: &str, pod| {
            let lines: Vec<std::sync::Arc<str>> = vec!["connecting to fleet-postgres".into(), "gave up".into()];
            Some(LastLines { pod, container: container.into(), restarts: 4, lines })
        };
        for (lines, is_recorded, count, said) in [
            (held("main", 0), false, 2, "The last lines of container main:"),
            (held("other", 0), false, 0, "its log says why."),
            (held("main", 7), false, 0, "its log says why."),
            (None, false, 0, "its log says why."),
            (None, true, 0, "so its last lines stand in the log alone."),
        ] {
            let mut world = crashing(1, "Error", "main");
            world.environment.record_log_views = is_recorded;
            world.clues.lines = lines;
            let finding = world.assess().findings.remove(0);
            assert_eq!(finding.lines.len(), count, "{finding:?}");
            assert!(finding.evidence.ends_with(said), "{}", finding.evidence);
        }
    }
}
