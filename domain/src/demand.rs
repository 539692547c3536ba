//! How much one pod of a template comes to: its containers, init containers and sidecars, as Kubernetes adds them up.

use std::collections::BTreeSet;
use std::sync::Arc;

mod asked;

pub(crate) use asked::{Asked, asked};

use crate::facts::TemplateFacts;
use crate::guard::facts::{InitContainer, LimitRange, Resources, Workload};
use crate::quantity::Quantity;

/// What every node says that it offers; a limit range can make a pod ask for it that does not name it.
pub(crate) const BASIC: [&str; 2] = ["cpu", "memory"];

/// A pod of a template, with the defaults that it would be given.
pub(crate) struct Pod<'a> {
    containers: Vec<(&'a str, &'a Resources)>,
    init_containers: &'a [InitContainer],
    overhead: &'a [(Arc<str>, Quantity)],
    has_pod_resources: bool,
    has_runtime_class: bool,
    limits: &'a [LimitRange],
}

/// Which of the two amounts of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Limit,
}

impl<'a> Pod<'a> {
    /// A pod of a workload that is judged before an operation.
    pub(crate) fn of_workload(workload: &'a Workload, limits: &'a [LimitRange]) -> Self {
        let containers = workload.containers.iter().map(|container| (&*container.name, &container.resources));
        Self {
            containers: containers.collect(),
            init_containers: &workload.init_containers,
            overhead: &workload.overhead,
            has_pod_resources: workload.has_pod_resources,
            has_runtime_class: workload.runtime_class.is_some(),
            limits,
        }
    }

    /// A pod of a workload that is watched.
    pub(crate) fn of_template(template: &'a TemplateFacts, limits: &'a [LimitRange]) -> Self {
        let containers = template.containers.iter().map(|(name, resources)| (&**name, resources));
        Self {
            containers: containers.collect(),
            init_containers: &template.init_containers,
            overhead: &template.overhead,
            has_pod_resources: template.has_pod_resources,
            has_runtime_class: template.has_runtime_class,
            limits,
        }
    }

    /// The limit ranges that it comes under.
    pub(crate) fn limits(&self) -> &'a [LimitRange] {
        self.limits
    }

    /// Every container, init containers last, with its name.
    pub(crate) fn containers(&self) -> impl Iterator<Item = (&'a str, &'a Resources)> {
        let init = self.init_containers.iter().map(|container| (&*container.name, &container.resources));
        self.containers.iter().copied().chain(init)
    }

    /// The most that all of its containers together come to at any time; what says nothing comes to nothing. None where no
    /// container says anything.
    /// <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers>
    pub(crate) fn together(&self, side: Side, resource: &str) -> Option<i64> {
        self.containers().find_map(|(_, own)| self.of(side, own, resource))?;
        let of = |own: &Resources| self.of(side, own, resource).unwrap_or(0);
        let (mut sidecars, mut starting) = (0i64, 0i64);
        for container in self.init_containers {
            let own = of(&container.resources);
            if container.sidecar {
                sidecars = sidecars.saturating_add(own);
            } else {
                // One after the other, each beside the sidecars that began before it.
                starting = starting.max(sidecars.saturating_add(own));
            }
        }
        let containers = self.containers.iter().map(|(_, own)| of(own));
        Some(containers.fold(sidecars, i64::saturating_add).max(starting))
    }

    /// What a node must offer to it, by resource, as far as its template or its defaults say.
    pub(crate) fn size(&self) -> Vec<(&'a str, i64)> {
        let named = self.containers().flat_map(|(_, own)| own.requests.iter().chain(&own.limits));
        let named = named.chain(self.overhead).map(|(resource, _)| &**resource);
        let resources: BTreeSet<&str> = BASIC.into_iter().chain(named).collect();
        let size =
            |resource| self.together(Side::Request, resource).unwrap_or(0).saturating_add(self.overhead(resource));
        resources.into_iter().map(|resource| (resource, size(resource))).filter(|(_, milli)| *milli > 0).collect()
    }

    /// Why the sum of its containers is not what Kubernetes counts.
    pub(crate) fn unsummed(&self) -> Option<&'static str> {
        self.has_pod_resources.then_some("it has resources as a whole")
    }

    /// Why what comes on top of its containers is not known. A class adds the overhead when the pod is made; where the template has
    /// one, it must be the same.
    pub(crate) fn unweighed(&self) -> Option<&'static str> {
        (self.has_runtime_class && self.overhead.is_empty()).then_some("its RuntimeClass is not read")
    }

    /// What comes on top of its containers: <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-overhead/>
    pub(crate) fn overhead(&self, resource: &str) -> i64 {
        milli(self.overhead, resource).unwrap_or(0)
    }

    /// What a container has of a resource, by itself or by default.
    pub(crate) fn of(&self, side: Side, own: &Resources, resource: &str) -> Option<i64> {
        let limit = milli(&own.limits, resource);
        match side {
            Side::Limit => limit.or_else(|| self.default(resource, |range| &range.default_limit)),
            // A container with a limit and no request asks for its limit, before any default counts.
            // <https://kubernetes.io/docs/concepts/policy/limit-range/>
            Side::Request => milli(&own.requests, resource)
                .or(limit)
                .or_else(|| self.default(resource, |range| &range.default_request))
                .or_else(|| self.default(resource, |range| &range.default_limit)),
        }
    }

    fn default(&self, resource: &str, of: impl Fn(&LimitRange) -> &Vec<(Arc<str>, Quantity)>) -> Option<i64> {
        self.limits.iter().find_map(|range| milli(of(range), resource))
    }
}

/// The amount of a resource, in thousandths.
pub(crate) fn milli(amounts: &[(Arc<str>, Quantity)], resource: &str) -> Option<i64> {
    amounts.iter().find(|(name, _)| **name == *resource).map(|(_, amount)| amount.milli())
}

/// How many pods a number or a share of them is: `2`, `50%`. Shares are rounded up.
/// <https://kubernetes.io/docs/tasks/run-application/configure-pdb/#rounding-logic-when-specifying-percentages>
pub(crate) fn share(text: &str, pods: u32) -> Option<u32> {
    match text.strip_suffix('%') {
        Some(percent) => {
            let of_hundred = percent.parse::<u64>().ok()?.checked_mul(u64::from(pods))?;
            u32::try_from(of_hundred.div_ceil(100)).ok()
        }
        None => text.parse().ok(),
    }
}
