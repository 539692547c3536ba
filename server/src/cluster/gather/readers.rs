//! Which workloads read a ConfigMap or Secret: by what their pod templates name, never by what stands in it.

use std::sync::Arc;

use domain::config_source::{ConfigKind, ConfigSource};
use domain::name::{Namespace, ObjectName, WorkloadKind};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::ListParams;
use kube::core::Request;
use serde::Deserialize;
use serde_json::Value;

use super::{ask, path};

/// The most workloads of a kind that are looked through.
const MOST: u32 = 2000;

/// A workload that reads something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// What it is.
    pub kind: WorkloadKind,
    /// What it is called.
    pub name: ObjectName,
    /// In which ways.
    pub how: How,
}

/// In which ways something is read. What is in the environment stays as it was until the container ends; files are brought up to date
/// while it runs, and whether the program reads them again is its own affair.
/// <https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct How {
    /// As environment variables.
    pub environment: bool,
    /// As files of a volume.
    pub files: bool,
}

/// The workloads of a namespace that read it: Deployments, StatefulSets, DaemonSets, each by name. `Err`: a sentence without full stop.
pub async fn readers(client: &Client, namespace: &Namespace, source: &ConfigSource) -> Result<Vec<Reader>, Arc<str>> {
    let of = |kind| of_kind(client, namespace, kind, source);
    let (deployments, stateful_sets, daemon_sets) =
        tokio::join!(of(WorkloadKind::Deployment), of(WorkloadKind::StatefulSet), of(WorkloadKind::DaemonSet));
    let mut readers = deployments?;
    readers.extend(stateful_sets?);
    readers.extend(daemon_sets?);
    readers.sort_by(|one, other| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
    Ok(readers)
}

async fn of_kind(
    client: &Client,
    namespace: &Namespace,
    kind: WorkloadKind,
    source: &ConfigSource,
) -> Result<Vec<Reader>, Arc<str>> {
    let what = format!("listing {}s", kind.title());
    let request = Request::new(path(kind, namespace));
    let parameters = ListParams::default().limit(MOST);
    let question = || async {
        let list = request.list(&parameters).map_err(kube::Error::BuildRequest)?;
        client.request::<Workloads>(list).await
    };
    let found = ask(&what, question).await?;
    if found.metadata.continue_.is_some_and(|more| !more.is_empty()) {
        return Err(format!("there are more than {MOST} {}s: not all were looked through", kind.title()).into());
    }
    let found: Result<Vec<Option<Reader>>, Arc<str>> =
        found.items.into_iter().map(|workload| reader(workload, kind, source)).collect();
    Ok(found?.into_iter().flatten().collect())
}

#[derive(Deserialize)]
struct Workloads {
    metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta,
    items: Vec<Workload>,
}

#[derive(Deserialize)]
struct Workload {
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    template: Value,
}

/// A workload, if it reads it. One whose template cannot be read may do so: that is no answer.
fn reader(workload: Workload, kind: WorkloadKind, source: &ConfigSource) -> Result<Option<Reader>, Arc<str>> {
    let name = workload.metadata.name.as_deref().and_then(|name| ObjectName::new(name).ok());
    let Some(name) = name else { return Ok(None) };
    let spec = workload.spec.template.get("spec").cloned().unwrap_or_default();
    let pod: core::PodSpec =
        serde_json::from_value(spec).map_err(|_| format!("what the {} {name} reads is not known", kind.title()))?;
    let how = sources(&pod).into_iter().find(|(read, _)| read == source).map(|(_, how)| how);
    Ok(how.map(|how| Reader { kind, name, how }))
}

/// The pod that a template makes; an empty one where it cannot be read.
pub(super) fn pod_of(template: &Value) -> core::PodSpec {
    template.get("spec").and_then(|pod| serde_json::from_value(pod.clone()).ok()).unwrap_or_default()
}

/// What a pod's containers read, each once, by name.
pub(super) fn sources(pod: &core::PodSpec) -> Vec<(ConfigSource, How)> {
    let mut found: Vec<(ConfigSource, How)> = Vec::new();
    let mut add = |kind: ConfigKind, name: Option<&str>, how: How| {
        // A reference without a name is stored by the API server, and refers to nothing.
        let Some(name) = name.and_then(|name| ObjectName::new(name).ok()) else { return };
        let source = ConfigSource { kind, name };
        match found.iter_mut().find(|(known, _)| *known == source) {
            Some((_, known)) => {
                *known = How { environment: known.environment || how.environment, files: known.files || how.files };
            }
            None => found.push((source, how)),
        }
    };
    let environment = How { environment: true, files: false };
    for container in pod.containers.iter().chain(pod.init_containers.iter().flatten()) {
        for from in container.env_from.iter().flatten() {
            add(ConfigKind::ConfigMap, from.config_map_ref.as_ref().map(|map| map.name.as_str()), environment);
            add(ConfigKind::Secret, from.secret_ref.as_ref().map(|secret| secret.name.as_str()), environment);
        }
        for from in container.env.iter().flatten().filter_map(|variable| variable.value_from.as_ref()) {
            add(ConfigKind::ConfigMap, from.config_map_key_ref.as_ref().map(|map| map.name.as_str()), environment);
            add(ConfigKind::Secret, from.secret_key_ref.as_ref().map(|secret| secret.name.as_str()), environment);
        }
    }
    let files = How { environment: false, files: true };
    for volume in pod.volumes.iter().flatten() {
        add(ConfigKind::ConfigMap, volume.config_map.as_ref().map(|map| map.name.as_str()), files);
        add(ConfigKind::Secret, volume.secret.as_ref().and_then(|secret| secret.secret_name.as_deref()), files);
        let projected = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
        for source in projected {
            add(ConfigKind::ConfigMap, source.config_map.as_ref().map(|map| map.name.as_str()), files);
            add(ConfigKind::Secret, source.secret.as_ref().map(|secret| secret.name.as_str()), files);
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_template_reads_is_found_wherever_it_can_stand() {
        for (spec, expected) in [
            (json!({"containers": [{"name": "a", "envFrom": [{"configMapRef": {"name": "c"}}]}]}), "configmap/c env"),
            (
                json!({"containers": [{"name": "a", "envFrom": [{"prefix": "X_", "secretRef": {"name": "s"}}]}]}),
                "secret/s env",
            ),
            (
                json!({"containers": [{"name": "a", "env": [{"name": "K", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]}]}),
                "configmap/c env",
            ),
            (
                json!({"containers": [{"name": "a", "env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}]}),
                "secret/s env",
            ),
            (
                json!({"containers": [{"name": "a"}], "initContainers": [{"name": "i", "envFrom": [{"configMapRef": {"name": "c"}}]}]}),
                "configmap/c env",
            ),
            (
                json!({"containers": [{"name": "a"}], "volumes": [{"name": "v", "configMap": {"name": "c"}}]}),
                "configmap/c files",
            ),
            (
                json!({"containers": [{"name": "a"}], "volumes": [{"name": "v", "secret": {"secretName": "s"}}]}),
                "secret/s files",
            ),
            (
                json!({"containers": [{"name": "a"}], "volumes": [{"name": "v", "projected": {"sources": [
                    {"configMap": {"name": "c"}}, {"secret": {"name": "s"}}, {"serviceAccountToken": {"path": "t"}}
                ]}}]}),
                "configmap/c files, secret/s files",
            ),
            // Once, in both ways; and what has no name is nothing.
            (
                json!({"containers": [{"name": "a", "envFrom": [{"configMapRef": {"name": "c"}}, {"configMapRef": {}}]}],
                       "volumes": [{"name": "v", "configMap": {"name": "c"}}, {"name": "e", "emptyDir": {}}]}),
                "configmap/c env files",
            ),
            // What the kubelet pulls images with is not read by a container.
            (
                json!({"containers": [{"name": "a", "env": [{"name": "K", "value": "c"}]}], "imagePullSecrets": [{"name": "s"}]}),
                "",
            ),
        ] {
            let found = sources(&pod_of(&json!({ "spec": spec })));
            let shown = found.iter().map(|(source, how)| {
                let ways = [(how.environment, " env"), (how.files, " files")];
                let ways: String = ways.iter().filter(|(is, _)| *is).map(|(_, way)| *way).collect();
                source.path() + &ways
            });
            assert_eq!(shown.collect::<Vec<_>>().join(", "), expected, "{spec}");
        }
    }

    #[test]
    fn a_template_that_cannot_be_read_is_no_answer() {
        let source = "configmap/c".parse().unwrap();
        let reads = |spec: Value| {
            let workload =
                serde_json::from_value(json!({"metadata": {"name": "w"}, "spec": {"template": {"spec": spec}}}));
            let read = reader(workload.unwrap(), WorkloadKind::Deployment, &source);
            read.map(|reader| reader.is_some()).map_err(|why| why.to_string())
        };
        let from = json!([{"name": "a", "envFrom": [{"configMapRef": {"name": "c"}}]}]);
        assert_eq!(reads(json!({ "containers": from })), Ok(true));
        assert_eq!(reads(json!({"containers": [{"name": "a"}]})), Ok(false));
        let unknown = Err("what the Deployment w reads is not known".to_owned());
        assert_eq!(reads(json!({"containers": "a"})), unknown);
    }
}
