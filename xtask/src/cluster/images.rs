//! The registry of the local cluster: which digest a mutable tag points to.

use anyhow::{Context, Result};
use kube::{
    Client,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::apply::api_of;

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
    let _ = api.create(&kube::api::PostParams::default(), &empty).await;
    api.patch(&name, &PatchParams::default(), &Patch::Merge(&document))
        .await
        .with_context(|| format!("moving the tag of {image}"))?;
    Ok(())
}

fn tags(data: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "tags", "namespace": "sim-registry"},
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
