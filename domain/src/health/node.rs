//! How a node is, and what may be believed of the pods on it.

#[cfg(test)]
mod tests;

use super::word::Word;
use crate::facts::{Condition, NodeFacts};
use crate::text::plain;
use crate::view::{State, Status};

/// The conditions that say what a node lacks while they are True, and how that is said.
const PRESSURES: [(&str, &str); 4] = [
    ("MemoryPressure", "short of memory"),
    ("DiskPressure", "short of disk"),
    ("PIDPressure", "short of process ids"),
    ("NetworkUnavailable", "without network"),
];

fn ready(node: &NodeFacts) -> Option<&Condition> {
    node.conditions.iter().find(|condition| &*condition.kind == "Ready")
}

/// Whether what runs on a node is not known: its condition `Ready` is not True. kubectl calls it `NotReady`, be the condition
/// False (the kubelet says so), Unknown (it says nothing) or absent (it never said anything).
/// <https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller>
pub fn is_node_down(node: &NodeFacts) -> bool {
    ready(node).is_none_or(|condition| condition.status != Some(true))
}

/// Why a node is down, as it says itself or as the node controller says of it; `None` when it is up, or nobody ever said.
pub(crate) fn down_condition(node: &NodeFacts) -> Option<&Condition> {
    ready(node).filter(|condition| condition.status != Some(true))
}

/// What a node lacks, in words: `short of memory`.
pub(crate) fn pressures(node: &NodeFacts) -> Vec<&'static str> {
    let is_true =
        |kind: &str| node.conditions.iter().any(|condition| &*condition.kind == kind && condition.status == Some(true));
    PRESSURES.into_iter().filter(|(kind, _)| is_true(kind)).map(|(_, words)| words).collect()
}

/// Since when a node has lacked something of that; 0 when it does not, or it is not told.
pub(crate) fn pressures_since(node: &NodeFacts) -> i64 {
    let lacks = node.conditions.iter().filter(|condition| {
        condition.status == Some(true) && PRESSURES.iter().any(|(kind, _)| *kind == &*condition.kind)
    });
    lacks.map(|condition| condition.since).filter(|since| *since > 0).min().unwrap_or(0)
}

/// Whether there is anything to be said of the pods on a node.
pub fn is_node_of_note(node: &NodeFacts) -> bool {
    is_node_down(node) || node.unschedulable || !pressures(node).is_empty()
}

/// How a pod is whose own verdict is `own`, on a node of which this is known.
///
/// The kubelet writes a pod's status. While its node is down nobody does, and what it said last is not the present: Kubernetes
/// itself turns the pod only after a while. What was bad is said as before: no silence mends it.
pub fn pod_on_node(own: Status, name: &str, node: Option<&NodeFacts>) -> Status {
    let Some(node) = node.filter(|node| is_node_down(node)) else { return own };
    match Word::of(&own) {
        Some(Word::Ready | Word::Starting | Word::NotReady | Word::Pending | Word::NodeLost) => {}
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
        | None => return own,
    }
    let reason = down_condition(node).map(|condition| plain(&condition.reason, 60)).filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    // A name of Kubernetes has 253 characters at most.
    let why = format!("Node {} is NotReady{reason}: what runs there is not known.", plain(name, 253));
    Word::NodeLost.status(State::Unknown, why)
}
