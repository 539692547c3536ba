//! The patches that orders are sent as.

use domain::ledger::OperationId;
use http::Method;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use super::{MANAGER, OPERATION};

pub(super) fn now() -> String {
    let now = Timestamp::from_second(crate::clock::now_ms() / 1000).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_string()
}

pub(super) fn json_patch(place: &str, name: &str, body: &[Value]) -> Result<http::Request<Vec<u8>>, String> {
    patch(place, name, "application/json-patch+json", &Value::from(body))
}

pub(super) fn patch(place: &str, name: &str, form: &str, body: &Value) -> Result<http::Request<Vec<u8>>, String> {
    http::Request::builder()
        .method(Method::PATCH)
        .uri(format!("{place}/{name}?fieldManager={MANAGER}"))
        .header(CONTENT_TYPE, form)
        .body(body.to_string().into_bytes())
        .map_err(|error| error.to_string())
}

/// A JSON patch that holds for one object in one state only, and leaves our id in it.
pub(super) fn tested(head: &ObjectMeta, id: OperationId, more: Vec<Value>) -> Vec<Value> {
    let mut patch = vec![json!({ "op": "test", "path": "/metadata/uid", "value": head.uid })];
    if let Some(version) = &head.resource_version {
        patch.push(json!({ "op": "test", "path": "/metadata/resourceVersion", "value": version }));
    }
    let id = id.to_string();
    patch.push(match &head.annotations {
        Some(annotations) if !annotations.is_empty() => {
            json!({ "op": "add", "path": format!("/metadata/annotations/{}", OPERATION.replace('/', "~1")), "value": id })
        }
        Some(_) | None => json!({ "op": "add", "path": "/metadata/annotations", "value": { OPERATION: id } }),
    });
    patch.extend(more);
    patch
}
