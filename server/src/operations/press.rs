//! The press: from the button to the one sending.

use std::sync::Arc;

use domain::access::{Place, Right, Role};
use domain::guard::facts::{Facts, FieldDiff, Given, Pod};
use domain::guard::{Level, Line, Order, Permit, Refusal, Rule};
use domain::ledger::{Actor, Entry, Kind, OperationId, Outcome, Target as LedgerTarget};
use domain::name::ComponentId;
use domain::operation::life::{Event, Life};
use domain::operation::record::Record;
use domain::operation::series::Series;
use domain::operation::{Operation, Target, rollout};
use tokio::time::Instant;

use super::{Desk, NoPlan, Plan};
use crate::clock;
use crate::people::Who;
use crate::store::{Conflict, Held, StoreError};

/// How long somebody who has an operation is not doubted, in microseconds. It is renewed while it is carried on.
pub(super) const HELD_US: i64 = 30_000_000;
/// Microseconds after which a plan that was pressed counts as expired on its way to the API server.
const EXPIRES_US: i64 = 60_000_000;
/// The most fields of a rollback's difference that are recorded.
const MOST_FIELDS: usize = 30;
/// The most characters of a reason.
const LONGEST_REASON: usize = 1000;

/// What came with the button.
#[derive(Debug, Clone)]
pub struct Press {
    /// The id that was made when the plan was opened.
    pub id: OperationId,
    /// To what.
    pub component: ComponentId,
    /// What.
    pub operation: Operation,
    /// The object that the plan was made for.
    pub uid: String,
    /// Its generation then.
    pub generation: i64,
    /// The hash of what was shown.
    pub plan: [u8; 32],
    /// Reason and confirmation.
    pub given: Given,
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum PressRefusal {
    /// There is no plan.
    #[error(transparent)]
    NoPlan(#[from] NoPlan),
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
    #[error("operating here needs the role operator or lead, and yours was taken a moment ago")]
    Right,
    /// Somebody else was quicker.
    #[error("{} was quicker: {} since {} s. Nothing of yours was sent", .0.by.name, .0.title(), clock::now_ms() / 1000 - .0.begun)]
    Taken(Box<Record>),
    /// The id is that of somebody else's operation.
    #[error("this form was used before by somebody else: open the plan again")]
    NotYours,
    /// It cannot be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cluster cannot be written to.
    #[error("not sent: {0}")]
    Cluster(Arc<str>),
}

pub(super) fn said(refusals: &[Refusal]) -> String {
    refusals.first().map_or_else(|| "it is not allowed".to_owned(), ToString::to_string)
}

impl Desk {
    /// Does what was pressed, once: the same id is sent once, however often and wherever it is pressed. Returns as soon as it is
    /// recorded; it is sent and followed from then on whether or not anybody waits.
    pub async fn press(self: &Arc<Self>, who: &Who, mut press: Press) -> Result<OperationId, PressRefusal> {
        if let Some(known) = self.pressed_before(who, press.id).await? {
            return known;
        }
        press.given.reason = tidied(&press.given.reason);
        let planned = Some((&*press.uid, press.generation));
        let given = press.given.clone();
        let plan = self.plan(who, &press.component, &press.operation, press.id, given, planned).await?;
        let plan = match self.allowed(who, plan, &press.plan).await {
            Err(PressRefusal::Taken(known)) if known.id == press.id => return Ok(press.id),
            allowed => allowed?,
        };
        self.begin(who, plan, &press.given.reason, None).await
    }

    /// The plan, if it is the one that was shown and the guard allows it. Where the same form was pressed elsewhere meanwhile, what that
    /// began is why it is another by now: nobody was refused, and it is said to be taken by itself.
    pub(super) async fn allowed(&self, who: &Who, plan: Plan, shown: &[u8; 32]) -> Result<Plan, PressRefusal> {
        if (!plan.verdict.refusals.is_empty() || plan.hash != *shown)
            && let Some(known) = self.people.store().read().await?.operation(plan.id).await?
            && known.record.by.id == who.user.id.to_string()
        {
            return Err(PressRefusal::Taken(Box::new(known.record)));
        }
        if !plan.verdict.refusals.is_empty() {
            if let Some(winner) = self.quicker(&plan).await? {
                return Err(PressRefusal::Taken(Box::new(winner)));
            }
            if !plan.verdict.is_offered() {
                if !self.may_be_refused(who) {
                    return Err(PressRefusal::TooMany);
                }
                self.record_refusal(who, &plan).await?;
            }
            return Err(PressRefusal::Refused(Box::new(plan)));
        }
        if plan.hash != *shown {
            return Err(PressRefusal::Changed(Box::new(plan)));
        }
        Ok(plan)
    }

    /// Records what is allowed, and has it sent and followed.
    pub(super) async fn begin(
        self: &Arc<Self>,
        who: &Who,
        plan: Plan,
        reason: &Arc<str>,
        series: Option<Series>,
    ) -> Result<OperationId, PressRefusal> {
        let id = plan.id;
        let writer = self.clusters.writer(&plan.target.cluster).await;
        let writer = writer.map_err(|error| PressRefusal::Cluster(error.to_string().into()))?;
        let actor = who.actor(plan.facts.asker.role);
        let (mut record, permit) = record(actor, plan, reason, series).ok_or(PressRefusal::Right)?;
        record.step(record.begun, format!("{} pressed the button.", record.by.name));

        let begun = Instant::now();
        let mut write = self.people.store().write().await?;
        let place = Place::Environment(&record.target.component.environment);
        let role = self.people.role_now(&mut write, who.user.id, &who.groups, Right::Operate, place).await?;
        record.by.role = Some(role.ok_or(PressRefusal::Right)?);
        let now = clock::now_us();
        let held = match write.begin_operation(&record, now, now + HELD_US).await {
            Ok(()) => Held { record, fence: 1, held_until: now + HELD_US, stopped_by: None },
            Err(StoreError::Conflict(Conflict::Operation | Conflict::Target)) => {
                // Given back rather than dropped, which would cost the connection.
                write.rollback().await?;
                return self.lost(who, &record).await;
            }
            Err(error) => return Err(error.into()),
        };
        write.append(&entry(&held.record, Outcome::Begun, now)).await?;
        match write.commit().await {
            Ok(()) => {}
            // SQLite and PostgreSQL may find out only now.
            Err(StoreError::Conflict(_)) => return self.lost(who, &held.record).await,
            Err(error) => {
                // Perhaps it is recorded; it is not sent.
                let desk = self.clone();
                self.carriers.spawn(async move { desk.never_sent(held).await });
                return Err(error.into());
            }
        }
        self.forget_look(id);
        self.show(held.record.clone());
        let desk = self.clone();
        self.carriers.spawn(async move { desk.send(held, &writer, permit, begun).await });
        Ok(id)
    }

    /// Ends what may have been recorded and was not sent, so that it does not have to be looked for. Where there is no row there
    /// is nothing to end.
    pub(super) async fn never_sent(self: Arc<Self>, mut held: Held) {
        held.record.verdict = "Not sent: the database stopped answering while it was written down.".into();
        held.record.step(clock::now_ms() / 1000, held.record.verdict.clone());
        match held.record.happen(&Event::Refuse) {
            Ok(()) => self.end(held).await,
            Err(obstacle) => tracing::error!("an operation went another way than it can: {obstacle}"),
        }
    }

    /// The operation of an id that was pressed before: the answer is the first one's.
    pub(super) async fn pressed_before(
        &self,
        who: &Who,
        id: OperationId,
    ) -> Result<Option<Result<OperationId, PressRefusal>>, StoreError> {
        let known = self.people.store().read().await?.operation(id).await?;
        Ok(known.map(
            |known| {
                if known.record.by.id == who.user.id.to_string() { Ok(id) } else { Err(PressRefusal::NotYours) }
            },
        ))
    }

    /// What is told to whoever was not the first.
    async fn lost(&self, who: &Who, record: &Record) -> Result<OperationId, PressRefusal> {
        if let Some(known) = self.pressed_before(who, record.id).await? {
            return known;
        }
        let mut read = self.people.store().read().await?;
        let winner = match read.open_operation(&record.target.key()).await? {
            Some(open) => Some(open),
            // It ended in between.
            None => read.newest_operation(&record.target).await?,
        };
        match winner {
            Some(held) => Err(PressRefusal::Taken(Box::new(held.record))),
            None => Err(StoreError::Conflict(Conflict::Target).into()),
        }
    }

    /// Whose operation made a plan a thing of the past: it is on its way, or what it wrote is what there is now.
    async fn quicker(&self, plan: &Plan) -> Result<Option<Record>, StoreError> {
        let is_past = |line: &Line| line.level == Level::Red && matches!(line.rule, Rule::Target | Rule::Others);
        // Whoever may not operate here lost no race.
        if plan.facts.asker.role.is_none() || !plan.verdict.lines.iter().any(is_past) {
            return Ok(None);
        }
        let Some(held) = self.people.store().read().await?.newest_operation(&plan.target).await? else {
            return Ok(None);
        };
        let record = held.record;
        let now = plan.facts.workload.value().and_then(Option::as_ref).map(|workload| workload.generation);
        let wrote = record.stage().may_have_acted() && Some(record.generation) == now;
        Ok(Some(record).filter(|record| record.id != plan.id && (!record.is_over() || wrote)))
    }

    /// Writes down that somebody was refused: what they tried stands in the record.
    async fn record_refusal(&self, who: &Who, plan: &Plan) -> Result<(), StoreError> {
        let role: Option<Role> = plan.facts.asker.role;
        let why = said(&plan.verdict.refusals);
        let entry = Entry {
            at: clock::now_us(),
            kind: plan.operation.kind(),
            outcome: Outcome::Refused,
            actor: who.actor(role),
            // The id came with the form: an operation that is done under it later would share it.
            operation: None,
            environment: Some(plan.target.component.environment.clone()),
            target: Some(ledger_target(&plan.target)),
            whom: None,
            what: format!("{}: refused, {why}.", plan.operation.sentence(plan.target.name().as_str())),
            why: plan.facts.given.reason.to_string(),
            plan: plan.verdict.lines.iter().map(written).collect(),
            before: Vec::new(),
            after: Vec::new(),
        };
        let mut write = self.people.store().write().await?;
        write.append(&entry).await?;
        write.commit().await
    }
}

/// A reason as it is recorded.
pub(super) fn tidied(reason: &str) -> Arc<str> {
    domain::text::plain(reason.trim(), LONGEST_REASON).as_ref().into()
}

/// An operation that is about to be sent, with the permit; none where the guard gave none.
pub(super) fn record(by: Actor, plan: Plan, reason: &Arc<str>, series: Option<Series>) -> Option<(Record, Permit)> {
    let Plan { id, operation, target, facts, verdict, hash, kubectl } = plan;
    let now = clock::now_ms() / 1000;
    let lines = verdict.lines.clone();
    let permit = verdict.permit().ok()?;
    let planned = Life::planned(by.id.clone(), hash, false, clock::now_us() + EXPIRES_US);
    let life = [Event::Claim { fence: 1, plan: hash }, Event::Record { fence: 1 }, Event::Send { fence: 1 }]
        .iter()
        .try_fold(planned, |life, event| life.after(event))
        .ok()?;
    let workload = facts.workload.value().and_then(Option::as_ref);
    let pods = facts.pods.value().map_or(&[][..], Vec::as_slice);
    let before = workload.map(|workload| state(workload.ready, workload.wanted, pods)).unwrap_or_default();
    let record = Record {
        id,
        operation,
        place: facts.place.title.clone(),
        tier: facts.place.tier,
        by,
        why: reason.clone(),
        plan: lines,
        kubectl: kubectl.into(),
        order: permit.order().clone(),
        life,
        begun: now,
        ended: None,
        generation: target.generation,
        version: None,
        // A little more than the controllers take to say so themselves; a StatefulSet has none.
        deadline_s: workload.and_then(|workload| workload.deadline_s).unwrap_or(600).saturating_add(30),
        progressed_at: now,
        steps: Vec::new(),
        pods: Vec::new(),
        progress: None,
        changes: asked_for(permit.order(), &facts),
        before,
        after: Vec::new(),
        verdict: "".into(),
        log: None,
        told_unknown: false,
        missed_ms: 0,
        watched_until: None,
        watched: None,
        series,
        target,
    };
    Some((record, permit))
}

/// How a workload is, by name: ready, restarts, digests.
pub(super) fn state(ready: u32, wanted: u32, pods: &[Pod]) -> Vec<(Arc<str>, Arc<str>)> {
    let restarts = rollout::restarts_of(pods);
    let mut digests: Vec<&str> = pods
        .iter()
        .filter(|pod| pod.facts.deletion.is_none())
        .flat_map(|pod| &pod.facts.containers)
        .filter(|container| !container.init && !container.image_id.is_empty())
        .map(|container| container.image_id.rsplit('/').next().unwrap_or_default())
        .collect();
    digests.sort_unstable();
    digests.dedup();
    let mut state: Vec<(Arc<str>, Arc<str>)> =
        vec![("ready".into(), format!("{ready} of {wanted}").into()), ("restarts".into(), restarts.to_string().into())];
    state.extend(digests.into_iter().map(|digest| ("image".into(), digest.into())));
    state
}

/// What an order changes, field by field: as it is, and as it is asked to be.
fn asked_for(order: &Order, facts: &Facts) -> Vec<FieldDiff> {
    let one = |field: &str, now: String, then: String| {
        vec![FieldDiff { field: field.into(), now: now.into(), then: then.into() }]
    };
    match order {
        Order::Restart | Order::Evict { .. } => Vec::new(),
        Order::Replicas { from, to } => one("replicas", from.to_string(), to.to_string()),
        Order::Range { from, to, .. } => {
            let words = |(min, max): (u32, u32)| format!("{min} to {max}");
            one("range of the autoscaler", words(*from), words(*to))
        }
        Order::Template { revision, .. } => {
            let known = facts.revisions.value().into_iter().flatten().find(|known| known.number == *revision);
            known.map(|known| known.diff.iter().take(MOST_FIELDS).cloned().collect()).unwrap_or_default()
        }
    }
}

/// A change that is asked for, as it is recorded.
fn change(diff: &FieldDiff) -> String {
    let shown = |text: &Arc<str>| if text.is_empty() { "nothing".to_owned() } else { text.to_string() };
    format!("changes {} from {} to {}", diff.field, shown(&diff.now), shown(&diff.then))
}

/// A line of the plan as it is recorded.
pub fn written(line: &Line) -> String {
    let word = match line.level {
        Level::Green => "green",
        Level::Amber => "amber",
        Level::Unknown => "unknown",
        Level::Red => "red",
    };
    format!("{word}: {}", line.text)
}

fn ledger_target(target: &Target) -> LedgerTarget {
    LedgerTarget {
        kind: target.kind().as_str().to_owned(),
        namespace: target.namespace.clone(),
        name: target.name().clone(),
        uid: target.uid.to_string(),
    }
}

/// An entry about an operation; `at` is microseconds since 1970.
pub(super) fn entry(record: &Record, outcome: Outcome, at: i64) -> Entry {
    let texts = |pairs: &[(Arc<str>, Arc<str>)]| {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect::<Vec<_>>()
    };
    let kind: Kind = record.operation.kind();
    let begins = outcome == Outcome::Begun;
    let title = record.title();
    Entry {
        at,
        kind,
        outcome,
        actor: record.by.clone(),
        operation: Some(record.id),
        environment: Some(record.target.component.environment.clone()),
        target: Some(ledger_target(&record.target)),
        whom: None,
        what: if begins || record.verdict.is_empty() {
            format!("{title}.")
        } else {
            format!("{title}: {}", record.verdict)
        },
        why: record.why.to_string(),
        plan: if begins {
            record.plan.iter().map(written).chain(record.changes.iter().map(change)).collect()
        } else {
            Vec::new()
        },
        before: texts(&record.before),
        after: texts(&record.after),
    }
}
