//! Fresh facts for the guard, asked of the API server at the moment they are needed, beside all watches.
//!
//! What cannot be read stays unread with its reason; nothing is taken from what was seen earlier.

mod keeper;
mod nodes;
mod readers;
mod revisions;
mod scheduling;
#[cfg(test)]
mod tests;
mod workload;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use domain::facts::Condition;
use domain::guard::facts::{Autoscaler, Budget, Known, LimitRange, Node, Per, Pod, Quota, Revision, Workload};
use domain::name::{Namespace, ObjectName, WorkloadKind};
use domain::quantity::Quantity as Amount;
use domain::text::{MESSAGE_LIMIT, plain};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::api::ListParams;
use kube::core::{Selector, SelectorExt as _};
use kube::{Api, Client};
use tokio::time::{Instant, sleep, timeout_at};

pub use readers::{How, readers};
pub use workload::{Whole, path};

use super::objects;
use super::project::{Project as _, message};
use crate::clock;
use crate::rows::Object;

/// How long all tries of one question may take together.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a question is asked at most.
const TRIES: u32 = 3;

/// The object that everything is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its namespace.
    pub namespace: &'a Namespace,
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: &'a ObjectName,
    /// The CronJob that backs it up, if one is declared.
    pub backup: Option<&'a ObjectName>,
}

/// What the cluster says.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    /// The workload.
    pub workload: Known<Option<Workload>>,
    /// Its pods.
    pub pods: Known<Vec<Pod>>,
    /// Its autoscaler.
    pub autoscaler: Known<Option<Autoscaler>>,
    /// Its disruption budgets.
    pub budgets: Known<Vec<Budget>>,
    /// The quotas of the namespace.
    pub quotas: Known<Vec<Quota>>,
    /// The limit ranges of the namespace.
    pub limits: Known<Vec<LimitRange>>,
    /// All nodes.
    pub nodes: Known<Vec<Node>>,
    /// Its revisions, newest first.
    pub revisions: Known<Vec<Revision>>,
    /// Its newest good backup.
    pub backup: Known<Option<i64>>,
}

/// Asks for all of it. Takes about two round trips; where nothing answers, five seconds.
pub async fn gather(client: &Client, subject: Subject<'_>) -> Gathered {
    let namespace = subject.namespace.as_str();
    let whole = workload::read(client, subject).await;
    let at = clock::now_ms() / 1000;
    let found = match &whole {
        Ok(Some(whole)) => Some(whole),
        Ok(None) | Err(_) => None,
    };
    let selector = found.and_then(|whole| whole.selector());
    let labels = found.map(Whole::template_labels).unwrap_or_default();
    let asked = found.map(|whole| nodes::Asked::by(&whole.facts(None))).unwrap_or_default();
    let (pods, autoscaler, budgets, quotas, limits, nodes, revisions, backup, keeper) = tokio::join!(
        pods(client, subject, selector.as_ref()),
        autoscaler(client, subject),
        budgets(client, namespace, &labels),
        quotas(client, namespace),
        limits(client, namespace),
        nodes::read(client, &asked),
        revisions::read(client, subject, found),
        backup(client, namespace, subject.backup),
        keeper::read(client, found),
    );
    let workload = match &whole {
        Ok(found) => Known::Read { value: found.as_ref().map(|whole| whole.facts(keeper)), at },
        Err(why) => Known::Unread(why.clone()),
    };
    Gathered { workload, pods, autoscaler, budgets, quotas, limits, nodes, revisions, backup }
}

/// Only the workload and its pods: what a rollout is followed by.
pub async fn glance(client: &Client, subject: Subject<'_>) -> (Result<Option<Whole>, Arc<str>>, Known<Vec<Pod>>) {
    let whole = workload::read(client, subject).await;
    let selector = whole.as_ref().ok().and_then(|whole| whole.as_ref()?.selector());
    let pods = pods(client, subject, selector.as_ref()).await;
    (whole, pods)
}

/// A pod and the workload that it belongs to, if it belongs to one.
#[derive(Debug, Clone)]
pub struct OwnedPod {
    /// Its kind and name.
    pub workload: Option<(WorkloadKind, Arc<str>)>,
    /// The pod.
    pub pod: Pod,
}

/// All pods of a namespace.
pub async fn pods_in(client: &Client, namespace: &Namespace) -> Result<Vec<OwnedPod>, Arc<str>> {
    let api: Api<objects::Pod> = Api::namespaced(client.clone(), namespace.as_str());
    let all = ListParams::default();
    let list = ask("listing its pods", || api.list(&all)).await?;
    Ok(list.items.into_iter().filter_map(owned_pod).collect())
}

/// Asks a question up to three times within five seconds. What the API server refuses is not asked again.
pub async fn ask<T, Answer>(what: &str, question: impl Fn() -> Answer) -> Result<T, Arc<str>>
where
    Answer: Future<Output = kube::Result<T>>,
{
    let end = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(100);
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match timeout_at(end, question()).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_) => return Err(format!("{what} was not answered within {} s", PATIENCE.as_secs()).into()),
        };
        let again = match &error {
            kube::Error::Api(status) => status.code == 429 || status.code >= 500,
            _ => true,
        };
        if !again || tries == TRIES || Instant::now() + pause >= end {
            return Err(sentence(what, &error));
        }
        sleep(pause).await;
        pause *= 3;
    }
}

/// Why a question was not answered, without full stop.
fn sentence(what: &str, error: &kube::Error) -> Arc<str> {
    match error {
        kube::Error::Api(status) if status.code == 403 => format!("{what} is forbidden to the console").into(),
        kube::Error::Api(status) => {
            format!("{what} was refused: {}", plain(status.message.trim_end_matches('.'), MESSAGE_LIMIT)).into()
        }
        _ => format!("{what} failed: the cluster does not answer").into(),
    }
}

/// What an answer says, with the time at which it came.
fn known<T>(answer: Result<T, Arc<str>>) -> Known<T> {
    match answer {
        Ok(value) => Known::Read { value, at: clock::now_ms() / 1000 },
        Err(why) => Known::Unread(why),
    }
}

/// A label selector as a query writes it; none where it cannot be written, which the API server does not store.
fn selector_of(selector: &LabelSelector) -> Option<Selector> {
    Selector::try_from(selector.clone()).ok()
}

/// The pods that it controls. Its selector alone would also find what somebody made with its labels.
async fn pods(client: &Client, subject: Subject<'_>, selector: Option<&Selector>) -> Known<Vec<Pod>> {
    let Some(selector) = selector else { return Known::Unread("which pods are its own is not known".into()) };
    let api: Api<objects::Pod> = Api::namespaced(client.clone(), subject.namespace.as_str());
    let parameters = ListParams::default().labels_from(selector);
    let answer = ask("listing its pods", || api.list(&parameters)).await;
    known(answer.map(|list| list.items.into_iter().filter_map(|found| pod(found, subject)).collect()))
}

fn pod(pod: objects::Pod, subject: Subject<'_>) -> Option<Pod> {
    let OwnedPod { workload, pod } = owned_pod(pod)?;
    let (kind, owner) = workload?;
    (kind == subject.kind && *owner == *subject.name.as_str()).then_some(pod)
}

/// A pod with the workload that it belongs to; `None` for one without a proper name.
pub(super) fn owned_pod(pod: objects::Pod) -> Option<OwnedPod> {
    let name = ObjectName::new(pod.metadata.name.as_deref()?).ok()?;
    let uid = pod.metadata.uid.as_deref().unwrap_or_default().into();
    match pod.object()? {
        Object::Pod(seen) => {
            Some(OwnedPod { workload: seen.workload, pod: Pod { name, uid, node: seen.node, facts: seen.facts } })
        }
        _ => None,
    }
}

async fn autoscaler(client: &Client, subject: Subject<'_>) -> Known<Option<Autoscaler>> {
    let api: Api<HorizontalPodAutoscaler> = Api::namespaced(client.clone(), subject.namespace.as_str());
    let all = ListParams::default();
    let answer = ask("listing autoscalers", || api.list(&all)).await;
    known(answer.map(|list| {
        list.items.into_iter().find_map(|autoscaler| {
            let target = &autoscaler.spec.as_ref()?.scale_target_ref;
            let is_its_own = target.kind == subject.kind.title() && target.name == subject.name.as_str();
            is_its_own.then(|| autoscaler_facts(&autoscaler)).flatten()
        })
    }))
}

fn autoscaler_facts(autoscaler: &HorizontalPodAutoscaler) -> Option<Autoscaler> {
    let spec = autoscaler.spec.as_ref()?;
    let status = autoscaler.status.as_ref();
    let down = spec.behavior.as_ref().and_then(|behavior| behavior.scale_down.as_ref());
    Some(Autoscaler {
        name: ObjectName::new(autoscaler.metadata.name.as_deref()?).ok()?,
        uid: autoscaler.metadata.uid.as_deref().unwrap_or_default().into(),
        min: count(spec.min_replicas.unwrap_or(1)),
        max: count(spec.max_replicas),
        current: count(status.and_then(|status| status.current_replicas).unwrap_or(0)),
        desired: count(status.map_or(0, |status| status.desired_replicas)),
        conditions: status
            .and_then(|status| status.conditions.as_deref())
            .unwrap_or_default()
            .iter()
            .map(|condition| Condition {
                kind: message(&condition.type_),
                status: match condition.status.as_str() {
                    "True" => Some(true),
                    "False" => Some(false),
                    _ => None,
                },
                reason: message(condition.reason.as_deref().unwrap_or_default()),
                message: message(condition.message.as_deref().unwrap_or_default()),
                since: condition.last_transition_time.as_ref().map_or(0, |time| time.0.as_second()),
            })
            .collect(),
        // <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#default-behavior>
        scale_down_s: count(down.and_then(|down| down.stabilization_window_seconds).unwrap_or(300)),
    })
}

async fn budgets(client: &Client, namespace: &str, labels: &BTreeMap<String, String>) -> Known<Vec<Budget>> {
    let api: Api<PodDisruptionBudget> = Api::namespaced(client.clone(), namespace);
    let all = ListParams::default();
    let answer = ask("listing disruption budgets", || api.list(&all)).await;
    known(answer.map(|list| list.items.iter().filter_map(|budget| budget_facts(budget, labels)).collect()))
}

fn budget_facts(budget: &PodDisruptionBudget, labels: &BTreeMap<String, String>) -> Option<Budget> {
    let spec = budget.spec.as_ref()?;
    // One without a selector selects nothing, an empty one everything.
    if !selector_of(spec.selector.as_ref()?)?.matches(labels) {
        return None;
    }
    let written = |value: &IntOrString| match value {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(text) => plain(text, 16).into_owned(),
    };
    let rule = match (&spec.min_available, &spec.max_unavailable) {
        (Some(least), _) => format!("minAvailable {}", written(least)),
        (None, Some(most)) => format!("maxUnavailable {}", written(most)),
        (None, None) => "minAvailable 1".to_owned(),
    };
    let status = budget.status.as_ref();
    // What the controller has not counted yet allows nothing.
    let allowed = status.map_or(0, |status| count(status.disruptions_allowed));
    Some(Budget { name: name_of(&budget.metadata), rule: rule.into(), allowed })
}

async fn quotas(client: &Client, namespace: &str) -> Known<Vec<Quota>> {
    let api: Api<core::ResourceQuota> = Api::namespaced(client.clone(), namespace);
    let all = ListParams::default();
    let answer = ask("listing quotas", || api.list(&all)).await;
    known(answer.map(|list| list.items.iter().map(quota_facts).collect()))
}

fn quota_facts(quota: &core::ResourceQuota) -> Quota {
    let spec = quota.spec.as_ref();
    let hard = spec.and_then(|spec| spec.hard.as_ref());
    let used = quota.status.as_ref().and_then(|status| status.used.as_ref());
    let bounds = hard.into_iter().flatten().filter_map(|(resource, most)| {
        let used = used.and_then(|used| used.get(resource)).map_or_else(|| "0".parse().ok(), amount)?;
        Some((message(resource), used, amount(most)?))
    });
    Quota {
        name: name_of(&quota.metadata),
        bounds: bounds.collect(),
        scoped: spec.is_some_and(|spec| spec.scopes.is_some() || spec.scope_selector.is_some()),
    }
}

async fn limits(client: &Client, namespace: &str) -> Known<Vec<LimitRange>> {
    let api: Api<core::LimitRange> = Api::namespaced(client.clone(), namespace);
    let all = ListParams::default();
    let answer = ask("listing limit ranges", || api.list(&all)).await;
    known(answer.map(|list| list.items.iter().flat_map(limit_facts).collect()))
}

/// The items of a limit range that are about containers and pods; those about claims are not.
fn limit_facts(range: &core::LimitRange) -> Vec<LimitRange> {
    let items = range.spec.iter().flat_map(|spec| &spec.limits);
    let facts = items.filter_map(|item| {
        let per = match item.type_.as_str() {
            "Container" => Per::Container,
            "Pod" => Per::Pod,
            _ => return None,
        };
        Some(LimitRange {
            name: name_of(&range.metadata),
            per,
            default_request: amounts(&item.default_request),
            default_limit: amounts(&item.default),
            most: amounts(&item.max),
            least: amounts(&item.min),
            ratio: amounts(&item.max_limit_request_ratio),
        })
    });
    facts.collect()
}

async fn backup(client: &Client, namespace: &str, job: Option<&ObjectName>) -> Known<Option<i64>> {
    let Some(job) = job else { return known(Ok(None)) };
    let api: Api<CronJob> = Api::namespaced(client.clone(), namespace);
    match ask("reading the backup's CronJob", || api.get_opt(job.as_str())).await {
        Ok(Some(found)) => {
            let last = found.status.and_then(|status| status.last_successful_time);
            match last {
                Some(time) => known(Ok(Some(time.0.as_second()))),
                None => Known::Unread(format!("the CronJob {job} has never succeeded").into()),
            }
        }
        Ok(None) => Known::Unread(format!("there is no CronJob {job}").into()),
        Err(why) => Known::Unread(why),
    }
}

fn name_of(meta: &ObjectMeta) -> Arc<str> {
    message(meta.name.as_deref().unwrap_or_default())
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// Amounts by resource.
fn amounts(amounts: &Option<BTreeMap<String, Quantity>>) -> Vec<(Arc<str>, Amount)> {
    amounts.iter().flatten().filter_map(|(name, value)| Some((message(name), amount(value)?))).collect()
}

fn amount(quantity: &Quantity) -> Option<Amount> {
    quantity.0.parse().ok()
}
