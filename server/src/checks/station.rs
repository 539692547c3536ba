//! The checks of one environment: when each is due, and what a round of them does.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use domain::check::history::History;
use domain::check::pace::{asks_others, jittered_ms, may_be_asked, pause_s};
use domain::check::{CheckKind, CheckResult, Verdict};
use domain::name::EnvironmentId;
use domain::registry::Environment;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Checks;
use crate::clock;
use crate::people::token::random;

/// The most results that wait for the database: of an hour and more.
pub(super) const MOST_UNSAVED: usize = 1_000;
/// How long after the start the first round is, at most: the clusters are read first.
const FIRST_MS: u32 = 3_000;
/// What is due so soon is asked along.
const ALONG: Duration = Duration::from_secs(1);
/// The most checks of an environment that ask somebody at once.
const MOST_AT_ONCE: usize = 2;
/// Time after a fault until an environment is checked again.
const AFTER_FAULT: Duration = Duration::from_secs(5);

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
    /// For those of its checks that ask somebody.
    pub permits: Semaphore,
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
            permits: Semaphore::new(MOST_AT_ONCE),
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
    /// When our credential was not taken, if it was not the last time.
    locked_out: Option<Instant>,
}

impl Turn {
    /// Whether it takes part in a round.
    fn is_on(self, why: Why, now: Instant) -> bool {
        let may_be_asked = || {
            let asked_s_ago = self.locked_out.map_or(0, |asked| now.duration_since(asked).as_secs());
            may_be_asked(self.locked_out.is_some(), asked_s_ago)
        };
        let is_due = self.due <= now + ALONG;
        match why {
            Why::Due => is_due,
            Why::Asked => is_due || may_be_asked(),
            Why::Declared => true,
        }
    }
}

/// Why there is a round.
#[derive(Clone, Copy)]
enum Why {
    /// A check is due.
    Due,
    /// Somebody asked for it.
    Asked,
    /// The environment was declared anew.
    Declared,
}

impl Checks {
    /// Runs the checks of an environment until it is gone.
    pub(super) async fn attend(&self, station: &Station) {
        let first = Instant::now() + Duration::from_millis(u64::from(dice() % FIRST_MS));
        let mut turns: BTreeMap<CheckKind, Turn> =
            CheckKind::ALL.into_iter().map(|kind| (kind, Turn { due: first, failures: 0, locked_out: None })).collect();
        let mut declared = station.declared.subscribe();
        let mut wanted = station.wanted.subscribe();
        loop {
            let next = turns.values().map(|turn| turn.due).min().unwrap_or(first);
            let why = tokio::select! {
                () = station.gone.cancelled() => return,
                _ = declared.changed() => Why::Declared,
                _ = wanted.changed() => Why::Asked,
                () = sleep_until(next) => Why::Due,
            };
            let number = *wanted.borrow_and_update();
            let environment = declared.borrow_and_update().clone();
            let now = Instant::now();
            let kinds: Vec<CheckKind> =
                turns.iter().filter(|(_, turn)| turn.is_on(why, now)).map(|(kind, _)| *kind).collect();
            let round = async {
                let results = self.round(station, &environment, &kinds, &mut turns).await;
                station.answered.send_replace(number);
                self.keep(station, &results).await;
            };
            tokio::select! {
                () = station.gone.cancelled() => return,
                () = round => {}
            }
        }
    }

    /// Runs some checks beside each other, and shows what each finds as soon as it has.
    async fn round(
        &self,
        station: &Station,
        declared: &Environment,
        kinds: &[CheckKind],
        turns: &mut BTreeMap<CheckKind, Turn>,
    ) -> Vec<CheckResult> {
        let every = declared.checks.interval_s();
        let asked = kinds.iter().map(|kind| async {
            let _permits = if asks_others(*kind) {
                // First its own, so that an environment which answers nothing keeps no more than these from the others.
                Some((station.permits.acquire().await, self.permits.acquire().await))
            } else {
                None
            };
            let at = clock::now_us();
            let (verdict, latency_ms) = unharmed(self.means.ask(*kind, &station.id, declared)).await;
            (*kind, at, verdict, latency_ms)
        });
        let mut asked: FuturesUnordered<_> = asked.collect();
        let mut results = Vec::with_capacity(kinds.len());
        while let Some((kind, at, verdict, latency_ms)) = asked.next().await {
            let before = turns.get(&kind).map_or(0, |turn| turn.failures);
            let failures = if verdict.outcome.works() == Some(true) { 0 } else { before.saturating_add(1) };
            let pause_s = pause_s(kind, verdict.outcome, failures, every);
            let now = Instant::now();
            let due = now + Duration::from_millis(jittered_ms(pause_s, dice()));
            turns.insert(kind, Turn { due, failures, locked_out: verdict.is_locked_out.then_some(now) });
            let (outcome, sentence) = (verdict.outcome, verdict.sentence);
            let result = CheckResult { kind, at, outcome, sentence, latency_ms, pause_s };
            self.means.rows.check_board().put(&station.id, std::slice::from_ref(&result));
            self.means.rows.poke();
            results.push(result);
        }
        results
    }
}

/// Asks, and outlives a fault on the way, which the log tells.
async fn unharmed(ask: impl Future<Output = (Verdict, Option<u32>)>) -> (Verdict, Option<u32>) {
    AssertUnwindSafe(ask).catch_unwind().await.unwrap_or_else(|_| (Verdict::broken(), None))
}

/// Does something to its end. What ends by a fault is begun again: without it the last result would stand for good.
pub(super) async fn again_and_again<F: Future<Output = ()>>(id: &EnvironmentId, begin: impl Fn() -> F) {
    while AssertUnwindSafe(begin()).catch_unwind().await.is_err() {
        warn!(environment.id = %id, "the checks of {id} ended by a fault of the program, and begin again");
        sleep(AFTER_FAULT).await;
    }
}

fn dice() -> u32 {
    u32::from_be_bytes(random())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use domain::check::Outcome;

    use super::*;

    #[tokio::test]
    async fn a_fault_on_the_way_is_not_known_and_no_answer() {
        let (verdict, latency_ms) = unharmed(async { panic!("a driver did") }).await;
        assert_eq!((verdict.outcome, latency_ms), (Outcome::Unknown, None));
        assert!(verdict.sentence.contains("the check itself failed"), "{}", verdict.sentence);
    }

    #[tokio::test(start_paused = true)]
    async fn what_ended_by_a_fault_is_begun_again_until_it_ends_by_itself() {
        let begun = AtomicUsize::new(0);
        let id = "shop/production".parse().unwrap();
        let work = again_and_again(&id, || async {
            assert_eq!(begun.fetch_add(1, Ordering::SeqCst), 2, "a fault of the first two");
        });
        tokio::time::timeout(Duration::from_secs(60), work).await.unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn who_did_not_take_our_password_is_not_asked_with_it_at_each_press() {
        let now = Instant::now();
        let turn = Turn { due: now + Duration::from_secs(60), failures: 3, locked_out: None };
        let refused = Turn { locked_out: Some(now), ..turn };
        let (soon, later) = (now + Duration::from_secs(29), now + Duration::from_secs(30));
        for (turn, why, at, expected) in [
            (turn, Why::Due, now, false),
            (turn, Why::Asked, now, true),
            (refused, Why::Asked, soon, false),
            (refused, Why::Asked, later, true),
            // What is due is due, and what is declared anew may have another password.
            (refused, Why::Due, now + Duration::from_secs(59), true),
            (refused, Why::Declared, now, true),
        ] {
            assert_eq!(turn.is_on(why, at), expected);
        }
    }
}
