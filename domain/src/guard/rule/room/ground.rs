//! The nodes that the pods of a workload may run on, and why not on the others.

use super::may::{all, fits, passes_cordon, tolerates, tolerations};
use crate::guard::facts::{Node, Workload};
use crate::name::WorkloadKind;

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
    NotKnown,
}

/// All of them.
pub(super) struct Ground<'a> {
    pub(super) sites: Vec<Site<'a>>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(workload: &Workload, kind: WorkloadKind, nodes: &'a [Node]) -> Self {
        let scheduling = &workload.scheduling;
        let tolerations = tolerations(scheduling, kind);
        let site = |node: &'a Node| {
            let (fits, tolerated) = (fits(scheduling, node), tolerates(&tolerations, node));
            let passes = passes_cordon(&tolerations, node);
            let verdict = match (fits, passes, tolerated) {
                (Some(false), _, _) => Verdict::OtherLabels,
                (_, Some(false), _) => Verdict::Cordoned,
                // Kubernetes taints it, and nothing would begin on it.
                _ if !node.ready => Verdict::NotReady,
                (_, _, Some(false)) => Verdict::Tainted,
                _ if all([fits, passes, tolerated].into_iter()).is_none() => Verdict::NotKnown,
                _ => Verdict::Open,
            };
            Site { node, fits: fits.unwrap_or(false), tolerated: tolerated.unwrap_or(false), verdict }
        };
        Self { sites: nodes.iter().map(site).collect() }
    }

    /// How many nodes there are.
    pub(super) fn all(&self) -> usize {
        self.sites.len()
    }

    /// How many have this verdict.
    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.sites.iter().filter(|site| site.verdict == verdict).count()
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
