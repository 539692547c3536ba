//! Kubernetes: connections, watches, probes, what is read off the objects, and what is changed.

mod clients;
mod complaints;
mod connect;
mod execute;
mod gather;
mod limit;
mod narrow;
mod objects;
mod pod_events;
mod probe;
mod project;
mod read_only;
mod supervise;
mod template;
mod usage;
mod watch;

#[cfg(test)]
pub(crate) mod tests;

pub use clients::Clusters;
pub use connect::{ConnectError, Kubeconfig};
pub use execute::{MANAGER, Missed, OPERATION, Sent, Trace, Writer, trace};
pub use gather::{Gathered, How, OwnedPod, Subject, Whole, ask, gather, glance, pods_in, readers};
pub use pod_events::pod_events;
pub use supervise::supervise;
