//! The seven checks: run for each environment on a schedule and on demand, kept, and shown.
//!
//! What each asks is in `checks/ask.rs`; what it then finds is decided by `domain::check`.

mod ask;
mod board;
mod figures;
mod http;
mod postgres;
mod redis;
pub mod secret;
mod services;
mod station;
pub mod wire;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::check::history::{History, MOST_SPOKEN_US, Past, REACH_US, Sample};
use domain::check::{CheckKind, CheckResult};
use domain::name::EnvironmentId;
use domain::registry::Registry;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use ask::Means;
pub use board::CheckBoard;
pub use secret::OwnFiles;
pub use wire::Reach;

use crate::cluster::Clusters;
use crate::rows::Rows;
use crate::store::{Store, StoreError};
use station::{Station, again_and_again};

/// The most checks that ask somebody at once, over all environments.
pub const MOST_AT_ONCE: usize = 8;
/// Time between two runs of an environment that somebody asked for.
const BETWEEN_RUNS: Duration = Duration::from_secs(5);
/// How long whoever asked waits for the end of a run: as long as two answers that never come.
const LONGEST_RUN: Duration = Duration::from_secs(12);
/// Results that are read from the database at once.
const PAGE: i64 = 2_000;

/// The checks of all environments.
pub struct Checks {
    means: Means,
    store: Store,
    permits: Semaphore,
    /// The past is read for one who looks at a time: it takes a connection of the few that everybody reads by.
    past_permit: Semaphore,
    stations: Mutex<HashMap<EnvironmentId, Arc<Station>>>,
    /// Whether the database took the last results: what is said once is not said with each round.
    writes: Mutex<bool>,
}

/// Why the checks of an environment were not run when somebody asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RunRefusal {
    /// No such environment.
    #[error("there is no such environment")]
    Absent,
    /// Somebody asked a moment ago.
    #[error("the checks ran a moment ago: wait {} s", BETWEEN_RUNS.as_secs())]
    TooSoon,
    /// They have not ended.
    #[error("the checks are still running")]
    Slow,
}

impl Checks {
    /// Checks of what is registered, asked by `reach`. Nothing is asked before [`Self::run`].
    pub fn new(rows: Arc<Rows>, clusters: Arc<Clusters>, store: Store, reach: Reach) -> Self {
        Self {
            means: Means { rows, clusters, reach, own: OwnFiles::default() },
            store,
            permits: Semaphore::new(MOST_AT_ONCE),
            past_permit: Semaphore::new(1),
            stations: Mutex::default(),
            writes: Mutex::new(true),
        }
    }

    /// The same, which reads none of the program's own files as a credential.
    pub fn sparing(mut self, own: OwnFiles) -> Self {
        self.means.own = own;
        self
    }

    /// Runs them until cancelled, and follows the registry.
    pub async fn run(self: Arc<Self>, mut registry: watch::Receiver<Arc<Registry>>, cancel: CancellationToken) {
        let mut tasks = JoinSet::new();
        loop {
            let current = registry.borrow_and_update().clone();
            self.follow(&current, &mut tasks, &cancel);
            while tasks.try_join_next().is_some() {}
            tokio::select! {
                () = cancel.cancelled() => break,
                changed = registry.changed() => if changed.is_err() { break },
            }
        }
        cancel.cancelled().await;
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                warn!("the checks of an environment failed: {error}");
            }
        }
    }

    /// Begins with what is new, ends what is gone, and has the others look at what is declared now.
    fn follow(self: &Arc<Self>, registry: &Arc<Registry>, tasks: &mut JoinSet<()>, cancel: &CancellationToken) {
        let mut stations = self.stations.lock();
        stations.retain(|id, station| {
            let is_there = registry.environment(id).is_some();
            if !is_there {
                station.gone.cancel();
            }
            is_there
        });
        self.means.rows.check_board().keep(registry);
        for (system, environment) in registry.environments() {
            let id = system.environment_id(environment);
            let known = stations.entry(id.clone());
            let station = match known {
                std::collections::hash_map::Entry::Occupied(known) => {
                    known.get().declared.send_if_modified(|declared| {
                        let differs = declared != environment;
                        declared.clone_from(environment);
                        differs
                    });
                    continue;
                }
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(Arc::new(Station::new(id, environment.clone(), cancel.child_token()))).clone()
                }
            };
            let checks = self.clone();
            tasks.spawn(async move { again_and_again(&station.id, || checks.attend(&station)).await });
        }
    }

    /// What was found last, in the order of the checks. Empty until they have run.
    pub fn latest(&self, environment: &EnvironmentId) -> Vec<CheckResult> {
        self.means.rows.check_board().latest(environment)
    }

    /// Runs all checks of an environment now and waits for them.
    ///
    /// # Errors
    ///
    /// A [`RunRefusal`]; unless it is [`RunRefusal::Slow`], nothing was asked.
    pub async fn run_now(&self, environment: &EnvironmentId) -> Result<(), RunRefusal> {
        let station = self.stations.lock().get(environment).cloned().ok_or(RunRefusal::Absent)?;
        {
            let (mut asked, now) = (station.asked.lock(), Instant::now());
            if asked.is_some_and(|last| now.duration_since(last) < BETWEEN_RUNS) {
                return Err(RunRefusal::TooSoon);
            }
            *asked = Some(now);
        }
        let mut answered = station.answered.subscribe();
        let mut number = 0;
        station.wanted.send_modify(|wanted| {
            *wanted += 1;
            number = *wanted;
        });
        let done = timeout(LONGEST_RUN, answered.wait_for(|answered| *answered >= number)).await;
        done.map_err(|_| RunRefusal::Slow)?.map(|_| ()).map_err(|_| RunRefusal::Absent)
    }

    /// The past of a check, with what every replica wrote; where the database does not answer, as far as it is known here. `now`:
    /// microseconds since 1970.
    pub async fn history(&self, environment: &EnvironmentId, kind: CheckKind, now: i64) -> Past {
        let station = self.stations.lock().get(environment).cloned();
        let Some(station) = station else { return Past::of(kind, &History::default(), now) };
        let mut histories = station.histories.lock().await;
        let history = histories.entry(kind).or_default();
        if let Err(error) = self.bring_up(environment, kind, history, now).await {
            tracing::debug!("the past of a check is not read: {error}");
        }
        // What could not be written yet belongs to it all the same.
        let mut history = history.clone();
        let unsaved = station.unsaved.lock();
        unsaved.iter().filter(|result| result.kind == kind).for_each(|result| history.add(Sample::from(result)));
        Past::of(kind, &history, now)
    }

    /// Reads what was written since, a page at a time; at first how the hours were spent that are summed up, and what came after.
    async fn bring_up(
        &self,
        environment: &EnvironmentId,
        kind: CheckKind,
        history: &mut History,
        now: i64,
    ) -> Result<(), StoreError> {
        let _permit = self.past_permit.acquire().await;
        let mut after = match history.newest() {
            Some(newest) => newest,
            None => {
                let reach = now.saturating_sub(REACH_US);
                let mut read = self.store.read().await?;
                let (until, hours) = read.check_hours(environment, kind, reach).await?;
                *history = History::since(until, hours);
                // Whoever is asked seldom has results on the strip that are older.
                let strip = read.check_strip_begin(environment, kind).await?;
                let begin = strip.map_or(reach, |oldest| oldest.min(until.saturating_sub(MOST_SPOKEN_US)));
                begin.saturating_sub(1).max(reach)
            }
        };
        loop {
            // A connection for each page: others read in between.
            let samples = self.store.read().await?.check_samples(environment, kind, after, PAGE).await?;
            let is_last = samples.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            samples.into_iter().for_each(|sample| history.add(sample));
            match history.newest() {
                Some(newest) if !is_last => after = newest,
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// Keeps results. While the database cannot be written they stay here, and are written with the next that can.
    async fn keep(&self, station: &Station, results: &[CheckResult]) {
        let waiting = {
            let mut unsaved = station.unsaved.lock();
            unsaved.extend_from_slice(results);
            let surplus = unsaved.len().saturating_sub(station::MOST_UNSAVED);
            unsaved.drain(..surplus);
            unsaved.clone()
        };
        let written = async {
            let mut write = self.store.write().await?;
            write.add_check_results(&station.id, &waiting).await?;
            write.commit().await
        };
        let written: Result<(), StoreError> = written.await;
        if written.is_ok() {
            // Only this task adds to them.
            station.unsaved.lock().clear();
        }
        let wrote = std::mem::replace(&mut *self.writes.lock(), written.is_ok());
        match written {
            Err(error) if wrote => warn!("results of checks are not written, and kept in memory: {error}"),
            Ok(()) if !wrote => info!("results of checks are written again"),
            Ok(()) | Err(_) => {}
        }
    }
}
