//! Pod templates: what a revision holds, and what differs between two.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::guard::facts::FieldDiff;
use domain::text::plain;
use serde_json::Value;

/// The label that a ReplicaSet adds to its template, and that must not come back with it.
const HASH: &str = "pod-template-hash";
/// The most characters of a value that are shown.
const LONGEST: usize = 200;
/// The most fields of a difference that are shown.
const MOST: usize = 200;
/// Where annotations stand.
const ANNOTATIONS: &str = "metadata.annotations";
/// Annotations whose values are shown: what decides something and holds no secret. Others may hold anything.
const SHOWN: [&str; 3] = ["kubectl.kubernetes.io/restartedAt", "checksum/", "prometheus.io/"];
/// What stands for a value that may be a secret.
const MASKED: &str = "(not shown)";

/// Takes the ReplicaSet's own label out of a template.
pub fn without_hash(template: &mut Value) {
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(HASH);
    }
}

/// The template that a ControllerRevision's data holds: a patch whose template replaces the other.
pub fn of_controller_revision(data: &Value) -> Option<Value> {
    let mut template = data.pointer("/spec/template")?.clone();
    template.as_object_mut()?.remove("$patch");
    Some(template)
}

/// What differs between the template that is wanted now and another, field by field, by name. Values that may be secrets
/// are compared and not shown.
pub fn diff(now: &Value, then: &Value) -> Vec<FieldDiff> {
    let (mut here, mut there) = (BTreeMap::new(), BTreeMap::new());
    flatten(now, String::new(), false, &mut here);
    flatten(then, String::new(), false, &mut there);
    let mut fields: Vec<&String> = here.keys().chain(there.keys()).collect();
    fields.sort_unstable();
    fields.dedup();
    let differing = fields.into_iter().filter(|field| raw(here.get(*field)) != raw(there.get(*field)));
    let shown = |leaf: Option<&Leaf<'_>>| leaf.map_or_else(|| "".into(), Leaf::shown);
    let mut fields: Vec<FieldDiff> = differing
        .map(|field| FieldDiff {
            field: plain(field, LONGEST).as_ref().into(),
            now: shown(here.get(field)),
            then: shown(there.get(field)),
        })
        .collect();
    let more = fields.len().saturating_sub(MOST);
    if more > 0 {
        fields.truncate(MOST);
        fields.push(FieldDiff { field: format!("and {more} more fields").into(), now: "".into(), then: "".into() });
    }
    fields
}

/// A value at the end of a path.
struct Leaf<'a> {
    value: &'a Value,
    masked: bool,
}

impl Leaf<'_> {
    fn shown(&self) -> Arc<str> {
        match self.value {
            _ if self.masked => MASKED.into(),
            Value::String(text) => plain(text, LONGEST).as_ref().into(),
            other => plain(&other.to_string(), LONGEST).as_ref().into(),
        }
    }
}

fn raw<'a>(leaf: Option<&Leaf<'a>>) -> Option<&'a Value> {
    leaf.map(|leaf| leaf.value)
}

fn flatten<'a>(value: &'a Value, path: String, masked: bool, leaves: &mut BTreeMap<String, Leaf<'a>>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if name == HASH || field.is_null() {
                    continue;
                }
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                // Passwords stand in environments, arguments, commands of probes and headers more often than one would think.
                let secret = matches!(
                    name.as_str(),
                    "value" | "args" | "command" | "httpHeaders" | "volumeAttributes" | "options"
                );
                let secret = secret || path.ends_with("httpGet.path");
                let hidden =
                    secret || path.starts_with(ANNOTATIONS) && !SHOWN.iter().any(|shown| name.starts_with(shown));
                flatten(field, path, masked || hidden && name != "annotations", leaves);
            }
        }
        Value::Array(items) => {
            let mut names: Vec<String> = Vec::new();
            for (index, item) in items.iter().enumerate() {
                // Containers, variables and volumes are known by their names: one more at the top changes no other.
                let name = item.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned);
                // A volume can be mounted twice.
                let times = names.iter().filter(|known| **known == name).count();
                let place = if times == 0 { name.clone() } else { format!("{name} #{}", times + 1) };
                names.push(name);
                flatten(item, format!("{path}[{place}]"), masked, leaves);
            }
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            leaves.insert(path, Leaf { value, masked });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(now: Value, then: Value) -> Vec<(String, String, String)> {
        let text = |text: Arc<str>| text.to_string();
        diff(&now, &then).into_iter().map(|diff| (text(diff.field), text(diff.now), text(diff.then))).collect()
    }

    #[test]
    fn a_difference_names_its_field_and_shows_no_secret() {
        let row = |field: &str, now: &str, then: &str| (field.to_owned(), now.to_owned(), then.to_owned());
        let container = |value: Value| json!({ "spec": { "containers": [value] } });
        for (now, then, expected) in [
            (
                container(json!({ "name": "app", "image": "a:2" })),
                container(json!({ "name": "app", "image": "a:1" })),
                vec![row("spec.containers[app].image", "a:2", "a:1")],
            ),
            (
                container(
                    json!({ "name": "app", "env": [{ "name": "A", "value": "x" }, { "name": "P", "value": "hunter2" }] }),
                ),
                container(json!({ "name": "app", "env": [{ "name": "P", "value": "hunter3" }] })),
                vec![
                    row("spec.containers[app].env[A].name", "A", ""),
                    row("spec.containers[app].env[A].value", MASKED, ""),
                    row("spec.containers[app].env[P].value", MASKED, MASKED),
                ],
            ),
            (
                container(json!({ "name": "app", "args": ["--password=hunter2"] })),
                container(json!({ "name": "app" })),
                vec![row("spec.containers[app].args[0]", MASKED, "")],
            ),
            (
                json!({ "metadata": { "labels": { "app": "a" } } }),
                json!({ "metadata": { "labels": { "app": "a", "pod-template-hash": "abc" } } }),
                vec![],
            ),
            (
                container(
                    json!({ "name": "app", "volumeMounts": [{ "name": "v", "subPath": "a" }, { "name": "v", "subPath": "b" }] }),
                ),
                container(
                    json!({ "name": "app", "volumeMounts": [{ "name": "v", "subPath": "c" }, { "name": "v", "subPath": "b" }] }),
                ),
                vec![row("spec.containers[app].volumeMounts[v].subPath", "a", "c")],
            ),
            (
                json!({ "metadata": { "annotations": { "vault.example/token": "s.1", "checksum/config": "1" } } }),
                json!({ "metadata": { "annotations": { "vault.example/token": "s.2", "checksum/config": "2" } } }),
                vec![
                    row("metadata.annotations.checksum/config", "1", "2"),
                    row("metadata.annotations.vault.example/token", MASKED, MASKED),
                ],
            ),
            (container(json!({ "name": "a", "tty": null })), container(json!({ "name": "a" })), vec![]),
        ] {
            assert_eq!(fields(now, then), expected);
        }
    }

    #[test]
    fn a_template_comes_back_without_what_its_holder_added() {
        let mut template = json!({ "metadata": { "labels": { "app": "a", "pod-template-hash": "abc" } } });
        without_hash(&mut template);
        assert_eq!(template, json!({ "metadata": { "labels": { "app": "a" } } }));
        let data = json!({ "spec": { "template": { "$patch": "replace", "spec": { "containers": [] } } } });
        assert_eq!(of_controller_revision(&data), Some(json!({ "spec": { "containers": [] } })));
    }
}
