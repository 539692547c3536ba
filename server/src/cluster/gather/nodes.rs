//! Nodes, as far as a template asks about them: they are many, and their objects are large.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::guard::facts::{Known, Node, Taint, Workload};
use k8s_openapi::api::core::v1 as core;
use kube::api::ListParams;
use kube::{Api, Client};

use super::super::project::message;
use super::scheduling::effect_of;
use super::{amounts, ask, known, name_of};

/// What is asked of each node.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The keys of the labels that the template names.
    labels: BTreeSet<Arc<str>>,
    /// The resources that it names.
    resources: BTreeSet<Arc<str>>,
}

/// Resources that limit ranges make a pod ask for which does not name them.
const BASIC: [&str; 2] = ["cpu", "memory"];

impl Asked {
    /// What a template names.
    pub fn by(workload: &Workload) -> Self {
        let scheduling = &workload.scheduling;
        let selector = scheduling.node_selector.iter().map(|(key, _)| key);
        let terms = scheduling.node_affinity.iter().flatten();
        let affinity = terms.flat_map(|term| &term.expressions).map(|wanted| &wanted.key);
        let topology = workload.anti_affinity.iter().chain(workload.spread.iter().map(|spread| &spread.key));
        let containers = workload.containers.iter().map(|container| &container.resources);
        let all = containers.chain(workload.init_containers.iter().map(|container| &container.resources));
        let named = all.flat_map(|own| own.requests.iter().chain(&own.limits)).chain(&workload.overhead);
        Self {
            labels: selector.chain(affinity).chain(topology).cloned().collect(),
            resources: named.map(|(resource, _)| resource.clone()).chain(BASIC.map(Arc::from)).collect(),
        }
    }
}

/// All nodes.
pub async fn read(client: &Client, asked: &Asked) -> Known<Vec<Node>> {
    let api: Api<core::Node> = Api::all(client.clone());
    let all = ListParams::default();
    let answer = ask("listing nodes", || api.list(&all)).await;
    known(answer.map(|list| list.items.iter().map(|node| facts(node, asked)).collect()))
}

/// What the guard reads of a node.
pub fn facts(node: &core::Node, asked: &Asked) -> Node {
    let spec = node.spec.as_ref();
    let status = node.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let taints = spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let labels = node.metadata.labels.iter().flatten().map(|(key, value)| (message(key), message(value)));
    Node {
        name: name_of(&node.metadata),
        labels: labels.filter(|(key, _)| asked.labels.contains(key)).collect(),
        ready: conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"),
        cordoned: spec.and_then(|spec| spec.unschedulable).unwrap_or(false),
        taints: taints
            .iter()
            .filter_map(|taint| {
                let value = message(taint.value.as_deref().unwrap_or_default());
                Some(Taint { key: message(&taint.key), value, effect: effect_of(&taint.effect)? })
            })
            .collect(),
        allocatable: status
            .map(|status| amounts(&status.allocatable))
            .unwrap_or_default()
            .into_iter()
            .filter(|(resource, _)| asked.resources.contains(resource))
            .collect(),
    }
}
