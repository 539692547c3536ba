//! What one pod takes of what a quota bounds.

use super::{Pod, Side};
use crate::name::WorkloadKind;

/// How much of a resource.
pub(crate) enum Asked<'a> {
    /// It is none of pods.
    Nothing,
    /// So much, in thousandths.
    Each(i64),
    /// A container that says nothing, of what must be said.
    Unset(&'a str),
    /// Facts do not tell, and why.
    NotKnown(Option<&'static str>),
}

/// How much a pod asks for of what a quota bounds; `storage` is what each replica of a StatefulSet stores.
/// <https://kubernetes.io/docs/concepts/policy/resource-quotas/#compute-resource-quota>
pub(crate) fn asked<'a>(pod: &Pod<'a>, resource: &str, kind: WorkloadKind, storage: Option<i64>) -> Asked<'a> {
    let is_stateful = kind == WorkloadKind::StatefulSet;
    match resource {
        "pods" | "count/pods" => Asked::Each(1000),
        "limits.cpu" => sum(pod, Side::Limit, "cpu"),
        "limits.memory" => sum(pod, Side::Limit, "memory"),
        "cpu" | "requests.cpu" => sum(pod, Side::Request, "cpu"),
        "memory" | "requests.memory" => sum(pod, Side::Request, "memory"),
        "requests.storage" if is_stateful => storage.map_or(Asked::NotKnown(None), Asked::Each),
        "persistentvolumeclaims" if is_stateful => storage.map_or(Asked::NotKnown(None), |_| Asked::Each(1000)),
        "requests.storage" | "persistentvolumeclaims" => Asked::Nothing,
        _ if resource.contains(".storageclass.storage.k8s.io/") && !is_stateful => Asked::Nothing,
        _ if ["requests.", "limits.", "hugepages-"].iter().any(|start| resource.starts_with(start)) => {
            Asked::NotKnown(None)
        }
        _ if resource == "ephemeral-storage" || resource.contains(".storageclass.storage.k8s.io/") => {
            Asked::NotKnown(None)
        }
        // Services, Secrets and other objects.
        _ => Asked::Nothing,
    }
}

/// Of CPU and memory every container must say something, an init container too.
fn sum<'a>(pod: &Pod<'a>, side: Side, resource: &str) -> Asked<'a> {
    if let Some((name, _)) = pod.containers().find(|(_, own)| pod.of(side, own, resource).is_none()) {
        return Asked::Unset(name);
    }
    if let Some(why) = pod.unsummed().or_else(|| pod.unweighed()) {
        return Asked::NotKnown(Some(why));
    }
    let together = pod.together(side, resource);
    together.map_or(Asked::NotKnown(None), |milli| Asked::Each(milli.saturating_add(pod.overhead(resource))))
}
