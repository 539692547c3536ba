//! Reserving demo data: who may, for how long, and that whoever holds a reservation is told when somebody resets all the same.

use std::collections::HashMap;
use std::sync::Arc;

use domain::access::{Place, Right};
use domain::demo_data::reservation::{Overridden, Reservation};
use domain::ledger::{Entry, Kind, Outcome};
use domain::name::EnvironmentId;
use domain::text::plain;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::DemoData;
pub use crate::alerts::Until;
use crate::clock;
use crate::people::Who;
use crate::store::StoreError;

/// The most characters of a reason.
const LONGEST_REASON: usize = 200;
/// The longest reservation, in microseconds: 7 days.
const LONGEST_US: i64 = 7 * 86_400 * 1_000_000;

/// Why nothing was reserved or released.
#[derive(Debug, thiserror::Error)]
pub enum ReserveRefusal {
    /// None that one may see.
    #[error("there are no demo data of that name")]
    Absent,
    /// Looking is not enough.
    #[error("reserving demo data here needs the role tester, operator or lead")]
    Right,
    /// Somebody has it.
    #[error("{0} has reserved it already: ask them")]
    Held(String),
    /// It is somebody else's.
    #[error("the reservation is {0}'s, and only they can release it")]
    NotYours(String),
    /// Others would not know what for.
    #[error("write what for: others will wonder whether they may reset")]
    NoReason,
    /// The time cannot be worked out.
    #[error("until when is not clear: choose one of the times, or write one that is ahead and at most 7 days away")]
    NoTime,
    /// It cannot be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DemoData {
    /// Reserves the demo data of an environment, or changes one's own reservation.
    pub async fn reserve(
        &self,
        who: &Who,
        environment: &EnvironmentId,
        until: Option<Until>,
        reason: &str,
    ) -> Result<(), ReserveRefusal> {
        let zone = self.allowed(who, environment)?;
        let now = clock::now_us();
        let reason = plain(reason.trim(), LONGEST_REASON).into_owned();
        if !reason.chars().any(char::is_alphanumeric) {
            return Err(ReserveRefusal::NoReason);
        }
        let until_at = until.and_then(|until| until.at(now, &zone)).filter(|until| *until - now <= LONGEST_US);
        let until_at = until_at.ok_or(ReserveRefusal::NoTime)?;
        let wanted = Reservation {
            environment: environment.clone(),
            by_id: who.user.id.to_string(),
            by: who.user.name.to_string(),
            reason: reason.clone(),
            begun_at: now,
            until_at,
            overridden: None,
        };
        let mut write = self.people.store().write().await?;
        let place = Place::Environment(environment);
        let role = self.people.role_now(&mut write, who.user.id, &who.groups, Right::ResetDemoData, place).await?;
        let Some(role) = role else {
            write.rollback().await?;
            return Err(ReserveRefusal::Right);
        };
        if !write.reserve(&wanted, now).await? {
            let holder = write.reservation(environment).await?.map(|held| held.by).unwrap_or_default();
            write.rollback().await?;
            return Err(ReserveRefusal::Held(holder));
        }
        let what =
            format!("Reserved the demo data of {} until {}.", self.place(environment), clock_time(until_at, &zone));
        let entry = Entry { why: reason, ..entry(environment, who.actor(Some(role)), what, now) };
        write.append(&entry).await?;
        write.commit().await?;
        self.rows.poke();
        Ok(())
    }

    /// Releases one's own reservation.
    pub async fn release(&self, who: &Who, environment: &EnvironmentId) -> Result<(), ReserveRefusal> {
        self.allowed(who, environment)?;
        let now = clock::now_us();
        let mut write = self.people.store().write().await?;
        let held = write.reservation(environment).await?.filter(|held| held.holds(now));
        let Some(held) = held else {
            // It is over by now, which is what was wanted.
            write.rollback().await?;
            return Ok(());
        };
        if !held.is_of(&who.user.id.to_string()) {
            write.rollback().await?;
            return Err(ReserveRefusal::NotYours(held.by));
        }
        write.keep_reservation(&Reservation { until_at: now, ..held }).await?;
        let what = format!("Released the demo data of {}.", self.place(environment));
        let role = who.user.grants.role_for(Right::ResetDemoData, Place::Environment(environment));
        write.append(&entry(environment, who.actor(role), what, now)).await?;
        write.commit().await?;
        self.rows.poke();
        Ok(())
    }

    /// The zone of an environment in which somebody may reserve.
    fn allowed(&self, who: &Who, environment: &EnvironmentId) -> Result<TimeZone, ReserveRefusal> {
        let declared = self.declared(environment).filter(|_| who.user.grants.sees(environment));
        let (declared, _) = declared.ok_or(ReserveRefusal::Absent)?;
        if !self.may_reset(who, environment) {
            return Err(ReserveRefusal::Right);
        }
        Ok(TimeZone::get(&declared.time_zone).unwrap_or(TimeZone::UTC))
    }

    /// What somebody is told on every page: empty where there is nothing.
    pub fn told(&self, person: &str) -> Arc<str> {
        self.told.lock().get(person).cloned().unwrap_or_else(|| "".into())
    }

    /// Has those told whose reservations somebody reset over, as long as they would have held.
    pub(super) async fn tell_holders(&self) -> Result<(), StoreError> {
        let now = clock::now_us();
        let mut told: HashMap<String, Arc<str>> = HashMap::new();
        for held in self.people.store().read().await?.reservations().await? {
            let Some(Overridden { by, at, why }) = held.overridden.as_ref().filter(|_| held.holds(now)) else {
                continue;
            };
            let registry = self.registry();
            let zone =
                registry.environment(&held.environment).and_then(|(_, place)| TimeZone::get(&place.time_zone).ok());
            let text = format!(
                "{by} reset the demo data of {} over your reservation, {}: {}",
                self.place(&held.environment),
                clock_time(*at, &zone.unwrap_or(TimeZone::UTC)),
                plain(why, LONGEST_REASON)
            );
            told.entry(held.by_id.clone())
                .and_modify(|known| *known = [known, ". ", &text].concat().into())
                .or_insert_with(|| text.into());
        }
        let is_news = {
            let mut known = self.told.lock();
            let is_news = *known != told;
            *known = told;
            is_news
        };
        if is_news {
            self.rows.poke();
        }
        Ok(())
    }
}

/// `2026-11-22 16:00 America/New_York`.
fn clock_time(us: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_microsecond(us).unwrap_or_default().to_zoned(zone.clone());
    format!("{} {}", at.strftime("%Y-%m-%d %H:%M"), zone.iana_name().unwrap_or("UTC"))
}

fn entry(environment: &EnvironmentId, actor: domain::ledger::Actor, what: String, at: i64) -> Entry {
    Entry {
        at,
        kind: Kind::DemoDataReserved,
        outcome: Outcome::Done,
        actor,
        operation: None,
        environment: Some(environment.clone()),
        target: None,
        whom: None,
        what,
        why: String::new(),
        plan: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
    }
}
