//! Judging what is held: done when somebody reads, and only what changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::component::clues::{Clues, PodClue};
use domain::component::{ComponentFacts, Unread, Unreadable, assess};
use domain::finding;
use domain::freshness::Freshness;
use domain::name::{ClusterId, WorkloadKind};
use domain::registry::Registry;
use domain::sentence;
use domain::view::{Cell, EnvironmentHead, State as Health};

use super::environment::{Component, Environment, Events, share};
use super::nodes::Nodes;
use super::owner::Owners;
use super::pods::{Pods, RowId};
use super::source::Source;
use super::{Kind, State};

/// Time between two sweeps of the texts that nobody uses, in seconds.
const SWEEP_INTERVAL: i64 = 60;

/// How far back failures of probes are looked for, in seconds.
const PROBES_REACH: i64 = 15 * 60;

impl State {
    /// Takes a registry in.
    pub fn register(&mut self, registry: Arc<Registry>) {
        // What is known belongs to a namespace, whatever its environment is called: no watch says it again after a renaming.
        let old_places = std::mem::take(&mut self.places);
        let mut known: Vec<Option<Environment>> = self.environments.drain(..).map(Some).collect();
        let mut known_sources: HashMap<ClusterId, Source> = self.sources.drain(..).collect();
        self.sources = registry
            .clusters
            .iter()
            .map(|cluster| (cluster.id.clone(), known_sources.remove(&cluster.id).unwrap_or_default()))
            .collect();
        self.nodes.retain(|id, _| self.sources.iter().any(|(other, _)| other == id));
        self.unmeasured.retain(|id, _| self.sources.iter().any(|(other, _)| other == id));
        // From an environment's old place to its new one.
        let mut moved: HashMap<usize, usize> = HashMap::new();
        // All pods are taken out and put back in the place that their environment has now.
        let old_pods = std::mem::take(&mut self.pods).clear();
        self.pods = Pods::default();
        for (system_place, system) in registry.systems.iter().enumerate() {
            let mut in_system: Vec<_> = system.environments.iter().enumerate().collect();
            in_system.sort_by_key(|(_, environment)| environment.tier);
            for (environment_place, declared) in in_system {
                let id = system.environment_id(declared);
                let head = EnvironmentHead {
                    id: id.clone(),
                    system: system.name.as_str().into(),
                    title: declared.title().into(),
                    tier: declared.tier,
                    cluster: declared.cluster.clone(),
                    state: Health::Unknown,
                    sentence: "".into(),
                };
                let components: Vec<Component> = declared
                    .components
                    .iter()
                    .enumerate()
                    .map(|(place, component)| Component {
                        id: component.id(&id),
                        declared: place,
                        pods: Vec::new(),
                        lines: None,
                        assessment: None,
                        lasting: None,
                        dirty: true,
                    })
                    .collect();
                let by_workload = components
                    .iter()
                    .enumerate()
                    .map(|(place, component)| ((component.id.kind, component.id.name.shared()), place))
                    .collect();
                let place = self.environments.len();
                let namespace = (declared.cluster.clone(), declared.namespace.clone());
                let old = old_places.get(&namespace).and_then(|old| Some((*old, known.get_mut(*old)?.take()?)));
                self.places.insert(namespace, place);
                let declared_place = (system_place, environment_place);
                self.environments.push(match old {
                    Some((old_place, mut old)) => {
                        moved.insert(old_place, place);
                        keep_expected(&mut old, declared);
                        Environment { id, declared: declared_place, components, by_workload, head, dirty: true, ..old }
                    }
                    None => Environment {
                        id,
                        cluster: declared.cluster.clone(),
                        declared: declared_place,
                        workloads: Default::default(),
                        revisions: Default::default(),
                        autoscalers: Default::default(),
                        config_maps: Default::default(),
                        around: Default::default(),
                        checked: Default::default(),
                        events: Events::default(),
                        listed: false,
                        uids: Default::default(),
                        unread: Default::default(),
                        components,
                        by_workload,
                        head,
                        dirty: true,
                    },
                });
            }
        }
        self.registry = registry;
        for mut entry in old_pods {
            let Some(&place) = moved.get(&entry.environment) else { continue };
            let environment = &mut self.environments[place];
            entry.environment = place;
            entry.row.environment = environment.id.clone();
            entry.component =
                entry.workload.as_ref().and_then(|workload| environment.by_workload.get(workload)).copied();
            entry.row.component = match entry.component {
                Some(component) => environment.components[component].id.name.shared(),
                None => self.texts.share("".into()),
            };
            let component = entry.component;
            let id = self.pods.put(entry);
            if let Some(component) = component {
                self.environments[place].components[component].pods.push(id);
            }
        }
    }

    /// Whether every environment of a cluster was listed since it was registered.
    pub fn all_listed(&self, cluster: &ClusterId) -> bool {
        self.environments.iter().all(|environment| environment.cluster != *cluster || environment.listed)
    }

    /// Everything of a cluster must be judged again: its freshness changed. `listed` says that all of it is held now.
    pub fn distrust(&mut self, cluster: &ClusterId, listed: bool) {
        for environment in self.environments.iter_mut().filter(|environment| environment.cluster == *cluster) {
            environment.components.iter_mut().for_each(|component| component.dirty = true);
            environment.listed |= listed;
            environment.dirty = true;
        }
    }

    /// Judges again what depends on the time. `now` is milliseconds since 1970.
    pub fn tick(&mut self, now: i64) {
        let seconds = now / 1000;
        let unsettled: Vec<RowId> =
            self.pods.iter().filter(|(_, entry)| entry.unsettled.is_some()).map(|(id, _)| id).collect();
        if seconds.saturating_sub(self.swept) >= SWEEP_INTERVAL {
            self.swept = seconds;
            self.texts.sweep();
        }
        let Self { pods, texts, environments, nodes, .. } = self;
        for id in unsettled {
            let Some(entry) = pods.get(id) else { continue };
            let nodes = nodes.get(&environments[entry.environment].cluster);
            let status = entry.judged(nodes.and_then(|nodes| nodes.get(&entry.row.node)), seconds);
            if entry.row.status != status {
                let status = share(texts, status);
                pods.change(id, |entry| entry.row.status = status);
            }
        }
        for environment in &mut self.environments {
            environment.dirty = true;
            environment.components.iter_mut().for_each(|component| component.dirty = true);
        }
        self.sample_autoscalers(seconds);
    }

    /// Judges whatever was marked. `now` is milliseconds since 1970.
    pub fn judge_all(&mut self, now: i64) {
        let seconds = now / 1000;
        self.judge_pods_of_turned_nodes(seconds);
        let mut heads_changed = false;
        for place in 0..self.environments.len() {
            if self.environments[place].dirty {
                self.judge_environment(place, seconds);
                heads_changed = true;
            }
        }
        if heads_changed {
            let heads: Vec<EnvironmentHead> =
                self.environments.iter().map(|environment| environment.head.clone()).collect();
            let cells: Vec<&Cell> = self.environments.iter().flat_map(Environment::cells).collect();
            self.wall = sentence::wall(&heads, &cells, seconds);
        }
        self.dirty = false;
    }

    fn judge_environment(&mut self, place: usize, now: i64) {
        let Self { environments, registry, pods, sources, nodes, .. } = self;
        let environment = &mut environments[place];
        let declared = &registry.systems[environment.declared.0].environments[environment.declared.1];
        let source = sources.iter().find(|(cluster, _)| *cluster == environment.cluster).map(|(_, source)| source);
        let freshness = source.filter(|_| environment.listed).map_or(Freshness::Never, Source::freshness_of_readable);
        // What was read before a right was lost is not the present: of a workload it is shown as last seen, all else is not used.
        let may_not_read =
            |kind| source.filter(|source| source.may_not_read(kind, &declared.namespace)).map(|_| Unread::Forbidden);
        let unreadable = Unreadable {
            workload: None,
            pods: may_not_read(Kind::Pod),
            autoscalers: may_not_read(Kind::Autoscaler).or(environment.is_unread(Kind::Autoscaler, None)),
            config_maps: may_not_read(Kind::ConfigMap).or(environment.is_unread(Kind::ConfigMap, None)),
        };
        environment.around.refused = environment.refused(now, |kind| may_not_read(kind).is_none());
        environment.around.unseen = source.map_or_else(BTreeMap::new, |source| source.unseen(&declared.namespace));
        let Environment { components, workloads, autoscalers, config_maps, revisions, unread, uids, events, .. } =
            environment;
        let owners = Owners::among(uids);
        let garbled = |(kind, name): &(WorkloadKind, Arc<str>)| {
            unread.contains(&(Kind::Workload(*kind), name.clone())).then_some(Unread::Garbled)
        };
        let (no_config_maps, no_nodes) = (BTreeMap::new(), BTreeMap::new());
        let nodes = nodes.get(&environment.cluster).and_then(Nodes::known).unwrap_or(&no_nodes);
        for component in components.iter_mut().filter(|component| component.dirty) {
            let key = (component.id.kind, component.id.name.shared());
            let known = if unreadable.pods.is_some() { &[][..] } else { &component.pods };
            let of_it = known.iter().filter_map(|id| pods.get(*id)).filter(|pod| owners.owns_present(pod, revisions));
            let clues: Vec<PodClue<'_>> = of_it.map(|pod| pod.clue(now)).collect();
            let rows: Vec<_> = clues.iter().map(|clue| clue.row).collect();
            // Whose pods are all ready has no probe to speak of.
            let unready = rows.iter().filter(|row| row.status.state != Health::Ready).map(|row| &*row.name);
            let unready: Vec<&str> = unready.collect();
            let since = now.saturating_sub(PROBES_REACH);
            let probes = if unready.is_empty() { Vec::new() } else { events.probes(&unready, since) };
            let workload = workloads.get(&key);
            let of_it = revisions.of(&key).map(|(_, revision)| revision);
            let newest = of_it.filter(|revision| owners.is_of_present(revision));
            let made =
                newest.max_by_key(|revision| revision.observed.number).map_or(0, |newest| newest.observed.created);
            let mut assessment = assess(&ComponentFacts {
                id: &component.id,
                declared: &declared.components[component.declared],
                environment: declared,
                workload: workload.map(|workload| &workload.facts),
                autoscaler: autoscalers
                    .values()
                    .find(|autoscaler| autoscaler.target.as_ref() == Some(&key))
                    .filter(|_| unreadable.autoscalers != Some(Unread::Forbidden))
                    .map(|autoscaler| &autoscaler.facts),
                pods: &rows,
                nodes,
                config_maps: if unreadable.config_maps == Some(Unread::Forbidden) {
                    &no_config_maps
                } else {
                    config_maps
                },
                unreadable: Unreadable {
                    workload: garbled(&key).or(may_not_read(Kind::Workload(component.id.kind))),
                    ..unreadable
                },
                // A rollback makes no new ReplicaSet, so the rollout's own progress counts as well.
                changed: made.max(workload.map_or(0, |workload| workload.progressed)),
                clues: Clues { pods: &clues, probes: &probes, lines: component.lines.as_ref() },
                freshness,
                now,
            });
            component.lasting = finding::lasting(component.lasting, &mut assessment, now);
            component.assessment = Some(assessment);
            component.dirty = false;
        }
        let Environment { components, checked, around, .. } = environment;
        let cells: Vec<&Cell> = cells_of(components).collect();
        checked.values_mut().for_each(|standing| standing.look(declared, &cells));
        let mut findings = finding::around(&environment.id, declared, around, freshness, now);
        findings.extend(finding::checks(checked.values(), declared, &cells, now));
        let (state, sentence) = sentence::environment(declared, &cells, &findings, freshness, now);
        environment.head.state = state;
        if *environment.head.sentence != *sentence {
            environment.head.sentence = sentence.into();
        }
        environment.dirty = false;
    }
}

/// Forgets ConfigMaps and values that the registry does not name any more: they are nobody's business, and not watched.
fn keep_expected(environment: &mut Environment, declared: &domain::registry::Environment) {
    environment.config_maps.retain(|name, facts| {
        let named = declared.config.iter().find(|config| config.config_map.as_str() == &**name);
        if let Some(named) = named {
            facts.values.retain(|key, _| named.expect.contains_key(&**key));
        }
        named.is_some()
    });
}

impl Environment {
    /// Its components' cells, as last judged.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        cells_of(&self.components)
    }
}

fn cells_of(components: &[Component]) -> impl Iterator<Item = &Cell> {
    components.iter().filter_map(|component| Some(&component.assessment.as_ref()?.cell))
}
