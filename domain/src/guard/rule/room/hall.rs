//! The nodes with the pods on them, as the scheduler sees them by the workload's own constraints.

use std::collections::{BTreeMap, BTreeSet};

use super::ground::{Ground, Site, Verdict};
use crate::guard::facts::{Node, Spread, Workload};

/// More are not placed one by one: where so many fit, the nodes are not what is short.
pub(super) const MOST: u32 = 1_000;

const HOSTNAME: &str = "kubernetes.io/hostname";

pub(super) struct Hall<'a> {
    sites: &'a [Site<'a>],
    /// The keys of the anti-affinity, and their domains that hold a pod.
    apart: Vec<(&'a str, BTreeSet<&'a str>)>,
    /// The constraints, and the pods of each domain that counts.
    /// <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>
    spread: Vec<(&'a Spread, BTreeMap<&'a str, u32>)>,
}

impl<'a> Hall<'a> {
    pub(super) fn new<'p>(workload: &'a Workload, ground: &'a Ground<'a>, pods: impl Iterator<Item = &'p str>) -> Self {
        let sites = &*ground.sites;
        // A node without one of the keys counts for none of them.
        let has_keys = |node: &Node| workload.spread.iter().all(|spread| domain(node, &spread.key).is_some());
        let domains = |spread: &'a Spread| {
            let eligible = sites.iter().filter(|site| counts(site, spread) && has_keys(site.node));
            (spread, eligible.filter_map(|site| domain(site.node, &spread.key)).map(|name| (name, 0)).collect())
        };
        let mut hall = Self {
            sites,
            apart: workload.anti_affinity.iter().map(|key| (&**key, BTreeSet::new())).collect(),
            spread: workload.spread.iter().map(domains).collect(),
        };
        for pod in pods {
            // A pod on a node that is not listed takes no place of another.
            if let Some(site) = sites.iter().find(|site| *site.node.name == *pod) {
                hall.place(site);
            }
        }
        hall
    }

    fn place(&mut self, site: &'a Site<'a>) {
        for (key, taken) in &mut self.apart {
            taken.extend(domain(site.node, key));
        }
        for (spread, pods) in &mut self.spread {
            let counted = domain(site.node, &spread.key).filter(|_| counts(site, spread));
            if let Some(pods) = counted.and_then(|name| pods.get_mut(name)) {
                *pods += 1;
            }
        }
    }

    /// Finds nodes for so many pods, and says for how many it found one.
    pub(super) fn seat(&mut self, pods: u32) -> u32 {
        let sites = self.sites;
        let mut seated = 0;
        while seated < pods.min(MOST) {
            let best = sites.iter().filter(|site| self.takes(site)).min_by_key(|site| self.crowd(site.node));
            let Some(site) = best else { break };
            self.place(site);
            seated += 1;
        }
        seated
    }

    fn takes(&self, site: &Site<'_>) -> bool {
        let node = site.node;
        site.verdict == Verdict::Open
            && self.apart.iter().all(|(key, taken)| domain(node, key).is_some_and(|name| !taken.contains(name)))
            && self.spread.iter().all(|(spread, pods)| {
                let is_few = u32::try_from(pods.len()).is_ok_and(|domains| domains < spread.min_domains);
                let fewest = if is_few { 0 } else { pods.values().min().copied().unwrap_or(0) };
                let here = domain(node, &spread.key).and_then(|name| pods.get(name));
                here.is_some_and(|here| *here < fewest.saturating_add(spread.skew))
            })
    }

    /// How many pods its domains hold already: the emptiest come first, so that the skew stays small.
    fn crowd(&self, node: &Node) -> u32 {
        self.spread.iter().filter_map(|(spread, pods)| pods.get(domain(node, &spread.key)?)).sum()
    }
}

/// Whether a node counts for a constraint.
fn counts(site: &Site<'_>, spread: &Spread) -> bool {
    (site.fits || !spread.honors_affinity) && (site.tolerated || !spread.honors_taints)
}

/// The domain a node is in, by a topology key.
fn domain<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    let label = node.labels.iter().find(|(name, _)| **name == *key).map(|(_, value)| &**value);
    label.or_else(|| (key == HOSTNAME).then_some(&*node.name))
}
