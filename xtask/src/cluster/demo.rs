//! Placeholder until the manifests are there.
use super::Cluster;
pub async fn apply(_cluster: &Cluster) -> anyhow::Result<bool> { Ok(false) }
