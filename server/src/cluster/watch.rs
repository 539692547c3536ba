//! One watch of one kind: lists, follows, and gets back in step by itself after anything.
//!
//! The stream resumes where it can. What it does not do is done here: a watch that starts with HTTP 410 is rebuilt, a server
//! without streaming lists is listed by pages, a missing right is said and tried again each minute, and a cluster that came back
//! is followed again at once. A watch is in step only with proof: a whole list, or after a break an event or a bookmark.

mod course;
mod line;
mod stream;
mod trouble;

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use domain::name::{ClusterId, Namespace, ObjectName};
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use kube::Api;
use kube::runtime::watcher::{Config, InitialListStrategy};
use serde::de::DeserializeOwned;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use self::course::{Course, Silence};
use self::line::Unread;
use self::stream::{Word, words};
use self::trouble::Trouble;
use super::complaints::Complaints;
use super::probe::NOT_ACCEPTED;
use super::project::{Project, key_of, observe, uid_in, uid_of};
use crate::rows::{Change, Key, Kind, Observed, Rows, WatchId, WatchState};

/// The least time between two lists of one kind.
const LIST_INTERVAL: Duration = Duration::from_secs(10);
/// Waits between tries after an error: doubled from the first to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How long until a missing right is tried again.
const RIGHT_INTERVAL: Duration = Duration::from_secs(60);
/// How long until a server whose answer was too long is asked again.
const LENGTH_INTERVAL: Duration = Duration::from_secs(60);
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
    /// What it said of objects that cannot be read.
    pub complaints: Complaints,
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
    pub async fn follow<K>(mut self, api: Api<K>, mut config: Config)
    where
        K: Project + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        config = config.streaming_lists();
        let mut proved = Instant::now();
        loop {
            let started = Instant::now();
            match self.run(&api, &mut config, &mut proved).await {
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

    async fn run<K>(&mut self, api: &Api<K>, config: &mut Config, proved: &mut Instant) -> End
    where
        K: Project + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        // It lists anyway: what came back before now asks for nothing more.
        self.returned.mark_unchanged();
        let mut events = words(api, config.clone()).boxed();
        let mut course = Course::new(K::KIND, proved, Instant::now());
        let mut failures = 0u32;
        loop {
            let batch = tokio::select! {
                () = self.cancel.cancelled() => return End::Cancelled,
                Ok(()) = self.returned.changed() => {
                    // A stream that was silent through an outage may be dead without knowing.
                    debug!(cluster = %self.cluster, watch = %self.id, "the cluster is back: listing again");
                    return End::Rebuild;
                }
                () = sleep_until(course.due()) => match course.silent(Instant::now()) {
                    Silence::NotThePresent => {
                        let quiet = i64::try_from(course.quiet(Instant::now()).as_millis()).unwrap_or(i64::MAX);
                        self.rows.watch_silent(&self.cluster, &self.id, quiet);
                        continue;
                    }
                    Silence::ListAgain => {
                        debug!(cluster = %self.cluster, watch = %self.id, "nothing came for long: listing again");
                        return End::Rebuild;
                    }
                },
                batch = next_batch(&mut events) => match batch {
                    Some(batch) => batch,
                    None => return End::Rebuild,
                },
            };
            let Told { trouble, listed, proof } = self.take_in(batch, &mut course);
            if proof {
                failures = 0;
            }
            if course.comes_into_step(listed, proof) {
                self.state(WatchState::InStep);
            }
            let Some(trouble) = trouble else { continue };
            failures += 1;
            course.breaks();
            match self.judge(&trouble, failures, &course, config) {
                Verdict::Rebuild => return End::Rebuild,
                Verdict::ListByPages => {
                    config.initial_list_strategy = InitialListStrategy::ListWatch;
                    events = words(api, config.clone()).boxed();
                }
                Verdict::Wait(pause) => {
                    tokio::select! {
                        () = self.cancel.cancelled() => return End::Cancelled,
                        _ = self.returned.changed() => return End::Rebuild,
                        () = sleep(pause) => {}
                    }
                    course.tries_again(Instant::now());
                }
            }
        }
    }

    /// Takes a batch in.
    fn take_in<K: Project>(&mut self, batch: Vec<Result<Word<K>, Trouble>>, course: &mut Course<'_>) -> Told {
        let mut changes = Vec::with_capacity(batch.len());
        let mut told = Told { trouble: None, listed: false, proof: false };
        let now = Instant::now();
        for word in batch {
            if !matches!(word, Err(_) | Ok(Word::Init | Word::Opening | Word::Opened)) {
                told.proof = true;
                course.proves(now);
            }
            match word {
                Ok(Word::Opening) => course.opens(now),
                Ok(Word::Opened) => course.opened(now),
                Ok(Word::Bookmark) => {}
                Ok(Word::Init) => course.list = Some(HashSet::new()),
                Ok(Word::InitApply(Ok(object))) => {
                    let observed = observe(object);
                    if let (Some(list), Some(Observed { key, .. })) = (course.list.as_mut(), &observed) {
                        list.insert((key.namespace.clone(), key.name.clone()));
                    }
                    changes.extend(observed.map(Change::Seen));
                }
                Ok(Word::InitDone) => {
                    let seen = course.list.take().unwrap_or_default();
                    if course.listed(now) {
                        changes.push(Change::Listed { kind: K::KIND, within: self.id.within.clone(), seen });
                    }
                    told.listed = true;
                }
                Ok(Word::Apply(Ok(object))) => {
                    // What is of no interest any more, like a ReplicaSet that lost its Deployment, is as good as gone.
                    let gone = key_of(&object).map(|key| Change::Gone(key, uid_of(object.meta())));
                    changes.extend(observe(object).map(Change::Seen).or(gone));
                }
                Ok(Word::Delete(Ok(object))) => {
                    let uid = uid_of(object.meta());
                    changes.extend(key_of(&object).map(|key| Change::Gone(key, uid)));
                }
                Ok(Word::Delete(Err(unread))) => match self.told(K::KIND, &unread) {
                    Some((key, uid)) if uid != 0 => changes.push(Change::Gone(key, uid)),
                    Some(_) | None => {
                        course.misses_one(now);
                        self.says_unread();
                    }
                },
                Ok(Word::InitApply(Err(unread)) | Word::Apply(Err(unread))) => match self.told(K::KIND, &unread) {
                    Some((key, uid)) => {
                        if let Some(list) = course.list.as_mut() {
                            list.insert((key.namespace.clone(), key.name.clone()));
                        }
                        changes.push(Change::Unread(key, uid));
                    }
                    None => {
                        course.misses_one(now);
                        self.says_unread();
                    }
                },
                Err(trouble) => told.trouble = told.trouble.or(Some(trouble)),
            }
        }
        if !changes.is_empty() {
            self.rows.take_in(&self.cluster, changes);
        }
        told
    }

    /// Which object it is that cannot be read, as far as that is told.
    fn told(&mut self, kind: Kind, unread: &Unread) -> Option<(Key, u128)> {
        let within = self.id.within.as_ref().map(|(namespace, _)| namespace.clone());
        let namespace = unread.namespace.as_deref().and_then(|namespace| Namespace::new(namespace).ok());
        let name = ObjectName::new(unread.name.as_deref()?).ok()?;
        let namespace = if kind.is_namespaced() { Some(namespace.or(within)?) } else { None };
        let key = Key { kind, namespace, name: name.into() };
        if self.complaints.is_news(&key.name) {
            let place = key.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
            warn!(cluster = %self.cluster, "of the {} {place}{} cannot be read", kind.resource(), key.name);
        }
        Some((key, unread.uid.as_deref().map_or(0, uid_in)))
    }

    /// Something was told that cannot be read, and nobody can say of what.
    fn says_unread(&mut self) {
        let resource = self.id.kind.resource();
        if self.complaints.is_news("") {
            warn!(cluster = %self.cluster, "one of the {resource} cannot be read");
        }
        self.state(WatchState::OutOfStep(format!("One of the {resource} cannot be read.").into()));
    }

    fn judge(&self, trouble: &Trouble, failures: u32, course: &Course<'_>, config: &Config) -> Verdict {
        let (resource, cluster) = (self.id.kind.resource(), &self.cluster);
        match trouble.code() {
            Some(403) => {
                let place = match &self.id.within {
                    Some((namespace, _)) => format!("in namespace {namespace}"),
                    None => "in the whole cluster".to_owned(),
                };
                if failures == 1 && self.id.kind.around().is_some() {
                    info!(%cluster, "not allowed to list and watch {resource} {place}: nothing is said of them");
                } else if failures == 1 {
                    warn!(%cluster, "not allowed to list and watch {resource} {place}");
                }
                let then = match self.id.kind {
                    Kind::Node => " Until then a node that is down shows only once Kubernetes turns the pods on it.",
                    Kind::Pod
                    | Kind::Workload(_)
                    | Kind::ReplicaSet
                    | Kind::ControllerRevision
                    | Kind::Autoscaler
                    | Kind::ConfigMap
                    | Kind::Event
                    | Kind::Around(_) => "",
                };
                self.state(WatchState::Missing(
                    format!(
                        "Quarterdeck may not list and watch {resource} {place}. Grant both verbs to its account.{then}"
                    )
                    .into(),
                ));
                Verdict::Wait(RIGHT_INTERVAL)
            }
            // Nobody has installed its operator, or somebody took it away; with a kind go its objects.
            Some(404) if self.id.kind.around().is_some() => {
                debug!(%cluster, "the cluster does not know {resource}");
                let (kind, within) = (self.id.kind, self.id.within.clone());
                self.rows.take_in(cluster, vec![Change::Listed { kind, within, seen: HashSet::new() }]);
                self.state(WatchState::NotInstalled);
                Verdict::Wait(RIGHT_INTERVAL)
            }
            Some(410) => {
                info!(%cluster, "the watch of {resource} fell too far behind: listing again");
                Verdict::Rebuild
            }
            // What a server without streaming lists answers: the field is not known to it.
            Some(400 | 422) if config.initial_list_strategy == InitialListStrategy::StreamingList => {
                Verdict::ListByPages
            }
            code => {
                let sentence = match trouble {
                    Trouble::Refused { code: 401, .. } => NOT_ACCEPTED.to_owned(),
                    Trouble::TooLong(too_long) => {
                        format!("What the API server says of {resource} is not read: {too_long}.")
                    }
                    _ => format!("The watch of {resource} broke off."),
                };
                self.state(WatchState::OutOfStep(sentence.into()));
                debug!(%cluster, "the watch of {resource} broke off: {trouble}");
                match trouble {
                    // A server that ends a list half way would do it again at once.
                    Trouble::HalfAList => return Verdict::Rebuild,
                    Trouble::TooLong(_) => return Verdict::Wait(LENGTH_INTERVAL),
                    Trouble::Refused { .. } | Trouble::Broken(_) | Trouble::NoVersion | Trouble::Nonsense => {}
                }
                // With an answer from the server, three failures in a row say that resuming does not help. Before the first list
                // there is nothing to resume: the stream lists anew by itself.
                if course.complete && code.is_some() && failures >= 3 {
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
    /// The first trouble in it.
    trouble: Option<Trouble>,
    /// Whether a list was completed.
    listed: bool,
    /// Whether the server told anything at all.
    proof: bool,
}

/// What to do about trouble.
enum Verdict {
    /// A new stream.
    Rebuild,
    /// A new stream that lists by pages.
    ListByPages,
    /// Go on with this stream after a while.
    Wait(Duration),
}

/// The next word and those that came with it. Ends with an error: asked for more, the stream would try again at once.
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
