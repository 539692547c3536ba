//! What one viewer follows: which containers, from where on, and the rows that come next.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use app::follow::{kept, source_of};
use app::still::logs::LeftOut;
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
/// How long entries are looked at in one go: others have their turn as well.
const LONGEST_LOOK: Duration = Duration::from_millis(10);
/// How far back what a page has not shown is read, in seconds.
const LONGEST_BACK: i64 = 86_400;
/// How long before a viewer came its containers are read at least, in seconds: clocks differ.
const BEFORE: i64 = 10;
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
    /// When this began, seconds since 1970.
    started: i64,
    /// When something was begun with that has not answered yet.
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
    /// Whether nothing was read yet.
    is_new: bool,
    /// Up to where it was read.
    read_to: Option<Position>,
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
            started: clock::now_ms() / 1000,
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

    /// Whether the pods of an environment are known.
    pub fn is_listed(&self) -> bool {
        self.places.iter().any(|place| place.roster.borrow().is_listed)
    }

    /// How many containers are followed, and how many there was no room for.
    pub fn size(&self) -> (u32, u32) {
        (u32::try_from(self.followed.len()).unwrap_or(u32::MAX), self.left_out)
    }

    /// Follows what is there now and was not before. What is gone stays: what it wrote may not have come yet.
    pub fn choose(&mut self) {
        let mut wanted: Vec<(TapKey, LogSource, i64)> = Vec::new();
        for place in &mut self.places {
            let roster = place.roster.borrow_and_update().clone();
            for owned in roster.pods.values() {
                wanted.extend(containers(&self.query, &place.environment, &place.declared, owned));
            }
        }
        self.left_out = 0;
        for (key, source, created) in wanted {
            if self.followed.contains_key(&key) {
                continue;
            }
            if self.followed.len() >= MOST_FOLLOWED {
                self.left_out += 1;
                continue;
            }
            let known = self.sources.iter().position(|known| *known == source);
            let after = known.and_then(|place| self.positions.get(place).copied().flatten());
            let place = known.unwrap_or_else(|| {
                self.sources.push(source.clone());
                self.positions.push(None);
                self.sources.len() - 1
            });
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            // What the page did not show and is no older than it is read from its beginning.
            let is_young = known.is_some() || created >= self.started;
            let from = after.map(|after| after.at.div_euclid(1_000_000_000)).or(is_young.then_some(created));
            // Whoever comes first opens it for all: neither behind what the others want, nor with all that there is.
            let from = from.map(|from| from.clamp(self.started - LONGEST_BACK, self.started - BEFORE));
            let Some(look) = self.taps.look(&key, from) else {
                self.left_out += 1;
                continue;
            };
            if self.is_settled() {
                self.chosen = Instant::now();
            }
            // Of what others look at already, the last.
            let next = if after.is_some() || is_young { 0 } else { look.end().saturating_sub(200) };
            self.followed.insert(key, Followed { look, place, next, is_new: true, read_to: None, after });
        }
    }

    /// What is to be shown next, if anything is.
    pub fn take(&mut self, now: Instant) -> Option<FollowRows> {
        // Those that are gone and told everything are followed no more.
        self.followed.retain(|_, followed| !(followed.look.is_finished() && followed.next == followed.look.end()));
        let end = now + LONGEST_LOOK;
        for followed in self.followed.values_mut() {
            // What is not looked at now is looked at next time, as long as it is kept.
            if Instant::now() > end {
                break;
            }
            let taken = followed.look.read(followed.next, MOST_AT_ONCE);
            let Some(first) = taken.entries.first() else { continue };
            let is_first = std::mem::take(&mut followed.is_new);
            followed.next += taken.lost;
            if let Some(after) = followed.after.filter(|after| is_first && first.position > *after) {
                // The page and what is followed meet only if everything since then was asked for and is still there.
                let is_from_its_beginning = after.count == 0;
                if taken.lost > 0 || !(is_from_its_beginning || followed.look.is_asked_since(after.at)) {
                    self.weave.add(followed.place, [gap(followed.look.key(), after, now)]);
                }
            } else if taken.lost > 0 {
                self.weave.lost(taken.lost, first.at);
            }
            let mut wanted = Vec::new();
            for held in taken.entries {
                // Some expressions take long.
                if Instant::now() > end {
                    break;
                }
                followed.next += 1;
                followed.read_to = Some(held.position);
                if followed.after.is_some_and(|after| held.position <= after) {
                    continue;
                }
                followed.after = None;
                if held.is_mark() || self.finder.wants(held.worst, held.texts()) {
                    wanted.push(held);
                }
            }
            self.weave.add(followed.place, wanted);
        }
        // What was written before stands in order only once all were asked.
        if self.is_settled() || now > self.chosen + SETTLE {
            self.weave.release(now, self.followed.len() == 1);
        }
        self.weave.is_ready().then(|| self.rows())
    }

    /// Whether all that is followed answered.
    fn is_settled(&self) -> bool {
        self.followed.values().all(|followed| followed.look.has_begun())
    }

    /// Up to where was read, where nothing of it is to be shown: whoever comes back goes on from there.
    pub fn moved(&mut self) -> Option<FollowRows> {
        let read = self.followed.values().filter_map(|followed| Some((followed.place, followed.read_to?)));
        let moved: Vec<_> =
            read.filter(|(place, to)| self.positions.get(*place as usize) != Some(&Some(*to))).collect();
        (self.weave.is_empty() && !moved.is_empty()).then(|| self.frame(String::new(), 0, moved))
    }

    fn rows(&mut self) -> FollowRows {
        let Cut { skipped, lost, before, threads } = self.weave.cut(MOST_ROWS, MOST_BYTES);
        let (mut rows, mut entries) = (Vec::new(), 0);
        let mut moved: HashMap<u32, Position> = HashMap::new();
        for thread in threads {
            let item = &thread.held.item;
            entries += u32::from(!thread.held.is_mark());
            moved.insert(thread.place, thread.held.position);
            rows.extend(item.rows.iter().cloned().map(|row| of_place(row, thread.place)));
        }
        self.finder.note_hits(&mut rows);
        let skip = LeftOut { shown: skipped, unseen: lost, before };
        let html = app::still::logs::more_rows(rows, skip, &self.sources, &self.query, clock::now_ms() / 1000);
        let mut moved: Vec<_> = moved.into_iter().collect();
        moved.sort_unstable();
        self.frame(html, entries, moved)
    }

    fn frame(&mut self, html: String, entries: u32, moved: Vec<(u32, Position)>) -> FollowRows {
        for (place, position) in &moved {
            if let Some(known) = self.positions.get_mut(*place as usize) {
                *known = Some(*position);
            }
        }
        let more = self.sources.get(self.told..).unwrap_or_default().iter().map(kept).collect();
        self.told = self.sources.len();
        self.number += 1;
        FollowRows { number: self.number, html, entries, more, moved }
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

/// The containers of a pod that are wanted and have a log, with when the pod was created, seconds since 1970.
fn containers<'a>(
    query: &'a LogQuery,
    environment: &'a EnvironmentId,
    declared: &'a Environment,
    owned: &'a OwnedPod,
) -> impl Iterator<Item = (TapKey, LogSource, i64)> + 'a {
    let pod = &owned.pod;
    let is_wanted = query.wants_pod(pod.name.as_str()) && wants_workload(query, declared, owned);
    let containers =
        pod.facts.containers.iter().filter(move |container| is_wanted && query.wants_container(&container.name));
    containers.filter_map(move |container| {
        if matches!(container.state, ContainerState::Waiting { .. }) && container.last.is_none() {
            return None;
        }
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
        Some((key, source, pod.facts.created))
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
