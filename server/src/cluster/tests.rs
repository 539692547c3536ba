//! Objects as they are read, and watches against a server that fails.

mod around;
mod fake;
mod faults;
mod mapping;
mod proof;
mod scene;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::objects;
use super::objects::around as surroundings;
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
        "ResourceQuota" => read::<surroundings::ResourceQuota>(manifest),
        "LimitRange" => read::<surroundings::LimitRange>(manifest),
        "PodDisruptionBudget" => read::<surroundings::PodDisruptionBudget>(manifest),
        "PersistentVolumeClaim" => read::<surroundings::PersistentVolumeClaim>(manifest),
        "CronJob" => read::<surroundings::CronJob>(manifest),
        "Job" => read::<surroundings::Job>(manifest),
        "Secret" => read::<surroundings::Secret>(manifest),
        "Certificate" => read::<surroundings::Certificate>(manifest),
        "GitRepository" => read::<surroundings::GitRepository>(manifest),
        "Kustomization" => read::<surroundings::Kustomization>(manifest),
        "HelmRelease" => read::<surroundings::HelmRelease>(manifest),
        "Cluster" => read::<surroundings::PostgresCluster>(manifest),
        other => panic!("{other} is not watched"),
    }
}
