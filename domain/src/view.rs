//! What the pages show: small rows, one type from the server's store to the cell in the browser.
//!
//! Times are seconds since 1970 unless the name says otherwise.

mod check;
mod component;
mod environment;
mod frame;
mod operation;
mod pod;
mod wall;

pub use check::CheckView;
pub use component::{ComponentHead, ComponentView, Expectation, RevisionPatch, RevisionRow};
pub use environment::{
    AutoscalerChart, AutoscalerView, ContactView, EnvironmentFacts, EnvironmentView, EventPatch, EventRow, Finding,
    FindingKind, LinkView, Look,
};
pub use frame::{Chrome, MissingRight, NavEnvironment, Person, SourceView};
pub use operation::OperationView;
pub use pod::{PodPatch, PodRow, PodsHead, PodsView};
pub use wall::{Cell, Chip, EnvironmentHead, NextVersion, WallHead, WallView};

use serde::{Deserialize, Serialize};

/// The six states. Each is a shape, a colour and a word on screen; ordered from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum State {
    /// Switched off on purpose: nothing is wanted.
    Off,
    /// As it should be.
    Ready,
    /// On its way.
    Progressing,
    /// We do not know.
    Unknown,
    /// Works, not as it should.
    Degraded,
    /// Does not work.
    Failed,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::Ready => "Ready",
            Self::Progressing => "Progressing",
            Self::Unknown => "Unknown",
            Self::Degraded => "Degraded",
            Self::Failed => "Failed",
        }
    }

    /// All of them, from bad to good.
    pub const WORST_FIRST: [Self; 6] =
        [Self::Failed, Self::Degraded, Self::Unknown, Self::Progressing, Self::Ready, Self::Off];
}

impl std::str::FromStr for State {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::WORST_FIRST.into_iter().find(|state| state.word().eq_ignore_ascii_case(text)).ok_or(())
    }
}

/// A state with the word that names it here (`Crash loop`) and the sentence that explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Which of the six.
    pub state: State,
    /// One to three words, capitalised: `Crash loop`, `Rolling`.
    pub word: std::sync::Arc<str>,
    /// A sentence with its evidence. Empty when there is nothing to explain.
    pub why: std::sync::Arc<str>,
}

impl Status {
    /// A status from its parts.
    pub fn new(state: State, word: &str, why: impl Into<std::sync::Arc<str>>) -> Self {
        Self { state, word: word.into(), why: why.into() }
    }
}
