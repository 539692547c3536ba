//! Carrying an operation on: sending it, finding out whether it arrived, following its effect.

use std::sync::Arc;
use std::time::Duration;

use domain::guard::facts::Known;
use domain::guard::{Order, Permit};
use domain::ledger::{OperationId, Outcome};
use domain::operation::life::{Event, Stage};
use domain::operation::record::Record;
use domain::operation::rollout::{self, Turn};
use tokio::time::{Instant, sleep};

use super::Desk;
use super::press::{HELD_US, entry, state};
use crate::clock;
use crate::cluster::{Missed, Sent, Subject, Trace, Writer, glance, trace};
use crate::store::Held;

/// An order that could not leave within this time after it was recorded is not sent: somebody else may take it for lost.
const LEAVES_WITHIN: Duration = Duration::from_secs(15);
/// The time between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// How long an answering API server must not know of an order until it counts as never arrived: it ends what it was given
/// after 60 s itself.
const NEVER_AFTER: Duration = Duration::from_secs(65);
/// How far the API server's clock may be behind ours, in seconds.
const CLOCKS_APART_S: i64 = 1;
/// When people are told that it is not known, in seconds since it was sent.
const TELL_AFTER_S: i64 = 30;

/// What is only in the mind of whoever carries one on.
struct Carried {
    held: Held,
    /// What the database has.
    kept: Record,
    /// When that was written.
    kept_at: i64,
    /// The permit and the connection, while it may have to be given up.
    permit: Option<(Permit, Writer)>,
    /// When an answering API server did not know of it last.
    missed_at: Option<Instant>,
}

impl Desk {
    /// Sends an order that stands in the ledger, and follows it.
    pub(super) async fn send(self: Arc<Self>, mut held: Held, writer: &Writer, permit: Permit, begun: Instant) {
        let record = &mut held.record;
        let sent = writer.send(&permit, record.id, begun + LEAVES_WITHIN).await;
        let now = clock::now_ms() / 1000;
        let mut given_up = None;
        let happened = match sent {
            Sent::Accepted { generation } => {
                record.generation = generation;
                record.step(now, "The API server took it.");
                record.happen(&Event::Accept)
            }
            Sent::Refused(why) => {
                record.verdict = why.clone();
                record.step(now, why);
                record.happen(&Event::Refuse)
            }
            Sent::Overtaken { by } => {
                let why = self.overtaken(by, record).await;
                record.verdict = why.clone();
                record.step(now, why);
                record.happen(&Event::Refuse)
            }
            Sent::Unknown { why, version } => {
                record.version = version;
                record.step(now, why);
                given_up = Some((permit, writer.clone()));
                record.happen(&Event::LoseTrack)
            }
        };
        if let Err(obstacle) = happened {
            tracing::error!(operation = %record.id, "an operation went another way than it can: {obstacle}");
        }
        self.carry(held, given_up).await;
    }

    /// Says who was quicker.
    async fn overtaken(&self, by: Option<OperationId>, record: &Record) -> Arc<str> {
        let known = async { self.people.store().read().await?.operation(by.unwrap_or(record.id)).await };
        match known.await {
            Ok(Some(held)) if held.record.id != record.id => {
                let Record { by, .. } = &held.record;
                format!(
                    "Not sent: the object was changed since the plan was made, last by {}: {}. Look at the new plan.",
                    by.name,
                    held.record.title()
                )
                .into()
            }
            _ => "Not sent: the object was changed since the plan was made. Look at the new plan.".into(),
        }
    }

    /// Takes over what nobody carries on.
    pub(super) async fn round(self: &Arc<Self>) -> Result<(), crate::store::StoreError> {
        let now = clock::now_us();
        let open = self.people.store().read().await?.open_operations().await?;
        *self.stops.lock() =
            open.iter().filter_map(|held| Some((held.record.id, held.stopped_by.as_deref()?.into()))).collect();
        self.catch_up(&open).await?;
        for mut held in open {
            if held.held_until > now {
                // Somebody has it; their pages are here too.
                self.show(held.record);
                continue;
            }
            let mut write = self.people.store().write().await?;
            if !write.take_over_operation(&mut held, now + HELD_US).await? {
                continue;
            }
            write.commit().await?;
            tracing::info!(operation = %held.record.id, "taking over {}", held.record.title());
            if held.record.stage() == Stage::Sent {
                held.record.step(now / 1_000_000, "Whoever sent it ended before the answer came.");
                // From `Sent` it follows.
                let _ = held.record.happen(&Event::LoseTrack);
            }
            let desk = self.clone();
            self.carriers.spawn(async move { desk.carry(held, None).await });
        }
        Ok(())
    }

    /// Lets pages show the end of what another replica carried on: it is not among the `open` any more.
    async fn catch_up(&self, open: &[Held]) -> Result<(), crate::store::StoreError> {
        for id in self.shown_under_way() {
            if !open.iter().any(|held| held.record.id == id) {
                self.load(id).await?;
            }
        }
        Ok(())
    }

    /// Follows an operation to its end, or until this program ends or somebody else has it.
    async fn carry(self: Arc<Self>, held: Held, permit: Option<(Permit, Writer)>) {
        let kept = held.record.clone();
        let mut carried = Carried { held, kept, kept_at: 0, permit, missed_at: None };
        loop {
            // An end is shown once it is written.
            if carried.held.record.is_over() {
                return self.end(carried.held).await;
            }
            self.show(carried.held.record.clone());
            if !self.keep(&mut carried).await {
                return;
            }
            tokio::select! {
                () = self.cancel.cancelled() => return self.hand_over(carried).await,
                () = sleep(LOOK) => {}
            }
            match carried.held.record.stage() {
                Stage::Unknown => self.settle(&mut carried).await,
                _ => self.follow(&mut carried.held.record).await,
            }
        }
    }

    /// Writes down how far it is, where that is news. `false`: somebody else has it.
    async fn keep(&self, carried: &mut Carried) -> bool {
        let now = clock::now_us();
        let due = carried.kept_at + HELD_US / 3 < now;
        if !due && carried.kept == carried.held.record {
            return true;
        }
        carried.held.held_until = now + HELD_US;
        match self.write_down(&carried.held, None).await {
            Ok(true) => {
                (carried.kept, carried.kept_at) = (carried.held.record.clone(), now);
                true
            }
            Ok(false) => false,
            // It is tried again with the next look. Nobody else can take it while the database is away.
            Err(error) => {
                tracing::debug!("how an operation goes was not written down: {error}");
                true
            }
        }
    }

    async fn write_down(&self, held: &Held, outcome: Option<Outcome>) -> Result<bool, crate::store::StoreError> {
        let now = clock::now_us();
        let mut write = self.people.store().write().await?;
        if !write.keep_operation(held, now, None).await? {
            return Ok(false);
        }
        if let Some(outcome) = outcome {
            // The row is locked by now: an earlier try whose answer was lost has been written, or never will be.
            let known = write.entries_of(held.record.id).await?;
            if !known.iter().filter_map(|known| known.entry.as_ref()).any(|known| known.outcome == outcome) {
                write.append(&entry(&held.record, outcome, now)).await?;
            }
        }
        write.commit().await?;
        Ok(true)
    }

    /// Lets somebody else have it at once.
    async fn hand_over(&self, mut carried: Carried) {
        carried.held.held_until = 0;
        if let Err(error) = self.write_down(&carried.held, None).await {
            tracing::debug!("an operation was not handed over, it is taken over later: {error}");
        }
    }

    /// Finds out whether an order arrived.
    async fn settle(&self, carried: &mut Carried) {
        let found = self.found(carried).await;
        let now = clock::now_ms() / 1000;
        let record = &mut carried.held.record;
        let happened = match found {
            Some(Trace::Arrived { generation }) => {
                record.generation = generation;
                // Nothing is left of a pod that could hold an id.
                let is_eviction = matches!(record.order, Order::Evict { .. });
                record.step(
                    now,
                    if is_eviction {
                        "The pod has ended; whether by this is not known."
                    } else {
                        "It arrived: the object has its id."
                    },
                );
                record.happen(&Event::Find { arrived: true })
            }
            Some(Trace::Never) => {
                record.verdict = "It did not arrive: nothing was changed.".into();
                record.step(now, "It did not arrive, and cannot any more.");
                record.happen(&Event::Find { arrived: false })
            }
            Some(Trace::NotThere) | None => Ok(()),
        };
        if let Err(obstacle) = happened {
            tracing::error!(operation = %record.id, "an operation went another way than it can: {obstacle}");
        }
        if record.stage() == Stage::Unknown && !record.told_unknown && now - record.begun >= TELL_AFTER_S {
            record.told_unknown = true;
            record.step(now, "It is not known yet whether it arrived. It is looked for until that is known.");
            if let Err(error) = self.write_down(&carried.held, Some(Outcome::Unknown)).await {
                carried.held.record.told_unknown = false;
                tracing::debug!("that an operation is unknown was not written down: {error}");
            }
        }
    }

    async fn found(&self, carried: &mut Carried) -> Option<Trace> {
        let Record { target, order, id, version, begun, .. } = &carried.held.record;
        let reader = self.reader(&target.cluster).await.ok()?;
        // The API server's clock may be a little behind ours.
        let missed = Missed { target, order, id: *id, version: version.as_deref(), begun: *begun - CLOCKS_APART_S };
        let Ok(traced) = trace(&reader, missed).await else {
            carried.missed_at = None;
            return None;
        };
        if traced != Trace::NotThere {
            return Some(traced);
        }
        // With its permit it can be given up for good: then nothing that is still on its way is taken any more.
        if let (Some((permit, writer)), Some(version)) = (&carried.permit, version)
            && writer.give_up(permit, *id, version).await
        {
            return Some(Trace::Never);
        }
        // Only the time counts in which it answers: one that stands still goes on afterwards with what it was given. It is kept with
        // the record, for whoever takes it over.
        let now = Instant::now();
        if let Some(before) = carried.missed_at.replace(now) {
            let answered = (now - before).min(2 * LOOK);
            carried.held.record.missed_ms += u64::try_from(answered.as_millis()).unwrap_or(0);
        }
        (Duration::from_millis(carried.held.record.missed_ms) > NEVER_AFTER).then_some(Trace::Never)
    }

    /// Looks at what the controllers make of it.
    async fn follow(&self, record: &mut Record) {
        let now = clock::now_ms() / 1000;
        let reader = match self.reader(&record.target.cluster).await {
            Ok(reader) => reader,
            Err(why) => return record.step(now, format!("The cluster cannot be asked: {why}.")),
        };
        let target = record.target.clone();
        let subject = Subject { namespace: &target.namespace, kind: target.kind(), name: target.name(), backup: None };
        let (whole, pods) = glance(&reader, subject).await;
        let now = clock::now_ms() / 1000;
        let (whole, pods) = match (whole, pods) {
            (Ok(Some(whole)), Known::Read { value, .. }) => (whole, value),
            (Ok(None), _) => {
                record.verdict = "The object was deleted while this ran.".into();
                // From `Accepted` and `Running` it follows.
                let _ = record.happen(&Event::Fail);
                return;
            }
            (Err(why), _) | (_, Known::Unread(why)) => {
                return record.step(now, format!("How it goes is not known: {why}."));
            }
        };
        let workload = whole.facts(None);
        let sight = rollout::look(record, &workload, &pods, now);
        if record.progress != Some(sight.progress) {
            record.progressed_at = now;
        }
        if record.stage() == Stage::Accepted {
            let _ = record.happen(&Event::Progress);
            record.step(now, "The controllers are at it.");
        }
        if workload.generation > record.generation
            && let Some((who, at)) = &workload.changed
            && **who != *crate::cluster::MANAGER
            && *at >= record.begun
        {
            record.step(now, format!("{who} changed the object meanwhile."));
        }
        record.progress = Some(sight.progress);
        record.pods = sight.pods;
        match sight.turn {
            Turn::Running => {}
            Turn::Done(verdict) => {
                record.after = state(workload.ready, workload.wanted, &pods);
                record.step(now, verdict.clone());
                record.verdict = verdict.into();
                let _ = record.happen(&Event::Finish);
            }
            Turn::Failed { why, culprit } => {
                record.after = state(workload.ready, workload.wanted, &pods);
                if let Some((pod, container)) = culprit {
                    record.log = self.failed_log(&reader, &target, &pod, &container).await;
                }
                record.step(now, why.clone());
                record.verdict = why.into();
                let _ = record.happen(&Event::Fail);
            }
        }
    }
}

/// Whether what was done shows only later how it was: then it is watched.
pub(super) fn is_watched(record: &Record) -> bool {
    let acted = matches!(record.stage(), Stage::Done | Stage::Failed);
    acted && record.tier == domain::registry::Tier::Production && !matches!(record.order, Order::Range { .. })
}
