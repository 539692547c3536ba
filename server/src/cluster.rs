//! Kubernetes: connections, watches, probes, and what is read off the objects.

mod complaints;
mod connect;
mod limit;
mod narrow;
mod objects;
mod probe;
mod project;
mod supervise;
mod watch;

#[cfg(test)]
pub(crate) mod tests;

pub use connect::{ConnectError, Kubeconfig};
pub use supervise::supervise;
