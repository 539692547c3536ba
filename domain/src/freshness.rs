//! Whether what we hold of a source is what stands there now.

use serde::{Deserialize, Serialize};

/// Time without proof of life after which a source counts as stale, in milliseconds: two missed probes of three
/// seconds and their time-outs. kube's watcher alone notices a silent partition after 295 s.
pub const STALE_AFTER_MS: i64 = 8_000;

/// What is known about the age of everything that came from one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Freshness {
    /// Nothing was ever read from it.
    Never,
    /// It answers, and all watches are in step. Milliseconds since 1970 of the last proof.
    Live(i64),
    /// It does not answer, or a watch is out of step. Milliseconds since 1970 of the last proof.
    Stale(i64),
}

impl Freshness {
    /// Whether figures from this source may be shown as the present.
    pub fn is_live(self) -> bool {
        match self {
            Self::Live(_) => true,
            Self::Never | Self::Stale(_) => false,
        }
    }

    /// The last moment at which what we hold was known to be right, in milliseconds since 1970.
    pub fn as_of_ms(self) -> Option<i64> {
        match self {
            Self::Never => None,
            Self::Live(at) | Self::Stale(at) => Some(at),
        }
    }
}
