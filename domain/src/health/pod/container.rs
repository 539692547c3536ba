//! What one container says about its pod.

use super::{CRASH_MEMORY, CRASH_RESTARTS, LONG_RUN, READINESS_GRACE, RECENT_END, SLOW_START};
use crate::age::apart;
use crate::facts::{ContainerFacts, ContainerState, PodFacts, Termination};
use crate::health::pull::PullCause;
use crate::health::word::{Word, exit_code, full_stop};
use crate::text::plain;
use crate::view::{State, Status};

/// Whether a main container has not had its turn, because init containers have not ended.
pub(super) fn waits_for_init(container: &ContainerFacts) -> bool {
    match &container.state {
        ContainerState::Waiting { reason, .. } => &**reason == "PodInitializing",
        ContainerState::Running { .. } | ContainerState::Terminated(_) => false,
    }
}

/// What is to be said of a container in a pod that is not ready; `None` when it is not to blame. `initialised`: the main
/// containers had their turn, so an init container that still does something is a sidecar.
pub(super) fn trouble(container: &ContainerFacts, pod: &PodFacts, initialised: bool, now: i64) -> Option<Status> {
    match &container.state {
        ContainerState::Waiting { reason, message } => {
            waiting(container, reason, message, initialised, apart(pod.created, now))
        }
        ContainerState::Running { since } => running(container, *since, initialised, now),
        ContainerState::Terminated(end) => terminated(container, end, initialised),
    }
}

fn named(container: &ContainerFacts, initialised: bool) -> String {
    let kind = if container.init && !initialised { "Init container" } else { "Container" };
    format!("{kind} {}", plain(&container.name, 63))
}

fn waiting(container: &ContainerFacts, reason: &str, message: &str, initialised: bool, age: i64) -> Option<Status> {
    let name = named(container, initialised);
    let slow = age >= SLOW_START;
    let state = if slow { State::Degraded } else { State::Progressing };
    Some(match reason {
        "CrashLoopBackOff" => crash(container, container.last.as_ref(), initialised),
        "ErrImagePull"
        | "ImagePullBackOff"
        | "InvalidImageName"
        | "ErrImageNeverPull"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => {
            let why = format!("Image {} {}", plain(&container.image, 200), PullCause::of(reason, message).said());
            Word::ImagePull.status(State::Failed, why)
        }
        "CreateContainerConfigError"
        | "CreateContainerError"
        | "RunContainerError"
        | "PreCreateHookError"
        | "PreStartHookError"
        | "PostStartHookError"
        | "ContainerCannotRun" => {
            let said = if message.is_empty() { reason } else { message };
            Word::ConfigError.status(State::Failed, format!("{name} cannot start: {}", full_stop(said)))
        }
        // It waits for an init container, which speaks for itself; before that is known, for the node.
        "PodInitializing" if container.init => return None,
        "PodInitializing" if slow => {
            Word::Starting.status(State::Degraded, format!("{name} waits for the init containers to end."))
        }
        "ContainerCreating" if slow => Word::Starting.status(
            State::Degraded,
            format!("{name} is not created after 5 minutes: a volume, the network or a slow image pull holds it up."),
        ),
        "" if slow => Word::Starting.status(state, format!("{name} has waited for 5 minutes, and nothing says why.")),
        "PodInitializing" | "ContainerCreating" | "" => Word::Starting.status(state, ""),
        other => {
            let said = full_stop(&format!("{other} {message}"));
            Word::Starting.status(state, format!("{name} waits: {said}"))
        }
    })
}

fn running(container: &ContainerFacts, since: i64, initialised: bool, now: i64) -> Option<Status> {
    let name = named(container, initialised);
    if container.init && !initialised {
        // A sidecar that started is ready; another init container works until it ends.
        let slow = apart(since, now) >= SLOW_START;
        return (!container.ready).then(|| {
            if slow {
                Word::Starting.status(State::Degraded, format!("{name} still runs after 5 minutes."))
            } else {
                Word::Starting.status(State::Progressing, format!("{name} runs."))
            }
        });
    }
    if container.ready {
        return None;
    }
    let last = container.last.as_ref().filter(|end| apart(end.finished, now) < RECENT_END);
    let is_young = apart(since, now) < CRASH_MEMORY;
    if let Some(end) = last
        && (is_oom(end) || container.restarts >= CRASH_RESTARTS || (is_young && was_short(end)))
    {
        return Some(crash(container, Some(end), initialised));
    }
    Some(if apart(since, now) < READINESS_GRACE {
        Word::NotReady.status(State::Progressing, format!("{name} just started and is not ready yet."))
    } else {
        Word::NotReady.status(State::Degraded, format!("{name} runs and does not pass its readiness probe."))
    })
}

fn terminated(container: &ContainerFacts, end: &Termination, initialised: bool) -> Option<Status> {
    if container.init && end.exit_code == 0 {
        return None;
    }
    if is_oom(end) || container.restarts >= CRASH_RESTARTS || (container.restarts > 0 && was_short(end)) {
        return Some(crash(container, Some(end), initialised));
    }
    // Between the first end and the next start.
    Some(Word::Crashed.status(State::Degraded, ended(container, end)))
}

/// Whether it ended soon after it started, as far as is known.
fn was_short(end: &Termination) -> bool {
    end.started == 0 || end.finished.saturating_sub(end.started) < LONG_RUN
}

fn is_oom(end: &Termination) -> bool {
    &*end.reason == "OOMKilled"
}

fn crash(container: &ContainerFacts, last: Option<&Termination>, initialised: bool) -> Status {
    let name = named(container, initialised);
    let word = if container.init && !initialised { Word::InitCrashLoop } else { Word::CrashLoop };
    let (word, why) = match last {
        Some(end) if is_oom(end) => {
            let code = exit_code(end.exit_code);
            (Word::OomKilled, format!("{name} was killed: it used more memory than it may ({code})."))
        }
        Some(end) if end.exit_code == 0 => {
            (word, format!("{name} ends by itself with {}; it should keep running.", exit_code(0)))
        }
        Some(end) => {
            (word, format!("{name} ends with {}{} soon after it starts.", exit_code(end.exit_code), meaning(end)))
        }
        None => (word, format!("{name} ends soon after it starts; how is not recorded.")),
    };
    word.status(State::Failed, why)
}

/// How a container ended, in a sentence.
pub(super) fn ended(container: &ContainerFacts, end: &Termination) -> String {
    format!("Container {} ended with {}{}.", plain(&container.name, 63), exit_code(end.exit_code), meaning(end))
}

/// What an exit code or reason tells beyond the number. 128 + n is signal n.
fn meaning(end: &Termination) -> String {
    let known = match end.exit_code {
        126 => "the command cannot be executed",
        127 => "the command was not found",
        134 => "it aborted",
        137 => "killed from outside, often by a failing liveness probe",
        139 => "segmentation fault",
        143 => "asked to stop, often by a failing liveness probe",
        _ => match &*end.reason {
            "" | "Error" | "Completed" => return String::new(),
            other => return format!(" ({})", plain(other, 60)),
        },
    };
    format!(" ({known})")
}
