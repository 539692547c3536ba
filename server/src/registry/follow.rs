//! Follows the registry file as it changes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::registry::Registry;
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{LoadError, parse, read};

/// An editor and the kubelet touch a file several times for one change.
const SETTLE: Duration = Duration::from_millis(200);
/// The most times a file is read until two reads are equal. One that never rests is parsed as it is.
const MOST_READS: usize = 25;
/// Where no event tells: network file systems, a link to a file in another directory, watches used up.
const POLL: Duration = Duration::from_secs(5);

/// The registry as it is now.
#[derive(Debug, Clone)]
pub struct Current {
    /// The last one that was valid.
    pub registry: Arc<Registry>,
    /// Why the file as it stands now is not used, in one line; `None` when it is.
    pub trouble: Option<Arc<str>>,
}

/// Loads the registry and keeps it current until `cancel` is cancelled. A version of the file that is not valid leaves
/// the last valid one in place and says so in [`Current::trouble`].
///
/// Must be called within a tokio runtime.
pub async fn follow(path: PathBuf, cancel: CancellationToken) -> Result<watch::Receiver<Current>, LoadError> {
    let file = path.display().to_string();
    // Watching begins before the first read, so that no change falls between the two.
    let (touched, changes) = mpsc::channel(1);
    let watcher = watch_directory(&path, touched);
    if let Err(error) = &watcher {
        warn!(registry.path = %file, error = %error, "no file events for {file}: looking every {} s", POLL.as_secs());
    }
    let bytes = read_aside(&path).await;
    let registry = parse_aside(&file, &bytes).await?;
    let (current, receiver) = watch::channel(Current { registry: Arc::new(registry), trouble: None });
    tokio::spawn(run(Follower { path, file, last: bytes, current }, watcher.ok(), changes, cancel));
    Ok(receiver)
}

/// What is needed to notice a change.
struct Follower {
    path: PathBuf,
    file: String,
    /// What the file held when it was last looked at.
    last: Result<Vec<u8>, String>,
    current: watch::Sender<Current>,
}

async fn run(
    mut follower: Follower,
    watcher: Option<RecommendedWatcher>,
    mut changes: mpsc::Receiver<()>,
    cancel: CancellationToken,
) {
    let mut poll = tokio::time::interval(POLL);
    poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            () = follower.current.closed() => break,
            Some(()) = changes.recv() => {
                tokio::select! {
                    () = cancel.cancelled() => break,
                    () = tokio::time::sleep(SETTLE) => {}
                }
                // Touched during the pause: this look covers it.
                let _covered = changes.try_recv();
            }
            _ = poll.tick() => {}
        }
        follower.look().await;
    }
    drop(watcher);
}

impl Follower {
    /// Takes over what the file holds now, if that is news.
    async fn look(&mut self) {
        let mut found = read_aside(&self.path).await;
        if found == self.last {
            return;
        }
        // Whoever writes it in place may be half way: half a registry can be a valid one, without the rest.
        for _ in 0..MOST_READS {
            tokio::time::sleep(SETTLE).await;
            let again = read_aside(&self.path).await;
            if again == found {
                break;
            }
            found = again;
        }
        if found == self.last {
            return;
        }
        let outcome = parse_aside(&self.file, &found).await;
        self.last = found;
        match outcome {
            Ok(registry) => self.current.send_if_modified(|current| {
                let news = *current.registry != registry;
                if news {
                    current.registry = Arc::new(registry);
                    info!(registry.path = %self.file, "took over the changed registry {}", self.file);
                }
                let cleared = current.trouble.take().is_some();
                news || cleared
            }),
            Err(error) => {
                let trouble = error.summary();
                warn!(registry.path = %self.file, "kept the old registry: {trouble}");
                self.current.send_if_modified(|current| {
                    let news = current.trouble.as_deref() != Some(trouble.as_str());
                    current.trouble = Some(trouble.into());
                    news
                })
            }
        };
    }
}

/// [`read`], on a thread that may wait for a disk.
async fn read_aside(path: &Path) -> Result<Vec<u8>, String> {
    let path = path.to_owned();
    let task = tokio::task::spawn_blocking(move || read(&path));
    task.await.unwrap_or_else(|error| Err(format!("the file cannot be read: {error}")))
}

/// [`parse`], on a thread that may take its time: finding every problem of a large file does.
async fn parse_aside(file: &str, found: &Result<Vec<u8>, String>) -> Result<Registry, LoadError> {
    let bytes = found.clone().map_err(|message| LoadError::of_the_whole(file, message))?;
    let name = file.to_owned();
    let task = tokio::task::spawn_blocking(move || parse(&name, &bytes));
    task.await.unwrap_or_else(|error| Err(LoadError::of_the_whole(file, format!("the file cannot be read: {error}"))))
}

/// Watches the directory, not the file: editors replace the file, and the kubelet swaps the link `..data` beside it.
/// <https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically>
fn watch_directory(path: &Path, touched: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let name: Option<OsString> = path.file_name().map(ToOwned::to_owned);
    let concerns = move |changed: &Path| {
        changed
            .file_name()
            .is_none_or(|changed| Some(changed) == name.as_deref() || changed.as_encoded_bytes().starts_with(b".."))
    };
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let look = match event {
            Ok(event) => match event.kind {
                // Our own reading is an access too.
                EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
                    event.paths.iter().any(|path| concerns(path))
                }
                EventKind::Access(_) => false,
                EventKind::Any
                | EventKind::Create(_)
                | EventKind::Modify(_)
                | EventKind::Remove(_)
                | EventKind::Other => event.paths.is_empty() || event.paths.iter().any(|path| concerns(path)),
            },
            Err(_) => true,
        };
        if look {
            // Full: a look is due anyway.
            let _due = touched.try_send(());
        }
    })?;
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        Some(_) | None => Path::new("."),
    };
    watcher.watch(directory, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}
