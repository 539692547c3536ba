//! Resets at the times of schedules: once for each time, whichever replica is first, and not long after it.

use std::sync::Arc;

use domain::demo_data::guard::Asker;
use domain::demo_data::record::{Cache, Kind, Passwords, Record};
use domain::ledger::{OperationId, Outcome};
use domain::name::EnvironmentId;
use domain::operation::life::{Event, Life};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::facts::{Given, NoPlan};
use super::press::{PasswordWish, PressRefusal, day, entry, scheduler};
use super::{DemoData, Plan};
use crate::clock;
use crate::store::{Conflict, StoreError};

/// How long after its time a reset is still begun: a console that was away all night leaves the morning alone.
const LATE: SignedDuration = SignedDuration::from_mins(10);

/// The id of the reset of a time: every replica makes the same one, and it is begun once.
fn id_of(environment: &EnvironmentId, at: Timestamp) -> OperationId {
    let digest = Sha256::digest(format!("demo data\n{environment}\n{}", at.as_second()));
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest.iter()).for_each(|(byte, digest)| *byte = *digest);
    OperationId(u128::from_be_bytes(bytes))
}

impl DemoData {
    /// When an environment is reset by itself next, seconds since 1970; `None` where it is not.
    pub fn next_scheduled(&self, environment: &EnvironmentId) -> Option<i64> {
        let (place, declared) = self.declared(environment)?;
        let zone = TimeZone::get(&place.time_zone).ok()?;
        declared.schedule?.next(&zone, clock::now()).map(Timestamp::as_second)
    }

    /// Begins what is due.
    pub(super) async fn keep_schedules(self: &Arc<Self>) -> Result<(), StoreError> {
        let now = clock::now();
        let Ok(since) = now.checked_sub(LATE) else { return Ok(()) };
        for environment in self.environments() {
            let Some((place, declared)) = self.declared(&environment) else { continue };
            let (Some(schedule), Ok(zone)) = (&declared.schedule, TimeZone::get(&place.time_zone)) else { continue };
            let Some(due) = schedule.next(&zone, since).filter(|due| *due <= now) else { continue };
            let id = id_of(&environment, due);
            let is_known = self.people.store().read().await?.reset(id).await?.is_some();
            // One at a time: looking takes as long as the database does, and nothing else waits for it.
            if is_known || !self.scheduling.lock().insert(environment.clone()) {
                continue;
            }
            let this = self.clone();
            self.carriers.spawn(async move {
                if let Err(error) = this.begin_scheduled(&environment, id).await {
                    tracing::debug!(
                        "whether the demo data of {environment} are reset now was not written down: {error}"
                    );
                }
                this.scheduling.lock().remove(&environment);
            });
        }
        Ok(())
    }

    async fn begin_scheduled(self: &Arc<Self>, environment: &EnvironmentId, id: OperationId) -> Result<(), StoreError> {
        let plan = self.plan_for(Asker::Schedule, environment, Kind::Reset, id, Given::default()).await;
        let plan = match plan {
            Ok(plan) => plan,
            Err(NoPlan::Absent) => return Ok(()),
            Err(NoPlan::Store(error)) => return Err(error),
        };
        if let Some(refusal) = plan.verdict.refusals.first() {
            let why = refusal.to_string();
            return self.skip(plan, &why).await;
        }
        let wish = if plan.facts.makes_passwords { PasswordWish::Keep } else { PasswordWish::None };
        match self.begin(None, plan, wish).await {
            Ok(_) | Err(PressRefusal::Taken(_)) => Ok(()),
            Err(PressRefusal::Store(error)) => Err(error),
            Err(refusal) => {
                tracing::warn!("the demo data of {environment} were not reset at their time: {refusal}");
                Ok(())
            }
        }
    }

    /// Writes down that a time was let pass, and why: in the record and among the resets.
    async fn skip(&self, plan: Plan, why: &str) -> Result<(), StoreError> {
        let now = clock::now();
        let by = scheduler();
        let mut life = Life::planned(String::new(), plan.hash, false, now.as_microsecond());
        // From `Planned` it follows.
        if let Ok(withdrawn) = life.after(&Event::Withdraw) {
            life = withdrawn;
        }
        let zone = self.declared(&plan.facts.environment).map(|(environment, _)| environment.time_zone);
        let record = Record {
            id: plan.id,
            kind: plan.facts.kind,
            environment: plan.facts.environment.clone(),
            place: plan.place.clone(),
            tier: plan.facts.tier,
            by,
            is_scheduled: true,
            why: "".into(),
            planned: plan.rows(),
            version: plan.facts.seed.as_ref().map_or(0, |seed| seed.version),
            database: plan.facts.sight.as_ref().map(|sight| sight.database.clone()).unwrap_or_default(),
            server: plan.facts.sight.as_ref().map(|sight| sight.system_identifier.clone()).unwrap_or_default(),
            plan: plan.verdict.lines,
            day: day(now, zone.as_deref().unwrap_or("UTC")),
            life,
            begun: now.as_second(),
            ended: Some(now.as_second()),
            steps: Vec::new(),
            waiting: "".into(),
            before: std::collections::BTreeMap::new(),
            after: std::collections::BTreeMap::new(),
            passwords: Passwords::None,
            cache: Cache::None,
            health: "".into(),
            verdict: format!("Skipped at its time: {why}.").into(),
        };
        let us = now.as_microsecond();
        let mut write = self.people.store().write().await?;
        match write.begin_reset(&record, us, us).await {
            Ok(()) => {}
            // Another replica was first.
            Err(StoreError::Conflict(Conflict::Operation)) => return write.rollback().await,
            Err(error) => return Err(error),
        }
        write.append(&entry(&record, Outcome::Refused, us)).await?;
        write.commit().await?;
        tracing::info!("{}: {}", record.title(), record.verdict);
        self.rows.poke();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_replica_makes_the_same_id_of_a_time_and_another_of_every_other() {
        let (here, there) = ("shop/staging".parse().unwrap(), "shop/development".parse().unwrap());
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (first, second) = (at("2026-11-23T03:30:00Z"), at("2026-11-24T03:30:00Z"));
        assert_eq!(id_of(&here, first), id_of(&here, first));
        assert_ne!(id_of(&here, first), id_of(&here, second));
        assert_ne!(id_of(&here, first), id_of(&there, first));
    }
}
