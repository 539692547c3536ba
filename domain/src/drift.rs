//! What differs between what was declared and what runs.

mod around;
mod config;
mod item;
mod promise;
mod replicas;
mod template;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;

pub(crate) use around::rule;
pub use around::{Neighbour, Surroundings, environment};
pub(crate) use config::{ago, last_change};
pub use item::{Actual, Expected, Item, Place, Value};
pub(crate) use template::is_mutable;

use crate::component::ComponentFacts;
use crate::freshness::Freshness;
use crate::view::{Chip, Finding, FindingKind, Look, State};

/// The remarks in a component's cell, worst first: replicas, autoscaler bounds, requests and limits, storage, image
/// repository, config values, pods that run with old config, mutable tags.
///
/// A neutral remark (a tag that can change) is `Off`: it is not a difference, and an `Unknown` would count as one.
pub fn chips(facts: &ComponentFacts<'_>) -> Vec<Chip> {
    let mut chips: Vec<Chip> = differences(facts).into_iter().filter_map(|difference| difference.chip).collect();
    chips.sort_by_key(|chip| Reverse(chip.state));
    chips
}

/// What is to be said of the differences in full, worst first.
pub fn findings(facts: &ComponentFacts<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = differences(facts)
        .into_iter()
        .filter_map(|difference| difference.remark)
        .map(|remark| Finding {
            state: remark.state,
            kind: remark.kind,
            title: remark.title.into(),
            evidence: remark.evidence.into(),
            lines: Vec::new(),
            advice: remark.advice.into(),
            component: Some(facts.id.clone()),
            since: remark.since,
            look: Look::Component,
        })
        .collect();
    findings.sort_by_key(|finding| Reverse(finding.state));
    findings
}

/// What was declared against what is, line by line: name, actual, expected, whether they agree.
pub(crate) fn expectations(facts: &ComponentFacts<'_>) -> Vec<Expectation> {
    let mut lines = replicas::expectations(facts);
    lines.extend(template::expectations(facts));
    lines.extend(config::expectations(facts));
    lines
}

/// Everything about a component that can be declared, whether it is declared here or not: what environments are compared by.
pub(crate) fn items(facts: &ComponentFacts<'_>) -> Vec<Item> {
    let place = Place::Component { kind: facts.id.kind, name: facts.id.name.shared(), role: facts.declared.role };
    let mut items = replicas::items(facts, &place);
    items.extend(template::items(facts, &place));
    items.extend(config::items(facts));
    items
}

pub use crate::view::Expectation;

/// One thing that differs: a chip, a remark, or both.
#[derive(Debug, Clone, PartialEq)]
struct Difference {
    chip: Option<Chip>,
    remark: Option<Remark>,
}

/// The long form of a difference.
#[derive(Debug, Clone, PartialEq)]
struct Remark {
    state: State,
    kind: FindingKind,
    title: String,
    evidence: String,
    advice: String,
    /// Seconds since 1970; 0 when not known.
    since: i64,
}

impl Difference {
    fn new(state: State, chip: String, title: String, evidence: String, advice: impl Into<String>) -> Self {
        Self {
            chip: Some(Chip { state, text: chip.into() }),
            remark: Some(Remark {
                state,
                kind: FindingKind::Difference,
                title,
                evidence,
                advice: advice.into(),
                since: 0,
            }),
        }
    }

    /// The same, known to have been so since then.
    fn since(mut self, since: i64) -> Self {
        if let Some(remark) = &mut self.remark {
            remark.since = since;
        }
        self
    }

    /// The same, of another kind.
    fn of_kind(mut self, kind: FindingKind) -> Self {
        if let Some(remark) = &mut self.remark {
            remark.kind = kind;
        }
        self
    }
}

/// Everything that differs. Nothing when nothing was ever read: that is not known to differ.
fn differences(facts: &ComponentFacts<'_>) -> Vec<Difference> {
    match facts.freshness {
        Freshness::Never => return Vec::new(),
        Freshness::Live(_) | Freshness::Stale(_) => {}
    }
    let mut found = replicas::differences(facts);
    found.extend(template::differences(facts));
    found.extend(config::differences(facts));
    found.extend(promise::differences(facts));
    found.extend(template::tag_remark(facts));
    found
}

/// Actual and expected where nothing stands.
const NONE: &str = "none";
