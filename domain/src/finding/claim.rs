//! A claim without a volume.

use std::sync::Arc;

use super::around::{Surroundings, finding, listed, sentences};
use crate::facts::around::{AroundKind, ClaimFacts};
use crate::name::WorkloadKind;
use crate::registry::Component;
use crate::view::{Finding, FindingKind, State};

/// Seconds that a volume may take to be made.
const PATIENCE: i64 = 60;

/// One for all claims that wait, and one for all that lost their volume.
pub(super) fn findings(place: Surroundings<'_>) -> Vec<Finding> {
    if !place.sees(AroundKind::Claim) {
        return Vec::new();
    }
    let in_phase = |phase: &'static str| {
        place.around.claims.iter().filter(move |(_, claim)| &*claim.phase == phase).collect::<Vec<_>>()
    };
    let mut waiting = in_phase("Pending");
    waiting.retain(|(_, claim)| claim.created > 0 && place.now.saturating_sub(claim.created) > PATIENCE);
    let since = waiting.iter().map(|(_, claim)| claim.created).min().unwrap_or(0);
    let waits = about(
        place,
        &waiting,
        State::Degraded,
        ("is not bound", "are not bound"),
        "Check that the storage class exists and can make volumes; one that waits for its first consumer is bound once a pod is \
         scheduled.",
    );
    let lost = about(
        place,
        &in_phase("Lost"),
        State::Failed,
        ("lost its volume", "lost their volumes"),
        "Find out who deleted the volume; restore the data from a backup into a new claim.",
    );
    let waits = waits.map(|finding| Finding { since, ..finding });
    waits.into_iter().chain(lost).collect()
}

fn about(
    place: Surroundings<'_>,
    claims: &[(&Arc<str>, &ClaimFacts)],
    state: State,
    (one, more): (&str, &str),
    advice: &str,
) -> Option<Finding> {
    let title = match claims {
        [] => return None,
        [(name, _)] => format!("Claim {name} {one}"),
        claims => format!("{} claims {more}", claims.len()),
    };
    let what: Vec<String> = claims
        .iter()
        .map(|(name, claim)| {
            let asked = claim.asked.as_ref().map(|asked| format!(" of {asked}")).unwrap_or_default();
            let class = match claim.class.as_deref() {
                None | Some("") => "without a storage class".to_owned(),
                Some(class) => format!("storage class {class}"),
            };
            format!("{name}{asked}, {class}")
        })
        .collect();
    let mut users: Vec<&Component> = claims.iter().filter_map(|(name, _)| user(place, name)).collect();
    users.dedup_by_key(|user| &user.name);
    let names: Vec<String> = users.iter().map(|user| user.name.to_string()).collect();
    let used = if names.is_empty() { String::new() } else { format!("Mounted by {}.", listed(&names)) };
    let component = match users.as_slice() {
        [only] => Some(place.id_of(only)),
        _ => None,
    };
    let evidence = sentences([format!("{}.", what.join("; ")), used]);
    Some(Finding { component, ..finding(state, FindingKind::Failure, title, evidence, advice) })
}

/// The declared StatefulSet whose claim this is: `<template>-<name>-<ordinal>`.
/// <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage>
fn user<'a>(place: Surroundings<'a>, claim: &str) -> Option<&'a Component> {
    let (rest, ordinal) = claim.rsplit_once('-')?;
    if ordinal.is_empty() || !ordinal.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let is_its = |component: &&Component| {
        let before = rest.strip_suffix(component.name.as_str()).and_then(|before| before.strip_suffix('-'));
        component.kind == WorkloadKind::StatefulSet && before.is_some_and(|template| !template.is_empty())
    };
    // Of `postgres` and `fleet-postgres` the longer one is meant.
    place.environment.components.iter().filter(is_its).max_by_key(|component| component.name.as_str().len())
}
