//! How a pod, a workload, an autoscaler or a node is, and why: one pure function per kind.

mod autoscaler;
mod node;
mod pod;
mod pull;
mod word;
mod workload;

pub use autoscaler::{Trouble, autoscaler};
pub use node::{is_node_down, is_node_of_note, pod_on_node};
pub use pod::{pod, ready_pod, with_known_cause};
pub use word::Word;
pub use workload::workload;

pub(crate) use autoscaler::{trouble, trouble_since};
pub(crate) use node::{down_condition, pressures, pressures_since};
pub(crate) use pull::PullCause;
pub(crate) use word::{exit_code_in, full_stop, with_message};
pub(crate) use workload::{is_mixed, known_ready};
