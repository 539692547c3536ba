//! One watch of one kind: lists, follows, and gets back in step by itself after anything.
//!
//! kube's watcher resumes where it can. What it does not do is done here: a watch that starts with HTTP 410 is rebuilt
//! (the watcher would ask for the same version for ever), a server without streaming lists is listed by pages, a missing
//! right is said and tried again each minute, and a cluster that came back is followed again at once.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use domain::name::{ClusterId, Namespace};
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use kube::Api;
use kube::runtime::watcher::{self, Event, InitialListStrategy};
use serde::de::DeserializeOwned;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::project::{Project, key_of, observe, uid_of};
use crate::rows::{Change, Observed, Rows, WatchId, WatchState};

/// The least time between two lists of one kind.
const LIST_INTERVAL: Duration = Duration::from_secs(10);
/// How long a resumed watch must stay without an error until it counts as in step.
const SETTLE: Duration = Duration::from_secs(3);
/// Waits between tries after an error: doubled from the first to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How long until a missing right is tried again.
const RIGHT_INTERVAL: Duration = Duration::from_secs(60);
/// The most events taken in under one lock.
const BATCH: usize = 512;

/// What a watch needs to know.
pub struct Watch {
    /// The rows it feeds.
    pub rows: Arc<Rows>,
    /// The cluster it is of.
    pub cluster: ClusterId,
    /// Which of the cluster's watches it is.
    pub id: WatchId,
    /// Counts up each time the cluster answers again after it did not.
    pub returned: Receiver<u64>,
    /// Ends it.
    pub cancel: CancellationToken,
}

/// How one run of a stream ended.
enum End {
    /// For good.
    Cancelled,
    /// Build a new stream: list again.
    Rebuild,
}

impl Watch {
    /// Follows until cancelled.
    pub async fn follow<K>(mut self, api: Api<K>, mut config: watcher::Config)
    where
        K: Project + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        config = config.streaming_lists();
        loop {
            let started = Instant::now();
            match self.run(&api, &mut config).await {
                End::Cancelled => return,
                End::Rebuild => {
                    let next = started + LIST_INTERVAL;
                    if next > Instant::now() {
                        // Until then nothing is followed.
                        self.state(WatchState::Starting);
                    }
                    tokio::select! {
                        () = self.cancel.cancelled() => return,
                        () = sleep_until(next) => {}
                    }
                }
            }
        }
    }

    fn state(&self, state: WatchState) {
        self.rows.watch_state(&self.cluster, &self.id, state);
    }

    async fn run<K>(&mut self, api: &Api<K>, config: &mut watcher::Config) -> End
    where
        K: Project + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        // It lists anyway: what came back before now asks for nothing more.
        self.returned.mark_unchanged();
        let mut events = watcher::watcher(api.clone(), config.clone()).boxed();
        let mut seen = None;
        let mut complete = false;
        let mut failures = 0u32;
        // What silence until then means: of a list, that what was read before is not the present; of a resumed stream, that it
        // stands.
        let mut silence = Some((Instant::now() + SETTLE, WatchState::Starting));
        loop {
            let settled = async {
                match &silence {
                    Some((at, _)) => sleep_until(*at).await,
                    None => std::future::pending().await,
                }
            };
            let batch = tokio::select! {
                () = self.cancel.cancelled() => return End::Cancelled,
                Ok(()) = self.returned.changed() => {
                    // A stream that was silent through an outage may be dead without knowing.
                    debug!(cluster = %self.cluster, watch = %self.id, "the cluster is back: listing again");
                    return End::Rebuild;
                }
                () = settled => {
                    failures = 0;
                    if let Some((_, meaning)) = silence.take() {
                        self.state(meaning);
                    }
                    continue;
                }
                batch = next_batch(&mut events) => match batch {
                    Some(batch) => batch,
                    None => return End::Rebuild,
                },
            };
            let Told { error, listed, restarted } = self.take_in(batch, &mut seen);
            if listed {
                (silence, failures, complete) = (None, 0, true);
                self.state(WatchState::InStep);
            }
            if restarted && failures == 0 {
                // The server ended a list half way and kube began it anew at once, without a word: not in a loop.
                return End::Rebuild;
            }
            let Some(error) = error else { continue };
            failures += 1;
            match self.judge(&error, failures, complete, config) {
                Verdict::Rebuild => return End::Rebuild,
                Verdict::ListByPages => {
                    config.initial_list_strategy = InitialListStrategy::ListWatch;
                    events = watcher::watcher(api.clone(), config.clone()).boxed();
                }
                Verdict::Wait(pause) => {
                    tokio::select! {
                        () = self.cancel.cancelled() => return End::Cancelled,
                        _ = self.returned.changed() => return End::Rebuild,
                        () = sleep(pause) => {}
                    }
                    // Before a list is complete, and while another is under way, silence says nothing.
                    silence = (complete && seen.is_none()).then(|| (Instant::now() + SETTLE, WatchState::InStep));
                }
            }
        }
    }

    /// Takes a batch in.
    fn take_in<K: Project>(
        &self,
        batch: Vec<Result<Event<K>, watcher::Error>>,
        seen: &mut Option<HashSet<(Namespace, Arc<str>)>>,
    ) -> Told {
        let mut changes = Vec::with_capacity(batch.len());
        let mut told = Told { error: None, listed: false, restarted: false };
        for event in batch {
            match event {
                Ok(Event::Init) => told.restarted |= seen.replace(HashSet::new()).is_some(),
                Ok(Event::InitApply(object)) => {
                    let observed = observe(object);
                    if let (Some(seen), Some(Observed { key, .. })) = (seen.as_mut(), &observed) {
                        seen.insert((key.namespace.clone(), key.name.clone()));
                    }
                    changes.extend(observed.map(Change::Seen));
                }
                Ok(Event::InitDone) => {
                    let seen = seen.take().unwrap_or_default();
                    changes.push(Change::Listed { kind: K::KIND, within: self.id.within.clone(), seen });
                    told.listed = true;
                }
                Ok(Event::Apply(object)) => {
                    // What is of no interest any more, like a ReplicaSet that lost its Deployment, is as good as gone.
                    let gone = key_of(&object).map(|key| Change::Gone(key, uid_of(object.meta())));
                    changes.extend(observe(object).map(Change::Seen).or(gone));
                }
                Ok(Event::Delete(object)) => {
                    let uid = uid_of(object.meta());
                    changes.extend(key_of(&object).map(|key| Change::Gone(key, uid)));
                }
                Err(failed) => told.error = told.error.or(Some(failed)),
            }
        }
        if !changes.is_empty() {
            self.rows.take_in(&self.cluster, changes);
        }
        told
    }

    fn judge(&self, error: &watcher::Error, failures: u32, complete: bool, config: &watcher::Config) -> Verdict {
        let (resource, cluster) = (self.id.kind.resource(), &self.cluster);
        match code(error) {
            Some(401 | 403) => {
                let place = match &self.id.within {
                    Some((namespace, _)) => format!("in namespace {namespace}"),
                    None => "in the whole cluster".to_owned(),
                };
                if failures == 1 {
                    warn!(%cluster, "not allowed to list and watch {resource} {place}");
                }
                self.state(WatchState::Missing(
                    format!("Quarterdeck may not list and watch {resource} {place}. Grant both verbs to its account.")
                        .into(),
                ));
                Verdict::Wait(RIGHT_INTERVAL)
            }
            Some(410) => {
                info!(%cluster, "the watch of {resource} fell too far behind: listing again");
                Verdict::Rebuild
            }
            // What a server without streaming lists answers: the field is not known to it.
            Some(400 | 422) if matches!(config.initial_list_strategy, InitialListStrategy::StreamingList) => {
                Verdict::ListByPages
            }
            status => {
                self.state(WatchState::OutOfStep(format!("The watch of {resource} broke off.").into()));
                debug!(%cluster, "the watch of {resource} broke off: {error}");
                // With an answer from the server, three failures in a row say that resuming does not help. Before the first list
                // there is nothing to resume: the watcher lists anew by itself.
                if complete && status.is_some() && failures >= 3 {
                    return Verdict::Rebuild;
                }
                let doubled = BACKOFF.0.saturating_mul(1 << failures.min(10).saturating_sub(1));
                Verdict::Wait(doubled.min(BACKOFF.1))
            }
        }
    }
}

/// What a batch told beyond its objects.
struct Told {
    /// The first error in it.
    error: Option<watcher::Error>,
    /// Whether a list was completed.
    listed: bool,
    /// Whether a list began while another was under way.
    restarted: bool,
}

/// What to do about an error.
enum Verdict {
    /// A new stream.
    Rebuild,
    /// A new stream that lists by pages.
    ListByPages,
    /// Go on with this stream after a while.
    Wait(Duration),
}

/// The next event and those that came with it. Ends with an error: asked for more, kube would try again at once.
async fn next_batch<T, E>(events: &mut BoxStream<'_, Result<T, E>>) -> Option<Vec<Result<T, E>>> {
    let mut batch = vec![events.next().await?];
    while batch.len() < BATCH
        && batch.last().is_some_and(Result::is_ok)
        && let Some(Some(event)) = events.next().now_or_never()
    {
        batch.push(event);
    }
    Some(batch)
}

/// The HTTP status in an error, if the server answered.
fn code(error: &watcher::Error) -> Option<u16> {
    let api = |error: &kube::Error| match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    };
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => api(error),
        watcher::Error::WatchError(status) => Some(status.code),
        watcher::Error::NoResourceVersion => None,
    }
}
