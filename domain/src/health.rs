//! How a pod, a workload or an autoscaler is, and why: one pure function per kind.

mod autoscaler;
mod pod;
mod word;
mod workload;

pub use autoscaler::autoscaler;
pub use pod::{pod, with_known_cause};
pub use word::Word;
pub use workload::workload;

pub(crate) use autoscaler::{Trouble, trouble};
pub(crate) use word::exit_code_in;
pub(crate) use workload::is_mixed;
