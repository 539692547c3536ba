//! Whether the facts are of now.

use super::super::{Case, Level, Line};
use super::{Rule, span};
use crate::age::apart;
use crate::operation::Operation;

/// What is older is not acted on, in seconds. A moment that lies so far ahead is no better: a clock is wrong.
const LIMIT_S: i64 = 10;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let facts = case.facts;
    let mut needed = vec![
        (case.kind(), facts.workload.at()),
        ("autoscaler", facts.autoscaler.at()),
        ("disruption budgets", facts.budgets.at()),
        ("record", facts.others.at()),
    ];
    if let Some((workload, _)) = case.workload()
        && case.makes_pods(workload)
    {
        needed.extend([("quotas", facts.quotas.at()), ("limit ranges", facts.limits.at())]);
        needed.push(("nodes", facts.nodes.at()));
        if case.needs_places(workload) {
            needed.push(("pods", facts.pods.at()));
        }
    }
    if matches!(case.operation, Operation::RestartPod { .. }) {
        needed.push(("pods", facts.pods.at()));
    }
    if case.needs_revisions() {
        needed.push(("revisions", facts.revisions.at()));
    }
    if case.needs_backup() {
        needed.push(("backup", facts.backup.at()));
    }
    let oldest =
        needed.into_iter().filter_map(|(what, at)| Some((what, at?))).max_by_key(|(_, at)| apart(*at, facts.now));
    let Some((what, at)) = oldest else { return Vec::new() };
    let age = span(apart(at, facts.now));
    let (level, text) = if apart(at, facts.now) <= LIMIT_S {
        (Level::Green, format!("all of this was read at most {age} ago"))
    } else if at > facts.now {
        (Level::Red, format!("what is known of the {what} is dated {age} ahead: a clock is wrong"))
    } else {
        let text =
            format!("what is known of the {what} is {age} old, and nothing is done on what is older than {LIMIT_S} s");
        (Level::Red, text)
    };
    vec![case.line(Rule::Freshness, level, text, "plan", Some(at))]
}
