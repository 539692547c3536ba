//! Logs of containers: whose are read, how, and what is left of them when somebody looks for something.

mod budget;
mod choose;
mod crashes;
mod entries;
mod find;
mod follow;
mod found;
mod merge;
mod note;
mod pace;
mod read;
mod ring;
mod roster;
mod sieve;
mod size;
mod tap;
mod taps;
mod weave;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use domain::access::Grants;
use domain::log::counts::{Chart, Counts};
use domain::log::follow::Position;
use domain::log::query::LogQuery;
use domain::log::view::{LogRow, LogSource};
use domain::name::{ClusterId, EnvironmentId};
use futures::future::join_all;
use futures::{StreamExt as _, stream};
use parking_lot::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::block_in_place;
use tokio::time::Instant;

pub use crashes::read_crashes;
pub use find::{Finder, NoFinder, said};
pub use follow::Viewer;
pub use size::Size;
pub use taps::Taps;

use crate::clock;
use crate::cluster::Clusters;
use crate::mask::OwnMasks;
use choose::{Chosen, Source, choose};
use entries::{Entries, Entry};
use merge::Shares;
use note::{Note, sentences};
use read::{Part, Wanted, read};

/// How many containers are read at a time for one page.
const AT_A_TIME: usize = 16;
/// How many containers of a cluster are read at a time for all who look: its API server has others to answer too.
const OF_A_CLUSTER: usize = 64;
/// How long what is followed stays open when nobody looks any more: who reads a page again comes back at once.
const LINGER: Duration = Duration::from_secs(10);

/// Whose turn it is in each cluster.
static TURNS: LazyLock<Mutex<HashMap<ClusterId, Arc<Semaphore>>>> = LazyLock::new(Mutex::default);

/// What was read.
#[derive(Debug, Default)]
pub struct Excerpt {
    /// Whose lines these are.
    pub sources: Vec<LogSource>,
    /// Up to where each of these was read; none where nothing was.
    pub positions: Vec<Option<Position>>,
    /// The last of them that were wanted, by time.
    pub rows: Vec<LogRow>,
    /// How many entries of each environment were wanted: more than there are here if the rest is older.
    pub found: Vec<(EnvironmentId, u32)>,
    /// How many of these there were when.
    pub chart: Chart,
    /// How many lines were read to find them.
    pub read: u32,
    /// Whether one of the containers has older lines that were not read.
    pub is_cut: bool,
    /// How many pieces that look like secrets were masked in what is shown.
    pub masked: u32,
    /// What could not be read and why, and what else must be known: sentences.
    pub notes: Vec<Arc<str>>,
}

impl Excerpt {
    /// How many entries are shown that are wanted.
    pub fn entries(&self) -> u32 {
        let begins = |row: &&LogRow| matches!(row, LogRow::Line(line) if !line.continues && !line.is_context);
        u32::try_from(self.rows.iter().filter(begins).count()).unwrap_or(u32::MAX)
    }
}

/// Reads the last lines that are wanted, of everything that the query names and the grants cover. `None`: nothing of that may be seen.
pub async fn excerpt(
    clusters: &Clusters,
    grants: &Grants,
    query: &LogQuery,
    finder: &Finder,
    size: Size,
) -> Option<Excerpt> {
    let mut seen = query.environments.clone();
    seen.retain(|environment| grants.sees(environment));
    if seen.is_empty() {
        return None;
    }
    let end = Instant::now() + size.patience;
    let mut notes: Vec<Note> = Vec::new();
    let mut sources: Vec<Source> = Vec::new();
    for chosen in join_all(seen.iter().map(|environment| choose(clusters, environment, query))).await {
        let Chosen { sources: more, notes: said } = chosen;
        sources.extend(more);
        notes.extend(said);
    }
    let now = clock::now_ms() / 1000;
    let masks = clusters.masks();
    let wanted = Wanted { query, size, finder, masks: &masks, now, end };
    let shown: Vec<LogSource> = sources.iter().map(|source| source.shown.clone()).collect();
    let mut found: Vec<(EnvironmentId, u32)> = seen.into_iter().map(|environment| (environment, 0)).collect();
    // Where nothing was read, whatever comes is new: since then.
    let begin = wanted.from().map(|from| Position { at: from.min(now).saturating_mul(1_000_000_000), count: 0 });
    let mut positions = vec![None; shown.len()];
    let (mut counted, mut covered) = (Vec::new(), i64::MIN);
    let (mut newest, mut lines, mut is_any_cut) = (Shares::new(size, found.len()), 0, false);
    // The run before and the one that is there now are looked at together: they may be one.
    let pairs = together(sources).into_iter().map(|pair| async move {
        let reads = pair.into_iter().map(|(place, source)| async move {
            let turns = TURNS.lock().entry(source.cluster.clone()).or_insert_with(turns).clone();
            (place, read(&source, place, wanted, &turns).await)
        });
        join_all(reads).await
    });
    let mut pairs = stream::iter(pairs).buffer_unordered(AT_A_TIME);
    while let Some(mut parts) = pairs.next().await {
        if let [(_, before), (_, now)] = parts.as_slice()
            && now.is_of_the_run(before)
        {
            parts.remove(0);
        }
        for (place, Part { entries, found: more, counted: more_counted, is_cut, read, times, note }) in parts {
            if let Some(position) = positions.get_mut(place as usize) {
                *position = up_to(&times).or(begin);
            }
            let environment = shown.get(place as usize).map(|source| &source.environment);
            let environment = found.iter().position(|(known, _)| Some(known) == environment).unwrap_or(0);
            if let Some((_, count)) = found.get_mut(environment) {
                *count += more;
            }
            lines += read;
            is_any_cut |= is_cut;
            if is_cut && let Some(first) = times.first() {
                covered = covered.max(*first);
            }
            counted.extend(more_counted);
            notes.extend(note);
            newest.add(environment, place, entries);
        }
    }
    let (mut rows, masked) = newest.rows();
    finder.note_hits(&mut rows);
    // Before that not all containers are counted.
    let chart = counted.into_iter().filter(|(at, _)| *at >= covered).collect::<Counts>().chart();
    let (read, is_cut, notes) = (lines, is_any_cut, sentences(notes));
    Some(Excerpt { sources: shown, positions, rows, found, chart, read, is_cut, masked, notes })
}

/// The lines of a log that was read whole with its times, as a page of logs shows them, and how many pieces were masked in them.
pub fn lines_of(log: &[u8], masks: Arc<OwnMasks>) -> (Vec<Arc<str>>, u32) {
    let (mut lines, mut masked) = (Vec::new(), 0u32);
    let mut entries = Entries::new(0, masks);
    let mut take = |entry: Entry| {
        masked = masked.saturating_add(entry.masked);
        lines.extend(entry.lines.into_iter().map(|line| line.text));
    };
    entries.feed(log, &mut take);
    entries.finish(&mut take);
    (lines, masked)
}

/// Up to where a log was read, of which these are the times of the lines.
fn up_to(times: &[i64]) -> Option<Position> {
    let (first, rest) = times.split_first()?;
    Some(rest.iter().fold(Position { at: *first, count: 1 }, |position, at| position.and(*at)))
}

/// Does what may take long for a computer, so that others have their turn meanwhile.
pub fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => block_in_place(work),
        // Of one thread nobody else can take over.
        _ => work(),
    }
}

fn turns() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(OF_A_CLUSTER))
}

/// Sources with their places, the runs of one container together.
fn together(sources: Vec<Source>) -> Vec<Vec<(u32, Source)>> {
    let mut all: Vec<Vec<(u32, Source)>> = Vec::new();
    for (place, source) in (0u32..).zip(sources) {
        let follows = all.last().and_then(|run| run.last()).is_some_and(|(_, before)| {
            let (before, now) = (&before.shown, &source.shown);
            (&before.environment, &before.pod, &before.container) == (&now.environment, &now.pod, &now.container)
        });
        match all.last_mut().filter(|_| follows) {
            Some(run) => run.push((place, source)),
            None => all.push(vec![(place, source)]),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use domain::registry::LogMask;

    use super::*;

    #[test]
    fn the_lines_of_a_log_are_those_of_a_page() {
        let mask = LogMask { name: "card".into(), pattern: "(?i)card[:=] ?([0-9 -]{13,23})".into() };
        let masks = Arc::new(OwnMasks::new(&[mask]).unwrap());
        let log = "2026-01-01T00:00:01Z {\"msg\":\"paid\",\"card\":\"4111 1111 1111 1111\"}\n\
                   2026-01-01T00:00:02Z \u{1b}[31mtoken=hunter2\u{1b}[0m\n\
                   2026-01-01T00:00:03Z half a line";
        let (lines, masked) = lines_of(log.as_bytes(), masks);
        let lines: Vec<&str> = lines.iter().map(|line| &**line).collect();
        assert_eq!((lines.as_slice(), masked), (&["paid card=[masked]", "token=[masked]", "half a line"][..], 2));
        assert_eq!(lines_of(b"unable to retrieve container logs", Arc::default()), (Vec::new(), 0));
    }
}
