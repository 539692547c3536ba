//! What somebody probably meant to write.

/// The candidate that differs least from `text`, if little enough to be a slip of the pen.
pub(super) fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = text.chars().count().div_ceil(3);
    candidates
        .into_iter()
        .map(|candidate| (distance(&text.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|&(distance, _)| distance <= limit)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

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
    fn a_slip_of_the_pen_is_recognised_and_another_word_is_not() {
        let fields = ["kind", "name", "role", "replicas", "timeZone"];
        for (text, expected) in [
            ("replica", Some("replicas")),
            ("Replicas", Some("replicas")),
            ("time_zone", Some("timeZone")),
            ("nmae", Some("name")),
            ("nam", Some("name")),
            ("port", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, fields), expected, "{text:?}");
        }
    }
}
