//! What checks ask the rows, and what they found last.

use std::sync::Arc;

use domain::facts::around::{AroundKind, PostgresClusterFacts};
use domain::freshness::Freshness;
use domain::name::EnvironmentId;
use domain::view::Cell;

use super::environment::Environment;
use super::{Rows, Source};
use crate::checks::CheckBoard;

/// What is held of an environment, as far as checks go.
pub struct Held {
    /// How fresh everything of its cluster is.
    pub freshness: Freshness,
    /// How fresh what may be read of its cluster is.
    pub readable: Freshness,
    /// What goes wrong with its cluster, in a sentence; empty when nothing does.
    pub trouble: Arc<str>,
    /// Its components.
    pub cells: Vec<Cell>,
    /// Name and status of its CloudNativePG cluster, where one is seen.
    pub postgres_cluster: Option<(Arc<str>, PostgresClusterFacts)>,
}

impl Rows {
    /// What is held of an environment; `None` where it is not registered.
    pub fn held(&self, id: &EnvironmentId) -> Option<Held> {
        self.read(|state| {
            let environment = state.environment(id)?;
            let source = state.sources.iter().find(|(cluster, _)| *cluster == environment.cluster);
            let source = source.map(|(_, source)| source);
            Some(Held {
                freshness: source.map_or(Freshness::Never, Source::freshness),
                readable: source.map_or(Freshness::Never, Source::freshness_of_readable),
                trouble: source.map_or_else(|| "".into(), |source| source.view(&environment.cluster, "").trouble),
                cells: Environment::cells(environment).cloned().collect(),
                postgres_cluster: postgres_cluster(environment),
            })
        })
    }

    /// Where the last results of checks stand.
    pub fn check_board(&self) -> &Arc<CheckBoard> {
        &self.board
    }
}

/// The cluster of CloudNativePG that keeps the data of an environment: the one that is called as a component, else the only one.
fn postgres_cluster(environment: &Environment) -> Option<(Arc<str>, PostgresClusterFacts)> {
    let known = &environment.around.postgres_clusters;
    if environment.around.unseen.contains_key(&AroundKind::PostgresCluster) {
        return None;
    }
    let called =
        known.iter().find(|(name, _)| environment.components.iter().any(|one| one.id.name.as_str() == &***name));
    let only = if known.len() == 1 { known.iter().next() } else { None };
    called.or(only).map(|(name, facts)| (name.clone(), facts.clone()))
}
