//! One component's page.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::facts::Condition;
use crate::listing::Keyed;
use crate::view::{Cell, EnvironmentHead, EventRow, Finding, PodRow};

/// What was declared: its name, what is, what was expected, and whether the two agree.
pub type Expectation = (Arc<str>, Arc<str>, Arc<str>, bool);

/// What stands above the tabs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentHead {
    /// State, version, replicas.
    pub cell: Cell,
    /// What explains the state, and what differs, worst first.
    pub findings: Vec<Finding>,
    /// `replicas 3, expected 3–20`, `memory 512Mi–2Gi, expected 512Mi–2Gi`: name, actual, expected, whether they agree.
    pub expectations: Vec<Expectation>,
    /// Conditions of the workload.
    pub conditions: Vec<Condition>,
    /// The whole image of the template; empty when the workload does not exist.
    pub image: Arc<str>,
    /// Who applies it, where labels say so: `Flux HelmRelease production/super-todo`.
    pub managed_by: Arc<str>,
}

/// A revision: a ReplicaSet, or a ControllerRevision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionRow {
    /// Its number.
    pub number: i64,
    /// The object behind it.
    pub name: Arc<str>,
    /// Image of the main container, with tag.
    pub image: Arc<str>,
    /// The whole digest that most of its ready pods run (`imageID`), `sha256:…`; when it has none, what the last of them ran;
    /// empty when no pod of it was seen.
    pub digest: Arc<str>,
    /// How many digests its pods run: more than one when the tag moved between them.
    pub digests: u32,
    /// When it was created.
    pub created: i64,
    /// `kubernetes.io/change-cause`; empty when nobody said.
    pub cause: Arc<str>,
    /// Pods of it that run, and that are ready; `None` when pods cannot be read.
    pub pods: Option<(u32, u32)>,
    /// Whether it is the newest one.
    pub current: bool,
    /// Numbers of other revisions that ran the same digest, and no other.
    pub same_as: Vec<i64>,
}

/// What changes in a revision.
pub type RevisionPatch = (Option<(u32, u32)>, bool, Vec<i64>, Option<(Arc<str>, u32)>, Option<Arc<str>>);

impl Keyed for RevisionRow {
    /// Made again under its name, it is another one.
    type Key = (i64, Arc<str>, i64);
    type Patch = RevisionPatch;
    fn key(&self) -> Self::Key {
        (self.number, self.name.clone(), self.created)
    }
    fn patch_to(&self, new: &Self) -> RevisionPatch {
        (
            new.pods,
            new.current,
            new.same_as.clone(),
            ((&self.digest, self.digests) != (&new.digest, new.digests)).then(|| (new.digest.clone(), new.digests)),
            (self.cause != new.cause).then(|| new.cause.clone()),
        )
    }
    fn apply(&mut self, (pods, current, same_as, digest, cause): RevisionPatch) {
        (self.pods, self.current, self.same_as) = (pods, current, same_as);
        if let Some((digest, digests)) = digest {
            (self.digest, self.digests) = (digest, digests);
        }
        if let Some(cause) = cause {
            self.cause = cause;
        }
    }
}

/// The whole page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComponentView {
    /// The environment it is in.
    pub environment: EnvironmentHead,
    /// What stands above the tabs.
    pub head: ComponentHead,
    /// Its pods, worst first, then by name.
    pub pods: Vec<PodRow>,
    /// Its revisions, newest first.
    pub revisions: Vec<RevisionRow>,
    /// Events of the workload, its revisions and its pods, newest first, at most 50.
    pub events: Vec<EventRow>,
}
