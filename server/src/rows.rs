//! What the pages are made of: small rows, kept in step with the clusters and read by every viewer.
//!
//! Watches write, viewers read. A write only takes facts in and marks what must be judged again; the judging is done once,
//! by whoever reads next, however many changes came in between.

mod around;
mod autoscalers;
mod board;
mod change;
mod checked;
mod checks;
mod compare;
mod crashes;
mod environment;
mod judge;
mod measured;
mod nodes;
mod owner;
mod pages;
mod pods;
mod revisions;
mod sights;
mod source;
mod texts;
mod unread;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use domain::access::Grants;
use domain::frame::{Page, Topic};
use domain::freshness::Freshness;
use domain::name::{ClusterId, ComponentId, EnvironmentId, Namespace};
use domain::registry::Registry;
use domain::view::{Chrome, WallHead};
use parking_lot::{RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};
use tokio::sync::watch;

pub use change::{
    Change, Key, Kind, Object, Observed, ObservedAround, ObservedEvent, ObservedPod, ObservedRevision, ObservedWorkload,
};
pub use checks::Held;
pub use crashes::Crash;
pub use measured::Measured;
pub use sights::Unjudged;
pub use source::{WatchId, WatchState};

use autoscalers::Past;
use environment::Environment;
use nodes::Nodes;
use pods::Pods;
use source::Source;
use texts::Texts;

use crate::checks::CheckBoard;

/// Everything that is known of all clusters.
pub struct Rows {
    state: RwLock<State>,
    /// Counts up with every change that a viewer could see.
    changed: watch::Sender<u64>,
    clock: fn() -> i64,
    board: Arc<CheckBoard>,
}

/// What the lock guards.
struct State {
    registry: Arc<Registry>,
    registry_trouble: Arc<str>,
    sources: Vec<(ClusterId, Source)>,
    /// In the wall's order.
    environments: Vec<Environment>,
    places: HashMap<(ClusterId, Namespace), usize>,
    pods: Pods,
    nodes: HashMap<ClusterId, Nodes>,
    /// The clusters of which it is not known what pods use, and why.
    unmeasured: HashMap<ClusterId, Arc<str>>,
    texts: Texts,
    past: Past,
    /// When these were swept last, seconds since 1970.
    swept: i64,
    wall: WallHead,
    /// What checks found last.
    board: Arc<CheckBoard>,
    /// Whether anything must be judged again before it is read.
    dirty: bool,
}

impl Rows {
    /// No rows yet. `clock` tells milliseconds since 1970.
    pub fn new(registry: Arc<Registry>, clock: fn() -> i64) -> Self {
        let empty = Registry {
            clusters: Vec::new(),
            systems: Vec::new(),
            access: Vec::new(),
            policy: Default::default(),
            masks: Vec::new(),
            alerts: Default::default(),
        };
        let board = Arc::<CheckBoard>::default();
        let state = State {
            registry: Arc::new(empty),
            registry_trouble: "".into(),
            sources: Vec::new(),
            environments: Vec::new(),
            places: HashMap::new(),
            pods: Pods::default(),
            nodes: HashMap::new(),
            unmeasured: HashMap::new(),
            texts: Texts::default(),
            past: Past::default(),
            swept: 0,
            wall: WallHead::default(),
            board: board.clone(),
            dirty: true,
        };
        let rows = Self { state: RwLock::new(state), changed: watch::Sender::new(0), clock, board };
        rows.register(&registry);
        rows
    }

    /// Tells of every change; whoever waits on it sees the newest state when it wakes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Wakes viewers whose page shows something else that changed, and judges again what checks have found something new of.
    pub fn poke(&self) {
        self.write(State::take_in_checks);
    }

    fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = {
            let mut state = self.state.write();
            let result = change(&mut state);
            state.dirty = true;
            result
        };
        self.changed.send_modify(|count| *count += 1);
        result
    }

    /// Reads with everything judged.
    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        let state = self.state.upgradable_read();
        if !state.dirty {
            return read(&state);
        }
        let mut state = RwLockUpgradableReadGuard::upgrade(state);
        state.judge_all((self.clock)());
        read(&RwLockWriteGuard::downgrade(state))
    }

    /// Takes a registry in: what is registered in both stays, what is not any more goes.
    pub fn register(&self, registry: &Arc<Registry>) {
        self.write(|state| state.register(registry.clone()));
    }

    /// Says why the newest version of the registry is not in use; empty when it is.
    pub fn registry_trouble(&self, trouble: Option<Arc<str>>) {
        let trouble = trouble.unwrap_or_else(|| "".into());
        if self.state.read().registry_trouble != trouble {
            self.write(|state| state.registry_trouble = trouble);
        }
    }

    /// Takes in what a watch tells.
    pub fn take_in(&self, cluster: &ClusterId, changes: Vec<Change>) {
        let now = (self.clock)() / 1000;
        self.write(|state| {
            for change in changes {
                state.take_in(cluster, change, now);
            }
        });
    }

    /// Judges again what depends on the time, and samples what has a history. Called every few seconds.
    pub fn tick(&self) {
        let now = (self.clock)();
        self.write(|state| state.tick(now));
    }

    /// What somebody with these grants may see of it. There is no other way to a page.
    pub fn seen_by<'a>(&'a self, grants: &'a Grants) -> Seen<'a> {
        Seen { rows: self, grants, all: grants.sees_everything() }
    }

    /// Where a role can hold, as it is written and as people read it: everywhere, systems, environments.
    pub fn scopes(&self) -> Vec<(String, String)> {
        let state = self.state.read();
        let mut scopes = vec![("*".to_owned(), "everywhere".to_owned())];
        for system in &state.registry.systems {
            scopes.push((system.id.to_string(), system.name.clone()));
            for environment in &system.environments {
                let words = [&system.name, " / ", environment.title()].concat();
                scopes.push((system.environment_id(environment).to_string(), words));
            }
        }
        scopes
    }

    /// The clusters of the registry, and whether what is shown of each is in step with it.
    pub fn clusters(&self) -> Vec<(ClusterId, bool)> {
        let state = self.state.read();
        let clusters = state.sources.iter();
        clusters.map(|(id, source)| (id.clone(), matches!(source.freshness(), Freshness::Live(_)))).collect()
    }

    /// Whether every cluster was read once, or is known not to answer: what is shown is right or says that it is not.
    pub fn is_settled(&self) -> bool {
        self.state.read().sources.iter().all(|(_, source)| source.is_settled())
    }
}

/// The rows as somebody may see them.
pub struct Seen<'a> {
    rows: &'a Rows,
    grants: &'a Grants,
    /// Whether nothing is hidden: the usual case, and the quick one.
    all: bool,
}

impl Seen<'_> {
    /// What a page shows now. What may not be seen is absent, as if it were not registered.
    pub fn page(&self, topic: &Topic) -> Page {
        let now = (self.rows.clock)();
        match topic {
            Topic::Pods(query) => {
                let query = query.clone().bounded();
                let mut state = self.rows.state.write();
                if state.dirty {
                    state.judge_all(now);
                }
                let seen = self.seen_environments(&state);
                state.pods.prepare(&query, seen.as_ref(), now);
                Page::Pods(RwLockWriteGuard::downgrade(state).pods.window(&query, seen.as_ref()))
            }
            Topic::Environment(environment) | Topic::Component(ComponentId { environment, .. })
                if !self.sees(environment) =>
            {
                Page::Absent
            }
            Topic::Wall if !self.all => self.rows.read(|state| state.part_of_wall(now, |id| self.sees(id))),
            Topic::Wall | Topic::Environment(_) | Topic::Component(_) | Topic::Operation(_) => {
                self.rows.read(|state| state.page(topic, now, |id| self.sees(id)))
            }
        }
    }

    /// What stands around every page now.
    pub fn chrome(&self) -> Chrome {
        self.rows.read(|state| {
            let mut chrome = state.chrome();
            if !self.all {
                chrome.environments.retain(|environment| self.sees(&environment.id));
                let clusters: Vec<_> =
                    chrome.environments.iter().map(|environment| environment.cluster.clone()).collect();
                chrome.sources.retain(|source| clusters.contains(&source.cluster));
                if !chrome.registry_trouble.is_empty() {
                    // Its words may name what they do not see.
                    chrome.registry_trouble = "Whoever sees every environment is told why.".into();
                }
            }
            chrome
        })
    }

    fn sees(&self, environment: &EnvironmentId) -> bool {
        self.all || self.grants.sees(environment)
    }

    /// The environments that are seen; `None` when all are.
    fn seen_environments(&self, state: &State) -> Option<Arc<[EnvironmentId]>> {
        let seen = || state.environments.iter().map(|environment| &environment.id).filter(|id| self.grants.sees(id));
        (!self.all).then(|| seen().cloned().collect())
    }
}

impl State {
    fn environment(&self, id: &EnvironmentId) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.id == *id)
    }

    fn source(&mut self, cluster: &ClusterId) -> Option<&mut Source> {
        self.sources.iter_mut().find(|(id, _)| id == cluster).map(|(_, source)| source)
    }
}
