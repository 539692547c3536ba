//! How many run, and who decides that.

use std::sync::Arc;

use super::{Actual, Difference, Expectation, Expected, Item, NONE, Place, Value};
use crate::component::ComponentFacts;
use crate::facts::AutoscalerFacts;
use crate::registry::{AutoscaledReplicas, Replicas};
use crate::view::State;

pub(super) fn differences(facts: &ComponentFacts<'_>) -> Vec<Difference> {
    let name = &facts.id.name;
    let mut found = Vec::new();
    let Some(declared) = facts.declared.replicas else { return found };
    let range = facts.autoscaler.map(|autoscaler| (autoscaler.min, autoscaler.max));
    let wanted = facts.workload.map(|workload| workload.wanted);
    match declared {
        Replicas::Exactly(expected) => {
            if let Some((min, max)) = range {
                found.push(Difference::new(
                    State::Degraded,
                    format!("HPA {min}–{max}, expected none"),
                    format!("{name} has an HPA that was not declared"),
                    format!("An HPA of {min}–{max} decides how many replicas run; {expected} were declared."),
                    "Delete the HPA, or declare its bounds in the registry.",
                ));
            }
            if let Some(wanted) = wanted.filter(|wanted| *wanted != expected && (range.is_none() || *wanted == 0)) {
                found.push(other_count(facts, wanted, &expected.to_string()));
            }
        }
        Replicas::Autoscaled(bounds) => {
            let expected = format!("{}–{}", bounds.min, bounds.max);
            match (range, facts.unreadable.autoscalers) {
                (None, Some(unread)) => found.push(Difference::new(
                    State::Unknown,
                    "HPA unknown".to_owned(),
                    format!("It is not known whether {name} has its HPA"),
                    unread.sentence().to_owned(),
                    unread.advice("Grant it list and watch on horizontalpodautoscalers."),
                )),
                // The count alone tells nothing then: nobody changes it.
                (None, None) => found.push(Difference::new(
                    State::Degraded,
                    format!("no HPA, expected {expected}"),
                    format!("{name} has no HPA; {expected} was declared"),
                    format!("No HPA targets {name}: its replicas do not follow the load."),
                    "Apply the HPA again; until then scale by hand.",
                )),
                (Some((min, max)), _) if (min, max) != (bounds.min, bounds.max) => found.push(Difference::new(
                    State::Degraded,
                    format!("HPA {min}–{max}, expected {expected}"),
                    format!("The HPA of {name} is {min}–{max}, expected {expected}"),
                    format!("The HPA keeps {name} between {min} and {max} replicas; {expected} was declared."),
                    "Set the bounds of the HPA, or change the registry.",
                )),
                (Some(_), _) => {}
            }
            found.extend(other_targets(facts, bounds));
            match (wanted, range) {
                (Some(0), _) => found.push(other_count(facts, 0, &expected)),
                // A count set by hand under an HPA: the HPA sets it back, so it is news for seconds only.
                (Some(wanted), Some((min, max))) if !(min..=max).contains(&wanted) => found.push(Difference::new(
                    State::Degraded,
                    format!("replicas {wanted}, HPA {min}–{max}"),
                    format!("{name} was scaled to {wanted}, outside its HPA of {min}–{max}"),
                    format!("{wanted} replicas are wanted, and the HPA allows {min} to {max}."),
                    "Nothing to do: the HPA sets it back within about 15 seconds. To keep a number, change the HPA's bounds.",
                )),
                (Some(wanted), None) if !(bounds.min..=bounds.max).contains(&wanted) => {
                    found.push(other_count(facts, wanted, &expected));
                }
                (Some(_) | None, _) => {}
            }
        }
    }
    found
}

fn other_count(facts: &ComponentFacts<'_>, wanted: u32, expected: &str) -> Difference {
    let name = &facts.id.name;
    let chip = format!("replicas {wanted}, expected {expected}");
    let title = format!("{name} has {wanted} replicas, expected {expected}");
    let with_autoscaler = facts.autoscaler.is_some();
    match (wanted, with_autoscaler) {
        // https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation
        (0, true) => Difference::new(
            State::Failed,
            chip,
            title,
            "It was scaled to 0. That switches its HPA off, and the HPA does not come back by itself.".to_owned(),
            "Scale it to 1 or more; then the HPA takes over again.",
        ),
        (0, false) => Difference::new(
            State::Failed,
            chip,
            title,
            "It was scaled to 0: nothing of it runs.".to_owned(),
            format!("Scale it to {}.", expected.split('–').next().unwrap_or(expected)),
        ),
        (_, _) => Difference::new(
            State::Degraded,
            chip,
            title,
            format!("Its {} wants {wanted} replicas; {expected} was declared.", facts.id.kind.title()),
            format!("Scale it to {expected}, or change the registry when {wanted} is meant."),
        ),
    }
}

pub(super) fn expectations(facts: &ComponentFacts<'_>) -> Vec<Expectation> {
    let Some(declared) = facts.declared.replicas else { return Vec::new() };
    let wanted = facts.workload.map(|workload| workload.wanted);
    let actual = wanted.map_or_else(|| NONE.to_owned(), |wanted| wanted.to_string());
    let range = facts.autoscaler.map(|autoscaler| (autoscaler.min, autoscaler.max));
    let absent = if facts.unreadable.autoscalers.is_some() { "unknown" } else { NONE };
    let range_text = range.map_or_else(|| absent.to_owned(), |(min, max)| format!("{min}–{max}"));
    match declared {
        Replicas::Exactly(expected) => {
            let mut lines: Vec<Expectation> =
                vec![("replicas".into(), actual.into(), expected.to_string().into(), wanted == Some(expected))];
            if range.is_some() {
                lines.push(("HPA".into(), range_text.into(), NONE.into(), false));
            }
            lines
        }
        Replicas::Autoscaled(bounds) => {
            let expected = format!("{}–{}", bounds.min, bounds.max);
            let inside = wanted.is_some_and(|wanted| (bounds.min..=bounds.max).contains(&wanted));
            let mut lines: Vec<Expectation> = vec![
                ("replicas".into(), actual.into(), expected.as_str().into(), inside),
                ("HPA".into(), range_text.into(), expected.as_str().into(), range == Some((bounds.min, bounds.max))),
            ];
            for target in targets(facts, bounds).into_iter() {
                let Some(expected) = target.expected else { continue };
                let actual = if facts.autoscaler.is_some() { target.words(target.actual) } else { absent.to_owned() };
                let agrees = target.actual == Some(expected);
                lines.push((target.name.into(), actual.into(), target.words(Some(expected)).into(), agrees));
            }
            lines
        }
    }
}

/// Something that an autoscaler is told.
struct Target {
    name: &'static str,
    unit: &'static str,
    actual: Option<u32>,
    expected: Option<u32>,
}

impl Target {
    fn words(&self, value: Option<u32>) -> String {
        value.map_or_else(|| NONE.to_owned(), |value| format!("{value} {}", self.unit))
    }
}

/// Seconds that an autoscaler looks back before it scales down, where nothing is said.
/// <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#default-behavior>
const SCALE_DOWN_SECONDS: u32 = 300;

fn targets(facts: &ComponentFacts<'_>, declared: AutoscaledReplicas) -> [Target; 3] {
    let AutoscaledReplicas { min: _, max: _, cpu, memory, scale_down_seconds } = declared;
    let wanted = |metric| facts.autoscaler.and_then(|held| held.wanted_utilization(metric));
    let window = |held: &AutoscalerFacts| held.behavior.as_ref().and_then(|behavior| behavior.down.window);
    let scale_down = facts.autoscaler.map(|held| window(held).unwrap_or(SCALE_DOWN_SECONDS));
    [
        Target { name: "HPA CPU target", unit: "%", actual: wanted("CPU"), expected: cpu },
        Target { name: "HPA memory target", unit: "%", actual: wanted("Memory"), expected: memory },
        Target { name: "HPA scale-down window", unit: "s", actual: scale_down, expected: scale_down_seconds },
    ]
}

/// What the autoscaler is told and was not declared so. One that is missing is missing as a whole.
fn other_targets(facts: &ComponentFacts<'_>, declared: AutoscaledReplicas) -> Vec<Difference> {
    if facts.autoscaler.is_none() {
        return Vec::new();
    }
    let name = &facts.id.name;
    let differing = targets(facts, declared)
        .into_iter()
        .filter(|target| target.expected.is_some() && target.actual != target.expected);
    differing
        .map(|target| {
            let (what, actual, expected) = (target.name, target.words(target.actual), target.words(target.expected));
            Difference::new(
                State::Degraded,
                format!("{what} {actual}, expected {expected}"),
                format!("{name} has {what} {actual}, expected {expected}"),
                format!("The HPA of {name} says {actual}; {expected} was declared."),
                "Set it in the HPA, or change the registry when this is meant.",
            )
        })
        .collect()
}

pub(super) fn items(facts: &ComponentFacts<'_>, place: &Place) -> Vec<Item> {
    let wanted = facts.workload.map(|workload| workload.wanted);
    let actual = match (wanted, facts.unreadable.workload) {
        (None, Some(unread)) => Actual::Unknown(unread.sentence().into()),
        (wanted, _) => Actual::Is(Value::text(wanted.map(|wanted| wanted.to_string()))),
    };
    let of_autoscaler = |value: Option<String>| match (facts.autoscaler, facts.unreadable.autoscalers) {
        (None, Some(unread)) => Actual::Unknown(unread.sentence().into()),
        (None | Some(_), _) => Actual::Is(Value::text(value)),
    };
    let range = of_autoscaler(facts.autoscaler.map(|autoscaler| format!("{}–{}", autoscaler.min, autoscaler.max)));
    let item = |name: &str, actual: Actual, expected: Expected| Item {
        place: place.clone(),
        name: name.into(),
        actual,
        expected,
    };
    let (replicas, hpa, bounds) = match facts.declared.replicas {
        None => (Expected::Undeclared, Expected::Undeclared, None),
        Some(Replicas::Exactly(count)) => {
            let text: Arc<str> = count.to_string().into();
            let none = Expected::Declared { text: NONE.into(), agrees: range == Actual::Is(Value::Nothing) };
            (Expected::Declared { text, agrees: wanted == Some(count) }, none, None)
        }
        Some(Replicas::Autoscaled(bounds)) => {
            let text: Arc<str> = format!("{}–{}", bounds.min, bounds.max).into();
            let inside = wanted.is_some_and(|wanted| (bounds.min..=bounds.max).contains(&wanted));
            let agrees = range == Actual::Is(Value::Text(text.clone()));
            let hpa = Expected::Declared { text: text.clone(), agrees };
            (Expected::Declared { text, agrees: inside }, hpa, Some(bounds))
        }
    };
    let mut items = vec![item("replicas", actual, replicas), item("HPA", range, hpa)];
    let undeclared = AutoscaledReplicas { min: 0, max: 0, cpu: None, memory: None, scale_down_seconds: None };
    for target in targets(facts, bounds.unwrap_or(undeclared)) {
        let actual = of_autoscaler(target.actual.map(|actual| target.words(Some(actual))));
        let expected = target.expected.map(|expected| Value::text(Some(target.words(Some(expected)))));
        items.push(Item::new(place, target.name, actual, expected.as_ref()));
    }
    items
}
