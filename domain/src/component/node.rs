//! What is to be said of the nodes that a component's pods run on.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::ComponentFacts;
use crate::age::Age;
use crate::facts::NodeFacts;
use crate::health::{self, Word};
use crate::name::WorkloadKind;
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
        advice: advice.into(),
        component: Some(facts.id.clone()),
        since: 0,
        look: Look::Component,
    }
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
