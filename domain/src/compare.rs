//! The environments of a system beside one another: all that can be declared of them, what is, and what differs.

#[cfg(test)]
mod tests;

use std::str::FromStr;
use std::sync::Arc;

use crate::drift::{Actual, Expected, Item, Place, Value};
use crate::name::EnvironmentId;
use crate::registry::Tier;

/// An environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Which.
    pub id: EnvironmentId,
    /// Its name on screen.
    pub title: Arc<str>,
    /// How careful one must be there.
    pub tier: Tier,
    /// All that can be declared of it.
    pub items: Vec<Item>,
}

/// Which rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Only {
    /// All.
    #[default]
    All,
    /// Those in which anything differs, in one way or the other.
    Differences,
    /// Those in which an environment differs from what was declared of it.
    Declared,
    /// Those in which environments differ from each other.
    Environments,
}

impl Only {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::All, Self::Differences, Self::Declared, Self::Environments];

    /// As it stands in the URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Differences => "differences",
            Self::Declared => "declared",
            Self::Environments => "environments",
        }
    }
}

/// It names no choice of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write all, differences, declared or environments")]
pub struct OnlyError;

impl FromStr for Only {
    type Err = OnlyError;
    fn from_str(text: &str) -> Result<Self, OnlyError> {
        Self::ALL.into_iter().find(|only| only.as_str() == text).ok_or(OnlyError)
    }
}

/// The environments of a system, and their rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The environments, in the order of the columns.
    pub columns: Vec<(EnvironmentId, Arc<str>, Tier)>,
    /// The rows that are shown.
    pub groups: Vec<Group>,
    /// Rows with a cell that differs from what was declared, shown or not.
    pub differ_from_declared: usize,
    /// Rows whose cells differ from each other, shown or not.
    pub differ_between: usize,
    /// Cells of which it is not known how they are, shown or not.
    pub unknown: usize,
}

/// The rows of one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// `Deployment fleet-app`, `ConfigMap fleet-config`, `Quota`.
    pub title: Arc<str>,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// One thing that can be declared, in every environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it is called.
    pub name: Arc<str>,
    /// One for each column; none where the environment has nothing of the kind.
    pub cells: Vec<Option<Cell>>,
    /// Whether any cell differs from what was declared.
    pub differs_from_declared: bool,
    /// Whether its cells differ from each other, as far as they are known.
    pub differs_between: bool,
}

/// What one environment has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What is; `?` where that is not known.
    pub text: Arc<str>,
    /// How that is.
    pub verdict: Verdict,
}

/// How a cell is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As declared.
    Agrees,
    /// Another than this, which was declared.
    Differs(Arc<str>),
    /// Nothing was declared of it here.
    Undeclared,
    /// Not known: why, in a sentence.
    Unknown(Arc<str>),
}

/// Puts the environments of a system beside one another.
pub fn compare(columns: &[Column], only: Only) -> Table {
    let mut table = Table {
        columns: columns.iter().map(|column| (column.id.clone(), column.title.clone(), column.tier)).collect(),
        ..Table::default()
    };
    for places in places(columns) {
        let mut rows = rows(columns, &places);
        for row in &rows {
            table.differ_from_declared += usize::from(row.differs_from_declared);
            table.differ_between += usize::from(row.differs_between);
            let unknown = |cell: &&Cell| matches!(cell.verdict, Verdict::Unknown(_));
            table.unknown += row.cells.iter().flatten().filter(unknown).count();
        }
        rows.retain(|row| match only {
            Only::All => true,
            Only::Differences => row.differs_from_declared || row.differs_between,
            Only::Declared => row.differs_from_declared,
            Only::Environments => row.differs_between,
        });
        if !rows.is_empty() {
            table.groups.push(Group { title: title(&places), rows });
        }
    }
    table
}

/// What belongs together, by column: what is called the same, or the only one of its kind and role that nobody else is
/// called like. `postgres-staging` is to staging what `postgres-production` is to production.
type Places<'a> = Vec<Option<&'a Place>>;

fn places(columns: &[Column]) -> Vec<Places<'_>> {
    let mut groups: Vec<Places<'_>> = Vec::new();
    for (number, column) in columns.iter().enumerate() {
        let mut own: Vec<&Place> = Vec::new();
        for item in &column.items {
            if !own.contains(&&item.place) {
                own.push(&item.place);
            }
        }
        let (named, others): (Vec<&Place>, Vec<&Place>) =
            own.iter().copied().partition(|place| groups.iter().any(|group| is_named(group, place)));
        for place in named {
            if let Some(group) = groups.iter_mut().find(|group| is_named(group, place)) {
                group[number] = Some(place);
            }
        }
        for place in &others {
            let alone = others.iter().filter(|other| is_like(other, place)).count() == 1;
            let mut free = groups
                .iter_mut()
                .filter(|group| group[number].is_none() && group.iter().flatten().any(|other| is_like(other, place)));
            match (alone, free.next(), free.next()) {
                (true, Some(group), None) => group[number] = Some(place),
                (_, _, _) => {
                    let mut group = vec![None; columns.len()];
                    group[number] = Some(*place);
                    groups.push(group);
                }
            }
        }
    }
    // What belongs to the whole environment comes last, in its own order.
    groups.sort_by_key(|group| {
        group.iter().flatten().next().map(|place| match place {
            Place::Component { .. } => 0,
            Place::ConfigMap(_) => 1,
            Place::Quota => 2,
            Place::LimitRange => 3,
        })
    });
    groups
}

fn is_named(group: &[Option<&Place>], place: &Place) -> bool {
    group.iter().flatten().any(|known| match (known, place) {
        // What it is there for may differ.
        (Place::Component { kind, name, .. }, Place::Component { kind: other, name: called, .. }) => {
            (kind, name) == (other, called)
        }
        (known, place) => *known == place,
    })
}

/// Whether two components, whatever they are called, are of one kind and there for the same.
fn is_like(one: &Place, other: &Place) -> bool {
    match (one, other) {
        (Place::Component { kind, role, .. }, Place::Component { kind: other, role: same, .. }) => {
            (kind, role) == (other, same)
        }
        (Place::Component { .. } | Place::ConfigMap(_) | Place::Quota | Place::LimitRange, _) => false,
    }
}

fn title(places: &[Option<&Place>]) -> Arc<str> {
    let mut names: Vec<&str> = Vec::new();
    let mut what = "";
    for place in places.iter().flatten() {
        let name = match place {
            Place::Component { kind, name, .. } => {
                what = kind.title();
                name
            }
            Place::ConfigMap(name) => {
                what = "ConfigMap";
                name
            }
            Place::Quota => "ResourceQuota",
            Place::LimitRange => "LimitRange",
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let names = names.join(" / ");
    if what.is_empty() { names.into() } else { format!("{what} {names}").into() }
}

fn rows(columns: &[Column], places: &[Option<&Place>]) -> Vec<Row> {
    let of_column = |number: usize| {
        let place = places[number];
        columns[number].items.iter().filter(move |item| Some(&item.place) == place)
    };
    let mut names: Vec<&Arc<str>> = Vec::new();
    for item in (0..columns.len()).flat_map(of_column) {
        if !names.contains(&&item.name) {
            names.push(&item.name);
        }
    }
    let row = |name: &Arc<str>| {
        let items: Vec<Option<&Item>> =
            (0..columns.len()).map(|number| of_column(number).find(|item| item.name == *name)).collect();
        // What is declared nowhere is nobody's question.
        let counts = |item: &&Item| match &item.expected {
            Expected::Declared { .. } | Expected::Free => true,
            Expected::Undeclared => false,
        };
        items.iter().flatten().any(counts).then(|| Row {
            name: name.clone(),
            differs_from_declared: items.iter().flatten().any(|item| item.differs()),
            differs_between: differs_between(&items, places),
            cells: items.into_iter().map(|item| item.map(cell)).collect(),
        })
    };
    names.into_iter().filter_map(row).collect()
}

/// Whether what is known is not all the same. A component that is not there at all is another than one that is; of a key that
/// is not declared in an environment it is not known what it holds there.
fn differs_between(items: &[Option<&Item>], places: &[Option<&Place>]) -> bool {
    let is_component = places.iter().flatten().any(|place| matches!(place, Place::Component { .. }));
    let mut known: Vec<Option<&Value>> = Vec::new();
    for item in items {
        match item.map(|item| &item.actual) {
            Some(Actual::Is(value)) => known.push(Some(value)),
            Some(Actual::Unknown(_)) => {}
            None if is_component => known.push(None),
            None => {}
        }
    }
    known.windows(2).any(|pair| pair[0] != pair[1])
}

fn cell(item: &Item) -> Cell {
    match (&item.actual, &item.expected) {
        (Actual::Unknown(why), _) => Cell { text: "?".into(), verdict: Verdict::Unknown(why.clone()) },
        (Actual::Is(value), Expected::Declared { text, agrees }) => Cell {
            text: value.to_string().into(),
            verdict: if *agrees { Verdict::Agrees } else { Verdict::Differs(text.clone()) },
        },
        (Actual::Is(value), Expected::Undeclared | Expected::Free) => {
            Cell { text: value.to_string().into(), verdict: Verdict::Undeclared }
        }
    }
}
