//! A workload as the guard needs it: more than the watches keep of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::guard::facts::{Container, InitContainer, Keeper, Resources, Strategy, Workload};
use domain::ledger::OperationId;
use domain::name::{Namespace, WorkloadKind};
use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ManagedFieldsEntry, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::Client;
use kube::api::GetParams;
use kube::core::{Request, Selector};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::super::execute::OPERATION;
use super::super::objects::ObjectCondition;
use super::super::project::{conditions, message};
use super::scheduling::Template;
use super::{Subject, amounts, ask, count, readers, selector_of};

/// A Deployment, StatefulSet or DaemonSet with all that its spec says.
#[derive(Debug, Clone, Deserialize)]
pub struct Whole {
    /// Its metadata.
    pub metadata: ObjectMeta,
    /// Its spec.
    pub spec: Spec,
    /// Its status.
    #[serde(default)]
    pub status: Status,
}

/// The union of what the three kinds want.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    replicas: Option<i32>,
    selector: LabelSelector,
    #[serde(default)]
    paused: bool,
    strategy: Option<apps::DeploymentStrategy>,
    update_strategy: Option<UpdateStrategy>,
    min_ready_seconds: Option<i32>,
    progress_deadline_seconds: Option<i32>,
    revision_history_limit: Option<i32>,
    #[serde(default)]
    volume_claim_templates: Vec<IgnoredAny>,
    /// The template as it stands there, for comparing and taking back.
    pub template: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateStrategy {
    #[serde(rename = "type")]
    kind: Option<String>,
    rolling_update: Option<RollingUpdate>,
}

/// What a StatefulSet and a DaemonSet say of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RollingUpdate {
    partition: Option<i32>,
    max_unavailable: Option<IntOrString>,
    max_surge: Option<IntOrString>,
}

/// The union of what the three kinds report.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    observed_generation: i64,
    replicas: i32,
    updated_replicas: i32,
    ready_replicas: i32,
    available_replicas: i32,
    desired_number_scheduled: i32,
    current_number_scheduled: i32,
    updated_number_scheduled: i32,
    number_ready: i32,
    number_available: i32,
    /// The ControllerRevision that is wanted.
    pub update_revision: Option<String>,
    conditions: Vec<ObjectCondition>,
}

/// Where workloads of a kind are, as the API server names it.
pub fn path(kind: WorkloadKind, namespace: &Namespace) -> String {
    format!("/apis/apps/v1/namespaces/{namespace}/{}s", kind.as_str())
}

/// The workload; `None` when there is none of that name.
pub async fn read(client: &Client, subject: Subject<'_>) -> Result<Option<Whole>, Arc<str>> {
    let request = Request::new(path(subject.kind, subject.namespace));
    let question = || async {
        let get = request.get(subject.name.as_str(), &GetParams::default()).map_err(kube::Error::BuildRequest)?;
        match client.request::<Whole>(get).await {
            Ok(found) => Ok(Some(found)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error),
        }
    };
    ask(&format!("reading the {}", subject.kind.title()), question).await
}

impl Whole {
    /// Which pods are its own.
    pub fn selector(&self) -> Option<Selector> {
        selector_of(&self.spec.selector)
    }

    /// The labels that its pods get.
    pub fn template_labels(&self) -> BTreeMap<String, String> {
        let labels = self.spec.template.pointer("/metadata/labels").and_then(Value::as_object);
        let texts = labels.into_iter().flatten();
        texts.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    }

    /// The operation of ours that wrote it last.
    pub fn operation(&self) -> Option<OperationId> {
        self.metadata.annotations.as_ref()?.get(OPERATION)?.parse().ok()
    }

    /// Its uid.
    pub fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or_default()
    }

    /// Its generation.
    pub fn generation(&self) -> i64 {
        self.metadata.generation.unwrap_or(0)
    }

    fn is_daemon(&self) -> bool {
        self.spec.replicas.is_none() && self.status.desired_number_scheduled > 0
    }

    /// What the guard reads of it.
    pub fn facts(&self, owner: Option<Keeper>) -> Workload {
        let (spec, status) = (&self.spec, &self.status);
        let daemon = self.is_daemon();
        let number = |of_daemon: i32, other: i32| count(if daemon { of_daemon } else { other });
        let wanted = number(status.desired_number_scheduled, spec.replicas.unwrap_or(1));
        let pod = readers::pod_of(&spec.template);
        let template = Template {
            pod: &pod,
            labels: self.template_labels(),
            namespace: self.metadata.namespace.as_deref().unwrap_or_default(),
            has_claim_templates: !spec.volume_claim_templates.is_empty(),
        };
        Workload {
            uid: self.uid().into(),
            generation: self.generation(),
            observed_generation: status.observed_generation,
            wanted,
            existing: number(status.current_number_scheduled, status.replicas),
            updated: number(status.updated_number_scheduled, status.updated_replicas),
            ready: number(status.number_ready, status.ready_replicas),
            available: number(status.number_available, status.available_replicas),
            paused: spec.paused,
            strategy: self.strategy(wanted),
            min_ready_s: count(spec.min_ready_seconds.unwrap_or(0)),
            deadline_s: spec.progress_deadline_seconds.map(count),
            // <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#clean-up-policy>
            history_limit: count(spec.revision_history_limit.unwrap_or(10)),
            containers: pod.containers.iter().map(container).collect(),
            init_containers: pod.init_containers.iter().flatten().map(init_container).collect(),
            overhead: amounts(&pod.overhead),
            has_pod_resources: pod.resources.is_some(),
            runtime_class: pod.runtime_class_name.as_deref().map(message),
            conditions: conditions(&status.conditions),
            scheduling: template.scheduling(),
            anti_affinity: template.anti_affinity(),
            spread: template.spread(),
            owner,
            changed: self.changed(),
            operation: self.operation(),
            reads: readers::sources(&pod).into_iter().map(|(source, _)| source).collect(),
        }
    }

    fn strategy(&self, wanted: u32) -> Strategy {
        if let Some(update) = &self.spec.update_strategy {
            let rolling = update.rolling_update.as_ref();
            let share = |value: Option<&IntOrString>, otherwise, up| {
                value.map_or(otherwise, |value| resolved(value, wanted, up))
            };
            let most = share(rolling.and_then(|rolling| rolling.max_unavailable.as_ref()), 1, true);
            let surge = share(rolling.and_then(|rolling| rolling.max_surge.as_ref()), 0, true);
            let partition = rolling.and_then(|rolling| rolling.partition).map_or(0, count);
            return match update.kind.as_deref() {
                Some("OnDelete") => Strategy::OnDelete,
                _ if partition > 0 => Strategy::Partitioned(partition),
                _ => Strategy::Rolling { surge, unavailable: if surge > 0 { most } else { most.max(1) } },
            };
        }
        let strategy = self.spec.strategy.as_ref();
        if strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate") {
            return Strategy::Recreate;
        }
        let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let quarter = IntOrString::String("25%".into());
        // The surge is rounded up, what may be missing down; where both come to nothing one may be missing.
        let surge = resolved(rolling.and_then(|rolling| rolling.max_surge.as_ref()).unwrap_or(&quarter), wanted, true);
        let missing = rolling.and_then(|rolling| rolling.max_unavailable.as_ref()).unwrap_or(&quarter);
        let unavailable = resolved(missing, wanted, false);
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Strategy::Rolling { surge, unavailable }
    }

    /// Who wrote the spec last. Status and scale are written under a subresource.
    fn changed(&self) -> Option<(Arc<str>, i64)> {
        let wrote_spec = |entry: &&ManagedFieldsEntry| {
            let fields = entry.fields_v1.as_ref().is_some_and(|fields| fields.0.get("f:spec").is_some());
            fields && entry.subresource.as_deref() != Some("status")
        };
        let entries = self.metadata.managed_fields.iter().flatten();
        let last = entries.filter(wrote_spec).max_by_key(|entry| entry.time.as_ref().map(|time| time.0))?;
        Some((message(last.manager.as_deref()?), last.time.as_ref()?.0.as_second()))
    }
}

fn container(container: &core::Container) -> Container {
    let delay = |probe: &core::Probe| {
        let more = probe.success_threshold.unwrap_or(1) - 1;
        count(probe.initial_delay_seconds.unwrap_or(0) + more * probe.period_seconds.unwrap_or(10))
    };
    let start = container.startup_probe.as_ref().map(delay);
    let ready = container.readiness_probe.as_ref().map(delay);
    Container {
        name: message(&container.name),
        image: message(container.image.as_deref().unwrap_or_default()),
        resources: resources(container),
        ready_after_s: match (start, ready) {
            (None, None) => None,
            (start, ready) => Some(start.unwrap_or(0) + ready.unwrap_or(0)),
        },
    }
}

fn init_container(container: &core::Container) -> InitContainer {
    InitContainer {
        name: message(&container.name),
        resources: resources(container),
        // <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
        sidecar: container.restart_policy.as_deref() == Some("Always"),
    }
}

fn resources(container: &core::Container) -> Resources {
    let resources = container.resources.as_ref();
    resources
        .map(|all| Resources { requests: amounts(&all.requests), limits: amounts(&all.limits) })
        .unwrap_or_default()
}

/// A number, or a share of the wanted replicas.
fn resolved(value: &IntOrString, wanted: u32, up: bool) -> u32 {
    match value {
        IntOrString::Int(number) => count(*number),
        IntOrString::String(text) => {
            let percent: u32 = text.strip_suffix('%').and_then(|digits| digits.parse().ok()).unwrap_or(0);
            let share = u64::from(wanted) * u64::from(percent);
            u32::try_from(if up { share.div_ceil(100) } else { share / 100 }).unwrap_or(u32::MAX)
        }
    }
}
