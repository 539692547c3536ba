//! Metadata and maps of which only the needed part is ever allocated: `managedFields` alone is a third of a pod.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta, OwnerReference, Time};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

/// Annotations that are read. All others, `last-applied-configuration` among them, are dropped while parsing.
const ANNOTATIONS: [&str; 3] =
    ["deployment.kubernetes.io/revision", "kubernetes.io/change-cause", "meta.helm.sh/release-name"];

/// Labels that are read.
const LABELS: [&str; 6] = [
    "pod-template-hash",
    "controller-revision-hash",
    "helm.toolkit.fluxcd.io/name",
    "kustomize.toolkit.fluxcd.io/name",
    "argocd.argoproj.io/instance",
    "app.kubernetes.io/managed-by",
];

/// A string map of which only some keys are kept.
struct Kept<const SET: u8>(BTreeMap<String, String>);

impl<const SET: u8> Default for Kept<SET> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

const LABEL_SET: u8 = 0;
const ANNOTATION_SET: u8 = 1;

impl<'de, const SET: u8> Deserialize<'de> for Kept<SET> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keep<const SET: u8>;
        impl<'de, const SET: u8> Visitor<'de> for Keep<SET> {
            type Value = Kept<SET>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of strings")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Kept::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let wanted: &[&str] = if SET == LABEL_SET { &LABELS } else { &ANNOTATIONS };
                let mut kept = BTreeMap::new();
                while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    if wanted.contains(&key.as_ref()) {
                        kept.insert(key.into_owned(), map.next_value::<Option<String>>()?.unwrap_or_default());
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Kept(kept))
            }
        }
        deserializer.deserialize_any(Keep::<SET>)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NarrowMeta {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    uid: Option<String>,
    #[serde(default)]
    resource_version: Option<String>,
    #[serde(default)]
    generation: Option<i64>,
    #[serde(default)]
    creation_timestamp: Option<Time>,
    #[serde(default)]
    deletion_timestamp: Option<Time>,
    #[serde(default)]
    labels: Kept<LABEL_SET>,
    #[serde(default)]
    annotations: Kept<ANNOTATION_SET>,
    #[serde(default)]
    owner_references: Option<Vec<OwnerReference>>,
}

impl From<NarrowMeta> for ObjectMeta {
    fn from(meta: NarrowMeta) -> Self {
        Self {
            name: meta.name,
            namespace: meta.namespace,
            uid: meta.uid,
            resource_version: meta.resource_version,
            generation: meta.generation,
            creation_timestamp: meta.creation_timestamp,
            deletion_timestamp: meta.deletion_timestamp,
            labels: Some(meta.labels.0),
            annotations: Some(meta.annotations.0),
            owner_references: meta.owner_references,
            ..Self::default()
        }
    }
}

/// Reads metadata without what nobody asks for.
pub fn meta<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    NarrowMeta::deserialize(deserializer).map(ObjectMeta::from)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Writer {
    #[serde(default)]
    manager: Option<String>,
    #[serde(default)]
    time: Option<Time>,
    #[serde(default)]
    fields_v1: Option<WrittenFields>,
}

/// Only whether it wrote data: a new label is no new config.
#[derive(Deserialize)]
struct WrittenFields {
    #[serde(rename = "f:data", default)]
    data: Option<IgnoredAny>,
}

impl Writer {
    fn wrote_data(&self) -> bool {
        self.fields_v1.as_ref().is_none_or(|fields| fields.data.is_some())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetaWithWriters {
    #[serde(flatten)]
    meta: NarrowMeta,
    #[serde(default)]
    managed_fields: Option<Vec<Writer>>,
}

/// Reads metadata with who wrote when, still without the fields they wrote. Only for ConfigMaps: nothing else tells when
/// one was changed.
pub fn meta_with_writers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    let MetaWithWriters { meta, managed_fields } = MetaWithWriters::deserialize(deserializer)?;
    let writers = managed_fields.unwrap_or_default().into_iter().filter(Writer::wrote_data);
    let managed_fields = writers
        .map(|writer| ManagedFieldsEntry {
            manager: writer.manager,
            time: writer.time,
            ..ManagedFieldsEntry::default()
        })
        .collect();
    Ok(ObjectMeta { managed_fields: Some(managed_fields), ..ObjectMeta::from(meta) })
}

/// Reads `null` as the default: Kubernetes writes it for empty lists now and then.
pub fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// An amount as Kubernetes writes it: a string, or a bare number.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Amount {
    /// `250m`
    Text(String),
    /// `1`
    Number(f64),
    /// `null`
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_not_kept() {
        #[derive(Deserialize)]
        struct Object {
            #[serde(deserialize_with = "meta")]
            metadata: ObjectMeta,
        }
        let object: Object = serde_json::from_str(
            r#"{"metadata":{"name":"a","labels":{"x":"y","pod-template-hash":"7c9d"},"selfLink":null,
                "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"secret\":1}","kubernetes.io/change-cause":"v2"},
                "managedFields":[{"manager":"kubectl","time":"2026-01-01T00:00:00Z","fieldsV1":{"f:spec":{}}}]}}"#,
        )
        .unwrap();
        let meta = object.metadata;
        assert_eq!(meta.labels.unwrap().into_keys().collect::<Vec<_>>(), ["pod-template-hash"]);
        assert_eq!(meta.annotations.unwrap().into_keys().collect::<Vec<_>>(), ["kubernetes.io/change-cause"]);
        assert_eq!(meta.managed_fields, None);
    }
}
