//! Groups of an identity provider, and what their members are here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::access::{Grant, Role, Scope};
use crate::text::plain;

/// The name of a group as the provider writes it: 1 to 256 characters that can be seen, without blanks around it.
///
/// Kubernetes and its kin give power to groups by their name: nobody may bring one that begins with `system:` from outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct GroupName(String);

/// A text that is no name of a group. The text is not repeated: it may come from anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoGroupName {
    /// Nothing, or nothing but blanks.
    #[error("the name of a group is empty: write it as the provider does")]
    Blank,
    /// Too long.
    #[error("the name of a group has at most {} characters", GroupName::LIMIT)]
    Long,
    /// What cannot be seen would make two groups look the same.
    #[error("the name of a group holds a character that cannot be seen, or blanks around it")]
    Unseen,
    /// Reserved.
    #[error("the name of a group begins with 'system:', which belongs to Kubernetes itself")]
    System,
}

impl GroupName {
    /// Characters a name may have.
    pub const LIMIT: usize = 256;

    /// The name, checked. Capitals count, as they do for the provider.
    pub fn new(text: &str) -> Result<Self, NoGroupName> {
        if text.trim().is_empty() {
            return Err(NoGroupName::Blank);
        }
        if text.chars().count() > Self::LIMIT {
            return Err(NoGroupName::Long);
        }
        if text.trim() != text || plain(text, text.len()) != text {
            return Err(NoGroupName::Unseen);
        }
        if is_reserved(text) {
            return Err(NoGroupName::System);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a name from outside pretends to be one of Kubernetes' own.
pub fn is_reserved(name: &str) -> bool {
    name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("system:"))
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for GroupName {
    type Err = NoGroupName;
    fn from_str(text: &str) -> Result<Self, NoGroupName> {
        Self::new(text)
    }
}

impl TryFrom<String> for GroupName {
    type Error = NoGroupName;
    fn try_from(text: String) -> Result<Self, NoGroupName> {
        Self::new(&text)
    }
}

impl From<GroupName> for String {
    fn from(name: GroupName) -> Self {
        name.0
    }
}

/// The most groups that one person may bring.
pub const MOST_GROUPS: usize = 500;

/// Why a list of groups is not believed, as a whole: a provider that sends one wrong name is not set up as we think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoGroups {
    /// One of them.
    #[error(transparent)]
    Name(#[from] NoGroupName),
    /// The same twice.
    #[error("a group is named twice")]
    Twice,
    /// Too many to keep and to look through.
    #[error("there are more than {MOST_GROUPS} groups: have the provider send those that matter here")]
    TooMany,
}

/// The groups of a list, in the order of their names.
pub fn groups<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> Result<Vec<GroupName>, NoGroups> {
    if names.len() > MOST_GROUPS {
        return Err(NoGroups::TooMany);
    }
    let mut groups = names.map(GroupName::new).collect::<Result<Vec<_>, _>>()?;
    groups.sort();
    if groups.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(NoGroups::Twice);
    }
    Ok(groups)
}

/// What the members of a group are: a line of `access` in the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupRule {
    /// The group, as the provider names it.
    pub group: GroupName,
    /// What its members are.
    pub role: Role,
    /// Where: a system, `system/environment`, or `'*'` for everywhere.
    #[serde(rename = "in")]
    pub scope: Scope,
}

/// A role that somebody has by being a member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByGroup {
    /// The role and where it holds.
    pub grant: Grant,
    /// The group.
    pub group: GroupName,
}

/// The roles of somebody who is in these groups, in the order of the rules.
pub fn granted(rules: &[GroupRule], groups: &[GroupName]) -> Vec<ByGroup> {
    let held = rules.iter().filter(|rule| groups.contains(&rule.group));
    held.map(|rule| ByGroup { grant: Grant { role: rule.role, scope: rule.scope.clone() }, group: rule.group.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_a_name_that_can_be_seen_and_is_not_kubernetes_own() {
        let long = "g".repeat(257);
        for (text, expected) in [
            ("sre", Ok("sre")),
            ("/fleet/On Call", Ok("/fleet/On Call")),
            ("5f2c1f3e-0000-4000-8000-000000000000", Ok("5f2c1f3e-0000-4000-8000-000000000000")),
            ("systems", Ok("systems")),
            ("ops:system:x", Ok("ops:system:x")),
            ("Ü", Ok("Ü")),
            ("", Err(NoGroupName::Blank)),
            (" \t", Err(NoGroupName::Blank)),
            ("\u{a0}", Err(NoGroupName::Blank)),
            (" sre", Err(NoGroupName::Unseen)),
            ("sre\n", Err(NoGroupName::Unseen)),
            ("s\0re", Err(NoGroupName::Unseen)),
            ("sre\u{200b}", Err(NoGroupName::Unseen)),
            ("\u{202e}ers", Err(NoGroupName::Unseen)),
            ("system:masters", Err(NoGroupName::System)),
            ("SYSTEM:masters", Err(NoGroupName::System)),
            ("system:", Err(NoGroupName::System)),
            (long.as_str(), Err(NoGroupName::Long)),
        ] {
            assert_eq!(GroupName::new(text).as_ref().map(GroupName::as_str), expected.as_ref().copied(), "{text:?}");
        }
    }

    #[test]
    fn a_list_with_one_wrong_group_gives_none() {
        let read = |names: &[&str]| groups(names.iter().copied());
        assert_eq!(read(&[]), Ok(vec![]));
        let sorted: Vec<String> = read(&["b", "a"]).unwrap().into_iter().map(String::from).collect();
        assert_eq!(sorted, ["a", "b"]);
        assert_eq!(read(&["a", "b", "a"]), Err(NoGroups::Twice));
        assert_eq!(read(&["a", ""]), Err(NoGroups::Name(NoGroupName::Blank)));
        assert_eq!(read(&["a", "system:masters"]), Err(NoGroups::Name(NoGroupName::System)));
        let many: Vec<String> = (0..=MOST_GROUPS).map(|number| format!("g{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(read(&many[1..]).is_ok());
        assert_eq!(read(&many), Err(NoGroups::TooMany));
    }

    #[test]
    fn members_have_the_roles_of_their_groups_and_no_others() {
        let rule = |group: &str, role, scope: &str| GroupRule {
            group: group.parse().unwrap(),
            role,
            scope: scope.parse().unwrap(),
        };
        let rules = [
            rule("sre", Role::Operator, "shop/production"),
            rule("everybody", Role::Viewer, "*"),
            rule("SRE", Role::Admin, "*"),
            rule("sre", Role::Lead, "shop"),
        ];
        let of = |names: &[&str]| {
            let groups: Vec<GroupName> = names.iter().map(|name| name.parse().unwrap()).collect();
            granted(&rules, &groups).iter().map(|by| format!("{} by {}", by.grant, by.group)).collect::<Vec<_>>()
        };
        assert_eq!(of(&[]), Vec::<String>::new());
        assert_eq!(of(&["sr", "sre2"]), Vec::<String>::new());
        assert_eq!(of(&["sre"]), ["operator in shop/production by sre", "lead in shop by sre"]);
        assert_eq!(of(&["everybody", "SRE"]), ["viewer everywhere by everybody", "admin everywhere by SRE"]);
    }
}
