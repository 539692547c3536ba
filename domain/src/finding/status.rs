//! A component that fails, or does not get on.

use crate::component::ComponentFacts;
use crate::drift::{ago, last_change};
use crate::facts::TemplateContainer;
use crate::health::{Word, exit_code_in};
use crate::text::plain;
use crate::view::{Finding, FindingKind, Look, State, Status};

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
    let (title, advice) = words(word, facts, restarts, exit_code_in(&seen.why));
    let evidence = evidence(word, facts, seen);
    Some(Finding {
        state: seen.state,
        kind: FindingKind::Failure,
        title: title.into(),
        evidence: evidence.into(),
        advice: advice.into(),
        component: Some(facts.id.clone()),
        since: 0,
        look: Look::Component,
    })
}

/// Title and advice.
fn words(word: Word, facts: &ComponentFacts<'_>, restarts: u32, exit_code: Option<i32>) -> (String, &'static str) {
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
            format!("{name} finds no node: {counted}"),
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

/// What was seen, in sentences: why, the limit it hit, and what changed before.
fn evidence(word: Word, facts: &ComponentFacts<'_>, seen: &Status) -> String {
    let mut parts = vec![seen.why.to_string()];
    let container = facts.workload.and_then(|workload| workload.container.as_ref());
    if word == Word::OomKilled
        && let Some(TemplateContainer { name, memory_limit: Some(limit), .. }) = container
    {
        parts.push(format!("The memory limit of container {} is {limit}.", plain(name, 63)));
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
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}
