//! The environments of a system beside one another.

use domain::compare::Column;
use domain::drift::{self, Neighbour, Surroundings};
use domain::freshness::Freshness;
use domain::name::SystemId;

use super::environment::Environment;
use super::pages::declared;
use super::source::Source;
use super::{Kind, Seen, State};

impl Seen<'_> {
    /// The environments of a system that are seen, in the wall's order; none where there is no such system for them.
    pub fn columns(&self, system: &SystemId) -> Vec<Column> {
        self.rows.read(|state| {
            let of_it = state.environments.iter().filter(|environment| environment.id.system == *system);
            of_it
                .filter(|environment| self.sees(&environment.id))
                .map(|environment| state.column(environment))
                .collect()
        })
    }
}

impl State {
    fn column(&self, environment: &Environment) -> Column {
        let assessments = environment.components.iter().filter_map(|component| component.assessment.as_ref());
        let mut items: Vec<drift::Item> = Vec::new();
        // A ConfigMap that several components read is one thing.
        for item in assessments.flat_map(|assessment| &assessment.items) {
            if !items.iter().any(|known| (&known.place, &known.name) == (&item.place, &item.name)) {
                items.push(item.clone());
            }
        }
        items.extend(self.surroundings(environment, |facts| drift::environment(facts).0));
        Column { id: environment.id.clone(), title: environment.head.title.clone(), tier: environment.head.tier, items }
    }

    /// What is known of an environment beside its components. What was read before a right was lost is not used.
    pub(super) fn surroundings<T>(&self, environment: &Environment, ask: impl FnOnce(&Surroundings<'_>) -> T) -> T {
        let declared = declared(&self.registry, environment);
        let source = self.sources.iter().find(|(cluster, _)| *cluster == environment.cluster).map(|(_, source)| source);
        let may_read = |kind| !source.is_some_and(|source| source.may_not_read(kind, &declared.namespace));
        let scales = may_read(Kind::Autoscaler);
        let workloads: Vec<Neighbour<'_>> = environment
            .workloads
            .iter()
            .filter(|((kind, _), _)| may_read(Kind::Workload(*kind)))
            .map(|(key, workload)| Neighbour {
                kind: key.0,
                name: &key.1,
                facts: &workload.facts,
                autoscaler: environment
                    .autoscalers
                    .values()
                    .find(|autoscaler| scales && autoscaler.target.as_ref() == Some(key))
                    .map(|autoscaler| &autoscaler.facts),
            })
            .collect();
        ask(&Surroundings {
            id: &environment.id,
            declared,
            around: &environment.around,
            workloads: &workloads,
            freshness: source.filter(|_| environment.listed).map_or(Freshness::Never, Source::freshness_of_readable),
        })
    }
}
