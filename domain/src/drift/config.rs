//! What stands in the ConfigMaps that a component reads, and whether its pods have read it.

use std::sync::Arc;

use super::{Actual, Difference, Expectation, Expected, Item, NONE, Place, Remark, Value};
use crate::age::Age;
use crate::component::ComponentFacts;
use crate::facts::ConfigMapFacts;
use crate::finding::danger;
use crate::health::Word;
use crate::registry::ConfigExpectation;
use crate::text::plain;
use crate::view::{FindingKind, PodRow, State};

/// Seconds by which clocks of what writes a ConfigMap and what makes a pod may differ; both are stored in whole seconds.
const TOLERANCE: i64 = 1;

/// The longest value that is shown.
const VALUE_LIMIT: usize = 60;

/// What was declared of the ConfigMaps that this component reads: by the registry, or by its template.
fn read_by<'a>(facts: &ComponentFacts<'a>) -> impl Iterator<Item = &'a ConfigExpectation> {
    let (declared, workload) = (facts.declared, facts.workload);
    facts.environment.config.iter().filter(move |config| {
        declared.reads.contains(&config.config_map)
            || workload
                .is_some_and(|workload| workload.config_maps.iter().any(|name| **name == *config.config_map.as_str()))
    })
}

pub(super) fn differences(facts: &ComponentFacts<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    for config in read_by(facts) {
        let name = config.config_map.as_str();
        match (facts.config_maps.get(name), facts.unreadable.config_maps) {
            (None, Some(unread)) => found.push(Difference::new(
                State::Unknown,
                format!("ConfigMap {name} unknown"),
                format!("It is not known what stands in the ConfigMap {name}"),
                unread.sentence().to_owned(),
                unread.advice("Grant it list and watch on that ConfigMap."),
            )),
            (None, None) => found.push(Difference::new(
                State::Degraded,
                format!("no ConfigMap {name}"),
                format!("The ConfigMap {name} does not exist"),
                format!("It is declared for this environment, and {} reads it.", facts.id.name),
                "Apply it: pods that need it do not start without it.",
            )),
            (Some(held), _) => {
                found.extend(values(config, held, facts));
                found.extend(dangers(config, held, facts));
                found.extend(old_config(facts, name, held));
            }
        }
    }
    found
}

/// Values that are not the declared ones.
fn values(config: &ConfigExpectation, held: &ConfigMapFacts, facts: &ComponentFacts<'_>) -> Vec<Difference> {
    let differing = config.expect.iter().filter(|(key, expected)| held_value(held, key) != Some(expected.as_str()));
    differing
        .map(|(key, expected)| {
            let actual = held_value(held, key);
            let danger = actual.and_then(|actual| danger(facts.environment.tier, key, actual));
            let (key, expected) = (plain(key, VALUE_LIMIT), plain(expected, VALUE_LIMIT));
            let (chip, title) = match actual {
                None => {
                    (format!("{key} missing, expected {expected}"), format!("{key} is missing, expected {expected}"))
                }
                Some(actual) => {
                    let actual = plain(actual, VALUE_LIMIT);
                    let shown = if actual.is_empty() { "empty" } else { &actual };
                    (format!("{key} {shown}, expected {expected}"), format!("{key} is {shown}, expected {expected}"))
                }
            };
            let title = danger.map_or_else(|| title.clone(), |danger| format!("{danger}: {title}"));
            let advice = "Set it back and restart what reads it, or change the registry when this is meant.";
            let evidence = last_change(config.config_map.as_str(), held, facts.now);
            Difference::new(State::Degraded, chip, title, evidence, advice).since(held.changed)
        })
        .collect()
}

/// Values that are as they were declared, and dangerous in an environment of this tier. Remarks without a chip.
fn dangers(config: &ConfigExpectation, held: &ConfigMapFacts, facts: &ComponentFacts<'_>) -> Vec<Difference> {
    let name = config.config_map.as_str();
    let as_declared = config.expect.iter().filter(|(key, expected)| held_value(held, key) == Some(expected.as_str()));
    let found = as_declared.filter_map(|(key, value)| Some((danger(facts.environment.tier, key, value)?, key, value)));
    let remark = |(danger, key, value): (&str, &String, &String)| Remark {
        state: State::Degraded,
        kind: FindingKind::Promise,
        title: format!("{danger}: {} is {}", plain(key, VALUE_LIMIT), plain(value, VALUE_LIMIT)),
        evidence: format!("It was declared so. {}", last_change(name, held, facts.now)),
        advice: "Declare another value and apply it; then restart what reads it.".to_owned(),
        since: held.changed,
    };
    found.map(remark).map(|remark| Difference { chip: None, remark: Some(remark) }).collect()
}

fn held_value<'a>(held: &'a ConfigMapFacts, key: &str) -> Option<&'a str> {
    held.values.get(key).map(|value| &**value)
}

/// `fleet-config was last changed 12 minutes ago by kubectl-edit.`
pub(crate) fn last_change(name: &str, held: &ConfigMapFacts, now: i64) -> String {
    let by = held.changed_by.as_deref().map(|manager| format!(" by {}", plain(manager, 60))).unwrap_or_default();
    if held.changed == 0 {
        return format!("When {name} was last changed is not known.");
    }
    format!("{name} was last changed {}{by}.", ago(held.changed, now))
}

/// `12 minutes ago`: no finer than minutes, so that it changes once a minute at most.
pub(crate) fn ago(then: i64, now: i64) -> String {
    let age = Age::between(then, now);
    if age.is_ahead() {
        return format!("at a time that lies {} ahead", age.words());
    }
    if age.seconds() < 60 { "less than a minute ago".to_owned() } else { format!("{} ago", age.words()) }
}

/// Pods that started before the ConfigMap changed: what a container takes into its environment it keeps until it ends.
fn old_config(facts: &ComponentFacts<'_>, name: &str, held: &ConfigMapFacts) -> Option<Difference> {
    let declared = facts.declared.reads.iter().any(|read| read.as_str() == name);
    if !declared || held.changed == 0 {
        return None;
    }
    let (mut all, mut old) = (0u32, 0u32);
    for pod in facts.pods.iter().filter(|pod| is_running(pod)) {
        all += 1;
        old += u32::from(started(pod).saturating_add(TOLERANCE) < held.changed);
    }
    if old == 0 {
        return None;
    }
    let component = &facts.id.name;
    let (verb, rest) = (if old == 1 { "runs" } else { "run" }, if all - old == 1 { "does" } else { "do" });
    let others = if all == old { String::new() } else { format!("; {} {rest} not", all - old) };
    let noun = if old == 1 { "pod" } else { "pods" };
    let found = Difference::new(
        State::Degraded,
        format!("old config in {old} of {all}"),
        format!("{component} runs with old config"),
        format!("{} {old} {noun} {verb} with what stood there before{others}.", last_change(name, held, facts.now)),
        format!("Restart {component} when the change is meant; a restart applies it."),
    );
    Some(found.of_kind(FindingKind::OldConfig).since(held.changed))
}

/// When a pod read its config last. A container that starts again reads it again; with several of them it is not known
/// which one started.
fn started(pod: &PodRow) -> i64 {
    if pod.containers == 1 { pod.created.max(pod.restarted) } else { pod.created }
}

/// Whether a pod is there to stay: one that ended or goes reads nothing any more.
fn is_running(pod: &PodRow) -> bool {
    let gone = [Word::Terminating, Word::StuckTerminating, Word::Completed, Word::Evicted, Word::Failed];
    Word::of(&pod.status).is_none_or(|word| !gone.contains(&word))
}

pub(super) fn expectations(facts: &ComponentFacts<'_>) -> Vec<Expectation> {
    let mut lines = Vec::new();
    for config in read_by(facts) {
        let held = facts.config_maps.get(config.config_map.as_str());
        for (key, expected) in &config.expect {
            let actual = held.and_then(|held| held_value(held, key));
            let shown = actual.map_or(NONE.into(), |actual| plain(actual, VALUE_LIMIT));
            let line: Expectation = (
                Arc::from(&*plain(key, VALUE_LIMIT)),
                Arc::from(&*shown),
                Arc::from(&*plain(expected, VALUE_LIMIT)),
                actual == Some(expected.as_str()),
            );
            lines.push(line);
        }
    }
    lines
}

pub(super) fn items(facts: &ComponentFacts<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for config in read_by(facts) {
        let place = Place::ConfigMap(config.config_map.shared());
        let held = facts.config_maps.get(config.config_map.as_str());
        for (key, expected) in &config.expect {
            let value = held.and_then(|held| held_value(held, key));
            let shown = |text: &str| Value::text(Some(&*plain(text, VALUE_LIMIT)));
            let actual = match (held, facts.unreadable.config_maps) {
                (None, Some(unread)) => Actual::Unknown(unread.sentence().into()),
                (_, _) => Actual::Is(value.map_or(Value::Nothing, shown)),
            };
            // Of long values only the beginning is shown, and all of it is compared.
            let expected = Expected::Declared {
                text: shown(expected).to_string().into(),
                agrees: value == Some(expected.as_str()),
            };
            items.push(Item { place: place.clone(), name: plain(key, VALUE_LIMIT).as_ref().into(), actual, expected });
        }
    }
    items
}
