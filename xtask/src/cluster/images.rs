//! The registry of the local cluster: which digest a mutable tag points to.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{apply::api_of, probe};

/// Makes a tag point to another digest: pods that start from now on run it. `dev/base/registry.yaml` does the rest.
pub async fn push(client: &Client, image: &str, digest: &str) -> Result<()> {
    change(client, image, Some(digest)).await
}

/// Forgets what a tag pointed to: it has the digest of its own name again.
pub async fn forget(client: &Client, image: &str) -> Result<()> {
    change(client, image, None).await
}

/// What a tag was made to point to, if it was.
pub async fn pointed_to(client: &Client, image: &str) -> Result<Option<String>> {
    let (api, name) = api_of(client, &tags(&json!({})))?;
    let object = api.get_opt(&name).await.context("reading the registry's tags")?;
    Ok(object.and_then(|it| Some(it.data.get("data")?.get(key(image))?.as_str()?.to_owned())))
}

/// The digest of a word, as images have them.
pub fn digest(word: &str) -> String {
    Sha256::digest(word.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn change(client: &Client, image: &str, digest: Option<&str>) -> Result<()> {
    let document = tags(&json!({ key(image): digest }));
    let (api, name) = api_of(client, &document)?;
    // A patch alone would need the object to be there; the answer to a second creation does not matter.
    let empty = serde_json::from_value(tags(&json!({}))).context("describing the registry's tags")?;
    let _ = api.create(&PostParams::default(), &empty).await;
    api.patch(&name, &PatchParams::default(), &Patch::Merge(&document))
        .await
        .with_context(|| format!("moving the tag of {image}"))?;
    settled(client, image, digest).await
}

/// Waits until a new pod would get the digest: the policy hears of a push a moment later.
async fn settled(client: &Client, image: &str, digest: Option<&str>) -> Result<()> {
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "probe-", "namespace": NAMESPACE, "annotations": {"sim.kwok.dev/probe": "true"}},
        "spec": {"containers": [{"name": "probe", "image": image}]},
    });
    let pod: Pod = serde_json::from_value(pod).context("describing a pod")?;
    let api: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    let params = PostParams { dry_run: true, ..PostParams::default() };
    probe::until(
        "the moved tag",
        Duration::from_secs(15),
        || true,
        || async {
            let answer = api.create(&params, &pod).await?;
            let annotations = answer.metadata.annotations.unwrap_or_default();
            if annotations.get("sim.kwok.dev/digest.probe").map(String::as_str) == digest {
                Ok(())
            } else {
                bail!("new pods still get the other digest")
            }
        },
    )
    .await
}

/// Where the registry's tags are kept.
const NAMESPACE: &str = "sim-registry";

fn tags(data: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "tags", "namespace": NAMESPACE},
        "data": data,
    })
}

/// Keys of a ConfigMap know neither slashes nor colons.
fn key(image: &str) -> String {
    image.replace('/', "__").replace(':', ".tag.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_becomes_a_key_that_a_config_map_accepts() {
        assert_eq!(key("andreqko/super-todo:latest"), "andreqko__super-todo.tag.latest");
        assert_eq!(digest("").len(), 64);
    }
}
