//! What each class of operations needs in each tier. The defaults are the product's; the registry may say otherwise.

use serde::{Deserialize, Serialize};

use crate::access::{Place, Scope};
use crate::name::EnvironmentId;
use crate::registry::Tier;

/// How dangerous an operation is in its kind: what the policy has rows for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// A restart that replaces pods a few at a time, with at least two ready.
    Restart,
    /// A restart that interrupts: one replica, `Recreate`, or a disruption budget that allows none.
    RestartWithDowntime,
    /// A number of replicas within what is declared.
    Scale,
    /// Fewer than declared, or none.
    ScaleBelow,
    /// Back to an earlier revision.
    RollBack,
    /// A pod of a database.
    RestartDatabase,
}

impl Class {
    /// All of them, in the order of the policy's table.
    pub const ALL: [Self; 6] = [
        Self::Restart,
        Self::RestartWithDowntime,
        Self::Scale,
        Self::ScaleBelow,
        Self::RollBack,
        Self::RestartDatabase,
    ];

    /// As it is written in the registry and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::RestartWithDowntime => "restartWithDowntime",
            Self::Scale => "scale",
            Self::ScaleBelow => "scaleBelow",
            Self::RollBack => "rollBack",
            Self::RestartDatabase => "restartDatabase",
        }
    }

    /// As it stands in a sentence: `a restart with downtime`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Restart => "a restart",
            Self::RestartWithDowntime => "a restart that interrupts",
            Self::Scale => "scaling",
            Self::ScaleBelow => "scaling below what is declared",
            Self::RollBack => "a rollback",
            Self::RestartDatabase => "the restart of a database pod",
        }
    }
}

/// How the press is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Confirm {
    /// By the press itself, on the page with the plan.
    Press,
    /// By typing the target's name.
    TypeName,
}

/// When it may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// At any time.
    AnyTime,
    /// At any time while the whole plan is green, else inside a maintenance window.
    WhenGreen,
    /// Inside a maintenance window only.
    InWindow,
}

/// What is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    /// How the press is confirmed.
    pub confirm: Confirm,
    /// Whether a reason is written down.
    pub reason: bool,
    /// When it may be done.
    pub when: When,
    /// Whether a second person approves it.
    pub second_person: bool,
    /// The most hours since the newest backup; none: it is not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_hours: Option<u32>,
}

/// A row of the policy in the registry: where both fit, what it says replaces the default as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyRule {
    /// The class of operations.
    pub operation: Class,
    /// The tier; every tier when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// Where: `*`, a system, or system/environment; everywhere when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// What is needed there.
    pub require: Requirement,
}

/// The rows of the registry; what none of them is about is as the defaults say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Policy(pub Vec<PolicyRule>);

impl Policy {
    /// Whether the defaults hold everywhere.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Policy {
    /// What a class of operations needs at a place: as the last row says that fits, else as the defaults say.
    pub fn requirement(&self, tier: Tier, id: &EnvironmentId, class: Class) -> Requirement {
        let row = self.0.iter().rev().find(|row| row.fits(tier, id, class));
        row.map_or_else(|| Requirement::usual(tier, class), |row| row.require)
    }
}

impl PolicyRule {
    /// Whether the row is about this.
    fn fits(&self, tier: Tier, id: &EnvironmentId, class: Class) -> bool {
        self.operation == class
            && self.tier.is_none_or(|own| own == tier)
            && self.scope.as_ref().is_none_or(|scope| scope.covers(Place::Environment(id)))
    }
}

impl Requirement {
    /// A press, at any time.
    const PRESS: Self =
        Self { confirm: Confirm::Press, reason: false, when: When::AnyTime, second_person: false, backup_hours: None };
    /// A press with a reason, at any time.
    const REASON: Self = Self { reason: true, ..Self::PRESS };
    /// The name typed, with a reason.
    const NAME: Self = Self { confirm: Confirm::TypeName, ..Self::REASON };

    /// What is needed where the registry says nothing else. What is not registered comes here as production.
    pub const fn usual(tier: Tier, class: Class) -> Self {
        match (class, tier) {
            (
                Class::Restart
                | Class::RestartWithDowntime
                | Class::Scale
                | Class::ScaleBelow
                | Class::RollBack
                | Class::RestartDatabase,
                Tier::Development,
            )
            | (Class::Scale, Tier::Staging) => Self::PRESS,
            (Class::Restart | Class::RestartWithDowntime | Class::ScaleBelow | Class::RollBack, Tier::Staging)
            | (Class::Scale, Tier::Production) => Self::REASON,
            (Class::RestartDatabase, Tier::Staging) => Self { when: When::InWindow, ..Self::REASON },
            (Class::Restart, Tier::Production) => Self { when: When::WhenGreen, ..Self::NAME },
            (Class::RestartWithDowntime, Tier::Production) => {
                Self { when: When::InWindow, second_person: true, ..Self::NAME }
            }
            (Class::ScaleBelow, Tier::Production) => Self { when: When::InWindow, second_person: true, ..Self::REASON },
            (Class::RollBack, Tier::Production) => Self { second_person: true, ..Self::NAME },
            (Class::RestartDatabase, Tier::Production) => {
                Self { when: When::InWindow, second_person: true, backup_hours: Some(24), ..Self::NAME }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Tier::{Development, Production, Staging};

    /// As short as a row of the table: the name typed, reason, when, second person, hours.
    fn said(required: Requirement) -> String {
        let Requirement { confirm, reason, when, second_person, backup_hours } = required;
        let mut words = vec![if confirm == Confirm::TypeName { "name" } else { "press" }.to_owned()];
        words.extend(reason.then(|| "reason".to_owned()));
        words.extend(match when {
            When::AnyTime => None,
            When::WhenGreen => Some("green or window".to_owned()),
            When::InWindow => Some("window".to_owned()),
        });
        words.extend(second_person.then(|| "second".to_owned()));
        words.extend(backup_hours.map(|hours| format!("backup {hours} h")));
        words.join(", ")
    }

    #[test]
    fn the_defaults_are_those_of_the_product() {
        let id = "fleet-management/any".parse().unwrap();
        for (class, development, staging, production) in [
            (Class::Restart, "press", "press, reason", "name, reason, green or window"),
            (Class::RestartWithDowntime, "press", "press, reason", "name, reason, window, second"),
            (Class::Scale, "press", "press", "press, reason"),
            (Class::ScaleBelow, "press", "press, reason", "press, reason, window, second"),
            (Class::RollBack, "press", "press, reason", "name, reason, second"),
            (Class::RestartDatabase, "press", "press, reason, window", "name, reason, window, second, backup 24 h"),
        ] {
            for (tier, expected) in [(Development, development), (Staging, staging), (Production, production)] {
                let required = Policy::default().requirement(tier, &id, class);
                assert_eq!(said(required), expected, "{} in {tier:?}", class.as_str());
            }
        }
    }

    #[test]
    fn classes_are_written_in_one_way() {
        for class in Class::ALL {
            assert_eq!(serde_json::to_string(&class).unwrap(), format!("\"{}\"", class.as_str()));
        }
        let words: std::collections::BTreeSet<_> = Class::ALL.map(Class::words).into();
        assert!(words.len() == Class::ALL.len() && words.iter().all(|words| words.len() > 5), "{words:?}");
        assert!(Policy::default().is_empty() && !Policy(vec![row(Class::Scale, None, None, 1)]).is_empty());
    }

    fn row(operation: Class, tier: Option<Tier>, scope: Option<&str>, backup_hours: u32) -> PolicyRule {
        let require = Requirement { backup_hours: Some(backup_hours), ..Requirement::PRESS };
        PolicyRule { operation, tier, scope: scope.map(|scope| scope.parse().unwrap()), require }
    }

    #[test]
    fn of_the_rows_that_fit_the_last_counts() {
        let policy = Policy(vec![
            row(Class::Restart, None, None, 1),
            row(Class::Restart, Some(Staging), None, 2),
            row(Class::Restart, None, Some("fleetops"), 3),
            row(Class::Restart, Some(Production), Some("fleetops/production"), 4),
            row(Class::RollBack, Some(Staging), Some("*"), 5),
            row(Class::RollBack, None, Some("ctafleet"), 6),
        ]);
        for (class, tier, id, expected) in [
            (Class::Restart, Development, "fleet-management/development", Some(1)),
            (Class::Restart, Staging, "fleet-management/staging", Some(2)),
            (Class::Restart, Staging, "fleetops/staging", Some(3)),
            (Class::Restart, Production, "fleetops/production", Some(4)),
            // The name is not the tier.
            (Class::Restart, Staging, "fleetops/production", Some(3)),
            (Class::RollBack, Staging, "fleetops/staging", Some(5)),
            (Class::RollBack, Staging, "ctafleet/production", Some(6)),
            (Class::RollBack, Production, "fleetops/production", None),
            (Class::Scale, Staging, "fleetops/staging", None),
            (Class::RestartDatabase, Production, "fleetops/production", Some(24)),
        ] {
            let required = policy.requirement(tier, &id.parse().unwrap(), class);
            assert_eq!(required.backup_hours, expected, "{} in {id}, {tier:?}", class.as_str());
            // What a row says replaces the default as a whole.
            let is_default = required == Requirement::usual(tier, class);
            assert_eq!(is_default, expected.is_none() || expected == Some(24), "{} in {id}", class.as_str());
        }
    }
}
