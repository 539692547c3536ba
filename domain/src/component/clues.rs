//! What explains how a component is, beyond what decides it: any of it may be missing.

use std::sync::Arc;

use crate::facts::PodFacts;
use crate::view::PodRow;

/// All that explains a component.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clues<'a> {
    /// Its pods, with what their rows do not say.
    pub pods: &'a [PodClue<'a>],
    /// What probes of its pods said when they failed, newest first.
    pub probes: &'a [ProbeFailure],
    /// The last lines of a container of it that ends again and again.
    pub lines: Option<&'a LastLines>,
}

/// A pod, with what its row does not say.
#[derive(Debug, Clone, Copy)]
pub struct PodClue<'a> {
    /// Its row.
    pub row: &'a PodRow,
    /// What it was judged by; `None` of one that is ready.
    pub facts: Option<&'a PodFacts>,
    /// How often it was started again of late.
    pub restarted: Restarted,
    /// What its containers use that may use only so much, by name; empty when that is not known.
    pub usage: &'a [(Arc<str>, Usage)],
}

/// How often containers of a pod were started again within the last hour, as far as is known: never fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restarted {
    /// How often.
    pub times: u32,
    /// When the first of them was, seconds since 1970; 0 when there was none.
    pub since: i64,
}

/// What a container uses, by `metrics.k8s.io`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// CPU, thousandths of a core.
    pub cpu_m: u32,
    /// Memory, MiB.
    pub memory_mib: u32,
}

/// A probe of a pod that failed: the event `Unhealthy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeFailure {
    /// The pod.
    pub pod: Arc<str>,
    /// As the kubelet says it: `Readiness probe failed: HTTP probe failed with statuscode: 500`.
    pub message: Arc<str>,
    /// When it failed last, seconds since 1970.
    pub last: i64,
}

/// The last lines that a container wrote before it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastLines {
    /// The pod, by `metadata.uid`.
    pub pod: u128,
    /// The container.
    pub container: Arc<str>,
    /// How often it had been started again by then.
    pub restarts: u32,
    /// The lines, oldest first: safe to show, and masked.
    pub lines: Vec<Arc<str>>,
}
