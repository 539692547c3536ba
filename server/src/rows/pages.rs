//! What each page shows, put together from what was judged.

use std::collections::hash_map;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::age::Age;
use domain::finding::differs::{Elsewhere, differs};
use domain::finding::{self, merged};
use domain::frame::{Page, Topic};
use domain::freshness::Freshness;
use domain::image::most_run_first;
use domain::name::{ComponentId, EnvironmentId};
use domain::registry::window::{WindowState, window_state};
use domain::registry::{self, Registry};
use domain::view::{
    Chrome, ComponentHead, ComponentView, ContactView, EnvironmentFacts, EnvironmentView, EventRow, Finding, LinkView,
    NavEnvironment, Person, PodRow, RevisionRow, State as Health, WallView,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::autoscalers::city;
use super::environment::{Component, Environment};
use super::pods::Entry;
use super::revisions::Revision;
use super::source::Source;
use super::{Kind, State};

/// The most warnings on an environment's page.
const MOST_WARNINGS: usize = 8;
/// The most events on a component's page.
const MOST_EVENTS: usize = 50;
/// The most revisions on a component's page, the newest.
const MOST_REVISIONS: usize = 50;
/// The most pods on a component's page; the table of pods shows all.
const MOST_PODS: usize = 200;

impl State {
    /// What a page shows to somebody who `sees` these environments. `now` is milliseconds since 1970. The pods are not asked for here: their query must be prepared.
    pub fn page(&self, topic: &Topic, now: i64, sees: impl Fn(&EnvironmentId) -> bool) -> Page {
        match topic {
            Topic::Wall => Page::Wall(WallView {
                head: self.wall.clone(),
                environments: self.environments.iter().map(|environment| environment.head.clone()).collect(),
                cells: self.environments.iter().flat_map(Environment::cells).cloned().collect(),
            }),
            Topic::Environment(id) => match self.environment(id) {
                Some(environment) => Page::Environment(self.environment_page(environment, now, sees)),
                None => Page::Absent,
            },
            Topic::Component(id) => self.component_page(id).map_or(Page::Absent, Page::Component),
            Topic::Pods(query) => Page::Pods(self.pods.window(query, None)),
            // They are no rows.
            Topic::Operation(_) => Page::Absent,
        }
    }

    /// The wall of those who do not see all of it: its sentence is about what they see.
    pub fn part_of_wall(&self, now: i64, sees: impl Fn(&EnvironmentId) -> bool) -> Page {
        let seen: Vec<&Environment> = self.environments.iter().filter(|environment| sees(&environment.id)).collect();
        let heads: Vec<_> = seen.iter().map(|environment| environment.head.clone()).collect();
        let cells: Vec<_> = seen.iter().flat_map(|environment| environment.cells()).collect();
        let head = domain::sentence::wall(&heads, &cells, now / 1000);
        let cells = cells.into_iter().cloned().collect();
        Page::Wall(WallView { head, environments: heads, cells })
    }

    /// What stands around every page.
    pub fn chrome(&self) -> Chrome {
        let nav = |environment: &Environment| NavEnvironment {
            id: environment.id.clone(),
            system: environment.head.system.clone(),
            title: environment.head.title.clone(),
            tier: environment.head.tier,
            cluster: environment.cluster.clone(),
            state: environment.head.state,
            components: environment
                .components
                .iter()
                .map(|component| (component.id.kind, component.id.name.shared()))
                .collect(),
        };
        Chrome {
            environments: self.environments.iter().map(nav).collect(),
            sources: self
                .sources
                .iter()
                .map(|(cluster, source)| source.view(cluster, &self.unread_sentence(cluster)))
                .collect(),
            registry_trouble: self.registry_trouble.clone(),
            person: Person::default(),
        }
    }

    fn environment_page(
        &self,
        environment: &Environment,
        now: i64,
        sees: impl Fn(&EnvironmentId) -> bool,
    ) -> EnvironmentView {
        let declared = declared(&self.registry, environment);
        let source = self.sources.iter().find(|(cluster, _)| *cluster == environment.cluster).map(|(_, source)| source);
        let region = self.registry.clusters.iter().find(|cluster| cluster.id == environment.cluster);
        let cluster: Vec<&str> = [
            Some(environment.cluster.as_str()),
            source.map(|source| &*source.version).filter(|version| !version.is_empty()),
            region.and_then(|cluster| cluster.region.as_deref()),
        ]
        .into_iter()
        .flatten()
        .collect();
        let (window, window_open) = window_words(declared, now);
        let fresh = source.map_or(Freshness::Never, Source::freshness_of_readable);
        let missing = |kind| source.and_then(|source| source.missing_right(kind, &declared.namespace));
        let findings = self.findings(environment, now, sees);
        let is_declared = |key: &(domain::name::WorkloadKind, Arc<str>)| environment.by_workload.contains_key(key);
        let mut warnings = grouped(environment.events.newest_first().map(|event| &event.row).filter(|row| row.warning));
        let more_warnings = warnings.len().saturating_sub(MOST_WARNINGS);
        warnings.truncate(MOST_WARNINGS);
        EnvironmentView {
            head: environment.head.clone(),
            facts: EnvironmentFacts {
                namespace: declared.namespace.shared(),
                cluster: cluster.join(" · ").into(),
                host: declared.host.as_deref().unwrap_or_default().into(),
                window: window.into(),
                window_open,
                contacts: declared
                    .contacts
                    .iter()
                    .map(|contact| ContactView {
                        role: contact.role.as_str().into(),
                        reach: contact.reach.as_str().into(),
                    })
                    .collect(),
                links: declared
                    .links
                    .iter()
                    .map(|link| LinkView { name: link.name.as_str().into(), url: link.url.as_str().into() })
                    .collect(),
            },
            findings,
            checks: self.board.views(&environment.id, now.saturating_mul(1000)),
            components: environment.cells().cloned().collect(),
            autoscalers: self.autoscaler_views(environment, now),
            warnings,
            more_warnings: u32::try_from(more_warnings).unwrap_or(u32::MAX),
            undeclared: if fresh == Freshness::Never {
                Vec::new()
            } else {
                environment
                    .workloads
                    .keys()
                    .filter(|key| !is_declared(key) && missing(Kind::Workload(key.0)).is_none())
                    .map(|(kind, name)| format!("{} {name}", kind.title()).into())
                    .collect()
            },
        }
    }

    /// What ran in the other environments of the system that somebody `sees`. One that is not current may have run anything since.
    fn elsewhere(&self, here: &Environment, sees: impl Fn(&EnvironmentId) -> bool) -> Vec<Elsewhere> {
        let is_live = |environment: &&Environment| {
            let source = self.sources.iter().find(|(cluster, _)| *cluster == environment.cluster);
            environment.listed && source.is_some_and(|(_, source)| source.freshness_of_readable().is_live())
        };
        let others = self.environments.iter().filter(|other| other.id.system == here.id.system && other.id != here.id);
        let seen = others.filter(|other| sees(&other.id)).filter(is_live);
        seen.flat_map(|other| other.components.iter().map(move |component| self.ran_in(other, component))).collect()
    }

    fn ran_in(&self, environment: &Environment, component: &Component) -> Elsewhere {
        let declared = &declared(&self.registry, environment).components[component.declared];
        let ran = |row: &RevisionRow| {
            let tag = domain::image::ImageReference::parse(&row.image).tag.into();
            (tag, domain::image::short_digest(&row.digest).into())
        };
        Elsewhere {
            title: environment.head.title.clone(),
            tier: environment.head.tier,
            name: component.id.name.shared(),
            role: declared.role,
            ran: self.revisions(environment, component).iter().map(ran).collect(),
        }
    }

    /// Everything that is wrong in an environment, worst first. `now` is milliseconds since 1970.
    pub(super) fn findings(
        &self,
        environment: &Environment,
        now: i64,
        sees: impl Fn(&EnvironmentId) -> bool,
    ) -> Vec<Finding> {
        let declared = declared(&self.registry, environment);
        let source = self.sources.iter().find(|(cluster, _)| *cluster == environment.cluster).map(|(_, source)| source);
        let fresh = source.filter(|_| environment.listed).map_or(Freshness::Never, Source::freshness_of_readable);
        let mut findings = merged(environment.components.iter().filter_map(|component| component.assessment.as_ref()));
        findings.extend(finding::around(&environment.id, declared, &environment.around, fresh, now / 1000));
        findings.extend(self.surroundings(environment, finding::surroundings));
        if fresh.is_live() {
            let cells: Vec<_> = environment.cells().collect();
            findings.extend(differs(declared.tier, &cells, || self.elsewhere(environment, sees)));
            findings.extend(self.unmeasured_finding(environment));
        }
        findings.extend(finding::measured(&self.board.figures(&environment.id, now)));
        self.add_checks(environment, &mut findings, now / 1000);
        finding::sort(&mut findings);
        findings
    }

    fn component_page(&self, id: &ComponentId) -> Option<ComponentView> {
        let environment = self.environment(&id.environment)?;
        let component = environment.components.iter().find(|component| component.id == *id)?;
        let assessment = component.assessment.as_ref()?;
        let key = (id.kind, id.name.shared());
        let workload = environment.workloads.get(&key);
        let container = workload.and_then(|workload| workload.facts.container.as_ref());
        let mut pods: Vec<PodRow> = self.pods_of(environment, component).map(|pod| pod.row.clone()).collect();
        pods.sort_by(|a, b| (b.status.state, &a.name).cmp(&(a.status.state, &b.name)));
        pods.truncate(MOST_PODS);
        Some(ComponentView {
            environment: environment.head.clone(),
            head: ComponentHead {
                cell: assessment.cell.clone(),
                findings: assessment.findings.clone(),
                expectations: assessment.expectations.clone(),
                conditions: workload.map_or_else(Vec::new, |workload| workload.facts.conditions.clone()),
                image: container.map_or_else(|| "".into(), |container| container.image.clone()),
                managed_by: workload.map_or_else(|| "".into(), |workload| workload.managed_by.clone()),
            },
            pods,
            revisions: self.revisions(environment, component),
            events: self.events(environment, component),
        })
    }

    /// The pods of a component, without those of a workload that had its name before.
    fn pods_of<'a>(
        &'a self,
        environment: &'a Environment,
        component: &'a Component,
    ) -> impl Iterator<Item = &'a Entry> {
        let (owners, revisions) = (environment.owners(), &environment.revisions);
        let held = component.pods.iter().filter_map(|id| self.pods.get(*id));
        held.filter(move |pod| owners.owns_present(pod, revisions))
    }

    fn revisions(&self, environment: &Environment, component: &Component) -> Vec<RevisionRow> {
        let workload = (component.id.kind, component.id.name.shared());
        let source = self.sources.iter().find(|(cluster, _)| *cluster == environment.cluster).map(|(_, source)| source);
        let namespace = &declared(&self.registry, environment).namespace;
        let is_known = source.is_none_or(|source| !source.may_not_read(Kind::Pod, namespace));
        let mut pods: BTreeMap<&str, Vec<(&Arc<str>, bool)>> = BTreeMap::new();
        for entry in self.pods_of(environment, component) {
            let is_ready = entry.row.status.state == Health::Ready;
            pods.entry(&entry.revision).or_default().push((&entry.digest, is_ready));
        }
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let of_it = environment.revisions.of(&workload);
        let all: Vec<(&Arc<str>, &Revision)> =
            of_it.filter(|(_, revision)| environment.owners().is_of_present(revision)).collect();
        let newest = all.iter().map(|(_, revision)| revision.observed.number).max();
        let mut rows: Vec<RevisionRow> = all
            .iter()
            .map(|(name, revision)| {
                let number = revision.observed.number;
                let pods = pods.get(&***name).map_or(&[][..], Vec::as_slice);
                let digests = most_run_first(pods.iter().copied());
                let ran = Some(&revision.ran).filter(|ran| !ran.is_empty());
                RevisionRow {
                    number,
                    name: (*name).clone(),
                    image: revision.observed.image.clone(),
                    digest: digests.first().copied().or(ran).map_or_else(|| "".into(), Arc::clone),
                    digests: count(digests.len()).max(u32::from(ran.is_some())),
                    created: revision.observed.created,
                    cause: revision.observed.cause.clone(),
                    pods: is_known
                        .then(|| (count(pods.len()), count(pods.iter().filter(|(_, is_ready)| *is_ready).count()))),
                    current: newest == Some(number),
                    same_as: Vec::new(),
                }
            })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.number));
        // Each is compared with each; a Deployment keeps ten unless it is told otherwise, and whoever may make ReplicaSets can make
        // thousands.
        rows.truncate(MOST_REVISIONS);
        let ran: Vec<(i64, Arc<str>)> =
            rows.iter().filter(|row| row.digests == 1).map(|row| (row.number, row.digest.clone())).collect();
        for row in rows.iter_mut().filter(|row| row.digests == 1) {
            let twins = ran.iter().filter(|(number, digest)| *number != row.number && *digest == row.digest);
            row.same_as = twins.map(|(number, _)| *number).collect();
        }
        rows
    }

    /// Events of the workload, its revisions and its pods, also of pods that are gone: their names begin with a revision's
    /// or, for a StatefulSet, the workload's.
    fn events(&self, environment: &Environment, component: &Component) -> Vec<EventRow> {
        let name = component.id.name.as_str();
        let begins = |text: &str, start: &str| text.strip_prefix(start).is_some_and(|rest| rest.starts_with('-'));
        let workload = (component.id.kind, component.id.name.shared());
        let revisions: Vec<&str> = environment.revisions.of(&workload).map(|(name, _)| &**name).collect();
        let is_ordinal = |text: &str| {
            let rest = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
            rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let belongs = |about: &str| {
            about == name
                || is_ordinal(about)
                || revisions.iter().any(|revision| about == *revision || begins(about, revision))
        };
        let events = environment.events.newest_first().filter(|event| belongs(&event.about));
        events.take(MOST_EVENTS).map(|event| event.row.clone()).collect()
    }
}

pub(super) fn declared<'a>(registry: &'a Registry, environment: &Environment) -> &'a registry::Environment {
    &registry.systems[environment.declared.0].environments[environment.declared.1]
}

/// Events that say the same of the same object as one: seen as often as all of them together, and last when the newest was.
/// Its uid is the smallest of theirs, so that the row stays when another one comes.
fn grouped<'a>(newest_first: impl Iterator<Item = &'a EventRow>) -> Vec<EventRow> {
    let mut groups: Vec<EventRow> = Vec::new();
    let mut places: HashMap<(&str, &str, &str), usize> = HashMap::new();
    for row in newest_first {
        match places.entry((&row.about, &row.reason, &row.message)) {
            hash_map::Entry::Vacant(free) => {
                free.insert(groups.len());
                groups.push(row.clone());
            }
            hash_map::Entry::Occupied(place) => {
                let group = &mut groups[*place.get()];
                group.count = group.count.saturating_add(row.count);
                group.uid = group.uid.min(row.uid);
            }
        }
    }
    groups
}

/// Where now stands in the windows, in words, and whether a window is open.
fn window_words(environment: &registry::Environment, now: i64) -> (String, Option<bool>) {
    let (Ok(zone), Ok(now)) = (TimeZone::get(&environment.time_zone), Timestamp::from_millisecond(now)) else {
        return ("unknown: the time zone is not known here".to_owned(), None);
    };
    let city = city(&environment.time_zone);
    let wall = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%a %H:%M").to_string();
    let until = |at: Timestamp| {
        let seconds = at.as_second() - now.as_second();
        let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3600, seconds % 3600 / 60);
        match (days, hours) {
            (0, 0) => Age::between(0, minutes.max(1) * 60).words(),
            (0, _) => format!("{hours} h {minutes} min"),
            _ => format!("{days} d {hours} h"),
        }
    };
    match window_state(&environment.maintenance, &zone, now) {
        WindowState::Undeclared => ("not declared".to_owned(), None),
        WindowState::AnyTime => ("any time".to_owned(), Some(true)),
        WindowState::Open(end) => (format!("open · closes {} {city} (in {})", wall(end), until(end)), Some(true)),
        WindowState::Closed(Some(start)) => {
            (format!("closed · opens {} {city} (in {})", wall(start), until(start)), Some(false))
        }
        WindowState::Closed(None) => ("closed · does not open within a year".to_owned(), Some(false)),
    }
}
