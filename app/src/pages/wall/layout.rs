//! Where everything stands on the wall: columns are aligned by tier over all systems, rows pair what belongs together.

use std::sync::Arc;

use domain::name::{ComponentId, EnvironmentId};
use domain::registry::{Role, Tier};
use domain::view::{Cell, EnvironmentHead};
use leptos::prelude::*;

use crate::rows::Row;

/// The environment of a column; `None` where a system has none of that tier.
pub(super) type Column = Option<EnvironmentId>;

/// A system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Its name on screen.
    pub system: Arc<str>,
    /// `cluster main`
    pub clusters: String,
    /// Its columns, as many as every other system has.
    pub columns: Vec<Column>,
    /// Its rows.
    pub lines: Vec<Line>,
}

/// A component over all environments of its system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// What all of them are called, or what their names have in common.
    pub name: Arc<str>,
    /// What it is there for.
    pub role: Role,
    /// Whether it is called something else in another environment.
    pub mixed: bool,
    /// One per column.
    pub cells: Vec<Option<ComponentId>>,
}

/// The wall's structure. Systems of which nothing is `wanted` are left out.
pub(super) fn layout(
    environments: &[EnvironmentHead],
    cells: &[Row<Cell>],
    wanted: impl Fn(&Cell) -> bool,
) -> Vec<Block> {
    let systems: Vec<&[EnvironmentHead]> = environments.chunk_by(|a, b| a.id.system == b.id.system).collect();
    let of_tier = |system: &[EnvironmentHead], tier: Tier| -> Vec<EnvironmentId> {
        system.iter().filter(|head| head.tier == tier).map(|head| head.id.clone()).collect()
    };
    let tiers = [Tier::Development, Tier::Staging, Tier::Production];
    let widths = tiers.map(|tier| systems.iter().map(|system| of_tier(system, tier).len()).max().unwrap_or(0));
    let mut blocks = Vec::new();
    for system in systems {
        let mut columns: Vec<Column> = Vec::new();
        for (tier, width) in tiers.into_iter().zip(widths) {
            let mut here: Vec<Column> = of_tier(system, tier).into_iter().map(Some).collect();
            here.resize(width, None);
            columns.append(&mut here);
        }
        let lines = lines(&columns, cells, &wanted);
        if lines.is_empty() && !cells.is_empty() {
            continue;
        }
        let mut clusters: Vec<&str> = Vec::new();
        for head in system {
            if !clusters.contains(&head.cluster.as_str()) {
                clusters.push(head.cluster.as_str());
            }
        }
        let word = if clusters.len() > 1 { "clusters " } else { "cluster " };
        blocks.push(Block {
            system: system.first().map_or_else(|| "".into(), |head| head.system.clone()),
            clusters: [word, &clusters.join(", ")].concat(),
            columns,
            lines,
        });
    }
    blocks
}

fn lines(columns: &[Column], cells: &[Row<Cell>], wanted: impl Fn(&Cell) -> bool) -> Vec<Line> {
    let mut lines: Vec<(Line, bool)> = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        let Some(environment) = column else { continue };
        let here: Vec<&Row<Cell>> = cells.iter().filter(|row| row.key.environment == *environment).collect();
        for row in &here {
            let (role, differs) = row.value.with(|cell| (cell.role, wanted(cell)));
            let name = row.key.name.as_str();
            let free = |line: &Line| line.cells[index].is_none();
            let same_name = |line: &Line| line.cells.iter().flatten().any(|id| id.name.as_str() == name);
            // By role only when no other component here could claim the row by its name.
            let same_role = |line: &Line| {
                line.role == role
                    && !line.cells.iter().flatten().any(|id| here.iter().any(|other| other.key.name == id.name))
                    && here.iter().filter(|other| other.value.with(|cell| cell.role) == role).count() == 1
            };
            let place = lines
                .iter()
                .position(|(line, _)| free(line) && same_name(line))
                .or_else(|| lines.iter().position(|(line, _)| free(line) && same_role(line)));
            let place = place.unwrap_or_else(|| {
                let cells = vec![None; columns.len()];
                lines.push((Line { name: name.into(), role, mixed: false, cells }, false));
                lines.len() - 1
            });
            let (line, any) = &mut lines[place];
            line.cells[index] = Some(row.key.clone());
            *any |= differs;
            if *line.name != *name {
                line.mixed = true;
                line.name = common(&line.name, name, role);
            }
        }
    }
    lines.into_iter().filter(|(_, any)| *any).map(|(line, _)| line).collect()
}

/// What two names begin with, up to a hyphen: `postgres-staging` and `postgres-production` are `postgres`.
fn common(a: &str, b: &str, role: Role) -> Arc<str> {
    let parts: Vec<&str> = a.split('-').zip(b.split('-')).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    if parts.is_empty() { role.word().into() } else { parts.join("-").into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_are_called_by_what_they_share() {
        for (a, b, expected) in [
            ("postgres-staging", "postgres-production", "postgres"),
            ("postgres", "postgres-production", "postgres"),
            ("redis", "valkey", "cache"),
            ("a-b-c", "a-b-d", "a-b"),
        ] {
            assert_eq!(*common(a, b, Role::Cache), *expected);
        }
    }
}
