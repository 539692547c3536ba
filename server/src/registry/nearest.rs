//! What somebody probably meant to write.

/// The candidate that differs least from `text`, if little enough to be a slip of the pen; else the only one that `text` is
/// short for.
pub(super) fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let length = text.chars().count();
    let limit = length.div_ceil(3);
    let short_for = || {
        let text = text.to_lowercase();
        let mut longer = candidates.iter().copied().filter(|candidate| candidate.to_lowercase().starts_with(&text));
        longer.next().filter(|_| length >= SHORTEST && longer.next().is_none())
    };
    candidates
        .iter()
        .copied()
        .map(|candidate| (distance(&text.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|&(distance, _)| distance <= limit)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
        .or_else(short_for)
}

/// Letters from which on a text may be short for a word.
const SHORTEST: usize = 3;

/// ` (did you mean 'staging'?)`, or nothing.
pub(super) fn did_you_mean<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(text, candidates).map(|candidate| format!(" (did you mean '{candidate}'?)")).unwrap_or_default()
}

/// Insertions, deletions and replacements that lead from one text to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, from) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &to) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_short_for_one_alone_is_recognised() {
        let tiers = ["production", "staging", "development", "probation"];
        for (text, expected) in [
            ("prod", Some("production")),
            ("DEV", Some("development")),
            ("stag", Some("staging")),
            ("pro", None),
            ("pr", None),
        ] {
            assert_eq!(nearest(text, tiers), expected, "{text:?}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_another_word_is_not() {
        let fields = ["kind", "name", "role", "replicas", "timeZone"];
        for (text, expected) in [
            ("replica", Some("replicas")),
            ("Replicas", Some("replicas")),
            ("time_zone", Some("timeZone")),
            ("nmae", Some("name")),
            ("nam", Some("name")),
            ("repl", Some("replicas")),
            ("re", None),
            ("port", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, fields), expected, "{text:?}");
        }
    }
}
