//! The checks of one environment: when each is due, and what a round of them does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::check::history::History;
use domain::check::pace::{jittered_ms, pause_s};
use domain::check::{CheckKind, CheckResult};
use domain::name::EnvironmentId;
use domain::registry::Environment;
use futures::future::join_all;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Checks;
use crate::clock;
use crate::people::token::random;

/// The most results that wait for the database: of an hour and more.
pub(super) const MOST_UNSAVED: usize = 1_000;
/// How long after the start the first round is, at most: the clusters are read first.
const FIRST_MS: u32 = 3_000;
/// What is due so soon is asked along.
const ALONG: Duration = Duration::from_secs(1);

/// An environment that is checked.
pub(super) struct Station {
    /// Which.
    pub id: EnvironmentId,
    /// As it is declared now.
    pub declared: watch::Sender<Environment>,
    /// Cancelled when it is not registered any more, and with the program.
    pub gone: CancellationToken,
    /// Counts the runs that somebody asked for.
    pub wanted: watch::Sender<u64>,
    /// The number of the last of these that has ended.
    pub answered: watch::Sender<u64>,
    /// When somebody asked last.
    pub asked: Mutex<Option<Instant>>,
    /// What was read of the past.
    pub histories: tokio::sync::Mutex<BTreeMap<CheckKind, History>>,
    /// What could not be written yet, oldest first.
    pub unsaved: Mutex<Vec<CheckResult>>,
}

impl Station {
    /// One that was never asked.
    pub fn new(id: EnvironmentId, declared: Environment, gone: CancellationToken) -> Self {
        Self {
            id,
            declared: watch::Sender::new(declared),
            gone,
            wanted: watch::Sender::new(0),
            answered: watch::Sender::new(0),
            asked: Mutex::default(),
            histories: tokio::sync::Mutex::default(),
            unsaved: Mutex::default(),
        }
    }
}

/// When a check is run next.
#[derive(Clone, Copy)]
struct Turn {
    due: Instant,
    /// How often it has failed in a row.
    failures: u32,
}

impl Checks {
    /// Runs the checks of an environment until it is gone.
    pub(super) async fn attend(self: Arc<Self>, station: Arc<Station>) {
        let first = Instant::now() + Duration::from_millis(u64::from(dice() % FIRST_MS));
        let mut turns: BTreeMap<CheckKind, Turn> =
            CheckKind::ALL.into_iter().map(|kind| (kind, Turn { due: first, failures: 0 })).collect();
        let mut declared = station.declared.subscribe();
        let mut wanted = station.wanted.subscribe();
        loop {
            let next = turns.values().map(|turn| turn.due).min().unwrap_or(first);
            let all = tokio::select! {
                () = station.gone.cancelled() => return,
                changed = declared.changed() => changed.is_ok(),
                changed = wanted.changed() => changed.is_ok(),
                () = sleep_until(next) => false,
            };
            let number = *wanted.borrow_and_update();
            let environment = declared.borrow_and_update().clone();
            let soon = Instant::now() + ALONG;
            let kinds: Vec<CheckKind> =
                turns.iter().filter(|(_, turn)| all || turn.due <= soon).map(|(kind, _)| *kind).collect();
            let round = async {
                let results = self.round(&station.id, &environment, &kinds, &mut turns).await;
                self.means.rows.check_board().put(&station.id, &results);
                self.means.rows.poke();
                station.answered.send_replace(number);
                self.keep(&station, &results).await;
            };
            tokio::select! {
                () = station.gone.cancelled() => return,
                () = round => {}
            }
        }
    }

    /// Runs some checks beside each other.
    async fn round(
        &self,
        id: &EnvironmentId,
        declared: &Environment,
        kinds: &[CheckKind],
        turns: &mut BTreeMap<CheckKind, Turn>,
    ) -> Vec<CheckResult> {
        let every = declared.checks.interval_s();
        let asked = kinds.iter().map(|kind| async {
            let _permit = self.permits.acquire().await;
            let at = clock::now_us();
            let (verdict, latency_ms) = self.means.ask(*kind, id, declared).await;
            (*kind, at, verdict, latency_ms)
        });
        let mut results = Vec::with_capacity(kinds.len());
        for (kind, at, verdict, latency_ms) in join_all(asked).await {
            let before = turns.get(&kind).map_or(0, |turn| turn.failures);
            let failures = if verdict.outcome.works() == Some(true) { 0 } else { before.saturating_add(1) };
            let pause_s = pause_s(kind, verdict.outcome, failures, every);
            let due = Instant::now() + Duration::from_millis(jittered_ms(pause_s, dice()));
            turns.insert(kind, Turn { due, failures });
            let (outcome, sentence) = (verdict.outcome, verdict.sentence);
            results.push(CheckResult { kind, at, outcome, sentence, latency_ms, pause_s });
        }
        results
    }
}

fn dice() -> u32 {
    u32::from_be_bytes(random())
}
