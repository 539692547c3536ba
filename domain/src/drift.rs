//! What differs between what was declared and what runs.

use crate::component::ComponentFacts;
use crate::view::Chip;

/// The remarks in a component's cell, worst first: replicas, autoscaler bounds, requests and limits, storage, image
/// repository, config values, pods that run with old config, mutable tags.
pub fn chips(facts: &ComponentFacts<'_>) -> Vec<Chip> {
    let _ = facts;
    Vec::new()
}
