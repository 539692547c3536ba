//! Kubernetes: connections, watches, probes, and what is read off the objects.

mod connect;
mod narrow;
mod objects;
mod probe;
mod project;
mod supervise;
mod watch;

pub use connect::{ConnectError, Kubeconfig};
pub use supervise::supervise;
