//! One round of the checks, for a look that ends.

use std::sync::Arc;
use std::time::Duration;

use domain::check::pace::pause_s;
use domain::check::{CheckKind, CheckResult};
use domain::name::EnvironmentId;
use domain::registry::Registry;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::checks::{MOST_AT_ONCE, Means};
use crate::clock;

/// Runs each check of each environment once, for so long at most, and has the rows judge what came of it. Returns those that were not
/// done in time.
pub async fn round(means: &Means, registry: &Arc<Registry>, patience: Duration) -> Vec<(EnvironmentId, CheckKind)> {
    let all = registry.environments().flat_map(|(system, environment)| {
        let id = system.environment_id(environment);
        CheckKind::ALL.map(|kind| (id.clone(), kind, environment))
    });
    let all: Vec<_> = all.collect();
    let mut open: Vec<(EnvironmentId, CheckKind)> = all.iter().map(|(id, kind, _)| (id.clone(), *kind)).collect();
    let permits = &Semaphore::new(MOST_AT_ONCE);
    let asked = all.into_iter().map(|(id, kind, declared)| async move {
        let _permit = permits.acquire().await;
        let at = clock::now_us();
        let (verdict, latency_ms) = means.ask(kind, &id, declared).await;
        let (outcome, sentence) = (verdict.outcome, verdict.sentence);
        let pause_s = pause_s(kind, outcome, 1, declared.checks.interval_s());
        (id, CheckResult { kind, at, outcome, sentence, latency_ms, pause_s })
    });
    let mut asked: FuturesUnordered<_> = asked.collect();
    let end = Instant::now() + patience;
    while let Ok(Some((id, result))) = timeout_at(end, asked.next()).await {
        open.retain(|(environment, kind)| (environment, *kind) != (&id, result.kind));
        means.rows.check_board().put(&id, &[result]);
    }
    means.rows.poke();
    open
}
