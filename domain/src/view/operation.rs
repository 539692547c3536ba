//! An operation on its page.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ledger::OperationId;
use crate::name::EnvironmentId;

/// An operation as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationView {
    /// Which.
    pub id: OperationId,
    /// `Restart fleet-api`
    pub title: Arc<str>,
    /// Where.
    pub environment: EnvironmentId,
    /// How it stands, in a sentence.
    pub sentence: Arc<str>,
    /// Whether nothing follows.
    pub is_over: bool,
    /// Whether something waits for it, or for another of its series, that could still be stopped.
    pub can_stop: bool,
    /// The page, written by the server: everything in it is escaped.
    pub html: Arc<str>,
}
