//! Findings of several components that are one: the same fault, the same node, the same words of many.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::component::Assessment;
use crate::component::node::Lost;
use crate::name::ComponentId;
use crate::registry::Role;
use crate::view::{Finding, FindingKind, Look, State};

/// Findings of one kind that say the same, from which on they are one with a count.
const MANY: usize = 4;

/// The most components that are named; the others are counted.
const MOST_NAMES: usize = 5;

/// A finding, and the component of note among those it is about.
struct Said {
    finding: Finding,
    role: Role,
}

/// The findings of an environment, from those of its components: worst first, and those that say the same about several
/// components once. A value that is wrong in a ConfigMap is one fault, however many read it; what follows from a node is one
/// fault of that node; and what is so of many is said once, with how many.
pub fn merged<'a>(assessments: impl IntoIterator<Item = &'a Assessment>) -> Vec<Finding> {
    let assessments: Vec<&Assessment> = assessments.into_iter().collect();
    let of_nodes = by_node(&assessments);
    let lost = of_nodes.iter().flat_map(|(_, lost)| lost);
    let told: HashSet<(&ComponentId, &str)> =
        lost.flat_map(|(_, lost)| lost.titles.iter().map(|title| (&lost.component, &**title))).collect();
    let is_told = |finding: &Finding| {
        finding.component.as_ref().is_some_and(|component| told.contains(&(component, &*finding.title)))
    };
    let mut merged: Vec<Said> = Vec::new();
    let mut places: HashMap<Words<'_>, usize> = HashMap::new();
    for assessment in &assessments {
        let role = assessment.cell.role;
        for finding in assessment.findings.iter().filter(|finding| !is_told(finding)) {
            let place = *places.entry(words(finding)).or_insert(merged.len());
            match merged.get_mut(place) {
                None => merged.push(Said { finding: finding.clone(), role }),
                Some(known) if known.finding.component == finding.component => {}
                Some(known) => {
                    known.finding.component = None;
                    known.finding.state = known.finding.state.max(finding.state);
                    known.finding.since = earlier(known.finding.since, finding.since);
                    known.role = first(known.role, role);
                }
            }
        }
    }
    merged.extend(of_nodes.into_iter().map(|(node, lost)| of_node(node, &lost)));
    let mut merged = counted(merged);
    merged.sort_by_key(|said| (order(&said.finding), depth(said.role)));
    merged.into_iter().map(|said| said.finding).collect()
}

/// Worst first, and of the equally bad what fails before what differs.
pub(super) fn order(finding: &Finding) -> (std::cmp::Reverse<State>, FindingKind) {
    (std::cmp::Reverse(finding.state), finding.kind)
}

/// From what users see to what they may miss for a while.
fn depth(role: Role) -> u8 {
    match role {
        Role::App => 0,
        Role::Api => 1,
        Role::Database => 2,
        Role::Cache => 3,
        Role::Worker => 4,
    }
}

fn first(one: Role, other: Role) -> Role {
    if depth(other) < depth(one) { other } else { one }
}

/// All that is said in a finding: two that say the same are one.
type Words<'a> = (&'a str, &'a str, &'a str, &'a [Arc<str>]);

fn words(finding: &Finding) -> Words<'_> {
    (&finding.title, &finding.evidence, &finding.advice, &finding.lines)
}

/// The earlier of two moments, where 0 is not known: then it is not known of both.
fn earlier(one: i64, other: i64) -> i64 {
    one.min(other)
}

/// What follows from a node, and the component that suffers from it.
type Suffering<'a> = (&'a Assessment, &'a Lost);

/// Nodes that are NotReady and of which more than one component tells, each with what follows from it.
fn by_node<'a>(assessments: &[&'a Assessment]) -> Vec<(&'a Arc<str>, Vec<Suffering<'a>>)> {
    let mut nodes: Vec<(&Arc<str>, Vec<Suffering<'_>>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for assessment in assessments {
        for lost in &assessment.lost {
            let place = *places.entry(&*lost.node).or_insert(nodes.len());
            match nodes.get_mut(place) {
                Some((_, all)) => all.push((assessment, lost)),
                None => nodes.push((&lost.node, vec![(assessment, lost)])),
            }
        }
    }
    nodes.retain(|(_, lost)| lost.iter().map(|(_, lost)| lost.titles.len()).sum::<usize>() > 1);
    nodes
}

impl Lost {
    fn is(&self, finding: &Finding) -> bool {
        finding.component.as_ref() == Some(&self.component) && self.titles.contains(&finding.title)
    }
}

/// `5 pods of 2 components are not ready because node-2 is NotReady`.
fn of_node(node: &str, lost: &[(&Assessment, &Lost)]) -> Said {
    let told = |(assessment, lost): &(&Assessment, &Lost)| -> Vec<Finding> {
        assessment.findings.iter().filter(|finding| lost.is(finding)).cloned().collect()
    };
    let findings: Vec<Finding> = lost.iter().flat_map(told).collect();
    let there: usize = lost.iter().map(|(_, lost)| lost.there.len()).sum();
    let pending: usize = lost.iter().map(|(_, lost)| lost.pending.len()).sum();
    let verb = match (there, pending) {
        (_, 0) => "not ready",
        (0, _) => "pending",
        (_, _) => "not ready or pending",
    };
    let count = there + pending;
    let pods = if count == 1 { "pod" } else { "pods" };
    let components = match lost {
        [(only, _)] => format!(" of {}", only.cell.id.name),
        several => format!(" of {} components", several.len()),
    };
    let is = if count == 1 { "is" } else { "are" };
    let node_name = crate::text::plain(node, 253);
    let listed = lost.iter().map(|(assessment, lost)| {
        let names: Vec<Arc<str>> = lost.there.iter().chain(&lost.pending).cloned().collect();
        format!("{}: {}", assessment.cell.id.name, names_of(&names))
    });
    let listed: Vec<String> = listed.collect();
    let said = lost.iter().map(|(_, lost)| &*lost.said).find(|said| !said.is_empty()).unwrap_or_default();
    let role = lost.iter().map(|(assessment, _)| assessment.cell.role).reduce(first).unwrap_or(Role::Worker);
    let since = lost.iter().map(|(_, lost)| lost.since).filter(|since| *since > 0).min().unwrap_or(0);
    let is_stale = findings.iter().all(|finding| finding.title.starts_with("Last seen: "));
    let prefix = if is_stale { "Last seen: " } else { "" };
    let finding = Finding {
        state: findings.iter().map(|finding| finding.state).max().unwrap_or(State::Unknown),
        kind: FindingKind::Failure,
        title: format!("{prefix}{count} {pods}{components} {is} {verb} because {node_name} is NotReady").into(),
        evidence: format!("{said} {}.", listed.join("; ")).trim_start().into(),
        lines: Vec::new(),
        advice: format!(
            "Look at the node: kubectl describe node {node_name}. Pods of a Deployment move about 5 minutes after a node fell \
             silent, where there is room; those of a StatefulSet wait for it."
        )
        .into(),
        component: match lost {
            [(only, _)] => Some(only.cell.id.clone()),
            _ => None,
        },
        since,
        look: Look::Component,
    };
    Said { finding, role }
}

/// At most a few of a kind say the same of several components: more of them are one, with the first one's words.
fn counted(all: Vec<Said>) -> Vec<Said> {
    let mut groups: Vec<(Said, Vec<ComponentId>)> = Vec::new();
    let patterns: Vec<Option<String>> = all.iter().map(|said| pattern(&said.finding)).collect();
    let mut alike: HashMap<&str, usize> = HashMap::new();
    for pattern in patterns.iter().flatten() {
        *alike.entry(pattern).or_default() += 1;
    }
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (said, pattern) in all.into_iter().zip(&patterns) {
        let many = pattern.as_deref().filter(|pattern| alike.get(pattern).is_some_and(|count| *count >= MANY));
        let place = many.and_then(|pattern| places.get(pattern));
        match (place.copied().and_then(|place| groups.get_mut(place)), many) {
            (Some((first_said, components)), _) => {
                components.extend(said.finding.component);
                first_said.finding.since = earlier(first_said.finding.since, said.finding.since);
                first_said.role = first(first_said.role, said.role);
            }
            (None, many) => {
                places.extend(many.map(|pattern| (pattern, groups.len())));
                let components = said.finding.component.clone().into_iter().collect();
                groups.push((said, components));
            }
        }
    }
    let one = |(mut said, components): (Said, Vec<ComponentId>)| {
        if let [_, others @ ..] = components.as_slice()
            && !others.is_empty()
        {
            let names: Vec<Arc<str>> = others.iter().map(|component| component.name.shared()).collect();
            let finding = &mut said.finding;
            finding.title = format!("{}; the same holds of {} more", finding.title, others.len()).into();
            finding.evidence = format!("{} The same holds of {}.", finding.evidence, names_of(&names)).into();
            finding.component = None;
        }
        said
    };
    groups.into_iter().map(one).collect()
}

/// What a finding says, whoever it says it of and however many; `None` for one that is about no component.
fn pattern(finding: &Finding) -> Option<String> {
    let component = finding.component.as_ref()?;
    let title = finding.title.replace(component.name.as_str(), "\u{0}");
    let mut pattern = format!("{:?} {:?} ", finding.state, finding.kind);
    let mut in_number = false;
    for c in title.chars() {
        if !(c.is_ascii_digit() && in_number) {
            pattern.push(if c.is_ascii_digit() { '#' } else { c });
        }
        in_number = c.is_ascii_digit();
    }
    Some(pattern)
}

fn names_of(names: &[Arc<str>]) -> String {
    let named: Vec<&str> = names.iter().take(MOST_NAMES).map(|name| &**name).collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests;
