//! How a Deployment, StatefulSet or DaemonSet is.

use crate::facts::WorkloadFacts;
use crate::view::{PodRow, State, Status};

/// How a workload is, given its pods (of all its revisions). `now` is seconds since 1970.
pub fn workload<'a>(facts: &WorkloadFacts, pods: impl Iterator<Item = &'a PodRow> + Clone, now: i64) -> Status {
    let _ = (pods, now);
    if facts.ready >= facts.wanted {
        Status::new(State::Ready, "Ready", "")
    } else {
        Status::new(State::Progressing, "Rolling", "")
    }
}
