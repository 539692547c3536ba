//! Whether it is the object that was planned for.

use super::super::facts::Known;
use super::super::{Case, Level, Line};
use super::Rule;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let (name, kind, planned) = (case.name(), case.kind(), case.target);
    let (workload, at) = match &case.facts.workload {
        Known::Unread(why) => return case.unknown(Rule::Target, &format!("how {name} stands is"), why, kind),
        Known::Read { value: None, at } => {
            let text = format!("there is no {kind} {name} in {} any more", planned.namespace);
            return vec![case.line(Rule::Target, Level::Red, text, kind, Some(*at))];
        }
        Known::Read { value: Some(workload), at } => (workload, *at),
    };
    let (level, text) = if workload.uid != planned.uid {
        (Level::Red, format!("{name} was made anew since the plan was made: look at the new one"))
    } else if workload.generation != planned.generation {
        let (now, then) = (workload.generation, planned.generation);
        let text = format!("{name} was changed since the plan was made, from generation {then} to {now}");
        (Level::Red, text)
    } else {
        (Level::Green, format!("{name} is as it was when the plan was made"))
    };
    vec![case.line(Rule::Target, level, text, kind, Some(at))]
}
