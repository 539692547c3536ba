//! From a narrow Kubernetes object to what the rules read.

mod around;
mod autoscaler;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::facts::{
    Condition, ConfigMapFacts, ContainerFacts, ContainerState, NodeFacts, Phase, PodFacts, TemplateContainer,
    TemplateFacts, Termination, Update, WorkloadFacts,
};
use domain::guard::facts::{InitContainer, Resources};
use domain::name::{Namespace, ObjectName, WorkloadKind};
use domain::quantity::Quantity;
use domain::text::{MESSAGE_LIMIT, plain};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::Resource;

use super::narrow::{Amount, Moment};
use super::objects;
use crate::rows::{Key, Kind, Object, Observed, ObservedEvent, ObservedPod, ObservedRevision, ObservedWorkload};

/// A kind of object that is watched, and how it is read.
pub trait Project: Resource<DynamicType = ()> {
    /// The kind.
    const KIND: Kind;
    /// Whether the API server is asked for its metadata alone, so that nothing else of it ever gets here.
    const METADATA_ONLY: bool = false;
    /// Which objects of the kind are watched, as a field selector; empty: all.
    const FIELDS: &'static str = "";
    /// What the rules read of it; `None` when it is of no interest, like a ReplicaSet without a Deployment.
    fn object(self) -> Option<Object>;
}

/// Which object this is; `None` for one without a proper name or namespace, which the API server never sends.
pub fn key_of<K: Project>(object: &K) -> Option<Key> {
    let meta = object.meta();
    let namespace = if K::KIND.is_namespaced() { Some(Namespace::new(meta.namespace.as_deref()?).ok()?) } else { None };
    let name = ObjectName::new(meta.name.as_deref()?).ok()?;
    Some(Key { kind: K::KIND, namespace, name: name.into() })
}

/// The 128 bits of an object's uid; 0 when it has none.
pub fn uid_of(meta: &ObjectMeta) -> u128 {
    uid_in(meta.uid.as_deref().unwrap_or_default())
}

/// The 128 bits of a uid as it is written.
pub fn uid_in(digits: &str) -> u128 {
    digits.bytes().filter_map(|byte| (byte as char).to_digit(16)).fold(0, |uid, digit| uid << 4 | u128::from(digit))
}

/// Reads an object.
pub fn observe<K: Project>(object: K) -> Option<Observed> {
    let key = key_of(&object)?;
    let uid = uid_of(object.meta());
    Some(Observed { key, uid, object: object.object()? })
}

/// Seconds since 1970; 0 when not known. Kubernetes is younger than that.
fn seconds(time: Option<&impl Moment>) -> i64 {
    time.and_then(Moment::seconds).unwrap_or(0).max(0)
}

/// A text of a cluster, made safe to show.
pub fn message(text: &str) -> Arc<str> {
    plain(text, MESSAGE_LIMIT).as_ref().into()
}

fn some_message(text: Option<&String>) -> Option<Arc<str>> {
    text.filter(|text| !text.is_empty()).map(|text| message(text))
}

fn owner(meta: &ObjectMeta) -> Option<&OwnerReference> {
    let owner = meta.owner_references.as_ref()?.iter().find(|owner| owner.controller == Some(true))?;
    // Kubernetes does not check that what it names is a name.
    named(&owner.name).is_some().then_some(owner)
}

/// A name that an object can have; nothing longer is kept.
pub fn named(name: &str) -> Option<Arc<str>> {
    ObjectName::new(name).ok().map(Arc::from)
}

/// A label.
pub fn label<'a>(meta: &'a ObjectMeta, name: &str) -> Option<&'a str> {
    meta.labels.as_ref()?.get(name).map(String::as_str)
}

/// An annotation.
pub fn annotation<'a>(meta: &'a ObjectMeta, name: &str) -> Option<&'a str> {
    meta.annotations.as_ref()?.get(name).map(String::as_str)
}

/// The workload behind a pod. A Deployment's ReplicaSet is called `<deployment>-<pod-template-hash>`, and the pod carries the
/// hash as a label, so the Deployment is known without having seen the ReplicaSet.
fn workload_of(meta: &ObjectMeta) -> (Option<(WorkloadKind, Arc<str>)>, Arc<str>) {
    let Some(owner) = owner(meta) else { return (None, "".into()) };
    // A label has 63 characters.
    let revision = label(meta, "controller-revision-hash").filter(|hash| hash.len() <= 63).unwrap_or_default();
    match owner.kind.as_str() {
        "ReplicaSet" => {
            let deployment = label(meta, "pod-template-hash")
                .and_then(|hash| owner.name.strip_suffix(hash))
                .and_then(|name| name.strip_suffix('-'));
            (deployment.map(|name| (WorkloadKind::Deployment, name.into())), owner.name.as_str().into())
        }
        "StatefulSet" => (Some((WorkloadKind::StatefulSet, owner.name.as_str().into())), revision.into()),
        "DaemonSet" => {
            (Some((WorkloadKind::DaemonSet, owner.name.as_str().into())), format!("{}-{revision}", owner.name).into())
        }
        _ => (None, "".into()),
    }
}

impl Project for objects::Pod {
    const KIND: Kind = Kind::Pod;

    fn object(self) -> Option<Object> {
        let (workload, revision) = workload_of(&self.metadata);
        let condition = |kind: &str| self.status.conditions.iter().find(|condition| condition.kind == kind);
        let ready = condition("Ready");
        let unschedulable = condition("PodScheduled").filter(|condition| condition.status == "False");
        let is_ready = ready.is_some_and(|condition| condition.status == "True");
        // Only what is not ready is ever asked for these.
        let names = |of: Vec<&str>| if is_ready { Vec::new() } else { of.into_iter().filter_map(named).collect() };
        let secrets = self.spec.image_pull_secrets.iter().map(|secret| secret.name.as_str()).collect();
        let claims = self.spec.volumes.iter().filter_map(|volume| volume.persistent_volume_claim.as_ref());
        let claims = claims.map(|claim| claim.claim_name.as_str()).collect();
        let init = &self.spec.init_containers;
        let facts = |init: bool, specs: Vec<&objects::ContainerSpec>, statuses: &[objects::ContainerStatus]| {
            specs.into_iter().map(|spec| container(init, spec, statuses)).collect::<Vec<_>>()
        };
        // A side car is an init container that stays: it is ready or not like any other, and never the main one.
        let (side_cars, init): (Vec<_>, Vec<_>) =
            init.iter().partition(|spec| spec.restart_policy.as_deref() == Some("Always"));
        let mut all = facts(true, init, &self.status.init_container_statuses);
        all.extend(facts(false, self.spec.containers.iter().collect(), &self.status.container_statuses));
        all.extend(facts(false, side_cars, &self.status.init_container_statuses));
        Some(Object::Pod(Box::new(ObservedPod {
            facts: PodFacts {
                phase: match self.status.phase.as_deref() {
                    Some("Running") => Phase::Running,
                    Some("Succeeded") => Phase::Succeeded,
                    Some("Failed") => Phase::Failed,
                    Some("Unknown") => Phase::Unknown,
                    _ => Phase::Pending,
                },
                reason: some_message(self.status.reason.as_ref()),
                message: some_message(self.status.message.as_ref()),
                created: seconds(self.metadata.creation_timestamp.as_ref()),
                deletion: self.metadata.deletion_timestamp.as_ref().map(|time| time.0.as_second()),
                ready: is_ready,
                turned: ready.map_or(0, |condition| seconds(condition.last_transition_time.as_ref())),
                pull_secrets: names(secrets),
                claims: names(claims),
                not_ready_reason: ready
                    .filter(|condition| condition.status != "True" && !condition.reason.is_empty())
                    .map(|condition| message(&condition.reason)),
                unschedulable: unschedulable.map(|condition| message(&condition.message)),
                containers: all,
            },
            workload,
            owner: owner(&self.metadata).map_or(0, |owner| uid_in(&owner.uid)),
            revision,
            node: message(&self.spec.node_name.unwrap_or_default()),
        })))
    }
}

fn container(init: bool, spec: &objects::ContainerSpec, statuses: &[objects::ContainerStatus]) -> ContainerFacts {
    let status = statuses.iter().find(|status| status.name == spec.name);
    let termination = |terminated: &objects::Terminated| Termination {
        reason: message(&terminated.reason),
        exit_code: terminated.exit_code,
        started: seconds(terminated.started_at.as_ref()),
        finished: seconds(terminated.finished_at.as_ref()),
    };
    let state = status.map(|status| &status.state);
    ContainerFacts {
        name: message(&spec.name),
        init,
        image: message(&spec.image),
        image_id: message(status.map_or("", |status| &status.image_id)),
        ready: status.is_some_and(|status| status.ready),
        restarts: status.map_or(0, |status| status.restart_count),
        state: match state.map(|state| (&state.running, &state.terminated, &state.waiting)) {
            Some((Some(running), _, _)) => ContainerState::Running { since: seconds(running.started_at.as_ref()) },
            Some((None, Some(terminated), _)) => ContainerState::Terminated(termination(terminated)),
            Some((None, None, Some(waiting))) => {
                ContainerState::Waiting { reason: message(&waiting.reason), message: message(&waiting.message) }
            }
            Some((None, None, None)) | None => ContainerState::Waiting { reason: "".into(), message: "".into() },
        },
        last: status.and_then(|status| status.last_state.terminated.as_ref()).map(termination),
    }
}

/// Conditions as they are judged.
pub fn conditions(conditions: &[objects::ObjectCondition]) -> Vec<Condition> {
    conditions
        .iter()
        .map(|condition| Condition {
            kind: message(&condition.kind),
            status: match condition.status.as_str() {
                "True" => Some(true),
                "False" => Some(false),
                _ => None,
            },
            reason: message(&condition.reason),
            message: message(&condition.message),
            since: seconds(condition.last_transition_time.as_ref()),
        })
        .collect()
}

/// An amount of a resource, by name.
pub fn quantity(amounts: &BTreeMap<String, Amount>, name: &str) -> Option<Quantity> {
    amount(amounts.get(name)?)
}

fn amount(amount: &Amount) -> Option<Quantity> {
    match amount {
        Amount::Text(text) => text.parse().ok(),
        Amount::Number(number) => number.to_string().parse().ok(),
        Amount::Nothing => None,
    }
}

fn template(spec: &objects::WorkloadSpec) -> Option<TemplateContainer> {
    let first = spec.template.spec.containers.first()?;
    let storage = spec.volume_claim_templates.first();
    Some(TemplateContainer {
        name: message(&first.name),
        image: message(&first.image),
        cpu_request: quantity(&first.resources.requests, "cpu"),
        cpu_limit: quantity(&first.resources.limits, "cpu"),
        memory_request: quantity(&first.resources.requests, "memory"),
        memory_limit: quantity(&first.resources.limits, "memory"),
        storage: storage.and_then(|claim| quantity(&claim.spec.resources.requests, "storage")),
    })
}

fn demand(pod: &objects::TemplateSpec) -> TemplateFacts {
    let resources = |container: &objects::TemplateContainer| Resources {
        requests: amounts(&container.resources.requests),
        limits: amounts(&container.resources.limits),
    };
    let init_containers = pod.init_containers.iter().map(|container| InitContainer {
        name: message(&container.name),
        resources: resources(container),
        sidecar: container.restart_policy.as_deref() == Some("Always"),
    });
    TemplateFacts {
        containers: pod.containers.iter().map(|container| (message(&container.name), resources(container))).collect(),
        init_containers: init_containers.collect(),
        overhead: amounts(&pod.overhead),
        has_pod_resources: pod.resources.is_some(),
        has_runtime_class: pod.runtime_class_name.is_some(),
    }
}

fn amounts(amounts: &BTreeMap<String, Amount>) -> Vec<(Arc<str>, Quantity)> {
    amounts.keys().filter_map(|name| Some((message(name), quantity(amounts, name)?))).collect()
}

fn config_maps(spec: &objects::WorkloadSpec) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for container in &spec.template.spec.containers {
        let whole = container.env_from.iter().filter_map(|from| from.config_map_ref.as_ref());
        let single = container.env.iter().filter_map(|env| env.value_from.as_ref()?.config_map_key_ref.as_ref());
        for reference in whole.chain(single) {
            if let Some(name) = named(&reference.name)
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
    }
    names
}

/// The most labels of a template that are kept.
const MOST_LABELS: usize = 64;

fn labels(spec: &objects::WorkloadSpec) -> BTreeMap<Arc<str>, Arc<str>> {
    let labels = spec.template.metadata.labels.iter().take(MOST_LABELS);
    labels.map(|(name, value)| (message(name), message(value.as_deref().unwrap_or_default()))).collect()
}

/// Who applies an object, as far as its labels say: Flux and Argo CD put theirs on everything they apply.
/// <https://fluxcd.io/flux/components/helm/helmreleases/>, <https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/>
fn managed_by(meta: &ObjectMeta) -> Arc<str> {
    if let Some(name) = label(meta, "helm.toolkit.fluxcd.io/name") {
        return format!("Flux HelmRelease {name}").into();
    }
    if let Some(name) = label(meta, "kustomize.toolkit.fluxcd.io/name") {
        return format!("Flux Kustomization {name}").into();
    }
    if let Some(name) = label(meta, "argocd.argoproj.io/instance") {
        return format!("Argo CD application {name}").into();
    }
    match (label(meta, "app.kubernetes.io/managed-by"), annotation(meta, "meta.helm.sh/release-name")) {
        (Some("Helm"), Some(release)) => format!("Helm release {release}").into(),
        (Some("Helm"), None) => "Helm".into(),
        (Some(_) | None, _) => "".into(),
    }
}

/// Which pods the controller brings to the newest revision.
/// <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies>
fn update(strategy: &objects::UpdateStrategy, status: &objects::WorkloadStatus) -> Update {
    match (strategy.kind.as_deref(), strategy.rolling_update.partition.unwrap_or(0)) {
        (Some("OnDelete"), _) => Update::OnDelete,
        (_, 0) => Update::All,
        // A change that was taken back: the pods below the partition never left the revision that is the newest again, and
        // those above it go back.
        _ if status.update_revision.is_some() && status.update_revision == status.current_revision => Update::All,
        (_, partition) => Update::From(partition),
    }
}

fn workload(
    kind: WorkloadKind,
    meta: &ObjectMeta,
    spec: &objects::WorkloadSpec,
    status: &objects::WorkloadStatus,
) -> Object {
    let daemon = kind == WorkloadKind::DaemonSet;
    let progressing = status.conditions.iter().find(|condition| condition.kind == "Progressing");
    Object::Workload(Box::new(ObservedWorkload {
        facts: WorkloadFacts {
            kind,
            generation: meta.generation.unwrap_or(0),
            observed_generation: status.observed_generation,
            // A Deployment and a StatefulSet without a number want one.
            wanted: if daemon { status.desired_number_scheduled } else { spec.replicas.unwrap_or(1) },
            existing: if daemon { status.current_number_scheduled } else { status.replicas },
            updated: if daemon { status.updated_number_scheduled } else { status.updated_replicas },
            ready: if daemon { status.number_ready } else { status.ready_replicas },
            available: if daemon { status.number_available } else { status.available_replicas },
            paused: spec.paused,
            update: update(&spec.update_strategy, status),
            conditions: conditions(&status.conditions),
            container: template(spec),
            template: demand(&spec.template.spec),
            config_maps: config_maps(spec),
            labels: labels(spec),
        },
        progressed: progressing.map_or(0, |condition| seconds(condition.last_update_time.as_ref())),
        managed_by: message(&managed_by(meta)),
    }))
}

macro_rules! project_workload {
    ($($type:ident),*) => {$(
        impl Project for objects::$type {
            const KIND: Kind = Kind::Workload(WorkloadKind::$type);
            fn object(self) -> Option<Object> {
                Some(workload(WorkloadKind::$type, &self.metadata, &self.spec, &self.status))
            }
        }
    )*};
}

project_workload!(Deployment, StatefulSet, DaemonSet);

fn revision(meta: &ObjectMeta, number: i64, spec: &objects::WorkloadSpec) -> Option<Object> {
    let owner = owner(meta)?;
    let kind = owner.kind.parse().ok()?;
    Some(Object::Revision(Box::new(ObservedRevision {
        workload: (kind, owner.name.as_str().into()),
        owner: uid_in(&owner.uid),
        number,
        image: message(spec.template.spec.containers.first().map_or("", |container| &container.image)),
        created: seconds(meta.creation_timestamp.as_ref()),
        cause: message(annotation(meta, "kubernetes.io/change-cause").unwrap_or_default()),
    })))
}

impl Project for objects::ReplicaSet {
    const KIND: Kind = Kind::ReplicaSet;
    fn object(self) -> Option<Object> {
        let number = annotation(&self.metadata, "deployment.kubernetes.io/revision")?.parse().ok()?;
        revision(&self.metadata, number, &self.spec)
    }
}

impl Project for objects::ControllerRevision {
    const KIND: Kind = Kind::ControllerRevision;
    fn object(self) -> Option<Object> {
        revision(&self.metadata, self.revision, &self.data.spec)
    }
}

/// The conditions of a node that are read; others, which add-ons write, mean nothing to the rules.
/// <https://kubernetes.io/docs/reference/node/node-status/#condition>
const NODE_CONDITIONS: [&str; 5] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];

impl Project for objects::Node {
    const KIND: Kind = Kind::Node;
    fn object(mut self) -> Option<Object> {
        self.status.conditions.retain(|condition| NODE_CONDITIONS.contains(&condition.kind.as_str()));
        Some(Object::Node(Box::new(NodeFacts {
            unschedulable: self.spec.unschedulable,
            conditions: conditions(&self.status.conditions),
            zone: label(&self.metadata, "topology.kubernetes.io/zone").filter(|zone| !zone.is_empty()).map(message),
        })))
    }
}

impl Project for objects::ConfigMap {
    const KIND: Kind = Kind::ConfigMap;
    fn object(self) -> Option<Object> {
        let writers = self.metadata.managed_fields.unwrap_or_default();
        let last =
            writers.iter().filter(|writer| writer.time.is_some()).max_by_key(|writer| seconds(writer.time.as_ref()));
        let created = seconds(self.metadata.creation_timestamp.as_ref());
        Some(Object::ConfigMap(ConfigMapFacts {
            values: self.data.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect(),
            changed: last.map_or(created, |writer| seconds(writer.time.as_ref())),
            changed_by: last.and_then(|writer| some_message(writer.manager.as_ref())),
        }))
    }
}

impl Project for objects::Event {
    const KIND: Kind = Kind::Event;
    fn object(self) -> Option<Object> {
        let series = self.series.as_ref();
        let times = [
            series.and_then(|series| series.last_observed_time.as_ref()),
            self.last_timestamp.as_ref(),
            self.event_time.as_ref(),
        ];
        let last = times.into_iter().flatten().find_map(Moment::seconds);
        Some(Object::Event(Box::new(ObservedEvent {
            warning: self.kind == "Warning",
            reason: message(&self.reason),
            about: (message(&self.involved_object.kind), message(&self.involved_object.name)),
            message: message(&self.message),
            count: series.map(|series| series.count).or(self.count).unwrap_or(1).max(1),
            last: last.unwrap_or_else(|| seconds(self.metadata.creation_timestamp.as_ref())),
        })))
    }
}
