//! Rows as signals: each row is one, so that a change touches what shows that row and nothing else.

use std::sync::atomic::{AtomicU64, Ordering};

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
    /// Tells this row from every other of any list.
    number: u64,
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
        Self { key: self.key.clone(), number: self.number, value: self.value.clone() }
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
        let mut before = self.list.get_untracked();
        let next = rows.iter().map(|row| {
            let key = row.key();
            match before.iter().position(|shown| shown.key == key) {
                Some(place) => {
                    // The order that is left changes, and nothing reads it again.
                    let shown = before.swap_remove(place);
                    keep(&shown.value, row);
                    shown
                }
                None => Row::new(row),
            }
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
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        Self { key: row.key(), number, value: ArcRwSignal::new(row.clone()) }
    }
}

/// A row whose kind is forgotten, so that one list can show all kinds: each kind with a list of its own would be ten
/// kilobytes of the browser part.
struct Item {
    number: u64,
    view: Box<dyn FnOnce() -> AnyView + Send>,
}

/// Shows rows, each once for as long as it is there.
pub fn each<T>(rows: Rows<T>, view: impl Fn(Row<T>) -> AnyView + Clone + Send + Sync + 'static) -> AnyView
where
    T: Keyed + Send + Sync,
    T::Key: Send + Sync,
{
    list(Box::new(move || {
        let item = |row: Row<T>| {
            let view = view.clone();
            Item { number: row.number, view: Box::new(move || view(row)) }
        };
        rows.get().into_iter().map(item).collect()
    }))
}

fn list(items: Box<dyn Fn() -> Vec<Item> + Send + Sync>) -> AnyView {
    view! { <For each=items key=|item| item.number children=|item| (item.view)() /> }.into_any()
}

/// Sets a signal if its value differs.
pub fn keep<T: PartialEq + Clone + Send + Sync + 'static>(signal: &ArcRwSignal<T>, new: &T) {
    if signal.with_untracked(|old| old != new) {
        signal.set(new.clone());
    }
}
