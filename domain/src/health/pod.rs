//! How a pod is.

mod container;
#[cfg(test)]
mod tests;

use super::word::{Word, full_stop, with_message};
use crate::age::apart;
use crate::facts::{ContainerState, Phase, PodFacts};
use crate::view::{State, Status};

/// Seconds within which a start is nothing to look at.
const SLOW_START: i64 = 5 * 60;

/// Seconds a container may run before its readiness is asked for.
const READINESS_GRACE: i64 = 60;

/// Seconds a pod may outlive the moment by which it should have gone.
const TERMINATION_GRACE: i64 = 60;

/// Seconds for which an end explains what a container does now. Kubernetes waits at most five minutes between tries.
const RECENT_END: i64 = 10 * 60;

/// Restarts after which a container that runs and is not ready counts as one that crashes, however long it runs.
const CRASH_RESTARTS: u32 = 3;

/// Seconds for which a container that was started again, and is not ready, is still the one that ended. Between two tries of
/// a crash loop it runs as if nothing were wrong.
const CRASH_MEMORY: i64 = 5 * 60;

/// Seconds of a run after which its end begins no loop: the kubelet forgets its back-off then.
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts>
const LONG_RUN: i64 = 10 * 60;

/// How a pod is at `now` (seconds since 1970): by readiness and waiting reasons, not by its phase alone.
///
/// The verdict also turns with time alone: when [a start](SLOW_START), a missing readiness or a termination takes too
/// long. `why` holds no age and no count, so that it changes only when the explanation does.
pub fn pod(facts: &PodFacts, now: i64) -> Status {
    if let Some(deletion) = facts.deletion {
        return terminating(deletion, now);
    }
    let is_lost = |reason: &Option<std::sync::Arc<str>>| reason.as_deref().is_some_and(|text| text.starts_with("Node"));
    match facts.phase {
        Phase::Succeeded => return Word::Completed.status(State::Off, "All its containers ended well."),
        Phase::Failed if facts.reason.as_deref() != Some("NodeLost") => return failed(facts),
        Phase::Failed | Phase::Unknown => return lost(),
        Phase::Pending | Phase::Running if facts.reason.as_deref() == Some("NodeLost") => return lost(),
        Phase::Pending | Phase::Running if facts.ready => return ready_pod(),
        Phase::Pending | Phase::Running if is_lost(&facts.not_ready_reason) => return lost(),
        Phase::Pending | Phase::Running => {}
    }
    if let Some(message) = facts.unschedulable.as_deref() {
        return Word::Unschedulable.status(State::Degraded, with_message("No node takes it", message));
    }
    let age = apart(facts.created, now);
    let initialised = facts
        .containers
        .iter()
        .filter(|container| !container.init)
        .any(|container| !container::waits_for_init(container));
    facts
        .containers
        .iter()
        .filter_map(|container| container::trouble(container, facts, initialised, now))
        // The first of the worst: init containers come first, and what they hold up follows from them.
        .reduce(|worst, next| if next.state > worst.state { next } else { worst })
        .unwrap_or_else(|| unexplained(facts, age))
}

/// A pod that is as it should be.
pub fn ready_pod() -> Status {
    Word::Ready.status(State::Ready, "")
}

/// The same verdict with the cause that was known before: a kubelet that waits between two tries to pull an image no longer
/// says why the last one failed. `before` is of the same pod.
pub fn with_known_cause(before: &Status, now: Status) -> Status {
    let is_pull = |status: &Status| Word::of(status) == Some(Word::ImagePull);
    let knows_more = |claim: &str| before.why.strip_prefix(claim).is_some_and(|rest| rest.starts_with(':'));
    if is_pull(&now) && is_pull(before) && now.why.strip_suffix('.').is_some_and(knows_more) {
        return before.clone();
    }
    now
}

fn terminating(deletion: i64, now: i64) -> Status {
    if now.saturating_sub(deletion) > TERMINATION_GRACE {
        let why = "It should have gone and still exists: a finalizer holds it, or its node does not answer.";
        return Word::StuckTerminating.status(State::Degraded, why);
    }
    Word::Terminating.status(State::Progressing, "")
}

fn failed(facts: &PodFacts) -> Status {
    let message = facts.message.as_deref().map(full_stop).unwrap_or_default();
    let reason = facts.reason.as_deref().unwrap_or_default();
    if reason == "Evicted" {
        return Word::Evicted.status(State::Failed, format!("Its node threw it out. {message}").trim_end());
    }
    let ended = facts.containers.iter().find_map(|container| match &container.state {
        ContainerState::Terminated(end) if end.exit_code != 0 => Some(container::ended(container, end)),
        ContainerState::Terminated(_) | ContainerState::Waiting { .. } | ContainerState::Running { .. } => None,
    });
    let why = match (reason, ended) {
        ("", Some(ended)) => ended,
        ("", None) => format!("It ended and does not start again. {message}"),
        (reason, _) => format!("It ended and does not start again ({}). {message}", crate::text::plain(reason, 60)),
    };
    Word::Failed.status(State::Failed, why.trim_end())
}

fn lost() -> Status {
    Word::NodeLost.status(State::Unknown, "Its node does not answer; what it does now is not known.")
}

/// Not ready, and no container is to blame.
fn unexplained(facts: &PodFacts, age: i64) -> Status {
    let main = || facts.containers.iter().filter(|container| !container.init);
    if main().next().is_some() && main().all(|container| container.ready) {
        // The node controller turns `Ready` without a word when the kubelet falls silent:
        // https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller
        return match facts.not_ready_reason.as_deref() {
            Some("ReadinessGatesNotReady") if age < SLOW_START => {
                Word::NotReady.status(State::Progressing, "It waits for a readiness gate.")
            }
            Some("ReadinessGatesNotReady") => {
                Word::NotReady.status(State::Degraded, "Its containers are ready; a readiness gate holds it back.")
            }
            Some(_) => Word::NotReady.status(State::Degraded, "Its containers are ready; the pod is not."),
            None => Word::NodeLost
                .status(State::Unknown, "Its containers were ready and the pod is not: its node seems not to answer."),
        };
    }
    match facts.phase {
        Phase::Running if age < READINESS_GRACE => Word::NotReady.status(State::Progressing, "It just started."),
        Phase::Running => Word::NotReady.status(State::Degraded, "It runs and is not ready."),
        Phase::Pending | Phase::Succeeded | Phase::Failed | Phase::Unknown if age < SLOW_START => {
            Word::Pending.status(State::Progressing, "")
        }
        Phase::Pending | Phase::Succeeded | Phase::Failed | Phase::Unknown => Word::Pending
            .status(State::Degraded, "It has waited for more than 5 minutes, and neither scheduler nor node says why."),
    }
}
