//! Whose a pod or a revision is: a workload that was made again under its name has none of those of the one before.

use std::collections::HashMap;
use std::sync::Arc;

use domain::name::WorkloadKind;

use super::Kind;
use super::environment::Environment;
use super::pods::Entry;
use super::revisions::{Revision, Revisions};

/// Half of a uid, to be kept with each pod.
pub fn half(uid: u128) -> u64 {
    uid as u64
}

/// The objects that can own others, by kind and name.
#[derive(Clone, Copy)]
pub struct Owners<'a>(&'a HashMap<(Kind, Arc<str>), u128>);

impl Environment {
    /// The objects of this environment that can own others.
    pub fn owners(&self) -> Owners<'_> {
        Owners(&self.uids)
    }
}

impl<'a> Owners<'a> {
    /// The owners among objects with these uids.
    pub fn among(uids: &'a HashMap<(Kind, Arc<str>), u128>) -> Self {
        Self(uids)
    }

    /// Whether the object of that name is the one with this uid, as far as both are known.
    fn may_be(self, kind: Kind, name: &Arc<str>, uid: u64) -> bool {
        let held = self.0.get(&(kind, name.clone())).map_or(0, |uid| half(*uid));
        held == 0 || uid == 0 || held == uid
    }

    /// Whether a revision is of the workload that is there now, and not of one that had its name before.
    pub fn is_of_present(self, revision: &Revision) -> bool {
        let (kind, name) = &revision.observed.workload;
        self.may_be(Kind::Workload(*kind), name, half(revision.observed.owner))
    }

    /// The same of a pod; that of a Deployment is its ReplicaSet's.
    pub fn owns_present(self, pod: &Entry, revisions: &Revisions) -> bool {
        match &pod.workload {
            None => true,
            Some((WorkloadKind::Deployment, _)) => {
                self.may_be(Kind::ReplicaSet, &pod.revision, pod.owner)
                    && revisions.get(&pod.revision).is_none_or(|revision| self.is_of_present(revision))
            }
            Some((kind @ (WorkloadKind::StatefulSet | WorkloadKind::DaemonSet), name)) => {
                self.may_be(Kind::Workload(*kind), name, pod.owner)
            }
        }
    }
}
