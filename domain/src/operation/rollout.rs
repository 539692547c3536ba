//! How far an operation is and how it ends, judged from the target and its pods.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::record::{PodStep, Progress, Record};
use crate::facts::{Condition, ContainerFacts, ContainerState, PodFacts};
use crate::guard::Order;
use crate::guard::facts::{Pod, Strategy, Workload};
use crate::health;

/// How long a pod may be without its image before it is said that it will not come: the first pulls of a registry fail now
/// and then.
const PULL_PATIENCE_S: i64 = 20;
/// From so many restarts on a container that waits to be started again counts as crashing.
const CRASHES: u32 = 2;
/// How long an autoscaler may take to look at its new range: it does every 15 s.
const AUTOSCALER_S: i64 = 60;

/// How it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// On its way.
    Running,
    /// As it was asked for: in a sentence.
    Done(String),
    /// It will not come about by itself: why, in a sentence.
    Failed {
        /// The sentence.
        why: String,
        /// The pod and container that failed, whose log says more.
        culprit: Option<(Arc<str>, Arc<str>)>,
    },
}

/// What is seen of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// How it goes.
    pub turn: Turn,
    /// How far it is.
    pub progress: Progress,
    /// Its pods: new ones first, then by name.
    pub pods: Vec<PodStep>,
}

/// Looks at how an operation goes. `now` is seconds since 1970.
pub fn look(record: &Record, workload: &Workload, pods: &[Pod], now: i64) -> Sight {
    let progress = progress_of(workload);
    let mut steps: Vec<PodStep> = pods.iter().map(|pod| step(record, pod, now)).collect();
    steps.sort_by(|a, b| (!a.is_new, &a.name).cmp(&(!b.is_new, &b.name)));
    let turn = turn(record, workload, pods, now);
    Sight { turn, progress, pods: steps }
}

fn step(record: &Record, pod: &Pod, now: i64) -> PodStep {
    let status = health::pod(&pod.facts, now);
    PodStep {
        name: pod.name.shared(),
        state: status.state,
        word: status.word,
        why: status.why,
        is_new: is_new(record, pod),
        restarts: restarts(&pod.facts),
    }
}

/// Restarts of all containers of the pods that stay.
pub fn restarts_of(pods: &[Pod]) -> u32 {
    pods.iter().filter(|pod| pod.facts.deletion.is_none()).map(|pod| restarts(&pod.facts)).sum()
}

/// Restarts of all containers of a pod.
fn restarts(pod: &PodFacts) -> u32 {
    pod.containers.iter().map(|container| container.restarts).sum()
}

fn is_new(record: &Record, pod: &Pod) -> bool {
    pod.facts.created >= record.begun
}

fn turn(record: &Record, workload: &Workload, pods: &[Pod], now: i64) -> Turn {
    if workload.uid != record.target.uid {
        return failed("The object was deleted and made anew while this ran.".to_owned());
    }
    let seen = workload.observed_generation >= record.generation;
    if seen && let Some(done) = done(record, workload, pods, now) {
        return Turn::Done(done);
    }
    if seen && let Some(broken) = broken(record, workload, pods, now) {
        return broken;
    }
    let Progress { wanted, updated, .. } = progress_of(workload);
    let moves = record.progress != Some(progress_of(workload));
    if !moves && now - record.progressed_at.max(record.begun) > i64::from(record.deadline_s) {
        return failed(format!(
            "Nothing has moved for {}: {updated} of {wanted} are of the new kind. {}",
            span(i64::from(record.deadline_s)),
            left(workload)
        ));
    }
    Turn::Running
}

fn progress_of(workload: &Workload) -> Progress {
    Progress {
        wanted: workload.wanted,
        updated: workload.updated,
        available: workload.available,
        existing: workload.existing,
    }
}

/// What serves while it does not come about: by the count, for what was there before is gone with some strategies.
fn left(workload: &Workload) -> String {
    let are = if workload.available == 1 { "is" } else { "are" };
    format!("{} of {} {are} available.", workload.available, workload.wanted)
}

fn failed(why: String) -> Turn {
    Turn::Failed { why, culprit: None }
}

/// What it came to, once it has.
fn done(record: &Record, workload: &Workload, pods: &[Pod], now: i64) -> Option<String> {
    let after = span(now - record.begun);
    let all_there = workload.existing == workload.wanted && workload.available >= workload.wanted;
    let ready = format!("{} of {} ready after {after}.", workload.ready, workload.wanted);
    match &record.order {
        Order::Restart | Order::Template { .. } => {
            let word = if record.order == Order::Restart { "Restarted" } else { "Rolled back" };
            match workload.strategy {
                Strategy::OnDelete => {
                    Some(format!("{word}, as far as it goes: its pods are replaced when somebody deletes them."))
                }
                Strategy::Partitioned(from) => {
                    let moves = workload.wanted.saturating_sub(from);
                    let there = workload.updated >= moves && all_there;
                    there.then(|| format!("{word} from ordinal {from} on. {ready}"))
                }
                Strategy::Rolling { .. } | Strategy::Recreate => {
                    let there = workload.updated >= workload.wanted && all_there;
                    there.then(|| format!("{word}. {ready}"))
                }
            }
        }
        Order::Replicas { from, to } => {
            (workload.wanted == *to && all_there).then(|| format!("Scaled from {from} to {to}. {ready}"))
        }
        Order::Range { to: (min, max), .. } => {
            if workload.wanted == 0 {
                return Some(format!("The autoscaler may choose {min} to {max}, once somebody scales up from 0."));
            }
            let within = (*min..=*max).contains(&workload.wanted);
            if within && all_there {
                return Some(format!("The autoscaler chooses between {min} and {max}. {ready}"));
            }
            None
        }
        Order::Evict { pod, uid } => {
            let again = pods.iter().find(|other| other.name == *pod)?;
            let back = again.uid != *uid && again.facts.ready && again.facts.deletion.is_none();
            back.then(|| format!("{pod} was evicted and is ready again after {after}. {ready}"))
        }
    }
}

/// Why it will not come about by itself.
fn broken(record: &Record, workload: &Workload, pods: &[Pod], now: i64) -> Option<Turn> {
    let condition = |kind: &str, status: bool| -> Option<&Condition> {
        workload.conditions.iter().find(|condition| &*condition.kind == kind && condition.status == Some(status))
    };
    // One from before may be about pods that this very operation takes back.
    if let Some(refused) = condition("ReplicaFailure", true).filter(|refused| refused.since >= record.begun) {
        return Some(failed(format!(
            "Its pods are not made: {}. {}",
            refused.message.trim_end_matches('.'),
            left(workload)
        )));
    }
    for pod in pods.iter().filter(|pod| is_new(record, pod) && pod.facts.deletion.is_none()) {
        let culprit = pod.facts.containers.iter().find_map(|container| {
            let why = hopeless(container, now - pod.facts.created)?;
            Some((container, why))
        });
        if let Some((container, why)) = culprit {
            return Some(Turn::Failed {
                why: format!("{} {why}. {}", pod.name, left(workload)),
                culprit: Some((pod.name.shared(), container.name.clone())),
            });
        }
    }
    if let Some(late) = condition("Progressing", false)
        && &*late.reason == "ProgressDeadlineExceeded"
        && late.since >= record.begun
    {
        return Some(failed(format!(
            "It made no progress within the deadline that the Deployment sets. {}",
            left(workload)
        )));
    }
    if let Order::Range { to: (min, max), .. } = &record.order
        && !(*min..=*max).contains(&workload.wanted)
        && now - record.begun > AUTOSCALER_S
    {
        return Some(failed(format!(
            "The autoscaler has its new range, and has not moved the {} replicas into it within {}. It may lack metrics.",
            workload.wanted,
            span(AUTOSCALER_S)
        )));
    }
    None
}

/// What a container will not get over by itself, as the rest of a sentence that begins with its pod.
fn hopeless(container: &ContainerFacts, age: i64) -> Option<String> {
    let ContainerState::Waiting { reason, message } = &container.state else { return None };
    let name = &container.name;
    let said = |text: &str| {
        let text = text.trim_end_matches('.');
        if text.is_empty() { String::new() } else { format!(": {text}") }
    };
    match &**reason {
        "ErrImagePull" | "ImagePullBackOff" if age > PULL_PATIENCE_S => {
            Some(format!("cannot pull {}{}", container.image, said(message)))
        }
        "InvalidImageName"
        | "ErrImageNeverPull"
        | "CreateContainerConfigError"
        | "CreateContainerError"
        | "RunContainerError" => Some(format!("cannot start {name} ({reason}){}", said(message))),
        "CrashLoopBackOff" if container.restarts >= CRASHES => {
            let how = container.last.as_ref().map_or_else(String::new, |last| {
                format!(", the last time with exit code {} ({})", last.exit_code, last.reason)
            });
            Some(format!("crashes: {name} was restarted {} times{how}", container.restarts))
        }
        _ => None,
    }
}

/// A time in words: `41 s`, `2 min 5 s`.
fn span(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ ..120 => format!("{seconds} s"),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
