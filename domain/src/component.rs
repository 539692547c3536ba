//! A declared component against what runs: one assessment that every page shows a part of.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::drift;
use crate::facts::{AutoscalerFacts, ConfigMapFacts, WorkloadFacts};
use crate::freshness::Freshness;
use crate::health;
use crate::image::ImageReference;
use crate::name::ComponentId;
use crate::registry;
use crate::view::{Cell, Finding, PodRow, State, Status};

/// Everything that is known about one component.
#[derive(Debug, Clone, Copy)]
pub struct ComponentFacts<'a> {
    /// Which.
    pub id: &'a ComponentId,
    /// What was declared of it.
    pub declared: &'a registry::Component,
    /// What was declared of its environment.
    pub environment: &'a registry::Environment,
    /// The workload; `None` when it does not exist.
    pub workload: Option<&'a WorkloadFacts>,
    /// The autoscaler that targets it, if any.
    pub autoscaler: Option<&'a AutoscalerFacts>,
    /// Its pods, of all revisions.
    pub pods: &'a [&'a PodRow],
    /// The ConfigMaps of its environment that the registry names, by name; one that is missing does not exist.
    pub config_maps: &'a BTreeMap<Arc<str>, ConfigMapFacts>,
    /// When its newest revision was made, seconds since 1970; 0 when not known.
    pub changed: i64,
    /// How old all this is.
    pub freshness: Freshness,
    /// Seconds since 1970.
    pub now: i64,
}

/// What is to be said of a component.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Its cell on the wall.
    pub cell: Cell,
    /// What is wrong with it, worst first.
    pub findings: Vec<Finding>,
    /// What was declared: name, actual, expected, whether they agree.
    pub expectations: Vec<(Arc<str>, Arc<str>, Arc<str>, bool)>,
}

/// Says how a component is, what differs from what was declared, and what is wrong.
pub fn assess(facts: &ComponentFacts<'_>) -> Assessment {
    let status = match (facts.freshness, facts.workload) {
        (Freshness::Never, _) => Status::new(State::Unknown, "Unknown", "The cluster was never reached."),
        (_, None) => Status::new(State::Failed, "Missing", "It is declared and does not exist."),
        (_, Some(workload)) => health::workload(workload, facts.pods.iter().copied(), facts.now),
    };
    let image = facts.workload.and_then(|workload| workload.container.as_ref());
    let cell = Cell {
        id: facts.id.clone(),
        role: facts.declared.role,
        status,
        ready: facts.workload.map_or(0, |workload| workload.ready),
        wanted: facts.workload.map(|workload| workload.wanted),
        range: facts.autoscaler.map(|autoscaler| (autoscaler.min, autoscaler.max)),
        tag: image.map_or("", |container| ImageReference::parse(&container.image).tag).into(),
        digest: facts
            .pods
            .iter()
            .find(|pod| !pod.digest.is_empty())
            .map_or_else(|| "".into(), |pod| pod.digest.clone()),
        restarts: facts.pods.iter().map(|pod| pod.restarts).sum(),
        changed: facts.changed,
        chips: drift::chips(facts),
    };
    Assessment { cell, findings: Vec::new(), expectations: Vec::new() }
}
