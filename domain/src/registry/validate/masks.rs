//! What `masks` must fulfil, beside patterns that can be read: whether they can is known in the server.

use super::{Problems, Seen};
use crate::registry::{MOST_MASKS, Registry};

pub(super) fn check(registry: &Registry, problems: &mut Problems) {
    let count = registry.masks.len();
    if count > MOST_MASKS {
        let message = format!(
            "there are {count} masks, and at most {MOST_MASKS} are looked for in a line: write one pattern for several, like \
             'CUST-[0-9]+|ORDER-[0-9]+'"
        );
        problems.add("masks", message);
    }
    let mut names = Seen::default();
    for (index, mask) in registry.masks.iter().enumerate() {
        let path = format!("masks[{index}].name");
        problems.unless_blank(&path, &mask.name, "what it hides, like customer number");
        if let Some(first) = names.again(&mask.name.trim().to_lowercase(), &path) {
            problems.add(&path, format!("a mask is called '{}' at {first} already: write another name", mask.name));
        }
    }
}
