//! Numbers that make no sense, or are not declared.

use super::super::{Case, Level, Line};
use super::{Rule, holds_data};
use crate::name::WorkloadKind;
use crate::operation::Operation;
use crate::registry::{Replicas, Role};

/// So many times as many are asked about: 30 for 3.
const TIMES: u32 = 10;
/// More than so many are asked about.
const MANY: u32 = 100;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let Some((workload, at)) = case.workload() else { return Vec::new() };
    let mut lines = Vec::new();
    let kind = case.kind();
    let mut say =
        |level, text: String, source: &str, at| lines.push(case.line(Rule::Replicas, level, text, source, at));
    let (now, fewest, most) = match case.operation {
        Operation::Scale { replicas } => (workload.wanted, *replicas, *replicas),
        Operation::ScaleRange { min, max } => {
            let now = case.facts.autoscaler.value().and_then(Option::as_ref).map_or(workload.wanted, |known| known.max);
            (now, *min, *max)
        }
        Operation::Restart | Operation::RollBack { .. } | Operation::RestartPod { .. } => return Vec::new(),
    };
    let is_range = matches!(case.operation, Operation::ScaleRange { .. });
    if !is_range && most == now {
        say(Level::Red, format!("there {} {now} already", if now == 1 { "is" } else { "are" }), kind, Some(at));
        return lines;
    }
    if !is_range && most == 0 {
        say(Level::Amber, format!("with 0 replicas {} serves nobody", case.name()), kind, Some(at));
    }
    // From 0 it goes up to what is declared, or to 1.
    let declared = case.facts.declared.as_ref().and_then(|declared| declared.replicas);
    let (least, top) = match declared {
        Some(Replicas::Exactly(count)) => (Some(count), Some(count)),
        Some(Replicas::Autoscaled(range)) => (Some(range.min), Some(range.max)),
        None => (None, None),
    };
    let usual = now.max(least.unwrap_or(1)).max(1);
    if most / TIMES >= usual {
        say(
            Level::Amber,
            format!("from {now} to {most} is {} times as many: {most} for {now}?", most / usual),
            kind,
            Some(at),
        );
    } else if most > now && most > MANY {
        say(Level::Amber, format!("{most} are more than {MANY}: {most} for {now}?"), kind, Some(at));
    }
    let registry = "registry";
    match (least, top) {
        (Some(least), _) if fewest < least => {
            say(Level::Amber, format!("{fewest} is fewer than the {least} declared"), registry, None);
        }
        (_, Some(top)) if most > top => {
            say(Level::Amber, format!("{most} is more than the {top} declared"), registry, None);
        }
        (Some(least), Some(top)) if least == top => {
            say(Level::Green, format!("{least} {} declared", if least == 1 { "is" } else { "are" }), registry, None);
        }
        (Some(least), Some(top)) => {
            say(Level::Green, format!("within the {least} to {top} declared"), registry, None);
        }
        _ => say(Level::Amber, "the registry declares no number to compare with".to_owned(), registry, None),
    }
    let role = case.facts.declared.as_ref().map(|declared| declared.role);
    if case.target.kind() == WorkloadKind::StatefulSet
        && (holds_data(case.target, case.facts) || role == Some(Role::Cache))
    {
        let text = if most > workload.wanted {
            "each pod has data of its own: more pods share none of it by themselves"
        } else {
            "each pod has data of its own: the pods with the highest numbers go, and nothing serves theirs"
        };
        say(Level::Amber, text.to_owned(), kind, Some(at));
    }
    lines
}
