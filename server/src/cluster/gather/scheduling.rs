//! What a pod template says of the nodes that its pods may run on.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::guard::facts::{
    Effect, NodeOperator, NodeTerm, Requirement, Scheduling, Spread, Toleration, TolerationOperator,
};
use k8s_openapi::api::core::v1 as core;
use kube::core::SelectorExt as _;

use super::super::project::message;
use super::{count, selector_of};

const HOSTNAME: &str = "kubernetes.io/hostname";
/// Who places pods where the template names nobody.
const SCHEDULER: &str = "default-scheduler";

/// A pod that the template makes.
pub struct Template<'a> {
    /// Its spec.
    pub pod: &'a core::PodSpec,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its namespace.
    pub namespace: &'a str,
    /// Whether each gets claims of its own.
    pub has_claim_templates: bool,
}

/// Which pods a selector is about.
#[derive(PartialEq, Eq)]
enum About {
    Itself,
    Others,
    /// Which ones is not judged here.
    Unjudged,
}

impl Template<'_> {
    /// What it says of nodes, apart from where its other pods are.
    pub fn scheduling(&self) -> Scheduling {
        let pod = self.pod;
        let scheduler = pod.scheduler_name.as_deref().filter(|name| *name != SCHEDULER);
        let placed_by = match (&pod.node_name, scheduler) {
            (Some(node), _) => Some(message(&format!("nodeName {node}"))),
            (None, Some(scheduler)) => Some(message(&format!("schedulerName {scheduler}"))),
            (None, None) => None,
        };
        let affinity = pod.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        let required = affinity.and_then(|node| node.required_during_scheduling_ignored_during_execution.as_ref());
        let selector = pod.node_selector.iter().flatten();
        Scheduling {
            placed_by,
            node_selector: selector.map(|(key, value)| (message(key), message(value))).collect(),
            node_affinity: required.map(|required| required.node_selector_terms.iter().map(term).collect()),
            tolerations: pod.tolerations.iter().flatten().filter_map(toleration).collect(),
            unjudged: self.unjudged(),
            has_claims: self.has_claims(),
        }
    }

    /// The topology keys by which its pods keep away from each other. Two pods with the same port of the host share no node.
    pub fn anti_affinity(&self) -> Vec<Arc<str>> {
        let own = self.away().filter(|term| self.about(term) == About::Itself);
        let mut keys: Vec<Arc<str>> = own.map(|term| message(&term.topology_key)).collect();
        if self.has_host_ports() && !keys.iter().any(|key| **key == *HOSTNAME) {
            keys.push(HOSTNAME.into());
        }
        keys
    }

    /// How its pods are spread among themselves.
    pub fn spread(&self) -> Vec<Spread> {
        self.constraints()
            .filter(|constraint| self.counts_itself(constraint))
            .map(|constraint| Spread {
                key: message(&constraint.topology_key),
                skew: count(constraint.max_skew),
                min_domains: count(constraint.min_domains.unwrap_or(1)),
                honors_affinity: constraint.node_affinity_policy.as_deref() != Some("Ignore"),
                honors_taints: constraint.node_taints_policy.as_deref() == Some("Honor"),
            })
            .collect()
    }

    /// What else keeps pods away from nodes.
    fn unjudged(&self) -> Vec<Arc<str>> {
        let affinity = self.pod.affinity.as_ref().and_then(|affinity| affinity.pod_affinity.as_ref());
        let near = affinity.and_then(|pods| pods.required_during_scheduling_ignored_during_execution.as_ref());
        let claims = self.pod.resource_claims.as_ref().is_some_and(|claims| !claims.is_empty());
        let gates = self.pod.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
        let found = [
            (near.is_some_and(|terms| !terms.is_empty()), "podAffinity"),
            (self.away().any(|term| self.about(term) != About::Itself), "podAntiAffinity to other pods"),
            (
                self.constraints().any(|constraint| !self.counts_itself(constraint)),
                "topologySpreadConstraints that count other pods",
            ),
            (claims, "resourceClaims"),
            (gates, "schedulingGates"),
        ];
        found.into_iter().filter(|(is_there, _)| *is_there).map(|(_, what)| what.into()).collect()
    }

    fn away(&self) -> impl Iterator<Item = &core::PodAffinityTerm> {
        let affinity = self.pod.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        affinity
            .and_then(|pods| pods.required_during_scheduling_ignored_during_execution.as_ref())
            .into_iter()
            .flatten()
    }

    /// Of labels of one revision only (`matchLabelKeys`) it depends on the pod which others count.
    fn about(&self, term: &core::PodAffinityTerm) -> About {
        let keys = [&term.match_label_keys, &term.mismatch_label_keys];
        if keys.into_iter().flatten().any(|keys| !keys.is_empty()) {
            return About::Unjudged;
        }
        // No namespace at all is the own one, an empty selector is every one.
        let listed = term.namespaces.iter().flatten().any(|namespace| namespace == self.namespace);
        let none_listed = term.namespaces.as_ref().is_none_or(Vec::is_empty);
        let is_here = match &term.namespace_selector {
            None => listed || none_listed,
            Some(selector) if *selector == Default::default() => true,
            Some(_) if listed => true,
            Some(_) => return About::Unjudged,
        };
        let selector = term.label_selector.as_ref().and_then(selector_of);
        if is_here && selector.is_some_and(|selector| selector.matches(&self.labels)) {
            About::Itself
        } else {
            About::Others
        }
    }

    fn constraints(&self) -> impl Iterator<Item = &core::TopologySpreadConstraint> {
        let all = self.pod.topology_spread_constraints.iter().flatten();
        all.filter(|constraint| constraint.when_unsatisfiable == "DoNotSchedule")
    }

    fn counts_itself(&self, constraint: &core::TopologySpreadConstraint) -> bool {
        let selector = constraint.label_selector.as_ref().and_then(selector_of);
        constraint.match_label_keys.as_ref().is_none_or(Vec::is_empty)
            && selector.is_some_and(|selector| selector.matches(&self.labels))
    }

    fn has_host_ports(&self) -> bool {
        let of_host = self.pod.host_network.unwrap_or(false);
        let init = self.pod.init_containers.iter().flatten();
        // An ordinary init container has ended when the next pod comes, or nearly so: its ports are counted too.
        let mut ports = self.pod.containers.iter().chain(init).flat_map(|container| container.ports.iter().flatten());
        ports.any(|port| of_host || port.host_port.is_some_and(|port| port != 0))
    }

    fn has_claims(&self) -> bool {
        let mut volumes = self.pod.volumes.iter().flatten();
        self.has_claim_templates
            || volumes.any(|volume| volume.persistent_volume_claim.is_some() || volume.ephemeral.is_some())
    }
}

/// A toleration of what keeps pods away; none where it is of `PreferNoSchedule`, which does not.
fn toleration(toleration: &core::Toleration) -> Option<Toleration> {
    let effect = match toleration.effect.as_deref() {
        None | Some("") => None,
        Some(effect) => Some(effect_of(effect)?),
    };
    Some(Toleration {
        key: message(toleration.key.as_deref().unwrap_or_default()),
        operator: match toleration.operator.as_deref() {
            None | Some("" | "Equal") => TolerationOperator::Equal,
            Some("Exists") => TolerationOperator::Exists,
            Some(_) => TolerationOperator::Other,
        },
        value: message(toleration.value.as_deref().unwrap_or_default()),
        effect,
    })
}

/// What a taint does; none where it only advises.
pub fn effect_of(effect: &str) -> Option<Effect> {
    match effect {
        "NoSchedule" => Some(Effect::NoSchedule),
        "NoExecute" => Some(Effect::NoExecute),
        _ => None,
    }
}

fn term(term: &core::NodeSelectorTerm) -> NodeTerm {
    let all = |requirements: &Option<Vec<core::NodeSelectorRequirement>>| {
        requirements.iter().flatten().map(requirement).collect()
    };
    NodeTerm { expressions: all(&term.match_expressions), fields: all(&term.match_fields) }
}

fn requirement(requirement: &core::NodeSelectorRequirement) -> Requirement {
    Requirement {
        key: message(&requirement.key),
        operator: match requirement.operator.as_str() {
            "In" => NodeOperator::In,
            "NotIn" => NodeOperator::NotIn,
            "Exists" => NodeOperator::Exists,
            "DoesNotExist" => NodeOperator::DoesNotExist,
            "Gt" => NodeOperator::Gt,
            "Lt" => NodeOperator::Lt,
            _ => NodeOperator::Other,
        },
        values: requirement.values.iter().flatten().map(|value| message(value)).collect(),
    }
}
