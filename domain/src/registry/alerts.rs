//! What a registry says of alerts: to whom they are sent, and where rules differ from their defaults.

use serde::{Deserialize, Serialize};

use crate::access::{Place, Scope};
use crate::alert::{RuleId, Threshold};
use crate::name::EnvironmentId;

/// Alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Alerts {
    /// To whom they are sent: all of them, unless a rule names its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receivers: Vec<Receiver>,
    /// Where rules differ from their defaults. Of several rows that fit, the last one that says something counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleRow>,
}

/// Somebody to whom alerts are sent, by a webhook or by e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receiver {
    /// What it is called on screen and in rules.
    pub name: String,
    /// An address that takes a POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// People, by the mail server that the program was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
}

/// A webhook. Its address is a secret, because whoever knows it can post: it stands in a variable or a file, never here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    /// The environment variable of the program that holds the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_env: Option<String>,
    /// The file that holds the address. It is read again for every notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<String>,
    /// In which shape the receiver wants it.
    #[serde(default)]
    pub shape: Shape,
}

/// In which shape a webhook is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Shape {
    /// Our own, as docs/alerts.md has it.
    #[default]
    Json,
    /// A message of Slack.
    Slack,
    /// An Adaptive Card, as the Workflows app of Teams takes it.
    Teams,
}

/// People who get a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Email {
    /// Their addresses.
    pub to: Vec<String>,
}

/// Where a rule differs from its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleRow {
    /// Which rule.
    pub rule: RuleId,
    /// Where: `system/environment`, or a system; left out: everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Whether it is switched off there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<bool>,
    /// Minutes for which what is wrong must last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_minutes: Option<u32>,
    /// The bound, in the unit of the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u32>,
    /// To whom it is sent there; left out: to all receivers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receivers: Option<Vec<String>>,
}

/// How a rule is in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleHere {
    /// Whether it is switched off.
    pub off: bool,
    /// Seconds for which what is wrong must last.
    pub for_seconds: i64,
    /// The bound; 0 for rules without one.
    pub threshold: u32,
    /// The names of those to whom it is sent.
    pub receivers: Vec<String>,
}

impl Alerts {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.receivers.is_empty() && self.rules.is_empty()
    }

    /// How a rule is in an environment.
    pub fn rule(&self, id: RuleId, environment: &EnvironmentId) -> RuleHere {
        let rule = id.rule();
        let mut here = RuleHere {
            off: false,
            for_seconds: rule.for_seconds,
            threshold: rule.threshold.map_or(0, |Threshold { default, .. }| default),
            receivers: self.receivers.iter().map(|receiver| receiver.name.clone()).collect(),
        };
        let place = Place::Environment(environment);
        let fits = |row: &&RuleRow| row.rule == id && row.scope.as_ref().is_none_or(|scope| scope.covers(place));
        for row in self.rules.iter().filter(fits) {
            here.off = row.off.unwrap_or(here.off);
            here.for_seconds = row.for_minutes.map_or(here.for_seconds, |minutes| i64::from(minutes) * 60);
            here.threshold = row.threshold.unwrap_or(here.threshold);
            if let Some(receivers) = &row.receivers {
                here.receivers.clone_from(receivers);
            }
        }
        here
    }

    /// A receiver by its name.
    pub fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.receivers.iter().find(|receiver| receiver.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_row_that_says_something_counts() {
        let alerts: Alerts = serde_json::from_value(serde_json::json!({
            "receivers": [{ "name": "on-call" }, { "name": "team" }],
            "rules": [
                { "rule": "error-rate", "threshold": 10, "receivers": ["team"] },
                { "rule": "error-rate", "scope": "shop", "forMinutes": 0 },
                { "rule": "error-rate", "scope": "shop/staging", "off": true },
                { "rule": "error-rate", "scope": "shop/production", "threshold": 2, "receivers": [] },
            ],
        }))
        .unwrap();
        let here = |off, for_seconds, threshold, receivers: &[&str]| RuleHere {
            off,
            for_seconds,
            threshold,
            receivers: receivers.iter().map(|name| (*name).to_owned()).collect(),
        };
        for (rule, environment, expected) in [
            (RuleId::ErrorRate, "fleet/production", here(false, 120, 10, &["team"])),
            (RuleId::ErrorRate, "shop/production", here(false, 0, 2, &[])),
            (RuleId::ErrorRate, "shop/staging", here(true, 0, 10, &["team"])),
            (RuleId::EnvironmentDown, "shop/staging", here(false, 120, 0, &["on-call", "team"])),
        ] {
            assert_eq!(alerts.rule(rule, &environment.parse().unwrap()), expected, "{rule} {environment}");
        }
    }
}
