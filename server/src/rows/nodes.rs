//! The nodes of a cluster, and the pods that are judged again when one of them turns.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::facts::NodeFacts;
use domain::health;
use domain::name::ClusterId;

use super::environment::share;
use super::pods::{Entry, RowId};
use super::{Kind, State};

/// What is held of a cluster's nodes.
#[derive(Default)]
pub struct Nodes {
    known: BTreeMap<Arc<str>, NodeFacts>,
    uids: HashMap<Arc<str>, u128>,
    unread: BTreeSet<Arc<str>>,
    /// Whether nodes may not be read any more: what was told of them before is not the present.
    is_forbidden: bool,
    /// Nodes of which something new is known, and whose pods wait to be judged again.
    touched: BTreeSet<Arc<str>>,
}

impl Nodes {
    /// All that is known, by name.
    pub fn known(&self) -> Option<&BTreeMap<Arc<str>, NodeFacts>> {
        (!self.is_forbidden).then_some(&self.known)
    }

    /// What is known of a node.
    pub fn get(&self, name: &str) -> Option<&NodeFacts> {
        self.known()?.get(name)
    }

    /// Whether what is told of one of them cannot be read.
    pub fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// A node is there, new or changed.
    pub fn put(&mut self, name: Arc<str>, uid: u128, facts: NodeFacts) {
        self.unread.remove(&name);
        self.uids.insert(name.clone(), uid);
        // A heartbeat changes nothing that is read, and a node that is as it should be says nothing of its pods.
        let matters = match self.known.get(&name) {
            Some(before) => *before != facts,
            None => health::is_node_of_note(&facts),
        };
        if matters {
            self.touched.insert(name.clone());
        }
        self.known.insert(name, facts);
    }

    /// A node is there, and what is told of it cannot be read.
    pub fn put_unread(&mut self, name: Arc<str>, uid: u128) {
        self.forget(&name);
        if uid != 0 {
            self.uids.insert(name.clone(), uid);
        }
        self.unread.insert(name);
    }

    /// The node with this uid was deleted.
    pub fn remove(&mut self, name: &Arc<str>, uid: u128) {
        if self.uids.get(name).is_none_or(|held| *held == uid) {
            self.forget(name);
        }
    }

    /// All others are gone.
    pub fn keep_only(&mut self, is_there: impl Fn(&Arc<str>) -> bool) {
        let gone: Vec<Arc<str>> =
            self.known.keys().chain(&self.unread).filter(|name| !is_there(name)).cloned().collect();
        gone.iter().for_each(|name| self.forget(name));
    }

    fn forget(&mut self, name: &Arc<str>) {
        self.uids.remove(name);
        self.unread.remove(name);
        if self.known.remove(name).is_some() {
            self.touched.insert(name.clone());
        }
    }
}

impl State {
    /// What is held of a cluster's nodes.
    pub fn nodes_of(&mut self, cluster: &ClusterId) -> &mut Nodes {
        self.nodes.entry(cluster.clone()).or_default()
    }

    /// Takes in whether a cluster's nodes may be read.
    pub fn trust_nodes(&mut self, cluster: &ClusterId) {
        let source = self.sources.iter().find(|(id, _)| id == cluster);
        let is_forbidden = source.is_some_and(|(_, source)| source.may_not_read_cluster(Kind::Node));
        let nodes = self.nodes_of(cluster);
        if nodes.is_forbidden != is_forbidden {
            nodes.is_forbidden = is_forbidden;
            nodes.touched.extend(nodes.known.keys().cloned());
        }
    }

    /// Judges again what runs on nodes that turned: one pass over all pods, however many nodes there are. `now` is seconds
    /// since 1970.
    pub fn judge_pods_of_turned_nodes(&mut self, now: i64) {
        if self.nodes.values().all(|nodes| nodes.touched.is_empty()) {
            return;
        }
        let Self { environments, pods, nodes, texts, .. } = self;
        let is_on_one = |entry: &Entry| {
            let nodes = nodes.get(&environments[entry.environment].cluster);
            nodes.is_some_and(|nodes| nodes.touched.contains(&entry.row.node))
        };
        let there: Vec<RowId> = pods.iter().filter(|(_, entry)| is_on_one(entry)).map(|(id, _)| id).collect();
        for id in there {
            let Some(entry) = pods.get(id) else { continue };
            let environment = &mut environments[entry.environment];
            let node = nodes.get(&environment.cluster).and_then(|nodes| nodes.get(&entry.row.node));
            let status = entry.judged(node, now);
            environment.dirty = true;
            if let Some(component) = entry.component.and_then(|place| environment.components.get_mut(place)) {
                component.dirty = true;
            }
            if entry.row.status != status {
                let status = share(texts, status);
                pods.change(id, |entry| entry.row.status = status);
            }
        }
        nodes.values_mut().for_each(|nodes| nodes.touched.clear());
    }
}
