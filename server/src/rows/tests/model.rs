//! What the rows should show, the slow and plain way: every object in one map, everything made anew for each look.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use domain::facts::NodeFacts;
use domain::frame::{Page, Topic};
use domain::image::{ImageReference, running_digest, short_digest};
use domain::name::{ClusterId, EnvironmentId, Namespace, WorkloadKind};
use domain::query::{PodColumn, PodQuery};
use domain::registry::Registry;
use domain::view::{PodRow, PodsHead, PodsView, State as Health};

use super::super::*;
use super::samples::{now, set_now};

/// What was said of a cluster as a source.
#[derive(Debug, Clone)]
pub enum Word {
    Answered,
    Silent,
    Starting,
    Started(Vec<WatchId>),
    Watch(WatchId, WatchState),
}

impl Word {
    pub fn say(&self, rows: &Rows, cluster: &ClusterId) {
        match self {
            Self::Answered => rows.answered(cluster),
            Self::Silent => rows.silent(cluster, "The API server does not answer within 2 s."),
            Self::Starting => rows.watches_starting(cluster),
            Self::Started(ids) => rows.watches(cluster, ids.clone()),
            Self::Watch(id, state) => rows.watch_state(cluster, id, state.clone()),
        }
    }
}

/// An object, and when its pod was judged last, milliseconds since 1970.
#[derive(Clone)]
struct Held {
    observed: Observed,
    judged: i64,
}

/// Everything that was told and still holds.
pub struct Model {
    registry: Arc<Registry>,
    objects: BTreeMap<(ClusterId, Key), Held>,
    nodes: BTreeMap<(ClusterId, Arc<str>), NodeFacts>,
    /// Nodes whose pods are judged again by whoever looks next.
    turned: HashSet<(ClusterId, Arc<str>)>,
    /// What the last pod that went of a revision that is there ran.
    digests: BTreeMap<(ClusterId, Namespace, Arc<str>), Arc<str>>,
    said: Vec<(i64, Said)>,
}

/// The namespace of an object that is no node.
fn namespace_of(key: &Key) -> &Namespace {
    key.namespace.as_ref().unwrap()
}

/// What decides how far the clusters can be trusted, which no object tells.
enum Said {
    Of(ClusterId, Word),
    Registered(Arc<Registry>),
}

impl Model {
    pub fn new(registry: Arc<Registry>) -> Self {
        let said = vec![(now(), Said::Registered(registry.clone()))];
        let (nodes, turned) = (BTreeMap::new(), HashSet::new());
        Self { registry, objects: BTreeMap::new(), nodes, turned, digests: BTreeMap::new(), said }
    }

    fn is_registered(&self, cluster: &ClusterId, namespace: &Namespace) -> bool {
        self.registry.at(cluster, namespace).is_some()
    }

    pub fn take_in(&mut self, cluster: &ClusterId, change: &Change) {
        match change {
            Change::Seen(Observed { key, object: Object::Node(facts), .. }) => {
                let node = (cluster.clone(), key.name.clone());
                let before = self.nodes.insert(node.clone(), (**facts).clone());
                if before.map_or(domain::health::is_node_of_note(facts), |before| before != **facts) {
                    self.turned.insert(node);
                }
            }
            Change::Gone(Key { kind: Kind::Node, name, .. }, _) => {
                let node = (cluster.clone(), name.clone());
                if self.nodes.remove(&node).is_some() {
                    self.turned.insert(node);
                }
            }
            Change::Seen(observed) => {
                if self.is_registered(cluster, namespace_of(&observed.key)) {
                    let held = Held { observed: observed.clone(), judged: now() };
                    self.put(cluster, held);
                }
            }
            Change::Unread(..) => unreachable!("no step tells it"),
            Change::Gone(key, uid) => {
                let place = (cluster.clone(), key.clone());
                if self.objects.get(&place).is_some_and(|held| held.observed.uid == *uid) {
                    self.remove(cluster, key);
                }
            }
            Change::Listed { kind, within, seen } => {
                for (_, key) in self.of(cluster, *kind, within.as_ref()) {
                    if !seen.contains(&(key.namespace.clone(), key.name.clone())) {
                        self.remove(cluster, &key);
                    }
                }
            }
        }
    }

    fn put(&mut self, cluster: &ClusterId, mut held: Held) {
        let (namespace, name) = (namespace_of(&held.observed.key).clone(), held.observed.key.name.clone());
        match &mut held.observed.object {
            Object::ConfigMap(facts) => {
                let Some(expected) = self.expected(cluster, &namespace, &name) else { return };
                facts.values.retain(|key, _| expected.contains(&**key));
            }
            Object::Pod(pod) => {
                let before = self.objects.get(&(cluster.clone(), held.observed.key.clone())).cloned();
                if before.as_ref().and_then(ran).is_some_and(|before| before != ran_by(pod)) {
                    self.went(cluster, before);
                }
            }
            _ => {}
        }
        self.objects.insert((cluster.clone(), held.observed.key.clone()), held);
    }

    /// A pod is not there any more, or not as it was.
    fn went(&mut self, cluster: &ClusterId, held: Option<Held>) {
        let Some(held) = held else { return };
        let Some((revision, digest)) = ran(&held) else { return };
        let namespace = namespace_of(&held.observed.key);
        let is_there = self.objects.iter().any(|((of, key), held)| {
            of == cluster
                && namespace_of(key) == namespace
                && *key.name == *revision
                && matches!(held.observed.object, Object::Revision(_))
        });
        if is_there && !digest.is_empty() {
            self.digests.insert((cluster.clone(), namespace.clone(), revision.into()), digest.into());
        }
    }

    fn remove(&mut self, cluster: &ClusterId, key: &Key) {
        let held = self.objects.remove(&(cluster.clone(), key.clone()));
        self.went(cluster, held);
        if matches!(key.kind, Kind::ReplicaSet | Kind::ControllerRevision) {
            self.digests.remove(&(cluster.clone(), namespace_of(key).clone(), key.name.clone()));
        }
    }

    /// The keys that are expected in a ConfigMap; `None` when nobody named it.
    fn expected(&self, cluster: &ClusterId, namespace: &Namespace, name: &str) -> Option<HashSet<String>> {
        let (_, environment) = self.registry.at(cluster, namespace)?;
        let named = environment.config.iter().find(|config| config.config_map.as_str() == name)?;
        Some(named.expect.keys().cloned().collect())
    }

    /// The objects of a kind in a cluster, or in one namespace of it, or of one name there.
    pub fn of(
        &self,
        cluster: &ClusterId,
        kind: Kind,
        within: Option<&(Namespace, Option<Arc<str>>)>,
    ) -> Vec<(Observed, Key)> {
        let is_within = |key: &Key| {
            within.is_none_or(|(namespace, name)| {
                namespace_of(key) == namespace && name.as_ref().is_none_or(|name| *name == key.name)
            })
        };
        self.objects
            .iter()
            .filter(|((of, key), _)| of == cluster && key.kind == kind && is_within(key))
            .map(|((_, key), held)| (held.observed.clone(), key.clone()))
            .collect()
    }

    /// Somebody looks.
    pub fn look(&mut self) {
        for ((cluster, _), held) in &mut self.objects {
            if let Object::Pod(pod) = &held.observed.object
                && self.turned.contains(&(cluster.clone(), pod.node.clone()))
            {
                held.judged = now();
            }
        }
        self.turned.clear();
    }

    pub fn tick(&mut self) {
        self.objects.values_mut().for_each(|held| held.judged = now());
    }

    pub fn say(&mut self, cluster: &ClusterId, word: Word) {
        self.said.push((now(), Said::Of(cluster.clone(), word)));
    }

    pub fn register(&mut self, registry: Arc<Registry>) {
        let before = std::mem::replace(&mut self.registry, registry);
        let stays = |cluster: &ClusterId, namespace: &Namespace| before.at(cluster, namespace).is_some();
        let held = std::mem::take(&mut self.objects);
        for ((cluster, key), mut held) in held {
            let namespace = namespace_of(&key).clone();
            if !stays(&cluster, &namespace) || !self.is_registered(&cluster, &namespace) {
                continue;
            }
            if let Object::ConfigMap(facts) = &mut held.observed.object {
                let Some(expected) = self.expected(&cluster, &namespace, &key.name) else { continue };
                facts.values.retain(|key, _| expected.contains(&**key));
            }
            self.objects.insert((cluster, key), held);
        }
        self.nodes.retain(|(cluster, _), _| self.registry.clusters.iter().any(|known| known.id == *cluster));
        let known: Vec<_> =
            self.registry.environments().map(|(_, it)| (it.cluster.clone(), it.namespace.clone())).collect();
        self.digests.retain(|(cluster, namespace, _), _| known.contains(&(cluster.clone(), namespace.clone())));
        self.said.push((now(), Said::Registered(self.registry.clone())));
    }

    /// Every address that can show something, and one that cannot.
    pub fn topics(&self) -> Vec<Topic> {
        let mut topics = vec![Topic::Wall, Topic::Environment("a/nowhere".parse().unwrap())];
        for (system, environment) in self.registry.environments() {
            let id = system.environment_id(environment);
            topics.extend(environment.components.iter().map(|component| Topic::Component(component.id(&id))));
            topics.push(Topic::Environment(id));
        }
        topics
    }

    /// Rows that were told nothing but what holds now, in the plainest order.
    pub fn fresh(&self) -> Rows {
        let current = now();
        let rows = Rows::new(self.registry.clone(), now);
        for (at, said) in &self.said {
            set_now(*at);
            match said {
                Said::Of(cluster, word) => word.say(&rows, cluster),
                Said::Registered(registry) => rows.register(registry),
            }
        }
        set_now(current);
        for ((cluster, key), held) in &self.objects {
            rows.take_in(cluster, vec![Change::Seen(held.observed.clone())]);
            let digest = self.digests.get(&(cluster.clone(), namespace_of(key).clone(), key.name.clone()));
            if let (Object::Revision(_), Some(digest)) = (&held.observed.object, digest) {
                for change in ghost(key, digest) {
                    rows.take_in(cluster, vec![change]);
                }
            }
        }
        for ((cluster, name), facts) in &self.nodes {
            rows.take_in(cluster, vec![node(name, facts.clone())]);
        }
        rows.tick();
        rows
    }

    /// All pods as rows.
    fn pods(&self) -> Vec<PodRow> {
        let pods = self.objects.iter().filter_map(|((cluster, key), held)| match &held.observed.object {
            Object::Pod(pod) => Some(self.row(cluster, key, held, pod)),
            _ => None,
        });
        pods.collect()
    }

    fn row(&self, cluster: &ClusterId, key: &Key, held: &Held, pod: &ObservedPod) -> PodRow {
        let (system, environment) = self.registry.at(cluster, namespace_of(key)).unwrap();
        let declared = |(kind, name): &(WorkloadKind, Arc<str>)| {
            environment.components.iter().any(|it| it.kind == *kind && it.name.as_str() == &**name)
        };
        let main = &pod.facts.containers[0];
        PodRow {
            uid: held.observed.uid,
            name: key.name.clone(),
            environment: system.environment_id(environment),
            component: pod.workload.as_ref().filter(|it| declared(it)).map_or("".into(), |(_, name)| name.clone()),
            node: pod.node.clone(),
            status: domain::health::pod_on_node(
                domain::health::pod(&pod.facts, held.judged / 1000),
                &pod.node,
                self.nodes.get(&(cluster.clone(), pod.node.clone())),
            ),
            ready: u16::from(main.ready),
            containers: 1,
            restarts: main.restarts,
            created: pod.facts.created,
            restarted: main.last.as_ref().map_or(0, |last| last.finished),
            tag: ImageReference::parse(&main.image).tag.into(),
            digest: short_digest(running_digest(&main.image_id)).into(),
        }
    }

    /// The window of the table of pods.
    pub fn window(&self, query: &PodQuery) -> PodsView {
        let all = self.pods();
        let total = all.len();
        let mut rows: Vec<PodRow> = all.into_iter().filter(|row| lets_through(query, row)).collect();
        let bad = rows.iter().filter(|row| matches!(row.status.state, Health::Failed | Health::Degraded)).count();
        // Stable sorts, the least important first.
        rows.sort_by_key(|row| (row.name.clone(), row.uid));
        match query.sort.column {
            PodColumn::State => rows.sort_by_key(|row| Reverse(row.status.state)),
            PodColumn::Name => {}
            PodColumn::Environment => rows.sort_by_key(|row| row.environment.clone()),
            PodColumn::Node => rows.sort_by_key(|row| row.node.clone()),
            PodColumn::Restarts => rows.sort_by_key(|row| Reverse(row.restarts)),
            PodColumn::Age => rows.sort_by_key(|row| Reverse(row.created)),
        }
        if query.sort.descending {
            match query.sort.column {
                PodColumn::State => rows.sort_by_key(|row| row.status.state),
                PodColumn::Name => rows.reverse(),
                PodColumn::Environment => rows.sort_by_key(|row| Reverse(row.environment.clone())),
                PodColumn::Node => rows.sort_by_key(|row| Reverse(row.node.clone())),
                PodColumn::Restarts => rows.sort_by_key(|row| row.restarts),
                PodColumn::Age => rows.sort_by_key(|row| row.created),
            }
        }
        let matching = rows.len();
        let length = usize::from(query.length);
        let offset = (query.offset as usize).min(matching.saturating_sub(length));
        let head = PodsHead { total: total as u32, matching: matching as u32, bad: bad as u32, offset: offset as u32 };
        PodsView { head, rows: rows.into_iter().skip(offset).take(length).collect() }
    }
}

fn lets_through(query: &PodQuery, row: &PodRow) -> bool {
    let EnvironmentId { system, environment } = &row.environment;
    let texts: [&str; 8] = [
        &row.name,
        &row.node,
        &row.component,
        &row.digest,
        &row.tag,
        &row.status.word,
        system.as_str(),
        environment.as_str(),
    ];
    query.environment.as_ref().is_none_or(|only| row.environment == *only)
        && query.state.is_none_or(|only| row.status.state == only)
        && query.words().all(|word| texts.iter().any(|text| text.to_lowercase().contains(word)))
}

/// A node that is seen so.
pub fn node(name: &Arc<str>, facts: NodeFacts) -> Change {
    let key = Key { kind: Kind::Node, namespace: None, name: name.clone() };
    Change::Seen(Observed { key, uid: 7, object: Object::Node(Box::new(facts)) })
}

/// The revision that a pod is of, and the digest that it runs; `None` for what is no pod.
fn ran(held: &Held) -> Option<(&str, &str)> {
    match &held.observed.object {
        Object::Pod(pod) => Some(ran_by(pod)),
        _ => None,
    }
}

fn ran_by(pod: &ObservedPod) -> (&str, &str) {
    (&pod.revision, running_digest(&pod.facts.containers[0].image_id))
}

/// A pod of a revision that ran with this digest and is gone again.
fn ghost(revision: &Key, digest: &str) -> [Change; 2] {
    let key = Key { kind: Kind::Pod, name: "ghost".into(), ..revision.clone() };
    let pod = ObservedPod {
        facts: domain::facts::PodFacts {
            containers: vec![domain::facts::ContainerFacts {
                name: "main".into(),
                init: false,
                image: "a".into(),
                image_id: digest.into(),
                ready: true,
                restarts: 0,
                state: domain::facts::ContainerState::Running { since: 0 },
                last: None,
            }],
            ..domain::facts::PodFacts::default()
        },
        workload: None,
        owner: 0,
        revision: revision.name.clone(),
        node: "".into(),
    };
    let seen = Observed { key: key.clone(), uid: 1, object: Object::Pod(Box::new(pod)) };
    [Change::Seen(seen), Change::Gone(key, 1)]
}

/// A page without what depends on when it was looked at before: the samples of autoscalers.
pub fn without_history(mut page: Page) -> Page {
    if let Page::Environment(view) = &mut page {
        for autoscaler in &mut view.autoscalers {
            (autoscaler.chart, autoscaler.scalings) = (None, Vec::new());
            (autoscaler.state, autoscaler.next) = (domain::view::State::Unknown, "".into());
        }
    }
    page
}
