//! The one place from which anything in a cluster is changed, and only with a [`Permit`].
//!
//! Nothing here is sent twice by itself. A precondition that failed is an answer: the object was not changed, so the order is
//! put together anew for the object as it is then, as long as it is still the one that was planned for. No answer is
//! [`Sent::Unknown`], and [`trace`] finds out.

mod patch;
mod trace;

use std::sync::Arc;
use std::time::Duration;

use domain::guard::{Order, Permit};
use domain::ledger::OperationId;
use domain::name::WorkloadKind;
use domain::operation::Target;
use domain::text::{MESSAGE_LIMIT, plain};
use http::Method;
use http::header::CONTENT_TYPE;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::{GetParams, Patch, PatchParams};
use kube::core::Request;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::gather::path;
use super::template;
use patch::{json_patch, now, patch, tested};
pub use trace::{Missed, Trace, trace};

/// The annotation that holds the id of the operation that wrote an object last.
pub const OPERATION: &str = "quarterdeck.dev/operation";
/// The annotation that holds the id of an operation that was given up, because it was not known whether it would arrive.
const GIVEN_UP: &str = "quarterdeck.dev/given-up";
/// Ours in `metadata.managedFields`. Flux takes away what managers called `kubectl…` wrote, and leaves others alone.
/// <https://fluxcd.io/flux/faq/#how-to-patch-coredns-and-other-pre-installed-addons>
pub const MANAGER: &str = "quarterdeck";
/// The annotation of the template by which `kubectl rollout restart` replaces pods.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// The most time for an answer. The API server itself gives up after 60 s.
const DEADLINE: Duration = Duration::from_secs(10);
/// How often an order is put together anew because a status was written in between.
const TRIES: u32 = 8;

/// What came of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The API server took it; the target's generation since.
    Accepted {
        /// `metadata.generation`.
        generation: i64,
    },
    /// Nothing was changed, for sure: why, in a sentence.
    Refused(Arc<str>),
    /// Nothing was changed, because the object is not as it was when the plan was made.
    Overtaken {
        /// The operation that wrote it last.
        by: Option<OperationId>,
    },
    /// It was sent and no answer came.
    Unknown {
        /// What happened, in a sentence.
        why: Arc<str>,
        /// The resource version that was its precondition: once that is past, it can arrive no more.
        version: Option<Arc<str>>,
    },
}

/// A connection that writes. Its only way to do so takes a permit:
///
/// ```compile_fail,E0308
/// async fn without(writer: server::cluster::Writer, id: domain::ledger::OperationId) {
///     writer.send("restart fleet-api", id, tokio::time::Instant::now()).await;
/// }
/// ```
///
/// and what it writes with cannot be taken out:
///
/// ```compile_fail,E0423
/// fn out(client: kube::Client) -> server::cluster::Writer {
///     server::cluster::Writer(client)
/// }
/// ```
#[derive(Clone)]
pub struct Writer(Client);

/// What is read of an object before it is written, and of the answer.
#[derive(Deserialize)]
struct Head {
    metadata: ObjectMeta,
}

/// Why an order was not carried out.
enum Fault {
    /// The API server answered that it did not.
    Status(Box<kube::core::Status>),
    /// Before anything was sent.
    NotSent(String),
    /// After.
    NoAnswer(String),
}

impl Writer {
    /// Of a client that retries nothing.
    pub(super) fn new(client: Client) -> Self {
        Self(client)
    }

    /// Sends what a permit allows, once, and not after `leaves_by`: somebody else may take it for lost then. `id` stands in the
    /// object afterwards.
    pub async fn send(&self, permit: &Permit, id: OperationId, leaves_by: Instant) -> Sent {
        let target = permit.target();
        match permit.order() {
            Order::Restart => self.restart(target, id, leaves_by).await,
            Order::Replicas { to, .. } => {
                let replace = json!({ "op": "replace", "path": "/spec/replicas", "value": to });
                self.replace(target, id, replace, leaves_by).await
            }
            Order::Template { holder, uid, revision } => match self.template(target, holder.as_str(), uid).await {
                Ok(template) => {
                    let replace = json!({ "op": "replace", "path": "/spec/template", "value": template });
                    self.replace(target, id, replace, leaves_by).await
                }
                Err(why) => Sent::Refused(format!("Not sent: revision {revision} {why}.").into()),
            },
            Order::Range { autoscaler, uid, from, to } => {
                self.range(target, id, autoscaler.as_str(), uid, (*from, *to), leaves_by).await
            }
            Order::Evict { pod, uid } => self.evict(target, pod.as_str(), uid, leaves_by).await,
        }
    }

    /// Gives an order up that was not answered: writes to its target, so that its precondition fails whenever it may arrive.
    /// `true`: it never will. What is written is an annotation that nothing reads.
    pub async fn give_up(&self, permit: &Permit, id: OperationId, version: &str) -> bool {
        let target = permit.target();
        // Uid and resource version are preconditions of a merge patch too, and it needs no annotation to be there already.
        let body = json!({ "metadata": {
            "uid": *target.uid,
            "resourceVersion": version,
            "annotations": { GIVEN_UP: id.to_string() },
        } });
        let place = path(target.kind(), &target.namespace);
        self.once(patch(&place, target.name().as_str(), "application/merge-patch+json", &body)).await.is_ok()
    }

    /// Server-side apply of the annotation, by our own manager.
    async fn restart(&self, target: &Target, id: OperationId, leaves_by: Instant) -> Sent {
        let (kind, name) = (target.kind(), target.name().as_str());
        let parameters = PatchParams::apply(MANAGER).force();
        let request = Request::new(path(kind, &target.namespace));
        self.when_unchanged(target, id, leaves_by, |head| {
            let body = json!({
                "apiVersion": "apps/v1",
                "kind": kind.title(),
                "metadata": {
                    "name": name,
                    "uid": head.uid,
                    "resourceVersion": head.resource_version,
                    "annotations": { OPERATION: id.to_string() },
                },
                "spec": { "template": { "metadata": { "annotations": { RESTARTED_AT: now() } } } },
            });
            request.patch(name, &parameters, &Patch::Apply(&body)).map_err(|error| error.to_string())
        })
        .await
    }

    /// A JSON patch of one field, that tests which object it is.
    async fn replace(&self, target: &Target, id: OperationId, replace: Value, leaves_by: Instant) -> Sent {
        let name = target.name().as_str();
        let place = path(target.kind(), &target.namespace);
        self.when_unchanged(target, id, leaves_by, |head| {
            let body = tested(head, id, vec![replace.clone()]);
            json_patch(&place, name, &body)
        })
        .await
    }

    async fn range(
        &self,
        target: &Target,
        id: OperationId,
        autoscaler: &str,
        uid: &str,
        (from, to): ((u32, u32), (u32, u32)),
        leaves_by: Instant,
    ) -> Sent {
        let place = format!("/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers", target.namespace);
        // An autoscaler has no generation: its numbers are the precondition.
        let head = match self.head(&Request::new(place.clone()), autoscaler).await {
            Ok(head) => head,
            Err(fault) => return not_read(fault),
        };
        if head.uid.as_deref() != Some(uid) {
            return Sent::Refused("Not sent: the autoscaler was made anew since the plan was made.".into());
        }
        let head = ObjectMeta { resource_version: None, ..head };
        let body = tested(
            &head,
            id,
            vec![
                json!({ "op": "test", "path": "/spec/minReplicas", "value": from.0 }),
                json!({ "op": "test", "path": "/spec/maxReplicas", "value": from.1 }),
                json!({ "op": "replace", "path": "/spec/minReplicas", "value": to.0 }),
                json!({ "op": "replace", "path": "/spec/maxReplicas", "value": to.1 }),
            ],
        );
        if Instant::now() > leaves_by {
            return too_late();
        }
        match self.once(json_patch(&place, autoscaler, &body)).await {
            // The workload follows later: its own generation is the one from before.
            Ok(_) => Sent::Accepted { generation: target.generation },
            Err(Fault::Status(status)) if is_precondition(&status) && self.is_ours(&place, autoscaler, id).await => {
                Sent::Accepted { generation: target.generation }
            }
            Err(Fault::Status(status)) if is_precondition(&status) => Sent::Refused(
                "Not done: the autoscaler was changed since the plan was made. Look at the new plan.".into(),
            ),
            Err(fault) => outcome(fault, None),
        }
    }

    async fn evict(&self, target: &Target, pod: &str, uid: &str, leaves_by: Instant) -> Sent {
        let body = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": { "name": pod, "namespace": target.namespace.as_str() },
            "deleteOptions": { "preconditions": { "uid": uid } },
        });
        let place = format!("/api/v1/namespaces/{}/pods/{pod}/eviction", target.namespace);
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(place)
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string().into_bytes());
        if Instant::now() > leaves_by {
            return too_late();
        }
        let sent = match request {
            Ok(request) => self.ask::<Value>(request).await,
            Err(error) => Err(Fault::NotSent(error.to_string())),
        };
        match sent {
            Ok(_) => Sent::Accepted { generation: target.generation },
            // <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/#how-api-initiated-eviction-works>
            Err(Fault::Status(status)) if status.code == 429 => Sent::Refused(
                format!("Not done: a disruption budget allows no eviction now. {}", said(&status.message)).into(),
            ),
            Err(fault) => outcome(fault, None),
        }
    }

    /// The template that a ReplicaSet or ControllerRevision holds, if that is still the one of the plan.
    async fn template(&self, target: &Target, holder: &str, uid: &str) -> Result<Value, &'static str> {
        let plural = match target.kind() {
            WorkloadKind::Deployment => "replicasets",
            WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => "controllerrevisions",
        };
        let request = Request::new(format!("/apis/apps/v1/namespaces/{}/{plural}", target.namespace));
        let unread = "could not be read";
        let get = request.get(holder, &GetParams::default()).map_err(|_| unread)?;
        let found: Value = self.ask(get).await.map_err(|_| unread)?;
        if found.pointer("/metadata/uid").and_then(Value::as_str) != Some(uid) {
            return Err("is not the one of the plan any more");
        }
        match target.kind() {
            WorkloadKind::Deployment => {
                let mut template = found.pointer("/spec/template").cloned().ok_or(unread)?;
                template::without_hash(&mut template);
                Ok(template)
            }
            WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => {
                found.get("data").and_then(template::of_controller_revision).ok_or(unread)
            }
        }
    }

    /// Sends what `make` makes of the object as it is, as long as it is the one that was planned for. A precondition on the
    /// generation does not exist, so it is one on the resource version; each status moves that, and then it is made anew.
    async fn when_unchanged(
        &self,
        target: &Target,
        id: OperationId,
        leaves_by: Instant,
        make: impl Fn(&ObjectMeta) -> Result<http::Request<Vec<u8>>, String>,
    ) -> Sent {
        let request = Request::new(path(target.kind(), &target.namespace));
        let (mut last, mut reason): (Option<String>, String) = (None, String::new());
        for _ in 0..TRIES {
            let head = match self.head(&request, target.name().as_str()).await {
                Ok(head) => head,
                Err(fault) => return not_read(fault),
            };
            if head.uid.as_deref() != Some(&*target.uid) {
                return Sent::Refused("Not sent: the object was made anew since the plan was made.".into());
            }
            if last.is_some() && writer_of(&head) == Some(id) {
                // Something on the way sent it once more: the first one arrived, and the second was what failed.
                return Sent::Accepted { generation: head.generation.unwrap_or(target.generation) };
            }
            if head.generation != Some(target.generation) {
                return Sent::Overtaken { by: writer_of(&head) };
            }
            if head.resource_version.is_some() && head.resource_version == last {
                // Nothing was written in between: it was not the precondition that failed.
                return Sent::Refused(format!("Not done: the API server does not take it. {reason}").into());
            }
            if Instant::now() > leaves_by {
                return too_late();
            }
            match self.once(make(&head)).await {
                Ok(after) => return Sent::Accepted { generation: after.generation.unwrap_or(target.generation) },
                Err(Fault::Status(status)) if is_precondition(&status) => {
                    (last, reason) = (head.resource_version, said(&status.message));
                }
                Err(fault) => return outcome(fault, head.resource_version),
            }
        }
        Sent::Refused("Not done: others write the object all the time. Try again.".into())
    }

    /// Whether an operation wrote an object last: something on the way may send a request once more.
    async fn is_ours(&self, place: &str, name: &str, id: OperationId) -> bool {
        let head = self.head(&Request::new(place), name).await;
        head.is_ok_and(|head| writer_of(&head) == Some(id))
    }

    async fn head(&self, request: &Request, name: &str) -> Result<ObjectMeta, Fault> {
        let get = request.get(name, &GetParams::default()).map_err(|error| Fault::NotSent(error.to_string()))?;
        Ok(self.ask::<Head>(get).await?.metadata)
    }

    /// Sends a change.
    async fn once(&self, request: Result<http::Request<Vec<u8>>, String>) -> Result<ObjectMeta, Fault> {
        let request = request.map_err(Fault::NotSent)?;
        Ok(self.ask::<Head>(request).await?.metadata)
    }

    async fn ask<T: serde::de::DeserializeOwned>(&self, request: http::Request<Vec<u8>>) -> Result<T, Fault> {
        match timeout(DEADLINE, self.0.request::<T>(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(kube::Error::Api(status))) => Err(Fault::Status(status)),
            Ok(Err(error)) if never_left(&error) => Err(Fault::NotSent(error.to_string())),
            Ok(Err(error)) => Err(Fault::NoAnswer(error.to_string())),
            Err(_) => Err(Fault::NoAnswer(format!("no answer within {} s", DEADLINE.as_secs()))),
        }
    }
}

/// Whether the connection could not even be made.
fn never_left(error: &kube::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return error.is_connect();
        }
        cause = error.source();
    }
    false
}

/// A conflict of the resource version, or a `test` of a JSON patch that failed.
fn is_precondition(status: &kube::core::Status) -> bool {
    status.code == 409 || status.code == 422
}

/// The operation of ours that wrote an object last.
fn writer_of(head: &ObjectMeta) -> Option<OperationId> {
    head.annotations.as_ref()?.get(OPERATION)?.parse().ok()
}

fn too_late() -> Sent {
    Sent::Refused("Not sent: it took too long until it could be. Try again.".into())
}

fn not_read(fault: Fault) -> Sent {
    Sent::Refused(match fault {
        Fault::Status(status) if status.code == 404 => "Not sent: there is no such object any more.".into(),
        Fault::Status(status) => format!("Not sent: it could not be read. {}", said(&status.message)).into(),
        Fault::NotSent(why) | Fault::NoAnswer(why) => {
            tracing::warn!("an operation was not sent, its target could not be read: {why}");
            "Not sent: the cluster does not answer.".into()
        }
    })
}

/// What an order came to that was not taken; `version` was its precondition.
fn outcome(fault: Fault, version: Option<String>) -> Sent {
    let version = version.map(Arc::from);
    match fault {
        // Whatever else a server or a proxy in front of it says, it may have been carried out.
        Fault::Status(status) if status.code >= 500 => {
            let why = format!("The API server answered with {}: {}", status.code, said(&status.message)).into();
            Sent::Unknown { why, version }
        }
        Fault::Status(status) => {
            Sent::Refused(format!("Not done: the API server refused it. {}", said(&status.message)).into())
        }
        Fault::NotSent(why) => {
            tracing::warn!("an operation was not sent: {why}");
            Sent::Refused("Not sent: the cluster does not answer.".into())
        }
        Fault::NoAnswer(why) => {
            tracing::warn!("an operation was not answered: {why}");
            Sent::Unknown { why: "It was sent, and no answer came.".into(), version }
        }
    }
}

fn said(message: &str) -> String {
    plain(message, MESSAGE_LIMIT).into_owned()
}
