//! What stands around the workloads of an environment, as it is taken in.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::facts::around::AroundKind;
use domain::finding::quota::{REFUSED_REACH, refused_by};
use domain::name::WorkloadKind;

use super::environment::Environment;
use super::{Kind, ObservedAround};

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

    /// The quotas for which something was refused that is still not there, with what was said of it last. `now` is seconds since
    /// 1970; of kinds that may not be read any more nothing is known.
    pub(super) fn refused(&self, now: i64, may_read: impl Fn(Kind) -> bool) -> BTreeMap<Arc<str>, Arc<str>> {
        let mut refused: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        if self.around.quotas.is_empty() {
            return refused;
        }
        let workloads = self.workloads.iter().filter(|((kind, _), _)| may_read(Kind::Workload(*kind)));
        let conditions = workloads.flat_map(|(_, workload)| &workload.facts.conditions);
        let failing = conditions.filter(|known| &*known.kind == "ReplicaFailure" && known.status == Some(true));
        let since = now.saturating_sub(REFUSED_REACH);
        let events = self.events.newest_first().take_while(|event| event.row.last >= since);
        let events = events.filter(|event| may_read(Kind::Event) && event.row.warning);
        let told = events.map(|event| (&event.row.message, Some(&event.row.about)));
        for (message, about) in failing.map(|known| (&known.message, None)).chain(told) {
            if let Some(quota) = refused_by(message)
                && about.is_none_or(|about| self.is_lacking(about))
            {
                refused.entry(quota.into()).or_insert_with(|| message.clone());
            }
        }
        refused
    }

    /// Whether what an event is about still lacks pods. Of a Deployment its condition tells, and of what else is made by hand nobody
    /// knows whether it is still wanted.
    fn is_lacking(&self, about: &str) -> bool {
        let Some((kind, name)) = about.split_once(' ') else { return false };
        let workload = |kind| self.workloads.get(&(kind, name.into())).map(|workload| &workload.facts);
        let kind = match kind {
            "StatefulSet" => WorkloadKind::StatefulSet,
            "DaemonSet" => WorkloadKind::DaemonSet,
            "Job" => return self.around.jobs.get(name).is_some_and(|job| !job.complete && job.failed.is_none()),
            _ => return false,
        };
        workload(kind).is_some_and(|facts| facts.existing < facts.wanted)
    }
}
