//! Which tables emptying some others would empty as well.

use std::collections::BTreeSet;

/// A foreign key: rows of `from` refer to rows of `to`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForeignKey {
    /// The table that refers, with its schema: `public.drivers`.
    pub from: String,
    /// The table that is referred to.
    pub to: String,
}

/// The tables that `truncate … cascade` of the `declared` ones would empty and that are not declared, by name: those that refer to
/// them, and those that refer to these.
pub fn undeclared(declared: &BTreeSet<String>, keys: &[ForeignKey]) -> BTreeSet<String> {
    let mut reached = declared.clone();
    let mut open: Vec<&str> = declared.iter().map(String::as_str).collect();
    while let Some(table) = open.pop() {
        for key in keys.iter().filter(|key| key.to == table) {
            if reached.insert(key.from.clone()) {
                open.push(&key.from);
            }
        }
    }
    reached.difference(declared).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_refers_to_it_directly_or_by_others_is_reached() {
        let key = |text: &str| {
            let (from, to) = text.split_once('>').unwrap();
            ForeignKey { from: from.to_owned(), to: to.to_owned() }
        };
        for (declared, keys, expected) in [
            ("users tenants", "users>tenants", ""),
            ("tenants", "users>tenants", "users"),
            ("tenants", "users>tenants drivers>users trips>drivers", "drivers trips users"),
            // What is referred to is left alone.
            ("users", "users>tenants", ""),
            // Circles, and a table that refers to itself.
            ("a", "b>a a>b c>c", "b"),
            ("tenants", "tenants>tenants", ""),
            ("tenants", "audit.log>tenants", "audit.log"),
            ("", "users>tenants", ""),
        ] {
            let keys: Vec<ForeignKey> = keys.split_whitespace().map(key).collect();
            let declared = declared.split_whitespace().map(str::to_owned).collect();
            let found: Vec<String> = undeclared(&declared, &keys).into_iter().collect();
            assert_eq!(found.join(" "), expected, "{declared:?}");
        }
    }
}
