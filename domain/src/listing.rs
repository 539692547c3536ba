//! Lists of rows that are kept in step over a wire: the difference between two, and how to take it in.
//!
//! Rows have keys. What changes inside a row travels as the row's own patch; what comes, goes or moves travels as a
//! layout: runs of the old list and the new rows between them. `apply(diff(old, new))` on `old` gives `new`, for any
//! two lists (a property test holds that).

use std::collections::HashMap;
use std::hash::Hash;

use serde::{Deserialize, Serialize};

/// A row that can be told apart and patched.
pub trait Keyed: Clone + PartialEq {
    /// What stays the same while the row changes.
    type Key: Eq + Hash + Clone;
    /// What changed inside a row. Small: it is what travels most.
    type Patch: Clone;

    /// The row's key.
    fn key(&self) -> Self::Key;
    /// What makes `self` into `new`. Asked only for rows with the same key that differ.
    fn patch_to(&self, new: &Self) -> Self::Patch;
    /// Takes a patch in.
    fn apply(&mut self, patch: Self::Patch);
}

/// What makes one list into another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListDelta<Row, Patch> {
    /// The new order, where it differs from the old.
    layout: Option<Vec<Piece<Row>>>,
    /// Changes inside rows, by their index in the new list.
    patches: Vec<(u32, Patch)>,
}

/// A piece of the new list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Piece<Row> {
    /// `length` rows of the old list from `start`.
    Run { start: u32, length: u32 },
    /// A row that was not there.
    New(Row),
}

/// A delta does not fit the list: something was lost on the way, so a fresh list must be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the change does not fit the list it was sent for")]
pub struct OutOfStep;

/// What makes `old` into `new`; `None` when they are equal. Keys must be unique within each list.
pub fn diff<Row: Keyed>(old: &[Row], new: &[Row]) -> Option<ListDelta<Row, Row::Patch>> {
    let same_order = old.len() == new.len() && old.iter().zip(new).all(|(old, new)| old.key() == new.key());
    let mut patches = Vec::new();
    if same_order {
        for (index, (old, new)) in (0u32..).zip(old.iter().zip(new)) {
            if old != new {
                patches.push((index, old.patch_to(new)));
            }
        }
        return (!patches.is_empty()).then_some(ListDelta { layout: None, patches });
    }
    let places: HashMap<Row::Key, u32> = (0u32..).zip(old).map(|(index, row)| (row.key(), index)).collect();
    let mut layout: Vec<Piece<Row>> = Vec::new();
    for (index, row) in (0u32..).zip(new) {
        match places.get(&row.key()) {
            None => layout.push(Piece::New(row.clone())),
            Some(&place) => {
                match layout.last_mut() {
                    Some(Piece::Run { start, length }) if *start + *length == place => *length += 1,
                    _ => layout.push(Piece::Run { start: place, length: 1 }),
                }
                let before = &old[place as usize];
                if before != row {
                    patches.push((index, before.patch_to(row)));
                }
            }
        }
    }
    Some(ListDelta { layout: Some(layout), patches })
}

/// Takes a delta in. On an error the list is unchanged.
pub fn apply<Row: Keyed>(rows: &mut Vec<Row>, delta: ListDelta<Row, Row::Patch>) -> Result<(), OutOfStep> {
    let length = match &delta.layout {
        None => rows.len(),
        Some(layout) => layout.iter().try_fold(0usize, |sum, piece| match piece {
            Piece::New(_) => Ok(sum + 1),
            Piece::Run { start, length } => {
                let end = start.checked_add(*length).ok_or(OutOfStep)?;
                if end as usize > rows.len() { Err(OutOfStep) } else { Ok(sum + *length as usize) }
            }
        })?,
    };
    if delta.patches.iter().any(|(index, _)| *index as usize >= length) {
        return Err(OutOfStep);
    }
    if let Some(layout) = delta.layout {
        let mut next = Vec::with_capacity(length);
        for piece in layout {
            match piece {
                Piece::New(row) => next.push(row),
                Piece::Run { start, length } => {
                    next.extend_from_slice(&rows[start as usize..(start + length) as usize])
                }
            }
        }
        *rows = next;
    }
    for (index, patch) in delta.patches {
        rows[index as usize].apply(patch);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Pair(u8, u16);

    impl Keyed for Pair {
        type Key = u8;
        type Patch = u16;
        fn key(&self) -> u8 {
            self.0
        }
        fn patch_to(&self, new: &Self) -> u16 {
            new.1
        }
        fn apply(&mut self, patch: u16) {
            self.1 = patch;
        }
    }

    fn lists() -> impl Strategy<Value = Vec<Pair>> {
        proptest::collection::hash_map(0u8..30, 0u16..4, 0..20)
            .prop_map(|pairs| pairs.into_iter().map(|(key, value)| Pair(key, value)).collect::<Vec<_>>())
            .prop_shuffle()
    }

    proptest! {
        #[test]
        fn any_list_becomes_any_other(old in lists(), new in lists()) {
            let mut rows = old.clone();
            match diff(&old, &new) {
                None => prop_assert_eq!(&old, &new),
                Some(delta) => {
                    let bytes = postcard::to_allocvec(&delta).unwrap();
                    apply(&mut rows, postcard::from_bytes(&bytes).unwrap()).unwrap();
                    prop_assert_eq!(rows, new);
                }
            }
        }

        #[test]
        fn a_delta_for_another_list_is_refused_or_harmless(old in lists(), new in lists(), other in lists()) {
            if let Some(delta) = diff(&old, &new) {
                let mut rows = other.clone();
                if apply(&mut rows, delta).is_err() {
                    prop_assert_eq!(rows, other);
                }
            }
        }
    }

    #[test]
    fn one_row_on_top_travels_as_one_row_and_one_run() {
        let old: Vec<Pair> = (0..60).map(|key| Pair(key, 0)).collect();
        let mut new = old.clone();
        new.insert(0, Pair(99, 7));
        new.pop();
        let delta = diff(&old, &new).unwrap();
        assert_eq!(delta.layout.as_deref(), Some(&[Piece::New(Pair(99, 7)), Piece::Run { start: 0, length: 59 }][..]));
        assert!(postcard::to_allocvec(&delta).unwrap().len() <= 12);
    }
}
