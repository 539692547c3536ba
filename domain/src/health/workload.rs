//! How a Deployment, StatefulSet or DaemonSet is.

#[cfg(test)]
mod tests;

use super::word::{Word, with_message};
use crate::facts::{Condition, Update, WorkloadFacts};
use crate::name::WorkloadKind;
use crate::view::{PodRow, State, Status};

/// How a workload is, given its pods (of all its revisions). `now` is seconds since 1970.
///
/// The counts decide whether users are served; the worst pod explains why not. Fewer than wanted is Degraded, none is
/// Failed, unless all that is missing is on its way.
pub fn workload<'a>(facts: &WorkloadFacts, pods: impl Iterator<Item = &'a PodRow> + Clone, now: i64) -> Status {
    // Time turns pods, not workloads: Kubernetes itself keeps the deadline of a rollout.
    let _ = now;
    if facts.observed_generation == 0 {
        return Word::Unknown.status(State::Unknown, "The controller has not reported on it: its status is empty.");
    }
    let behind = facts.observed_generation < facts.generation;
    if facts.wanted == 0 {
        return match facts.existing {
            0 => Word::Off.status(State::Off, off_reason(facts.kind)),
            _ => Word::Scaling.status(State::Progressing, "Down to 0: the last pods are still there."),
        };
    }
    let worst = worst_pod(pods.clone());
    let ready = known_ready(facts, pods.clone());
    let stuck = condition(facts, "Progressing")
        .filter(|condition| condition.status == Some(false) && &*condition.reason == "ProgressDeadlineExceeded");
    let refused = condition(facts, "ReplicaFailure").filter(|condition| condition.status == Some(true));

    // Nobody is served, and a pod says why: that is the news, whatever else holds.
    if ready == 0
        && let Some(pod) = worst.filter(|pod| explains(pod))
    {
        // Some may be, by pods whose node fell silent.
        let state = match facts.ready {
            0 => State::Failed,
            1.. => pod.status.state.min(State::Degraded),
        };
        return explained(facts, pod, pods, state);
    }
    if let Some(condition) = refused {
        return replica_failure(facts, condition);
    }
    if !behind && stuck.is_some() {
        return stuck_rollout(facts, worst);
    }
    let rolling = is_rolling(facts);
    let patient = rolling && !behind && facts.kind == WorkloadKind::Deployment;
    if let Some(pod) = worst.filter(|pod| explains(pod) && (ready < facts.wanted || rolling))
        // Slow starts are part of a rollout; its deadline tells when they are too slow.
        && !(patient && gets_ready(pod))
    {
        return explained(facts, pod, pods, State::Degraded);
    }
    if facts.paused {
        let why = "The rollout is paused: changes wait until somebody resumes it.";
        return Word::Paused.status(State::Progressing, why);
    }
    if behind {
        return Word::Rolling.status(State::Progressing, "The controller has not read the newest change yet.");
    }
    if rolling {
        return rolling_status(facts);
    }
    if facts.existing != facts.wanted {
        return scaling(facts, worst);
    }
    if ready >= facts.wanted {
        return match held_back(facts, pods) {
            Some(why) => Word::HeldBack.status(State::Progressing, why),
            None => Word::Ready.status(State::Ready, ""),
        };
    }
    few_ready(facts, worst, pods)
}

/// How many pods are known to be ready. Kubernetes counts those on a node that fell silent until it gave the node up.
pub(crate) fn known_ready<'a>(facts: &WorkloadFacts, pods: impl Iterator<Item = &'a PodRow>) -> u32 {
    let (mut lost, mut ready) = (false, 0u32);
    for pod in pods {
        lost |= Word::of(&pod.status) == Some(Word::NodeLost);
        ready += u32::from(pod.status.state == State::Ready);
    }
    if lost { facts.ready.min(ready) } else { facts.ready }
}

/// Whether pods of an older revision are still there, or the newest change was not read.
pub(crate) fn is_mixed(facts: &WorkloadFacts) -> bool {
    facts.observed_generation < facts.generation || facts.existing > facts.updated
}

/// Whether the controller is still to replace pods of an older revision, or has not read the newest change.
fn is_rolling(facts: &WorkloadFacts) -> bool {
    let left = match facts.update {
        Update::All => true,
        Update::From(_) | Update::OnDelete => facts.updated < due(facts),
    };
    facts.observed_generation < facts.generation || (facts.existing > facts.updated && left)
}

/// How many pods the controller brings to the newest revision by itself.
fn due(facts: &WorkloadFacts) -> u32 {
    match facts.update {
        Update::All => facts.wanted,
        Update::From(partition) => facts.wanted.saturating_sub(partition),
        Update::OnDelete => 0,
    }
}

/// How many pods stay at an older revision although nothing is left to be done, and what has to happen.
fn held_back<'a>(facts: &WorkloadFacts, pods: impl Iterator<Item = &'a PodRow>) -> Option<String> {
    if is_rolling(facts) {
        return None;
    }
    // A pod that is going counts as existing and no longer as new.
    let going = pods.filter(|pod| matches!(Word::of(&pod.status), Some(Word::Terminating | Word::StuckTerminating)));
    let old = (facts.existing.saturating_sub(facts.updated) as usize).saturating_sub(going.count());
    if old == 0 {
        return None;
    }
    let until = match facts.update {
        Update::All => return None,
        Update::From(partition) => format!("the partition of {partition} is lowered"),
        Update::OnDelete if old == 1 => "it is deleted".to_owned(),
        Update::OnDelete => "they are deleted".to_owned(),
    };
    let run = if old == 1 { "pod runs" } else { "pods run" };
    Some(format!("{old} {run} an older revision until {until}."))
}

fn condition<'a>(facts: &'a WorkloadFacts, kind: &str) -> Option<&'a Condition> {
    facts.conditions.iter().find(|condition| &*condition.kind == kind)
}

fn off_reason(kind: WorkloadKind) -> &'static str {
    match kind {
        WorkloadKind::Deployment | WorkloadKind::StatefulSet => "0 replicas are wanted.",
        WorkloadKind::DaemonSet => "No node asks for it.",
    }
}

/// Whether a pod's status tells why its workload lacks something.
fn explains(pod: &PodRow) -> bool {
    match pod.status.state {
        State::Failed | State::Degraded | State::Unknown => true,
        State::Off | State::Ready | State::Progressing => false,
    }
}

/// Whether time alone may mend it: it is on its way, only slowly. No waiting finds a node or an image.
fn gets_ready(pod: &PodRow) -> bool {
    match Word::of(&pod.status) {
        Some(Word::Ready | Word::Starting | Word::NotReady | Word::Pending) => true,
        Some(
            Word::CrashLoop
            | Word::InitCrashLoop
            | Word::Crashed
            | Word::OomKilled
            | Word::ImagePull
            | Word::ConfigError
            | Word::Unschedulable
            | Word::Terminating
            | Word::StuckTerminating
            | Word::Completed
            | Word::Evicted
            | Word::Failed
            | Word::NodeLost
            | Word::Unknown
            | Word::Off
            | Word::Rolling
            | Word::Scaling
            | Word::StuckRollout
            | Word::Paused
            | Word::HeldBack
            | Word::ReplicaFailure
            | Word::FewReady
            | Word::NoPods
            | Word::Missing,
        )
        | None => false,
    }
}

/// The pod that is worst off. Pods that ended or are going have been replaced and explain only when there are no others.
fn worst_pod<'a>(pods: impl Iterator<Item = &'a PodRow> + Clone) -> Option<&'a PodRow> {
    let is_leftover = |pod: &PodRow| match Word::of(&pod.status) {
        Some(Word::Terminating | Word::StuckTerminating | Word::Completed | Word::Evicted | Word::Failed) => true,
        Some(
            Word::Ready
            | Word::Starting
            | Word::NotReady
            | Word::CrashLoop
            | Word::InitCrashLoop
            | Word::Crashed
            | Word::OomKilled
            | Word::ImagePull
            | Word::ConfigError
            | Word::Unschedulable
            | Word::Pending
            | Word::NodeLost
            | Word::Unknown
            | Word::Off
            | Word::Rolling
            | Word::Scaling
            | Word::StuckRollout
            | Word::Paused
            | Word::HeldBack
            | Word::ReplicaFailure
            | Word::FewReady
            | Word::NoPods
            | Word::Missing,
        )
        | None => false,
    };
    // What does not get better by itself, most restarts, then the name, so that equal facts give equal words.
    let order = |pod: &&PodRow| (pod.status.state, !gets_ready(pod), pod.restarts, std::cmp::Reverse(pod.name.clone()));
    pods.clone().filter(|pod| !is_leftover(pod)).max_by_key(order).or_else(|| pods.max_by_key(order))
}

/// The pod's word and sentence, with how many share it.
fn explained<'a>(
    facts: &WorkloadFacts,
    pod: &PodRow,
    pods: impl Iterator<Item = &'a PodRow> + Clone,
    state: State,
) -> Status {
    let (alike, all) = pods
        .clone()
        .fold((0u32, 0u32), |(alike, all), other| (alike + u32::from(other.status.word == pod.status.word), all + 1));
    // A fix may be there and not arrive.
    let waits = if facts.paused {
        " The rollout is paused.".to_owned()
    } else {
        held_back(facts, pods).map(|held_back| format!(" {held_back}")).unwrap_or_default()
    };
    let why = if all <= 1 {
        format!("{}{waits}", pod.status.why)
    } else {
        format!("{alike} of {all} pods: {}{waits}", pod.status.why)
    };
    Status { state, word: pod.status.word.clone(), why: why.into() }
}

fn replica_failure(facts: &WorkloadFacts, condition: &Condition) -> Status {
    // The name of the pod that could not be made is another one with every try.
    let message = match condition.message.split_once(" is forbidden: ") {
        Some((_, cause)) => cause,
        None => &condition.message,
    };
    let state = if facts.ready == 0 { State::Failed } else { State::Degraded };
    Word::ReplicaFailure.status(state, with_message("Kubernetes refuses to make more pods", message))
}

fn stuck_rollout(facts: &WorkloadFacts, worst: Option<&PodRow>) -> Status {
    let state = if facts.available == 0 { State::Failed } else { State::Degraded };
    let mut why = format!("The rollout passed its deadline: {} of {} pods are new.", facts.updated, facts.wanted);
    if let Some(pod) = worst.filter(|pod| explains(pod) && !pod.status.why.is_empty()) {
        why.push(' ');
        why.push_str(&pod.status.why);
    }
    Word::StuckRollout.status(state, why)
}

fn rolling_status(facts: &WorkloadFacts) -> Status {
    let due = due(facts);
    let why = if due != facts.wanted {
        format!("{} of {due} pods that are due are new.", facts.updated)
    } else if facts.updated < facts.wanted {
        format!("{} of {} pods are new.", facts.updated, facts.wanted)
    } else {
        let old = facts.existing.saturating_sub(facts.updated);
        let (noun, verb) = if old == 1 { ("pod", "is") } else { ("pods", "are") };
        format!("All new pods exist; {old} old {noun} {verb} still there.")
    };
    Word::Rolling.status(State::Progressing, why)
}

fn scaling(facts: &WorkloadFacts, worst: Option<&PodRow>) -> Status {
    if facts.existing == 0 && worst.is_none() {
        match facts.kind {
            // Its ReplicaSet says when it cannot.
            WorkloadKind::Deployment => {}
            WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => {
                let why = format!("{} wanted, and none exists. Its events say why.", facts.wanted);
                return Word::NoPods.status(State::Failed, why);
            }
        }
    }
    Word::Scaling.status(State::Progressing, format!("{} of {} wanted pods exist.", facts.existing, facts.wanted))
}

/// All pods exist, none is bad, and too few are ready.
fn few_ready<'a>(facts: &WorkloadFacts, worst: Option<&PodRow>, pods: impl Iterator<Item = &'a PodRow>) -> Status {
    let counted = format!("{} of {} ready.", facts.ready, facts.wanted);
    let starts = worst.is_some_and(|pod| pod.status.state == State::Progressing);
    let ready = pods.filter(|pod| pod.status.state == State::Ready).count();
    let rolls = condition(facts, "Progressing")
        .is_some_and(|condition| condition.status == Some(true) && &*condition.reason != "NewReplicaSetAvailable");
    // The pods' watch may be a moment ahead of the workload's.
    if starts || ready >= facts.wanted as usize {
        let word = if rolls { Word::Rolling } else { Word::Starting };
        return word.status(State::Progressing, counted);
    }
    let state = if facts.ready == 0 { State::Failed } else { State::Degraded };
    Word::FewReady.status(state, format!("{counted} No pod says why."))
}
