//! The last result of each check and the last figures, for whoever shows them.

use std::collections::{BTreeMap, HashMap};

use domain::check::{CheckKind, CheckResult};
use domain::measured::Measured;
use domain::name::EnvironmentId;
use domain::registry::Registry;
use domain::view::CheckView;
use parking_lot::RwLock;

/// Milliseconds for which figures are current: three rounds.
const CURRENT_MS: i64 = 90_000;

/// What each check of each environment found last.
#[derive(Default)]
pub struct CheckBoard {
    latest: RwLock<HashMap<EnvironmentId, BTreeMap<CheckKind, CheckResult>>>,
    /// What a Prometheus had, and when, milliseconds since 1970.
    figures: RwLock<HashMap<EnvironmentId, (Measured, i64)>>,
}

impl CheckBoard {
    /// Takes results in.
    pub fn put(&self, environment: &EnvironmentId, results: &[CheckResult]) {
        let mut latest = self.latest.write();
        let latest = latest.entry(environment.clone()).or_default();
        latest.extend(results.iter().map(|result| (result.kind, result.clone())));
    }

    /// What was found last, in the order of the checks. Empty until they have run.
    pub fn latest(&self, environment: &EnvironmentId) -> Vec<CheckResult> {
        self.latest.read().get(environment).map_or_else(Vec::new, |latest| latest.values().cloned().collect())
    }

    /// The same as it stands on the page of the environment at `now`, microseconds since 1970.
    pub fn views(&self, environment: &EnvironmentId, now: i64) -> Vec<CheckView> {
        let latest = self.latest.read();
        let results = latest.get(environment).into_iter().flat_map(BTreeMap::values);
        let seen = results.map(|result| result.clone().seen_at(now));
        seen.map(|CheckResult { kind, outcome, sentence, .. }| CheckView { kind, outcome, sentence }).collect()
    }

    /// Takes figures in, of a time in milliseconds since 1970.
    pub fn put_figures(&self, environment: &EnvironmentId, measured: Measured, at: i64) {
        self.figures.write().insert(environment.clone(), (measured, at));
    }

    /// The figures of an environment: none that are not current. `now` is milliseconds since 1970.
    pub fn figures(&self, environment: &EnvironmentId, now: i64) -> Measured {
        let figures = self.figures.read();
        let current = figures.get(environment).filter(|(_, at)| now.saturating_sub(*at) <= CURRENT_MS);
        current.map(|(measured, _)| measured.clone()).unwrap_or_default()
    }

    /// Forgets what is not registered any more.
    pub fn keep(&self, registry: &Registry) {
        self.latest.write().retain(|environment, _| registry.environment(environment).is_some());
        let is_asked = |environment: &EnvironmentId| {
            registry.environment(environment).is_some_and(|(_, declared)| declared.checks.figures.is_some())
        };
        self.figures.write().retain(|environment, _| is_asked(environment));
    }
}
