//! The press: from the button to the row and the entry that stand before anything is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::access::{Place, Right};
use domain::demo_data::guard::{Asker, Permit};
use domain::demo_data::record::{Cache, Kind, Passwords, Record};
use domain::demo_data::reservation::Overridden;
use domain::guard::Refusal;
use domain::ledger::{Actor, Entry, Kind as EntryKind, OperationId, Outcome};
use domain::name::EnvironmentId;
use domain::operation::life::{Event, Life};
use domain::text::plain;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::facts::{Given, NoPlan, Plan};
use super::passwords::Columns;
use super::reset::slack;
use super::seal::SealKey;
use super::{DemoData, carry};
use crate::clock;
use crate::operations::written;
use crate::people::Who;
use crate::people::token::Token;
use crate::store::{Conflict, HeldReset, StoreError, Write};

/// How long whoever has a reset is not doubted, in microseconds. It is renewed while it is carried on.
pub(super) const HELD_US: i64 = 10_000_000;
/// Microseconds after which a plan that was pressed counts as expired before it is begun.
const EXPIRES_US: i64 = 60_000_000;
/// The most characters of a reason.
const LONGEST_REASON: usize = 1000;
/// The most refusals of one person that are recorded within the time below.
const MOST_REFUSED: u32 = 50;
/// Seconds.
const REFUSED_WITHIN_S: i64 = 600;

/// What came with the button.
#[derive(Debug, Clone)]
pub struct Press {
    /// The id that was made when the plan was opened.
    pub id: OperationId,
    /// Where.
    pub environment: EnvironmentId,
    /// What is put in.
    pub kind: Kind,
    /// The hash of what was shown.
    pub plan: [u8; 32],
    /// The rows of each table that were shown.
    pub rows: BTreeMap<String, u64>,
    /// Reason and confirmation.
    pub given: Given,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum PressRefusal {
    /// There are none of that name.
    #[error("there are no demo data of that name, and nothing was done")]
    Absent,
    /// It is another plan by now.
    #[error("the plan has changed since it was shown to you, and nothing was done: look at it again")]
    Changed(Box<Plan>),
    /// The guard does not allow it.
    #[error("{}", said(&.0.verdict.refusals))]
    Refused(Box<Plan>),
    /// They were refused so often that no more is recorded.
    #[error("too many refused presses: nothing was done and nothing more is recorded, wait ten minutes")]
    TooMany,
    /// They may not any more.
    #[error("resetting demo data here needs the role tester, operator or lead, and yours was taken a moment ago")]
    Right,
    /// The registry, the seed or who has reserved it changed while it was written down.
    #[error("what the plan was made of has changed since, and nothing was done: look at it again")]
    Moved,
    /// Somebody else was quicker.
    #[error("somebody else was quicker, and nothing of yours was done")]
    Taken(Box<Record>),
    /// The id is that of another reset.
    #[error("this form was used before, by somebody else or for something else: open the plan again")]
    NotYours,
    /// It cannot be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The passwords could not be shown to anybody.
    #[error("not done: the new passwords could not be sealed")]
    Seal,
}

fn said(refusals: &[Refusal]) -> String {
    refusals.first().map_or_else(|| "it is not allowed".to_owned(), ToString::to_string)
}

/// How passwords come about.
pub(super) enum PasswordWish {
    /// There are none, or the snapshot brings its own.
    None,
    /// New ones, which only this key opens again.
    Make(SealKey),
    /// People keep theirs.
    Keep,
}

impl DemoData {
    /// Does what was pressed, once: the same id is begun once, however often and wherever it is pressed. Returns as soon as it is
    /// recorded; it is carried on from then on whether or not anybody waits.
    pub async fn press(
        self: &Arc<Self>,
        who: &Who,
        token: &Token,
        mut press: Press,
    ) -> Result<OperationId, PressRefusal> {
        if let Some(known) = self.pressed_before(who, press.id, &press.environment, press.kind).await? {
            return known;
        }
        press.given.reason = plain(press.given.reason.trim(), LONGEST_REASON).as_ref().into();
        let reason = press.given.reason.clone();
        let plan = match self.plan(who, &press.environment, press.kind, press.id, press.given).await {
            Ok(plan) => plan,
            Err(NoPlan::Absent) => {
                self.record_refusal(who, &press.environment, press.kind, "there are none", &reason, Vec::new()).await?;
                return Err(PressRefusal::Absent);
            }
            Err(NoPlan::Store(error)) => return Err(error.into()),
        };
        if !plan.verdict.refusals.is_empty() || plan.hash != press.plan {
            // The same form, pressed elsewhere meanwhile: what that began is why it is another by now.
            if let Some(known) = self.pressed_before(who, press.id, &press.environment, press.kind).await? {
                return known;
            }
            let open = self.people.store().read().await?.open_resets().await?;
            if let Some(held) = open.into_iter().find(|held| held.record.environment == press.environment)
                && self.may_reset(who, &press.environment)
            {
                return Err(PressRefusal::Taken(Box::new(held.record)));
            }
        }
        if !plan.verdict.refusals.is_empty() {
            if !plan.verdict.is_offered() {
                let lines = plan.verdict.lines.iter().map(written).collect();
                let why = said(&plan.verdict.refusals);
                self.record_refusal(who, &press.environment, press.kind, &why, &reason, lines).await?;
            }
            return Err(PressRefusal::Refused(Box::new(plan)));
        }
        let now = plan.rows();
        let moved = now.iter().any(|(table, now)| {
            let shown = press.rows.get(table).copied().unwrap_or(0);
            shown.abs_diff(*now) > slack(shown)
        });
        if plan.hash != press.plan || moved {
            return Err(PressRefusal::Changed(Box::new(plan)));
        }
        let wish = match (press.kind, plan.facts.makes_passwords) {
            (Kind::Reset, true) => PasswordWish::Make(SealKey::of(token, press.id).map_err(|_| PressRefusal::Seal)?),
            (Kind::Reset, false) | (Kind::Undo { .. }, _) => PasswordWish::None,
        };
        self.begin(Some(who), plan, wish).await
    }

    pub(super) fn may_reset(&self, who: &Who, environment: &EnvironmentId) -> bool {
        who.user.grants.may(Right::ResetDemoData, Place::Environment(environment))
    }

    /// Records what is allowed, and has it carried out. `who`: nobody where the time of a schedule has come.
    pub(super) async fn begin(
        self: &Arc<Self>,
        who: Option<&Who>,
        plan: Plan,
        wish: PasswordWish,
    ) -> Result<OperationId, PressRefusal> {
        let (record, permit) = self.record(who, plan, &wish).ok_or(PressRefusal::Moved)?;
        let id = record.id;
        let now = clock::now_us();
        let mut held = HeldReset { record, fence: 1, held_until: now + HELD_US };
        let mut write = self.people.store().write().await?;
        if let Some(who) = who {
            let place = Place::Environment(&held.record.environment);
            let role = self.people.role_now(&mut write, who.user.id, &who.groups, Right::ResetDemoData, place).await?;
            let Some(role) = role else {
                write.rollback().await?;
                return Err(PressRefusal::Right);
            };
            held.record.by.role = Some(role);
        } else if write.reservation(&held.record.environment).await?.is_some_and(|reserved| reserved.holds(now)) {
            // Taken while it was looked at: with the next look it is skipped for that.
            write.rollback().await?;
            return Err(PressRefusal::Moved);
        }
        match write.begin_reset(&held.record, now, held.held_until).await {
            Ok(()) => {}
            Err(StoreError::Conflict(Conflict::Operation | Conflict::Target)) => {
                write.rollback().await?;
                return self.lost(who, &held.record).await;
            }
            Err(error) => return Err(error.into()),
        }
        mark_overridden(&mut write, &held.record, now).await?;
        write.append(&entry(&held.record, Outcome::Begun, now)).await?;
        match write.commit().await {
            Ok(()) => {}
            // SQLite and PostgreSQL may find out only now.
            Err(StoreError::Conflict(_)) => return self.lost(who, &held.record).await,
            Err(error) => {
                // Perhaps it is recorded; it is not done.
                held.record.verdict =
                    "Not done: the console's database stopped answering while it was written down.".into();
                if held.record.happen(&Event::Refuse).is_ok() {
                    let this = self.clone();
                    self.carriers.spawn(async move { this.end(held).await });
                }
                return Err(error.into());
            }
        }
        self.rows.poke();
        let this = self.clone();
        self.carriers.spawn(async move { this.carry(held, Some(carry::Begin { permit, wish })).await });
        Ok(id)
    }

    /// The reset of an id that was pressed before: the answer is the first one's.
    async fn pressed_before(
        &self,
        who: &Who,
        id: OperationId,
        environment: &EnvironmentId,
        kind: Kind,
    ) -> Result<Option<Result<OperationId, PressRefusal>>, StoreError> {
        let known = self.people.store().read().await?.reset(id).await?;
        Ok(known.map(|known| {
            let is_it = known.record.environment == *environment && known.record.kind == kind;
            let is_theirs = known.record.by.id == who.user.id.to_string();
            if is_it && is_theirs { Ok(id) } else { Err(PressRefusal::NotYours) }
        }))
    }

    /// What is told to whoever was not the first.
    async fn lost(&self, who: Option<&Who>, record: &Record) -> Result<OperationId, PressRefusal> {
        if let Some(who) = who
            && let Some(known) = self.pressed_before(who, record.id, &record.environment, record.kind).await?
        {
            return known;
        }
        let mut read = self.people.store().read().await?;
        match read.resets_of(&record.environment, 1).await?.pop() {
            Some(winner) => Err(PressRefusal::Taken(Box::new(winner))),
            None => Err(StoreError::Conflict(Conflict::Target).into()),
        }
    }

    /// Writes down that somebody was refused: what they tried stands in the record, also where there is nothing to reset.
    pub async fn record_refusal(
        &self,
        who: &Who,
        environment: &EnvironmentId,
        kind: Kind,
        why: &str,
        reason: &str,
        plan: Vec<String>,
    ) -> Result<(), PressRefusal> {
        {
            let now = clock::now_ms() / 1000;
            let mut refused = self.refused.lock();
            refused.retain(|_, (since, _)| now - *since < REFUSED_WITHIN_S);
            let (_, times) = refused.entry(who.user.id.to_string()).or_insert((now, 0));
            *times += 1;
            if *times > MOST_REFUSED {
                return Err(PressRefusal::TooMany);
            }
        }
        let is_registered = self.registry().environment(environment).is_some();
        let entry = Entry {
            at: clock::now_us(),
            kind: EntryKind::ResetDemoData,
            outcome: Outcome::Refused,
            actor: who.actor(who.user.grants.role_for(Right::ResetDemoData, Place::Environment(environment))),
            // The id came with the form: a reset that is done under it later would share it.
            operation: None,
            environment: is_registered.then(|| environment.clone()),
            target: None,
            whom: None,
            what: format!("{} in {environment}: refused, {why}.", kind.words()),
            why: plain(reason, LONGEST_REASON).into_owned(),
            plan,
            before: Vec::new(),
            after: Vec::new(),
        };
        let mut write = self.people.store().write().await?;
        write.append(&entry).await?;
        Ok(write.commit().await?)
    }

    /// A reset that is about to be done, with the permit; none where the guard gave none.
    fn record(&self, who: Option<&Who>, plan: Plan, wish: &PasswordWish) -> Option<(Record, Permit)> {
        let (rows, id) = (plan.rows(), plan.id);
        let Plan { id: _, place, facts, verdict, hash } = plan;
        let by = match (&facts.asker, who) {
            (Asker::Person { role, .. }, Some(who)) => who.actor(*role),
            (Asker::Schedule, _) | (Asker::Person { .. }, None) => scheduler(),
        };
        let lines = verdict.lines.clone();
        let permit = verdict.permit().ok()?;
        let sight = facts.sight.as_ref().ok()?;
        let now = clock::now();
        let planned = Life::planned(by.id.clone(), hash, false, now.as_microsecond() + EXPIRES_US);
        let life = [Event::Claim { fence: 1, plan: hash }, Event::Record { fence: 1 }, Event::Send { fence: 1 }]
            .iter()
            .try_fold(planned, |life, event| life.after(event))
            .ok()?;
        let (environment, declared) = self.declared(&facts.environment)?;
        let seed = self.seed(&declared).ok()?;
        let people = match &declared.passwords {
            Some(passwords) => Columns::of(passwords, &seed).ok()?.most(&seed),
            None => 0,
        };
        let record = Record {
            id,
            kind: permit.kind(),
            environment: permit.environment().clone(),
            place,
            tier: permit.tier(),
            by,
            is_scheduled: facts.asker == Asker::Schedule,
            why: facts.reason.clone(),
            plan: lines,
            server: sight.system_identifier.clone(),
            database: sight.database.clone(),
            version: facts.seed.as_ref().ok()?.version,
            day: day(now, &environment.time_zone),
            planned: rows,
            life,
            begun: now.as_second(),
            ended: None,
            steps: Vec::new(),
            waiting: "".into(),
            before: BTreeMap::new(),
            after: BTreeMap::new(),
            passwords: match wish {
                PasswordWish::None => Passwords::None,
                PasswordWish::Make(_) => Passwords::Made(people),
                PasswordWish::Keep => Passwords::Kept(people),
            },
            cache: if declared.redis.is_some() { Cache::Waiting } else { Cache::None },
            health: "".into(),
            verdict: "".into(),
        };
        Some((record, permit))
    }
}

/// Who a reset is by that the time of a schedule began.
pub(super) fn scheduler() -> Actor {
    Actor { id: String::new(), name: "schedule".to_owned(), role: None, source: "schedule".to_owned() }
}

/// The day it is where the environment's people are.
pub(super) fn day(now: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    now.to_zoned(zone).date().to_string()
}

/// Has whoever reserved what is reset by somebody else told of it.
async fn mark_overridden(write: &mut Write, record: &Record, now: i64) -> Result<(), StoreError> {
    let known = write.reservation(&record.environment).await?;
    let Some(mut held) = known.filter(|held| held.holds(now) && !held.is_of(&record.by.id)) else { return Ok(()) };
    held.overridden = Some(Overridden { by: record.by.name.clone(), at: now, why: record.why.to_string() });
    write.keep_reservation(&held).await
}

/// An entry about a reset; `at` is microseconds since 1970.
pub(super) fn entry(record: &Record, outcome: Outcome, at: i64) -> Entry {
    let rows = |rows: &BTreeMap<String, u64>| {
        rows.iter().map(|(table, rows)| (table.clone(), rows.to_string())).collect::<Vec<_>>()
    };
    let begins = outcome == Outcome::Begun;
    let title = record.title();
    Entry {
        at,
        kind: EntryKind::ResetDemoData,
        outcome,
        actor: record.by.clone(),
        operation: Some(record.id),
        environment: Some(record.environment.clone()),
        target: None,
        whom: None,
        what: if begins || record.verdict.is_empty() {
            format!("{title}.")
        } else {
            format!("{title}: {}", record.verdict)
        },
        why: record.why.to_string(),
        plan: if begins { record.plan.iter().map(written).collect() } else { Vec::new() },
        before: rows(if begins { &record.planned } else { &record.before }),
        after: rows(&record.after),
    }
}
