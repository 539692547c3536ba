//! Migrations, which nothing takes back.

use super::super::{Case, Level, Line};
use super::Rule;
use crate::operation::Operation;
use crate::registry::Tier;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let Operation::RollBack { .. } = case.operation else { return Vec::new() };
    let level = match case.facts.place.tier {
        Tier::Development => Level::Green,
        Tier::Staging | Tier::Production => Level::Amber,
    };
    vec![case.line(Rule::Migration, level, "database migrations are not reverted by a rollback", "plan", None)]
}
