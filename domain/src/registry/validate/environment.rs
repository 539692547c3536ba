//! What one environment must fulfil.

use super::text::{host_trouble, is_secret_like, link_trouble, zone_trouble};
use super::{Problems, Seen, checks, component};
use crate::registry::{Amounts, ConfigExpectation, Environment, Maintenance, MaintenanceWindow};

pub(super) fn check(environment: &Environment, path: &str, problems: &mut Problems) {
    if let Some(name) = &environment.name {
        problems.unless_blank(&format!("{path}.name"), name, "the name on screen, or leave it out");
    }
    if let Some(trouble) = environment.host.as_deref().and_then(host_trouble) {
        problems.add(&format!("{path}.host"), trouble);
    }
    if let Some(trouble) = zone_trouble(&environment.time_zone) {
        problems.add(&format!("{path}.timeZone"), trouble);
    }
    maintenance(&environment.maintenance, &format!("{path}.maintenance"), problems);
    for (index, freeze) in environment.freezes.iter().enumerate() {
        let path = format!("{path}.freezes[{index}]");
        if freeze.from >= freeze.to {
            problems.add(&format!("{path}.to"), "it ends before it begins: write a later date and time");
        }
        problems.unless_blank(&format!("{path}.why"), &freeze.why, "why, like year-end closing");
    }
    for (index, contact) in environment.contacts.iter().enumerate() {
        let path = format!("{path}.contacts[{index}]");
        problems.unless_blank(&format!("{path}.role"), &contact.role, "who it is, like On-call");
        problems.unless_blank(&format!("{path}.reach"), &contact.reach, "how and how fast, like pager, immediate");
    }
    for (index, link) in environment.links.iter().enumerate() {
        let path = format!("{path}.links[{index}]");
        problems.unless_blank(&format!("{path}.name"), &link.name, "what it is called, like Grafana");
        if let Some(trouble) = link_trouble(&link.url) {
            problems.add(&format!("{path}.url"), trouble);
        }
    }
    let mut config_maps = Seen::default();
    for (index, expectation) in environment.config.iter().enumerate() {
        let path = format!("{path}.config[{index}]");
        let name = &expectation.config_map;
        if let Some(first) = config_maps.again(name, &path) {
            let message = format!("the ConfigMap '{name}' is declared at {first} already: write its keys there");
            problems.add(&format!("{path}.configMap"), message);
        }
        if !environment.components.iter().any(|component| component.reads.contains(name)) {
            // Its values would be shown nowhere, and look as if they agreed.
            let message = format!("no component reads '{name}': add it to the reads of those that do");
            problems.add(&format!("{path}.configMap"), message);
        }
        config(expectation, &path, problems);
    }
    checks::check(environment, path, problems);
    if let Some(quota) = &environment.quota {
        let path = format!("{path}.quota");
        amounts(&path, [("requests", &quota.requests), ("limits", &quota.limits)], problems);
    }
    if let Some(range) = &environment.limit_range {
        let path = format!("{path}.limitRange");
        amounts(&path, [("default", &range.default), ("defaultRequest", &range.default_request)], problems);
    }
    if environment.components.is_empty() {
        problems.add(&format!("{path}.components"), "nothing is declared to run here: write at least one component");
    }
    let mut components = Seen::default();
    for (index, declared) in environment.components.iter().enumerate() {
        let path = format!("{path}.components[{index}]");
        if let Some(first) = components.again(&(declared.kind, declared.name.clone()), &path) {
            let kind = declared.kind.title();
            let message = format!("the {kind} '{}' is declared at {first} already: declare it once", declared.name);
            problems.add(&format!("{path}.name"), message);
        }
        component::check(declared, environment, &path, problems);
    }
}

fn amounts(path: &str, sides: [(&str, &Amounts); 2], problems: &mut Problems) {
    if sides.iter().all(|(_, amounts)| amounts.is_empty()) {
        problems.add(path, "it says nothing: write an amount of cpu or memory, or leave it out");
    }
    for (side, amounts) in sides {
        for (name, amount) in [("cpu", &amounts.cpu), ("memory", &amounts.memory)] {
            if let Some(amount) = amount.as_ref().filter(|amount| amount.milli() <= 0) {
                let message = format!("{amount} lets nothing in: write an amount above 0, or leave it out");
                problems.add(&format!("{path}.{side}.{name}"), message);
            }
        }
    }
}

fn maintenance(maintenance: &Maintenance, path: &str, problems: &mut Problems) {
    match maintenance {
        Maintenance::Undeclared | Maintenance::AnyTime => {}
        Maintenance::Windows(windows) => {
            let path = format!("{path}.windows");
            if windows.is_empty() {
                problems.add(&path, "it would never open: write a window, or anyTime");
            }
            for (index, declared) in windows.iter().enumerate() {
                window(declared, &format!("{path}[{index}]"), problems);
            }
        }
    }
}

fn window(window: &MaintenanceWindow, path: &str, problems: &mut Problems) {
    if window.days.is_empty() {
        problems.add(&format!("{path}.days"), "it would never open: write the days, like [saturday, sunday]");
    }
    let mut days = Seen::default();
    for (index, day) in window.days.iter().enumerate() {
        let path = format!("{path}.days[{index}]");
        if days.again(day, &path).is_some() {
            problems.add(&path, "the day is in the list already: write it once");
        }
    }
    if let Some(nth) = window.nth.filter(|nth| !(1..=5).contains(nth)) {
        let message = format!("a month has no such day number {nth}: write 1 to 5, or leave it out for every week");
        problems.add(&format!("{path}.nth"), message);
    }
    if window.from.minutes >= 24 * 60 {
        problems.add(&format!("{path}.from"), "a window cannot open at 24:00: write 00:00 and the next day");
    }
    if window.from == window.to {
        let message = "it would be open for no time: for a whole day write from \"00:00\" to \"24:00\"";
        problems.add(&format!("{path}.to"), message);
    }
    if let Some(note) = &window.note {
        problems.unless_blank(&format!("{path}.note"), note, "what to keep in mind, or leave it out");
    }
}

fn config(expectation: &ConfigExpectation, path: &str, problems: &mut Problems) {
    for (key, value) in &expectation.expect {
        let path = format!("{path}.expect.{}", crate::text::plain(key, 100));
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if key.is_empty() || key.len() > 253 || !key.chars().all(allowed) {
            problems.add(&path, "a ConfigMap has no such key: write letters, digits, '-', '_' and '.'");
        } else if is_secret_like(key) {
            problems.add(
                &path,
                "the key reads like a secret, and values are shown on screen: take it out, and keep it in a Secret",
            );
        } else if has_credentials(value) {
            problems.add(&path, "the value holds a user and password, and values are shown on screen: take it out");
        }
    }
}

/// Whether there is a `scheme://user:password@` in a text.
fn has_credentials(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}
