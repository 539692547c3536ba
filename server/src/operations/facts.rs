//! What the guard is told: the registry, the person, our own record, and the cluster as it is now.

use domain::access::{Grants, Place as Where, Right};
use domain::frame::{Page, Topic};
use domain::guard::facts::{Asker, Facts, Given, Known, Other, Place};
use domain::ledger::OperationId;
use domain::name::ComponentId;
use domain::operation::Target;
use domain::operation::record::Record;
use domain::registry::Registry;
use jiff::tz::TimeZone;
use kube::Client;

use super::{Desk, LOOKED_AT_S, NoPlan};
use crate::clock;
use crate::cluster::{Gathered, Subject, gather};
use crate::people::Who;
use crate::store::{Held, Store};

/// The target as it is, or as it was `planned` for, with all that registry and cluster say of it. What is done by others is not
/// read here.
pub async fn facts_of(
    registry: &Registry,
    reader: &Client,
    component: &ComponentId,
    asker: Asker,
    given: Given,
    planned: Option<(&str, i64)>,
) -> Result<(Target, Facts), NoPlan> {
    let place = &component.environment;
    let Some((system, environment)) = registry.environment(place) else { return Err(NoPlan::Absent) };
    let declared =
        environment.components.iter().find(|known| known.kind == component.kind && known.name == component.name);
    let subject = Subject {
        namespace: &environment.namespace,
        kind: component.kind,
        name: &component.name,
        backup: declared.and_then(|declared| declared.backup.as_ref()).map(|backup| &backup.cron_job),
    };
    let gathered = gather(reader, subject).await;
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
    let facts = Facts {
        now: clock::now_ms() / 1000,
        asker,
        given,
        place: Place {
            id: place.clone(),
            title: [&system.name, " / ", environment.title()].concat().into(),
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
        others: Known::Unread("our own record was not read".into()),
    };
    Ok((target, facts))
}

/// What is on its way in an environment, by the record that all replicas share, but for some operations.
pub async fn under_way(store: &Store, target: &Target, but: &[OperationId]) -> Known<Vec<Other>> {
    let open = async { store.read().await?.open_operations().await };
    let open: Vec<Held> = match open.await {
        Ok(open) => open,
        Err(error) => {
            tracing::debug!("operations on their way cannot be read: {error}");
            return Known::Unread("our own record cannot be read".into());
        }
    };
    let here = |record: &Record| record.target.component.environment == target.component.environment;
    let others = open.into_iter().map(|held| held.record).filter(|record| !but.contains(&record.id) && here(record));
    let others = others.map(|record| Other {
        who: record.by.name.as_str().into(),
        what: record.title().into(),
        since: record.begun,
        under_way: true,
        same_target: record.target.key() == target.key(),
    });
    Known::Read { value: others.collect(), at: clock::now_ms() / 1000 }
}

impl Desk {
    /// The facts for somebody who asks here.
    pub(super) async fn facts(
        &self,
        who: &Who,
        component: &ComponentId,
        id: OperationId,
        given: Given,
        planned: Option<(&str, i64)>,
    ) -> Result<(Target, Facts), NoPlan> {
        let grants = &who.user.grants;
        let place = &component.environment;
        if !grants.sees(place) {
            return Err(NoPlan::Absent);
        }
        let registry = self.clusters.registry();
        let Some((_, environment)) = registry.environment(place) else { return Err(NoPlan::Absent) };
        let reader = self.reader(&environment.cluster).await.map_err(NoPlan::Unread)?;
        let asker = Asker {
            name: who.user.name.as_str().into(),
            role: grants.role_for(Right::Operate, Where::Environment(place)),
        };
        let (target, mut facts) = facts_of(&registry, &reader, component, asker, given, planned).await?;
        self.add_seen_digests(component, &mut facts);
        facts.others = under_way(self.people.store(), &target, &[id]).await;
        if let Known::Read { value, .. } = &mut facts.others {
            value.extend(self.looks(&target, id));
        }
        Ok((target, facts))
    }

    /// Digests of revisions that run no pod any more, where one was seen to run here. Whoever asks has been allowed to see the
    /// component.
    pub(super) fn add_seen_digests(&self, component: &ComponentId, facts: &mut Facts) {
        let Known::Read { value: revisions, .. } = &mut facts.revisions else { return };
        let page = self.rows.seen_by(&Grants::everything()).page(&Topic::Component(component.clone()));
        let Page::Component(page) = page else { return };
        for revision in revisions {
            let seen = page.revisions.iter().find(|seen| *seen.name == *revision.name.as_str());
            // The rows look at the first container. Of a tag that moved while the revision ran no one digest can be named.
            let (Some(seen), Some((first, _))) = (seen, revision.images.first()) else { continue };
            if revision.digests.is_empty() && revision.images.len() == 1 && seen.digests == 1 && !seen.digest.is_empty()
            {
                revision.digests.push((first.clone(), seen.digest.clone()));
            }
        }
    }

    /// Who else has a plan open for the environment here.
    fn looks(&self, target: &Target, id: OperationId) -> Vec<Other> {
        let (now, key) = (clock::now_ms() / 1000, target.key());
        let looks = self.looks.lock();
        let open = looks.iter().filter(|look| {
            let here = look.component.environment == target.component.environment;
            look.id != id && here && now - look.at < LOOKED_AT_S
        });
        open.map(|look| Other {
            who: look.who.clone(),
            what: look.what.clone(),
            since: look.at,
            under_way: false,
            same_target: look.target == key,
        })
        .collect()
    }
}
