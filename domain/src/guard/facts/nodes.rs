//! Nodes, and what a template says of those that its pods may run on.

use std::sync::Arc;

use crate::quantity::Quantity;

/// A node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    /// Its name.
    pub name: Arc<str>,
    /// Its labels that the template names, with their values.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// Whether it is ready.
    pub ready: bool,
    /// `spec.unschedulable`.
    pub cordoned: bool,
    /// Its taints that keep pods away; `PreferNoSchedule` only advises.
    pub taints: Vec<Taint>,
    /// `status.allocatable` of what the template asks for: what it offers to all of its pods together.
    pub allocatable: Vec<(Arc<str>, Quantity)>,
}

/// A taint of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taint {
    /// Its key.
    pub key: Arc<str>,
    /// Its value; may be empty.
    pub value: Arc<str>,
    /// What it does.
    pub effect: Effect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// They do not come.
    NoSchedule,
    /// They do not come, and those that are there are evicted.
    NoExecute,
}

/// A toleration of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toleration {
    /// The key of the taints; empty: all keys.
    pub key: Arc<str>,
    /// How `value` is meant.
    pub operator: TolerationOperator,
    /// The value of the taints.
    pub value: Arc<str>,
    /// The effect of the taints; none: all effects.
    pub effect: Option<Effect>,
}

/// How the value of a toleration is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TolerationOperator {
    /// The value is the same.
    Equal,
    /// Any value.
    Exists,
    /// One that is not known here.
    Other,
}

/// What the template says of the nodes that its pods may run on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scheduling {
    /// Who places its pods, where it is not the scheduler that everything here is about: `nodeName node-1`.
    pub placed_by: Option<Arc<str>>,
    /// `nodeSelector`: labels that a node must have.
    pub node_selector: Vec<(Arc<str>, Arc<str>)>,
    /// The terms of the required `nodeAffinity`, of which a node must match one; none: it asks for nothing.
    pub node_affinity: Option<Vec<NodeTerm>>,
    /// `tolerations`.
    pub tolerations: Vec<Toleration>,
    /// What keeps pods away from nodes besides, and is not judged: `podAffinity`.
    pub unjudged: Vec<Arc<str>>,
    /// Whether its pods have claims, whose volumes may be tied to nodes. Where they are is not read.
    pub has_claims: bool,
}

/// A term of a node affinity. All of it must match; one that says nothing matches no node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeTerm {
    /// `matchExpressions`, over labels.
    pub expressions: Vec<Requirement>,
    /// `matchFields`, over `metadata.name`.
    pub fields: Vec<Requirement>,
}

/// A line of such a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Of a label, or `metadata.name`.
    pub key: Arc<str>,
    /// How it is compared.
    pub operator: NodeOperator,
    /// With what.
    pub values: Vec<Arc<str>>,
}

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeOperator {
    /// It is one of the values.
    In,
    /// It is none of them, or not there.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
    /// It is a whole number above the value.
    Gt,
    /// It is a whole number below the value.
    Lt,
    /// One that is not known here.
    Other,
}

/// A topology spread constraint with `DoNotSchedule` that counts the workload's own pods.
/// <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    /// `topologyKey`.
    pub key: Arc<str>,
    /// `maxSkew`.
    pub skew: u32,
    /// `minDomains`; with fewer domains the emptiest counts as empty.
    pub min_domains: u32,
    /// Whether nodes that the node affinity excludes count for nothing (`nodeAffinityPolicy`): so if nothing is said.
    pub honors_affinity: bool,
    /// Whether nodes whose taints it does not tolerate count for nothing (`nodeTaintsPolicy`): not if nothing is said.
    pub honors_taints: bool,
}
