//! The connections that operations use: one that only reads and one that writes, for each cluster.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::name::ClusterId;
use domain::registry::{Connect, Registry};
use kube::Client;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use super::connect::{ConnectError, Kubeconfig};
use super::execute::Writer;
use crate::mask::OwnMasks;

/// How long a connection is used before the kubeconfig is read again: tokens and certificates in it change.
const FRESH: Duration = Duration::from_secs(60);

/// All clusters of the registry.
pub struct Clusters {
    registry: watch::Receiver<Arc<Registry>>,
    kubeconfig: Kubeconfig,
    known: Mutex<HashMap<ClusterId, Known>>,
    masks: Mutex<Arc<OwnMasks>>,
}

#[derive(Clone)]
struct Known {
    connect: Connect,
    since: Instant,
    reader: Client,
    writer: Writer,
}

impl Clusters {
    /// Those of a registry, which may change, by a kubeconfig.
    pub fn new(registry: watch::Receiver<Arc<Registry>>, kubeconfig: Kubeconfig) -> Self {
        Self { registry, kubeconfig, known: Mutex::default(), masks: Mutex::default() }
    }

    /// The registry as it is now.
    pub fn registry(&self) -> Arc<Registry> {
        self.registry.borrow().clone()
    }

    /// What the registry as it is now masks in logs: the same until it says otherwise.
    pub fn masks(&self) -> Arc<OwnMasks> {
        let registry = self.registry();
        let mut masks = self.masks.lock();
        if masks.declared() != registry.masks {
            *masks = Arc::new(OwnMasks::new(&registry.masks).expect("checked when the registry was read"));
        }
        masks.clone()
    }

    /// A client that reads, and nothing else.
    pub async fn reader(&self, cluster: &ClusterId) -> Result<Client, ConnectError> {
        Ok(self.known(cluster).await?.reader)
    }

    /// The connection that writes, with a permit.
    pub async fn writer(&self, cluster: &ClusterId) -> Result<Writer, ConnectError> {
        Ok(self.known(cluster).await?.writer)
    }

    async fn known(&self, cluster: &ClusterId) -> Result<Known, ConnectError> {
        let registry = self.registry();
        let declared = registry.clusters.iter().find(|declared| declared.id == *cluster);
        let connect = declared
            .map(|declared| declared.connect.clone())
            .ok_or_else(|| ConnectError::Unusable(format!("the cluster {cluster} is not registered any more")))?;
        let known = self.known.lock().get(cluster).cloned();
        if let Some(known) = known.filter(|known| known.connect == connect && known.since.elapsed() < FRESH) {
            return Ok(known);
        }
        let reader = self.kubeconfig.reader(&connect).await?;
        let writer = self.kubeconfig.writer(&connect).await?;
        let known = Known { connect, since: Instant::now(), reader, writer };
        self.known.lock().insert(cluster.clone(), known.clone());
        Ok(known)
    }
}
