//! What is wrong with what stands around the workloads of an environment.

#[cfg(test)]
pub(super) mod tests;

use std::sync::Arc;

use super::{backup, certificate, claim, flux, postgres_cluster, quota, rpo, secret};
use crate::facts::Condition;
use crate::facts::around::{Around, AroundKind};
use crate::freshness::Freshness;
use crate::name::{ComponentId, EnvironmentId};
use crate::registry::{self, Component};
use crate::view::{Finding, FindingKind, Look, State};

/// The most names that one sentence lists.
const MOST_NAMES: usize = 8;

/// What the rules are asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// Which environment.
    pub id: &'a EnvironmentId,
    /// What was declared of it.
    pub environment: &'a registry::Environment,
    /// What stands around its workloads.
    pub around: &'a Around,
    /// Seconds since 1970.
    pub now: i64,
}

/// Everything that is wrong around the workloads of an environment, without an order. What cannot be read says nothing; what was
/// last seen of a cluster that does not answer is marked as such. `now` is seconds since 1970.
pub fn around(
    id: &EnvironmentId,
    environment: &registry::Environment,
    around: &Around,
    freshness: Freshness,
    now: i64,
) -> Vec<Finding> {
    let place = Surroundings { id, environment, around, now };
    let mut findings = Vec::new();
    match freshness {
        Freshness::Never => return findings,
        Freshness::Live(_) | Freshness::Stale(_) => {}
    }
    findings.extend(quota::findings(place));
    findings.extend(claim::findings(place));
    findings.extend(backup::findings(place));
    findings.extend(certificate::findings(place));
    findings.extend(secret::finding(place));
    findings.extend(flux::findings(place));
    findings.extend(postgres_cluster::findings(place));
    findings.extend(rpo::findings(place));
    if !freshness.is_live() {
        for finding in &mut findings {
            finding.state = State::Unknown;
            finding.title = format!("Last seen: {}", finding.title).into();
        }
    }
    findings
}

/// The components of whose backup it cannot be said now whether it is well, by name; empty: one that is no component's.
pub fn hidden_backups(id: &EnvironmentId, environment: &registry::Environment, around: &Around) -> Vec<Arc<str>> {
    backup::hidden(Surroundings { id, environment, around, now: 0 })
}

impl<'a> Surroundings<'a> {
    /// Whether a kind is read, so that what is absent is not there.
    pub fn sees(self, kind: AroundKind) -> bool {
        !self.around.unseen.contains_key(&kind)
    }

    /// The declared component with a name, if there is one.
    pub fn component(self, name: &str) -> Option<&'a Component> {
        self.environment.components.iter().find(|component| component.name.as_str() == name)
    }

    /// Which component that is.
    pub fn id_of(self, component: &Component) -> ComponentId {
        component.id(self.id)
    }

    /// How long ago something was, in words: `3 d`.
    pub fn age(self, then: i64) -> String {
        crate::age::Age::between(then, self.now).to_string()
    }
}

/// A finding about the environment.
pub(super) fn finding(state: State, kind: FindingKind, title: String, evidence: String, advice: &str) -> Finding {
    Finding {
        state,
        kind,
        title: title.into(),
        evidence: evidence.into(),
        advice: advice.into(),
        component: None,
        since: 0,
        look: Look::Component,
        lines: Vec::new(),
    }
}

/// A condition of a type, while it has this status.
pub(super) fn condition<'a>(conditions: &'a [Condition], kind: &str, status: bool) -> Option<&'a Condition> {
    conditions.iter().find(|condition| &*condition.kind == kind && condition.status == Some(status))
}

/// What a condition says: `UpgradeFailed: context deadline exceeded.`
pub(super) fn said(reason: &Arc<str>, message: &Arc<str>) -> String {
    let text = match (&**reason, &**message) {
        ("", message) => message.to_owned(),
        (reason, "") => reason.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    };
    if text.is_empty() { text } else { format!("{}.", text.trim_end_matches('.')) }
}

/// `a, b and 3 more`.
pub(super) fn listed(names: &[String]) -> String {
    match names.len().checked_sub(MOST_NAMES) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..MOST_NAMES].join(", ")),
    }
}

/// Sentences as one text, without those that say nothing.
pub(super) fn sentences(parts: impl IntoIterator<Item = String>) -> String {
    let said: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    said.join(" ")
}
