//! The pods of one cluster as the world sees them, each with its log.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::{
    Api, Client,
    runtime::{WatchStreamExt, watcher},
};

use super::{
    file::LogFile,
    lines::{Line, Voice},
    random::Random,
};

/// How often something is written.
const BEAT: Duration = Duration::from_millis(1000);

/// How much of the past a pod's log is given that was running before the world began.
const PAST: SignedDuration = SignedDuration::from_mins(15);

/// What is known about one pod.
struct Known {
    log: LogFile,
    voice: Voice,
    random: Random,
    component: String,
    image: String,
    is_ready: bool,
    is_running: bool,
    restarts: i32,
    has_crashed: bool,
}

/// Whether a component of a namespace serves, and in which version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// A pod of it is ready.
    pub is_ready: bool,
    /// The tag of its image.
    pub version: String,
}

/// All pods of one cluster that asked for a log of their own.
#[derive(Clone)]
pub struct Pods {
    folder: PathBuf,
    known: Arc<Mutex<BTreeMap<(String, String), Known>>>,
}

impl Pods {
    /// Knows no pods yet; logs go to this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, known: Arc::default() }
    }

    /// Follows the pods of the cluster for ever.
    pub async fn watch(&self, client: Client) -> Result<()> {
        fs::create_dir_all(&self.folder).with_context(|| format!("creating {}", self.folder.display()))?;
        let api: Api<Pod> = Api::all(client);
        let mut events = std::pin::pin!(watcher(api, watcher::Config::default()).default_backoff());
        let mut listed = BTreeSet::new();
        while let Some(event) = events.next().await {
            match event {
                Ok(watcher::Event::Init) => listed.clear(),
                Ok(watcher::Event::InitApply(pod)) => {
                    listed.insert(key(&pod));
                    self.see(&pod)?;
                }
                Ok(watcher::Event::InitDone) => self.keep_only(&listed)?,
                Ok(watcher::Event::Apply(pod)) => self.see(&pod)?,
                Ok(watcher::Event::Delete(pod)) => {
                    if let Some(gone) = self.lock().remove(&key(&pod)) {
                        gone.log.remove();
                    }
                }
                // The stream comes back by itself; a cluster that is down writes nothing meanwhile.
                Err(error) => eprintln!("world: pods: {error}"),
            }
        }
        Ok(())
    }

    /// Writes what the containers have to say, for ever.
    pub async fn write(&self) -> Result<()> {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            beat.tick().await;
            let now = Timestamp::now();
            for known in self.lock().values_mut().filter(|known| known.is_running) {
                let mut lines = Vec::new();
                for _ in 0..10 {
                    if known.random.below(100) < known.voice.rate() {
                        lines.extend(known.voice.line(now, &mut known.random));
                    }
                }
                if !lines.is_empty() {
                    known.log.append(now, &lines)?;
                }
            }
        }
    }

    /// Whether this component of a namespace serves. None when there is none.
    pub fn service(&self, namespace: &str, components: &[&str]) -> Option<Service> {
        let known = self.lock();
        let mut found: Option<Service> = None;
        for (_, pod) in
            known.iter().filter(|((home, _), pod)| home == namespace && components.contains(&pod.component.as_str()))
        {
            let version = pod.image.rsplit_once(':').map_or("unknown", |(_, tag)| tag).to_owned();
            if pod.is_ready || found.is_none() {
                let is_ready = pod.is_ready || found.as_ref().is_some_and(|service| service.is_ready);
                found = Some(Service { is_ready, version });
            }
        }
        found
    }

    fn see(&self, pod: &Pod) -> Result<()> {
        let annotations = pod.metadata.annotations.as_ref();
        if !annotations.is_some_and(|all| all.contains_key("sim.kwok.dev/own-log")) {
            return Ok(());
        }
        let now = Timestamp::now();
        let key = key(pod);
        let container = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref()?.first());
        let mut all = self.lock();
        if !all.contains_key(&key) {
            let known = meet(&self.folder, pod)?;
            all.insert(key.clone(), known);
        }
        let Some(known) = all.get_mut(&key) else { return Ok(()) };
        let Some(container) = container else { return Ok(()) };
        let was_running = known.is_running;
        let crashed = is_crashed(container);
        known.is_ready = container.ready;
        // A container that is about to fail says what it says at the crash.
        known.is_running = is_running(container) && container.ready;
        if crashed && (!known.has_crashed || container.restart_count != known.restarts) {
            if known.log.is_empty() || known.has_crashed {
                known.tell_of_a_crash(now - SignedDuration::from_secs(40))?;
            }
            known.log.turn()?;
            known.tell_of_a_crash(now)?;
        } else if known.is_running && !was_running && known.log.is_empty() {
            let since = container.state.as_ref().and_then(|state| state.running.as_ref()?.started_at.as_ref());
            known.tell_of_the_past(since.map_or(now, |time| time.0), now)?;
        }
        known.has_crashed |= crashed;
        known.restarts = container.restart_count;
        Ok(())
    }

    /// Forgets what is gone, and removes what pods of earlier times left behind.
    fn keep_only(&self, listed: &BTreeSet<(String, String)>) -> Result<()> {
        self.lock().retain(|key, _| listed.contains(key));
        let names: BTreeSet<_> = listed
            .iter()
            .flat_map(|(namespace, name)| ["log", "prev.log"].map(|end| format!("{namespace}_{name}.{end}")))
            .collect();
        for entry in fs::read_dir(&self.folder).context("reading the folder of logs")? {
            let entry = entry.context("reading the folder of logs")?;
            if !names.contains(&entry.file_name().to_string_lossy().into_owned()) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// A panic elsewhere leaves the map as it is, which is good enough for logs.
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, String), Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn tell_of_a_crash(&self, now: Timestamp) -> Result<()> {
        let mut lines = self.voice.greeting(&self.image);
        lines.retain(|(_, line)| !line.contains("connected to database") && !line.contains("listening"));
        lines.extend(self.voice.last_words());
        self.log.append(now, &lines)
    }

    fn tell_of_the_past(&mut self, since: Timestamp, now: Timestamp) -> Result<()> {
        self.log.append(since, &self.voice.greeting(&self.image))?;
        let mut at = since.max(now - PAST);
        while at < now {
            let lines: Vec<Line> = self.voice.line(at, &mut self.random);
            self.log.append(at, &lines)?;
            at += SignedDuration::from_millis(i64::try_from(20_000 / self.voice.rate()).unwrap_or(2000));
        }
        Ok(())
    }
}

fn meet(folder: &std::path::Path, pod: &Pod) -> Result<Known> {
    let (namespace, name) = key(pod);
    let component = pod.metadata.labels.as_ref().and_then(|all| all.get("app")).cloned().unwrap_or_default();
    let image = pod.spec.as_ref().and_then(|spec| spec.containers.first()?.image.clone()).unwrap_or_default();
    let log = LogFile::open(folder, &namespace, &name)?;
    Ok(Known {
        log,
        voice: Voice::of(&component),
        random: Random::of(&format!("{namespace}/{name}")),
        component,
        image,
        is_ready: false,
        is_running: false,
        restarts: 0,
        has_crashed: false,
    })
}

fn key(pod: &Pod) -> (String, String) {
    (pod.metadata.namespace.clone().unwrap_or_default(), pod.metadata.name.clone().unwrap_or_default())
}

fn is_running(container: &ContainerStatus) -> bool {
    container.state.as_ref().is_some_and(|state| state.running.is_some())
}

fn is_crashed(container: &ContainerStatus) -> bool {
    let waiting = container.state.as_ref().and_then(|state| state.waiting.as_ref()?.reason.as_deref());
    waiting == Some("CrashLoopBackOff")
}
