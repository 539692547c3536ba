//! One thing that can be declared: what it is, and what it should be.

use std::fmt;
use std::sync::Arc;

use crate::name::WorkloadKind;
use crate::quantity::Quantity;
use crate::registry::Role;

/// What an item belongs to. In the order in which they are compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A component.
    Component {
        /// What it is to Kubernetes.
        kind: WorkloadKind,
        /// What it is called there.
        name: Arc<str>,
        /// What it is there for.
        role: Role,
    },
    /// A ConfigMap.
    ConfigMap(Arc<str>),
    /// The quotas of the namespace.
    Quota,
    /// The limit ranges of the namespace.
    LimitRange,
}

/// One thing that can be declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it belongs to.
    pub place: Place,
    /// What it is called: `replicas`, `CPU limit`, `LOG_LEVEL`.
    pub name: Arc<str>,
    /// What is.
    pub actual: Actual,
    /// What should be.
    pub expected: Expected,
}

/// What is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actual {
    /// It was read.
    Is(Value),
    /// It is not known: a sentence that says why.
    Unknown(Arc<str>),
}

/// A value, equal to what means the same however it is written: `1` CPU is `1000m`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// There is none.
    Nothing,
    /// An amount.
    Amount(Quantity),
    /// Anything else, made safe to show.
    Text(Arc<str>),
}

/// What should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// This was declared.
    Declared {
        /// In words.
        text: Arc<str>,
        /// Whether what is agrees with it, as far as it is known.
        agrees: bool,
    },
    /// Nothing was declared of it here.
    Undeclared,
    /// Nobody declares it anywhere: which version runs.
    Free,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str(super::NONE),
            Self::Amount(amount) => amount.fmt(f),
            Self::Text(text) if text.is_empty() => f.write_str("empty"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<Option<&Quantity>> for Value {
    fn from(amount: Option<&Quantity>) -> Self {
        amount.map_or(Self::Nothing, |amount| Self::Amount(amount.clone()))
    }
}

impl Value {
    /// A text, or nothing where there is none.
    pub fn text(text: Option<impl Into<Arc<str>>>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(text.into()))
    }
}

impl Item {
    /// An item of which a value was declared here, or none.
    pub(crate) fn new(place: &Place, name: impl Into<Arc<str>>, actual: Actual, expected: Option<&Value>) -> Self {
        let expected = match expected {
            None => Expected::Undeclared,
            Some(value) => {
                Expected::Declared { text: value.to_string().into(), agrees: actual == Actual::Is(value.clone()) }
            }
        };
        Self { place: place.clone(), name: name.into(), actual, expected }
    }

    /// Whether it is known to be another than it should be.
    pub fn differs(&self) -> bool {
        match (&self.actual, &self.expected) {
            (Actual::Is(_), Expected::Declared { agrees, .. }) => !agrees,
            (Actual::Unknown(_), _) | (_, Expected::Undeclared | Expected::Free) => false,
        }
    }

    /// The same, of a cluster of which nothing current comes.
    pub(crate) fn last_seen(self) -> Self {
        match &self.actual {
            Actual::Is(value) => {
                let why = format!("Last seen: {value}; nothing current comes from the cluster.");
                self.unknown(&why)
            }
            Actual::Unknown(_) => self,
        }
    }

    /// The same, of which it is not known how it is.
    pub(crate) fn unknown(self, why: &str) -> Self {
        Self { actual: Actual::Unknown(why.into()), ..self }
    }
}
