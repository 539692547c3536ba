//! What checks ask the rows, and what they found last.

use std::sync::Arc;

use domain::facts::around::{AroundKind, PostgresClusterFacts, Unseen};
use domain::freshness::Freshness;
use domain::name::EnvironmentId;
use domain::view::Cell;

use super::environment::Environment;
use super::{Kind, Rows, Source};
use crate::checks::CheckBoard;

/// What is held of an environment, as far as checks go.
pub struct Held {
    /// How fresh what may be read of its cluster is.
    pub readable: Freshness,
    /// The right that was lost on its cluster, in a sentence: what it let us see is not current.
    pub lost_right: Option<Arc<str>>,
    /// What goes wrong with its cluster, in a sentence; empty when nothing does.
    pub trouble: Arc<str>,
    /// Its components.
    pub cells: Vec<Cell>,
    /// Name of its CloudNativePG cluster, where one is seen; and its status, while that is current.
    pub postgres_cluster: Option<(Arc<str>, Option<PostgresClusterFacts>)>,
}

impl Rows {
    /// What is held of an environment; `None` where it is not registered.
    pub fn held(&self, id: &EnvironmentId) -> Option<Held> {
        self.read(|state| {
            let environment = state.environment(id)?;
            let (system, place) = environment.declared;
            let namespace = &state.registry.systems[system].environments[place].namespace;
            let source = state.sources.iter().find(|(cluster, _)| *cluster == environment.cluster);
            let source = source.map(|(_, source)| source);
            Some(Held {
                readable: source.map_or(Freshness::Never, Source::freshness_of_readable),
                lost_right: source.and_then(Source::lost_right).cloned(),
                trouble: source.map_or_else(|| "".into(), |source| source.view(&environment.cluster, "").trouble),
                cells: Environment::cells(environment).cloned().collect(),
                postgres_cluster: source.and_then(|source| {
                    let unseen = source.unseen(namespace).get(&AroundKind::PostgresCluster).copied();
                    let is_told = source.tells(Kind::Around(AroundKind::PostgresCluster), namespace);
                    let (name, facts) = postgres_cluster(environment)?;
                    (unseen != Some(Unseen::NotInstalled)).then(|| (name, is_told.then_some(facts)))
                }),
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
    let called =
        known.iter().find(|(name, _)| environment.components.iter().any(|one| one.id.name.as_str() == &***name));
    let only = if known.len() == 1 { known.iter().next() } else { None };
    called.or(only).map(|(name, facts)| (name.clone(), facts.clone()))
}
