//! Carrying a reset on: the one transaction, finding out whether it was committed, and what is left to do after it.

use std::sync::Arc;
use std::time::Duration;

use domain::check::Outcome as Checked;
use domain::demo_data::guard::Permit;
use domain::demo_data::record::{Cache, Kind, Passwords, Record};
use domain::demo_data::step::Step;
use domain::ledger::Outcome;
use domain::operation::life::{Event, Stage};
use domain::registry::demo_data::DemoCache;
use sqlx::Row as _;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::passwords::{Columns, Ready};
use super::press::{HELD_US, PasswordWish, entry};
use super::reset::{Done, Order, PasswordOrder, Settled, reset, settle};
use super::{DemoData, cache, open, wanted};
use crate::clock;
use crate::postgres::Link;
use crate::store::{HeldReset, StoreError};

/// How often whoever carries one on says so.
const RENEW: Duration = Duration::from_secs(3);
/// The time between two tries of what does not work yet, at first and at most.
const PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a transaction may take in all. The server gives up each statement before.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// How long what is asked of a database after it may take.
const SHORT: Duration = Duration::from_secs(30);
/// After how many seconds it is given up that nobody can say any more whether it was committed.
const GIVE_UP_S: i64 = 600;
/// How long a transaction may go on when the program is asked to end.
const FAREWELL: Duration = Duration::from_secs(8);

/// What a reset is begun with. Whoever takes one over has neither.
pub(super) struct Begin {
    pub(super) permit: Permit,
    pub(super) wish: PasswordWish,
}

/// What is only in the mind of whoever carries one on.
struct Carried {
    held: HeldReset,
    /// What the database has.
    kept: Record,
    /// When that was written, microseconds since 1970.
    kept_at: i64,
}

/// Why nothing was done, or that it is not known whether it was.
enum Trouble {
    /// Nothing: a sentence.
    Nothing(String),
    /// Only the database knows.
    Unknown(String),
}

/// Why it was not found out whether a reset was committed.
enum NotSettled {
    /// Not now: a sentence.
    Later(String),
    /// There is nobody to ask.
    Nowhere,
}

/// Whether a reset is still ours to carry on.
#[derive(PartialEq, Eq)]
enum Ours {
    Yes,
    No,
}

impl DemoData {
    /// Takes over what nobody carries on.
    pub(super) async fn take_over(self: &Arc<Self>) -> Result<(), StoreError> {
        let now = clock::now_us();
        let open = self.people.store().read().await?.open_resets().await?;
        let is_free = |held: &HeldReset| held.held_until <= now && !self.carried.lock().contains(&held.record.id);
        for mut held in open.into_iter().filter(is_free) {
            let mut write = self.people.store().write().await?;
            if !write.take_over_reset(&mut held, now + HELD_US).await? {
                write.rollback().await?;
                continue;
            }
            write.commit().await?;
            tracing::info!(reset = %held.record.id, "taking over: {}", held.record.title());
            if held.record.stage() == Stage::Sent {
                // From `Sent` it follows.
                let _ = held.record.happen(&Event::LoseTrack);
            }
            let this = self.clone();
            self.carriers.spawn(async move { this.carry(held, None).await });
        }
        Ok(())
    }

    /// Follows a reset to its end, or until this program ends or somebody else has it.
    pub(super) async fn carry(self: Arc<Self>, held: HeldReset, begin: Option<Begin>) {
        let id = held.record.id;
        let is_new = self.carried.lock().insert(id);
        if is_new {
            self.clone().follow(held, begin).await;
            self.carried.lock().remove(&id);
        }
    }

    async fn follow(self: Arc<Self>, held: HeldReset, mut begin: Option<Begin>) {
        let kept = held.record.clone();
        let mut carried = Carried { held, kept, kept_at: 0 };
        let mut pause = PAUSE;
        loop {
            if carried.held.record.is_over() {
                return self.end(carried.held).await;
            }
            if self.keep(&mut carried).await == Ours::No {
                return;
            }
            let before = (carried.held.record.stage(), carried.held.record.cache);
            match (carried.held.record.stage(), begin.take()) {
                (Stage::Sent, Some(begin)) => {
                    if self.attempt(&mut carried, begin).await == Ours::No {
                        return;
                    }
                }
                (Stage::Unknown, _) => self.find_out(&mut carried).await,
                (Stage::Accepted | Stage::Running, _) => self.finish(&mut carried).await,
                (stage, _) => {
                    tracing::error!(reset = %carried.held.record.id, "a reset is at {stage:?} and nobody knows how");
                    let _ = carried.held.record.happen(&Event::LoseTrack);
                }
            }
            if (carried.held.record.stage(), carried.held.record.cache) != before {
                pause = PAUSE;
                continue;
            }
            if self.keep(&mut carried).await == Ours::No {
                return;
            }
            tokio::select! {
                () = self.cancel.cancelled() => return self.hand_over(carried).await,
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }

    /// Writes down how far it is, where that is news or the time has come.
    async fn keep(&self, carried: &mut Carried) -> Ours {
        let now = clock::now_us();
        let is_due = carried.kept_at + HELD_US / 3 < now;
        if !is_due && carried.kept == carried.held.record {
            return Ours::Yes;
        }
        carried.held.held_until = now + HELD_US;
        match self.write_down(&carried.held, None).await {
            Ok(true) => {
                (carried.kept, carried.kept_at) = (carried.held.record.clone(), now);
                self.rows.poke();
                Ours::Yes
            }
            Ok(false) => Ours::No,
            // It is tried again with the next look. Nobody else can take it while the database is away.
            Err(error) => {
                tracing::debug!("how a reset goes was not written down: {error}");
                Ours::Yes
            }
        }
    }

    async fn write_down(&self, held: &HeldReset, outcome: Option<Outcome>) -> Result<bool, StoreError> {
        let now = clock::now_us();
        let mut write = self.people.store().write().await?;
        if !write.keep_reset(held, now).await? {
            write.rollback().await?;
            return Ok(false);
        }
        if let Some(outcome) = outcome {
            write.append(&entry(&held.record, outcome, now)).await?;
        }
        write.commit().await?;
        Ok(true)
    }

    /// Lets somebody else have it at once.
    async fn hand_over(&self, mut carried: Carried) {
        carried.held.held_until = 0;
        if let Err(error) = self.write_down(&carried.held, None).await {
            tracing::debug!("a reset was not handed over, it is taken over later: {error}");
        }
    }

    /// The one try. While it goes on, others are told so; it does not wait for that, because others wait for its locks.
    async fn attempt(self: &Arc<Self>, carried: &mut Carried, begin: Begin) -> Ours {
        let (steps, mut reached) = unbounded_channel();
        let work = {
            let (this, record) = (self.clone(), carried.held.record.clone());
            tokio::spawn(async move { this.transact(&record, begin, steps).await })
        };
        // Where somebody else has it by now, what was not committed is taken back with the connection.
        let mut work = AbortOnDropHandle::new(work);
        let ended = async {
            self.cancel.cancelled().await;
            sleep(FAREWELL).await;
        };
        tokio::pin!(ended);
        let mut renew = interval(RENEW);
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let done = loop {
            tokio::select! {
                done = &mut work => break done.unwrap_or_else(|_| Err(Trouble::Unknown("a fault of the program".to_owned()))),
                Some(step) = reached.recv() => carried.held.record.reach(step, clock::now_ms() / 1000),
                () = &mut ended => break Err(Trouble::Unknown("the program was asked to end".to_owned())),
                _ = renew.tick() => {}
            }
            while let Ok(step) = reached.try_recv() {
                carried.held.record.reach(step, clock::now_ms() / 1000);
            }
            if self.keep(carried).await == Ours::No {
                return Ours::No;
            }
        };
        drop(work);
        while let Ok(step) = reached.try_recv() {
            carried.held.record.reach(step, clock::now_ms() / 1000);
        }
        let record = &mut carried.held.record;
        let happened = match done {
            Ok(Done { before, after, passwords }) => {
                (record.before, record.after) = (before, after);
                record.passwords = match record.passwords {
                    Passwords::None => Passwords::None,
                    Passwords::Made(_) => Passwords::Made(passwords),
                    Passwords::Kept(_) => Passwords::Kept(passwords),
                };
                record.happen(&Event::Accept)
            }
            Err(Trouble::Nothing(why)) => {
                record.verdict = format!("Nothing was changed: {why}.").into();
                record.happen(&Event::Refuse)
            }
            Err(Trouble::Unknown(why)) => {
                record.waiting = format!("It is not known yet whether it was committed: {why}.").into();
                record.happen(&Event::LoseTrack)
            }
        };
        if let Err(obstacle) = happened {
            tracing::error!(reset = %record.id, "a reset went another way than it can: {obstacle}");
        }
        Ours::Yes
    }

    /// Everything in the one transaction.
    async fn transact(&self, record: &Record, begin: Begin, steps: UnboundedSender<Step>) -> Result<Done, Trouble> {
        let Begin { permit, wish } = begin;
        let nothing = |why: String| Trouble::Nothing(why);
        // Nobody listens any more only where nobody wants it any more.
        let progress = |step| _ = steps.send(step);
        progress(Step::Connect);
        if let Some(why) = self.registry_trouble() {
            return Err(nothing(format!("the registry file's newest version is not in use: {why}")));
        }
        let gone = || nothing("the registry declares no demo data here any more".to_owned());
        let (environment, declared) = self.declared(permit.environment()).ok_or_else(gone)?;
        if environment.tier != permit.tier() {
            return Err(nothing("the registry says another tier than it did when the plan was made".to_owned()));
        }
        let seed = self.seed(&declared).map_err(|error| nothing(error.to_string()))?;
        if seed.manifest.version != record.version {
            return Err(nothing("the seed was changed since the plan was made: look at it again".to_owned()));
        }
        let columns = match &declared.passwords {
            Some(passwords) => {
                Some((Columns::of(passwords, &seed).map_err(|error| nothing(error.to_string()))?, passwords.scheme))
            }
            None => None,
        };
        // Before anything is locked: each takes a tenth of a second.
        let passwords = match (wish, columns) {
            (PasswordWish::None, _) | (_, None) => PasswordOrder::None,
            (PasswordWish::Keep, Some((columns, _))) => PasswordOrder::Keep(columns),
            (PasswordWish::Make(key), Some((columns, scheme))) => {
                let count = columns.most(&seed);
                let ready = Ready::make(columns, scheme, count, key).await;
                PasswordOrder::Make(ready.map_err(|error| nothing(error.to_string()))?)
            }
        };
        let wanted = wanted(permit.environment(), &environment, &declared, &seed);
        let order = Order {
            id: record.id,
            permit: &permit,
            wanted: &wanted,
            server: &record.server,
            seed: &seed,
            day: &record.day,
            zone: &environment.time_zone,
            by: &record.by.name,
            planned: &record.planned,
            passwords,
            prefix: declared.redis.as_ref().map(|redis| redis.prefix.as_str()),
        };
        let link = open::database(&self.reach, &self.own, &declared.database).await;
        let mut link = link.map_err(|error| nothing(format!("the database cannot be reached: {error}")))?;
        let done = timeout(LONGEST, reset(&mut link.connection, &order, progress)).await;
        // A server that says nothing any more is not known to have done nothing.
        let done = done.map_err(|_| Trouble::Unknown("the database does not answer".to_owned()))?;
        link.close().await;
        done.map_err(|trouble| {
            let is_unknown = trouble.is_unknown();
            let why = trouble.to_string();
            if is_unknown { Trouble::Unknown(why) } else { Trouble::Nothing(why) }
        })
    }

    /// Does something that may take its time, and says meanwhile that it is still carried on. `None`: somebody else has it by now.
    async fn renewing<T>(&self, carried: &mut Carried, work: impl Future<Output = T>) -> Option<T> {
        let mut renew = interval(RENEW);
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Some(done),
                _ = renew.tick() => if self.keep(carried).await == Ours::No {
                    return None;
                },
            }
        }
    }

    /// Asks the database whether a reset was committed.
    async fn find_out(&self, carried: &mut Carried) {
        let record = carried.held.record.clone();
        let asked = async {
            let (_, declared) = self.declared(&record.environment).ok_or(NotSettled::Nowhere)?;
            let link = open::database(&self.reach, &self.own, &declared.database).await;
            let mut link = link.map_err(|error| NotSettled::Later(error.to_string()))?;
            let settled = settle(&mut link.connection, record.id, (&record.server, &record.database)).await;
            link.close().await;
            settled.map_err(|error| match error {
                sqlx::Error::Database(error) => match error.code().as_deref() {
                    Some("55P03") => NotSettled::Later("the database is still at it".to_owned()),
                    // Made anew, and not enrolled.
                    Some("42P01" | "3F000") => NotSettled::Nowhere,
                    _ => NotSettled::Later("the database does not say".to_owned()),
                },
                _ => NotSettled::Later("the connection broke".to_owned()),
            })
        };
        let asked = async {
            let slow = |_| Err(NotSettled::Later(format!("no answer within {} s", SHORT.as_secs())));
            timeout(SHORT, asked).await.unwrap_or_else(slow)
        };
        let Some(settled) = self.renewing(carried, asked).await else { return };
        let now = clock::now_ms() / 1000;
        let record = &mut carried.held.record;
        let happened = match settled {
            Ok(Settled::Committed(before)) => {
                record.before = before;
                record.waiting = "".into();
                record.reach(Step::Commit, now);
                record.happen(&Event::Find { arrived: true })
            }
            Ok(Settled::Never) => {
                record.verdict = "Nothing was changed: it was not committed, and cannot be any more.".into();
                record.happen(&Event::Find { arrived: false })
            }
            Ok(Settled::Elsewhere) | Err(NotSettled::Nowhere) => {
                let why = "the registry does not lead to the database any more in which it was begun";
                record.waiting = format!("It is not known whether it was committed: {why}.").into();
                if now - record.begun > GIVE_UP_S {
                    record.verdict = format!("Nobody can say whether it was committed: {why}.").into();
                    record.happen(&Event::Fail)
                } else {
                    Ok(())
                }
            }
            Err(NotSettled::Later(why)) => {
                record.waiting = format!("It is not known yet whether it was committed: {why}.").into();
                Ok(())
            }
        };
        if let Err(obstacle) = happened {
            tracing::error!(reset = %record.id, "a reset went another way than it can: {obstacle}");
        }
    }

    /// What is left to do once it was committed: the cache, and a look at how the environment is.
    async fn finish(&self, carried: &mut Carried) {
        if carried.held.record.stage() == Stage::Accepted {
            // From `Accepted` it follows.
            let _ = carried.held.record.happen(&Event::Progress);
            self.stale.notify_one();
        }
        match carried.held.record.cache {
            Cache::None | Cache::Cleared(_) => {}
            Cache::Waiting => {
                carried.held.record.reach(Step::ClearCache, clock::now_ms() / 1000);
                if self.keep(carried).await == Ours::No {
                    return;
                }
                let record = carried.held.record.clone();
                let Some(cleared) = self.renewing(carried, self.clear_cache(&record)).await else { return };
                match cleared {
                    Ok(cleared) => {
                        carried.held.record.cache = cleared;
                        carried.held.record.waiting = "".into();
                    }
                    Err(why) => {
                        let waiting =
                            "The data are new; the cache holds old ones still and is cleared as soon as it can be";
                        carried.held.record.waiting = format!("{waiting}: {why}.").into();
                        return;
                    }
                }
            }
        }
        carried.held.record.reach(Step::Check, clock::now_ms() / 1000);
        if self.keep(carried).await == Ours::No {
            return;
        }
        let record = carried.held.record.clone();
        let looked = async {
            let health = self.health(&record).await;
            // Whoever did it did not come to say so; that the rows are right was a part of the transaction.
            let rows = if record.after.is_empty() { self.rows_of(&record).await } else { None };
            // What was read of the old rows a moment before they were gone may have been written into the cache since.
            let late = match record.cache {
                Cache::Cleared(_) => self.clear_again(&record).await,
                Cache::None | Cache::Waiting => 0,
            };
            (health, rows, late)
        };
        let Some((health, rows, late)) = self.renewing(carried, looked).await else { return };
        let record = &mut carried.held.record;
        record.health = health.into();
        record.after = rows.unwrap_or_else(|| std::mem::take(&mut record.after));
        if let Cache::Cleared(keys) = record.cache {
            record.cache = Cache::Cleared(keys.saturating_add(late));
        }
        record.verdict = verdict(record).into();
        let _ = record.happen(&Event::Finish);
    }

    /// Clears what the cache holds of old rows, by the row that was committed with the new ones.
    async fn clear_cache(&self, record: &Record) -> Result<Cache, String> {
        // Whoever takes the demo data out of the registry does not want it cleared any more.
        let Some((_, declared)) = self.declared(&record.environment) else { return Ok(Cache::None) };
        let link = open::database(&self.reach, &self.own, &declared.database).await;
        let mut link = link.map_err(|error| format!("the database: {error}"))?;
        let cleared = timeout(LONGEST, self.clear(&mut link, record, declared.redis.as_ref())).await;
        link.close().await;
        cleared.unwrap_or_else(|_| Err("it takes too long".to_owned()))
    }

    async fn clear(&self, link: &mut Link, record: &Record, redis: Option<&DemoCache>) -> Result<Cache, String> {
        let broke = |_| "the connection to the database broke".to_owned();
        let row = sqlx::query("select prefix from quarterdeck.outbox where id = $1")
            .persistent(false)
            .bind(record.id.to_string())
            .fetch_optional(&mut link.connection)
            .await
            .map_err(broke)?;
        let row = row.ok_or("the registry does not lead to the database any more in which it was begun")?;
        let prefix: String = row.try_get("prefix").map_err(broke)?;
        // A Redis that was taken out of the registry holds nothing that is read.
        let cleared = match redis {
            Some(redis) => {
                let keys = cache::clear(&self.reach, &self.own, redis, &prefix).await;
                Cache::Cleared(keys.map_err(|error| error.to_string())?)
            }
            None => Cache::None,
        };
        sqlx::query("update quarterdeck.outbox set cleared_at = now() where id = $1 and cleared_at is null")
            .persistent(false)
            .bind(record.id.to_string())
            .execute(&mut link.connection)
            .await
            .map_err(broke)?;
        Ok(cleared)
    }

    /// Clears once more; what does not work then is let be.
    async fn clear_again(&self, record: &Record) -> u64 {
        match timeout(SHORT, self.clear_cache(record)).await {
            Ok(Ok(Cache::Cleared(keys))) => keys,
            Ok(Ok(Cache::None | Cache::Waiting) | Err(_)) | Err(_) => 0,
        }
    }

    /// How the environment is, in a sentence.
    async fn health(&self, record: &Record) -> String {
        // One that was run a moment ago, or takes its time, is as good: what was found last is told with its age elsewhere.
        let _ = timeout(Duration::from_secs(15), self.checks.run_now(&record.environment)).await;
        let mut found = self.checks.latest(&record.environment);
        found.retain(|result| result.outcome != Checked::NotConfigured);
        let bad: Vec<&str> = found
            .iter()
            .filter(|result| result.outcome == Checked::Failed)
            .map(|result| result.sentence.trim_end_matches('.'))
            .collect();
        match (found.len(), bad.is_empty()) {
            (0, _) => "Nothing of its health is checked.".to_owned(),
            (_, true) => "No check of its health fails.".to_owned(),
            (_, false) => format!("{}.", bad.join("; ")),
        }
    }

    async fn rows_of(&self, record: &Record) -> Option<std::collections::BTreeMap<String, u64>> {
        let (environment, declared) = self.declared(&record.environment)?;
        let seed = self.seed(&declared);
        let seen = self.look(&record.environment, &environment, &declared, &seed).await;
        seen.sight.ok().map(|sight| sight.rows())
    }

    /// Writes an end down, in the row and in the ledger at once. It is tried until it works or the program ends; then whoever takes the
    /// reset over finds the same end.
    pub(super) async fn end(&self, mut held: HeldReset) {
        held.record.ended = Some(clock::now_ms() / 1000);
        held.record.waiting = "".into();
        let outcome = match held.record.stage() {
            Stage::Done => Outcome::Done,
            Stage::Refused | Stage::Expired => Outcome::Refused,
            // It fails where nobody can say what came of it.
            Stage::Failed => Outcome::Unknown,
            Stage::Planned
            | Stage::Awaiting
            | Stage::Claimed
            | Stage::Sent
            | Stage::Accepted
            | Stage::Running
            | Stage::Unknown => Outcome::Failed,
        };
        let mut pause = PAUSE;
        loop {
            match self.write_down(&held, Some(outcome)).await {
                // Where somebody else has it, or an earlier try was written whose answer was lost, the row says.
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(reset = %held.record.id, "its end is not written down yet: {error}");
                }
            }
            tokio::select! {
                () = self.cancel.cancelled() => return,
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
        tracing::info!(reset = %held.record.id, "{}: {}", held.record.title(), held.record.verdict);
        self.stale.notify_one();
        self.rows.poke();
    }
}

/// What came of it, in sentences.
fn verdict(record: &Record) -> String {
    let rows: u64 = record.after.values().sum();
    let mut said = match record.kind {
        Kind::Reset => format!("{rows} rows of seed version {} in {} tables.", record.version, record.after.len()),
        Kind::Undo { .. } => format!("{rows} rows in {} tables are as they were before the reset.", record.after.len()),
    };
    match record.passwords {
        Passwords::None => {}
        Passwords::Made(people) => said.push_str(&format!(" {people} new passwords.")),
        Passwords::Kept(people) => said.push_str(&format!(" {people} passwords kept.")),
    }
    match record.cache {
        Cache::None | Cache::Waiting => {}
        Cache::Cleared(keys) => said.push_str(&format!(" {keys} keys taken out of the cache.")),
    }
    if !record.health.is_empty() {
        said.push(' ');
        said.push_str(&record.health);
    }
    said
}
