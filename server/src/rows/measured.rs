//! What pods use, as it was last measured.

use std::collections::HashSet;
use std::sync::Arc;

use domain::component::clues::Usage;
use domain::finding::room::unmeasured;
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
            let used = self.main_of(id, &containers);
            if let Some(usage) = self.pods.use_of(id) {
                *usage = used;
                known.insert(id);
            }
        }
        // What is not measured any more is not known any more.
        let old = self.pods.iter().filter(|(id, entry)| {
            entry.usage.is_some() && !known.contains(id) && self.environments[entry.environment].cluster == *cluster
        });
        for id in old.map(|(id, _)| id).collect::<Vec<_>>() {
            if let Some(usage) = self.pods.use_of(id) {
                *usage = None;
            }
        }
        for environment in self.environments.iter_mut().filter(|environment| environment.cluster == *cluster) {
            environment.mark_all();
        }
    }

    /// What the first container of the template uses: its limits are the ones that are known.
    fn main_of(&self, id: RowId, containers: &[(Arc<str>, Usage)]) -> Option<Usage> {
        let entry = self.pods.get(id)?;
        let workload = self.environments[entry.environment].workloads.get(entry.workload.as_ref()?)?;
        let main = workload.facts.container.as_ref()?;
        containers.iter().find(|(name, _)| *name == main.name).map(|(_, usage)| *usage)
    }

    /// Why it is not known what the pods of an environment use, where one of them may use only so much.
    pub(super) fn unmeasured_finding(&self, environment: &Environment) -> Option<Finding> {
        let why = self.unmeasured.get(&environment.cluster)?;
        let declared = environment.components.iter().map(|component| (component.id.kind, component.id.name.shared()));
        let containers = declared.filter_map(|key| environment.workloads.get(&key)?.facts.container.as_ref());
        let is_bounded = containers.into_iter().any(|held| held.memory_limit.is_some() || held.cpu_limit.is_some());
        is_bounded.then(|| unmeasured(why))
    }
}
