//! Pods that all sit in one zone, or on one node, where there are others.

use std::collections::BTreeSet;

use crate::component::ComponentFacts;
use crate::health;
use crate::name::WorkloadKind;
use crate::text::plain;
use crate::view::{Finding, FindingKind, Look, State};

/// What the ready pods of a component share that would take them all along.
pub(super) fn finding(facts: &ComponentFacts<'_>) -> Option<Finding> {
    match facts.id.kind {
        WorkloadKind::Deployment | WorkloadKind::StatefulSet => {}
        // It has one on each node by itself.
        WorkloadKind::DaemonSet => return None,
    }
    let ready = || facts.pods.iter().filter(|pod| pod.status.state == State::Ready);
    let count = ready().count();
    if count < 2 {
        return None;
    }
    // Where pods could go: a node that takes none is no choice.
    let open = || facts.nodes.iter().filter(|(_, node)| !health::is_node_down(node) && !node.unschedulable);
    let zones: BTreeSet<&str> = open().filter_map(|(_, node)| node.zone.as_deref()).collect();
    let nodes: BTreeSet<&str> = ready().map(|pod| &*pod.node).collect();
    // One whose node or zone is not known may be elsewhere.
    let zone_of = |node: &str| facts.nodes.get(node).and_then(|node| node.zone.as_deref());
    let used: Option<BTreeSet<&str>> = nodes.iter().map(|node| zone_of(node)).collect();
    let name = &facts.id.name;
    let (place, others) = match (nodes.iter().next(), used.as_ref().and_then(|used| used.iter().next())) {
        (Some(node), _) if nodes.len() == 1 && facts.nodes.contains_key(*node) && open().count() >= 2 => {
            (format!("on node {}", plain(node, 253)), format!("{} nodes take pods", open().count()))
        }
        (_, Some(zone)) if used.as_ref().is_some_and(|used| used.len() == 1) && zones.len() >= 2 => {
            (format!("in zone {}", plain(zone, 63)), format!("there are nodes in {} zones", zones.len()))
        }
        (Some(_) | None, _) => return None,
    };
    let what = if nodes.len() == 1 { "node" } else { "zone" };
    Some(Finding {
        state: State::Degraded,
        kind: FindingKind::Node,
        title: format!("All {count} ready pods of {name} are {place}").into(),
        evidence: format!("When that {what} fails, {name} fails with it; {others}.").into(),
        lines: Vec::new(),
        advice:
            "Declare topologySpreadConstraints or a pod anti-affinity; a restart spreads the pods where there is room."
                .into(),
        component: Some(facts.id.clone()),
        // When the last one elsewhere went is not kept.
        since: 0,
        look: Look::Component,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::fixture::{World, node, world};
    use crate::facts::NodeFacts;

    fn spread(name: &str, nodes: &[(&str, Option<&str>)], places: &[&str]) -> World {
        let mut world = world(name);
        world.nodes = nodes
            .iter()
            .map(|(name, zone)| ((*name).into(), NodeFacts { zone: zone.map(Into::into), ..node() }))
            .collect();
        for (pod, place) in world.pods.iter_mut().zip(places) {
            pod.node = (*place).into();
        }
        world
    }

    #[test]
    fn what_would_fail_together_is_told() {
        let zones = [("a1", Some("a")), ("a2", Some("a")), ("b1", Some("b"))];
        let bare = [("n1", None), ("n2", None)];
        for (name, nodes, places, title) in [
            ("fleet-app", &zones[..], &["a1", "a2", "b1"][..], None),
            ("fleet-app", &zones, &["a1", "a2", "a1"], Some("All 3 ready pods of fleet-app are in zone a")),
            ("fleet-app", &zones, &["b1", "b1", "b1"], Some("All 3 ready pods of fleet-app are on node b1")),
            ("fleet-app", &bare, &["n1", "n1", "n1"], Some("All 3 ready pods of fleet-app are on node n1")),
            ("fleet-app", &bare, &["n1", "n2", "n1"], None),
            // No choice, or not known.
            ("fleet-app", &zones[..2], &["a1", "a2", "a1"], None),
            ("fleet-app", &bare[..1], &["n1", "n1", "n1"], None),
            ("fleet-app", &zones, &["a1", "a2", "gone"], None),
            ("fleet-app", &[], &["n1", "n1", "n1"], None),
            // One pod is no spread to be lost.
            ("fleet-api", &zones, &["a1"], None),
        ] {
            let found = spread(name, nodes, places).with(finding);
            assert_eq!(found.as_ref().map(|finding| &*finding.title), title, "{places:?}");
            assert!(found.is_none_or(|finding| finding.is_remark()));
        }
        let mut cordoned = spread("fleet-app", &zones, &["a1", "a2", "a1"]);
        cordoned.nodes.get_mut("b1").unwrap().unschedulable = true;
        assert_eq!(cordoned.with(finding), None, "the other zone takes no pods");
        let mut pending = spread("fleet-app", &zones, &["a1", "b1", "b1"]);
        pending.pods[1].status.state = State::Degraded;
        pending.pods[2].status.state = State::Degraded;
        assert_eq!(pending.with(finding), None, "one ready pod");
    }
}
