//! How one container's log is followed: run after run, over cuts, each line once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::facts::{ContainerFacts, ContainerState, Termination};
use domain::log::resume::{Arrival, Resume};
use futures::AsyncReadExt as _;
use kube::api::LogParams;
use kube::core::Request;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};
use tracing::debug;

use super::super::entries::{Came, Entries};
use super::super::pace::Pace;
use super::super::read::why;
use super::super::roster::Roster;
use super::outlet::Outlet;
use super::{Tap, TapKey};
use crate::cluster::Clusters;

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;
/// How long an entry waits for lines that go on with it.
const QUIET: Duration = Duration::from_millis(80);
/// Waits between tries after a stream broke off: doubled from the first to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How long it may take until a log is answered.
const ANSWER: Duration = Duration::from_secs(10);
/// How often it is looked whether a run is over of which nothing comes.
const LOOK: Duration = Duration::from_millis(500);
/// How long a stream of a run that is known to be over may be silent.
const REST: Duration = Duration::from_secs(2);
/// How long any stream may be silent before it is asked for anew.
const SILENCE: Duration = Duration::from_secs(60);
/// How long lines may come without a pause before they are only counted: a log that is long, but not written fast, is looked at by then.
const WITHOUT_PAUSE: Duration = Duration::from_secs(1);
/// How many of the last lines are read where nobody knows from when on.
const LAST_LINES: i64 = 200;

/// A run of the container that has a log.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    /// How often the container had been restarted.
    restarts: u32,
    /// Whether it still runs.
    is_running: bool,
    /// Whether it is over and the next one waits to be started.
    is_waiting: bool,
    /// How the run before it ended, as far as that is known.
    before: Option<Termination>,
}

impl Run {
    fn of(container: &ContainerFacts) -> Option<Self> {
        let (is_running, is_waiting) = match &container.state {
            ContainerState::Running { .. } => (true, false),
            ContainerState::Terminated(_) => (false, false),
            // While the next run waits, the log of the last one is the current.
            ContainerState::Waiting { .. } => (false, true),
        };
        let has_log = !is_waiting || container.last.is_some();
        has_log.then(|| Self { restarts: container.restarts, is_running, is_waiting, before: container.last.clone() })
    }
}

/// The run that a container of a pod is in, as far as it has a log.
fn current(roster: &Roster, uid: &str, container: &str) -> Option<Run> {
    let owned = roster.pods.get(uid)?;
    owned.pod.facts.containers.iter().find(|known| &*known.name == container).and_then(Run::of)
}

/// What is read of a log.
struct Log {
    /// Whether it is that of the run before.
    previous: bool,
    /// Whether to wait for more.
    follow: bool,
    /// The second from which on; none is from its beginning.
    since: Option<i64>,
    /// How many of its last lines; none is all.
    tail: Option<i64>,
}

/// One container's log on its way into its tap.
pub struct Following {
    tap: Arc<Tap>,
    clusters: Arc<Clusters>,
    roster: watch::Receiver<Roster>,
    judge: Judge,
    entries: Entries,
    into: Outlet,
}

/// Tells lines that came before.
#[derive(Default)]
struct Judge {
    resume: Resume,
    /// Up to when lines were read before, nanoseconds since 1970.
    read_to: i64,
    /// What the node said last beside the log, hashed.
    said: Option<u64>,
}

impl Following {
    /// Nothing of it yet.
    pub fn new(tap: Arc<Tap>, clusters: Arc<Clusters>, roster: watch::Receiver<Roster>) -> Self {
        let masks = tap.masks(&clusters);
        let entries = Entries::new(0, masks.clone());
        let into = Outlet::new(tap.clone(), masks, Instant::now());
        Self { tap, clusters, roster, judge: Judge::default(), entries, into }
    }

    /// Follows until the pod is gone.
    pub async fn run(mut self) {
        let (mut read, mut failures): (Option<u32>, u32) = (None, 0);
        let (mut is_over, mut is_cut) = (false, false);
        while let Some(run) = self.next(read.filter(|_| is_over)).await {
            let before = read.or_else(|| self.began_before(&run));
            if let Some(before) = before.filter(|before| *before < run.restarts) {
                self.cross(before, &run).await;
                failures = 0;
            } else if read.is_some() {
                self.judge.resume.reopened();
            }
            let is_new = read != Some(run.restarts);
            read = Some(run.restarts);
            let count = self.into.count;
            let answer = self.follow_run(&run, is_new).await;
            // Where it ends in good order and does not run any more, all of it was read.
            let is_same = |now: &Run| now.restarts == run.restarts && now.is_running;
            is_over = answer.is_ok() && !self.current().is_some_and(|now| is_same(&now));
            is_cut = answer.is_err();
            self.ends(is_over);
            self.tap.begins();
            debug!(pod = %self.tap.key.pod, restarts = run.restarts, is_over, "a followed log ended");
            failures = if self.into.count > count { 0 } else { failures + 1 };
            if let Err(error) = &answer {
                debug!(pod = %self.tap.key.pod, "a followed log broke off: {error}");
                let is_refused = matches!(error, kube::Error::Api(status) if status.code == 403);
                // A try or two may fail; more must be known.
                if failures == 3 || (is_refused && failures == 1) {
                    let TapKey { pod, container, .. } = &self.tap.key;
                    self.into.mark(format!("{pod}/{container} cannot be followed: {}. It is tried again.", why(error)));
                }
            }
            if let Some(said) = self.entries.said_instead().filter(|_| failures == 3).map(str::to_owned) {
                self.into.mark(said);
            }
            if !is_over {
                sleep(BACKOFF.0.saturating_mul(1 << failures.min(10)).min(BACKOFF.1)).await;
            }
        }
        let last = if is_cut { " What it wrote last may be missing: the connection was cut." } else { "" };
        self.into.mark(format!("{} is gone.{last}", self.tap.key.pod));
        self.tap.is_finished.store(true, Ordering::Release);
    }

    /// The run before one, where that ended after the moment from which on the log is read.
    fn began_before(&self, run: &Run) -> Option<u32> {
        let (from, ended) = self.tap.from.zip(run.before.as_ref())?;
        (ended.finished >= from && !run.is_waiting).then(|| run.restarts.checked_sub(1)).flatten()
    }

    /// The run that its container is in, as far as it has a log.
    fn current(&self) -> Option<Run> {
        current(&self.roster.borrow(), &self.tap.key.uid, &self.tap.key.container)
    }

    /// Waits for a run that was not read to its end. `None`: its pod is gone.
    async fn next(&mut self, over: Option<u32>) -> Option<Run> {
        loop {
            {
                let roster = self.roster.borrow_and_update();
                if roster.is_listed && !roster.pods.contains_key(&self.tap.key.uid) {
                    return None;
                }
            }
            if let Some(run) = self.current().filter(|run| over.is_none_or(|over| run.restarts > over)) {
                return Some(run);
            }
            // The roster outlives its readers.
            self.roster.changed().await.ok()?;
        }
    }

    /// From the run that was read last to another: what the one before the new one wrote since, and how it ended.
    async fn cross(&mut self, before: u32, run: &Run) {
        let TapKey { pod, container, .. } = &self.tap.key;
        let whose = format!("{pod}/{container}");
        let times = run.restarts - before;
        // While the next run waits, that of the last one is the current log and the one before as well.
        let is_read = if run.is_waiting {
            true
        } else {
            if times == 1 {
                self.judge.resume.reopened();
            }
            let since = self.judge.resume.since().or(self.tap.from);
            let tail = since.is_none().then_some(LAST_LINES);
            let log = Log { previous: true, follow: false, since, tail };
            let answer = timeout(BACKOFF.1, self.stream(log, None)).await;
            match &answer {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!("the log of the run before of {whose} cannot be read: {error}"),
                Err(_) => debug!("the log of the run before of {whose} was not answered in time"),
            }
            let is_whole = matches!(answer, Ok(Ok(())));
            self.ends(is_whole);
            is_whole
        };
        let ended = run.before.as_ref().filter(|_| !run.is_waiting);
        let ended = ended.map(|ended| format!("{whose} ended with {} ({}).", ended.exit_code, ended.reason));
        let mut text = match times {
            1 => ended.unwrap_or_else(|| format!("{whose} was restarted.")),
            times => {
                format!(
                    "{whose} was restarted {times} times. Of these runs only the last is kept: lines are missing here."
                )
            }
        };
        if !is_read {
            text.push_str(" What it wrote last could not be read: lines may be missing here.");
        }
        self.into.mark(text);
        // Its log is another file: nothing of it came before, but where the run ended meanwhile and is the one before by now.
        self.judge = Judge { read_to: self.into.position.at, ..Judge::default() };
    }

    /// Follows the log of a run until it ends or is cut.
    async fn follow_run(&mut self, run: &Run, is_new: bool) -> Result<(), kube::Error> {
        let nothing = self.into.position.count == 0;
        let since = if is_new && !nothing { None } else { self.judge.resume.since().or(self.tap.from) };
        let tail = (since.is_none() && nothing).then_some(LAST_LINES);
        let log = Log { previous: false, follow: run.is_running, since, tail };
        self.stream(log, Some(run)).await
    }

    /// Reads a log. Of a run that is known to be over no more is waited for than what comes within [`REST`]: its node may not end it.
    async fn stream(&mut self, log: Log, run: Option<&Run>) -> Result<(), kube::Error> {
        let Log { previous, follow, since, tail } = log;
        let TapKey { cluster, namespace, pod, container, .. } = &self.tap.key;
        let client = self.clusters.reader(cluster).await.map_err(|error| kube::Error::Service(error.into()))?;
        let request = Request::new(format!("/api/v1/namespaces/{namespace}/pods"));
        let parameters = LogParams {
            container: Some(container.to_string()),
            previous,
            follow,
            tail_lines: tail,
            since_time: since.and_then(|since| jiff::Timestamp::from_second(since).ok()),
            timestamps: true,
            ..LogParams::default()
        };
        let request = request.logs(pod, &parameters).map_err(kube::Error::BuildRequest)?;
        let late = || kube::Error::ReadEvents(std::io::ErrorKind::TimedOut.into());
        let answer = timeout(ANSWER, client.request_stream(request)).await.map_err(|_| late())??;
        let mut answer = std::pin::pin!(answer);
        let Self { tap, clusters, roster, judge, entries, into } = self;
        let mut chunk = vec![0; CHUNK];
        let mut heard = Instant::now();
        let mut pace = Pace::new(heard, WITHOUT_PAUSE);
        loop {
            let asked = Instant::now();
            let patience = if entries.is_open() || !tap.has_begun() { QUIET } else { LOOK };
            let Ok(length) = timeout(patience, answer.read(&mut chunk)).await else {
                pace.waits(Instant::now());
                entries.pause(&mut |entry| into.take(entry));
                tap.begins();
                let is_over = |run: &Run| {
                    let roster = roster.borrow();
                    let now = current(&roster, &tap.key.uid, &tap.key.container);
                    roster.is_listed
                        && now.is_none_or(|now| now.restarts != run.restarts || (run.is_running && !now.is_running))
                };
                if heard.elapsed() >= REST && run.is_some_and(is_over) {
                    return Ok(());
                }
                // A connection may be dead without knowing it. Asked anew, nothing is lost.
                if heard.elapsed() >= SILENCE {
                    return Err(late());
                }
                continue;
            };
            let length = length.map_err(kube::Error::ReadEvents)?;
            if length == 0 {
                return Ok(());
            }
            heard = Instant::now();
            let is_behind = pace.is_behind(heard - asked, heard);
            let bytes = chunk.get(..length).unwrap_or_default();
            into.reads(entries.is_open());
            // Others have their turn between two chunks.
            yield_now().await;
            let masks = tap.masks(clusters);
            entries.mask_by(masks.clone());
            into.mask_by(masks);
            let judge = &mut |at, bytes: &[u8]| judge.judge(at, bytes);
            if is_behind {
                entries.skim_judged(bytes, judge, &mut |came| match came {
                    Came::Entry(entry) => into.take(entry),
                    Came::Unseen(at) => into.skip(at),
                });
                into.tell_skipped();
            } else {
                entries.feed_judged(bytes, judge, &mut |entry| into.take(entry));
            }
        }
    }

    /// A stream ended: an entry that is still open is as whole as it gets. Half a line is not, unless the run is over: it comes again.
    fn ends(&mut self, is_whole: bool) {
        let Self { tap, clusters, judge, entries, into, .. } = self;
        let masks = tap.masks(clusters);
        entries.mask_by(masks.clone());
        into.mask_by(masks);
        if is_whole {
            entries.finish_judged(&mut |at, bytes| judge.judge(at, bytes), &mut |entry| into.take(entry));
        } else {
            entries.cut(&mut |entry| into.take(entry));
        }
    }
}

impl Judge {
    fn judge(&mut self, at: Option<i64>, bytes: &[u8]) -> Arrival {
        let hash = hash_of(bytes);
        match at {
            Some(at) if at <= self.read_to => Arrival::Again,
            Some(at) => self.resume.take(at, hash),
            // The node repeats what it says with each try.
            None if self.said.replace(hash) == Some(hash) => Arrival::Again,
            None => Arrival::New,
        }
    }
}

fn hash_of(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_where_it_has_a_log() {
        let ended = || Termination { reason: "Error".into(), exit_code: 1, started: 1, finished: 2 };
        let waiting = || ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "".into() };
        for (state, last, expected) in [
            (ContainerState::Running { since: 5 }, None, Some((true, false))),
            (ContainerState::Running { since: 5 }, Some(ended()), Some((true, false))),
            (ContainerState::Terminated(ended()), None, Some((false, false))),
            (waiting(), Some(ended()), Some((false, true))),
            (waiting(), None, None),
        ] {
            let container = ContainerFacts {
                name: "app".into(),
                init: false,
                image: "".into(),
                image_id: "".into(),
                ready: false,
                restarts: 3,
                state: state.clone(),
                last: last.clone(),
            };
            let expected =
                expected.map(|(is_running, is_waiting)| Run { restarts: 3, is_running, is_waiting, before: last });
            assert_eq!(Run::of(&container), expected, "{state:?}");
        }
    }
}
