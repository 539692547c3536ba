//! Objects as they are read, and watches against a server that fails.

mod fake;
mod faults;
mod mapping;
mod proof;
mod scene;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::objects::{self, around};
use super::project::{Project, observe};
use crate::rows::Observed;

/// A manifest as the rows get it; `None` when it is of no interest. Panics when it does not read.
pub fn observed(manifest: Value) -> Option<Observed> {
    read(manifest).unwrap()
}

/// A manifest of any kind that is watched.
fn read(manifest: Value) -> Result<Option<Observed>, serde_json::Error> {
    fn read<K: Project + DeserializeOwned>(manifest: Value) -> Result<Option<Observed>, serde_json::Error> {
        serde_json::from_str::<K>(&manifest.to_string()).map(observe)
    }
    match manifest["kind"].as_str().unwrap() {
        "Pod" => read::<objects::Pod>(manifest),
        "Deployment" => read::<objects::Deployment>(manifest),
        "StatefulSet" => read::<objects::StatefulSet>(manifest),
        "DaemonSet" => read::<objects::DaemonSet>(manifest),
        "ReplicaSet" => read::<objects::ReplicaSet>(manifest),
        "ControllerRevision" => read::<objects::ControllerRevision>(manifest),
        "HorizontalPodAutoscaler" => read::<objects::Autoscaler>(manifest),
        "ConfigMap" => read::<objects::ConfigMap>(manifest),
        "Event" => read::<objects::Event>(manifest),
        "Node" => read::<objects::Node>(manifest),
        "ResourceQuota" => read::<around::ResourceQuota>(manifest),
        "LimitRange" => read::<around::LimitRange>(manifest),
        "PodDisruptionBudget" => read::<around::PodDisruptionBudget>(manifest),
        "PersistentVolumeClaim" => read::<around::PersistentVolumeClaim>(manifest),
        "CronJob" => read::<around::CronJob>(manifest),
        "Job" => read::<around::Job>(manifest),
        "Secret" => read::<around::Secret>(manifest),
        "Certificate" => read::<around::Certificate>(manifest),
        "GitRepository" => read::<around::GitRepository>(manifest),
        "Kustomization" => read::<around::Kustomization>(manifest),
        "HelmRelease" => read::<around::HelmRelease>(manifest),
        "Cluster" => read::<around::PostgresCluster>(manifest),
        other => panic!("{other} is not watched"),
    }
}
