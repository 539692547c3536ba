//! What a registry must fulfil beyond its form.

use super::Registry;

/// Something wrong, and where: the path leads to the value in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `systems[0].environments[2].cluster`.
    pub path: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// Everything that is wrong with a registry that reads well: empty when nothing is.
pub fn validate(registry: &Registry) -> Vec<Problem> {
    let _ = registry;
    Vec::new()
}
