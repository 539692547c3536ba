//! Changes that can be taken back: what was there before is written down on the object itself.

use anyhow::{Context, Result, bail};
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
};
use serde_json::{Map, Value, json};

use super::apply::{api_of, title};

/// Annotations with this prefix hold what was there before; the name of the mistake follows.
const BEFORE: &str = "sim.kwok.dev/before-";

/// The same for what was there before in the status.
const STATUS_BEFORE: &str = "sim.kwok.dev/status-before-";

/// Writes into the status of an object, after [`make`] has written down how to take that back.
pub async fn make_status(client: &Client, document: &Value, mistake: &str, status: &Value) -> Result<()> {
    let (api, name) = api_of(client, document)?;
    let original = api.get(&name).await.with_context(|| format!("reading {}", title(document)))?;
    let original = serde_json::to_value(&original).context("reading the object")?;
    let fields = status.as_object().into_iter().flatten();
    let before: Map<String, Value> =
        fields.map(|(key, _)| (key.clone(), original["status"].get(key).cloned().unwrap_or_default())).collect();
    let note = json!({"metadata": {"annotations": {format!("{STATUS_BEFORE}{mistake}"): json!(before).to_string()}}});
    make(client, document, mistake, "world", &note).await?;
    send_status(&api, &name, status).await.with_context(|| format!("changing the status of {}", title(document)))
}

/// Whole fields: lists of a status do not merge.
async fn send_status(api: &Api<DynamicObject>, name: &str, status: &Value) -> Result<()> {
    api.patch_status(name, &PatchParams::default(), &Patch::Merge(json!({"status": status}))).await?;
    Ok(())
}

/// Makes a patch under a field manager's name, and writes down how to take it back.
pub async fn make(client: &Client, document: &Value, mistake: &str, manager: &str, patch: &Value) -> Result<()> {
    let (api, name) = api_of(client, document)?;
    let original = api.get(&name).await.with_context(|| format!("reading {}", title(document)))?;
    if let Some(earlier) = mistakes_of(&original).first() {
        bail!("{} is broken already: heal {earlier} first", title(document));
    }
    let before = inverse(patch, &serde_json::to_value(&original).context("reading the object")?);
    let mut patch = patch.clone();
    patch["metadata"]["annotations"][format!("{BEFORE}{mistake}")] = json!(before.to_string());
    send(&api, &name, manager, &patch).await.with_context(|| format!("changing {}", title(document)))
}

/// Takes a mistake back. False when the object has none of this name.
pub async fn take_back(api: &Api<DynamicObject>, object: &DynamicObject, mistake: &str) -> Result<bool> {
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let key = format!("{BEFORE}{mistake}");
    let Some(before) = object.metadata.annotations.as_ref().and_then(|all| all.get(&key)) else {
        return Ok(false);
    };
    let mut patch: Value = serde_json::from_str(before).context("understanding what was there before")?;
    patch["metadata"]["annotations"][key] = Value::Null;
    let status_key = format!("{STATUS_BEFORE}{mistake}");
    if let Some(status) = object.metadata.annotations.as_ref().and_then(|all| all.get(&status_key)) {
        let status: Value = serde_json::from_str(status).context("understanding what the status was before")?;
        send_status(api, name, &status).await.with_context(|| format!("changing the status of {name} back"))?;
        patch["metadata"]["annotations"][status_key] = Value::Null;
    }
    send(api, name, "world-heal", &patch).await.with_context(|| format!("changing {name} back"))?;
    Ok(true)
}

/// The mistakes that were made on an object and not taken back.
pub fn mistakes_of(object: &DynamicObject) -> Vec<String> {
    let annotations = object.metadata.annotations.iter().flatten();
    annotations.filter_map(|(key, _)| key.strip_prefix(BEFORE).map(str::to_owned)).collect()
}

async fn send(api: &Api<DynamicObject>, name: &str, manager: &str, patch: &Value) -> Result<()> {
    let params = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
    match api.patch(name, &params, &Patch::Strategic(patch)).await {
        // Of what an operator brought along the API server does not know how lists merge, and says 415.
        Err(kube::Error::Api(status)) if status.code == 415 => {
            api.patch(name, &params, &Patch::Merge(patch)).await?;
        }
        answer => drop(answer?),
    }
    Ok(())
}

/// The patch that restores from `original` whatever `patch` changes. Lists of named things merge by name.
fn inverse(patch: &Value, original: &Value) -> Value {
    match patch {
        Value::Object(fields) => {
            let restored = fields.iter().map(|(key, value)| (key.clone(), inverse_of_field(value, original.get(key))));
            Value::Object(restored.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| inverse_of_item(item, original)).collect()),
        _ => original.clone(),
    }
}

fn inverse_of_field(value: &Value, original: Option<&Value>) -> Value {
    match (value, original) {
        (_, None) => Value::Null,
        (value, Some(original)) => inverse(value, original),
    }
}

fn inverse_of_item(item: &Value, original: &Value) -> Value {
    let same = |other: &&Value| other.get("name").is_some() && other.get("name") == item.get("name");
    match original.as_array().and_then(|all| all.iter().find(same)) {
        Some(original) => inverse(item, original),
        None => json!({"name": item.get("name"), "$patch": "delete"}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_restores_what_was_there_and_removes_what_was_not() {
        let original = json!({"metadata": {"labels": {"app": "a"}}, "spec": {"deadline": 600, "containers": [
            {"name": "other", "image": "o:1"}, {"name": "api", "image": "a:1", "resources": {"limits": {"cpu": "1"}}}]}});
        for (patch, expected) in [
            (json!({"spec": {"deadline": 30}}), json!({"spec": {"deadline": 600}})),
            (
                json!({"metadata": {"labels": {"scenario": "oom"}, "annotations": {"x": "y"}}}),
                json!({"metadata": {"labels": {"scenario": null}, "annotations": null}}),
            ),
            (
                json!({"spec": {"containers": [{"name": "api", "image": "a:2", "resources": {"requests": {"cpu": "64"}}}]}}),
                json!({"spec": {"containers": [{"name": "api", "image": "a:1", "resources": {"requests": null}}]}}),
            ),
            (
                json!({"spec": {"containers": [{"name": "new", "image": "n:1"}]}}),
                json!({"spec": {"containers": [{"name": "new", "$patch": "delete"}]}}),
            ),
        ] {
            assert_eq!(inverse(&patch, &original), expected, "{patch}");
        }
    }
}
