//! Why a session is over, as its owner is told.

use std::str::FromStr;

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// They signed out in it.
    SignedOut,
    /// They ended it from another session.
    Elsewhere,
    /// Its browser signed in anew.
    NewSignIn,
    /// An admin ended it.
    Admin,
    /// A role was given or taken.
    Role,
    /// Another password was set.
    Password,
    /// The person may not sign in any more.
    Disabled,
    /// It lasted as long as it may.
    Expired,
    /// It was not used for too long.
    Idle,
}

impl Ending {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::SignedOut,
        Self::Elsewhere,
        Self::NewSignIn,
        Self::Admin,
        Self::Role,
        Self::Password,
        Self::Disabled,
        Self::Expired,
        Self::Idle,
    ];

    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed-out",
            Self::Elsewhere => "elsewhere",
            Self::NewSignIn => "new-sign-in",
            Self::Admin => "admin",
            Self::Role => "role",
            Self::Password => "password",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Idle => "idle",
        }
    }

    /// What its owner is told: why, and what to do.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::SignedOut => "Your session has ended: you signed out. Sign in and you are back where you were.",
            Self::Elsewhere => {
                "Your session has ended: you ended it from another one. Sign in and you are back where you were."
            }
            Self::NewSignIn => {
                "Your session has ended: this browser signed in anew. Sign in and you are back where you were."
            }
            Self::Admin => "Your session has ended: an admin ended it. Sign in and you are back where you were.",
            Self::Role => "Your session has ended: your roles were changed. Sign in and you have the new ones.",
            Self::Password => "Your session has ended: your password was changed. Sign in with the new one.",
            Self::Disabled => "Your session has ended: your account was disabled. An admin can enable it again.",
            Self::Expired => {
                "Your session has ended: it lasted as long as a session may. Sign in and you are back where you were."
            }
            Self::Idle => {
                "Your session has ended: it was not used for too long. Sign in and you are back where you were."
            }
        }
    }
}

/// A text that names no ending.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("that is no way in which a session ends")]
pub struct NoEnding;

impl FromStr for Ending {
    type Err = NoEnding;
    fn from_str(text: &str) -> Result<Self, NoEnding> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(NoEnding)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_ending_is_stored_and_told_in_its_own_words() {
        for ending in Ending::ALL {
            assert_eq!(ending.as_str().parse(), Ok(ending));
            assert!(ending.sentence().starts_with("Your session has ended: "), "{ending:?}");
        }
        assert_eq!(Ending::ALL.map(Ending::sentence).into_iter().collect::<HashSet<_>>().len(), Ending::ALL.len());
        assert_eq!("".parse::<Ending>(), Err(NoEnding));
    }
}
