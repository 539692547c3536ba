//! Nodes for the pods that come, where pods keep away from each other.

use std::collections::{BTreeMap, BTreeSet};

use super::super::facts::{Known, Node, Pod, Strategy, Workload};
use super::super::{Case, Level, Line};
use super::{Rule, count};
use crate::facts::Phase;
use crate::operation::Operation;

/// More are not placed one by one: where so many fit, the nodes are not what is short.
const MOST: u32 = 1_000;

const HOSTNAME: &str = "kubernetes.io/hostname";

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let Some((workload, _)) = case.workload().filter(|(workload, _)| case.needs_room(workload)) else {
        return Vec::new();
    };
    let (nodes, at) = match &case.facts.nodes {
        Known::Unread(why) => return case.unknown(Rule::Room, "whether there are nodes for its pods is", why, "nodes"),
        Known::Read { value, at } => (value, *at),
    };
    let pods = match &case.facts.pods {
        Known::Unread(why) => return case.unknown(Rule::Room, "which nodes its pods are on is", why, "pods"),
        Known::Read { value, .. } => value,
    };
    let gone = match case.operation {
        Operation::RestartPod { pod } => Some(pod),
        Operation::Restart | Operation::RollBack { .. } | Operation::Scale { .. } | Operation::ScaleRange { .. } => {
            None
        }
    };
    let live = pods.iter().filter(|pod| Some(&pod.name) != gone && !is_over(pod));
    let (placed, waiting): (Vec<&Pod>, Vec<&Pod>) = live.partition(|pod| !pod.node.is_empty());
    let mut hall = Hall::new(workload, nodes, placed.iter().map(|pod| &*pod.node));
    // Whoever waits for a node already takes the first.
    let waiting = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
    let starved = hall.seat(waiting) < waiting;
    let say = |level, text: String| vec![case.line(Rule::Room, level, text, "nodes", Some(at))];
    let why = if workload.anti_affinity.is_some() { "its pods share no node" } else { "its pods are spread evenly" };
    let mut free = |wanted: u32| if starved { 0 } else { hall.seat(wanted) };
    match case.operation {
        Operation::RestartPod { .. } => match free(1) {
            0 => say(Level::Red, format!("no node would take the pod again: {why}")),
            _ => say(Level::Green, "a node takes the pod again".to_owned()),
        },
        Operation::Restart | Operation::RollBack { .. } => match (free(1), workload.strategy) {
            (0, Strategy::Rolling { unavailable: 0, .. }) => {
                say(Level::Red, format!("no spare node: {why}, so the rollout would stand still"))
            }
            (0, Strategy::Rolling { .. } | Strategy::Partitioned(_) | Strategy::Recreate | Strategy::OnDelete) => {
                say(Level::Amber, format!("no spare node: {why}, so each new pod waits until an old one has ended"))
            }
            _ => say(Level::Green, format!("a spare node takes the pod that comes first: {why}")),
        },
        Operation::Scale { .. } => {
            let more = case.more_pods(workload);
            match free(more) {
                free if free >= more.min(MOST) => say(Level::Green, has_room(free, more)),
                free => say(Level::Red, format!("{}: {why}", has_room(free, more))),
            }
        }
        Operation::ScaleRange { min, max } => {
            let fewest = min.saturating_sub(workload.existing);
            let most = max.saturating_sub(workload.existing);
            match free(most) {
                free if free < fewest.min(MOST) => {
                    say(Level::Red, format!("{} at least: {why}", has_room(free, fewest)))
                }
                free if free < most.min(MOST) => say(Level::Amber, format!("{} at most: {why}", has_room(free, most))),
                free => say(Level::Green, format!("{} at most", has_room(free, most))),
            }
        }
    }
}

fn has_room(seated: u32, pods: u32) -> String {
    let least = if seated == MOST && pods > MOST { "at least " } else { "" };
    let pods = count(pods, "new pod");
    if seated == 0 {
        format!("no node has room for {pods}")
    } else {
        format!("the nodes have room for {least}{seated} of {pods}")
    }
}

/// Whether a pod has ended, and takes no place.
fn is_over(pod: &Pod) -> bool {
    match pod.facts.phase {
        Phase::Succeeded | Phase::Failed => true,
        Phase::Pending | Phase::Running | Phase::Unknown => false,
    }
}

/// The nodes with the pods on them, as the scheduler sees them by the workload's own constraints.
struct Hall<'a> {
    nodes: &'a [Node],
    /// The key of the anti-affinity, and its domains that hold a pod.
    apart: Option<(&'a str, BTreeSet<&'a str>)>,
    /// Key, skew and pods of each domain.
    /// <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>
    spread: Vec<(&'a str, u32, BTreeMap<&'a str, u32>)>,
}

impl<'a> Hall<'a> {
    fn new<'p>(workload: &'a Workload, nodes: &'a [Node], pods: impl Iterator<Item = &'p str>) -> Self {
        let domains = |key: &str| nodes.iter().filter_map(|node| domain(node, key)).map(|name| (name, 0)).collect();
        let mut hall = Self {
            nodes,
            apart: workload.anti_affinity.as_deref().map(|key| (key, BTreeSet::new())),
            spread: workload.spread.iter().map(|(key, skew)| (&**key, *skew, domains(key))).collect(),
        };
        for pod in pods {
            // A pod on a node that is not listed takes no place of another.
            if let Some(node) = nodes.iter().find(|node| *node.name == *pod) {
                hall.place(node);
            }
        }
        hall
    }

    fn place(&mut self, node: &'a Node) {
        if let Some((key, taken)) = &mut self.apart {
            taken.extend(domain(node, key));
        }
        for (key, _, pods) in &mut self.spread {
            if let Some(name) = domain(node, key) {
                *pods.entry(name).or_default() += 1;
            }
        }
    }

    /// Finds nodes for so many pods, and says for how many it found one.
    fn seat(&mut self, pods: u32) -> u32 {
        let mut seated = 0;
        while seated < pods.min(MOST) {
            let best = self.nodes.iter().filter(|node| self.takes(node)).min_by_key(|node| self.crowd(node));
            let Some(node) = best else { break };
            self.place(node);
            seated += 1;
        }
        seated
    }

    fn takes(&self, node: &Node) -> bool {
        let is_apart =
            self.apart.as_ref().is_none_or(|(key, taken)| domain(node, key).is_some_and(|name| !taken.contains(name)));
        node.takes_pods
            && is_apart
            && self.spread.iter().all(|(key, skew, pods)| {
                let fewest = pods.values().min().copied().unwrap_or(0);
                let here = domain(node, key).and_then(|name| pods.get(name));
                here.is_some_and(|here| *here < fewest.saturating_add(*skew))
            })
    }

    /// How many pods its domains hold already: the emptiest come first, so that the skew stays small.
    fn crowd(&self, node: &Node) -> u32 {
        self.spread.iter().filter_map(|(key, _, pods)| pods.get(domain(node, key)?)).sum()
    }
}

/// The domain a node is in, by a topology key.
fn domain<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    let label = node.topology.iter().find(|(name, _)| **name == *key).map(|(_, value)| &**value);
    label.or_else(|| (key == HOSTNAME).then_some(&*node.name))
}
