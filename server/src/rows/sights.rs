//! What the rules of alerts see of each environment.

use std::sync::Arc;

use domain::alert::{Measured, Sight};
use domain::finding::merged;
use domain::freshness::Freshness;
use domain::registry;

use super::source::Source;
use super::{Kind, Rows};

impl Rows {
    /// Shows every environment as it is now, with what was declared of it.
    pub fn each_sight(&self, mut look: impl FnMut(&Sight<'_>, &registry::Environment)) {
        let now = (self.clock)() / 1000;
        self.read(|state| {
            for environment in &state.environments {
                let (system, place) = environment.declared;
                let declared = &state.registry.systems[system].environments[place];
                let source = state.sources.iter().find(|(cluster, _)| *cluster == environment.cluster);
                let source = source.map(|(_, source)| source);
                let is_live = environment.listed && matches!(source.map(Source::freshness), Some(Freshness::Live(_)));
                let may_read_autoscalers =
                    source.is_some_and(|source| !source.may_not_read(Kind::Autoscaler, &declared.namespace));
                let autoscalers = may_read_autoscalers.then(|| {
                    let known = environment.autoscalers.iter();
                    known.map(|(name, autoscaler)| (Arc::clone(name), &autoscaler.facts)).collect()
                });
                let assessments = environment.components.iter().filter_map(|component| component.assessment.as_ref());
                let sight = Sight {
                    head: &environment.head,
                    is_live,
                    cells: environment.cells().collect(),
                    autoscalers,
                    findings: merged(assessments),
                    around: None,
                    database: None,
                    measured: Measured::default(),
                    now,
                };
                look(&sight, declared);
            }
        });
    }
}
