//! How a pod, a workload or an autoscaler is, and why: one pure function per kind.

mod autoscaler;
mod pod;
mod workload;

pub use autoscaler::autoscaler;
pub use pod::pod;
pub use workload::workload;
