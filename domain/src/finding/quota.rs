//! A quota that is nearly used up, full, or for which something was refused.

use super::around::{Surroundings, finding, listed, sentences};
use crate::facts::around::AroundKind;
use crate::guard::facts::Quota;
use crate::quantity::Quantity;
use crate::view::{Finding, FindingKind, State};

/// From how many percent of a bound on something is said.
const NEARLY: i128 = 90;

/// How far back a refusal of which only an event tells is of late, in seconds: controllers try again, ever more seldom, after 17
/// minutes at the latest.
pub const REFUSED_REACH: i64 = 20 * 60;

/// The words of an admission that was refused for a quota. <https://github.com/kubernetes/kubernetes>, `resourcequota/controller.go`
const REFUSAL: &str = "exceeded quota: ";

/// Which quota somebody's words say was exceeded: `exceeded quota: compute, requested: pods=1, used: pods=3, limited: pods=3`.
pub fn refused_by(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once(REFUSAL)?;
    rest.split([',', ' ']).next().filter(|name| !name.is_empty())
}

/// One of each quota, with all its bounds that are nearly reached.
pub(super) fn findings(place: Surroundings<'_>) -> Vec<Finding> {
    if !place.sees(AroundKind::Quota) {
        return Vec::new();
    }
    let refused = |quota: &Quota| place.around.refused.get(&quota.name).map(|message| &**message);
    place.around.quotas.values().filter_map(|quota| of(quota, refused(quota))).collect()
}

/// A bound that is nearly reached.
struct Tight {
    percent: i128,
    text: String,
    is_exceeded: bool,
    is_full: bool,
    is_of_objects: bool,
}

fn of(quota: &Quota, refused: Option<&str>) -> Option<Finding> {
    let bounds = quota.bounds.iter();
    let mut tight: Vec<Tight> = bounds.filter_map(|(resource, used, most)| tight(resource, used, most)).collect();
    if tight.is_empty() && refused.is_none() {
        return None;
    }
    // The tightest first; of the equally tight the quota's order.
    tight.sort_by_key(|bound| std::cmp::Reverse(bound.percent));
    let is_full = tight.iter().any(|bound| bound.is_full);
    let fails = refused.is_some() || tight.iter().any(|bound| bound.is_exceeded);
    let state = if fails { State::Failed } else { State::Degraded };
    // As many claims as there should be are no lack of room.
    let is_by_design = !fails && tight.iter().all(|bound| bound.is_of_objects);
    let kind = if is_by_design { FindingKind::Promise } else { FindingKind::Room };
    let (words, then) = match (is_full, fails) {
        (true, true) => {
            ("is full", "Whatever needs more of it is refused: a rollout, a new replica, a pod that moves.")
        }
        (true, false) if is_by_design => ("is full", "The next one is refused."),
        (true, false) => ("is full", "Nothing was refused yet; a rollout or the next replica would be."),
        (false, true) => ("has too little room", "What was asked for is more than what is left of it."),
        (false, false) => ("is nearly full", "A rollout or the next replica may be refused."),
    };
    let names: Vec<String> = tight.into_iter().map(|bound| bound.text).collect();
    let used = if names.is_empty() { String::new() } else { format!("Used: {}.", listed(&names)) };
    let refusal = refused.map(|message| format!("Last refused: {}.", message.trim_end_matches('.')));
    Some(finding(
        state,
        kind,
        format!("Quota {} {words}", quota.name),
        sentences([used, then.to_owned(), refusal.unwrap_or_default()]),
        "Lower requests and limits that are never used, or raise the quota if the nodes have room for it.",
    ))
}

/// A bound, from nine tenths on. Where nothing is allowed that is a ban, and no room.
fn tight(resource: &str, used: &Quantity, most: &Quantity) -> Option<Tight> {
    let (used_m, most_m) = (i128::from(used.milli()), i128::from(most.milli()));
    let percent = (most_m > 0).then(|| used_m * 100 / most_m).filter(|percent| *percent >= NEARLY)?;
    Some(Tight {
        percent,
        text: format!("{resource} {used} of {most} ({percent} %)"),
        is_exceeded: used_m > most_m,
        is_full: used_m >= most_m,
        is_of_objects: counts_objects(resource),
    })
}

/// Whether a bound counts objects that are made once and stay, of which no rollout and no further replica needs another.
/// <https://kubernetes.io/docs/concepts/policy/resource-quotas/#object-count-quota>
fn counts_objects(resource: &str) -> bool {
    const ONCE: [&str; 6] =
        ["configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services"];
    match resource.split_once("count/") {
        Some(("", "pods" | "replicasets.apps")) => false,
        Some(("", _)) => true,
        Some(_) | None => {
            ONCE.contains(&resource)
                || resource.starts_with("services.")
                || resource.ends_with(".storageclass.storage.k8s.io/persistentvolumeclaims")
        }
    }
}
