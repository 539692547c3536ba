//! A rollout that is running.

use super::super::facts::{Strategy, Workload};
use super::super::{Case, Level, Line};
use super::{Rule, shown};
use crate::operation::Operation;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let Some((workload, at)) = case.workload() else { return Vec::new() };
    let line = |level, text: String| vec![case.line(Rule::Rollout, level, text, case.kind(), Some(at))];
    let stuck = workload
        .conditions
        .iter()
        .find(|condition| &*condition.reason == "ProgressDeadlineExceeded" && condition.status == Some(false));
    if let Some(condition) = stuck {
        let since = case.age(condition.since);
        return match case.operation {
            Operation::RollBack { .. } => {
                line(Level::Green, format!("the rollout is stuck since {since}, and a rollback ends it"))
            }
            Operation::Restart => line(
                Level::Amber,
                format!("the rollout is stuck since {since}, and a restart begins another on top of it"),
            ),
            Operation::Scale { .. } | Operation::ScaleRange { .. } | Operation::RestartPod { .. } => {
                line(Level::Amber, format!("the rollout is stuck since {since}"))
            }
        };
    }
    let Some(progress) = progress(workload) else {
        return line(Level::Green, "nothing else is being rolled out".to_owned());
    };
    let by = by(case, workload);
    let follows = match case.operation {
        Operation::Restart | Operation::RollBack { .. } => "a second change starts killing the pods of the first",
        Operation::Scale { .. } | Operation::ScaleRange { .. } => "the new number is spread over old and new pods",
        Operation::RestartPod { .. } => "an eviction takes one pod more from it",
    };
    line(Level::Amber, format!("a rollout is running{by}, {progress}: {follows}"))
}

/// How far a rollout is; none when none is running.
fn progress(workload: &Workload) -> Option<String> {
    let held_back = match workload.strategy {
        Strategy::Partitioned(partition) => partition,
        // Whoever deletes the pods decides when.
        Strategy::OnDelete => workload.wanted,
        Strategy::Rolling { .. } | Strategy::Recreate => 0,
    };
    let to_update = workload.wanted.saturating_sub(held_back);
    if workload.observed_generation < workload.generation {
        Some("and the controller has not read the last change yet".to_owned())
    } else if workload.updated < to_update {
        Some(format!("{} of {to_update} updated", workload.updated))
    } else if held_back == 0 && workload.existing > workload.updated {
        let old = workload.existing - workload.updated;
        Some(format!("{} still to end", super::count(old, "old pod")))
    } else {
        None
    }
}

/// Who began it, as far as anybody wrote it down.
fn by(case: &Case<'_>, workload: &Workload) -> String {
    let others = case.facts.others.value().map(Vec::as_slice).unwrap_or_default();
    if let Some(other) = others.iter().find(|other| other.under_way && other.same_target) {
        return format!(", begun by {} {}", other.who, case.age(other.since).ago());
    }
    match &workload.changed {
        Some((_, when)) if workload.operation.is_some() => format!(", begun from here {}", case.age(*when).ago()),
        Some((manager, when)) => format!(", begun by {} {}", shown(manager), case.age(*when).ago()),
        None => String::new(),
    }
}
