//! Rows as signals: each row is one, so that a change touches what shows that row and nothing else.

use std::collections::HashMap;

use domain::listing::Keyed;
use leptos::prelude::*;

/// A list whose order and whose rows change apart from each other.
#[derive(Debug)]
pub struct Rows<T: Keyed + 'static> {
    list: ArcRwSignal<Vec<Row<T>>>,
}

/// A row of it.
#[derive(Debug)]
pub struct Row<T: Keyed + 'static> {
    /// Stays the same while the row changes.
    pub key: T::Key,
    /// What it shows.
    pub value: ArcRwSignal<T>,
}

impl<T: Keyed> Clone for Rows<T> {
    fn clone(&self) -> Self {
        Self { list: self.list.clone() }
    }
}

impl<T: Keyed> Clone for Row<T> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), value: self.value.clone() }
    }
}

impl<T> Rows<T>
where
    T: Keyed + Send + Sync,
    T::Key: Send + Sync,
{
    /// Rows from their values.
    pub fn new(rows: &[T]) -> Self {
        Self { list: ArcRwSignal::new(rows.iter().map(Row::new).collect()) }
    }

    /// Shows these rows from now on. Tells only those who show what differs.
    pub fn show(&self, rows: &[T]) {
        let same_order = self.list.with_untracked(|list| {
            list.len() == rows.len() && list.iter().zip(rows).all(|(shown, row)| shown.key == row.key())
        });
        if same_order {
            self.list.with_untracked(|list| {
                for (shown, row) in list.iter().zip(rows) {
                    keep(&shown.value, row);
                }
            });
            return;
        }
        let mut before: HashMap<T::Key, Row<T>> =
            self.list.with_untracked(|list| list.iter().map(|row| (row.key.clone(), row.clone())).collect());
        let next = rows.iter().map(|row| match before.remove(&row.key()) {
            Some(shown) => {
                keep(&shown.value, row);
                shown
            }
            None => Row::new(row),
        });
        self.list.set(next.collect());
    }

    /// The rows in their order; follows what comes, goes and moves, not what changes inside a row.
    pub fn get(&self) -> Vec<Row<T>> {
        self.list.get()
    }

    /// The row with this key, as it is now.
    pub fn find(&self, key: &T::Key) -> Option<Row<T>> {
        self.list.with_untracked(|list| list.iter().find(|row| row.key == *key).cloned())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.list.with(Vec::len)
    }
}

impl<T> Row<T>
where
    T: Keyed + Send + Sync,
{
    fn new(row: &T) -> Self {
        Self { key: row.key(), value: ArcRwSignal::new(row.clone()) }
    }
}

/// Sets a signal if its value differs.
pub fn keep<T: PartialEq + Clone + Send + Sync + 'static>(signal: &ArcRwSignal<T>, new: &T) {
    if signal.with_untracked(|old| old != new) {
        signal.set(new.clone());
    }
}
