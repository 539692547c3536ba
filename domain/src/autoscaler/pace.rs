//! How far an autoscaler may go in one step.

use super::{STEP, Sample};
use crate::facts::{AutoscalerFacts, Change, Policy, ScalingRules, Select};

/// What Kubernetes allows where a behavior was declared without policies.
const UP: [Policy; 2] = [Policy { by: Change::Pods(4), period: 15 }, Policy { by: Change::Percent(100), period: 15 }];
const DOWN: [Policy; 1] = [Policy { by: Change::Percent(100), period: 15 }];

/// The longest period that a policy may have, in seconds.
const LONGEST: i64 = 1800;

/// When a bound is first another than it is, looked at from `now` on, and what it is then. `None`: never, as when a behavior forbids a
/// direction.
pub(super) fn soonest(now: i64, bound: impl Fn(i64) -> u32, is: u32) -> Option<(i64, u32)> {
    (1..=LONGEST / STEP + 1).map(|step| now + step * STEP).map(|at| (at, bound(at))).find(|(_, bound)| *bound != is)
}

/// The most it may have after the next step.
pub(super) fn most(facts: &AutoscalerFacts, samples: &[Sample], now: i64) -> u32 {
    let current = facts.current;
    let Some(behavior) = &facts.behavior else {
        // Without a behavior the controller doubles, and gets from few to 4 at once.
        return current.saturating_mul(2).max(4).min(facts.max);
    };
    let after = |policy: &Policy| {
        let start = u64::from(start(facts, samples, policy.period, now));
        match policy.by {
            Change::Pods(pods) => start + u64::from(pods),
            Change::Percent(percent) => (start * (100 + u64::from(percent))).div_ceil(100),
        }
    };
    let limits = policies(&behavior.up, &UP).iter().map(after);
    let limit = match behavior.up.select {
        Select::Max => limits.max(),
        Select::Min => limits.min(),
        Select::Disabled => None,
    };
    let limit = limit.map_or(current, |limit| u32::try_from(limit).unwrap_or(u32::MAX));
    limit.max(current).min(facts.max)
}

/// The fewest it may have after the next step.
pub(super) fn least(facts: &AutoscalerFacts, samples: &[Sample], now: i64) -> u32 {
    let current = facts.current;
    let Some(behavior) = &facts.behavior else { return facts.min };
    let after = |policy: &Policy| {
        let start = start(facts, samples, policy.period, now);
        match policy.by {
            Change::Pods(pods) => start.saturating_sub(pods),
            Change::Percent(percent) => {
                let left = u64::from(start) * u64::from(100u32.saturating_sub(percent)) / 100;
                u32::try_from(left).unwrap_or(u32::MAX)
            }
        }
    };
    let limits = policies(&behavior.down, &DOWN).iter().map(after);
    let limit = match behavior.down.select {
        Select::Max => limits.min(),
        Select::Min => limits.max(),
        Select::Disabled => None,
    };
    limit.unwrap_or(current).min(current).max(facts.min)
}

fn policies<'a>(rules: &'a ScalingRules, default: &'a [Policy]) -> &'a [Policy] {
    if rules.policies.is_empty() { default } else { &rules.policies }
}

/// How many there were when the period of a policy began, as far as that was seen.
fn start(facts: &AutoscalerFacts, samples: &[Sample], period: u32, now: i64) -> u32 {
    let begin = now.saturating_sub(i64::from(period));
    let after = samples.partition_point(|sample| sample.at <= begin);
    let known = after.checked_sub(1).and_then(|place| samples.get(place)).or_else(|| samples.first());
    known.map_or(facts.current, |sample| sample.replicas)
}
