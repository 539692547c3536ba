//! Tables of cases, one for each rule: what is asked, how a good case is spoiled, and what the rule says of it.

mod autoscaler;
mod availability;
mod backup;
mod budget;
mod class;
mod keeper;
mod limit_range;
mod nodes;
mod person;
mod pod;
mod quota;
mod replicas;
mod revision;
mod rollout;
mod room;
mod size;
mod spread;
mod tag;
mod window;

use super::super::facts::{Facts, Workload};
use super::super::{Case, Level, Line, judge, sample};
use super::Rule;
use crate::operation::{Operation, Target};
use crate::policy::When;

const RESTART: Operation = Operation::Restart;
const BACK: Operation = Operation::RollBack { revision: 8 };

fn scale(replicas: u32) -> Operation {
    Operation::Scale { replicas }
}

fn range(min: u32, max: u32) -> Operation {
    Operation::ScaleRange { min, max }
}

fn evict(node: &str) -> Operation {
    Operation::RestartPod { pod: format!("pod-{node}").parse().unwrap() }
}

/// A row: the operation, what is done to the good case, and the lines.
type Row = (Operation, fn(&mut Facts), &'static str);

/// Holds what a rule says against each row, line by line: `amber: the text`, parted by ` | `.
fn check(rule: Rule, rows: &[Row]) {
    check_of(rule, &sample::target(), rows);
}

fn check_of(rule: Rule, target: &Target, rows: &[Row]) {
    for (operation, spoil, expected) in rows {
        let mut facts = sample::facts();
        spoil(&mut facts);
        assert_eq!(said(operation, target, &facts, rule), *expected, "{operation:?}");
    }
}

/// What a rule says of a case, and that all that is said are sentences.
fn said(operation: &Operation, target: &Target, facts: &Facts, rule: Rule) -> String {
    let lines = judge(operation, target, facts).lines;
    for line in &lines {
        let is_sentence = !line.text.is_empty() && !line.text.ends_with(['.', '!']) && !line.text.contains("  ");
        assert!(is_sentence && !line.source.is_empty(), "{line:?}");
    }
    let said: Vec<String> = lines.iter().filter(|line| line.rule == rule).map(text).collect();
    said.join(" | ")
}

fn text(line: &Line) -> String {
    let level = match line.level {
        Level::Green => "green",
        Level::Amber => "amber",
        Level::Unknown => "unknown",
        Level::Red => "red",
    };
    format!("{level}: {}", line.text)
}

/// The workload, to be changed.
fn workload(facts: &mut Facts) -> &mut Workload {
    match &mut facts.workload {
        super::Known::Read { value: Some(workload), .. } => workload,
        super::Known::Read { value: None, .. } | super::Known::Unread(_) => panic!("the sample has a workload"),
    }
}

fn unread<T>() -> super::Known<T> {
    super::Known::Unread("forbidden".into())
}

fn stateful() -> Target {
    let mut target = sample::target();
    target.component.kind = crate::name::WorkloadKind::StatefulSet;
    target
}

/// Asks a rule itself, where `judge` would not let it speak alone.
fn ask(operation: &Operation, facts: &Facts, when: When) -> Result<(), std::sync::Arc<str>> {
    let target = sample::target();
    let class = super::class(operation, &target, facts);
    let mut required = facts.place.policy.requirement(facts.place.tier, &facts.place.id, class);
    required.when = when;
    super::window::open(&Case { operation, target: &target, facts, class, required })
}
