//! What stands around the workloads of an environment, as it is taken in.

use std::sync::Arc;

use domain::facts::around::AroundKind;

use super::ObservedAround;
use super::environment::Environment;

impl Environment {
    /// Something is there, new or changed.
    pub fn put_around(&mut self, name: Arc<str>, observed: ObservedAround) {
        let around = &mut self.around;
        match observed {
            ObservedAround::Quota(facts) => drop(around.quotas.insert(name, facts)),
            ObservedAround::LimitRange(facts) => drop(around.limit_ranges.insert(name, facts)),
            ObservedAround::Budget(facts) => drop(around.budgets.insert(name, facts)),
            ObservedAround::Claim(facts) => drop(around.claims.insert(name, facts)),
            ObservedAround::CronJob(facts) => drop(around.cron_jobs.insert(name, facts)),
            ObservedAround::Job(facts) => drop(around.jobs.insert(name, facts)),
            ObservedAround::Secret(facts) => drop(around.secrets.insert(name, facts)),
            ObservedAround::Certificate(facts) => drop(around.certificates.insert(name, facts)),
            ObservedAround::Flux(kind, facts) => drop(around.flux.insert((kind, name), facts)),
            ObservedAround::PostgresCluster(facts) => drop(around.postgres_clusters.insert(name, facts)),
        }
        // What is expected of a component may be about it.
        self.mark_all();
    }

    /// Something is gone, or cannot be read any more.
    pub(super) fn remove_around(&mut self, kind: AroundKind, name: &Arc<str>) {
        let around = &mut self.around;
        match kind {
            AroundKind::Quota => drop(around.quotas.remove(name)),
            AroundKind::LimitRange => drop(around.limit_ranges.remove(name)),
            AroundKind::Budget => drop(around.budgets.remove(name)),
            AroundKind::Claim => drop(around.claims.remove(name)),
            AroundKind::CronJob => drop(around.cron_jobs.remove(name)),
            AroundKind::Job => drop(around.jobs.remove(name)),
            AroundKind::Secret => drop(around.secrets.remove(name)),
            AroundKind::Certificate => drop(around.certificates.remove(name)),
            AroundKind::Flux(kind) => drop(around.flux.remove(&(kind, name.clone()))),
            AroundKind::PostgresCluster => drop(around.postgres_clusters.remove(name)),
        }
        self.mark_all();
    }

    /// Names of all that is held of a kind.
    pub(super) fn names_around(&self, kind: AroundKind) -> Vec<Arc<str>> {
        let around = &self.around;
        match kind {
            AroundKind::Quota => around.quotas.keys().cloned().collect(),
            AroundKind::LimitRange => around.limit_ranges.keys().cloned().collect(),
            AroundKind::Budget => around.budgets.keys().cloned().collect(),
            AroundKind::Claim => around.claims.keys().cloned().collect(),
            AroundKind::CronJob => around.cron_jobs.keys().cloned().collect(),
            AroundKind::Job => around.jobs.keys().cloned().collect(),
            AroundKind::Secret => around.secrets.keys().cloned().collect(),
            AroundKind::Certificate => around.certificates.keys().cloned().collect(),
            AroundKind::Flux(kind) => {
                let of_kind = around.flux.keys().filter(|(of, _)| *of == kind);
                of_kind.map(|(_, name)| name.clone()).collect()
            }
            AroundKind::PostgresCluster => around.postgres_clusters.keys().cloned().collect(),
        }
    }
}
