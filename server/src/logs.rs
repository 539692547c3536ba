//! Logs of containers: whose are read, how, and what is left of them when somebody looks for something.

mod choose;
mod find;
mod merge;
mod read;

use std::sync::Arc;
use std::time::Duration;

use domain::access::Grants;
use domain::log::query::LogQuery;
use domain::log::view::{LogRow, LogSource};
use futures::{StreamExt as _, stream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

pub use find::{Finder, NoFinder};

use crate::clock;
use crate::cluster::Clusters;
use choose::{Chosen, Source, choose};
use merge::newest;
use read::read;

/// How many lines a page shows.
pub const SHOWN: u32 = 200;
/// How many of the last lines of each container are looked through when something is looked for.
pub const LOOKED_THROUGH: u32 = 5_000;
/// How many containers are read at a time.
const AT_A_TIME: usize = 16;
/// How many containers are read at a time for all who look: an API server has others to answer too.
static READS: Semaphore = Semaphore::const_new(64);
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was read.
#[derive(Debug, Default)]
pub struct Excerpt {
    /// Whose lines these are.
    pub sources: Vec<LogSource>,
    /// The last of them that were wanted, by time.
    pub rows: Vec<LogRow>,
    /// How many lines were wanted; more than there are here if the rest is older.
    pub found: u32,
    /// How many lines were read to find them.
    pub read: u32,
    /// How many pieces that look like secrets were masked in what is shown.
    pub masked: u32,
    /// What could not be read and why, and what else must be known: sentences.
    pub notes: Vec<Arc<str>>,
}

/// Reads the last lines that are wanted, of everything that the query names and the grants cover. `None`: nothing of that may be seen.
pub async fn excerpt(clusters: &Clusters, grants: &Grants, query: &LogQuery, finder: &Finder) -> Option<Excerpt> {
    let mut seen = query.environments.clone();
    seen.retain(|environment| grants.sees(environment));
    if seen.is_empty() {
        return None;
    }
    let end = Instant::now() + PATIENCE;
    let mut excerpt = Excerpt::default();
    let mut sources: Vec<Source> = Vec::new();
    for environment in &seen {
        let chosen = timeout_at(end, choose(clusters, environment, query)).await;
        let Chosen { sources: more, notes } = chosen.unwrap_or_else(|_| Chosen::late(environment));
        sources.extend(more);
        excerpt.notes.extend(notes);
    }
    let depth = if query.filters() { LOOKED_THROUGH } else { SHOWN };
    let now = clock::now_ms() / 1000;
    excerpt.sources = sources.iter().map(|source| source.shown.clone()).collect();
    let reads = (0u32..)
        .zip(sources)
        .map(|(place, source)| async move { read(&source, place, query.since, depth, finder, now, end).await });
    let mut reads = stream::iter(reads).buffer_unordered(AT_A_TIME);
    let mut parts = Vec::new();
    while let Some(part) = reads.next().await {
        excerpt.found += part.found;
        excerpt.read += part.read;
        excerpt.notes.extend(part.note);
        parts.push(part.entries);
    }
    excerpt.notes.sort();
    (excerpt.rows, excerpt.masked) = newest(parts, SHOWN);
    Some(excerpt)
}
