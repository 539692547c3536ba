//! What one viewer follows: which containers, from where on, and the rows that come next.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use app::follow::{kept, source_of};
use domain::access::Grants;
use domain::facts::ContainerState;
use domain::log::follow::{FollowRows, Position, Read};
use domain::log::level::Level;
use domain::log::query::LogQuery;
use domain::log::view::{LogRow, LogSource};
use domain::name::EnvironmentId;
use domain::registry::{Environment, Registry};
use tokio::sync::watch;
use tokio::time::Instant;

use super::find::Finder;
use super::merge::Item;
use super::ring::Held;
use super::roster::Roster;
use super::tap::{Look, TapKey};
use super::taps::Taps;
use super::weave::{Cut, Weave};
use crate::clock;
use crate::cluster::OwnedPod;

/// The most containers that one viewer follows.
const MOST_FOLLOWED: usize = 400;
/// The most entries of a container that are looked at in one go.
const MOST_AT_ONCE: usize = 20_000;
/// How long the others wait for one that is new.
const SETTLE: Duration = Duration::from_secs(1);
/// The most rows in one frame.
const MOST_ROWS: usize = 200;
/// The most bytes of text in one frame.
const MOST_BYTES: usize = 256 << 10;

/// One viewer.
pub struct Viewer {
    taps: Arc<Taps>,
    query: LogQuery,
    finder: Finder,
    places: Vec<Place>,
    /// By their places.
    sources: Vec<LogSource>,
    /// Up to where each is read, by its place.
    positions: Vec<Option<Position>>,
    /// How many of the sources the page knows.
    told: usize,
    followed: HashMap<TapKey, Followed>,
    /// When the last of them was begun with.
    chosen: Instant,
    /// How many containers there was no room for.
    left_out: u32,
    weave: Weave,
    number: u32,
}

/// An environment that is looked at.
struct Place {
    environment: EnvironmentId,
    declared: Environment,
    roster: watch::Receiver<Roster>,
}

struct Followed {
    look: Look,
    place: u32,
    /// The next entry to read.
    next: u64,
    /// Up to where its page showed it already: until something behind that comes.
    after: Option<Position>,
}

impl Viewer {
    /// Somebody who asks for this, shows these sources, and has read each so far. What the grants do not cover is not followed.
    pub fn new(
        taps: Arc<Taps>,
        registry: &Registry,
        grants: &Grants,
        (query, finder): (LogQuery, Finder),
        from: Vec<Read>,
    ) -> Self {
        let seen = query.environments.iter().filter(|environment| grants.sees(environment));
        let places = seen
            .filter_map(|environment| {
                let (_, declared) = registry.environment(environment)?;
                let roster = taps.roster(&declared.cluster, &declared.namespace);
                Some(Place { environment: environment.clone(), declared: declared.clone(), roster })
            })
            .collect();
        let from = from.into_iter().filter_map(|(kept, position)| Some((source_of(&kept)?, position)));
        let (sources, positions): (Vec<_>, Vec<_>) = from.unzip();
        let told = sources.len();
        let followed = HashMap::new();
        Self {
            taps,
            query,
            finder,
            places,
            sources,
            positions,
            told,
            followed,
            chosen: Instant::now(),
            left_out: 0,
            weave: Weave::default(),
            number: 0,
        }
    }

    /// Waits until pods come, go or change.
    pub async fn changed(&mut self) {
        if self.places.is_empty() {
            std::future::pending::<()>().await;
        }
        let changes = self.places.iter_mut().map(|place| Box::pin(place.roster.changed()));
        // The senders live as long as their readers.
        let _ = futures::future::select_all(changes).await;
    }

    /// Whether the pods of all environments are known.
    pub fn is_listed(&self) -> bool {
        self.places.iter().all(|place| place.roster.borrow().is_listed)
    }

    /// How many containers are followed, and how many there was no room for.
    pub fn size(&self) -> (u32, u32) {
        (u32::try_from(self.followed.len()).unwrap_or(u32::MAX), self.left_out)
    }

    /// Follows what is there now and was not before. What is gone stays: what it wrote may not have come yet.
    pub fn choose(&mut self) {
        let mut wanted: Vec<(TapKey, LogSource, bool)> = Vec::new();
        for place in &mut self.places {
            let roster = place.roster.borrow_and_update().clone();
            for owned in roster.pods.values() {
                wanted.extend(containers(&self.query, &place.environment, &place.declared, owned));
            }
        }
        // Those that are gone and told everything make room.
        self.followed.retain(|_, followed| !(followed.look.is_finished() && followed.next == followed.look.end()));
        self.left_out = 0;
        for (key, source, is_over) in wanted {
            if self.followed.contains_key(&key) {
                continue;
            }
            if self.followed.len() >= MOST_FOLLOWED {
                self.left_out += 1;
                continue;
            }
            let known = self.sources.iter().position(|known| *known == source);
            let after = known.and_then(|place| self.positions.get(place).copied().flatten());
            // What is over and was read is read to its end.
            if is_over && after.is_some() {
                continue;
            }
            let place = known.unwrap_or_else(|| {
                self.sources.push(source.clone());
                self.positions.push(None);
                self.sources.len() - 1
            });
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            let from = after.map(|after| after.at.div_euclid(1_000_000_000));
            let Some(look) = self.taps.look(&key, from) else {
                self.left_out += 1;
                continue;
            };
            self.chosen = Instant::now();
            self.followed.insert(key, Followed { look, place, next: 0, after });
        }
    }

    /// What is to be shown next, if anything is.
    pub fn take(&mut self, now: Instant) -> Option<FollowRows> {
        for followed in self.followed.values_mut() {
            let taken = followed.look.read(followed.next, MOST_AT_ONCE);
            let Some(first) = taken.entries.first() else { continue };
            let is_first = followed.next == 0;
            followed.next = taken.next;
            if let Some(after) = followed.after.filter(|after| is_first && first.position > *after) {
                // The page and what is followed meet only if everything since then was asked for and is still there.
                if taken.lost > 0 || !followed.look.is_asked_since(after.at) {
                    self.weave.add(followed.place, [gap(followed.look.key(), after, now)]);
                }
            } else if taken.lost > 0 {
                self.weave.lost(taken.lost, first.at);
            }
            let after = &mut followed.after;
            let new = taken.entries.into_iter().filter(|held| match after {
                Some(before) if held.position <= *before => false,
                Some(_) => {
                    *after = None;
                    true
                }
                None => true,
            });
            let wanted: Vec<_> =
                new.filter(|held| held.is_mark() || self.finder.wants(held.worst, held.texts())).collect();
            self.weave.add(followed.place, wanted);
        }
        // What was written before stands in order only once all were asked.
        if self.followed.values().all(|followed| followed.look.has_begun()) || now > self.chosen + SETTLE {
            self.weave.release(now, self.followed.len() == 1);
        }
        self.weave.is_ready().then(|| self.rows())
    }

    fn rows(&mut self) -> FollowRows {
        let Cut { skipped, skipped_to, threads } = self.weave.cut(MOST_ROWS, MOST_BYTES);
        let (mut rows, mut masked, mut entries) = (Vec::new(), 0u32, 0);
        let mut moved: HashMap<u32, Position> = HashMap::new();
        for thread in threads {
            let item = &thread.held.item;
            entries += u32::from(!thread.held.is_mark());
            masked = masked.saturating_add(item.masked);
            moved.insert(thread.place, thread.held.position);
            rows.extend(item.rows.iter().cloned().map(|row| of_place(row, thread.place)));
        }
        self.finder.note_hits(&mut rows);
        for (place, position) in &moved {
            if let Some(known) = self.positions.get_mut(*place as usize) {
                *known = Some(*position);
            }
        }
        let skip = (skipped > 0).then_some((skipped, skipped_to));
        let html = app::still::logs::more_rows(rows, skip, &self.sources, &self.query, clock::now_ms() / 1000);
        let more = self.sources.get(self.told..).unwrap_or_default().iter().map(kept).collect();
        self.told = self.sources.len();
        self.number += 1;
        let mut moved: Vec<_> = moved.into_iter().collect();
        moved.sort_unstable();
        FollowRows { number: self.number, html, entries, skipped, masked, more, moved }
    }
}

/// Says that between a page and what is followed lines may be missing.
fn gap(key: &TapKey, after: Position, now: Instant) -> Arc<Held> {
    let TapKey { pod, container, .. } = key;
    let text = format!(
        "Lines of {pod}/{container} may be missing here: more was written than is kept. Read again to see them."
    );
    let rows = vec![LogRow::Mark { at: after.at, source: 0, text: text.into() }];
    Arc::new(Held {
        item: Item { rows, masked: 0 },
        worst: Level::Unknown,
        at: after.at,
        position: after,
        arrived: now,
    })
}

/// The containers of a pod that are wanted and have a log, and whether each is over for good.
fn containers<'a>(
    query: &'a LogQuery,
    environment: &'a EnvironmentId,
    declared: &'a Environment,
    owned: &'a OwnedPod,
) -> impl Iterator<Item = (TapKey, LogSource, bool)> + 'a {
    let pod = &owned.pod;
    let is_wanted = query.wants_pod(pod.name.as_str()) && wants_workload(query, declared, owned);
    let containers =
        pod.facts.containers.iter().filter(move |container| is_wanted && query.wants_container(&container.name));
    containers.filter_map(move |container| {
        let is_over = match &container.state {
            ContainerState::Waiting { .. } if container.last.is_none() => return None,
            ContainerState::Waiting { .. } | ContainerState::Running { .. } => false,
            ContainerState::Terminated(_) => true,
        };
        let key = TapKey {
            cluster: declared.cluster.clone(),
            namespace: declared.namespace.clone(),
            pod: pod.name.shared(),
            uid: pod.uid.clone(),
            container: container.name.clone(),
        };
        let component = owned.workload.as_ref().map_or_else(|| "".into(), |(_, name)| name.clone());
        let source = LogSource {
            environment: environment.clone(),
            component,
            pod: pod.name.shared(),
            container: container.name.clone(),
            previous: false,
        };
        Some((key, source, is_over))
    })
}

/// Whether a pod belongs to a workload that is asked for: by its kind where that is declared.
fn wants_workload(query: &LogQuery, declared: &Environment, owned: &OwnedPod) -> bool {
    let Some((kind, name)) = &owned.workload else { return query.components.is_empty() };
    query.components.is_empty()
        || query.components.iter().filter(|wanted| wanted.as_str() == &**name).any(|wanted| {
            let mut known = declared.components.iter().filter(|known| known.name == *wanted).peekable();
            known.peek().is_none() || known.any(|known| known.kind == *kind)
        })
}

fn of_place(row: LogRow, place: u32) -> LogRow {
    match row {
        LogRow::Line(line) => LogRow::Line(domain::log::view::LogLine { source: place, ..line }),
        LogRow::Mark { at, source: _, text } => LogRow::Mark { at, source: place, text },
    }
}
