//! What is written down for good: who did what, where, why, and what came of it.
//!
//! The ledger is a list of entries that are only ever appended. What takes time is several entries that share an
//! [`OperationId`]: its beginning is written before anything is sent, its end when it is known.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::name::{EnvironmentId, Namespace, ObjectName};

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Somebody signed in, or was refused.
    SignIn,
    /// Somebody signed out.
    SignOut,
    /// A session was ended by its owner or an admin.
    SessionRevoked,
    /// A password was set.
    PasswordSet,
    /// A person was added.
    UserAdded,
    /// A person may not sign in any more.
    UserDisabled,
    /// A person may sign in again.
    UserEnabled,
    /// A role was given.
    RoleGranted,
    /// A role was taken.
    RoleTaken,
    /// Logs were looked at, in an environment that wants that recorded.
    LogView,
    /// Something was taken along as a file.
    Export,
    /// Pods of a workload were replaced.
    Restart,
    /// A workload's number of pods was changed.
    Scale,
    /// A workload was taken back to a revision.
    RollBack,
    /// A database's pod was evicted.
    RestartDatabase,
    /// Demo data was brought back to its known state.
    ResetDemoData,
    /// Somebody wants demo data left alone for a while, or lets go of them.
    DemoDataReserved,
    /// An alert was silenced for a while, or its silence was ended.
    AlertSilenced,
    /// A receiver of alerts was sent a test.
    AlertTested,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::SignIn,
        Self::SignOut,
        Self::SessionRevoked,
        Self::PasswordSet,
        Self::UserAdded,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::RoleGranted,
        Self::RoleTaken,
        Self::LogView,
        Self::Export,
        Self::Restart,
        Self::Scale,
        Self::RollBack,
        Self::RestartDatabase,
        Self::ResetDemoData,
        Self::DemoDataReserved,
        Self::AlertSilenced,
        Self::AlertTested,
    ];

    /// As it is stored, and as it stands in the URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignOut => "sign-out",
            Self::SessionRevoked => "session-revoked",
            Self::PasswordSet => "password-set",
            Self::UserAdded => "user-added",
            Self::UserDisabled => "user-disabled",
            Self::UserEnabled => "user-enabled",
            Self::RoleGranted => "role-granted",
            Self::RoleTaken => "role-taken",
            Self::LogView => "log-view",
            Self::Export => "export",
            Self::Restart => "restart",
            Self::Scale => "scale",
            Self::RollBack => "roll-back",
            Self::RestartDatabase => "restart-database",
            Self::ResetDemoData => "reset-demo-data",
            Self::DemoDataReserved => "demo-data-reserved",
            Self::AlertSilenced => "alert-silenced",
            Self::AlertTested => "alert-tested",
        }
    }

    /// As it stands on screen.
    pub fn words(self) -> &'static str {
        match self {
            Self::SignIn => "Sign-in",
            Self::SignOut => "Sign-out",
            Self::SessionRevoked => "Session ended",
            Self::PasswordSet => "Password set",
            Self::UserAdded => "Person added",
            Self::UserDisabled => "Person disabled",
            Self::UserEnabled => "Person enabled",
            Self::RoleGranted => "Role given",
            Self::RoleTaken => "Role taken",
            Self::LogView => "Log viewed",
            Self::Export => "Export",
            Self::Restart => "Restart",
            Self::Scale => "Scale",
            Self::RollBack => "Roll back",
            Self::RestartDatabase => "Restart database",
            Self::ResetDemoData => "Reset demo data",
            Self::DemoDataReserved => "Demo data reserved",
            Self::AlertSilenced => "Alert silenced",
            Self::AlertTested => "Alert tested",
        }
    }

    /// Whether it tells of people and their access, which is for admins and for oneself, or of an environment.
    pub fn is_access(self) -> bool {
        match self {
            Self::SignIn
            | Self::SignOut
            | Self::SessionRevoked
            | Self::PasswordSet
            | Self::UserAdded
            | Self::UserDisabled
            | Self::UserEnabled
            | Self::RoleGranted
            | Self::RoleTaken
            | Self::LogView
            | Self::Export
            | Self::AlertTested => true,
            Self::Restart
            | Self::Scale
            | Self::RollBack
            | Self::RestartDatabase
            | Self::ResetDemoData
            | Self::DemoDataReserved
            | Self::AlertSilenced => false,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Written before anything was sent.
    Begun,
    /// As asked for.
    Done,
    /// Not allowed; nothing was sent.
    Refused,
    /// Sent, and it did not work.
    Failed,
    /// Sent, and no answer says what came of it.
    Unknown,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Begun, Self::Done, Self::Refused, Self::Failed, Self::Unknown];

    /// As it is stored, and as it stands in the URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

macro_rules! read_word {
    ($type:ident, $error:ident, $what:literal) => {
        #[doc = concat!("A text that is no ", $what, ".")]
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[error("'{0}' is not a {what}", what = $what)]
        pub struct $error(String);

        impl FromStr for $type {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| $error(text.to_owned()))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

read_word!(Kind, NoKind, "kind of entry");
read_word!(Outcome, NoOutcome, "result");

/// The id of an operation, made when its dialog opens: 128 random bits, as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperationId(pub u128);

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hexadecimal digits")]
pub struct NoOperationId;

impl FromStr for OperationId {
    type Err = NoOperationId;
    fn from_str(text: &str) -> Result<Self, NoOperationId> {
        let fine = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !fine {
            return Err(NoOperationId);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| NoOperationId)
    }
}

impl TryFrom<String> for OperationId {
    type Error = NoOperationId;
    fn try_from(text: String) -> Result<Self, NoOperationId> {
        text.parse()
    }
}

impl From<OperationId> for String {
    fn from(id: OperationId) -> Self {
        id.to_string()
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Actor {
    /// The person's id; empty when nobody is known: a refused sign-in, or the command line.
    pub id: String,
    /// Their name then, or what was typed as one.
    pub name: String,
    /// The role by which it was allowed.
    pub role: Option<Role>,
    /// The address they came from, or `command line`.
    pub source: String,
}

/// The person it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Whom {
    /// Their id.
    pub id: String,
    /// Their name then.
    pub name: String,
}

/// The object it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// `deployment`, `statefulset`, `pod`.
    pub kind: String,
    /// Its namespace.
    pub namespace: Namespace,
    /// Its name.
    pub name: ObjectName,
    /// Its `metadata.uid`: a namesake made later is another object.
    pub uid: String,
}

/// One thing that happened, as it is given to the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// When, microseconds since 1970.
    pub at: i64,
    /// What it is about.
    pub kind: Kind,
    /// What came of it.
    pub outcome: Outcome,
    /// Who.
    pub actor: Actor,
    /// Entries of one operation share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentId>,
    /// To what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// To whom, where it was somebody else than who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whom: Option<Whom>,
    /// What was done, in a sentence: `Gave kim the role operator in fleet-management.`
    pub what: String,
    /// The reason somebody wrote; empty when none was asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The plan that was shown, line by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<String>,
    /// How it was before, by name: `replicas: 3`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<(String, String)>,
    /// How it was after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
        }
        assert_eq!("x".parse::<Kind>().unwrap_err().to_string(), "'x' is not a kind of entry");
    }

    #[test]
    fn an_operation_id_has_one_form() {
        let id = OperationId(0xab);
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in [
            "",
            "ab",
            "000000000000000000000000000000AB",
            "+00000000000000000000000000000ab",
            " 0000000000000000000000000000ab",
        ] {
            assert_eq!(text.parse::<OperationId>(), Err(NoOperationId), "{text:?}");
        }
    }
}
