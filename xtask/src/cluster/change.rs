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

/// Makes a strategic merge patch under a field manager's name, and writes down how to take it back.
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
    api.patch(name, &params, &Patch::Strategic(patch)).await?;
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
