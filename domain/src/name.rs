//! Names that cannot be mixed up and cannot leave their place in a URL.
//!
//! kube pastes names into request paths unchecked, so `prod/secrets/db?x=` as a namespace would read a Secret. Only
//! these types reach the API, and each checks itself whenever it is made, also when it arrives over the wire.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is not a name. The text itself is kept for the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing between the quotes.
    #[error("a {what} cannot be empty")]
    Empty {
        /// What was to be named.
        what: &'static str,
    },
    /// Longer than Kubernetes stores.
    #[error("'{text}' is longer than {limit} characters, the most a {what} can have")]
    TooLong {
        /// What was to be named.
        what: &'static str,
        /// The text as it came.
        text: String,
        /// Characters allowed.
        limit: usize,
    },
    /// A character, or a place for it, that RFC 1123 does not allow.
    #[error(
        "'{text}' is not a {what}: use lower-case letters, digits and '-'{dots}, starting and ending with a letter or digit"
    )]
    Character {
        /// What was to be named.
        what: &'static str,
        /// The text as it came.
        text: String,
        /// `" and '.'"` where dots are allowed.
        dots: &'static str,
    },
}

/// RFC 1123 label: at most 63 of `[a-z0-9-]`, alphanumeric at both ends.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names>
fn check_label(what: &'static str, text: &str, limit: usize, dots: &'static str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { what });
    }
    if text.len() > limit {
        return Err(NameError::TooLong { what, text: text.to_owned(), limit });
    }
    let edge = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = |part: &str| {
        part.as_bytes().first().copied().is_some_and(edge) && part.as_bytes().last().copied().is_some_and(edge)
    };
    let inner = |part: &str| part.bytes().all(|byte| edge(byte) || byte == b'-');
    let fine = |part: &str| ends(part) && inner(part);
    let valid = if dots.is_empty() { fine(text) } else { text.split('.').all(fine) };
    if valid { Ok(()) } else { Err(NameError::Character { what, text: text.to_owned(), dots }) }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $type:ident, $what:literal, $limit:literal, $dots:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "Arc<str>", into = "Arc<str>")]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
        pub struct $type(Arc<str>);

        impl $type {
            /// The name, checked.
            pub fn new(text: impl Into<Arc<str>>) -> Result<Self, NameError> {
                let text = text.into();
                check_label($what, &text, $limit, $dots)?;
                Ok(Self(text))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The shared text behind the name; cloning it copies no characters.
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl TryFrom<Arc<str>> for $type {
            type Error = NameError;
            fn try_from(text: Arc<str>) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$type> for Arc<str> {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl std::str::FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name_type!(
    /// A Kubernetes namespace.
    Namespace, "namespace", 63, ""
);
name_type!(
    /// The name of a Kubernetes object.
    ObjectName, "name", 253, " and '.'"
);
name_type!(
    /// A cluster, as the registry calls it.
    ClusterId, "cluster id", 63, ""
);
name_type!(
    /// A system, as the registry calls it: `fleet-management`.
    SystemId, "system id", 63, ""
);
name_type!(
    /// An environment within its system, as the registry calls it: `production`. Never a tier.
    EnvironmentName, "environment id", 63, ""
);

/// An environment: `fleet-management/production`. Says nothing about the tier, which is a field of the registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EnvironmentId {
    /// The system it belongs to.
    pub system: SystemId,
    /// Its name within the system.
    pub environment: EnvironmentName,
}

impl fmt::Display for EnvironmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.system, self.environment)
    }
}

impl std::str::FromStr for EnvironmentId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let Some((system, environment)) = text.split_once('/') else {
            return Err(NameError::Character { what: "system/environment", text: text.to_owned(), dots: "" });
        };
        Ok(Self { system: system.parse()?, environment: environment.parse()? })
    }
}

/// The kind of a workload that can be declared as a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum WorkloadKind {
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet.
    DaemonSet,
}

impl WorkloadKind {
    /// As it stands in a URL and in kubectl: `deployment`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::DaemonSet => "daemonset",
        }
    }

    /// As Kubernetes spells it: `Deployment`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
        }
    }
}

impl std::str::FromStr for WorkloadKind {
    type Err = NameError;
    /// Takes both spellings.
    fn from_str(text: &str) -> Result<Self, NameError> {
        [Self::Deployment, Self::StatefulSet, Self::DaemonSet]
            .into_iter()
            .find(|kind| kind.as_str() == text || kind.title() == text)
            .ok_or_else(|| NameError::Character { what: "workload kind", text: text.to_owned(), dots: "" })
    }
}

/// A component: `fleet-management/production/deployment/fleet-api`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ComponentId {
    /// Where it runs.
    pub environment: EnvironmentId,
    /// What it is to Kubernetes.
    pub kind: WorkloadKind,
    /// What it is called there.
    pub name: ObjectName,
}

impl fmt::Display for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.environment, self.kind.as_str(), self.name)
    }
}

/// As it is shown: `fleet-management/production/deployment/fleet-api`.
impl std::str::FromStr for ComponentId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts: Vec<&str> = text.split('/').collect();
        let [system, environment, kind, name] = *parts else {
            return Err(NameError::Character {
                what: "system/environment/kind/name",
                text: text.to_owned(),
                dots: " and '.'",
            });
        };
        let environment = EnvironmentId { system: system.parse()?, environment: environment.parse()? };
        Ok(Self { environment, kind: kind.parse()?, name: name.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_kubernetes_would_store_are_names() {
        for (text, namespace, object) in [
            ("fleet-management", true, true),
            ("a", true, true),
            ("0", true, true),
            ("node.example.com", false, true),
            ("", false, false),
            ("-a", false, false),
            ("a-", false, false),
            ("a..b", false, false),
            (".a", false, false),
            ("Prod", false, false),
            ("prod/secrets/db?x=", false, false),
            ("prod%2fsecrets", false, false),
            ("prod\n", false, false),
            ("pröd", false, false),
            ("..", false, false),
        ] {
            assert_eq!(Namespace::new(text).is_ok(), namespace, "namespace {text:?}");
            assert_eq!(ObjectName::new(text).is_ok(), object, "object {text:?}");
        }
        assert!(Namespace::new("a".repeat(63)).is_ok());
        assert!(Namespace::new("a".repeat(64)).is_err());
        assert!(ObjectName::new("a".repeat(253)).is_ok());
        assert!(ObjectName::new("a".repeat(254)).is_err());
    }

    #[test]
    fn a_name_that_arrives_over_the_wire_is_checked() {
        let hostile = postcard::to_allocvec("prod/secrets/db?x=").unwrap();
        assert!(postcard::from_bytes::<Namespace>(&hostile).is_err());
        assert!(serde_json::from_str::<ObjectName>("\"../x\"").is_err());
    }

    #[test]
    fn an_environment_reads_as_it_is_written() {
        let id: EnvironmentId = "fleet-management/production".parse().unwrap();
        assert_eq!(id.to_string().parse::<EnvironmentId>().unwrap(), id);
        assert!("fleet-management".parse::<EnvironmentId>().is_err());
        assert!("a/b/c".parse::<EnvironmentId>().is_err());
    }

    #[test]
    fn a_component_reads_as_it_is_written() {
        let id: ComponentId = "fleet-management/production/deployment/fleet-api".parse().unwrap();
        assert_eq!(id.to_string().parse::<ComponentId>().unwrap(), id);
        for text in ["a/b/deployment", "a/b/deployment/c/d", "a/b/job/c", "a/b/deployment/", "a//deployment/c", ""] {
            assert!(text.parse::<ComponentId>().is_err(), "{text:?}");
        }
    }
}
