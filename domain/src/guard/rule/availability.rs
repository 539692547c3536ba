//! How many pods are left while it runs.

use super::super::facts::{Facts, Strategy, Workload};
use super::super::{Case, Level, Line};
use super::{Rule, count, span};
use crate::name::WorkloadKind;
use crate::operation::{Operation, Target};

/// How many pods more than wanted there may be while they are replaced.
pub(super) fn surge(workload: &Workload) -> u32 {
    match workload.strategy {
        Strategy::Rolling { surge, .. } if workload.wanted > 0 => surge,
        Strategy::Rolling { .. } | Strategy::Partitioned(_) | Strategy::Recreate | Strategy::OnDelete => 0,
    }
}

/// The fewest pods that are available while it runs.
pub(super) fn left(operation: &Operation, target: &Target, workload: &Workload, facts: &Facts) -> u32 {
    let available = workload.available.min(workload.wanted);
    match operation {
        Operation::RestartPod { pod } => {
            let pods = facts.pods.value().map(Vec::as_slice).unwrap_or_default();
            // One that is not known is taken for one that serves.
            let serves = pods.iter().find(|known| known.name == *pod).is_none_or(|known| known.facts.ready);
            available.saturating_sub(u32::from(serves))
        }
        Operation::Scale { replicas } => available.min(*replicas),
        Operation::ScaleRange { max, .. } => available.min(*max),
        Operation::Restart | Operation::RollBack { .. } => match workload.strategy {
            Strategy::Recreate | Strategy::OnDelete => 0,
            Strategy::Partitioned(partition) if partition >= workload.wanted => available,
            Strategy::Partitioned(_) => available.saturating_sub(1),
            // A StatefulSet replaces from the highest ordinal, also while another pod is not ready.
            Strategy::Rolling { unavailable, .. } if target.kind() == WorkloadKind::StatefulSet => {
                available.saturating_sub(unavailable)
            }
            Strategy::Rolling { unavailable, .. } => available.min(workload.wanted.saturating_sub(unavailable)),
        },
    }
}

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let Some((workload, at)) = case.workload() else { return Vec::new() };
    if !case.operation.replaces_pods() {
        return Vec::new();
    }
    let line = |level, text: String| vec![case.line(Rule::Availability, level, text, case.kind(), Some(at))];
    let (wanted, is_pod) = (workload.wanted, matches!(case.operation, Operation::RestartPod { .. }));
    match workload.strategy {
        _ if wanted == 0 => return line(Level::Green, "it is scaled to 0: no pod is replaced".to_owned()),
        Strategy::OnDelete if !is_pod => {
            let text = "its strategy is OnDelete: no pod is replaced until somebody deletes it".to_owned();
            return line(Level::Amber, text);
        }
        Strategy::Partitioned(partition) if !is_pod && partition >= wanted => {
            return line(Level::Amber, format!("its partition of {partition} holds all pods back: none is replaced"));
        }
        Strategy::Rolling { .. } | Strategy::Recreate | Strategy::OnDelete | Strategy::Partitioned(_) => {}
    }
    let left = left(case.operation, case.target, workload, case.facts);
    let promise = if case.facts.place.zero_downtime { ", and zero downtime is promised here" } else { "" };
    if workload.available == 0 {
        return line(
            Level::Amber,
            format!("none of {wanted} is available now: nothing serves that could be interrupted"),
        );
    }
    if left == 0 {
        let how = match workload.strategy {
            Strategy::Recreate if !is_pod => "all pods end before the first new one begins".to_owned(),
            Strategy::Rolling { unavailable, .. } if wanted > 1 && unavailable >= wanted && !is_pod => {
                format!("all {wanted} pods may end at once")
            }
            Strategy::Rolling { surge: 0, .. } if wanted == 1 && !is_pod => "one replica and no surge".to_owned(),
            Strategy::Rolling { .. } | Strategy::Recreate | Strategy::OnDelete | Strategy::Partitioned(_) => {
                match wanted {
                    1 => "one replica".to_owned(),
                    _ => format!("{} of {wanted} available now, and it may end first", workload.available),
                }
            }
        };
        return line(Level::Amber, format!("{how}: {}{promise}", outage(workload)));
    }
    let stay = format!("at least {left} of {wanted} {} available", if left == 1 { "stays" } else { "stay" });
    if workload.containers.iter().all(|container| container.ready_after_s.is_none()) {
        let text = format!("{stay} by count, but no container has a readiness probe: a pod counts before it answers");
        return line(Level::Amber, text);
    }
    let held = match workload.strategy {
        Strategy::Partitioned(partition) if !is_pod => {
            format!("; its partition holds {} back", count(partition, "pod"))
        }
        Strategy::Rolling { .. } | Strategy::Recreate | Strategy::OnDelete | Strategy::Partitioned(_) => String::new(),
    };
    line(Level::Green, format!("{stay}{held}"))
}

/// How long nothing serves.
fn outage(workload: &Workload) -> String {
    let probe = workload.containers.iter().filter_map(|container| container.ready_after_s).max();
    match probe.unwrap_or(0).saturating_add(workload.min_ready_s) {
        0 => "without service until the new pod is ready".to_owned(),
        seconds => format!("about {} without service", span(i64::from(seconds))),
    }
}
