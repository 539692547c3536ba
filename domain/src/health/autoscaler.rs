//! What keeps an autoscaler from scaling.

use crate::facts::AutoscalerFacts;

/// What keeps an autoscaler from doing its work, in a sentence; `None` when nothing does.
pub fn autoscaler(facts: &AutoscalerFacts) -> Option<String> {
    let _ = facts;
    None
}
