//! Who may do what, and where.
//!
//! A person holds grants, each a role in a scope. Nothing is derived from names of environments: what is not registered
//! is covered by grants for everything only, as production would be at its most careful.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{EnvironmentId, EnvironmentName, NameError, SystemId};

#[cfg(test)]
mod tests;

/// What a person is to an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
// The registry has roles of components too.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PersonRole"))]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Looks, and resets demo data where the tier allows it.
    Tester,
    /// Restarts, scales, rolls back.
    Operator,
    /// What an operator does; approves, opens break-glass and incidents.
    Lead,
    /// Manages people, and nothing else by itself.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Tester, Self::Operator, Self::Lead, Self::Admin];

    /// As it is written in files, on command lines and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Tester => "tester",
            Self::Operator => "operator",
            Self::Lead => "lead",
            Self::Admin => "admin",
        }
    }

    /// What it lets one do, for people who give it.
    pub fn explained(self) -> &'static str {
        match self {
            Self::Viewer => "looks",
            Self::Tester => "looks, and resets demo data where the tier allows it",
            Self::Operator => "restarts, scales, rolls back",
            Self::Lead => "what an operator does, and approves",
            Self::Admin => "manages people, and nothing else by itself",
        }
    }

    /// Whether the role holds a right.
    pub fn holds(self, right: Right) -> bool {
        match right {
            Right::Look => self != Self::Admin,
            Right::ResetDemoData => matches!(self, Self::Tester | Self::Operator | Self::Lead),
            Right::Operate => matches!(self, Self::Operator | Self::Lead),
            Right::Approve => self == Self::Lead,
            Right::Administer => self == Self::Admin,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a role: write viewer, tester, operator, lead or admin")]
pub struct NoRole(String);

impl FromStr for Role {
    type Err = NoRole;
    fn from_str(text: &str) -> Result<Self, NoRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| NoRole(text.to_owned()))
    }
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Right {
    /// See an environment: its pages, its rows, its part of the ledger.
    Look,
    /// Reset its demo data.
    ResetDemoData,
    /// Restart, scale, roll back.
    Operate,
    /// Be the second person; open break-glass and incidents.
    Approve,
    /// Manage people and read who came and went.
    Administer,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Look, Self::ResetDemoData, Self::Operate, Self::Approve, Self::Administer];

    /// As it stands in `quarterdeck endpoints`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::ResetDemoData => "reset-demo-data",
            Self::Operate => "operate",
            Self::Approve => "approve",
            Self::Administer => "administer",
        }
    }
}

/// How far a grant reaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
pub enum Scope {
    /// Everything, also what is not registered.
    Everywhere,
    /// All environments of a system.
    System(SystemId),
    /// One environment.
    Environment(EnvironmentId),
}

impl Scope {
    /// Whether a place lies in it.
    pub fn covers(&self, place: Place<'_>) -> bool {
        match (self, place) {
            (Self::Everywhere, _) => true,
            (Self::System(system), Place::Environment(id)) => id.system == *system,
            (Self::Environment(own), Place::Environment(id)) => own == id,
            (Self::System(_) | Self::Environment(_), Place::Console | Place::Unregistered) => false,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everywhere => f.write_str("*"),
            Self::System(system) => system.fmt(f),
            Self::Environment(environment) => environment.fmt(f),
        }
    }
}

/// A text that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a scope: write * for everything, a system, or system/environment ({source})")]
pub struct NoScope {
    text: String,
    source: NameError,
}

impl FromStr for Scope {
    type Err = NoScope;
    fn from_str(text: &str) -> Result<Self, NoScope> {
        let wrong = |source| NoScope { text: text.to_owned(), source };
        match text.split_once('/') {
            _ if text == "*" => Ok(Self::Everywhere),
            None => SystemId::new(text).map(Self::System).map_err(wrong),
            Some((system, environment)) => Ok(Self::Environment(EnvironmentId {
                system: SystemId::new(system).map_err(wrong)?,
                environment: EnvironmentName::new(environment).map_err(wrong)?,
            })),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = NoScope;
    fn try_from(text: String) -> Result<Self, NoScope> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

/// Where something would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// The console itself: people, sessions.
    Console,
    /// A registered environment.
    Environment(&'a EnvironmentId),
    /// What no registry declares: treated as production, and covered by grants for everything only.
    Unregistered,
}

/// A role in a scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// What one is there.
    pub role: Role,
    /// Where.
    pub scope: Scope,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Scope::Everywhere => write!(f, "{} everywhere", self.role),
            scope => write!(f, "{} in {scope}", self.role),
        }
    }
}

/// All that a person was granted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Grants(pub Vec<Grant>);

impl Grants {
    /// Those of somebody who looks at everything.
    pub fn everything() -> Self {
        Self(vec![Grant { role: Role::Viewer, scope: Scope::Everywhere }])
    }

    /// These and more, each once, weakest role first.
    pub fn with(&self, more: impl Iterator<Item = Grant>) -> Self {
        let mut all: Vec<Grant> = self.0.iter().cloned().chain(more).collect();
        all.sort();
        all.dedup();
        Self(all)
    }

    /// Whether a right is held at a place.
    pub fn may(&self, right: Right, place: Place<'_>) -> bool {
        self.0.iter().any(|grant| grant.role.holds(right) && grant.scope.covers(place))
    }

    /// Whether an environment may be seen.
    pub fn sees(&self, environment: &EnvironmentId) -> bool {
        self.may(Right::Look, Place::Environment(environment))
    }

    /// Whether every environment may be seen.
    pub fn sees_everything(&self) -> bool {
        self.may(Right::Look, Place::Unregistered)
    }

    /// The strongest role with which a right is held at a place: what the ledger writes down.
    pub fn role_for(&self, right: Right, place: Place<'_>) -> Option<Role> {
        let fits = |grant: &&Grant| grant.role.holds(right) && grant.scope.covers(place);
        self.0.iter().filter(fits).map(|grant| grant.role).max()
    }

    /// Whether a role is granted everywhere.
    pub fn is_everywhere(&self, role: Role) -> bool {
        self.0.iter().any(|grant| grant.role == role && grant.scope == Scope::Everywhere)
    }
}

/// Why somebody's grants are not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantRefusal {
    /// Whoever gives is not an admin.
    #[error("only an admin gives and takes roles")]
    NotAdmin,
    /// Their own.
    #[error("nobody changes their own roles: ask another admin, or use `quarterdeck user role` on the server")]
    OwnRoles,
    /// Nobody would be left to give roles.
    #[error("this is the last admin: give somebody else the role first")]
    LastAdmin,
    /// An admin manages people of the whole console.
    #[error("an admin is one everywhere: write the scope *")]
    AdminScope,
}

/// Whether an admin may give or take a grant. `own`: the person is the admin; `admins`: how many enabled ones there are.
pub fn judge_grant(
    actor: &Grants,
    own: bool,
    grant: &Grant,
    gives: bool,
    holder_is_admin: bool,
    admins: u64,
) -> Result<(), GrantRefusal> {
    if !actor.may(Right::Administer, Place::Console) {
        return Err(GrantRefusal::NotAdmin);
    }
    if own {
        return Err(GrantRefusal::OwnRoles);
    }
    check_grant(grant)?;
    if !gives && grant.role == Role::Admin && holder_is_admin && admins <= 1 {
        return Err(GrantRefusal::LastAdmin);
    }
    Ok(())
}

/// Whether a grant makes sense, whoever gives it.
pub fn check_grant(grant: &Grant) -> Result<(), GrantRefusal> {
    if grant.role == Role::Admin && grant.scope != Scope::Everywhere {
        return Err(GrantRefusal::AdminScope);
    }
    Ok(())
}
