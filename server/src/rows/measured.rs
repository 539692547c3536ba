//! What pods use, as it was last measured.

use std::collections::HashSet;
use std::sync::Arc;

use domain::component::clues::Usage;
use domain::finding::room::{has_bounds, is_bounded, is_near, unmeasured};
use domain::name::{ClusterId, Namespace};
use domain::view::Finding;

use super::environment::Environment;
use super::pods::RowId;
use super::{Rows, State};

/// What the containers of a pod use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Its namespace.
    pub namespace: Namespace,
    /// Its name.
    pub name: Arc<str>,
    /// Its containers, by name.
    pub containers: Vec<(Arc<str>, Usage)>,
}

impl Rows {
    /// Takes in what all pods of a cluster use, or why that is not known: a sentence.
    pub fn measured(&self, cluster: &ClusterId, all: Result<Vec<Measured>, Arc<str>>) {
        self.write(|state| state.measured(cluster, all));
    }
}

impl State {
    fn measured(&mut self, cluster: &ClusterId, all: Result<Vec<Measured>, Arc<str>>) {
        let all = match all {
            Ok(all) => {
                self.unmeasured.remove(cluster);
                all
            }
            Err(why) => {
                self.unmeasured.insert(cluster.clone(), why);
                Vec::new()
            }
        };
        let mut known: HashSet<RowId> = HashSet::new();
        for Measured { namespace, name, containers } in all {
            let place = self.places.get(&(cluster.clone(), namespace)).copied();
            let Some(id) = place.and_then(|place| self.pods.find(place, &name)) else { continue };
            known.insert(id);
            self.used(id, containers);
        }
        // What is not measured any more is not known any more.
        let old = self.pods.iter().filter(|(id, entry)| {
            !entry.usage.is_empty() && !known.contains(id) && self.environments[entry.environment].cluster == *cluster
        });
        for id in old.map(|(id, _)| id).collect::<Vec<_>>() {
            self.used(id, Vec::new());
        }
    }

    /// Takes in what the containers of a pod use. Figures move with each measurement; only one that is told of, was, or is not known
    /// any more makes its component say something else.
    fn used(&mut self, id: RowId, containers: Vec<(Arc<str>, Usage)>) {
        let Self { environments, pods, texts, .. } = self;
        let Some(entry) = pods.get(id) else { return };
        let environment = &mut environments[entry.environment];
        let workload = entry.workload.as_ref().and_then(|workload| environment.workloads.get(workload));
        let template = workload.map(|workload| &workload.facts.template);
        let is_bounded = |name: &str| template.is_some_and(|template| is_bounded(template, name));
        let bounded = containers.into_iter().filter(|(name, _)| is_bounded(name));
        let usage: Box<[(Arc<str>, Usage)]> = bounded.map(|(name, usage)| (texts.share(name), usage)).collect();
        if *usage == *entry.usage {
            return;
        }
        let is_told = |usage: &[(Arc<str>, Usage)]| template.is_some_and(|template| is_near(template, usage));
        if usage.is_empty() != entry.usage.is_empty() || is_told(&usage) || is_told(&entry.usage) {
            let workload = entry.workload.clone();
            environment.mark(workload.as_ref());
        }
        pods.uses(id, usage);
    }

    /// Why it is not known what the pods of an environment use, where one of them may use only so much.
    pub(super) fn unmeasured_finding(&self, environment: &Environment) -> Option<Finding> {
        let why = self.unmeasured.get(&environment.cluster)?;
        let declared = environment.components.iter().map(|component| (component.id.kind, component.id.name.shared()));
        let mut workloads = declared.filter_map(|key| environment.workloads.get(&key));
        workloads.any(|workload| has_bounds(&workload.facts.template)).then(|| unmeasured(why))
    }
}
