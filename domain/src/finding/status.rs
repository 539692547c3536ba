//! A component that fails, or does not get on.

use crate::component::ComponentFacts;
use crate::component::clues::PodClue;
use crate::drift::{ago, last_change};
use crate::health::{Word, exit_code_in};
use crate::view::{Finding, FindingKind, Look, State, Status};

use super::since::since;
use super::{Explanation, crash, image, not_ready, pending};

/// Seconds for which a change before a failure is worth a word.
const RECENT_CHANGE: i64 = 24 * 3600;

/// What is to be said of a component that was `seen` so.
pub(super) fn finding(facts: &ComponentFacts<'_>, seen: &Status) -> Option<Finding> {
    let word = Word::of(seen)?;
    match seen.state {
        State::Failed | State::Degraded | State::Unknown => {}
        State::Progressing if matches!(word, Word::Paused | Word::HeldBack) => {}
        State::Progressing | State::Ready | State::Off => return None,
    }
    let restarts = facts.pods.iter().fold(0, |sum: u32, pod| sum.saturating_add(pod.restarts));
    let (behind, pod) = cause(word, facts);
    let explained = explain(behind, facts, seen, pod);
    let (title, advice) = words(word, facts, restarts, exit_code_in(&seen.why), explained.title.as_deref());
    let evidence = evidence(word, facts, seen, &explained.evidence);
    Some(Finding {
        state: seen.state,
        kind: FindingKind::Failure,
        title: title.into(),
        evidence: evidence.into(),
        lines: explained.lines,
        advice: explained.advice.filter(|_| behind == word).unwrap_or(advice).into(),
        component: Some(facts.id.clone()),
        since: since(word, facts),
        look: look(behind),
    })
}

/// What keeps it, and the pod that shows that: behind a rollout that is stuck stands what its worst pod says.
fn cause<'a>(word: Word, facts: &ComponentFacts<'a>) -> (Word, Option<&'a PodClue<'a>>) {
    let worst = |pods: &mut dyn Iterator<Item = &'a PodClue<'a>>| {
        pods.max_by_key(|pod| (pod.row.status.state, pod.row.restarts, std::cmp::Reverse(pod.row.name.clone())))
    };
    match word {
        Word::StuckRollout => {
            let pod = worst(&mut facts.clues.pods.iter().filter(|pod| pod.row.status.state > State::Progressing));
            (pod.and_then(|pod| Word::of(&pod.row.status)).unwrap_or(word), pod)
        }
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
        | Word::Paused
        | Word::HeldBack
        | Word::ReplicaFailure
        | Word::FewReady
        | Word::NoPods
        | Word::Missing
        | Word::Ready => {
            (word, worst(&mut facts.clues.pods.iter().filter(|pod| Word::of(&pod.row.status) == Some(word))))
        }
    }
}

/// What explains it, by the pod that shows it.
fn explain(word: Word, facts: &ComponentFacts<'_>, seen: &Status, pod: Option<&PodClue<'_>>) -> Explanation {
    match word {
        Word::CrashLoop | Word::InitCrashLoop | Word::Crashed | Word::OomKilled => crash::explain(word, facts, pod),
        Word::ImagePull => {
            image::explain(pod.map_or(&seen.why, |pod| &pod.row.status.why), pod.and_then(|pod| pod.facts))
        }
        Word::Unschedulable => pod.and_then(|pod| pending::explain(pod.facts?)).unwrap_or_default(),
        Word::NotReady | Word::Starting => Explanation {
            evidence: pod.map(|pod| not_ready::explain(facts, &pod.row.name)).unwrap_or_default(),
            ..Explanation::default()
        },
        Word::ConfigError
        | Word::Pending
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
        | Word::Missing
        | Word::Ready => Explanation::default(),
    }
}

/// Where one looks next.
fn look(word: Word) -> Look {
    match word {
        Word::CrashLoop | Word::InitCrashLoop | Word::Crashed | Word::OomKilled => Look::PreviousLog,
        Word::NotReady | Word::Starting => Look::Log,
        Word::ImagePull
        | Word::ConfigError
        | Word::Unschedulable
        | Word::Pending
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
        | Word::Missing
        | Word::Ready => Look::Component,
    }
}

/// Title and advice. `with` is what the title says in addition of a pod that finds no node.
fn words(
    word: Word,
    facts: &ComponentFacts<'_>,
    restarts: u32,
    exit_code: Option<i32>,
    with: Option<&str>,
) -> (String, &'static str) {
    let name = &facts.id.name;
    let counted = facts.workload.map(|workload| format!("{} of {} ready", facts.ready(), workload.wanted));
    let counted = counted.unwrap_or_default();
    let ends = ends(restarts, exit_code);
    match word {
        Word::CrashLoop => (
            format!("{name} crash loops{ends}"),
            "Read the previous log of the container that ends; compare with the last change, and roll that back if it fits.",
        ),
        Word::InitCrashLoop => (
            format!("{name} crash loops before it starts{ends}"),
            "Read the log of the init container; it often waits for a database or a migration.",
        ),
        Word::Crashed => (format!("{name} crashed{ends}"), "Read its previous log; it is started again by itself."),
        Word::OomKilled => (
            format!("{name} runs out of memory{}", self::ends(restarts, None)),
            "Look at its memory over the last hour: raise the limit when the load grew, look for a leak when it only climbs.",
        ),
        Word::ImagePull => (
            format!("{name} cannot pull its image: {counted}"),
            "Check that the tag exists and that the pull secret is right; roll back when the image is wrong.",
        ),
        Word::ConfigError => (
            format!("{name} cannot start as it is configured: {counted}"),
            "Create what is missing, or roll back the change that asks for it.",
        ),
        Word::Unschedulable => (
            match with {
                Some(with) => format!("{name} finds no node {with}: {counted}"),
                None => format!("{name} finds no node: {counted}"),
            },
            "Free room, add a node, or lower the requests; anti-affinity and zones may leave no node either.",
        ),
        Word::NotReady => (
            format!("{name} is not ready: {counted}"),
            "Read its log for what it waits for; it runs, so a database or another service may be missing.",
        ),
        Word::Starting | Word::Pending => (
            format!("{name} takes long to start: {counted}"),
            "Look at the events of its pods: a volume, the network or a slow pull hold it up.",
        ),
        Word::StuckRollout => (
            format!("The rollout of {name} is stuck: {counted}"),
            "Look at the new pods first; roll back when the new version is the cause. Nothing moves by itself any more.",
        ),
        Word::Paused => (
            format!("The rollout of {name} is paused"),
            "Resume it when nobody works on it: fixes do not arrive while it is paused.",
        ),
        Word::HeldBack => (
            format!("{name} is held back at an older revision"),
            "Bring the other pods over once the new revision has proved itself: fixes do not reach them before.",
        ),
        Word::ReplicaFailure => (
            format!("{name} cannot make more pods: {counted}"),
            "Free some of the quota or raise it; without a quota in the message look at admission webhooks.",
        ),
        Word::NodeLost => (
            format!("{name} runs on a node that is NotReady: {counted}"),
            "Look at the node. Pods of a Deployment move after 5 minutes; those of a StatefulSet wait for the node.",
        ),
        Word::StuckTerminating | Word::Terminating => (
            format!("{name} has pods that do not go: {counted}"),
            "Look at the node and at the pod's finalizers before anybody deletes it by force.",
        ),
        Word::Evicted | Word::Failed => (
            format!("{name} lost its pods: {counted}"),
            "Look at the node's memory and disk, and at the events of its pods.",
        ),
        Word::NoPods => (
            format!("{name} has no pods"),
            "Look at its events: a quota, a webhook or a missing volume keeps pods from being made.",
        ),
        Word::FewReady => (format!("{name} is short of pods: {counted}"), "Look at its pods and their events."),
        Word::Missing => (
            format!("{name} does not exist"),
            "Apply it again, or take it out of the registry when it was removed on purpose.",
        ),
        Word::Unknown | Word::Ready | Word::Completed | Word::Off | Word::Rolling | Word::Scaling => (
            format!("How {name} is, is not known"),
            match facts.unreadable.workload.or(facts.unreadable.pods) {
                Some(unread) => {
                    unread.advice("Grant the account of Quarterdeck list and watch on its kind and on pods.")
                }
                None => "Check that the cluster's controllers run: nobody has written its status.",
            },
        ),
    }
}

/// `: 7 restarts, exit code 1`; empty when there is neither.
fn ends(restarts: u32, exit_code: Option<i32>) -> String {
    let restarts = match restarts {
        0 => None,
        1 => Some("1 restart".to_owned()),
        more => Some(format!("{more} restarts")),
    };
    let parts: Vec<String> = restarts.into_iter().chain(exit_code.map(|code| format!("exit code {code}"))).collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}

/// What was seen, in sentences: why, what explains it, and what changed before.
fn evidence(word: Word, facts: &ComponentFacts<'_>, seen: &Status, explained: &str) -> String {
    // The scheduler's own words are said in plainer ones.
    let is_said = word == Word::Unschedulable && !explained.is_empty();
    let why = if is_said { String::new() } else { seen.why.to_string() };
    let mut parts = vec![why];
    if word == Word::StuckRollout {
        parts.extend(overdue(facts));
    }
    let is_recent = |at: i64| at > 0 && facts.now.saturating_sub(at) < RECENT_CHANGE;
    if word != Word::Missing && is_recent(facts.changed) {
        parts.push(format!("Its template was last changed {}.", ago(facts.changed, facts.now)));
    }
    for name in &facts.declared.reads {
        if let Some(held) = facts.config_maps.get(name.as_str()).filter(|held| is_recent(held.changed)) {
            parts.push(last_change(name.as_str(), held, facts.now));
        }
    }
    // What it wrote last stands below the sentences.
    parts.push(explained.to_owned());
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

/// `It passed its deadline 12 minutes ago.`
fn overdue(facts: &ComponentFacts<'_>) -> Option<String> {
    let passed = since(Word::StuckRollout, facts);
    (passed > 0).then(|| format!("That was {}.", ago(passed, facts.now)))
}
