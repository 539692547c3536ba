//! One declared component and what runs of it, all as declared, to be spoiled by tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::clues::{Clues, LastLines, PodClue, ProbeFailure, Restarted, Usage};
use super::{Assessment, ComponentFacts, Unreadable, assess};
use crate::facts::{
    AutoscalerFacts, Condition, ConfigMapFacts, Measure, MetricFacts, NodeFacts, PodFacts, TemplateContainer,
    TemplateFacts, Update, WorkloadFacts,
};
use crate::freshness::Freshness;
use crate::name::{EnvironmentId, WorkloadKind};
use crate::registry::Environment;
use crate::view::{PodRow, State, Status};

/// Now, in every test.
pub(crate) const NOW: i64 = 1_800_000_000;

/// A component of an environment, its pods and its ConfigMap.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) environment: Environment,
    pub(crate) component: usize,
    pub(crate) workload: Option<WorkloadFacts>,
    pub(crate) autoscaler: Option<AutoscalerFacts>,
    pub(crate) pods: Vec<PodRow>,
    pub(crate) nodes: BTreeMap<Arc<str>, NodeFacts>,
    pub(crate) config_maps: BTreeMap<Arc<str>, ConfigMapFacts>,
    pub(crate) unreadable: Unreadable,
    pub(crate) changed: i64,
    pub(crate) clues: KnownClues,
    pub(crate) freshness: Freshness,
}

/// What explains how the component is, of its pods by their place.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownClues {
    pub(crate) facts: BTreeMap<usize, PodFacts>,
    pub(crate) restarted: BTreeMap<usize, Restarted>,
    pub(crate) usage: BTreeMap<usize, Vec<(Arc<str>, Usage)>>,
    pub(crate) probes: Vec<ProbeFailure>,
    pub(crate) lines: Option<LastLines>,
}

/// Fleet Management production, as product.md declares it.
pub(crate) fn production() -> Environment {
    serde_json::from_str(
        r#"{"id": "production", "cluster": "main", "namespace": "fleet-management", "tier": "production",
          "timeZone": "America/New_York", "zeroDowntime": true,
          "config": [{"configMap": "fleet-config", "expect": {"LOG_LEVEL": "info", "NODE_ENV": "production"}}],
          "components": [
            {"kind": "Deployment", "name": "fleet-app", "role": "app", "replicas": {"min": 3, "max": 20},
             "resources": {"cpu": {"request": "500m", "limit": "2000m"}, "memory": {"request": "512Mi", "limit": "2Gi"}},
             "image": "registry.test/fleet-app", "reads": ["fleet-config"]},
            {"kind": "Deployment", "name": "fleet-api", "role": "api", "replicas": 1,
             "image": "registry.test/fleet-api", "reads": ["fleet-config"]},
            {"kind": "StatefulSet", "name": "fleet-postgres", "role": "database", "replicas": 1, "storage": "100Gi"},
            {"kind": "StatefulSet", "name": "fleet-redis", "role": "cache", "replicas": 1, "storage": "20Gi"},
            {"kind": "Deployment", "name": "rag-indexer", "role": "worker", "replicas": 1}
          ]}"#,
    )
    .unwrap()
}

pub(crate) fn environment_id() -> EnvironmentId {
    "fleet-management/production".parse().unwrap()
}

pub(crate) fn pod(component: &str, number: usize, status: Status) -> PodRow {
    PodRow {
        uid: number as u128,
        name: format!("{component}-{number}").into(),
        environment: environment_id(),
        component: component.into(),
        node: "node-1".into(),
        ready: u16::from(status.state == State::Ready),
        status,
        containers: 1,
        restarts: 0,
        created: NOW - 86_400,
        restarted: 0,
        tag: "v1.4.0".into(),
        digest: "51c02ae".into(),
    }
}

pub(crate) fn ready() -> Status {
    Status::new(State::Ready, "Ready", "")
}

pub(crate) fn condition(kind: &str, status: bool, reason: &str) -> Condition {
    Condition { kind: kind.into(), status: Some(status), reason: reason.into(), message: "".into(), since: 0 }
}

/// A node as it should be.
pub(crate) fn node() -> NodeFacts {
    NodeFacts { conditions: vec![condition("Ready", true, "KubeletReady")], ..NodeFacts::default() }
}

/// A component of [`production`] with everything as declared.
pub(crate) fn world(name: &str) -> World {
    let environment = production();
    let component = environment.components.iter().position(|component| component.name.as_str() == name).unwrap();
    let count: u32 = if name == "fleet-app" { 3 } else { 1 };
    let declared = &environment.components[component];
    let bounds = declared.resources.clone();
    let cpu = bounds.as_ref().and_then(|resources| resources.cpu.clone());
    let memory = bounds.and_then(|resources| resources.memory);
    let image = declared.image.clone().unwrap_or_else(|| "postgres".to_owned());
    let workload = WorkloadFacts {
        kind: declared.kind,
        generation: 1,
        observed_generation: 1,
        wanted: count,
        existing: count,
        updated: count,
        ready: count,
        available: count,
        paused: false,
        update: Update::All,
        conditions: Vec::new(),
        container: Some(TemplateContainer {
            name: "main".into(),
            image: format!("{image}:v1.4.0").into(),
            cpu_request: cpu.as_ref().and_then(|bounds| bounds.request.clone()),
            cpu_limit: cpu.and_then(|bounds| bounds.limit),
            memory_request: memory.as_ref().and_then(|bounds| bounds.request.clone()),
            memory_limit: memory.and_then(|bounds| bounds.limit),
            storage: declared.storage.clone(),
        }),
        template: TemplateFacts::default(),
        config_maps: Vec::new(),
        labels: BTreeMap::new(),
    };
    let autoscaler = (name == "fleet-app").then(|| AutoscalerFacts {
        min: 3,
        max: 20,
        current: 3,
        desired: 3,
        metrics: vec![MetricFacts {
            name: "CPU".into(),
            at_pods: true,
            target: Measure::Utilization(70),
            current: Some(Measure::Utilization(38)),
        }],
        conditions: vec![condition("AbleToScale", true, ""), condition("ScalingActive", true, "")],
        ..AutoscalerFacts::default()
    });
    let held = ConfigMapFacts {
        values: [("LOG_LEVEL", "info"), ("NODE_ENV", "production")].map(|(k, v)| (k.into(), v.into())).into(),
        changed: NOW - 40 * 86_400,
        changed_by: Some("kubectl-edit".into()),
    };
    World {
        pods: (0..count as usize).map(|number| pod(name, number, ready())).collect(),
        nodes: [("node-1".into(), node())].into(),
        environment,
        component,
        workload: Some(workload),
        autoscaler,
        config_maps: [("fleet-config".into(), held)].into(),
        unreadable: Unreadable::default(),
        changed: NOW - 3 * 86_400,
        clues: KnownClues::default(),
        freshness: Freshness::Live(NOW * 1000),
    }
}

impl World {
    pub(crate) fn with<T>(&self, ask: impl FnOnce(&ComponentFacts<'_>) -> T) -> T {
        let declared = &self.environment.components[self.component];
        let pods: Vec<&PodRow> = self.pods.iter().collect();
        let known = self.pods.iter().enumerate().map(|(place, row)| PodClue {
            row,
            facts: self.clues.facts.get(&place),
            restarted: self.clues.restarted.get(&place).copied().unwrap_or_default(),
            usage: self.clues.usage.get(&place).map_or(&[], Vec::as_slice),
        });
        let known: Vec<PodClue<'_>> = known.collect();
        ask(&ComponentFacts {
            id: &declared.id(&environment_id()),
            declared,
            environment: &self.environment,
            workload: self.workload.as_ref(),
            autoscaler: self.autoscaler.as_ref(),
            pods: &pods,
            nodes: &self.nodes,
            config_maps: &self.config_maps,
            unreadable: self.unreadable,
            changed: self.changed,
            clues: Clues { pods: &known, probes: &self.clues.probes, lines: self.clues.lines.as_ref() },
            freshness: self.freshness,
            now: NOW,
        })
    }

    pub(crate) fn assess(&self) -> Assessment {
        self.with(assess)
    }

    pub(crate) fn workload(&mut self) -> &mut WorkloadFacts {
        self.workload.as_mut().unwrap()
    }

    pub(crate) fn container(&mut self) -> &mut TemplateContainer {
        self.workload().container.as_mut().unwrap()
    }

    pub(crate) fn config(&mut self) -> &mut ConfigMapFacts {
        self.config_maps.get_mut("fleet-config").unwrap()
    }

    /// What this component's only pods all are now.
    pub(crate) fn broken(mut self, word: &str, why: &str, restarts: u32) -> Self {
        (self.workload().ready, self.workload().available) = (0, 0);
        for pod in &mut self.pods {
            pod.status = Status::new(State::Failed, word, why);
            pod.restarts = restarts;
        }
        self
    }

    pub(crate) fn kind(&self) -> WorkloadKind {
        self.environment.components[self.component].kind
    }
}
