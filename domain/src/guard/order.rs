//! What is sent when an operation is allowed, with the preconditions that the facts give.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::name::{ObjectName, WorkloadKind};
use crate::operation::{Operation, Target};

use super::facts::Facts;

/// What is sent to the API server. Its preconditions are the target's uid and generation; of a range the autoscaler's uid and its numbers, of
/// an eviction the pod's uid. It may be
/// stored and read again: without a [`super::Permit`] nobody sends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The annotation that replaces all pods.
    Restart,
    /// `spec.replicas`.
    Replicas {
        /// As it is.
        from: u32,
        /// As it will be.
        to: u32,
    },
    /// `spec.minReplicas` and `spec.maxReplicas` of an autoscaler.
    Range {
        /// Which.
        autoscaler: ObjectName,
        /// Its uid.
        uid: Arc<str>,
        /// As they are.
        from: (u32, u32),
        /// As they will be.
        to: (u32, u32),
    },
    /// `spec.template`, taken from a revision.
    Template {
        /// Its number.
        revision: i64,
        /// The ReplicaSet or ControllerRevision that holds it.
        holder: ObjectName,
        /// The uid of that.
        uid: Arc<str>,
    },
    /// An eviction.
    Evict {
        /// The pod.
        pod: ObjectName,
        /// Its uid.
        uid: Arc<str>,
    },
}

/// The order, or why it cannot be put together: a sentence without full stop.
pub(super) fn order(operation: &Operation, target: &Target, facts: &Facts) -> Result<Order, Arc<str>> {
    let workload = match facts.workload.value() {
        Some(Some(workload)) => workload,
        Some(None) => return Err(format!("there is no {} that anything could be sent to", target.name()).into()),
        None => return Err(format!("{} was not read, so nothing can be sent to it", target.name()).into()),
    };
    match operation {
        Operation::Restart => Ok(Order::Restart),
        Operation::Scale { .. } if target.kind() == WorkloadKind::DaemonSet => {
            Err("a DaemonSet has a pod on each node: it is not scaled".into())
        }
        Operation::Scale { replicas } => Ok(Order::Replicas { from: workload.wanted, to: *replicas }),
        Operation::ScaleRange { min, max } => match facts.autoscaler.value() {
            Some(Some(autoscaler)) => Ok(Order::Range {
                autoscaler: autoscaler.name.clone(),
                uid: autoscaler.uid.clone(),
                from: (autoscaler.min, autoscaler.max),
                to: (*min, *max),
            }),
            Some(None) => Err("no autoscaler scales it".into()),
            None => Err("its autoscaler was not read".into()),
        },
        Operation::RollBack { revision } => {
            let Some(revisions) = facts.revisions.value() else { return Err("its revisions were not read".into()) };
            match revisions.iter().find(|known| known.number == *revision) {
                Some(known) => {
                    Ok(Order::Template { revision: known.number, holder: known.name.clone(), uid: known.uid.clone() })
                }
                None => Err(format!("there is no revision {revision} any more").into()),
            }
        }
        Operation::RestartPod { pod } => {
            let Some(pods) = facts.pods.value() else { return Err("its pods were not read".into()) };
            match pods.iter().find(|known| known.name == *pod) {
                Some(_) if target.kind() != WorkloadKind::StatefulSet => {
                    Err("only a pod of a StatefulSet comes back under its name: restart the workload instead".into())
                }
                Some(known) => Ok(Order::Evict { pod: known.name.clone(), uid: known.uid.clone() }),
                None => Err(format!("there is no pod {pod} any more").into()),
            }
        }
    }
}
