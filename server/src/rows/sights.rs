//! What the rules of alerts see of each environment.

use std::sync::Arc;

use domain::alert::{Checked, Sight};
use domain::check::{CheckKind, Outcome};
use domain::freshness::Freshness;
use domain::name::EnvironmentId;
use domain::registry;

use super::source::Source;
use super::{Kind, Rows};

impl Rows {
    /// Shows every environment as it is now, with what was declared of it.
    pub fn each_sight(&self, mut look: impl FnMut(&Sight<'_>, &registry::Environment)) {
        let now_ms = (self.clock)();
        let now = now_ms / 1000;
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
                let sight = Sight {
                    head: &environment.head,
                    is_live,
                    cells: environment.cells().collect(),
                    autoscalers,
                    findings: state.findings(environment, now_ms, |_| true),
                    around: Some(&environment.around),
                    database: self.database(&environment.id),
                    measured: self.board.figures(&environment.id, now_ms),
                    now,
                };
                look(&sight, declared);
            }
        });
    }

    /// What the database of an environment answered last; `None` where nobody asks it, or the check says nothing, or nothing current.
    fn database(&self, environment: &EnvironmentId) -> Option<Checked> {
        let result = self.board.latest(environment).into_iter().find(|result| result.kind == CheckKind::Postgres)?;
        if !result.is_current((self.clock)().saturating_mul(1000)) {
            return None;
        }
        let failed = match result.outcome {
            Outcome::Ok | Outcome::Warning => false,
            Outcome::Failed => true,
            Outcome::Unknown | Outcome::NotConfigured => return None,
        };
        // When it began to fail is not known, only when it was asked: the alert counts from then on by itself.
        Some(Checked { failed, sentence: result.sentence, since: 0 })
    }
}
