//! A pod in a table, and the window of the table that is shown.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::listing::Keyed;
use crate::name::EnvironmentId;
use crate::view::Status;

/// A pod in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodRow {
    /// `metadata.uid`, the 128 bits of it.
    pub uid: u128,
    /// Its name.
    pub name: Arc<str>,
    /// The environment whose namespace it is in.
    pub environment: EnvironmentId,
    /// Name of the declared component it belongs to; empty when it belongs to none.
    pub component: Arc<str>,
    /// The node it runs on; empty until it has one.
    pub node: Arc<str>,
    /// How it is.
    pub status: Status,
    /// Containers that are ready.
    pub ready: u16,
    /// Containers there are, init containers not counted.
    pub containers: u16,
    /// Restarts of all containers together.
    pub restarts: u32,
    /// When it was created.
    pub created: i64,
    /// When its last container restarted, 0 if none did.
    pub restarted: i64,
    /// Tag of the main container's image; empty when it is named by digest alone.
    pub tag: Arc<str>,
    /// First seven characters of the digest that runs; empty until it is known.
    pub digest: Arc<str>,
}

/// What changed in a pod: `None` is as before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodPatch {
    node: Option<Arc<str>>,
    status: Option<Status>,
    ready: Option<(u16, u16)>,
    restarts: Option<(u32, i64)>,
    image: Option<(Arc<str>, Arc<str>)>,
    component: Option<Arc<str>>,
}

impl Keyed for PodRow {
    /// With its environment: a cluster restored from another's backup has the same uids.
    type Key = (EnvironmentId, u128);
    type Patch = PodPatch;

    fn key(&self) -> Self::Key {
        (self.environment.clone(), self.uid)
    }

    fn patch_to(&self, new: &Self) -> PodPatch {
        PodPatch {
            node: (self.node != new.node).then(|| new.node.clone()),
            status: (self.status != new.status).then(|| new.status.clone()),
            ready: ((self.ready, self.containers) != (new.ready, new.containers))
                .then_some((new.ready, new.containers)),
            restarts: ((self.restarts, self.restarted) != (new.restarts, new.restarted))
                .then_some((new.restarts, new.restarted)),
            image: (self.tag != new.tag || self.digest != new.digest).then(|| (new.tag.clone(), new.digest.clone())),
            component: (self.component != new.component).then(|| new.component.clone()),
        }
    }

    fn apply(&mut self, patch: PodPatch) {
        if let Some(node) = patch.node {
            self.node = node;
        }
        if let Some(status) = patch.status {
            self.status = status;
        }
        if let Some((ready, containers)) = patch.ready {
            (self.ready, self.containers) = (ready, containers);
        }
        if let Some((restarts, restarted)) = patch.restarts {
            (self.restarts, self.restarted) = (restarts, restarted);
        }
        if let Some((tag, digest)) = patch.image {
            (self.tag, self.digest) = (tag, digest);
        }
        if let Some(component) = patch.component {
            self.component = component;
        }
    }
}

/// The counts above the table of pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PodsHead {
    /// Pods in all registered namespaces.
    pub total: u32,
    /// Pods that the filter lets through.
    pub matching: u32,
    /// Of those, the ones that are Failed or Degraded.
    pub bad: u32,
    /// Index of the first row of the window.
    pub offset: u32,
}

/// The window of the table of pods that is shown.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PodsView {
    /// The counts.
    pub head: PodsHead,
    /// The rows of the window, in order.
    pub rows: Vec<PodRow>,
}
