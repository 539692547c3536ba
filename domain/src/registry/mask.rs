//! What a registry calls a secret in logs.

use serde::{Deserialize, Serialize};

/// The most masks of a registry: a line is looked through by all of them.
pub const MOST_MASKS: usize = 50;

/// A piece of the lines of logs that nobody is to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogMask {
    /// What it hides, for people: `customer number`.
    pub name: String,
    /// A regular expression of the Rust crate `regex`, case as written: its first group is masked, or all that it finds where it has none.
    pub pattern: String,
}
