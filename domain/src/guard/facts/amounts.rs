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

/// A LimitRange, what it says of containers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LimitRange {
    /// Its name.
    pub name: Arc<str>,
    /// `defaultRequest`, by resource: `cpu`, `memory`.
    pub default_request: Vec<(Arc<str>, Quantity)>,
    /// `default`: the limit, by resource.
    pub default_limit: Vec<(Arc<str>, Quantity)>,
    /// `max`, by resource.
    pub most: Vec<(Arc<str>, Quantity)>,
    /// `min`, by resource.
    pub least: Vec<(Arc<str>, Quantity)>,
}
