//! The last result of each check, for whoever shows it.

use std::collections::{BTreeMap, HashMap};

use domain::check::{CheckKind, CheckResult};
use domain::name::EnvironmentId;
use domain::registry::Registry;
use domain::view::CheckView;
use parking_lot::RwLock;

/// What each check of each environment found last.
#[derive(Default)]
pub struct CheckBoard {
    latest: RwLock<HashMap<EnvironmentId, BTreeMap<CheckKind, CheckResult>>>,
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

    /// Forgets what is not registered any more.
    pub fn keep(&self, registry: &Registry) {
        self.latest.write().retain(|environment, _| registry.environment(environment).is_some());
    }
}
