//! What is held of one environment, and how a watch's word is taken in.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::check::CheckKind;
use domain::component::Assessment;
use domain::component::clues::{LastLines, ProbeFailure};
use domain::facts::around::Around;
use domain::facts::{AutoscalerFacts, ConfigMapFacts};
use domain::finding::{Lasting, Standing};
use domain::image::{ImageReference, running_digest, short_digest};
use domain::name::{ClusterId, ComponentId, EnvironmentId, WorkloadKind};
use domain::restarts::Restarts;
use domain::view::{EnvironmentHead, EventRow, PodRow, Status};

use super::autoscalers::Autoscaler;
use super::owner::half;
use super::pods::{Entry, RowId};
use super::revisions::{Revision, Revisions};
use super::{
    Change, Key, Kind, Object, Observed, ObservedEvent, ObservedPod, ObservedRevision, ObservedWorkload, State,
};

/// The most events of one environment that are kept; the oldest go first.
const MOST_EVENTS: usize = 5_000;
/// The most failures of probes that explain one component.
const MOST_PROBES: usize = 16;

/// What is held of one environment.
pub struct Environment {
    /// Which.
    pub id: EnvironmentId,
    /// Its cluster.
    pub cluster: ClusterId,
    /// Places of its system, and of itself in it, in the registry.
    pub declared: (usize, usize),
    /// Its workloads, declared or not.
    pub workloads: BTreeMap<(WorkloadKind, Arc<str>), ObservedWorkload>,
    /// Its ReplicaSets and ControllerRevisions.
    pub revisions: Revisions,
    /// Its autoscalers, by name.
    pub autoscalers: BTreeMap<Arc<str>, Autoscaler>,
    /// Its ConfigMaps that the registry names, with the expected keys.
    pub config_maps: BTreeMap<Arc<str>, ConfigMapFacts>,
    /// What stands around its workloads.
    pub around: Around,
    /// What its checks found last.
    pub checked: BTreeMap<CheckKind, Standing>,
    /// Its events.
    pub events: Events,
    /// Whether its namespace was listed since it was registered; before that nothing is known of it.
    pub listed: bool,
    /// The uids of all these but its events, which know theirs.
    pub uids: HashMap<(Kind, Arc<str>), u128>,
    /// What is there and cannot be read: nothing of it is held, and it is not absent.
    pub unread: BTreeSet<(Kind, Arc<str>)>,
    /// Its components, in the registry's order.
    pub components: Vec<Component>,
    /// Places of its components by kind and name.
    pub by_workload: HashMap<(WorkloadKind, Arc<str>), usize>,
    /// Name, tier, state and sentence.
    pub head: EnvironmentHead,
    /// Whether its head must be made again.
    pub dirty: bool,
}

/// A declared component.
pub struct Component {
    /// Which.
    pub id: ComponentId,
    /// Its place among the environment's components in the registry.
    pub declared: usize,
    /// Its pods.
    pub pods: Vec<RowId>,
    /// The last lines of a container of it that ends again and again.
    pub lines: Option<LastLines>,
    /// What is to be said of it; `None` until it was judged.
    pub assessment: Option<Assessment>,
    /// Since when it ends again and again, if it does.
    pub lasting: Option<Lasting>,
    /// Whether it must be judged again.
    pub dirty: bool,
}

/// Events, newest last.
#[derive(Default)]
pub struct Events {
    by_time: BTreeMap<(i64, u128), Event>,
    by_name: HashMap<Arc<str>, (i64, u128)>,
}

/// An event and what it is about.
pub struct Event {
    /// What is shown.
    pub row: EventRow,
    /// The name of what it is about.
    pub about: Arc<str>,
    name: Arc<str>,
}

impl Events {
    fn put(&mut self, name: Arc<str>, event: Event) {
        self.remove(&name);
        let place = (event.row.last, event.row.uid);
        self.by_name.insert(name, place);
        self.by_time.insert(place, event);
        if self.by_time.len() > MOST_EVENTS
            && let Some((_, oldest)) = self.by_time.pop_first()
        {
            self.by_name.remove(&oldest.name);
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(place) = self.by_name.remove(name) {
            self.by_time.remove(&place);
        }
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.by_name.keys().cloned().collect()
    }

    fn uid(&self, name: &str) -> Option<u128> {
        self.by_name.get(name).map(|(_, uid)| *uid)
    }

    /// What probes of these pods said when they failed since then, newest first.
    pub fn probes(&self, pods: &[&str], since: i64) -> Vec<ProbeFailure> {
        let recent = self.newest_first().take_while(|event| event.row.last >= since);
        let failures = recent.filter(|event| &*event.row.reason == "Unhealthy" && pods.contains(&&*event.about));
        let failure = |event: &Event| ProbeFailure {
            pod: event.about.clone(),
            message: event.row.message.clone(),
            last: event.row.last,
        };
        failures.take(MOST_PROBES).map(failure).collect()
    }

    /// From the newest to the oldest.
    pub fn newest_first(&self) -> impl Iterator<Item = &Event> {
        self.by_time.values().rev()
    }
}

impl Environment {
    pub(super) fn mark(&mut self, workload: Option<&(WorkloadKind, Arc<str>)>) {
        if let Some(&place) = workload.and_then(|workload| self.by_workload.get(workload)) {
            self.components[place].dirty = true;
        }
        self.dirty = true;
    }

    /// A pod of a revision is not there any more, or not as it was.
    fn remember(&mut self, Entry { revision, digest, .. }: &Entry) {
        if !digest.is_empty() {
            self.revisions.remember(revision, digest);
        }
    }

    pub(super) fn mark_all(&mut self) {
        self.components.iter_mut().for_each(|component| component.dirty = true);
        self.dirty = true;
    }
}

impl State {
    /// Takes in what a watch tells. `now` is seconds since 1970.
    pub fn take_in(&mut self, cluster: &ClusterId, change: Change, now: i64) {
        match change {
            Change::Seen(Observed { key, uid, object: Object::Node(facts) }) => {
                self.nodes_of(cluster).put(key.name, uid, *facts);
            }
            Change::Unread(Key { kind: Kind::Node, name, .. }, uid) => self.nodes_of(cluster).put_unread(name, uid),
            Change::Gone(Key { kind: Kind::Node, name, .. }, uid) => self.nodes_of(cluster).remove(&name, uid),
            Change::Listed { kind: Kind::Node, seen, .. } => {
                self.nodes_of(cluster).keep_only(|name| seen.contains(&(None, name.clone())));
            }
            Change::Seen(Observed { key, uid, object }) => {
                let Some(place) = self.place_of(cluster, &key) else { return };
                let name = key.name;
                self.environments[place].is_read(key.kind, &name);
                match &object {
                    Object::Pod(_) | Object::Event(_) | Object::Node(_) => {}
                    Object::Workload(_)
                    | Object::Revision(_)
                    | Object::Autoscaler(..)
                    | Object::ConfigMap(_)
                    | Object::Around(_) => {
                        self.environments[place].uids.insert((key.kind, name.clone()), uid);
                    }
                }
                match object {
                    Object::Pod(pod) => self.put_pod(place, name, uid, *pod, now),
                    Object::Workload(workload) => self.put_workload(place, key.kind, name, *workload),
                    Object::Revision(revision) => self.put_revision(place, name, *revision),
                    Object::Autoscaler(facts, target) => self.put_autoscaler(place, name, *facts, target),
                    Object::ConfigMap(facts) => self.put_config_map(place, name, facts),
                    Object::Event(event) => self.put_event(place, name, uid, *event),
                    Object::Around(around) => self.environments[place].put_around(name, *around),
                    Object::Node(_) => {}
                }
            }
            Change::Unread(key, uid) => {
                if let Some(place) = self.place_of(cluster, &key) {
                    self.put_unread(place, key, uid);
                }
            }
            Change::Gone(key, uid) => {
                if let Some(place) = self.place_of(cluster, &key) {
                    self.remove(place, &key, Some(uid));
                }
            }
            Change::Listed { kind, within, seen } => {
                let places: Vec<(domain::name::Namespace, usize)> = self
                    .places
                    .iter()
                    .filter(|((of, namespace), _)| {
                        of == cluster && within.as_ref().is_none_or(|(only, _)| only == namespace)
                    })
                    .map(|((_, namespace), place)| (namespace.clone(), *place))
                    .collect();
                for (namespace, place) in places {
                    let namespace = Some(namespace);
                    for name in self.names(place, kind) {
                        let watched =
                            within.as_ref().is_none_or(|(_, only)| only.as_ref().is_none_or(|only| *only == name));
                        if watched && !seen.contains(&(namespace.clone(), name.clone())) {
                            self.remove(place, &Key { kind, namespace: namespace.clone(), name }, None);
                        }
                    }
                }
            }
        }
    }

    /// The environment whose namespace an object is in.
    fn place_of(&self, cluster: &ClusterId, key: &Key) -> Option<usize> {
        self.places.get(&(cluster.clone(), key.namespace.clone()?)).copied()
    }

    /// Names of all objects of a kind that are held of an environment.
    fn names(&self, place: usize, kind: Kind) -> Vec<Arc<str>> {
        let environment = &self.environments[place];
        let revisions = |deployments: bool| {
            let of_kind =
                move |revision: &Revision| (revision.observed.workload.0 == WorkloadKind::Deployment) == deployments;
            environment
                .revisions
                .iter()
                .filter(move |(_, revision)| of_kind(revision))
                .map(|(name, _)| name.clone())
                .collect()
        };
        let mut names: Vec<Arc<str>> = match kind {
            Kind::Pod => {
                let here = self.pods.iter().filter(|(_, entry)| entry.environment == place);
                let mut names: Vec<Arc<str>> = here.map(|(_, entry)| entry.row.name.clone()).collect();
                // Which of them goes last is remembered, and the order in which they came should not decide that.
                names.sort_unstable();
                names
            }
            Kind::Workload(kind) => {
                let of_kind = environment.workloads.keys().filter(|(of, _)| *of == kind);
                of_kind.map(|(_, name)| name.clone()).collect()
            }
            Kind::ReplicaSet => revisions(true),
            Kind::ControllerRevision => revisions(false),
            Kind::Autoscaler => environment.autoscalers.keys().cloned().collect(),
            Kind::ConfigMap => environment.config_maps.keys().cloned().collect(),
            Kind::Event => environment.events.names(),
            Kind::Around(kind) => environment.names_around(kind),
            Kind::Node => Vec::new(),
        };
        names.extend(environment.unread.iter().filter(|(of, _)| *of == kind).map(|(_, name)| name.clone()));
        names
    }

    /// Takes an object out; with a `uid`, only if it is still that one.
    pub(super) fn remove(&mut self, place: usize, key: &Key, uid: Option<u128>) {
        let name = &key.name;
        if key.kind == Kind::Pod {
            let Some(id) = self.pods.find(place, name) else { return };
            if uid.is_none_or(|uid| self.pods.get(id).is_some_and(|entry| entry.row.uid == uid))
                && let Some(entry) = self.pods.remove(id)
            {
                self.environments[place].is_read(key.kind, name);
                self.detach(id, &entry);
            }
            return;
        }
        let environment = &mut self.environments[place];
        let object = (key.kind, name.clone());
        let held =
            if key.kind == Kind::Event { environment.events.uid(name) } else { environment.uids.get(&object).copied() };
        let is_unread = environment.unread.contains(&object);
        if uid.is_some() && uid != held && !(is_unread && held.is_none()) {
            return;
        }
        environment.is_read(key.kind, name);
        environment.uids.remove(&object);
        match key.kind {
            Kind::Pod | Kind::Node => {}
            Kind::Workload(kind) => {
                let workload = (kind, name.clone());
                environment.workloads.remove(&workload);
                environment.mark(Some(&workload));
            }
            Kind::ReplicaSet | Kind::ControllerRevision => {
                if let Some(revision) = environment.revisions.remove(name) {
                    environment.mark(Some(&revision.observed.workload));
                }
            }
            Kind::Autoscaler => {
                if let Some(autoscaler) = environment.autoscalers.remove(name) {
                    environment.mark(autoscaler.target.as_ref());
                }
            }
            Kind::ConfigMap => {
                environment.config_maps.remove(name);
                environment.mark_all();
            }
            Kind::Event => environment.events.remove(name),
            Kind::Around(kind) => environment.remove_around(kind, name),
        }
    }

    fn detach(&mut self, id: RowId, entry: &Entry) {
        let environment = &mut self.environments[entry.environment];
        environment.remember(entry);
        environment.dirty = true;
        if let Some(component) = entry.component.and_then(|component| environment.components.get_mut(component)) {
            component.pods.retain(|other| *other != id);
            component.dirty = true;
        }
    }

    fn put_pod(&mut self, place: usize, name: Arc<str>, uid: u128, pod: ObservedPod, now: i64) {
        let Self { environments, pods, texts, nodes, .. } = self;
        let environment = &mut environments[place];
        let node = nodes.get(&environment.cluster).and_then(|nodes| nodes.get(&pod.node));
        let component = pod.workload.as_ref().and_then(|workload| environment.by_workload.get(workload)).copied();
        let main = pod.facts.containers.iter().find(|container| !container.init);
        let digest = texts.share(main.map_or("", |main| running_digest(&main.image_id)).into());
        let steady = pod.facts.containers.iter().filter(|container| !container.init);
        let before = pods.find(place, &name).and_then(|id| pods.get(id));
        let judged = domain::health::pod(&pod.facts, now);
        let status = match before.filter(|before| before.row.uid == uid) {
            Some(before) => domain::health::with_known_cause(&before.row.status, judged),
            None => judged,
        };
        let same = before.filter(|before| before.row.uid == uid);
        let restarts = restarts(&pod.facts, same, now);
        let settled = status.state == domain::view::State::Ready;
        let status = domain::health::pod_on_node(status, &pod.node, node);
        let row = PodRow {
            uid,
            name: name.clone(),
            environment: environment.id.clone(),
            component: match component {
                Some(component) => environment.components[component].id.name.shared(),
                None => texts.share("".into()),
            },
            node: texts.share(pod.node),
            status: share(texts, status),
            ready: count(steady.clone().filter(|container| container.ready).count()),
            containers: count(steady.count()),
            restarts: count_of_restarts(&pod.facts),
            created: pod.facts.created,
            restarted: last_end(&pod.facts),
            tag: texts.share(main.map_or("", |main| ImageReference::parse(&main.image).tag).into()),
            digest: texts.share(short_digest(&digest).into()),
        };
        let entry = Entry {
            row,
            environment: place,
            component,
            workload: pod.workload.map(|(kind, name)| (kind, texts.share(name))),
            owner: half(pod.owner),
            revision: texts.share(pod.revision),
            digest,
            unsettled: (!settled).then(|| Box::new(pod.facts)),
            restarts,
            usage: same.map(|same| same.usage.clone()).unwrap_or_default(),
        };
        if let Some(before) =
            before.filter(|before| (&before.revision, &before.digest) != (&entry.revision, &entry.digest))
        {
            environment.remember(before);
        }
        let before = before.and_then(|before| before.component);
        let id = pods.put(entry);
        environment.dirty = true;
        if let Some(before) = before
            && Some(before) != component
        {
            environment.components[before].pods.retain(|other| *other != id);
            environment.components[before].dirty = true;
        }
        if let Some(component) = component.and_then(|component| environment.components.get_mut(component)) {
            component.dirty = true;
            if !component.pods.contains(&id) {
                component.pods.push(id);
            }
        }
    }

    fn put_workload(&mut self, place: usize, kind: Kind, name: Arc<str>, workload: ObservedWorkload) {
        let Kind::Workload(kind) = kind else { return };
        let environment = &mut self.environments[place];
        environment.mark(Some(&(kind, name.clone())));
        environment.workloads.insert((kind, name), workload);
    }

    fn put_revision(&mut self, place: usize, name: Arc<str>, observed: ObservedRevision) {
        let environment = &mut self.environments[place];
        environment.mark(Some(&observed.workload));
        environment.revisions.put(name, observed);
    }

    fn put_autoscaler(
        &mut self,
        place: usize,
        name: Arc<str>,
        facts: AutoscalerFacts,
        target: Option<(WorkloadKind, Arc<str>)>,
    ) {
        let environment = &mut self.environments[place];
        environment.mark(target.as_ref());
        match environment.autoscalers.get_mut(&name) {
            Some(known) => {
                (known.facts, known.target) = (facts, target);
            }
            None => {
                let declared = &self.registry.systems[environment.declared.0].environments[environment.declared.1];
                let place = (environment.cluster.clone(), declared.namespace.clone());
                let samples = self.past.get_mut(&place).and_then(|past| past.remove(&name)).unwrap_or_default();
                environment.autoscalers.insert(name, Autoscaler::new(facts, target, samples));
            }
        }
    }

    fn put_config_map(&mut self, place: usize, name: Arc<str>, mut facts: ConfigMapFacts) {
        let environment = &mut self.environments[place];
        let declared = &self.registry.systems[environment.declared.0].environments[environment.declared.1];
        let Some(expected) = declared.config.iter().find(|config| config.config_map.as_str() == &*name) else { return };
        facts.values.retain(|key, _| expected.expect.contains_key(&**key));
        environment.config_maps.insert(name, facts);
        environment.mark_all();
    }

    fn put_event(&mut self, place: usize, name: Arc<str>, uid: u128, event: ObservedEvent) {
        let texts = &mut self.texts;
        let row = EventRow {
            uid,
            warning: event.warning,
            reason: texts.share(event.reason),
            about: texts.share(format!("{} {}", event.about.0, event.about.1).into()),
            message: texts.share(event.message),
            count: event.count,
            last: event.last,
        };
        let about = texts.share(event.about.1);
        self.environments[place].events.put(name.clone(), Event { row, about, name });
    }
}

/// How often containers of a pod were started again.
fn count_of_restarts(facts: &domain::facts::PodFacts) -> u32 {
    facts.containers.iter().fold(0, |sum: u32, container| sum.saturating_add(container.restarts))
}

/// When they were within the last hour, with what was seen of the same pod before.
fn restarts(facts: &domain::facts::PodFacts, before: Option<&Entry>, now: i64) -> Option<Box<Restarts>> {
    let (count, last) = (count_of_restarts(facts), last_end(facts));
    let known = before.filter(|before| before.row.restarts <= count);
    let restarts = match known {
        Some(before) => {
            let mut restarts = before.restarts.as_deref().cloned().unwrap_or_default();
            restarts.note(count - before.row.restarts, last, now);
            restarts
        }
        None => Restarts::first(count, facts.created, last, now),
    };
    (!restarts.is_empty()).then(|| Box::new(restarts))
}

/// When a container last ended, seconds since 1970; 0 when none did.
fn last_end(facts: &domain::facts::PodFacts) -> i64 {
    facts.containers.iter().filter_map(|container| container.last.as_ref()).map(|last| last.finished).max().unwrap_or(0)
}

fn count(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// The same status with shared texts.
pub fn share(texts: &mut super::texts::Texts, status: Status) -> Status {
    Status { state: status.state, word: texts.share(status.word), why: texts.share(status.why) }
}
