//! What is to be said of the nodes that a component's pods run on.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ComponentFacts;
use crate::age::Age;
use crate::facts::NodeFacts;
use crate::finding::pending;
use crate::health::{self, Word};
use crate::name::{ComponentId, WorkloadKind};
use crate::text::plain;
use crate::view::{Chip, Finding, FindingKind, Look, PodRow, State, Status};

/// The most pods that are named; the others are counted.
const MOST_NAMES: usize = 5;

/// A node of note, and the pods of the component on it.
struct Place<'a> {
    name: &'a str,
    node: &'a NodeFacts,
    pods: Vec<&'a PodRow>,
}

/// The nodes of note, by name. A pod that ended or goes is not what a node has of a component.
fn places<'a>(facts: &ComponentFacts<'a>) -> Vec<Place<'a>> {
    let mut by_node: BTreeMap<&str, Vec<&PodRow>> = BTreeMap::new();
    for pod in facts.pods.iter().filter(|pod| is_there(pod)) {
        by_node.entry(&pod.node).or_default().push(pod);
    }
    let of_note = by_node.into_iter().filter_map(|(name, mut pods)| {
        let node = facts.nodes.get(name).filter(|node| health::is_node_of_note(node))?;
        pods.sort_unstable_by_key(|pod| &pod.name);
        Some(Place { name, node, pods })
    });
    of_note.collect()
}

fn is_there(pod: &PodRow) -> bool {
    let gone = [Word::Terminating, Word::StuckTerminating, Word::Completed, Word::Evicted, Word::Failed];
    Word::of(&pod.status).is_none_or(|word| !gone.contains(&word))
}

/// Neutral remarks for the cell: what a node that is up lacks. One that is down turns the state.
pub(super) fn chips(facts: &ComponentFacts<'_>) -> Vec<Chip> {
    let up = places(facts).into_iter().filter(|place| !health::is_node_down(place.node));
    up.map(|place| Chip {
        state: State::Off,
        text: format!("node {}: {}", shown(place.name), lacks(place.node)).into(),
    })
    .collect()
}

/// One for each node of note; `seen` is how the component was judged.
pub(crate) fn findings(facts: &ComponentFacts<'_>, seen: &Status) -> Vec<Finding> {
    let total = facts.pods.iter().filter(|pod| is_there(pod)).count();
    places(facts).iter().map(|place| finding(facts, seen, place, total)).collect()
}

fn finding(facts: &ComponentFacts<'_>, seen: &Status, place: &Place<'_>, total: usize) -> Finding {
    let (component, name) = (&facts.id.name, shown(place.name));
    let here = format!("{component} has {} of {total} {} on {name}", place.pods.len(), noun(total));
    let (state, kind, title, said, advice) = if health::is_node_down(place.node) {
        // What the component does is not known; that the node is down is.
        let state =
            if Word::of(seen) == Some(Word::NodeLost) { seen.state } else { State::Unknown }.max(State::Degraded);
        (state, FindingKind::Failure, format!("{here}, which is NotReady"), since(facts, place), advice(facts, &name))
    } else {
        let advice = match place.node.unschedulable {
            true => {
                "It takes no new pods, and pods that end there start elsewhere. Uncordon it when nobody works on it."
            }
            false => "Look at what uses the node up: pods are evicted from it when that goes on.",
        };
        let lacks = lacks(place.node);
        let said = format!("Node {name}{} is {lacks}.", zone(place.node));
        (State::Degraded, FindingKind::Node, format!("{here}, which is {lacks}"), said, advice.to_owned())
    };
    Finding {
        state,
        kind,
        title: title.into(),
        evidence: format!("{said} On it: {}.", names(&place.pods)).into(),
        lines: Vec::new(),
        advice: advice.into(),
        component: Some(facts.id.clone()),
        since: turned(place.node),
        look: Look::Component,
    }
}

/// Since when a node is down, or has lacked all that it lacks; 0 when that is not told, as of one that is cordoned.
fn turned(node: &NodeFacts) -> i64 {
    match health::down_condition(node) {
        Some(condition) => condition.since,
        None if node.unschedulable => 0,
        None => health::pressures_since(node),
    }
}

/// What follows for a component from a node that is NotReady.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lost {
    /// The component.
    pub(crate) component: ComponentId,
    /// The node.
    pub(crate) node: Arc<str>,
    /// Its pods there.
    pub(crate) there: Vec<Arc<str>>,
    /// Its pods that wait for a node, this one among them.
    pub(crate) pending: Vec<Arc<str>>,
    /// The titles of its findings that say so.
    pub(crate) titles: Vec<Arc<str>>,
    /// Since when the node is down and why, in a sentence.
    pub(crate) said: Arc<str>,
    /// Since when, seconds since 1970; 0 when not known.
    pub(crate) since: i64,
}

/// What of a component's `findings` follows from nodes that are NotReady, by node. Pods that wait because of one are put to its
/// account only while no other is down.
pub(crate) fn lost(facts: &ComponentFacts<'_>, findings: &[Finding]) -> Vec<Lost> {
    let down: Vec<(&Arc<str>, &NodeFacts)> =
        facts.nodes.iter().filter(|(_, node)| health::is_node_down(node)).collect();
    let places = places(facts);
    let title_of = |starts: &str, has: &str| {
        let titles = findings.iter().filter(|finding| finding.kind == FindingKind::Failure).map(|found| &found.title);
        titles.into_iter().find(|title| title.starts_with(starts) && title.contains(has)).cloned()
    };
    let name = facts.id.name.as_str();
    let found = down.iter().filter_map(|(node, held)| {
        let place = Place { name: node, node: held, pods: Vec::new() };
        let there = places.iter().find(|place| *place.name == ***node);
        let mut titles: Vec<Arc<str>> = Vec::new();
        if there.is_some() {
            titles.extend(title_of(name, &format!(" on {}, which is NotReady", shown(node))));
        }
        let pending = if down.len() == 1 { waiting(facts) } else { Vec::new() };
        if !pending.is_empty() {
            titles.extend(title_of(&format!("{name} finds no node"), ""));
        }
        (!titles.is_empty()).then(|| Lost {
            component: facts.id.clone(),
            node: Arc::clone(node),
            there: there.map(|there| there.pods.iter().map(|pod| pod.name.clone()).collect()).unwrap_or_default(),
            pending,
            titles,
            said: since(facts, &place).into(),
            since: turned(held),
        })
    });
    found.collect()
}

/// Pods that no node takes, one that is NotReady among these.
fn waiting(facts: &ComponentFacts<'_>) -> Vec<Arc<str>> {
    let blames = |pod: &crate::facts::PodFacts| pod.unschedulable.as_deref().is_some_and(pending::blames_lost_nodes);
    let clues = facts.clues.pods.iter().filter(|pod| pod.facts.is_some_and(blames));
    clues.map(|pod| pod.row.name.clone()).collect()
}

/// `Node worker-2 has been NotReady for 2 minutes (KubeletNotReady): container runtime is down.`
fn since(facts: &ComponentFacts<'_>, place: &Place<'_>) -> String {
    let node = format!("Node {}{}", shown(place.name), zone(place.node));
    let Some(condition) = health::down_condition(place.node) else {
        return format!("{node} is NotReady: it has never said that it is ready.");
    };
    let age = Age::between(condition.since, facts.now);
    let said = match condition.since {
        1.. if age.is_ahead() => format!("{node} is NotReady"),
        1.. if age.seconds() < 60 => format!("{node} has been NotReady for less than a minute"),
        1.. => format!("{node} has been NotReady for {}", age.words()),
        _ => format!("{node} is NotReady"),
    };
    let reason = plain(&condition.reason, 60);
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    health::with_message(&format!("{said}{reason}"), &condition.message)
}

fn advice(facts: &ComponentFacts<'_>, name: &str) -> String {
    let then = match facts.id.kind {
        WorkloadKind::Deployment => {
            "Kubernetes makes its pods anew elsewhere about 5 minutes after a node fell silent, where there is room."
        }
        WorkloadKind::StatefulSet => {
            "Its pods do not move while the node may come back: bring it back, or delete the node when it is gone for good."
        }
        WorkloadKind::DaemonSet => "Its pod there comes back with the node.",
    };
    format!("Look at the node: kubectl describe node {name}. {then}")
}

/// `cordoned, short of memory`.
fn lacks(node: &NodeFacts) -> String {
    let cordoned = node.unschedulable.then_some("cordoned");
    let parts: Vec<&str> = cordoned.into_iter().chain(health::pressures(node)).collect();
    parts.join(", ")
}

fn zone(node: &NodeFacts) -> String {
    node.zone.as_deref().map(|zone| format!(" in zone {}", plain(zone, 63))).unwrap_or_default()
}

fn shown(name: &str) -> String {
    // A name of Kubernetes has 253 characters at most.
    plain(name, 253).into_owned()
}

fn noun(count: usize) -> &'static str {
    if count == 1 { "pod" } else { "pods" }
}

fn names(pods: &[&PodRow]) -> String {
    let named: Vec<&str> = pods.iter().take(MOST_NAMES).map(|pod| &*pod.name).collect();
    match pods.len().saturating_sub(MOST_NAMES) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
