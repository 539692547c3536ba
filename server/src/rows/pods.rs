//! The table of pods: rows by number, and sorted lists of them for the queries that somebody looks at.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use domain::component::clues::{PodClue, Usage};
use domain::facts::{NodeFacts, PodFacts};
use domain::health;
use domain::name::{EnvironmentId, WorkloadKind};
use domain::query::{PodColumn, PodQuery, Sort};
use domain::restarts::Restarts;
use domain::view::{PodRow, PodsHead, PodsView, State, Status};

/// The number of a row, as long as it lives.
pub type RowId = u32;

/// The most sorted lists that are kept.
const MOST_LISTS: usize = 64;
/// How long a sorted list is kept that nobody looks at, in milliseconds.
const LIST_LIFE_MS: i64 = 30_000;

/// A pod and what is known of it beyond its row.
pub struct Entry {
    /// What is shown.
    pub row: PodRow,
    /// Its environment's place.
    pub environment: usize,
    /// Its component's place in the environment.
    pub component: Option<usize>,
    /// The workload that owns it, declared or not.
    pub workload: Option<(WorkloadKind, Arc<str>)>,
    /// Half of its owner's uid: enough to tell it from another of the same name. 0 when it is not known.
    pub owner: u64,
    /// The revision it is of.
    pub revision: Arc<str>,
    /// The whole digest of its main container.
    pub digest: Arc<str>,
    /// What it was judged by, kept while the judgement may change with time alone: unless it is ready by itself, whatever its
    /// node makes of that.
    pub unsettled: Option<Box<PodFacts>>,
    /// When its containers were started again within the last hour; `None` when none was.
    pub restarts: Option<Box<Restarts>>,
    /// What its containers use that may use only so much, by name; empty when that is not known.
    pub usage: Box<[(Arc<str>, Usage)]>,
}

impl Entry {
    /// What explains how it is at `now`, seconds since 1970.
    pub fn clue(&self, now: i64) -> PodClue<'_> {
        PodClue {
            row: &self.row,
            facts: self.unsettled.as_deref(),
            restarted: self.restarts.as_ref().map(|restarts| restarts.within_the_hour(now)).unwrap_or_default(),
            usage: &self.usage,
        }
    }

    /// How it is at `now`, seconds since 1970, on a node of which this is known.
    pub fn judged(&self, node: Option<&NodeFacts>, now: i64) -> Status {
        // What is kept of a pod that is ready by itself is only that it is, and of one that cannot be read no node is known.
        let own = match &self.unsettled {
            Some(facts) => health::with_known_cause(&self.row.status, health::pod(facts, now)),
            None if self.row.node.is_empty() => self.row.status.clone(),
            None => health::ready_pod(),
        };
        health::pod_on_node(own, &self.row.node, node)
    }
}

/// What decides which rows a list holds, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ListKey {
    filter: String,
    environment: Option<EnvironmentId>,
    state: Option<State>,
    sort: Sort,
    /// Only these environments; `None` is all of them.
    seen: Option<Arc<[EnvironmentId]>>,
}

impl ListKey {
    fn of(query: &PodQuery, seen: Option<&Arc<[EnvironmentId]>>) -> Self {
        let PodQuery { filter, environment, state, sort, offset: _, length: _ } = query.clone();
        Self { filter, environment, state, sort, seen: seen.cloned() }
    }

    fn lets_through(&self, row: &PodRow) -> bool {
        self.state.is_none_or(|state| row.status.state == state)
            && self.seen.as_ref().is_none_or(|seen| seen.contains(&row.environment))
            && self.environment.as_ref().is_none_or(|environment| row.environment == *environment)
            && self.filter.split_whitespace().all(|word| row_contains(row, word))
    }

    fn compare(&self, a: &PodRow, b: &PodRow) -> Ordering {
        let by_column = match self.sort.column {
            PodColumn::State => b.status.state.cmp(&a.status.state),
            PodColumn::Name => Ordering::Equal,
            PodColumn::Environment => a.environment.cmp(&b.environment),
            PodColumn::Node => a.node.cmp(&b.node),
            PodColumn::Restarts => b.restarts.cmp(&a.restarts),
            PodColumn::Age => b.created.cmp(&a.created),
        };
        // A cluster restored from another's backup has the same names and uids.
        let by_name = || (&a.name, a.uid, &a.environment).cmp(&(&b.name, b.uid, &b.environment));
        match (self.sort.descending, self.sort.column) {
            (true, PodColumn::Name) => by_name().reverse(),
            (true, _) => by_column.reverse().then_with(by_name),
            (false, _) => by_column.then_with(by_name),
        }
    }
}

/// Whether a word, in lower case, stands anywhere in a row.
fn row_contains(row: &PodRow, word: &str) -> bool {
    let exact = [&row.name, &row.node, &row.component, &row.digest];
    let system = [row.environment.system.as_str(), row.environment.environment.as_str()];
    exact.iter().any(|text| text.contains(word))
        || system.iter().any(|text| text.contains(word))
        || contains_ignoring_case(&row.tag, word)
        || contains_ignoring_case(&row.status.word, word)
}

fn contains_ignoring_case(text: &str, word: &str) -> bool {
    text.contains(word) || text.to_lowercase().contains(word)
}

/// A sorted list of the rows that a query lets through.
struct List {
    rows: Vec<RowId>,
    bad: u32,
    used: i64,
}

/// All pods of all registered namespaces.
#[derive(Default)]
pub struct Pods {
    entries: Vec<Option<Entry>>,
    free: Vec<RowId>,
    by_name: HashMap<(usize, Arc<str>), RowId>,
    lists: HashMap<ListKey, List>,
}

fn is_bad(row: &PodRow) -> bool {
    matches!(row.status.state, State::Failed | State::Degraded)
}

impl Pods {
    /// The pod of that name in an environment.
    pub fn find(&self, environment: usize, name: &Arc<str>) -> Option<RowId> {
        self.by_name.get(&(environment, name.clone())).copied()
    }

    /// The pod of that number.
    pub fn get(&self, id: RowId) -> Option<&Entry> {
        self.entries.get(id as usize)?.as_ref()
    }

    /// All pods.
    pub fn iter(&self) -> impl Iterator<Item = (RowId, &Entry)> {
        (0..).zip(&self.entries).filter_map(|(id, entry)| Some((id, entry.as_ref()?)))
    }

    /// Puts a pod in the place of the one of the same name, if there is one.
    pub fn put(&mut self, entry: Entry) -> RowId {
        let name = (entry.environment, entry.row.name.clone());
        let id = match self.by_name.get(&name) {
            Some(&id) => id,
            None => {
                let id = self.free.pop().unwrap_or_else(|| {
                    self.entries.push(None);
                    RowId::try_from(self.entries.len() - 1).expect("a process cannot hold four thousand million pods")
                });
                self.by_name.insert(name, id);
                id
            }
        };
        let before = self.entries[id as usize].take();
        self.relist(id, before.as_ref().map(|entry| &entry.row), Some(&entry.row));
        self.entries[id as usize] = Some(entry);
        id
    }

    /// Changes a pod's row.
    pub fn change(&mut self, id: RowId, change: impl FnOnce(&mut Entry)) {
        let Some(mut entry) = self.entries.get_mut(id as usize).and_then(Option::take) else { return };
        let before = entry.row.clone();
        change(&mut entry);
        self.relist(id, Some(&before), Some(&entry.row));
        self.entries[id as usize] = Some(entry);
    }

    /// Takes in what a pod uses. No list is sorted by it.
    pub fn uses(&mut self, id: RowId, usage: Box<[(Arc<str>, Usage)]>) {
        if let Some(entry) = self.entries.get_mut(id as usize).and_then(Option::as_mut) {
            entry.usage = usage;
        }
    }

    /// Takes a pod out.
    pub fn remove(&mut self, id: RowId) -> Option<Entry> {
        let entry = self.entries.get_mut(id as usize)?.take()?;
        self.relist(id, Some(&entry.row), None);
        self.by_name.remove(&(entry.environment, entry.row.name.clone()));
        self.free.push(id);
        Some(entry)
    }

    /// Takes all pods out.
    pub fn clear(&mut self) -> Vec<Entry> {
        self.by_name.clear();
        self.free.clear();
        self.lists.clear();
        std::mem::take(&mut self.entries).into_iter().flatten().collect()
    }

    /// Moves a row within the lists. The row itself is out of `entries` while this runs, so that every row that a list is
    /// searched by is another one and in its place.
    fn relist(&mut self, id: RowId, before: Option<&PodRow>, after: Option<&PodRow>) {
        let Self { entries, lists, .. } = self;
        for (key, list) in lists {
            let was = before.filter(|row| key.lets_through(row));
            let is = after.filter(|row| key.lets_through(row));
            if let (Some(was), Some(is)) = (was, is)
                && key.compare(was, is) == Ordering::Equal
            {
                list.bad = list.bad - u32::from(is_bad(was)) + u32::from(is_bad(is));
                continue;
            }
            let place = |rows: &[RowId], wanted: &PodRow| {
                rows.partition_point(|other| {
                    let row =
                        if *other == id { before } else { entries[*other as usize].as_ref().map(|entry| &entry.row) };
                    row.is_some_and(|row| key.compare(row, wanted) == Ordering::Less)
                })
            };
            if let Some(was) = was {
                let at = place(&list.rows, was);
                debug_assert_eq!(list.rows.get(at), Some(&id), "a list is sorted and holds the row");
                list.rows.remove(at);
                list.bad -= u32::from(is_bad(was));
            }
            if let Some(is) = is {
                let at = place(&list.rows, is);
                list.rows.insert(at, id);
                list.bad += u32::from(is_bad(is));
            }
        }
    }

    /// Makes the list for a query of somebody who sees these environments, or all, unless it is there. `now` is milliseconds
    /// since 1970.
    pub fn prepare(&mut self, query: &PodQuery, seen: Option<&Arc<[EnvironmentId]>>, now: i64) {
        let key = ListKey::of(query, seen);
        if let Some(list) = self.lists.get_mut(&key) {
            list.used = now;
            return;
        }
        self.lists.retain(|_, list| now - list.used < LIST_LIFE_MS);
        if self.lists.len() >= MOST_LISTS
            && let Some(oldest) = self.lists.iter().min_by_key(|(_, list)| list.used).map(|(key, _)| key.clone())
        {
            self.lists.remove(&oldest);
        }
        let mut kept: Vec<(RowId, &PodRow)> =
            self.iter().map(|(id, entry)| (id, &entry.row)).filter(|(_, row)| key.lets_through(row)).collect();
        kept.sort_unstable_by(|(_, a), (_, b)| key.compare(a, b));
        let bad = kept.iter().filter(|(_, row)| is_bad(row)).count();
        let rows = kept.into_iter().map(|(id, _)| id).collect();
        self.lists.insert(key, List { rows, bad: u32::try_from(bad).unwrap_or(u32::MAX), used: now });
    }

    /// The rows that a query shows. Its list must have been prepared under the same lock.
    pub fn window(&self, query: &PodQuery, seen: Option<&Arc<[EnvironmentId]>>) -> PodsView {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let total = count(match seen {
            None => self.by_name.len(),
            Some(seen) => self.iter().filter(|(_, entry)| seen.contains(&entry.row.environment)).count(),
        });
        let Some(list) = self.lists.get(&ListKey::of(query, seen)) else {
            return PodsView { head: PodsHead { total, ..PodsHead::default() }, rows: Vec::new() };
        };
        let matching = count(list.rows.len());
        // A window beyond the end shows the last rows instead of nothing.
        let offset = query.offset.min(matching.saturating_sub(u32::from(query.length)));
        let window = list.rows.iter().skip(offset as usize).take(usize::from(query.length));
        let rows = window.filter_map(|id| Some(self.get(*id)?.row.clone())).collect();
        PodsView { head: PodsHead { total, matching, bad: list.bad, offset }, rows }
    }
}
