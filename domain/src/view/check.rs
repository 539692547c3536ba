//! A check as it stands on the page of its environment.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::check::{CheckKind, Outcome};

/// What a check found last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// Which.
    pub kind: CheckKind,
    /// How it is.
    pub outcome: Outcome,
    /// A sentence with its evidence.
    pub sentence: Arc<str>,
}
