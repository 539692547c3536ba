//! The nodes that the pods of a workload may run on, and why not on the others.

use super::may::{all, fits, passes_cordon, tolerates, tolerations};
use crate::demand::{BASIC, Pod, milli};
use crate::guard::facts::{Node, Scheduling};
use crate::name::WorkloadKind;
use crate::quantity::Amount;

/// A node, as the pods of one workload see it.
pub(super) struct Site<'a> {
    pub(super) node: &'a Node,
    /// Whether its labels are those that are asked for.
    pub(super) fits: bool,
    /// Whether its taints are tolerated.
    pub(super) tolerated: bool,
    /// What is between it and the pods.
    pub(super) verdict: Verdict,
}

/// Whether a pod may run on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Open,
    /// It has not the labels that the template asks for.
    OtherLabels,
    /// It has taints that the template does not tolerate.
    Tainted,
    Cordoned,
    NotReady,
    /// All that it offers to its pods is less than what one of these asks for.
    TooSmall,
    /// The template asks in a way that is not known here.
    NotKnown,
    /// It does not say how much it offers.
    SizeNotKnown,
}

/// All of them.
pub(super) struct Ground<'a> {
    pub(super) sites: Vec<Site<'a>>,
    /// What one pod asks for.
    size: Vec<(&'a str, i64)>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(pod: &Pod<'a>, scheduling: &Scheduling, kind: WorkloadKind, nodes: &'a [Node]) -> Self {
        let size = pod.size();
        let tolerations = tolerations(scheduling, kind);
        let site = |node: &'a Node| {
            let (fits, tolerated) = (fits(scheduling, node), tolerates(&tolerations, node));
            let (passes, offers) = (passes_cordon(&tolerations, node), offers(node, &size));
            let verdict = match (fits, passes, tolerated) {
                (Some(false), _, _) => Verdict::OtherLabels,
                (_, Some(false), _) => Verdict::Cordoned,
                // Kubernetes taints it, and nothing would begin on it.
                _ if !node.ready => Verdict::NotReady,
                (_, _, Some(false)) => Verdict::Tainted,
                _ if offers == Some(false) => Verdict::TooSmall,
                _ if all([fits, passes, tolerated].into_iter()).is_none() => Verdict::NotKnown,
                _ if offers.is_none() => Verdict::SizeNotKnown,
                _ => Verdict::Open,
            };
            Site { node, fits: fits.unwrap_or(false), tolerated: tolerated.unwrap_or(false), verdict }
        };
        Self { sites: nodes.iter().map(site).collect(), size }
    }

    /// How many nodes there are.
    pub(super) fn all(&self) -> usize {
        self.sites.len()
    }

    /// How many have this verdict.
    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.sites.iter().filter(|site| site.verdict == verdict).count()
    }

    /// Where nodes would run the pods if they were larger: how large the largest is.
    pub(super) fn too_small(&self) -> Option<String> {
        let small: Vec<&Node> =
            self.sites.iter().filter(|site| site.verdict == Verdict::TooSmall).map(|site| site.node).collect();
        if small.is_empty() {
            return None;
        }
        let of =
            if small.len() == self.all() { String::new() } else { format!(" of {} that it may run on", small.len()) };
        let largest = |resource| small.iter().filter_map(|node| milli(&node.allocatable, resource)).max().unwrap_or(0);
        let short = self.size.iter().map(|(resource, asked)| (*resource, *asked, largest(resource)));
        let short: Vec<String> = short
            .filter(|(_, asked, largest)| asked > largest)
            .map(|(resource, asked, largest)| {
                let largest = Amount { resource, milli: largest };
                format!("no node offers {} to one pod: the largest{of} has {largest}", amount(resource, asked))
            })
            .collect();
        if short.is_empty() {
            // Each is there, on different nodes.
            let all: Vec<String> = self.size.iter().map(|(resource, asked)| amount(resource, *asked)).collect();
            return Some(format!("no node offers {} together to one pod", all.join(" and ")));
        }
        Some(short.join("; "))
    }

    /// Why none is open: `3 have not the labels they ask for, 1 is cordoned`.
    pub(super) fn closed(&self) -> String {
        if self.sites.is_empty() {
            return "there is none".to_owned();
        }
        let reasons: [(Verdict, &str, &str); 4] = [
            (Verdict::OtherLabels, "has not the labels they ask for", "have not the labels they ask for"),
            (Verdict::Tainted, "has taints they do not tolerate", "have taints they do not tolerate"),
            (Verdict::Cordoned, "is cordoned", "are cordoned"),
            (Verdict::NotReady, "is not ready", "are not ready"),
        ];
        let parts: Vec<String> = reasons
            .into_iter()
            .filter_map(|(verdict, one, many)| match self.count(verdict) {
                0 => None,
                1 => Some(format!("1 {one}")),
                number => Some(format!("{number} {many}")),
            })
            .collect();
        parts.join(", ")
    }
}

/// Whether all that a node offers is enough for one pod; none: not known. What other pods have of it is not asked here.
fn offers(node: &Node, size: &[(&str, i64)]) -> Option<bool> {
    all(size.iter().map(|(resource, asked)| match milli(&node.allocatable, resource) {
        Some(offered) => Some(offered >= *asked),
        // Every node says how much CPU and memory it has, and of devices only those that it has.
        None if BASIC.contains(resource) => None,
        None => Some(false),
    }))
}

/// `4 CPU`, `8Gi of memory`, `1 of nvidia.com/gpu`.
fn amount(resource: &str, milli: i64) -> String {
    let amount = Amount { resource, milli };
    if resource == "cpu" { format!("{amount} CPU") } else { format!("{amount} of {resource}") }
}
