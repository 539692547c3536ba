//! A cluster of CloudNativePG that is not whole.

use std::sync::Arc;

use super::around::{Surroundings, condition, finding, said, sentences};
use crate::facts::around::{AroundKind, PostgresClusterFacts};
use crate::view::{Finding, FindingKind, State};

/// The phase in which all is well.
/// <https://github.com/cloudnative-pg/cloudnative-pg/blob/main/api/v1/cluster_types.go>
const HEALTHY: &str = "Cluster in healthy state";
/// How the title of each of these findings begins, before the name of the cluster.
const BEGINS: &str = "PostgreSQL cluster ";

/// At most one of each cluster.
pub(super) fn findings(place: Surroundings<'_>) -> Vec<Finding> {
    if !place.sees(AroundKind::PostgresCluster) {
        return Vec::new();
    }
    let clusters = place.around.postgres_clusters.iter();
    let found = clusters.filter_map(|(name, cluster)| {
        let component = place.component(name).map(|component| place.id_of(component));
        Some(Finding { component, ..of(name, cluster)? })
    });
    found.collect()
}

/// The cluster that a finding of here is about, by its title.
pub(super) fn name_in(title: &str) -> Option<&str> {
    title.strip_prefix(BEGINS)?.split(' ').next()
}

fn of(name: &Arc<str>, cluster: &PostgresClusterFacts) -> Option<Finding> {
    let PostgresClusterFacts { instances, ready, phase, phase_reason, primary, target_primary, conditions, .. } =
        cluster;
    if phase.is_empty() && conditions.is_empty() {
        // The operator has said nothing of it yet.
        return None;
    }
    let moves = !primary.is_empty() && !target_primary.is_empty() && primary != target_primary;
    let (state, words) = if *ready == 0 && *instances > 0 {
        (State::Failed, "has no ready instance".to_owned())
    } else if moves {
        (State::Degraded, "changes its primary".to_owned())
    } else if ready < instances {
        (State::Degraded, format!("is short of instances: {ready} of {instances} ready"))
    } else if !phase.is_empty() && &**phase != HEALTHY {
        (State::Degraded, "is not healthy".to_owned())
    } else {
        return None;
    };
    let counts = format!("{ready} of {instances} instances are ready.");
    let phase = if phase.is_empty() { String::new() } else { said(phase, phase_reason) };
    let primary = match (moves, primary.is_empty()) {
        (true, _) => format!("The primary is {primary} and becomes {target_primary}."),
        (false, false) => format!("The primary is {primary}."),
        (false, true) => "It has no primary.".to_owned(),
    };
    let advice =
        "Look at the pods of the instances that are not ready and at the operator's log; delete no volume by hand.";
    let since = condition(conditions, "Ready", false).map_or(0, |condition| condition.since);
    let title = format!("{BEGINS}{name} {words}");
    let evidence = sentences([counts, phase, primary]);
    Some(Finding { since, ..finding(state, FindingKind::Failure, title, evidence, advice) })
}
