//! Checks that the registry's masks can be looked for in lines.

use domain::registry::validate::Problem;
use domain::registry::{MOST_MASKS, Registry};

use crate::mask::{OwnMasks, pattern};

/// Adds a problem for every pattern that is no mask, and one where all of them are too much.
pub(super) fn check(registry: &Registry, problems: &mut Vec<Problem>) {
    // More are a problem already, and take their time.
    let looked_at = registry.masks.iter().take(MOST_MASKS).enumerate();
    let wrong = looked_at.filter_map(|(index, mask)| {
        let message = pattern(&mask.pattern).err()?.to_string();
        Some(Problem { path: format!("masks[{index}].pattern"), message })
    });
    let wrong: Vec<Problem> = wrong.collect();
    if wrong.is_empty()
        && registry.masks.len() <= MOST_MASKS
        && let Err(error) = OwnMasks::new(&registry.masks)
    {
        problems.push(Problem { path: "masks".to_owned(), message: error.to_string() });
    }
    problems.extend(wrong);
}
