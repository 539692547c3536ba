//! What checks find, as findings about the environment.

use std::sync::Arc;

use super::postgres_cluster;
use crate::check::{CheckKind, CheckResult, Outcome};
use crate::name::ObjectName;
use crate::registry::{self, Role};
use crate::view::{Cell, Finding, FindingKind, Look, State};

/// For how many pauses a result holds: who was to be asked again long ago and was not is not known.
const HOLDS_FOR: i64 = 3;
/// Microseconds of a second.
const SECOND_US: i64 = 1_000_000;

/// The last result of a check, and what is remembered of those before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What was found last.
    pub result: CheckResult,
    /// Since when it is found so, seconds since 1970; 0 where it was so from the first look on.
    pub since: i64,
    /// Whether the pods explained it at any time since it was asked. Then it is over with their fault: it tells of a time in which
    /// they did not serve, and is asked again by itself.
    by_pods: bool,
}

impl Standing {
    /// What holds after another result. One that is not known ends nothing.
    pub fn after(before: Option<&Self>, result: CheckResult) -> Self {
        let since = match before {
            None => 0,
            Some(before) if before.result.outcome == result.outcome => before.since,
            Some(before) => match (before.result.outcome, result.outcome) {
                (Outcome::Unknown, Outcome::Failed | Outcome::Warning) | (_, Outcome::Unknown) => before.since,
                (_, Outcome::Ok | Outcome::Warning | Outcome::Failed | Outcome::NotConfigured) => {
                    result.at.div_euclid(SECOND_US)
                }
            },
        };
        Self { result, since, by_pods: false }
    }

    /// Looks whether the pods explain it: `cells` are the components as they are now.
    pub fn look(&mut self, declared: &registry::Environment, cells: &[&Cell]) {
        self.by_pods |= explained_by(&self.result, declared, cells).is_some();
    }

    /// Whether it still holds. `now`: seconds since 1970.
    fn holds(&self, now: i64) -> bool {
        let age = now.saturating_mul(SECOND_US).saturating_sub(self.result.at);
        age <= i64::from(self.result.pause_s).saturating_mul(HOLDS_FOR * SECOND_US)
    }
}

/// What the checks of an environment find that its pods do not explain. `cells` are its components, `now` is seconds since 1970.
///
/// That the cluster cannot be reached, and that pods are not ready, is said already by the rest. What is not known, and what nobody
/// configured, is no finding; nor is anything where all is switched off.
pub fn checks<'a>(
    standing: impl IntoIterator<Item = &'a Standing>,
    declared: &registry::Environment,
    cells: &[&Cell],
    now: i64,
) -> Vec<Finding> {
    let is_off = !cells.is_empty() && cells.iter().all(|cell| cell.status.state == State::Off);
    let holding = standing.into_iter().filter(|standing| !is_off && standing.holds(now));
    let own = holding.filter(|one| !one.by_pods && explained_by(&one.result, declared, cells).is_none());
    own.filter_map(finding).collect()
}

/// Puts what the checks of an environment find beside everything else that was found there. What another finding says already is
/// not said twice: the check's sentence becomes part of its evidence.
pub fn add_checks<'a>(
    findings: &mut Vec<Finding>,
    standing: impl IntoIterator<Item = &'a Standing> + Clone,
    declared: &registry::Environment,
    cells: &[&Cell],
    now: i64,
) {
    for one in standing.clone().into_iter().filter(|one| one.holds(now) && finding(one).is_some()) {
        let Some(cell) = explained_by(&one.result, declared, cells) else { continue };
        let is_its =
            |known: &&mut Finding| known.kind == FindingKind::Failure && known.component.as_ref() == Some(&cell.id);
        if let Some(known) = findings.iter_mut().find(is_its) {
            known.evidence = beside(&known.evidence, &one.result.sentence).into();
        }
    }
    for own in checks(standing, declared, cells, now) {
        match findings.iter_mut().find(|known| says_of_cluster(known, &own)) {
            Some(_) if own.kind == FindingKind::CheckWarning => {}
            Some(known) => known.evidence = format!("{} {}", known.evidence, own.evidence).into(),
            None => findings.push(own),
        }
    }
}

/// A sentence more, before the one that announces the last lines of a log.
fn beside(evidence: &str, sentence: &str) -> String {
    match evidence.rfind(". ").filter(|_| evidence.ends_with(':')) {
        Some(place) => {
            let (before, announces) = evidence.split_at(place + 2);
            format!("{before}{sentence} {announces}")
        }
        None if evidence.ends_with(':') => format!("{sentence} {evidence}"),
        None => format!("{evidence} {sentence}"),
    }
}

/// Whether a finding about a cluster of CloudNativePG is as bad, and of the cluster that the check names.
fn says_of_cluster(known: &Finding, own: &Finding) -> bool {
    let is_named = |name: &str| own.evidence.contains(&*format!("cluster {name} "));
    let name = postgres_cluster::name_in(&known.title).filter(|_| known.kind == FindingKind::Failure);
    known.state >= own.state && name.is_some_and(is_named)
}

/// What there is to say of a result; `None` where that is nothing.
fn finding(standing: &Standing) -> Option<Finding> {
    let result = &standing.result;
    let (failed, warning) = words(result.kind)?;
    let (state, kind, (title, advice)) = match result.outcome {
        Outcome::Failed => (failed_state(result.kind), failed_kind(result.kind), failed),
        Outcome::Warning => (State::Degraded, FindingKind::CheckWarning, warning),
        Outcome::Ok | Outcome::Unknown | Outcome::NotConfigured => return None,
    };
    Some(Finding {
        state,
        kind,
        title: title.into(),
        evidence: Arc::clone(&result.sentence),
        lines: Vec::new(),
        advice: advice.into(),
        component: None,
        since: standing.since,
        look: Look::Checks,
    })
}

/// How bad it is when a check fails: without the API and the database nobody works, without the others some of it does not.
fn failed_state(kind: CheckKind) -> State {
    match kind {
        CheckKind::Health | CheckKind::Postgres => State::Failed,
        CheckKind::Redis | CheckKind::Services | CheckKind::Telemetry | CheckKind::Cluster | CheckKind::Pods => {
            State::Degraded
        }
    }
}

/// Where telemetry does not arrive users work on, and nobody sees how.
fn failed_kind(kind: CheckKind) -> FindingKind {
    match kind {
        CheckKind::Telemetry => FindingKind::CheckWarning,
        CheckKind::Health
        | CheckKind::Postgres
        | CheckKind::Redis
        | CheckKind::Services
        | CheckKind::Cluster
        | CheckKind::Pods => FindingKind::Check,
    }
}

/// Title and advice.
type Words = (&'static str, &'static str);

/// Title and advice of what fails, and of what warns; `None` of what is said already by the rest.
fn words(kind: CheckKind) -> Option<(Words, Words)> {
    Some(match kind {
        CheckKind::Cluster | CheckKind::Pods => return None,
        CheckKind::Services => (
            (
                "Services lead nowhere",
                "Compare the selector of the Service with the labels of the pods, and look at its endpoints: kubectl get \
                 endpointslices.",
            ),
            ("Services are not quite as they should be", "Look at the endpoints: kubectl get endpointslices."),
        ),
        CheckKind::Health => (
            (
                "The API is not healthy",
                "Ask its address by hand and read its log. Where another environment answers, look at the route and at \
                 checks.health in the registry.",
            ),
            (
                "The API is not quite as it should be",
                "Compare what answers with what was rolled out: another route or an old instance may answer.",
            ),
        ),
        CheckKind::Postgres => (
            (
                "PostgreSQL does not answer as it should",
                "Look whether it runs and takes connections, then at its disk and at the account of the check.",
            ),
            ("PostgreSQL is not quite as it should be", "Look at its clock and at its replicas."),
        ),
        CheckKind::Redis => (
            (
                "Redis does not answer as it should",
                "Look whether it runs and takes connections, then at its memory and at the account of the check.",
            ),
            ("Redis is not quite as it should be", "Look at its log."),
        ),
        CheckKind::Telemetry => (
            (
                "Telemetry does not arrive",
                "Look at what collects and sends it: what happens meanwhile cannot be looked up afterwards.",
            ),
            ("Telemetry is not quite as it should be", "Look at what collects and sends it."),
        ),
    })
}

/// The component whose pods explain what a check found: what it asks runs there, and serves nobody.
fn explained_by<'a>(result: &CheckResult, declared: &registry::Environment, cells: &[&'a Cell]) -> Option<&'a Cell> {
    let mut silent = cells.iter().copied().filter(|cell| serves_nobody(cell));
    let of_role = |role: Role| move |cell: &&Cell| cell.role == role;
    match result.kind {
        CheckKind::Health => {
            let asked = asked_of(declared)?;
            silent.find(|cell| cell.id.name == *asked)
        }
        CheckKind::Postgres => silent.find(of_role(Role::Database)),
        CheckKind::Redis => silent.find(of_role(Role::Cache)),
        // Which pods a Service selects is not read. What is switched off on purpose explains only what bears its name.
        CheckKind::Services => {
            let is_named = |cell: &Cell| result.sentence.contains(cell.id.name.as_str());
            let silent: Vec<&Cell> = silent.collect();
            let named = silent.iter().copied().find(|cell| is_named(cell));
            named.or_else(|| silent.into_iter().find(|cell| cell.status.state != State::Off))
        }
        CheckKind::Telemetry | CheckKind::Cluster | CheckKind::Pods => None,
    }
}

/// The component that answers for the API.
fn asked_of(declared: &registry::Environment) -> Option<&ObjectName> {
    let named = declared.checks.health.as_ref().and_then(|check| check.component.as_ref());
    let of_role = |role: Role| declared.components.iter().find(|component| component.role == role);
    let usual = of_role(Role::Api).or_else(|| of_role(Role::App)).map(|component| &component.name);
    named.or(usual)
}

fn serves_nobody(cell: &Cell) -> bool {
    match cell.status.state {
        State::Failed => true,
        State::Off | State::Progressing | State::Degraded => cell.ready == 0,
        State::Ready | State::Unknown => false,
    }
}

#[cfg(test)]
mod tests;
