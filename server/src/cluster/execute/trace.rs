//! Finding out whether an order arrived that was not answered.

use std::sync::Arc;

use domain::guard::Order;
use domain::ledger::OperationId;
use domain::operation::Target;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use kube::Client;
use kube::api::GetParams;
use kube::core::Request;

use super::super::gather::{ask, path};
use super::{GIVEN_UP, Head, MANAGER, OPERATION, writer_of};

/// What is found of an operation that was sent and not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// It arrived; the target's generation now.
    Arrived {
        /// `metadata.generation`.
        generation: i64,
    },
    /// It did not, and cannot any more: the object was written since, and not by it.
    Never,
    /// Not there. A server that was slow may still carry it out.
    NotThere,
}

/// An operation that is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Missed<'a> {
    /// To what.
    pub target: &'a Target,
    /// What was sent.
    pub order: &'a Order,
    /// Its id.
    pub id: OperationId,
    /// The resource version that was its precondition.
    pub version: Option<&'a str>,
    /// When it was recorded, seconds since 1970: nothing was sent before.
    pub begun: i64,
}

/// Looks for an operation in the object that it was to write.
pub async fn trace(reader: &Client, missed: Missed<'_>) -> Result<Trace, Arc<str>> {
    let Missed { target, order, .. } = missed;
    let (place, name) = match order {
        Order::Restart | Order::Replicas { .. } | Order::Template { .. } => {
            (path(target.kind(), &target.namespace), target.name())
        }
        Order::Range { autoscaler, .. } => {
            let namespace = &target.namespace;
            (format!("/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"), autoscaler)
        }
        Order::Evict { pod, .. } => (format!("/api/v1/namespaces/{}/pods", target.namespace), pod),
    };
    let request = Request::new(place);
    let found = ask("looking whether it arrived", || async {
        let get = request.get(name.as_str(), &GetParams::default()).map_err(kube::Error::BuildRequest)?;
        match reader.request::<Head>(get).await {
            Ok(head) => Ok(Some(head.metadata)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error),
        }
    })
    .await?;
    Ok(traced(found.as_ref(), missed))
}

fn traced(found: Option<&ObjectMeta>, missed: Missed<'_>) -> Trace {
    let Missed { target, order, id, version, begun } = missed;
    let generation = found.and_then(|meta| meta.generation).unwrap_or(target.generation);
    let is = |uid: &str| found.is_some_and(|meta| meta.uid.as_deref() == Some(uid));
    if let Order::Evict { uid, .. } = order {
        // Nothing is left of a pod to write an id into: that it ends is all there is to see.
        let stays = is(uid) && found.is_some_and(|meta| meta.deletion_timestamp.is_none());
        return if stays { Trace::NotThere } else { Trace::Arrived { generation: target.generation } };
    }
    let wanted = match order {
        Order::Range { uid, .. } => uid,
        Order::Restart | Order::Replicas { .. } | Order::Template { .. } | Order::Evict { .. } => &target.uid,
    };
    if !is(wanted) {
        return Trace::Never;
    }
    let given_up = found.and_then(|meta| meta.annotations.as_ref()?.get(GIVEN_UP)?.parse().ok());
    if given_up == Some(id) {
        return Trace::Never;
    }
    // Somebody may have taken the annotation away; the id of another operation would have been overwritten by ours. Of one target
    // there is one operation at a time, so what our manager wrote since is this one's, unless it gave up the one before.
    let is_bare = found.is_some_and(|meta| {
        meta.annotations.as_ref().is_none_or(|all| !all.contains_key(OPERATION) && !all.contains_key(GIVEN_UP))
    });
    let wrote = |entry: &ManagedFieldsEntry| {
        let at = entry.time.as_ref().map(|time| time.0.as_second());
        entry.manager.as_deref() == Some(MANAGER) && at.is_some_and(|at| at >= begun)
    };
    let ours = is_bare && found.is_some_and(|meta| meta.managed_fields.iter().flatten().any(wrote));
    if found.and_then(writer_of) == Some(id) || ours {
        return Trace::Arrived { generation };
    }
    let moved = version.is_some() && found.and_then(|meta| meta.resource_version.as_deref()) != version;
    if moved { Trace::Never } else { Trace::NotThere }
}

#[cfg(test)]
mod tests {
    use domain::name::{ComponentId, WorkloadKind};
    use serde_json::{Value, json};

    use super::*;

    const OURS: OperationId = OperationId(7);
    const OTHER: OperationId = OperationId(6);

    fn target() -> Target {
        Target {
            component: ComponentId {
                environment: "shop/dev".parse().unwrap(),
                kind: WorkloadKind::Deployment,
                name: "web".parse().unwrap(),
            },
            cluster: "main".parse().unwrap(),
            namespace: "shop".parse().unwrap(),
            uid: "u".into(),
            generation: 3,
        }
    }

    /// What is found of an order whose precondition was version 10, recorded at 12:00:00.
    fn found(order: &Order, meta: Option<Value>) -> Trace {
        let meta: Option<ObjectMeta> = meta.map(|meta| serde_json::from_value(meta).unwrap());
        let begun = "2026-01-01T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
        traced(meta.as_ref(), Missed { target: &target(), order, id: OURS, version: Some("10"), begun })
    }

    #[test]
    fn an_order_is_found_by_its_id_and_never_by_that_of_another() {
        let arrived = Trace::Arrived { generation: 4 };
        let meta = |version: &str, annotations: Value, written: &str| {
            json!({ "uid": "u", "generation": 4, "resourceVersion": version, "annotations": annotations,
                    "managedFields": [{ "manager": MANAGER, "time": written }] })
        };
        let before = "2026-01-01T11:59:00Z";
        let since = "2026-01-01T12:00:03Z";
        for (what, meta, expected) in [
            ("its id", Some(meta("11", json!({ OPERATION: OURS.to_string() }), since)), arrived),
            (
                "its id, whatever our clocks say",
                Some(meta("11", json!({ OPERATION: OURS.to_string() }), before)),
                arrived,
            ),
            ("nothing was written", Some(meta("10", json!({ OPERATION: OTHER.to_string() }), before)), Trace::NotThere),
            ("somebody else wrote", Some(meta("11", json!({ OPERATION: OTHER.to_string() }), before)), Trace::Never),
            // The one before ended a moment ago: its manager is the same, and so may be the second.
            ("the one before wrote", Some(meta("11", json!({ OPERATION: OTHER.to_string() }), since)), Trace::Never),
            (
                "the one before was given up",
                Some(meta("11", json!({ GIVEN_UP: OTHER.to_string() }), since)),
                Trace::Never,
            ),
            ("it was given up", Some(meta("11", json!({ GIVEN_UP: OURS.to_string() }), since)), Trace::Never),
            ("its id was taken away", Some(meta("12", json!({}), since)), arrived),
            ("there never was an id", Some(meta("12", json!({}), before)), Trace::Never),
            (
                "another object",
                Some(json!({ "uid": "v", "annotations": { OPERATION: OURS.to_string() } })),
                Trace::Never,
            ),
            ("no object", None, Trace::Never),
        ] {
            assert_eq!(found(&Order::Restart, meta), expected, "{what}");
        }
    }

    #[test]
    fn an_eviction_is_found_by_the_end_of_its_pod() {
        let order = Order::Evict { pod: "web-0".parse().unwrap(), uid: "p".into() };
        let ended = Trace::Arrived { generation: 3 };
        for (what, meta, expected) in [
            ("still there", Some(json!({ "uid": "p" })), Trace::NotThere),
            ("ends", Some(json!({ "uid": "p", "deletionTimestamp": "2026-01-01T12:00:01Z" })), ended),
            ("made anew", Some(json!({ "uid": "q" })), ended),
            ("gone", None, ended),
        ] {
            assert_eq!(found(&order, meta), expected, "{what}");
        }
    }
}
