//! What the autoscaler will do.

use super::super::facts::{Autoscaler, Known};
use super::super::{Case, Level, Line};
use super::{Rule, span};
use crate::operation::Operation;

/// How often the controller looks: `--horizontal-pod-autoscaler-sync-period`.
const SYNC_S: i64 = 15;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let (autoscaler, at) = match &case.facts.autoscaler {
        Known::Unread(why) => return case.unknown(Rule::Autoscaler, "whether an HPA scales it is", why, "HPA"),
        Known::Read { value: Some(autoscaler), at } => (autoscaler, *at),
        Known::Read { value: None, at } => {
            return match case.operation {
                Operation::Scale { .. } => {
                    vec![case.line(Rule::Autoscaler, Level::Green, "no HPA sets the number back", "HPA", Some(*at))]
                }
                // That there is none to set stands in the order.
                Operation::ScaleRange { .. }
                | Operation::Restart
                | Operation::RollBack { .. }
                | Operation::RestartPod { .. } => Vec::new(),
            };
        }
    };
    let wanted = case.workload().map_or(autoscaler.current, |(workload, _)| workload.wanted);
    let judged = match case.operation {
        Operation::Scale { replicas } => Some(scale(autoscaler, wanted, *replicas)),
        Operation::ScaleRange { min, max } => Some(range(autoscaler, wanted, *min, *max)),
        Operation::Restart | Operation::RollBack { .. } | Operation::RestartPod { .. } => at_its_most(autoscaler),
    };
    let source = format!("HPA {}", autoscaler.name);
    judged.map(|(level, text)| case.line(Rule::Autoscaler, level, text, &source, Some(at))).into_iter().collect()
}

fn scale(autoscaler: &Autoscaler, wanted: u32, replicas: u32) -> (Level, String) {
    let Autoscaler { name, min, max, .. } = autoscaler;
    if wanted == 0 && replicas > 0 {
        let then = match replicas.clamp(*min, (*max).max(*min)) {
            same if same == replicas => String::new(),
            other => format!(", and goes to {other} within {SYNC_S} s"),
        };
        return (Level::Green, format!("the HPA {name} is off while there are 0: this switches it on again{then}"));
    }
    if replicas == 0 {
        let text = format!("0 switches the HPA {name} off for good, until somebody scales up by hand");
        return (Level::Amber, text);
    }
    // Before the first sync its status says nothing.
    let back = if autoscaler.desired == 0 { wanted } else { autoscaler.desired };
    let back = back.clamp(*min, (*max).max(*min));
    let text = format!("the HPA {name} sets this back to {back} within {SYNC_S} s: change its range instead");
    (Level::Red, text)
}

fn range(autoscaler: &Autoscaler, wanted: u32, min: u32, max: u32) -> (Level, String) {
    let name = &autoscaler.name;
    if min == 0 || max == 0 {
        return (Level::Red, "an HPA keeps at least 1: the API server refuses 0".to_owned());
    }
    if min > max {
        return (Level::Red, format!("the fewest, {min}, are more than the most, {max}"));
    }
    if (min, max) == (autoscaler.min, autoscaler.max) {
        return (Level::Red, format!("the range of the HPA {name} is {min} to {max} already"));
    }
    if wanted == 0 {
        let text = format!("the HPA {name} is off while there are 0: the range counts once somebody scales up by hand");
        return (Level::Amber, text);
    }
    if wanted < min {
        return (Level::Green, format!("the HPA {name} goes from {wanted} up to {min} within {SYNC_S} s"));
    }
    if wanted > max {
        return (Level::Amber, format!("the HPA {name} goes from {wanted} down to {max} within {SYNC_S} s"));
    }
    if wanted >= max {
        return (Level::Amber, format!("the HPA {name} is at its maximum then, {max}: it cannot answer more load"));
    }
    if wanted > min && min < autoscaler.min {
        let wait = span(i64::from(autoscaler.scale_down_s));
        let text = format!(
            "the HPA {name} goes from {wanted} down to {min} if the load allows it, {wait} from now at the earliest"
        );
        return (Level::Green, text);
    }
    (Level::Green, format!("the HPA {name} goes on from {wanted}, between {min} and {max}"))
}

/// Pods that are replaced are missing from those that carry the load.
fn at_its_most(autoscaler: &Autoscaler) -> Option<(Level, String)> {
    let Autoscaler { name, min, max, current, .. } = autoscaler;
    (current >= max && max > min).then(|| {
        (Level::Amber, format!("the HPA {name} is at its maximum, {current} of {max}: the load leaves no pod to spare"))
    })
}
