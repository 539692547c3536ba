//! How far what we hold of a cluster can be trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use domain::facts::around::{AroundKind, Unseen};
use domain::freshness::Freshness;
use domain::name::{ClusterId, Namespace};
use domain::view::{MissingRight, SourceView};

use super::{Kind, Rows};

/// A watch of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId {
    /// What it watches.
    pub kind: Kind,
    /// Where, unless in the whole cluster; and the only name it watches, if it is one object's.
    pub within: Option<(Namespace, Option<Arc<str>>)>,
}

impl WatchId {
    /// Whether an object could be told by both.
    fn overlaps(&self, other: &Self) -> bool {
        self.kind == other.kind
            && match (&self.within, &other.within) {
                (None, _) | (_, None) => true,
                (Some((here, this)), Some((there, that))) => {
                    here == there && (this.is_none() || that.is_none() || this == that)
                }
            }
    }
}

impl fmt::Display for WatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.resource())?;
        match &self.within {
            None => Ok(()),
            Some((namespace, None)) => write!(f, " in {namespace}"),
            Some((namespace, Some(name))) => write!(f, " {namespace}/{name}"),
        }
    }
}

/// How a watch is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchState {
    /// Its list is not complete yet.
    Starting,
    /// What it told is what there is.
    InStep,
    /// It broke off; the sentence says so.
    OutOfStep(Arc<str>),
    /// It is not allowed; the sentence says what is missing.
    Missing(Arc<str>),
    /// The cluster does not know the kind.
    NotInstalled,
}

/// A cluster as a source.
#[derive(Debug, Clone)]
pub struct Source {
    /// Last answer to a probe, milliseconds since 1970; 0 when there was none.
    answered: i64,
    /// Why the last probes failed; empty when they did not.
    silence: Arc<str>,
    /// The last moment at which all that matters was known to be in step, milliseconds since 1970; 0 when there was none.
    proved: i64,
    /// The same, but for rights that were lost.
    readable: i64,
    watches: BTreeMap<WatchId, WatchState>,
    /// The watches that were in step once: of these something is held.
    read: BTreeSet<WatchId>,
    /// Whether all its watches were started.
    complete: bool,
    /// Whether every watch was in step once.
    was_listed: bool,
    /// `v1.36.2`; empty when not known.
    pub version: Arc<str>,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            answered: 0,
            silence: "".into(),
            proved: 0,
            readable: 0,
            watches: BTreeMap::new(),
            read: BTreeSet::new(),
            complete: false,
            was_listed: false,
            version: "".into(),
        }
    }
}

impl Source {
    /// How old what we hold of it is: as old as the oldest of what matters.
    pub fn freshness(&self) -> Freshness {
        self.as_fresh_as(!self.has_lost_rights(), self.proved)
    }

    /// How old what may be read of it is. What may not be read any more is told apart: it keeps nothing else from being judged.
    pub fn freshness_of_readable(&self) -> Freshness {
        self.as_fresh_as(true, self.readable)
    }

    fn as_fresh_as(&self, may_read: bool, proved: i64) -> Freshness {
        if proved == 0 {
            Freshness::Never
        } else if may_read && self.silence.is_empty() && self.is_in_step() {
            Freshness::Live(self.answered)
        } else {
            // That the cluster answers makes nothing newer that its watches do not tell.
            Freshness::Stale(proved)
        }
    }

    /// Whether what is held of it is all there is, but for what may not be read. Events and revisions explain a state and decide
    /// none, so one of their watches that broke off leaves the rest as good as before. For what stands around workloads nobody
    /// waits at all: of it is said what is not seen yet.
    fn is_in_step(&self) -> bool {
        self.complete
            && self.watches.iter().all(|(id, state)| match state {
                WatchState::InStep | WatchState::Missing(_) | WatchState::NotInstalled => true,
                WatchState::OutOfStep(_) => !id.kind.decides(),
                WatchState::Starting => id.kind.around().is_some() || !id.kind.decides() && self.was_read(id),
            })
    }

    fn was_read(&self, id: &WatchId) -> bool {
        self.read.iter().any(|read| read.overlaps(id))
    }

    /// Whether something is held that may not be read any more. What never could be is not held.
    fn has_lost_rights(&self) -> bool {
        self.lost_right().is_some()
    }

    /// The right without which something that is held may not be read any more, in a sentence; the first one.
    pub fn lost_right(&self) -> Option<&Arc<str>> {
        self.watches.iter().find_map(|(id, state)| match state {
            WatchState::Missing(sentence) => (id.kind.decides() && self.was_read(id)).then_some(sentence),
            WatchState::Starting | WatchState::InStep | WatchState::OutOfStep(_) | WatchState::NotInstalled => None,
        })
    }

    /// Whether what is held of a kind in a namespace is what there is now. For what nobody waits for this is not the same as that
    /// the source is live.
    pub fn tells(&self, kind: Kind, namespace: &Namespace) -> bool {
        let here = |id: &WatchId| id.kind == kind && id.within.as_ref().is_none_or(|(within, _)| within == namespace);
        let is_told = self.watches.iter().any(|(id, state)| here(id) && *state == WatchState::InStep);
        is_told && self.freshness_of_readable().is_live()
    }

    /// How many of its watches are not allowed.
    fn missing(&self) -> usize {
        self.watches.values().filter(|state| matches!(state, WatchState::Missing(_))).count()
    }

    /// Whether a kind may not be read in a namespace.
    pub fn may_not_read(&self, kind: Kind, namespace: &Namespace) -> bool {
        self.missing_right(kind, namespace).is_some()
    }

    /// Whether a kind may not be read in the whole cluster.
    pub fn may_not_read_cluster(&self, kind: Kind) -> bool {
        let watch = self.watches.get(&WatchId { kind, within: None });
        watch.is_some_and(|state| matches!(state, WatchState::Missing(_)))
    }

    /// What is missing to read a kind in a namespace, in a sentence.
    pub fn missing_right(&self, kind: Kind, namespace: &Namespace) -> Option<&Arc<str>> {
        self.watches.iter().find_map(|(id, state)| match state {
            WatchState::Missing(sentence) => {
                let here = id.within.as_ref().is_none_or(|(within, _)| within == namespace);
                (id.kind == kind && here).then_some(sentence)
            }
            WatchState::Starting | WatchState::InStep | WatchState::OutOfStep(_) | WatchState::NotInstalled => None,
        })
    }

    /// What of that which stands around the workloads of a namespace cannot be read. A watch that broke off leaves what it told as
    /// it was, and the source says that it did.
    pub fn unseen(&self, namespace: &Namespace) -> BTreeMap<AroundKind, Unseen> {
        let here =
            self.watches.iter().filter(|(id, _)| id.within.as_ref().is_none_or(|(within, _)| within == namespace));
        here.filter_map(|(id, state)| {
            let why = match state {
                WatchState::InStep => None,
                WatchState::Missing(_) => Some(Unseen::Forbidden),
                WatchState::NotInstalled => Some(Unseen::NotInstalled),
                WatchState::Starting | WatchState::OutOfStep(_) => (!self.was_read(id)).then_some(Unseen::NotYet),
            };
            Some((id.kind.around()?, why?))
        })
        .collect()
    }

    /// How many watches of what stands around workloads tell nothing, and were never read.
    fn untold(&self) -> usize {
        let around = self.watches.iter().filter(|(id, _)| id.kind.around().is_some());
        around.filter(|(id, state)| **state != WatchState::InStep && !self.was_read(id)).count()
    }

    /// The kinds around workloads of which it may yet tell something, and has told nothing; none while it does not answer.
    fn waited_for(&self) -> BTreeSet<&'static str> {
        let waits = |(id, state): &(&WatchId, &WatchState)| match state {
            WatchState::Starting | WatchState::OutOfStep(_) => {
                self.silence.is_empty() && id.kind.around().is_some() && !self.was_read(id)
            }
            WatchState::InStep | WatchState::Missing(_) | WatchState::NotInstalled => false,
        };
        self.watches.iter().filter(waits).map(|(id, _)| id.kind.resource()).collect()
    }

    /// Whether it was read once, or is known not to answer.
    pub fn is_settled(&self) -> bool {
        self.was_listed || !self.silence.is_empty()
    }

    fn note_lists(&mut self) {
        let in_step = self.is_in_step();
        self.was_listed |= in_step;
        if in_step && self.silence.is_empty() {
            self.readable = self.answered;
            if !self.has_lost_rights() {
                self.proved = self.answered;
            }
        }
    }

    /// As it is shown. `unread` says what of it cannot be read, if anything.
    pub fn view(&self, cluster: &ClusterId, unread: &str) -> SourceView {
        let broken = self.watches.values().find_map(|state| match state {
            WatchState::OutOfStep(sentence) => Some(sentence.clone()),
            WatchState::Starting | WatchState::InStep | WatchState::Missing(_) | WatchState::NotInstalled => None,
        });
        let trouble =
            if self.silence.is_empty() { broken.unwrap_or_else(|| unread.into()) } else { self.silence.clone() };
        let missing = self.watches.iter().filter_map(|(id, state)| match state {
            WatchState::Missing(sentence) if id.kind.around().is_none() => {
                Some(MissingRight { resource: id.kind.resource().into(), sentence: sentence.clone() })
            }
            WatchState::Missing(_)
            | WatchState::Starting
            | WatchState::InStep
            | WatchState::OutOfStep(_)
            | WatchState::NotInstalled => None,
        });
        let missing = missing.chain(self.missing_around()).collect();
        SourceView { cluster: cluster.clone(), freshness: self.freshness(), trouble, missing }
    }

    /// What may not be read of that which stands around workloads, as one. That secrets may not is no lack: who grants it lets
    /// the account read their values, so it is left to those who want their ages.
    fn missing_around(&self) -> Option<MissingRight> {
        let is_missing = |state: &WatchState| matches!(state, WatchState::Missing(_));
        let around = self
            .watches
            .iter()
            .filter(|(id, state)| id.kind.around().is_some_and(|kind| kind != AroundKind::Secret) && is_missing(state));
        let mut names: Vec<&str> = around.map(|(id, _)| id.kind.resource()).collect();
        names.dedup();
        let resources = names.join(", ");
        let sentence = format!(
            "Quarterdeck may not list and watch {resources}: nothing is said of them. Grant both verbs to its account where they \
             should be looked at."
        );
        (!names.is_empty()).then(|| MissingRight { resource: resources.into(), sentence: sentence.into() })
    }
}

impl Rows {
    fn source(&self, cluster: &ClusterId, change: impl FnOnce(&mut Source)) {
        self.write(|state| {
            let Some(source) = state.source(cluster) else { return };
            let before = (source.freshness_of_readable().is_live(), source.missing(), source.untold());
            change(source);
            source.note_lists();
            let listed = source.is_in_step();
            // While a source stays live and as readable as before only its age changes, and no judgement depends on that.
            let now = (source.freshness_of_readable().is_live(), source.missing(), source.untold());
            let as_before = now.0 && before == now;
            if !as_before || !state.all_listed(cluster) {
                state.trust_nodes(cluster);
                state.distrust(cluster, listed);
            }
        });
    }

    /// What stands around workloads and was not told yet, by cluster: the resources of each kind.
    pub fn waited_for(&self) -> Vec<(ClusterId, BTreeSet<&'static str>)> {
        let state = self.state.read();
        let all = state.sources.iter().map(|(cluster, source)| (cluster.clone(), source.waited_for()));
        all.filter(|(_, resources)| !resources.is_empty()).collect()
    }

    /// The cluster answered a probe.
    pub fn answered(&self, cluster: &ClusterId) {
        let now = (self.clock)();
        self.source(cluster, |source| {
            source.answered = now;
            source.silence = "".into();
        });
    }

    /// The cluster does not answer, for this reason. Its watches may be dead without knowing: each must prove itself anew.
    pub fn silent(&self, cluster: &ClusterId, trouble: &str) {
        self.source(cluster, |source| {
            source.silence = trouble.into();
            for watch in source.watches.values_mut().filter(|watch| **watch == WatchState::InStep) {
                *watch = WatchState::Starting;
            }
        });
    }

    /// The cluster's version.
    pub fn version(&self, cluster: &ClusterId, version: &str) {
        self.source(cluster, |source| source.version = version.into());
    }

    /// The watches of a cluster are about to be started: nothing is trusted until all of them are known.
    pub fn watches_starting(&self, cluster: &ClusterId) {
        self.source(cluster, |source| {
            source.watches.clear();
            source.complete = false;
        });
    }

    /// All watches of a cluster were started.
    pub fn watches(&self, cluster: &ClusterId, all: Vec<WatchId>) {
        self.source(cluster, |source| {
            for id in all {
                source.watches.entry(id).or_insert(WatchState::Starting);
            }
            source.complete = true;
        });
    }

    /// A watch was silent for `quiet_ms`: what it told before may not be the present since then.
    pub fn watch_silent(&self, cluster: &ClusterId, id: &WatchId, quiet_ms: i64) {
        let now = (self.clock)();
        self.source(cluster, |source| {
            if id.kind.decides() {
                let heard = now.saturating_sub(quiet_ms);
                (source.proved, source.readable) = (source.proved.min(heard), source.readable.min(heard));
            }
            source.watches.insert(id.clone(), WatchState::Starting);
        });
    }

    /// How a watch is now.
    pub fn watch_state(&self, cluster: &ClusterId, id: &WatchId, watch: WatchState) {
        self.source(cluster, |source| {
            if watch == WatchState::InStep {
                source.read.insert(id.clone());
            }
            source.watches.insert(id.clone(), watch);
        });
    }
}
