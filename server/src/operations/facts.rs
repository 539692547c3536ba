//! What the guard is told: the registry, the person, our own record, and the cluster as it is now.

use std::sync::Arc;

use domain::access::{Place as Where, Right};
use domain::guard::facts::{Asker, Facts, Given, Known, Other, Place};
use domain::ledger::OperationId;
use domain::name::{ComponentId, EnvironmentId};
use domain::operation::Target;
use domain::registry::{Environment, System};
use jiff::tz::TimeZone;

use super::{Desk, LOOKED_AT_S, NoPlan};
use crate::clock;
use crate::cluster::{Gathered, Subject, gather};
use crate::people::Who;

/// `Fleet Management / Production`
pub(super) fn title(system: &System, environment: &Environment) -> Arc<str> {
    [&system.name, " / ", environment.title()].concat().into()
}

impl Desk {
    /// The target as it is, or as it was `planned` for, with all that is known of it.
    pub(super) async fn facts(
        &self,
        who: &Who,
        component: &ComponentId,
        id: OperationId,
        given: Given,
        planned: Option<(&str, i64)>,
    ) -> Result<(Target, Facts), NoPlan> {
        let grants = &who.user.grants;
        let registry = self.clusters.registry();
        let place = &component.environment;
        let found = registry.environment(place).filter(|_| grants.sees(place));
        let Some((system, environment)) = found else { return Err(NoPlan::Absent) };
        let declared =
            environment.components.iter().find(|known| known.kind == component.kind && known.name == component.name);
        let reader = self.reader(&environment.cluster).await.map_err(NoPlan::Unread)?;
        let subject = Subject {
            namespace: &environment.namespace,
            kind: component.kind,
            name: &component.name,
            backup: declared.and_then(|declared| declared.backup.as_ref()).map(|backup| &backup.cron_job),
        };
        let gathered = gather(&reader, subject).await;
        let Gathered { workload, pods, autoscaler, budgets, quotas, limits, nodes, revisions, backup } = gathered;
        let (uid, generation) = match (&workload, planned) {
            (Known::Unread(why), _) => return Err(NoPlan::Unread(why.clone())),
            (Known::Read { value: None, .. }, _) => return Err(NoPlan::Missing(component.clone())),
            (_, Some((uid, generation))) => (uid.into(), generation),
            (Known::Read { value: Some(workload), .. }, None) => (workload.uid.clone(), workload.generation),
        };
        let target = Target {
            component: component.clone(),
            cluster: environment.cluster.clone(),
            namespace: environment.namespace.clone(),
            uid,
            generation,
        };
        let others = self.others(&target, id).await;
        let facts = Facts {
            now: clock::now_ms() / 1000,
            asker: Asker {
                name: who.user.name.as_str().into(),
                role: grants.role_for(Right::Operate, Where::Environment(place)),
            },
            given,
            place: Place {
                id: place.clone(),
                title: title(system, environment),
                tier: environment.tier,
                // The registry is read only with zones that exist.
                zone: TimeZone::get(&environment.time_zone).unwrap_or(TimeZone::UTC),
                maintenance: environment.maintenance.clone(),
                freezes: environment.freezes.clone(),
                zero_downtime: environment.zero_downtime,
                policy: registry.policy.clone(),
            },
            declared: declared.cloned(),
            workload,
            pods,
            autoscaler,
            budgets,
            quotas,
            limits,
            nodes,
            revisions,
            backup,
            others,
        };
        Ok((target, facts))
    }

    /// What else is done or looked at in the environment, by the record that all replicas share, and by the plans that are open
    /// here.
    async fn others(&self, target: &Target, id: OperationId) -> Known<Vec<Other>> {
        let now = clock::now_ms() / 1000;
        let open = async { self.people.store().read().await?.open_operations().await };
        let open = match open.await {
            Ok(open) => open,
            Err(error) => {
                tracing::debug!("operations on their way cannot be read: {error}");
                return Known::Unread("our own record cannot be read".into());
            }
        };
        let here = |other: &EnvironmentId| *other == target.component.environment;
        let under_way = open
            .into_iter()
            .map(|held| held.record)
            .filter(|record| record.id != id && here(&record.target.component.environment));
        let mut others: Vec<Other> = under_way
            .map(|record| Other {
                who: record.by.name.as_str().into(),
                what: record.title().into(),
                since: record.begun,
                under_way: true,
                same_target: record.target.key() == target.key(),
            })
            .collect();
        let key = target.key();
        let looks = self.looks.lock();
        let open = looks
            .iter()
            .filter(|look| look.id != id && now - look.at < LOOKED_AT_S && here(&look.component.environment));
        others.extend(open.map(|look| Other {
            who: look.who.clone(),
            what: look.what.clone(),
            since: look.at,
            under_way: false,
            same_target: look.target == key,
        }));
        Known::Read { value: others, at: now }
    }
}
