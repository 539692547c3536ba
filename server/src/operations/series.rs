//! A series: everything that reads a ConfigMap or Secret is restarted, one workload after the other.
//!
//! Only the first is begun by the press. Each other one begins in the commit that ends the one before it, so that whoever carries the
//! series on, after whatever ended whom, begins it once.

use std::sync::Arc;
use std::time::Duration;

use domain::access::{Place as Where, Right};
use domain::config_source::ConfigSource;
use domain::group::GroupName;
use domain::guard::facts::{Asker, Given};
use domain::guard::{Permit, judge};
use domain::ledger::{Entry, Kind, OperationId, Outcome};
use domain::name::{ComponentId, EnvironmentId};
use domain::operation::life::Stage;
use domain::operation::record::Record;
use domain::operation::series::{MOST_MEMBERS, Member, Series};
use domain::operation::{Operation, Target};
use futures::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep, timeout};

use super::press::{HELD_US, said, tidied};
use super::{Desk, NoPlan, Plan, PressRefusal, context_of, facts_of, under_way};
use crate::clock;
use crate::cluster::{How, Writer, readers};
use crate::people::{People, Who};
use crate::store::{Held, StoreError, Write};

/// How many plans are made at a time: each asks the cluster about ten questions.
const AT_A_TIME: usize = 4;
/// How often the facts of the next member are asked for before the series is stopped, and the time between.
const TRIES: u32 = 2;
const PAUSE: Duration = Duration::from_secs(2);

/// Among how many operations of an environment somebody else's are looked for.
const LOOKED_THROUGH: i64 = 100;
/// How long it may take to find out how the next member is.
const NEXT_WITHIN: Duration = Duration::from_secs(15);

/// The plan of a series.
#[derive(Debug)]
pub struct SeriesPlan {
    /// What all read.
    pub source: ConfigSource,
    /// Its members, in their order.
    pub members: Vec<MemberPlan>,
}

/// The plan of a member.
#[derive(Debug)]
pub struct MemberPlan {
    /// What would be restarted.
    pub component: ComponentId,
    /// How it reads.
    pub how: How,
    /// Its plan, or why there is none.
    pub plan: Result<Plan, NoPlan>,
}

/// What came with the button of a series.
#[derive(Debug, Clone)]
pub struct SeriesPress {
    /// The id that was made when the plan was opened; those of the members are made from it.
    pub id: OperationId,
    /// Where.
    pub environment: EnvironmentId,
    /// What all read.
    pub source: ConfigSource,
    /// What was chosen, in its order.
    pub members: Vec<PressedMember>,
    /// Reason and confirmation.
    pub given: Given,
}

/// A member as its plan was shown.
#[derive(Debug, Clone)]
pub struct PressedMember {
    /// What.
    pub component: ComponentId,
    /// Its uid.
    pub uid: String,
    /// Its generation.
    pub generation: i64,
    /// The hash of its plan.
    pub plan: [u8; 32],
}

/// Why a series was not begun: which member stands in the way, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}{refusal}", member.as_ref().map_or_else(String::new, |member| format!("{}: ", member.name)))]
pub struct SeriesRefusal {
    /// The member; none where it is about all.
    pub member: Option<ComponentId>,
    /// Why.
    pub refusal: PressRefusal,
}

impl<Refusal: Into<PressRefusal>> From<Refusal> for SeriesRefusal {
    fn from(refusal: Refusal) -> Self {
        Self { member: None, refusal: refusal.into() }
    }
}

/// What comes after an operation that is over.
pub(super) enum Follows {
    /// Nothing: it was alone, or the last.
    Nothing,
    /// The next one.
    Next(Box<Next>),
    /// Nothing more, though there would be: why, in a sentence.
    Stop(Arc<str>),
}

/// The next operation of a series, ready to be begun.
pub(super) struct Next {
    pub(super) held: Held,
    pub(super) writer: Writer,
    pub(super) permit: Permit,
    pub(super) begun: Instant,
}

impl Desk {
    /// Makes the plans of everything in an environment that reads something.
    pub async fn plan_series(
        &self,
        who: &Who,
        environment: &EnvironmentId,
        source: ConfigSource,
        given: &Given,
        id: OperationId,
    ) -> Result<SeriesPlan, NoPlan> {
        if !who.user.grants.sees(environment) {
            return Err(NoPlan::Absent);
        }
        let registry = self.clusters.registry();
        let Some((_, declared)) = registry.environment(environment) else { return Err(NoPlan::Absent) };
        let client = self.reader(&declared.cluster).await.map_err(NoPlan::Unread)?;
        let found = readers(&client, &declared.namespace, &source).await.map_err(NoPlan::Unread)?;
        if found.len() > MOST_MEMBERS {
            let many = format!("{} workloads read {source}, and a series takes {MOST_MEMBERS}", found.len());
            return Err(NoPlan::Unread(many.into()));
        }
        let members = stream::iter(found.into_iter().map(|reader| {
            let component =
                ComponentId { environment: environment.clone(), kind: reader.kind, name: reader.name.clone() };
            let (id, given) = (member_id(id, &component), given.clone());
            async move {
                let plan = self.plan(who, &component, &Operation::Restart, id, given, None).await;
                MemberPlan { plan, component, how: reader.how }
            }
        }));
        Ok(SeriesPlan { members: members.buffered(AT_A_TIME).collect().await, source })
    }

    /// Begins a series: its first member. Nothing is begun unless every chosen plan is still the one that was shown.
    pub async fn press_series(self: &Arc<Self>, who: &Who, press: SeriesPress) -> Result<OperationId, SeriesRefusal> {
        let is_odd = |(at, member): (usize, &PressedMember)| {
            member.component.environment != press.environment
                || press.members.iter().take(at).any(|known| known.component == member.component)
        };
        // Our own form says neither.
        if press.members.len() > MOST_MEMBERS || press.members.iter().enumerate().any(is_odd) {
            return Err(NoPlan::Absent.into());
        }
        // The same form again, also with other boxes ticked: the answer is what it began.
        for member in &press.members {
            if let Some(known) = self.pressed_before(who, member_id(press.id, &member.component)).await? {
                return Ok(known?);
            }
        }
        let (id, components) = (press.id, press.members.iter().map(|member| member.component.clone()));
        let components: Vec<ComponentId> = components.collect();
        let begun = self.begin_series(who, press).await;
        if begun.is_err() {
            // The same form was pressed at the same time, and what it began is why this one is refused.
            for component in &components {
                if let Some(known) = self.pressed_before(who, member_id(id, component)).await? {
                    return Ok(known?);
                }
            }
        }
        begun
    }

    async fn begin_series(self: &Arc<Self>, who: &Who, mut press: SeriesPress) -> Result<OperationId, SeriesRefusal> {
        press.given.reason = tidied(&press.given.reason);
        // It is kept with each member: nothing but the name itself is worth that.
        if *press.given.typed != *press.source.name.as_str() {
            press.given.typed = "".into();
        }
        press.given.name = Some(press.source.name.shared());
        let plans = stream::iter(press.members.clone().into_iter().map(|member| {
            let given = press.given.clone();
            let id = member_id(press.id, &member.component);
            async move {
                let planned = Some((&*member.uid, member.generation));
                let plan = self.plan(who, &member.component, &Operation::Restart, id, given, planned).await;
                (member, plan)
            }
        }));
        let mut plans = std::pin::pin!(plans.buffered(AT_A_TIME));
        let (mut first, mut members) = (None, Vec::new());
        while let Some((member, plan)) = plans.next().await {
            let about = |refusal| SeriesRefusal { member: Some(member.component.clone()), refusal };
            let plan = plan.map_err(|error| about(error.into()))?;
            if !reads(&plan, &press.source) {
                return Err(about(PressRefusal::Changed(Box::new(plan))));
            }
            let plan = self.allowed(who, plan, &member.plan).await.map_err(about)?;
            members.push(Member {
                id: plan.id,
                component: member.component.clone(),
                uid: member.uid.as_str().into(),
                agreed: Member::agreed(&plan.verdict.lines),
            });
            first.get_or_insert(plan);
        }
        let series = Series {
            source: press.source,
            members,
            begun: clock::now_ms() / 1000,
            typed: press.given.typed.clone(),
            groups: who.groups.clone(),
            stopped: None,
        };
        let Some(first) = first else { return Err(NoPlan::Absent.into()) };
        Ok(self.begin(who, first, &press.given.reason, Some(series)).await?)
    }

    /// Has nothing more of a series begun than what runs. `false`: nothing of it runs any more, or nothing follows.
    pub async fn stop_series(&self, who: &Who, id: OperationId) -> Result<bool, PressRefusal> {
        let Some(held) = self.people.store().read().await?.operation(id).await? else { return Ok(false) };
        let place = held.record.target.component.environment.clone();
        let Some(series) = held.record.series.filter(|_| who.user.grants.sees(&place)) else { return Ok(false) };
        // Whoever presses saw one that ran; by now it may be another.
        for member in &series.members {
            let mut write = self.people.store().write().await?;
            let right = Where::Environment(&place);
            let role = self.people.role_now(&mut write, who.user.id, &who.groups, Right::Operate, right).await?;
            let Some(role) = role else {
                write.rollback().await?;
                return Err(PressRefusal::Right);
            };
            if series.after(member.id).is_empty() || !write.stop_after(member.id, who.user.name.as_str()).await? {
                write.rollback().await?;
                continue;
            }
            let entry = Entry {
                at: clock::now_us(),
                kind: Kind::Restart,
                outcome: Outcome::Done,
                actor: who.actor(Some(role)),
                operation: None,
                environment: Some(place.clone()),
                target: None,
                whom: None,
                what: format!(
                    "Begin no more restarts of what reads {} after {}.",
                    series.source, member.component.name
                ),
                why: String::new(),
                plan: Vec::new(),
                before: Vec::new(),
                after: Vec::new(),
            };
            write.append(&entry).await?;
            write.commit().await?;
            self.stops.lock().insert(member.id, who.user.name.as_str().into());
            self.rows.poke();
            return Ok(true);
        }
        Ok(false)
    }

    /// The other operations of the same series that may be shown, each as it stands: `None` is not begun.
    pub fn shown_series(&self, series: &Series) -> Vec<(Member, Option<Record>)> {
        let shown = self.shown.lock();
        let begun = |member: &Member| {
            // The same form with other boxes makes the same ids.
            let is_its_own = |record: &&Record| record.series.as_ref().and_then(Series::id) == series.id();
            shown.get(&member.id).filter(is_its_own).cloned()
        };
        series.members.iter().map(|member| (member.clone(), begun(member))).collect()
    }

    /// Who wants nothing more of a series begun.
    pub fn stopped_by(&self, series: &Series) -> Option<Arc<str>> {
        let stops = self.stops.lock();
        series.members.iter().find_map(|member| stops.get(&member.id).cloned())
    }

    /// What comes after an operation that is over, from fresh facts.
    pub(super) async fn follows(&self, held: &Held) -> Follows {
        let record = &held.record;
        let Some(series) = &record.series else { return Follows::Nothing };
        let Some(member) = series.after(record.id).first() else { return Follows::Nothing };
        if record.stage() != Stage::Done {
            let how = if record.stage() == Stage::Failed { "failed" } else { "was not done" };
            return Follows::Stop(format!("{} {how}.", record.title()).into());
        }
        // Shorter than what is left of the time in which whoever has the operation is not doubted.
        let next = timeout(NEXT_WITHIN, self.next(record, series, member)).await;
        match next.unwrap_or_else(|_| Err("how it is could not be found out in time".into())) {
            Ok(next) => Follows::Next(Box::new(next)),
            Err(why) => Follows::Stop(format!("{}: {why}.", member.component.name).into()),
        }
    }

    /// The next one, or why it is not begun: a sentence without full stop.
    async fn next(&self, record: &Record, series: &Series, member: &Member) -> Result<Next, Arc<str>> {
        let plan = self.plan_of_next(record, series, member).await?;
        if *plan.target.uid != *member.uid {
            return Err("it was deleted and made anew since the plan was shown".into());
        }
        if (&plan.target.cluster, &plan.target.namespace) != (&record.target.cluster, &record.target.namespace) {
            return Err("its environment lies somewhere else since the plan was shown".into());
        }
        if !reads(&plan, &series.source) {
            return Err(format!("it does not read {} any more", series.source).into());
        }
        if let Some(other) = self.since(&plan.target, series).await? {
            return Err(format!("{} was at it meanwhile: {}", other.by.name, other.title()).into());
        }
        if !plan.verdict.refusals.is_empty() {
            return Err(said(&plan.verdict.refusals).into());
        }
        if let Some(line) = member.worse(&plan.verdict.lines) {
            return Err(format!("the plan that was shown did not say: {}", line.text).into());
        }
        let writer = self.clusters.writer(&plan.target.cluster).await;
        let writer = writer.map_err(|error| error.to_string().trim_end_matches('.').to_owned())?;
        let follows = super::press::record(record.by.clone(), plan, &record.why, Some(series.clone()));
        let (mut next, permit) = follows.ok_or("it is not allowed")?;
        let (at, of) = (series.place_of(next.id), series.members.len());
        next.step(next.begun, format!("{} of {of}, begun after {}.", at, record.title()));
        let held = Held { record: next, fence: 1, held_until: clock::now_us() + HELD_US, stopped_by: None };
        Ok(Next { held, writer, permit, begun: Instant::now() })
    }

    /// What somebody did to a target since a series was pressed.
    async fn since(&self, target: &Target, series: &Series) -> Result<Option<Record>, Arc<str>> {
        let place = &target.component.environment;
        let newest = async { self.people.store().read().await?.operations_of(place, LOOKED_THROUGH).await };
        let newest = newest.await.map_err(|_| "our own record cannot be read")?;
        let is_other = |record: &Record| {
            record.target.key() == target.key()
                && record.begun > series.begun
                && record.stage().may_have_acted()
                && series.members.iter().all(|member| member.id != record.id)
        };
        Ok(newest.into_iter().map(|held| held.record).find(is_other))
    }

    /// The plan of the next one for whoever pressed, as it is now.
    async fn plan_of_next(&self, record: &Record, series: &Series, member: &Member) -> Result<Plan, Arc<str>> {
        let mut tries = 0;
        let (target, mut facts) = loop {
            tries += 1;
            let asker = Asker { name: record.by.name.as_str().into(), role: record.by.role };
            let given = Given {
                reason: record.why.clone(),
                typed: series.typed.clone(),
                name: Some(series.source.name.shared()),
            };
            let registry = self.clusters.registry();
            let facts = async {
                let reader = self.reader(&record.target.cluster).await.map_err(NoPlan::Unread)?;
                facts_of(&registry, &reader, &member.component, asker, given, None).await
            };
            match facts.await {
                Ok(facts) => break facts,
                Err(NoPlan::Unread(_)) if tries < TRIES => sleep(PAUSE).await,
                Err(error) => return Err(error.to_string().into()),
            }
        };
        // As in the plan that was shown: what is known there and not here would look as if it had become worse.
        self.add_seen_digests(&member.component, &mut facts);
        facts.others = under_way(self.people.store(), &target, &[record.id, member.id]).await;
        let operation = Operation::Restart;
        let verdict = judge(&operation, &target, &facts);
        let hash = Sha256::digest(verdict.fingerprint(&operation, &target)).into();
        let context = context_of(&self.clusters.registry(), &target.cluster);
        let kubectl = target.kubectl(&operation, None, context.as_deref());
        Ok(Plan { id: member.id, operation, target, facts, verdict, hash, kubectl })
    }
}

/// Whether an operation that is over leads on to another.
pub(super) fn has_next(record: &Record) -> bool {
    let series = record.series.as_ref();
    record.stage() == Stage::Done && series.is_some_and(|series| !series.after(record.id).is_empty())
}

/// The id of a member's operation: the same whenever the same form is pressed, and nobody's choice.
pub fn member_id(series: OperationId, component: &ComponentId) -> OperationId {
    let digest = Sha256::digest(format!("{series} {component}"));
    OperationId(digest.iter().take(16).fold(0, |id, byte| id << 8 | u128::from(*byte)))
}

fn reads(plan: &Plan, source: &ConfigSource) -> bool {
    let workload = plan.facts.workload.value().and_then(Option::as_ref);
    workload.is_some_and(|workload| workload.reads.contains(source))
}

/// Looks up by which role whoever pressed may operate the next one, as it is in this transaction: its first statement, because
/// whoever changes roles takes the same locks in that order. `false`: they may not any more.
pub(super) async fn may_go_on(people: &People, write: &mut Write, next: &mut Next) -> Result<bool, StoreError> {
    let record = &mut next.held.record;
    let groups: &[GroupName] = record.series.as_ref().map_or(&[], |series| &series.groups);
    let Ok(person) = record.by.id.parse() else { return Ok(false) };
    let place = Where::Environment(&record.target.component.environment);
    record.by.role = people.role_now(write, person, groups, Right::Operate, place).await?;
    Ok(record.by.role.is_some())
}

/// What is recorded of a series that was stopped; none where nothing was left of it.
pub(super) fn stop_entry(record: &Record, now: i64) -> Option<Entry> {
    let series = record.series.as_ref()?;
    let why = series.stopped.as_ref()?;
    let rest: Vec<&str> = series.after(record.id).iter().map(|member| member.component.name.as_str()).collect();
    let done = series.members.len() - rest.len();
    Some(Entry {
        at: now,
        kind: Kind::Restart,
        outcome: Outcome::Refused,
        actor: record.by.clone(),
        operation: None,
        environment: Some(record.target.component.environment.clone()),
        target: None,
        whom: None,
        what: format!(
            "Restarts of what reads {}: stopped at {}, {done} of {}. {why} Not begun: {}.",
            series.source,
            record.target.name(),
            series.members.len(),
            rest.join(", ")
        ),
        why: record.why.to_string(),
        plan: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
    })
}
