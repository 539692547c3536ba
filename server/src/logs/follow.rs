//! What one viewer follows: which containers, from where on, and the rows that come next.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use app::follow::{kept, source_of};
use app::still::logs::{Clock, LeftOut};
use domain::access::Grants;
use domain::facts::ContainerState;
use domain::log::follow::{FollowRows, Matched, Position, Read};
use domain::log::level::Level;
use domain::log::query::LogQuery;
use domain::log::view::{LogLine, LogRow, LogSource};
use domain::name::EnvironmentId;
use domain::registry::{Environment, Registry};
use tokio::sync::watch;
use tokio::time::Instant;

use super::find::Finder;
use super::found::Found;
use super::merge::Item;
use super::ring::Held;
use super::roster::Roster;
use super::sieve::Sieve;
use super::tap::{Look, TapKey};
use super::taps::Taps;
use super::weave::{Cut, Thread, Weave};
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
/// The most rows in one frame: a browser takes about 0.3 ms for each, and answers nothing else meanwhile.
const MOST_ROWS: usize = 100;
/// The most bytes of text in one frame.
const MOST_BYTES: usize = 256 << 10;

/// One viewer.
pub struct Viewer {
    taps: Arc<Taps>,
    query: LogQuery,
    finder: Finder,
    /// By what the times are said.
    clock: Clock,
    places: Vec<Place>,
    /// By their places.
    sources: Vec<LogSource>,
    /// Up to where each is read, by its place.
    positions: Vec<Option<Position>>,
    found: Found,
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
    /// Which of those that are followed is looked at first.
    turn: usize,
    /// How many pieces were masked in what was shown since the page was read.
    masked: u32,
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
    sieve: Sieve,
}

impl Viewer {
    /// Somebody who asks for this, shows these sources, and has read each so far, when so many had matched. What the grants do not cover is
    /// not followed.
    pub fn new(
        taps: Arc<Taps>,
        registry: &Registry,
        grants: &Grants,
        (query, finder, clock): (LogQuery, Finder, Clock),
        from: Vec<Read>,
        before: Matched,
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
        let (told, found) = (sources.len(), Found::new(sources.len(), before));
        let followed = HashMap::new();
        Self {
            taps,
            query,
            finder,
            clock,
            places,
            sources,
            positions,
            found,
            told,
            followed,
            started: clock::now_ms() / 1000,
            chosen: Instant::now(),
            left_out: 0,
            weave: Weave::new(Instant::now()),
            turn: 0,
            masked: before.masked,
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

    /// Whether the environments are still where they were when this began: lines of another place are not theirs.
    pub fn is_as_declared(&self, registry: &Registry) -> bool {
        let now = |environment| registry.environment(environment).map(|(_, now)| now);
        self.places.iter().all(|known| now(&known.environment).is_some_and(|now| is_same_place(&known.declared, now)))
    }

    /// How many containers are followed, and how many there was no room for.
    pub fn size(&self) -> (u32, u32) {
        (u32::try_from(self.followed.len()).unwrap_or(u32::MAX), self.left_out)
    }

    /// Whether entries are left out by what they say.
    pub fn filters(&self) -> bool {
        self.query.filters()
    }

    /// How many entries that were looked at matched since the page was read, and how many pieces were masked in those that were shown.
    pub fn matched(&self) -> Matched {
        Matched { masked: self.masked, ..self.found.looked_at() }
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
                self.found.push();
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
            let next = if after.is_some() || is_young { 0 } else { look.last(200) };
            let sieve = Sieve::new(self.query.around());
            self.followed.insert(key, Followed { look, place, next, is_new: true, read_to: None, after, sieve });
        }
    }

    /// What is to be shown next, if anything is.
    pub fn take(&mut self, now: Instant) -> Option<FollowRows> {
        // Those that are gone and told everything are followed no more.
        self.followed.retain(|_, followed| !(followed.look.is_finished() && followed.next == followed.look.end()));
        let end = now + LONGEST_LOOK;
        let wants = |held: &Held| self.finder.wants(held.worst, held.texts());
        // Whoever takes all of the time is the last one next time.
        let mut all: Vec<&mut Followed> = self.followed.values_mut().collect();
        let count = all.len().max(1);
        all.rotate_left(self.turn % count);
        for (place, followed) in all.into_iter().enumerate() {
            // What is not looked at now is looked at next time, as long as it is kept.
            if Instant::now() > end {
                self.turn = (self.turn + place) % count;
                break;
            }
            let taken = followed.look.read(followed.next, MOST_AT_ONCE);
            let Some(first) = taken.entries.first() else { continue };
            let is_first = std::mem::take(&mut followed.is_new);
            followed.next += taken.lost;
            let place = followed.place;
            let thread = |held, is_context, matched| Thread { place, held, is_context, matched };
            if taken.lost > 0 {
                followed.sieve.lost();
            }
            let is_asked_since = |at| followed.look.is_asked_since(at);
            match missing(followed.after, (first.position, is_first), taken.lost, is_asked_since) {
                Missing::Nothing => {}
                Missing::Since(after) => {
                    self.found.lost();
                    self.weave.add([thread(gap(followed.look.key(), after, now), false, self.found.of(place))]);
                }
                Missing::Counted(lost) => {
                    self.found.lost();
                    self.weave.lost(lost, first.at);
                }
            }
            let mut wanted = Vec::new();
            for held in taken.entries {
                // Some expressions take long.
                if Instant::now() > end {
                    break;
                }
                let number = followed.next;
                followed.next += held.count();
                if followed.after.is_some_and(|after| held.position <= after) {
                    match (self.query.around(), held.unseen) {
                        (0, _) => {}
                        (_, 0) => followed.sieve.pass(&held, wants),
                        _ => followed.sieve.lost(),
                    }
                    continue;
                }
                followed.after = None;
                followed.read_to = Some(held.position);
                if held.unseen > 0 {
                    self.found.lost();
                    self.weave.lost(u64::from(held.unseen), held.at);
                    followed.sieve.lost();
                    continue;
                }
                let read = |from, most| followed.look.read(from, most);
                followed.sieve.take((number, held), wants, read, &mut |held, is_context| {
                    if !is_context && !held.is_mark() {
                        self.found.add(place);
                    }
                    wanted.push(thread(held, is_context, self.found.of(place)));
                });
            }
            self.weave.add(wanted);
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
        let moved: HashMap<_, _> = read
            .filter(|(place, to)| self.positions.get(*place as usize) != Some(&Some(*to)))
            .map(|(place, to)| (place, (to, self.found.of(place))))
            .collect();
        (self.weave.is_empty() && !moved.is_empty()).then(|| self.frame(String::new(), 0, moved))
    }

    fn rows(&mut self) -> FollowRows {
        let Cut { skipped, lost, before, threads } = self.weave.cut(MOST_ROWS, MOST_BYTES);
        let (mut rows, mut entries) = (Vec::new(), 0);
        let mut moved: HashMap<u32, (Position, u64)> = HashMap::new();
        for thread in threads {
            let item = &thread.held.item;
            entries += u32::from(!thread.held.is_mark());
            moved.insert(thread.place, (thread.held.position, thread.matched));
            self.masked = self.masked.saturating_add(item.masked);
            rows.extend(item.rows.iter().cloned().map(|row| shown_by(row, &thread)));
        }
        self.finder.note_hits(&mut rows);
        let skip = LeftOut { shown: skipped, unseen: lost, before };
        let html = app::still::logs::more_rows(rows, skip, &self.sources, &self.query, &self.clock);
        self.frame(html, entries, moved)
    }

    fn frame(&mut self, html: String, entries: u32, moved: HashMap<u32, (Position, u64)>) -> FollowRows {
        for (place, (position, matched)) in &moved {
            if let Some(known) = self.positions.get_mut(*place as usize) {
                *known = Some(*position);
            }
            self.found.give(*place, *matched);
        }
        let mut moved: Vec<_> = moved.into_iter().map(|(place, (position, _))| (place, position)).collect();
        moved.sort_unstable();
        let matched = Matched { masked: self.masked, ..self.found.given() };
        let more = self.sources.get(self.told..).unwrap_or_default().iter().map(kept).collect();
        self.told = self.sources.len();
        self.number += 1;
        FollowRows { number: self.number, html, entries, more, moved, matched }
    }
}

/// Whether an environment that was declared anew has its pods where it had them.
fn is_same_place(known: &Environment, now: &Environment) -> bool {
    (&known.cluster, &known.namespace, &known.components) == (&now.cluster, &now.namespace, &now.components)
}

/// What a page does not show before an entry that is there.
#[derive(Debug, PartialEq)]
enum Missing {
    Nothing,
    /// Something, perhaps, behind what it shows.
    Since(Position),
    /// So many entries.
    Counted(u64),
}

/// What is missing before the next entry, and whether that is the first one of all, where a page shows its container up to somewhere and so
/// many entries went by now.
fn missing(
    after: Option<Position>,
    (next, is_first): (Position, bool),
    lost: u64,
    is_asked_since: impl Fn(i64) -> bool,
) -> Missing {
    match after {
        // What went the page shows as well.
        Some(after) if next <= after => Missing::Nothing,
        // The page and what is followed meet only if everything since then was asked for and is still there.
        Some(after) if is_first => match lost == 0 && (after.count == 0 || is_asked_since(after.at)) {
            true => Missing::Nothing,
            false => Missing::Since(after),
        },
        _ if lost > 0 => Missing::Counted(lost),
        _ => Missing::Nothing,
    }
}

/// Says that between a page and what is followed lines may be missing.
fn gap(key: &TapKey, after: Position, now: Instant) -> Arc<Held> {
    let TapKey { pod, container, .. } = key;
    let text = format!(
        "Lines of {pod}/{container} may be missing here: more was written than could be read in time. Read again to see them."
    );
    let rows = vec![LogRow::Mark { at: after.at, source: 0, text: text.into() }];
    Arc::new(Held {
        item: Item { rows, masked: 0 },
        worst: Level::Unknown,
        at: after.at,
        position: after,
        arrived: now,
        unseen: 0,
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

fn shown_by(row: LogRow, thread: &Thread) -> LogRow {
    let Thread { place: source, is_context, .. } = *thread;
    match row {
        LogRow::Line(line) => LogRow::Line(LogLine { source, is_context, ..line }),
        LogRow::Mark { at, source: _, text } => LogRow::Mark { at, source, text },
    }
}

#[cfg(test)]
mod tests;
