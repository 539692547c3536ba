//! What containers ask for, and what a namespace lets in.

use std::sync::Arc;

use crate::quantity::Quantity;

/// What a container asks for and may use at most, by resource: `cpu`, `memory`, `nvidia.com/gpu`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resources {
    /// `requests`.
    pub requests: Vec<(Arc<str>, Quantity)>,
    /// `limits`.
    pub limits: Vec<(Arc<str>, Quantity)>,
}

/// An init container of the template.
#[derive(Debug, Clone, PartialEq)]
pub struct InitContainer {
    /// Its name.
    pub name: Arc<str>,
    /// `resources`.
    pub resources: Resources,
    /// Whether it is a sidecar (`restartPolicy: Always`): it goes on while the pod runs.
    pub sidecar: bool,
}

/// A ResourceQuota.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// Its name.
    pub name: Arc<str>,
    /// What it bounds: `limits.cpu`, with what is used and the most.
    pub bounds: Vec<(Arc<str>, Quantity, Quantity)>,
    /// Whether it is for some pods only (`scopes`, `scopeSelector`): then it is not known whether it holds for these.
    pub scoped: bool,
}

/// One item of a LimitRange.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LimitRange {
    /// The name of the LimitRange.
    pub name: Arc<str>,
    /// What each bound is for.
    pub per: Per,
    /// `defaultRequest`, by resource: `cpu`, `memory`. Only containers get defaults.
    pub default_request: Vec<(Arc<str>, Quantity)>,
    /// `default`: the limit, by resource.
    pub default_limit: Vec<(Arc<str>, Quantity)>,
    /// `max`, by resource.
    pub most: Vec<(Arc<str>, Quantity)>,
    /// `min`, by resource.
    pub least: Vec<(Arc<str>, Quantity)>,
    /// `maxLimitRequestRatio`: how many times its request a limit may be, by resource.
    pub ratio: Vec<(Arc<str>, Quantity)>,
}

/// What an item of a LimitRange is for (`type`). Those for claims bound no pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Per {
    /// Each container, init containers too.
    #[default]
    Container,
    /// All containers of a pod together.
    Pod,
}
