//! Metadata and maps of which only the needed part is ever allocated: `managedFields` alone is a third of a pod.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as api;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta, OwnerReference};
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// Annotations that are read. All others, `last-applied-configuration` among them, are dropped while parsing.
const ANNOTATIONS: [&str; 4] = [
    "deployment.kubernetes.io/revision",
    "kubernetes.io/change-cause",
    "meta.helm.sh/release-name",
    "cert-manager.io/certificate-name",
];

/// Labels that are read.
const LABELS: [&str; 7] = [
    "pod-template-hash",
    "controller-revision-hash",
    "helm.toolkit.fluxcd.io/name",
    "kustomize.toolkit.fluxcd.io/name",
    "argocd.argoproj.io/instance",
    "app.kubernetes.io/managed-by",
    "topology.kubernetes.io/zone",
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
            creation_timestamp: meta.creation_timestamp.and_then(Time::known),
            // With a time that cannot be read it goes nevertheless, some day.
            deletion_timestamp: meta.deletion_timestamp.map(|time| api::Time(time.0.unwrap_or(Timestamp::MAX))),
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

/// Reads metadata with who wrote when, still without the fields they wrote. Only for ConfigMaps and Secrets: nothing
/// else tells when one was changed.
pub fn meta_with_writers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    let MetaWithWriters { meta, managed_fields } = MetaWithWriters::deserialize(deserializer)?;
    let writers = managed_fields.unwrap_or_default().into_iter().filter(Writer::wrote_data);
    let managed_fields = writers
        .map(|writer| ManagedFieldsEntry {
            manager: writer.manager,
            time: writer.time.and_then(Time::known),
            ..ManagedFieldsEntry::default()
        })
        .collect();
    Ok(ObjectMeta { managed_fields: Some(managed_fields), ..ObjectMeta::from(meta) })
}

/// Reads `null` as the default: Kubernetes writes it for empty lists now and then.
pub fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A time; `None` when it cannot be read. Kubernetes takes times that jiff does not know, like the last day of 9999, and an object
/// is not to be lost for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Option<Timestamp>);

impl Time {
    fn known(self) -> Option<api::Time> {
        self.0.map(api::Time)
    }
}

/// A time as it came.
pub trait Moment {
    /// Seconds since 1970; `None` when it could not be read.
    fn seconds(&self) -> Option<i64>;
}

impl Moment for Time {
    fn seconds(&self) -> Option<i64> {
        self.0.map(Timestamp::as_second)
    }
}

impl Moment for api::Time {
    fn seconds(&self) -> Option<i64> {
        Some(self.0.as_second())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient).map(|scalar| match scalar {
            Scalar::Time(time) => Self(Some(time)),
            Scalar::Number(_) | Scalar::Other => Self(None),
        })
    }
}

/// A number of a field.
pub trait Number {
    /// The nearest that the field can hold; `None` for what is no number.
    fn nearest(number: Option<i64>) -> Self;
}

impl Number for u32 {
    fn nearest(number: Option<i64>) -> Self {
        Self::try_from(number.unwrap_or(0).max(0)).unwrap_or(Self::MAX)
    }
}

impl Number for i32 {
    fn nearest(number: Option<i64>) -> Self {
        let number = number.unwrap_or(0);
        Self::try_from(number).unwrap_or(if number < 0 { Self::MIN } else { Self::MAX })
    }
}

impl Number for i64 {
    fn nearest(number: Option<i64>) -> Self {
        number.unwrap_or(0)
    }
}

impl<T: Number> Number for Option<T> {
    fn nearest(number: Option<i64>) -> Self {
        number.map(|number| T::nearest(Some(number)))
    }
}

/// Reads whatever number stands there as the nearest one that fits: Kubernetes does not check all of them, the count of an
/// event for one.
pub fn number<'de, D: Deserializer<'de>, T: Number>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(Lenient).map(|scalar| match scalar {
        Scalar::Number(number) => T::nearest(Some(number)),
        Scalar::Time(_) | Scalar::Other => T::nearest(None),
    })
}

enum Scalar {
    Time(Timestamp),
    Number(i64),
    Other,
}

/// Takes anything.
struct Lenient;

impl<'de> Visitor<'de> for Lenient {
    type Value = Scalar;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time or a number")
    }
    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(text.parse().map_or(Scalar::Other, Scalar::Time))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(i64::try_from(number).unwrap_or(i64::MAX)))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        // The cast clamps.
        Ok(Scalar::Number(number as i64))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
        Ok(Scalar::Other)
    }
    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Other)
    }
    fn visit_none<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Other)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Scalar, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
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
