//! Whether the pod of a template may run on a node.
//!
//! <https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/> and
//! <https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/>

use std::borrow::Cow;
use std::sync::Arc;

use crate::guard::facts::{
    Effect, Node, NodeOperator, NodeTerm, Requirement, Scheduling, Taint, Toleration, TolerationOperator,
};
use crate::name::WorkloadKind;

/// What a cordon is to the scheduler.
const CORDONED: &str = "node.kubernetes.io/unschedulable";

/// Tolerations that the controller gives to every pod of a DaemonSet.
/// <https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations>
const OF_DAEMONS: [(&str, Effect); 6] = [
    ("node.kubernetes.io/not-ready", Effect::NoExecute),
    ("node.kubernetes.io/unreachable", Effect::NoExecute),
    ("node.kubernetes.io/disk-pressure", Effect::NoSchedule),
    ("node.kubernetes.io/memory-pressure", Effect::NoSchedule),
    ("node.kubernetes.io/pid-pressure", Effect::NoSchedule),
    (CORDONED, Effect::NoSchedule),
];

/// The tolerations that its pods really have.
pub(super) fn tolerations(scheduling: &Scheduling, kind: WorkloadKind) -> Cow<'_, [Toleration]> {
    match kind {
        WorkloadKind::Deployment | WorkloadKind::StatefulSet => Cow::Borrowed(&scheduling.tolerations),
        WorkloadKind::DaemonSet => {
            let given = OF_DAEMONS.map(|(key, effect)| Toleration {
                key: key.into(),
                operator: TolerationOperator::Exists,
                value: "".into(),
                effect: Some(effect),
            });
            scheduling.tolerations.iter().cloned().chain(given).collect()
        }
    }
}

/// Whether a node has the labels, and the name, that the template asks for; none: not known.
pub(super) fn fits(scheduling: &Scheduling, node: &Node) -> Option<bool> {
    let selected = scheduling.node_selector.iter().all(|(key, value)| label(node, key) == Some(value));
    let affine =
        scheduling.node_affinity.as_ref().map_or(Some(true), |terms| any(terms.iter().map(|term| matches(term, node))));
    all([Some(selected), affine].into_iter())
}

/// Whether all taints of a node are tolerated; none: not known.
pub(super) fn tolerates(tolerations: &[Toleration], node: &Node) -> Option<bool> {
    all(node.taints.iter().map(|taint| is_tolerated(tolerations, taint)))
}

/// Whether the pod comes to the node although that is cordoned, or it is not; none: not known.
pub(super) fn passes_cordon(tolerations: &[Toleration], node: &Node) -> Option<bool> {
    let cordon = Taint { key: CORDONED.into(), value: "".into(), effect: Effect::NoSchedule };
    if node.cordoned { is_tolerated(tolerations, &cordon) } else { Some(true) }
}

fn is_tolerated(tolerations: &[Toleration], taint: &Taint) -> Option<bool> {
    any(tolerations.iter().map(|toleration| {
        let is_about = (toleration.key.is_empty() || toleration.key == taint.key)
            && toleration.effect.is_none_or(|effect| effect == taint.effect);
        match toleration.operator {
            _ if !is_about => Some(false),
            // An empty key is for all keys only together with this operator.
            TolerationOperator::Exists => Some(true),
            TolerationOperator::Equal => Some(!toleration.key.is_empty() && toleration.value == taint.value),
            TolerationOperator::Other => None,
        }
    }))
}

fn matches(term: &NodeTerm, node: &Node) -> Option<bool> {
    if term.expressions.is_empty() && term.fields.is_empty() {
        return Some(false);
    }
    let expressions = term.expressions.iter().map(|wanted| compare(wanted, label(node, &wanted.key)));
    let fields = term.fields.iter().map(|wanted| match &*wanted.key {
        "metadata.name" => compare(wanted, Some(&node.name)),
        _ => None,
    });
    all(expressions.chain(fields))
}

fn compare(wanted: &Requirement, value: Option<&Arc<str>>) -> Option<bool> {
    let is_listed = value.is_some_and(|value| wanted.values.contains(value));
    // Both must be whole numbers, or nothing matches.
    let numbers = || Some((value?.parse::<i64>().ok()?, wanted.values.first()?.parse::<i64>().ok()?));
    match wanted.operator {
        NodeOperator::In => Some(is_listed),
        NodeOperator::NotIn => Some(!is_listed),
        NodeOperator::Exists => Some(value.is_some()),
        NodeOperator::DoesNotExist => Some(value.is_none()),
        NodeOperator::Gt => Some(numbers().is_some_and(|(has, bound)| has > bound)),
        NodeOperator::Lt => Some(numbers().is_some_and(|(has, bound)| has < bound)),
        NodeOperator::Other => None,
    }
}

fn label<'a>(node: &'a Node, key: &str) -> Option<&'a Arc<str>> {
    node.labels.iter().find(|(name, _)| **name == *key).map(|(_, value)| value)
}

/// Whether all hold: what is not known decides nothing where another does not hold.
pub(super) fn all(claims: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for claim in claims {
        match claim {
            Some(false) => return Some(false),
            Some(true) => {}
            None => result = None,
        }
    }
    result
}

/// Whether one holds: what is not known decides nothing where another holds.
fn any(claims: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(claims.map(|claim| claim.map(|claim| !claim))).map(|none| !none)
}
