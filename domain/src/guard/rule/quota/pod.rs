//! What one pod asks for.

use std::fmt;
use std::sync::Arc;

use crate::guard::facts::{Container, LimitRange};
use crate::guard::rule::shown;
use crate::name::WorkloadKind;
use crate::quantity::Quantity;

/// A pod of the template, with the defaults that it would be given.
pub(super) struct Pod<'a> {
    pub(super) containers: &'a [Container],
    pub(super) limits: &'a [LimitRange],
    /// What each replica of a StatefulSet stores.
    pub(super) storage: Option<i64>,
}

/// How much of a resource.
pub(super) enum Asked<'a> {
    /// It is none of pods.
    Nothing,
    /// So much, in thousandths.
    Each(i64),
    /// A container that says nothing, of what must be said.
    Unset(&'a str),
    /// Facts do not tell.
    NotKnown,
}

impl<'a> Pod<'a> {
    /// How much a pod asks for of what a quota bounds.
    /// <https://kubernetes.io/docs/concepts/policy/resource-quotas/#compute-resource-quota>
    pub(super) fn asks(&self, resource: &str, kind: WorkloadKind) -> Asked<'a> {
        let is_stateful = kind == WorkloadKind::StatefulSet;
        match resource {
            "pods" | "count/pods" => Asked::Each(1000),
            "limits.cpu" => self.sum(|container| self.limit(container, "cpu")),
            "limits.memory" => self.sum(|container| self.limit(container, "memory")),
            "cpu" | "requests.cpu" => self.sum(|container| self.request(container, "cpu")),
            "memory" | "requests.memory" => self.sum(|container| self.request(container, "memory")),
            "requests.storage" if is_stateful => self.storage.map_or(Asked::NotKnown, Asked::Each),
            "persistentvolumeclaims" if is_stateful => self.storage.map_or(Asked::NotKnown, |_| Asked::Each(1000)),
            "requests.storage" | "persistentvolumeclaims" => Asked::Nothing,
            _ if resource.contains(".storageclass.storage.k8s.io/") && !is_stateful => Asked::Nothing,
            _ if ["requests.", "limits.", "hugepages-"].iter().any(|start| resource.starts_with(start)) => {
                Asked::NotKnown
            }
            _ if resource == "ephemeral-storage" || resource.contains(".storageclass.storage.k8s.io/") => {
                Asked::NotKnown
            }
            // Services, Secrets and other objects.
            _ => Asked::Nothing,
        }
    }

    fn sum(&self, of: impl Fn(&'a Container) -> Option<i64>) -> Asked<'a> {
        let mut sum: i64 = 0;
        for container in self.containers {
            match of(container) {
                Some(milli) => sum = sum.saturating_add(milli),
                None => return Asked::Unset(&container.name),
            }
        }
        Asked::Each(sum)
    }

    fn limit(&self, container: &Container, resource: &str) -> Option<i64> {
        let (_, own) = own(container, resource);
        own.map(Quantity::milli).or_else(|| self.default(resource, |range| &range.default_limit))
    }

    /// A container with a limit and no request asks for its limit, before any default counts.
    /// <https://kubernetes.io/docs/concepts/policy/limit-range/>
    fn request(&self, container: &Container, resource: &str) -> Option<i64> {
        let (request, limit) = own(container, resource);
        let own = request.or(limit).map(Quantity::milli);
        own.or_else(|| self.default(resource, |range| &range.default_request))
            .or_else(|| self.default(resource, |range| &range.default_limit))
    }

    fn default(&self, resource: &str, of: impl Fn(&LimitRange) -> &Vec<(Arc<str>, Quantity)>) -> Option<i64> {
        self.limits.iter().find_map(|range| milli(of(range), resource))
    }
}

/// Request and limit.
fn own<'a>(container: &'a Container, resource: &str) -> (Option<&'a Quantity>, Option<&'a Quantity>) {
    match resource {
        "cpu" => (container.cpu_request.as_ref(), container.cpu_limit.as_ref()),
        _ => (container.memory_request.as_ref(), container.memory_limit.as_ref()),
    }
}

fn milli(amounts: &[(Arc<str>, Quantity)], resource: &str) -> Option<i64> {
    amounts.iter().find(|(name, _)| **name == *resource).map(|(_, amount)| amount.milli())
}

/// Where containers ask for more or less than a limit range allows: its name and a sentence.
pub(super) fn outside<'a>(containers: &[Container], limits: &'a [LimitRange]) -> Vec<(&'a str, String)> {
    let mut found = Vec::new();
    for range in limits {
        for container in containers {
            for resource in ["cpu", "memory"] {
                let (request, limit) = own(container, resource);
                let (named, name) = (shown(&range.name), shown(&container.name));
                let amount = |milli| Amount { resource, milli };
                if let (Some(limit), Some(most)) = (limit.or(request), milli(&range.most, resource))
                    && limit.milli() > most
                {
                    let (has, most) = (amount(limit.milli()), amount(most));
                    let text = format!(
                        "{name} asks for {resource} {has}, and LimitRange {named} allows {most}: its pods are refused"
                    );
                    found.push((&*range.name, text));
                }
                if let (Some(request), Some(least)) = (request.or(limit), milli(&range.least, resource))
                    && request.milli() < least
                {
                    let (has, least) = (amount(request.milli()), amount(least));
                    let text = format!(
                        "{name} asks for {resource} {has}, and LimitRange {named} wants {least}: its pods are refused"
                    );
                    found.push((&*range.name, text));
                }
            }
        }
    }
    found
}

/// An amount as people write it: `1.5` and `500m` of CPU are 1.5 and 0.5, bytes are `Gi` or `Mi`.
pub(super) struct Amount<'a> {
    pub(super) resource: &'a str,
    pub(super) milli: i64,
}

impl fmt::Display for Amount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_bytes = self.resource.contains("memory") || self.resource.contains("storage");
        let units: &[(f64, &str)] =
            if is_bytes { &[(1_073_741_824.0, "Gi"), (1_048_576.0, "Mi"), (1024.0, "Ki")] } else { &[] };
        let amount = self.milli as f64 / 1000.0;
        let (size, unit) = units.iter().find(|(size, _)| amount.abs() >= *size).copied().unwrap_or((1.0, ""));
        let text = format!("{:.2}", amount / size);
        write!(f, "{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
    }
}
