//! Two that saw what was done: the API server's audit log, and somebody who watches the workloads.
//!
//! An API server that is killed between the write and its answer leaves no line in its log, but the object bears the id.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource};
use parking_lot::Mutex;
use serde_json::Value;
use server::cluster::{MANAGER, OPERATION};
use tokio::time::{Duration, sleep};

/// A write of ours that the API server carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Whose; none where it bears no id.
    pub id: Option<String>,
    /// When the API server got it, microseconds since 1970.
    pub at: i64,
    /// `deployments/w-01`.
    pub target: String,
}

/// What an audit log holds of ours.
#[derive(Debug, Default)]
pub struct Audit {
    /// What was carried out.
    pub effects: Vec<Effect>,
    /// Writes that were answered with something else, by status.
    pub others: BTreeMap<u64, u64>,
    /// Orders that were given up.
    pub given_up: u64,
    /// Lines that are none: a server was killed while it wrote.
    pub torn: u64,
}

/// Reads the log; only what was done in a namespace.
pub fn audit(log: &Path, namespace: &str) -> Audit {
    let text = std::fs::read(log).unwrap();
    let mut audit = Audit::default();
    for line in String::from_utf8_lossy(&text).lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            audit.torn += 1;
            continue;
        };
        audit.take(&event, namespace);
    }
    audit
}

impl Audit {
    fn take(&mut self, event: &Value, namespace: &str) {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let ours = text("/requestURI").contains(&format!("fieldManager={MANAGER}"));
        if !ours || text("/stage") != "ResponseComplete" || text("/objectRef/namespace") != namespace {
            return;
        }
        let code = event.pointer("/responseStatus/code").and_then(Value::as_u64).unwrap_or(0);
        if !(200..300).contains(&code) {
            *self.others.entry(code).or_default() += 1;
            return;
        }
        let body = &event["requestObject"];
        let id = id_in(body);
        if id.is_none() && body.pointer("/metadata/annotations/quarterdeck.dev~1given-up").is_some() {
            self.given_up += 1;
            return;
        }
        let at = text("/requestReceivedTimestamp").parse::<Timestamp>().map_or(0, Timestamp::as_microsecond);
        let target = format!("{}/{}", text("/objectRef/resource"), text("/objectRef/name"));
        self.effects.push(Effect { id, at, target });
    }
}

/// The operation in an applied object or in a JSON patch.
fn id_in(body: &Value) -> Option<String> {
    let escaped = format!("/metadata/annotations/{}", OPERATION.replace('/', "~1"));
    let found = match body.as_array() {
        None => body.pointer(&escaped),
        Some(steps) => steps.iter().find_map(|step| match step["path"].as_str()? {
            path if path == escaped => step.get("value"),
            "/metadata/annotations" => step.pointer("/value")?.get(OPERATION),
            _ => None,
        }),
    };
    found?.as_str().map(str::to_owned)
}

/// Watches all workloads of a namespace: whose id they ever bore.
#[derive(Clone, Default)]
pub struct Watcher {
    seen: Arc<Mutex<BTreeMap<String, String>>>,
    gaps: Arc<Mutex<u64>>,
}

impl Watcher {
    pub fn start(client: &Client, namespace: &str) -> Self {
        let watcher = Self::default();
        let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
        let sets: Api<StatefulSet> = Api::namespaced(client.clone(), namespace);
        tokio::spawn(watcher.clone().follow(deployments));
        tokio::spawn(watcher.clone().follow(sets));
        watcher
    }

    /// The ids, each with its target.
    pub fn seen(&self) -> BTreeMap<String, String> {
        self.seen.lock().clone()
    }

    /// How often it had to begin anew: an API server that was started again knows nothing of what was before. An object bears an
    /// id until the next operation on it, so little can be missed.
    pub fn gaps(&self) -> u64 {
        *self.gaps.lock()
    }

    async fn follow<K>(self, api: Api<K>)
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + std::fmt::Debug,
        K: serde::de::DeserializeOwned,
    {
        let mut version: Option<String> = None;
        loop {
            let from = match &version {
                Some(version) => version.clone(),
                None => match api.list(&ListParams::default()).await {
                    Ok(list) => {
                        list.items.iter().for_each(|object| self.note(object));
                        list.metadata.resource_version.unwrap_or_default()
                    }
                    Err(_) => {
                        sleep(Duration::from_millis(300)).await;
                        continue;
                    }
                },
            };
            version = Some(from.clone());
            let Ok(events) = api.watch(&WatchParams::default(), &from).await else {
                sleep(Duration::from_millis(300)).await;
                continue;
            };
            let mut events = std::pin::pin!(events);
            while let Ok(Some(event)) = events.try_next().await {
                match event {
                    WatchEvent::Added(object) | WatchEvent::Modified(object) | WatchEvent::Deleted(object) => {
                        self.note(&object);
                        version = object.meta().resource_version.clone();
                    }
                    WatchEvent::Bookmark(mark) => version = Some(mark.metadata.resource_version),
                    WatchEvent::Error(error) => {
                        if error.code == 410 {
                            *self.gaps.lock() += 1;
                            version = None;
                        }
                        break;
                    }
                }
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn note<K: Resource<DynamicType = ()>>(&self, object: &K) {
        let meta = object.meta();
        if let Some(id) = meta.annotations.as_ref().and_then(|annotations| annotations.get(OPERATION)) {
            let target = format!("{}/{}", K::plural(&()), meta.name.as_deref().unwrap_or_default());
            self.seen.lock().insert(id.clone(), target);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(uri: &str, code: u16, body: Value) -> Value {
        json!({
            "stage": "ResponseComplete", "requestURI": uri, "responseStatus": {"code": code}, "requestObject": body,
            "requestReceivedTimestamp": "2026-01-01T00:00:00.000001Z",
            "objectRef": {"namespace": "n", "resource": "deployments", "name": "w"},
        })
    }

    #[test]
    fn effects_are_the_writes_of_ours_that_were_carried_out() {
        let ours = "/apis/apps/v1/namespaces/n/deployments/w?fieldManager=quarterdeck&force=true";
        let applied = json!({"metadata": {"annotations": {OPERATION: "a"}}});
        let mut audit = Audit::default();
        for (event, namespace) in [
            (event(ours, 200, applied.clone()), "n"),
            (
                event(
                    ours,
                    201,
                    json!([{"op": "add", "path": "/metadata/annotations/quarterdeck.dev~1operation", "value": "b"}]),
                ),
                "n",
            ),
            (event(ours, 200, json!([{"op": "add", "path": "/metadata/annotations", "value": {OPERATION: "c"}}])), "n"),
            (event(ours, 409, applied.clone()), "n"),
            (event(ours, 200, json!({"metadata": {"annotations": {"quarterdeck.dev/given-up": "d"}}})), "n"),
            (event(ours, 200, applied.clone()), "elsewhere"),
            (event("/apis/apps/v1/namespaces/n/deployments/w?fieldManager=kubectl", 200, applied), "n"),
        ] {
            audit.take(&event, namespace);
        }
        let ids: Vec<_> = audit.effects.iter().map(|effect| effect.id.as_deref().unwrap()).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        assert_eq!(audit.effects[0].target, "deployments/w");
        assert_eq!((audit.others, audit.given_up), (BTreeMap::from([(409, 1)]), 1));
    }
}
