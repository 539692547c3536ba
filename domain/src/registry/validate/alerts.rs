//! What `alerts` must fulfil: receivers that can be reached, and rules about what there is.

use super::{Problems, Seen, access};
use crate::alert::Threshold;
use crate::registry::{Receiver, Registry, RuleRow, Webhook};

/// The longest time for which what is wrong may have to last, in minutes: a week.
const LONGEST_FOR: u32 = 7 * 24 * 60;
/// The longest name of a receiver, in characters.
const LONGEST_NAME: usize = 60;

pub(super) fn check(registry: &Registry, problems: &mut Problems) {
    let mut names = Seen::default();
    for (index, receiver) in registry.alerts.receivers.iter().enumerate() {
        let path = format!("alerts.receivers[{index}]");
        let place = format!("{path}.name");
        problems.unless_blank(&place, &receiver.name, "what it is called, like on-call");
        if receiver.name.chars().count() > LONGEST_NAME {
            problems.add(&place, format!("it is longer than {LONGEST_NAME} characters: write a shorter name"));
        }
        if let Some(first) = names.again(&receiver.name, &place) {
            problems.add(
                &place,
                format!("a receiver '{}' is declared at {first} already: write another name", receiver.name),
            );
        }
        reach(receiver, &path, problems);
    }
    for (index, row) in registry.alerts.rules.iter().enumerate() {
        rule(registry, row, &format!("alerts.rules[{index}]"), problems);
    }
}

fn reach(receiver: &Receiver, path: &str, problems: &mut Problems) {
    match (&receiver.webhook, &receiver.email) {
        (None, None) => problems.add(path, "it cannot be reached: write a webhook or email"),
        (Some(_), Some(_)) => {
            problems
                .add(path, "it has a webhook and email: write two receivers, so that each succeeds or fails by itself");
        }
        (Some(webhook), None) => self::webhook(webhook, &format!("{path}.webhook"), problems),
        (None, Some(email)) => {
            if email.to.is_empty() {
                problems.add(&format!("{path}.email.to"), "nobody would get it: write at least one address");
            }
            for (index, address) in email.to.iter().enumerate() {
                if !is_address(address) {
                    let message = "it is not an address: write it like team@example.com, without a name";
                    problems.add(&format!("{path}.email.to[{index}]"), message);
                }
            }
        }
    }
}

fn webhook(webhook: &Webhook, path: &str, problems: &mut Problems) {
    match (&webhook.url_env, &webhook.url_file) {
        (None, None) => {
            problems.add(path, "its address is missing: write urlEnv or urlFile, the address itself is a secret");
        }
        (Some(_), Some(_)) => problems.add(path, "its address stands in two places: write urlEnv or urlFile"),
        (Some(variable), None) => {
            let of_variable = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if variable.is_empty() || !variable.chars().all(of_variable) {
                // Whoever writes the address itself here must not read it in the message.
                problems.add(
                    &format!("{path}.urlEnv"),
                    "it is not the name of a variable: write letters, digits and '_', like SLACK_WEBHOOK_URL",
                );
            }
        }
        (None, Some(file)) if file.contains("://") => {
            problems.add(
                &format!("{path}.urlFile"),
                "it reads like an address, which is a secret: write the file that holds it",
            );
        }
        (None, Some(file)) => {
            problems.unless_blank(&format!("{path}.urlFile"), file, "the file that holds the address")
        }
    }
}

fn rule(registry: &Registry, row: &RuleRow, path: &str, problems: &mut Problems) {
    if let Some(scope) = &row.scope {
        access::scope(registry, scope, &format!("{path}.scope"), problems);
    }
    if row.for_minutes.is_some_and(|minutes| minutes > LONGEST_FOR) {
        problems.add(&format!("{path}.forMinutes"), format!("it is more than a week: write at most {LONGEST_FOR}"));
    }
    match (row.threshold, row.rule.rule().threshold) {
        (None, _) => {}
        (Some(_), None) => {
            problems.add(&format!("{path}.threshold"), format!("'{}' compares with nothing: leave it out", row.rule));
        }
        (Some(bound), Some(Threshold { most, unit, .. })) => {
            if bound == 0 || bound > most {
                let message = format!("'{}' compares {unit}: write 1 to {most}", row.rule);
                problems.add(&format!("{path}.threshold"), message);
            }
        }
    }
    for (index, name) in row.receivers.iter().flatten().enumerate() {
        if registry.alerts.receiver(name).is_none() {
            let known: Vec<&str> = registry.alerts.receivers.iter().map(|receiver| &*receiver.name).collect();
            let instead = match &known[..] {
                [] => "declare it under alerts.receivers".to_owned(),
                known => format!("write one of {}", known.join(", ")),
            };
            problems
                .add(&format!("{path}.receivers[{index}]"), format!("no receiver of this name is declared: {instead}"));
        }
    }
}

/// Whether a text can be an address of a mail: something, `@`, a host, and nothing that could end a line or begin another header.
fn is_address(text: &str) -> bool {
    let plain =
        |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | ',' | ';' | ':' | '"' | '(' | ')' | '\\' | '@');
    let Some((name, host)) = text.split_once('@') else { return false };
    let of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    text.len() <= 254 && !name.is_empty() && name.chars().all(plain) && !host.is_empty() && host.chars().all(of_host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::validate::validate;

    /// A registry of one environment with these alerts.
    fn problems(alerts: serde_json::Value) -> Vec<String> {
        let registry = serde_json::json!({
            "clusters": [{ "id": "main", "connect": { "context": "main" } }],
            "systems": [{ "id": "shop", "name": "The Shop", "environments": [{
                "id": "production", "cluster": "main", "namespace": "shop", "tier": "production", "timeZone": "UTC",
                "components": [{ "kind": "Deployment", "name": "web", "role": "app", "replicas": 1 }] }] }],
            "alerts": alerts,
        });
        let registry: Registry = serde_json::from_value(registry).unwrap();
        validate(&registry).into_iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect()
    }

    #[test]
    fn what_can_be_sent_has_no_problem() {
        let fine = serde_json::json!({
            "receivers": [
                { "name": "on-call", "webhook": { "urlEnv": "ON_CALL_URL" } },
                { "name": "chat", "webhook": { "urlFile": "/run/secrets/slack", "shape": "slack" } },
                { "name": "team", "email": { "to": ["team@example.com", "a.b+c@sub.example.com"] } },
            ],
            "rules": [
                { "rule": "environment-down", "scope": "shop/production", "forMinutes": 0, "receivers": ["on-call"] },
                { "rule": "error-rate", "threshold": 100 },
                { "rule": "crash-loop", "off": true, "receivers": [] },
            ],
        });
        assert_eq!(problems(fine), [""; 0]);
    }

    #[test]
    fn what_cannot_be_sent_is_said() {
        let receiver = |receiver: serde_json::Value| serde_json::json!({ "receivers": [receiver] });
        let rule = |rule: serde_json::Value| serde_json::json!({ "rules": [rule] });
        for (alerts, expected) in [
            (receiver(serde_json::json!({ "name": "x" })), "alerts.receivers[0]: it cannot be reached"),
            (
                receiver(serde_json::json!({ "name": " ", "email": { "to": ["a@b"] } })),
                "alerts.receivers[0].name: it is empty",
            ),
            (
                receiver(serde_json::json!({ "name": "x", "webhook": {} })),
                "alerts.receivers[0].webhook: its address is missing",
            ),
            (
                receiver(serde_json::json!({ "name": "x", "webhook": { "urlEnv": "A" }, "email": { "to": ["a@b"] } })),
                "alerts.receivers[0]: it has a webhook and email",
            ),
            (
                receiver(serde_json::json!({ "name": "x", "webhook": { "urlEnv": "A", "urlFile": "b" } })),
                "alerts.receivers[0].webhook: its address stands in two places",
            ),
            (
                receiver(
                    serde_json::json!({ "name": "x", "webhook": { "urlEnv": "https://hooks.example.com/canary" } }),
                ),
                "alerts.receivers[0].webhook.urlEnv: it is not the name of a variable",
            ),
            (
                receiver(
                    serde_json::json!({ "name": "x", "webhook": { "urlFile": "https://hooks.example.com/canary" } }),
                ),
                "alerts.receivers[0].webhook.urlFile: it reads like an address",
            ),
            (
                receiver(serde_json::json!({ "name": "x", "email": { "to": [] } })),
                "alerts.receivers[0].email.to: nobody",
            ),
            (
                rule(serde_json::json!({ "rule": "error-rate", "threshold": 0 })),
                "alerts.rules[0].threshold: 'error-rate' compares percent",
            ),
            (
                rule(serde_json::json!({ "rule": "error-rate", "threshold": 101 })),
                "alerts.rules[0].threshold: 'error-rate' compares percent",
            ),
            (
                rule(serde_json::json!({ "rule": "crash-loop", "threshold": 1 })),
                "alerts.rules[0].threshold: 'crash-loop' compares with nothing",
            ),
            (
                rule(serde_json::json!({ "rule": "crash-loop", "forMinutes": 10_081 })),
                "alerts.rules[0].forMinutes: it is more than a week",
            ),
            (
                rule(serde_json::json!({ "rule": "crash-loop", "scope": "shop/staging" })),
                "alerts.rules[0].scope: no environment 'shop/staging' is declared: write one of shop/production",
            ),
            (
                rule(serde_json::json!({ "rule": "crash-loop", "receivers": ["x"] })),
                "alerts.rules[0].receivers[0]: no receiver of this name is declared: declare it under alerts.receivers",
            ),
        ] {
            let found = problems(alerts);
            assert!(matches!(&found[..], [one] if one.starts_with(expected)), "{found:?} instead of {expected}");
            assert!(!found.concat().contains("canary"), "{found:?}");
        }
        let address = serde_json::json!({ "name": "x", "email": { "to": ["Team <a@b>"] } });
        assert_eq!(problems(serde_json::json!({ "receivers": [address.clone(), address] })).len(), 3);
    }

    #[test]
    fn an_address_holds_nothing_that_begins_another_header() {
        for (text, expected) in [
            ("team@example.com", true),
            ("a@b", true),
            ("a@b\r\nBcc: c@d", false),
            ("a@b,c@d", false),
            ("a@b@c", false),
            ("<a@b>", false),
            ("@b", false),
            ("a@", false),
            ("a b@c", false),
            ("ü@b", false),
        ] {
            assert_eq!(is_address(text), expected, "{text}");
        }
    }
}
