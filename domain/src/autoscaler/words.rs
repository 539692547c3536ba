//! An autoscaler in words.

use super::{Next, STEP, load};
use crate::age::Age;
use crate::facts::{AutoscalerFacts, Condition, Measure};
use crate::health::{Trouble, with_message};
use crate::view::State;

impl Next {
    /// What it will do, in a sentence. `at` writes a time, given in seconds since 1970; `now` is one.
    pub fn sentence(&self, facts: &AutoscalerFacts, at: impl Fn(i64) -> String, now: i64) -> String {
        let AutoscalerFacts { min, max, current, .. } = facts;
        match self {
            Self::Nothing(_, sentence) => sentence.clone(),
            Self::Scaling { to } => format!("Scaling from {current} to {to} now."),
            Self::Scales { to } => format!("Scales to {to} within {STEP} s{}.", of_load(facts)),
            Self::Waits { to, until, .. } if to > current => {
                format!("Will not scale up before {}: if the load stays as it is, it then scales to {to}.", at(*until))
            }
            Self::Waits { to, until, assumed } => {
                let default = if *assumed { ", with the window of 5 min that clusters have by default" } else { "" };
                format!(
                    "Will not scale down before {}{default}: if the load stays as it is, it then scales to {to}.",
                    at(*until)
                )
            }
            Self::Perhaps { to, by } => format!(
                "Scales to {to} by {} at the latest, if the load stays as it is. It may be sooner: what was asked for before \
                 Quarterdeck looked is not known.",
                at(*by)
            ),
            Self::Paced { to, within } => {
                let within = if *within < 120 { format!("{within} s") } else { format!("{} min", (within + 59) / 60) };
                let bound = if to > current { "more" } else { "fewer" };
                format!("Scales to {to} within {within}: its policies allow no {bound} than {current} before.")
            }
            Self::Barred { to } if to == current => {
                format!("Stays at {current}: its policies allow no other number{}.", of_load(facts))
            }
            Self::Barred { to } => {
                let way = if to > current { "up" } else { "down" };
                format!("Stays at {current}: its behavior does not let it scale {way} to {to}.")
            }
            Self::Blinkered { missing } => format!(
                "Will not scale down while {missing} is not known: it might ask for more than the other metrics do."
            ),
            Self::AtMaximum { asked, since } => {
                let since =
                    if *since > 0 { format!(" for {}", Age::between(*since, now).words()) } else { String::new() };
                let asks = match asked {
                    Some(asked) => format!("the load asks for {asked}"),
                    None => "the load asks for more".to_owned(),
                };
                format!("At its maximum of {max}{since}, and {asks}.")
            }
            Self::Steady => {
                let of_range = match (current == min, current == max) {
                    (true, true) => ", the only number it may choose",
                    (true, false) => ", its minimum",
                    (false, true) => ", its maximum",
                    (false, false) => "",
                };
                format!("Steady at {current}{of_range}{}.", of_load(facts))
            }
        }
    }

    /// How good that is.
    pub fn state(&self) -> State {
        match self {
            Self::Nothing(Trouble::Silent, _) => State::Unknown,
            Self::Nothing(Trouble::Off | Trouble::Blind | Trouble::Unable | Trouble::AtMaximum, _)
            | Self::Blinkered { .. }
            | Self::AtMaximum { .. } => State::Degraded,
            Self::Scaling { .. } | Self::Scales { .. } | Self::Paced { .. } => State::Progressing,
            Self::Waits { .. } | Self::Perhaps { .. } | Self::Barred { .. } | Self::Steady => State::Ready,
        }
    }
}

/// `: CPU 84 % of 70 %`, of the busiest metric.
fn of_load(facts: &AutoscalerFacts) -> String {
    let known = load(facts).and_then(|load| Some((load.metric, load.metric.current.as_ref()?)));
    known.map_or_else(String::new, |(metric, current)| {
        format!(": {} {} of {}", metric.name, figure(current), target(&metric.target))
    })
}

/// A figure: `84 %`, `715m`.
pub fn figure(measure: &Measure) -> String {
    match measure {
        Measure::Utilization(percent) => format!("{percent} %"),
        Measure::Average(amount) | Measure::Value(amount) => amount.to_string(),
    }
}

/// What is wanted: `70 %`, `100 a pod`, `2k`.
pub fn target(measure: &Measure) -> String {
    match measure {
        Measure::Utilization(percent) => format!("{percent} %"),
        Measure::Average(amount) => format!("{amount} a pod"),
        Measure::Value(amount) => amount.to_string(),
    }
}

/// What its controller says of it, one sentence for each condition; `at` writes the time since when.
pub fn conditions(conditions: &[Condition], at: impl Fn(i64) -> String) -> Vec<String> {
    let words = |condition: &Condition| {
        let since = if condition.since > 0 { format!(" since {}", at(condition.since)) } else { String::new() };
        let said = |claim: &str, message: &str| with_message(&format!("{claim}{since}"), message);
        let message = if condition.message.is_empty() { &condition.reason } else { &condition.message };
        match (&*condition.kind, condition.status) {
            ("AbleToScale", Some(true)) => said("It can scale", ""),
            ("AbleToScale", Some(false)) => said("It cannot scale", message),
            ("ScalingActive", Some(true)) => said("It reads its metrics", ""),
            ("ScalingActive", Some(false)) if &*condition.reason == "ScalingDisabled" => said("It is switched off", ""),
            ("ScalingActive", Some(false)) => said("It does not get its metrics", message),
            ("ScalingLimited", Some(true)) => said("It is held by its bounds", message),
            ("ScalingLimited", Some(false)) => said("Its bounds do not hold it", ""),
            (kind, Some(true)) => said(&format!("{kind} is true"), message),
            (kind, Some(false)) => said(&format!("{kind} is false"), message),
            (kind, None) => said(&format!("{kind} is not known"), message),
        }
    };
    conditions.iter().map(words).collect()
}
