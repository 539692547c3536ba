//! Whether the person may operate here.

use super::super::{Case, Level, Line};
use super::Rule;
use crate::access::Right;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let (asker, title) = (&case.facts.asker, &case.facts.place.title);
    let (level, text) = match asker.role {
        Some(role) if role.holds(Right::Operate) => (Level::Green, format!("{} is {role} in {title}", asker.name)),
        Some(role) => {
            let text = format!("only an operator or a lead does this, and {} is {role} in {title}", asker.name);
            (Level::Red, text)
        }
        None => {
            let text =
                format!("operating in {title} needs a role that {} does not have: an admin can give it", asker.name);
            (Level::Red, text)
        }
    };
    vec![case.line(Rule::Role, level, text, "people", None)]
}
