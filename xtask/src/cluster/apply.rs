//! Server-side apply of YAML files.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use futures::{TryStreamExt, stream};
use kube::{
    Api, Client,
    api::{DynamicObject, ListParams, Patch, PatchParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::Value;

use super::probe;

/// How long an object may be refused because what it needs is still on its way.
const PATIENCE: Duration = Duration::from_secs(20);

/// Applies documents under one field manager's name.
pub struct Applier {
    client: Client,
    manager: String,
}

impl Applier {
    /// Who applies, and with which client.
    pub fn new(client: Client, manager: &str) -> Self {
        Self { client, manager: manager.to_owned() }
    }

    /// Applies in waves, several documents at a time.
    pub async fn apply_all(&self, documents: &[Value]) -> Result<()> {
        for wave in 0..3 {
            let members = documents.iter().filter(|document| wave_of(document) == wave);
            stream::iter(members.map(Ok::<_, anyhow::Error>))
                .try_for_each_concurrent(8, |document| self.apply(document))
                .await?;
        }
        Ok(())
    }

    /// Applies one document; waits a little when what it needs is still on its way.
    pub async fn apply(&self, document: &Value) -> Result<()> {
        let (api, name) = api_of(&self.client, document)?;
        let params = PatchParams::apply(&self.manager).force();
        let since = Instant::now();
        loop {
            match api.patch(&name, &params, &Patch::Apply(document)).await {
                Ok(_) => return Ok(()),
                Err(kube::Error::Api(status)) if may_pass(status.code) && since.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error).with_context(|| format!("applying {}", title(document))),
            }
        }
    }

    /// Waits until the API server serves and describes every kind that was defined: kwok reads the descriptions.
    pub async fn wait_for_kinds(&self, limit: Duration) -> Result<()> {
        let kind = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &ApiResource::from_gvk(&kind));
        probe::until(
            "the kinds",
            limit,
            || true,
            || async {
                let definitions = api.list(&ListParams::default()).await?;
                let request = http::Request::get("/openapi/v3").body(Vec::new()).context("making a request")?;
                let described: Value = self.client.request(request).await?;
                let waiting = definitions
                    .iter()
                    .filter(|it| !(is_established(&it.data) && is_described(&it.data, &described)))
                    .count();
                if waiting == 0 { Ok(()) } else { bail!("{waiting} kinds are not served yet") }
            },
        )
        .await
    }
}

/// The API that holds an object of this kind and namespace, and the object's name.
pub fn api_of(client: &Client, document: &Value) -> Result<(Api<DynamicObject>, String)> {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    let version = text("/apiVersion").context("a document has no apiVersion")?;
    let kind = text("/kind").context("a document has no kind")?;
    let name = text("/metadata/name").with_context(|| format!("a {kind} has no name"))?;
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    let api = match text("/metadata/namespace") {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    Ok((api, name.to_owned()))
}

/// All documents of all YAML files in a folder, by file name.
pub fn documents_in(folder: &Path) -> Result<Vec<Value>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry.context("reading a folder")?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut documents = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        documents.extend(read(&text, &path.display().to_string())?);
    }
    Ok(documents)
}

/// The documents of one YAML text.
pub fn read(text: &str, origin: &str) -> Result<Vec<Value>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).with_context(|| format!("understanding {origin}"))?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// `Deployment fleet-management/fleet-app`, for messages.
pub fn title(document: &Value) -> String {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or("?");
    match document.pointer("/metadata/namespace").and_then(Value::as_str) {
        Some(namespace) => format!("{} {namespace}/{}", text("/kind"), text("/metadata/name")),
        None => format!("{} {}", text("/kind"), text("/metadata/name")),
    }
}

/// Namespaces, then what changes pods when they are made or what they read, then the rest.
fn wave_of(document: &Value) -> u8 {
    match document["kind"].as_str() {
        Some("Namespace") => 0,
        Some("ConfigMap" | "LimitRange" | "ResourceQuota" | "Secret" | "ServiceAccount" | "StorageClass") => 1,
        _ => 2,
    }
}

/// Not found (a kind or namespace on its way), too many requests, a server that is still starting.
fn may_pass(code: u16) -> bool {
    matches!(code, 404 | 429 | 500 | 503 | 504)
}

fn is_established(definition: &Value) -> bool {
    let conditions = definition.pointer("/status/conditions").and_then(Value::as_array);
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Established" && one["status"] == "True"))
}

/// Whether the index of OpenAPI documents knows the kind's group in its first version.
fn is_described(definition: &Value, index: &Value) -> bool {
    let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let path = format!("apis/{}/{}", text("/spec/group"), text("/spec/versions/0/name"));
    index.get("paths").and_then(|paths| paths.get(path)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_split_and_quoted_words_stay_text() {
        let text = "# a comment\napiVersion: v1\nkind: ConfigMap\ndata: {A: \"true\", B: '30', C: \"no\"}\n---\nkind: B\nn: 5\n";
        let documents = read(text, "test").unwrap();
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[0]["data"], serde_json::json!({"A": "true", "B": "30", "C": "no"}));
        assert_eq!(documents[1]["n"], 5);
    }

    #[test]
    fn every_manifest_of_the_project_can_be_read() {
        let root = super::super::layout::project();
        for folder in ["dev/crds", "dev/kwok", "dev/base"] {
            assert!(!documents_in(&root.join(folder)).unwrap().is_empty(), "{folder}");
        }
    }
}
