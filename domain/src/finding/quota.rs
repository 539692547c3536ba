//! A quota that is nearly used up, or full.

use super::around::{Surroundings, finding, listed};
use crate::facts::around::AroundKind;
use crate::guard::facts::Quota;
use crate::quantity::Quantity;
use crate::view::{Finding, FindingKind, State};

/// From how many percent of a bound on something is said.
const NEARLY: i128 = 90;

/// One of each quota, with all its bounds that are nearly reached.
pub(super) fn findings(place: Surroundings<'_>) -> Vec<Finding> {
    if !place.sees(AroundKind::Quota) {
        return Vec::new();
    }
    place.around.quotas.values().filter_map(of).collect()
}

fn of(quota: &Quota) -> Option<Finding> {
    let mut tight: Vec<(i128, String)> = quota
        .bounds
        .iter()
        .filter_map(|(resource, used, most)| {
            let percent = percent(used, most).filter(|percent| *percent >= NEARLY)?;
            Some((percent, format!("{resource} {used} of {most} ({percent} %)")))
        })
        .collect();
    // The tightest first; of the equally tight the quota's order.
    tight.sort_by_key(|(percent, _)| std::cmp::Reverse(*percent));
    let is_full = tight.first()?.0 >= 100;
    let names: Vec<String> = tight.into_iter().map(|(_, text)| text).collect();
    let (state, words, then) = if is_full {
        (State::Failed, "full", "Whatever needs more of it is refused: a rollout, a new replica, a pod that moves.")
    } else {
        (State::Degraded, "nearly full", "A rollout or the next replica may be refused.")
    };
    Some(finding(
        state,
        FindingKind::Room,
        format!("Quota {} is {words}", quota.name),
        format!("Used: {}. {then}", listed(&names)),
        "Lower requests and limits that are never used, or raise the quota if the nodes have room for it.",
    ))
}

/// How many percent are used, rounded down; `None` where nothing is allowed, which is a ban and no room.
fn percent(used: &Quantity, most: &Quantity) -> Option<i128> {
    (most.milli() > 0).then(|| i128::from(used.milli()) * 100 / i128::from(most.milli()))
}
