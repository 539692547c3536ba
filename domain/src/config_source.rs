//! What containers take their configuration from: ConfigMaps and Secrets, by name. What stands in them is never kept.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{NameError, ObjectName};

/// What it is to Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigKind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

impl ConfigKind {
    /// As kubectl and addresses write it: `configmap`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigMap => "configmap",
            Self::Secret => "secret",
        }
    }

    /// As manifests write it: `ConfigMap`.
    pub fn title(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }
}

/// A ConfigMap or Secret of the namespace that is talked about. Shown as `ConfigMap fleet-config`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigSource {
    /// Which of the two.
    pub kind: ConfigKind,
    /// What it is called.
    pub name: ObjectName,
}

impl ConfigSource {
    /// As kubectl and addresses write it, and as it is read again: `configmap/fleet-config`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.kind.as_str(), self.name)
    }
}

impl fmt::Display for ConfigSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.title(), self.name)
    }
}

/// A text that names no ConfigMap and no Secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoConfigSource {
    /// It does not begin as it should.
    #[error("write configmap/NAME or secret/NAME")]
    Kind,
    /// The name cannot be one.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl FromStr for ConfigSource {
    type Err = NoConfigSource;
    fn from_str(text: &str) -> Result<Self, NoConfigSource> {
        let (kind, name) = text.split_once('/').ok_or(NoConfigSource::Kind)?;
        // As kubectl takes them.
        let kind = match kind.to_ascii_lowercase().as_str() {
            "configmap" | "configmaps" | "cm" => ConfigKind::ConfigMap,
            "secret" | "secrets" => ConfigKind::Secret,
            _ => return Err(NoConfigSource::Kind),
        };
        Ok(Self { kind, name: ObjectName::new(name)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_kubectl_writes_it() {
        for (text, expected) in [
            ("configmap/fleet-config", Some("ConfigMap fleet-config")),
            ("cm/fleet-config", Some("ConfigMap fleet-config")),
            ("Secret/fleet.keys", Some("Secret fleet.keys")),
            ("deployment/fleet-api", None),
            ("fleet-config", None),
            ("configmap/", None),
            ("configmap/a/b", None),
        ] {
            let read = text.parse::<ConfigSource>();
            assert_eq!(read.as_ref().map(ToString::to_string).ok().as_deref(), expected, "{text}");
            if let Ok(source) = read {
                assert_eq!(source.path().parse(), Ok(source));
            }
        }
    }
}
