//! Each cell of the matrices of the systems' documents, against the registry of the demo: what is, is compared.

#![expect(clippy::unwrap_used, reason = "what a test relies on may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use domain::component::{Assessment, ComponentFacts, Unreadable, assess};
use domain::drift::{self, Actual, Expected, Item, Neighbour, Place, Surroundings};
use domain::facts::around::{Around, AroundKind, BudgetFacts, Unseen};
use domain::facts::{
    AutoscalerFacts, Behavior, ConfigMapFacts, Measure, MetricFacts, ScalingRules, TemplateContainer, TemplateFacts,
    Update, WorkloadFacts,
};
use domain::finding;
use domain::freshness::Freshness;
use domain::guard::facts::{LimitRange, Quota};
use domain::name::EnvironmentId;
use domain::quantity::Quantity;
use domain::registry::{Component, DisruptionBudget, Environment, Registry, Replicas};
use domain::view::FindingKind;
use server::registry;

const NOW: i64 = 1_800_000_000;

/// Environment, component or object, item, what the documents say, what it is changed into, and what is then said.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const MATRIX: &[Case] = &[
    ("fleet-management/development", "fleet-app", "replicas", "1", "3", "fleet-app has 3 replicas, expected 1"),
    ("fleet-management/development", "fleet-app", "HPA", "none", "1–4", "fleet-app has an HPA that was not declared"),
    ("fleet-management/staging", "fleet-app", "HPA", "2–10", "2–5", "The HPA of fleet-app is 2–5, expected 2–10"),
    ("fleet-management/production", "fleet-app", "HPA", "3–20", "2–20", "The HPA of fleet-app is 2–20, expected 3–20"),
    ("fleet-management/staging", "fleet-app", "replicas", "2", "11", "fleet-app was scaled to 11, outside its HPA of 2–10"),
    ("fleet-management/staging", "fleet-app", "HPA CPU target", "70 %", "50 %", "fleet-app has HPA CPU target 50 %, expected 70 %"),
    ("fleet-management/production", "fleet-app", "replicas", "3", "21", "fleet-app was scaled to 21, outside its HPA of 3–20"),
    ("fleet-management/production", "fleet-app", "HPA CPU target", "70 %", "50 %", "fleet-app has HPA CPU target 50 %, expected 70 %"),
    ("fleet-management/development", "fleet-api", "replicas", "1", "2", "fleet-api has 2 replicas, expected 1"),
    ("fleet-management/development", "fleet-api", "HPA", "none", "1–4", "fleet-api has an HPA that was not declared"),
    ("fleet-management/staging", "fleet-api", "replicas", "1", "2", "fleet-api has 2 replicas, expected 1"),
    ("fleet-management/staging", "fleet-api", "HPA", "none", "1–4", "fleet-api has an HPA that was not declared"),
    ("fleet-management/production", "fleet-api", "replicas", "1", "2", "fleet-api has 2 replicas, expected 1"),
    ("fleet-management/production", "fleet-api", "HPA", "none", "1–4", "fleet-api has an HPA that was not declared"),
    ("fleet-management/development", "fleet-app", "CPU request", "250m", "100m", "fleet-app has CPU 100m–1000m, expected 250m–1000m"),
    ("fleet-management/development", "fleet-app", "CPU limit", "1000m", "3", "fleet-app has CPU 250m–3, expected 250m–1000m"),
    ("fleet-management/development", "fleet-app", "memory request", "256Mi", "128Mi", "fleet-app has memory 128Mi–1Gi, expected 256Mi–1Gi"),
    ("fleet-management/development", "fleet-app", "memory limit", "1Gi", "4Gi", "fleet-app has memory 256Mi–4Gi, expected 256Mi–1Gi"),
    ("fleet-management/staging", "fleet-app", "CPU request", "500m", "100m", "fleet-app has CPU 100m–2000m, expected 500m–2000m"),
    ("fleet-management/staging", "fleet-app", "CPU limit", "2000m", "3", "fleet-app has CPU 500m–3, expected 500m–2000m"),
    ("fleet-management/staging", "fleet-app", "memory request", "512Mi", "128Mi", "fleet-app has memory 128Mi–2Gi, expected 512Mi–2Gi"),
    ("fleet-management/staging", "fleet-app", "memory limit", "2Gi", "4Gi", "fleet-app has memory 512Mi–4Gi, expected 512Mi–2Gi"),
    ("fleet-management/production", "fleet-app", "CPU request", "500m", "100m", "fleet-app has CPU 100m–2000m, expected 500m–2000m"),
    ("fleet-management/production", "fleet-app", "CPU limit", "2000m", "3", "fleet-app has CPU 500m–3, expected 500m–2000m"),
    ("fleet-management/production", "fleet-app", "memory request", "512Mi", "128Mi", "fleet-app has memory 128Mi–2Gi, expected 512Mi–2Gi"),
    ("fleet-management/production", "fleet-app", "memory limit", "2Gi", "4Gi", "fleet-app has memory 512Mi–4Gi, expected 512Mi–2Gi"),
    ("fleet-management/development", "fleet-postgres", "replicas", "1", "2", "fleet-postgres has 2 replicas, expected 1"),
    ("fleet-management/development", "fleet-postgres", "HPA", "none", "1–4", "fleet-postgres has an HPA that was not declared"),
    ("fleet-management/development", "fleet-postgres", "CPU request", "100m", "50m", "fleet-postgres has CPU 50m–500m, expected 100m–500m"),
    ("fleet-management/development", "fleet-postgres", "CPU limit", "500m", "3", "fleet-postgres has CPU 100m–3, expected 100m–500m"),
    ("fleet-management/development", "fleet-postgres", "memory request", "128Mi", "64Mi", "fleet-postgres has memory 64Mi–512Mi, expected 128Mi–512Mi"),
    ("fleet-management/development", "fleet-postgres", "memory limit", "512Mi", "8Gi", "fleet-postgres has memory 128Mi–8Gi, expected 128Mi–512Mi"),
    ("fleet-management/development", "fleet-postgres", "storage", "10Gi", "1Gi", "fleet-postgres has storage 1Gi, expected 10Gi"),
    ("fleet-management/staging", "fleet-postgres", "replicas", "1", "2", "fleet-postgres has 2 replicas, expected 1"),
    ("fleet-management/staging", "fleet-postgres", "HPA", "none", "1–4", "fleet-postgres has an HPA that was not declared"),
    ("fleet-management/staging", "fleet-postgres", "CPU request", "200m", "50m", "fleet-postgres has CPU 50m–1000m, expected 200m–1000m"),
    ("fleet-management/staging", "fleet-postgres", "CPU limit", "1000m", "3", "fleet-postgres has CPU 200m–3, expected 200m–1000m"),
    ("fleet-management/staging", "fleet-postgres", "memory request", "256Mi", "64Mi", "fleet-postgres has memory 64Mi–1Gi, expected 256Mi–1Gi"),
    ("fleet-management/staging", "fleet-postgres", "memory limit", "1Gi", "8Gi", "fleet-postgres has memory 256Mi–8Gi, expected 256Mi–1Gi"),
    ("fleet-management/staging", "fleet-postgres", "storage", "20Gi", "1Gi", "fleet-postgres has storage 1Gi, expected 20Gi"),
    ("fleet-management/production", "fleet-postgres", "replicas", "1", "2", "fleet-postgres has 2 replicas, expected 1"),
    ("fleet-management/production", "fleet-postgres", "HPA", "none", "1–4", "fleet-postgres has an HPA that was not declared"),
    ("fleet-management/production", "fleet-postgres", "CPU request", "500m", "50m", "fleet-postgres has CPU 50m–2000m, expected 500m–2000m"),
    ("fleet-management/production", "fleet-postgres", "CPU limit", "2000m", "3", "fleet-postgres has CPU 500m–3, expected 500m–2000m"),
    ("fleet-management/production", "fleet-postgres", "memory request", "1Gi", "64Mi", "fleet-postgres has memory 64Mi–4Gi, expected 1Gi–4Gi"),
    ("fleet-management/production", "fleet-postgres", "memory limit", "4Gi", "8Gi", "fleet-postgres has memory 1Gi–8Gi, expected 1Gi–4Gi"),
    ("fleet-management/production", "fleet-postgres", "storage", "100Gi", "1Gi", "fleet-postgres has storage 1Gi, expected 100Gi"),
    ("fleet-management/development", "fleet-redis", "replicas", "1", "2", "fleet-redis has 2 replicas, expected 1"),
    ("fleet-management/development", "fleet-redis", "HPA", "none", "1–4", "fleet-redis has an HPA that was not declared"),
    ("fleet-management/development", "fleet-redis", "memory request", "128Mi", "64Mi", "fleet-redis has memory 64Mi–512Mi, expected 128Mi–512Mi"),
    ("fleet-management/development", "fleet-redis", "memory limit", "512Mi", "8Gi", "fleet-redis has memory 128Mi–8Gi, expected 128Mi–512Mi"),
    ("fleet-management/development", "fleet-redis", "storage", "5Gi", "1Gi", "fleet-redis has storage 1Gi, expected 5Gi"),
    ("fleet-management/staging", "fleet-redis", "replicas", "1", "2", "fleet-redis has 2 replicas, expected 1"),
    ("fleet-management/staging", "fleet-redis", "HPA", "none", "1–4", "fleet-redis has an HPA that was not declared"),
    ("fleet-management/staging", "fleet-redis", "memory request", "256Mi", "64Mi", "fleet-redis has memory 64Mi–1Gi, expected 256Mi–1Gi"),
    ("fleet-management/staging", "fleet-redis", "memory limit", "1Gi", "8Gi", "fleet-redis has memory 256Mi–8Gi, expected 256Mi–1Gi"),
    ("fleet-management/staging", "fleet-redis", "storage", "10Gi", "1Gi", "fleet-redis has storage 1Gi, expected 10Gi"),
    ("fleet-management/production", "fleet-redis", "replicas", "1", "2", "fleet-redis has 2 replicas, expected 1"),
    ("fleet-management/production", "fleet-redis", "HPA", "none", "1–4", "fleet-redis has an HPA that was not declared"),
    ("fleet-management/production", "fleet-redis", "memory request", "256Mi", "64Mi", "fleet-redis has memory 64Mi–1Gi, expected 256Mi–1Gi"),
    ("fleet-management/production", "fleet-redis", "memory limit", "1Gi", "8Gi", "fleet-redis has memory 256Mi–8Gi, expected 256Mi–1Gi"),
    ("fleet-management/production", "fleet-redis", "storage", "20Gi", "1Gi", "fleet-redis has storage 1Gi, expected 20Gi"),
    ("fleet-management/development", "fleet-config", "NODE_ENV", "development", "test", "NODE_ENV is test, expected development"),
    ("fleet-management/development", "fleet-config", "LOG_LEVEL", "debug", "warn", "LOG_LEVEL is warn, expected debug"),
    ("fleet-management/development", "fleet-config", "SSL_REQUIRED", "false", "true", "SSL_REQUIRED is true, expected false"),
    ("fleet-management/development", "fleet-config", "CORS_ORIGIN", "*", "https://example.com", "CORS_ORIGIN is https://example.com, expected *"),
    ("fleet-management/development", "fleet-config", "SESSION_TIMEOUT", "7200", "1800", "SESSION_TIMEOUT is 1800, expected 7200"),
    ("fleet-management/development", "fleet-config", "DEBUG_TOOLS", "true", "false", "DEBUG_TOOLS is false, expected true"),
    ("fleet-management/development", "fleet-config", "MOCK_DATA", "true", "false", "MOCK_DATA is false, expected true"),
    ("fleet-management/development", "fleet-config", "DB_NAME", "fleetdb_dev", "another", "DB_NAME is another, expected fleetdb_dev"),
    ("fleet-management/staging", "fleet-config", "NODE_ENV", "staging", "test", "NODE_ENV is test, expected staging"),
    ("fleet-management/staging", "fleet-config", "LOG_LEVEL", "info", "debug", "LOG_LEVEL is debug, expected info"),
    ("fleet-management/staging", "fleet-config", "SSL_REQUIRED", "true", "false", "SSL is off outside development: SSL_REQUIRED is false, expected true"),
    ("fleet-management/staging", "fleet-config", "CORS_ORIGIN", "https://fleet-staging.capitaltechalliance.com", "*", "CORS is * outside development: CORS_ORIGIN is *, expected https://fleet-staging.capitaltechalliance.com"),
    ("fleet-management/staging", "fleet-config", "SESSION_TIMEOUT", "1800", "7200", "SESSION_TIMEOUT is 7200, expected 1800"),
    ("fleet-management/staging", "fleet-config", "DEBUG_TOOLS", "false", "true", "DEBUG_TOOLS is true, expected false"),
    ("fleet-management/staging", "fleet-config", "MOCK_DATA", "false", "true", "MOCK_DATA is true, expected false"),
    ("fleet-management/staging", "fleet-config", "DB_NAME", "fleetdb_staging", "another", "DB_NAME is another, expected fleetdb_staging"),
    ("fleet-management/production", "fleet-config", "NODE_ENV", "production", "test", "NODE_ENV is test, expected production"),
    ("fleet-management/production", "fleet-config", "LOG_LEVEL", "info", "debug", "Debug is on in production: LOG_LEVEL is debug, expected info"),
    ("fleet-management/production", "fleet-config", "SSL_REQUIRED", "true", "false", "SSL is off outside development: SSL_REQUIRED is false, expected true"),
    ("fleet-management/production", "fleet-config", "CORS_ORIGIN", "https://fleet.capitaltechalliance.com", "*", "CORS is * outside development: CORS_ORIGIN is *, expected https://fleet.capitaltechalliance.com"),
    ("fleet-management/production", "fleet-config", "SESSION_TIMEOUT", "1800", "7200", "SESSION_TIMEOUT is 7200, expected 1800"),
    ("fleet-management/production", "fleet-config", "DEBUG_TOOLS", "false", "true", "Debug is on in production: DEBUG_TOOLS is true, expected false"),
    ("fleet-management/production", "fleet-config", "MOCK_DATA", "false", "true", "Mock data is on in production: MOCK_DATA is true, expected false"),
    ("fleet-management/production", "fleet-config", "DB_NAME", "fleetdb", "another", "DB_NAME is another, expected fleetdb"),
    ("fleet-management/development", "ResourceQuota", "requests.cpu", "4", "2", "The quota has requests.cpu 2, expected 4"),
    ("fleet-management/development", "ResourceQuota", "requests.memory", "8Gi", "2Gi", "The quota has requests.memory 2Gi, expected 8Gi"),
    ("fleet-management/development", "ResourceQuota", "limits.cpu", "8", "2", "The quota has limits.cpu 2, expected 8"),
    ("fleet-management/development", "ResourceQuota", "limits.memory", "16Gi", "2Gi", "The quota has limits.memory 2Gi, expected 16Gi"),
    ("super-todo/staging", "super-todo", "replicas", "1", "2", "super-todo has 2 replicas, expected 1"),
    ("super-todo/staging", "super-todo", "HPA", "none", "1–4", "super-todo has an HPA that was not declared"),
    ("super-todo/staging", "super-todo", "CPU limit", "none", "500m", "super-todo has CPU limit 500m, expected limit none"),
    ("super-todo/staging", "super-todo", "memory limit", "none", "1Gi", "super-todo has memory limit 1Gi, expected limit none"),
    ("super-todo/production", "super-todo", "HPA", "2–5", "2–3", "The HPA of super-todo is 2–3, expected 2–5"),
    ("super-todo/production", "super-todo", "replicas", "2", "6", "super-todo was scaled to 6, outside its HPA of 2–5"),
    ("super-todo/production", "super-todo", "HPA CPU target", "80 %", "none", "super-todo has HPA CPU target none, expected 80 %"),
    ("super-todo/production", "super-todo", "HPA memory target", "80 %", "none", "super-todo has HPA memory target none, expected 80 %"),
    ("super-todo/production", "super-todo", "HPA scale-down window", "300 s", "60 s", "super-todo has HPA scale-down window 60 s, expected 300 s"),
    ("super-todo/production", "super-todo", "CPU request", "250m", "100m", "super-todo has CPU 100m–1000m, expected 250m–1000m"),
    ("super-todo/production", "super-todo", "CPU limit", "1000m", "none", "super-todo has CPU 250m–none, expected 250m–1000m"),
    ("super-todo/production", "super-todo", "memory request", "256Mi", "128Mi", "super-todo has memory 128Mi–1Gi, expected 256Mi–1Gi"),
    ("super-todo/production", "super-todo", "memory limit", "1Gi", "2Gi", "super-todo has memory 256Mi–2Gi, expected 256Mi–1Gi"),
    ("super-todo/production", "super-todo", "PDB", "minAvailable 2", "minAvailable 1", "super-todo has PDB minAvailable 1, expected minAvailable 2"),
    ("super-todo/production", "postgres-production", "PDB", "minAvailable 2", "minAvailable 3", "postgres-production has PDB minAvailable 3, expected minAvailable 2"),
    ("super-todo/production", "redis-production", "PDB", "minAvailable 3", "none", "redis-production has PDB none, expected minAvailable 3"),
    ("super-todo/staging", "postgres-staging", "replicas", "1", "2", "postgres-staging has 2 replicas, expected 1"),
    ("super-todo/staging", "postgres-staging", "HPA", "none", "1–4", "postgres-staging has an HPA that was not declared"),
    ("super-todo/staging", "postgres-staging", "CPU request", "100m", "50m", "postgres-staging has CPU 50m–500m, expected 100m–500m"),
    ("super-todo/staging", "postgres-staging", "CPU limit", "500m", "3", "postgres-staging has CPU 100m–3, expected 100m–500m"),
    ("super-todo/staging", "postgres-staging", "memory request", "256Mi", "64Mi", "postgres-staging has memory 64Mi–512Mi, expected 256Mi–512Mi"),
    ("super-todo/staging", "postgres-staging", "memory limit", "512Mi", "8Gi", "postgres-staging has memory 256Mi–8Gi, expected 256Mi–512Mi"),
    ("super-todo/staging", "postgres-staging", "storage", "5Gi", "1Gi", "postgres-staging has storage 1Gi, expected 5Gi"),
    ("super-todo/staging", "redis-staging", "replicas", "1", "2", "redis-staging has 2 replicas, expected 1"),
    ("super-todo/staging", "redis-staging", "HPA", "none", "1–4", "redis-staging has an HPA that was not declared"),
    ("super-todo/staging", "redis-staging", "CPU request", "50m", "10m", "redis-staging has CPU 10m–200m, expected 50m–200m"),
    ("super-todo/staging", "redis-staging", "CPU limit", "200m", "3", "redis-staging has CPU 50m–3, expected 50m–200m"),
    ("super-todo/staging", "redis-staging", "memory request", "64Mi", "32Mi", "redis-staging has memory 32Mi–256Mi, expected 64Mi–256Mi"),
    ("super-todo/staging", "redis-staging", "memory limit", "256Mi", "8Gi", "redis-staging has memory 64Mi–8Gi, expected 64Mi–256Mi"),
    ("super-todo/staging", "redis-staging", "storage", "2Gi", "1Gi", "redis-staging has storage 1Gi, expected 2Gi"),
    ("super-todo/production", "postgres-production", "replicas", "3", "4", "postgres-production has 4 replicas, expected 3"),
    ("super-todo/production", "postgres-production", "HPA", "none", "1–4", "postgres-production has an HPA that was not declared"),
    ("super-todo/production", "postgres-production", "CPU request", "500m", "50m", "postgres-production has CPU 50m–2000m, expected 500m–2000m"),
    ("super-todo/production", "postgres-production", "CPU limit", "2000m", "3", "postgres-production has CPU 500m–3, expected 500m–2000m"),
    ("super-todo/production", "postgres-production", "memory request", "1Gi", "64Mi", "postgres-production has memory 64Mi–2Gi, expected 1Gi–2Gi"),
    ("super-todo/production", "postgres-production", "memory limit", "2Gi", "8Gi", "postgres-production has memory 1Gi–8Gi, expected 1Gi–2Gi"),
    ("super-todo/production", "postgres-production", "storage", "50Gi", "1Gi", "postgres-production has storage 1Gi, expected 50Gi"),
    ("super-todo/production", "redis-production", "replicas", "6", "7", "redis-production has 7 replicas, expected 6"),
    ("super-todo/production", "redis-production", "HPA", "none", "1–4", "redis-production has an HPA that was not declared"),
    ("super-todo/production", "redis-production", "CPU request", "200m", "50m", "redis-production has CPU 50m–1000m, expected 200m–1000m"),
    ("super-todo/production", "redis-production", "CPU limit", "1000m", "3", "redis-production has CPU 200m–3, expected 200m–1000m"),
    ("super-todo/production", "redis-production", "memory request", "256Mi", "64Mi", "redis-production has memory 64Mi–1Gi, expected 256Mi–1Gi"),
    ("super-todo/production", "redis-production", "memory limit", "1Gi", "8Gi", "redis-production has memory 256Mi–8Gi, expected 256Mi–1Gi"),
    ("super-todo/production", "redis-production", "storage", "20Gi", "1Gi", "redis-production has storage 1Gi, expected 20Gi"),
    ("super-todo/staging", "super-todo-config", "NODE_ENV", "staging", "production", "NODE_ENV is production, expected staging"),
    ("super-todo/staging", "super-todo-config", "LOG_LEVEL", "debug", "info", "LOG_LEVEL is info, expected debug"),
    ("super-todo/production", "super-todo-config", "NODE_ENV", "production", "staging", "NODE_ENV is staging, expected production"),
    ("super-todo/production", "super-todo-config", "LOG_LEVEL", "warn", "debug", "Debug is on in production: LOG_LEVEL is debug, expected warn"),
    ("super-todo/staging", "ResourceQuota", "requests.cpu", "4", "8", "The quota has requests.cpu 8, expected 4"),
    ("super-todo/staging", "ResourceQuota", "requests.memory", "8Gi", "none", "The quota has requests.memory none, expected 8Gi"),
    ("super-todo/production", "ResourceQuota", "requests.cpu", "10", "20", "The quota has requests.cpu 20, expected 10"),
    ("super-todo/production", "ResourceQuota", "requests.memory", "20Gi", "10Gi", "The quota has requests.memory 10Gi, expected 20Gi"),
    ("super-todo/staging", "LimitRange", "defaultRequest cpu", "100m", "50m", "The LimitRange has defaultRequest cpu 50m, expected 100m"),
    ("super-todo/staging", "LimitRange", "defaultRequest memory", "128Mi", "none", "The LimitRange has defaultRequest memory none, expected 128Mi"),
    ("super-todo/production", "LimitRange", "default cpu", "500m", "1", "The LimitRange has default cpu 1, expected 500m"),
    ("super-todo/production", "LimitRange", "defaultRequest cpu", "100m", "none", "The LimitRange has defaultRequest cpu none, expected 100m"),
    ("super-todo/production", "LimitRange", "defaultRequest memory", "128Mi", "1Gi", "The LimitRange has defaultRequest memory 1Gi, expected 128Mi"),
    ("super-todo/production", "LimitRange", "default memory", "512Mi", "none", "The LimitRange has default memory none, expected 512Mi"),
];

fn demo() -> Registry {
    registry::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/demo.yaml"))).unwrap()
}

/// A namespace in which everything is as it was declared.
struct World {
    id: EnvironmentId,
    declared: Environment,
    workloads: Vec<(WorkloadFacts, Option<AutoscalerFacts>)>,
    config_maps: BTreeMap<Arc<str>, ConfigMapFacts>,
    around: Around,
    freshness: Freshness,
}

fn as_declared(registry: &Registry, id: &str) -> World {
    let id: EnvironmentId = id.parse().unwrap();
    let (_, declared) = registry.environment(&id).unwrap();
    let declared = declared.clone();
    let config_maps = declared.config.iter().map(|config| {
        let values = config.expect.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into()));
        (
            config.config_map.shared(),
            ConfigMapFacts { values: values.collect(), changed: NOW - 86_400, changed_by: None },
        )
    });
    let mut around = Around::default();
    if let Some(quota) = &declared.quota {
        let bounds = [
            ("requests.cpu", &quota.requests.cpu),
            ("requests.memory", &quota.requests.memory),
            ("limits.cpu", &quota.limits.cpu),
            ("limits.memory", &quota.limits.memory),
        ];
        let bounds = bounds.into_iter().filter_map(|(name, most)| Some((name.into(), amount("0"), most.clone()?)));
        let quota = Quota { name: "quota".into(), bounds: bounds.collect(), scoped: false };
        around.quotas.insert("quota".into(), quota);
    }
    if let Some(range) = &declared.limit_range {
        let amounts = |amounts: &domain::registry::Amounts| {
            let named = [("cpu", &amounts.cpu), ("memory", &amounts.memory)];
            named.into_iter().filter_map(|(name, amount)| Some((name.into(), amount.clone()?))).collect()
        };
        let range = LimitRange {
            name: "limits".into(),
            default_limit: amounts(&range.default),
            default_request: amounts(&range.default_request),
            ..LimitRange::default()
        };
        around.limit_ranges.insert("limits".into(), vec![range]);
    }
    for component in &declared.components {
        let Some(budget) = &component.disruption_budget else { continue };
        let (least, most): (Option<Arc<str>>, Option<Arc<str>>) = match budget {
            DisruptionBudget::MinAvailable(count) => (Some(count.to_string().into()), None),
            DisruptionBudget::MaxUnavailable(count) => (None, Some(count.to_string().into())),
        };
        let budget = BudgetFacts {
            min_available: least,
            max_unavailable: most,
            labels: labels(component),
            allowed: 1,
            ..BudgetFacts::default()
        };
        around.budgets.insert(component.name.shared(), budget);
    }
    World {
        workloads: declared.components.iter().map(workload).collect(),
        config_maps: config_maps.collect(),
        id,
        declared,
        around,
        freshness: Freshness::Live(NOW * 1000),
    }
}

fn amount(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn labels(component: &Component) -> BTreeMap<Arc<str>, Arc<str>> {
    [("app".into(), component.name.shared())].into()
}

fn workload(component: &Component) -> (WorkloadFacts, Option<AutoscalerFacts>) {
    let (wanted, autoscaler) = match component.replicas {
        None => (0, None),
        Some(Replicas::Exactly(count)) => (count, None),
        Some(Replicas::Autoscaled(range)) => {
            let targets = Targets { cpu: range.cpu, memory: range.memory, window: range.scale_down_seconds };
            (range.min, Some(autoscaler(range.min, range.max, targets)))
        }
    };
    let resources = component.resources.as_ref();
    let cpu = resources.and_then(|resources| resources.cpu.clone());
    let memory = resources.and_then(|resources| resources.memory.clone());
    let facts = WorkloadFacts {
        kind: component.kind,
        generation: 1,
        observed_generation: 1,
        wanted,
        existing: wanted,
        updated: wanted,
        ready: wanted,
        available: wanted,
        paused: false,
        update: Update::All,
        conditions: Vec::new(),
        container: Some(TemplateContainer {
            name: "main".into(),
            image: format!("{}:v1.0.0", component.image.as_deref().unwrap()).into(),
            cpu_request: cpu.as_ref().and_then(|bounds| bounds.request.clone()),
            cpu_limit: cpu.and_then(|bounds| bounds.limit),
            memory_request: memory.as_ref().and_then(|bounds| bounds.request.clone()),
            memory_limit: memory.and_then(|bounds| bounds.limit),
            storage: component.storage.clone(),
        }),
        template: TemplateFacts::default(),
        config_maps: Vec::new(),
        labels: labels(component),
    };
    (facts, autoscaler)
}

/// What an HPA is told to keep to.
#[derive(Clone, Copy, Default)]
struct Targets {
    cpu: Option<u32>,
    memory: Option<u32>,
    window: Option<u32>,
}

fn autoscaler(min: u32, max: u32, targets: Targets) -> AutoscalerFacts {
    let metrics = [("CPU", targets.cpu), ("Memory", targets.memory)].into_iter().filter_map(|(name, percent)| {
        let target = Measure::Utilization(percent?);
        Some(MetricFacts { name: name.into(), at_pods: true, target, current: None })
    });
    let down = ScalingRules { window: targets.window, ..ScalingRules::default() };
    AutoscalerFacts {
        min,
        max,
        current: min,
        desired: min,
        metrics: metrics.collect(),
        behavior: targets.window.map(|_| Behavior { down, ..Behavior::default() }),
        ..AutoscalerFacts::default()
    }
}

fn targets(facts: &AutoscalerFacts) -> Targets {
    let window = facts.behavior.as_ref().and_then(|behavior| behavior.down.window);
    Targets { cpu: facts.wanted_utilization("CPU"), memory: facts.wanted_utilization("Memory"), window }
}

impl World {
    fn surroundings<T>(&self, ask: impl FnOnce(&Surroundings<'_>) -> T) -> T {
        let workloads = self.declared.components.iter().zip(&self.workloads).map(|(component, (facts, autoscaler))| {
            let name = component.name.as_str();
            Neighbour { kind: component.kind, name, facts, autoscaler: autoscaler.as_ref() }
        });
        let workloads: Vec<Neighbour<'_>> = workloads.collect();
        let (id, declared, around) = (&self.id, &self.declared, &self.around);
        ask(&Surroundings { id, declared, around, workloads: &workloads, freshness: self.freshness })
    }

    fn assessments(&self) -> Vec<Assessment> {
        let each = self.declared.components.iter().zip(&self.workloads).map(|(component, (facts, autoscaler))| {
            assess(&ComponentFacts {
                id: &component.id(&self.id),
                declared: component,
                environment: &self.declared,
                workload: Some(facts),
                autoscaler: autoscaler.as_ref(),
                pods: &[],
                clues: Default::default(),
                nodes: &BTreeMap::new(),
                config_maps: &self.config_maps,
                unreadable: Unreadable::default(),
                changed: NOW - 86_400,
                freshness: self.freshness,
                now: NOW,
            })
        });
        each.collect()
    }

    fn items(&self) -> Vec<Item> {
        let mut items: Vec<Item> = self.assessments().into_iter().flat_map(|assessment| assessment.items).collect();
        items.extend(self.surroundings(|facts| drift::environment(facts).0));
        items
    }

    /// What differs: place and item.
    fn differing(&self) -> BTreeSet<(String, String)> {
        let differing = self.items().into_iter().filter(Item::differs);
        differing.map(|item| (called(&item.place), item.name.to_string())).collect()
    }

    /// What is said of differences.
    fn titles(&self) -> Vec<String> {
        let findings = finding::merged(&self.assessments()).into_iter().chain(self.surroundings(finding::surroundings));
        let differences = findings.filter(|finding| finding.kind == FindingKind::Difference);
        differences.map(|finding| finding.title.to_string()).collect()
    }

    fn change(&mut self, place: &str, name: &str, to: &str) {
        let value = (to != "none").then_some(to);
        match place {
            "ResourceQuota" => {
                let bounds = &mut self.around.quotas.get_mut("quota").unwrap().bounds;
                bounds.retain(|(resource, ..)| **resource != *name);
                bounds.extend(value.map(|value| (name.into(), amount("0"), amount(value))));
            }
            "LimitRange" => {
                let range = &mut self.around.limit_ranges.get_mut("limits").unwrap()[0];
                let (side, resource) = name.split_once(' ').unwrap();
                let amounts = match side {
                    "default" => &mut range.default_limit,
                    _ => &mut range.default_request,
                };
                amounts.retain(|(held, _)| **held != *resource);
                amounts.extend(value.map(|value| (resource.into(), amount(value))));
            }
            map if self.config_maps.contains_key(map) => {
                self.config_maps.get_mut(map).unwrap().values.insert(name.into(), to.into());
            }
            component => {
                let position = self.declared.components.iter().position(|known| known.name.as_str() == component);
                let (facts, autoscaler) = &mut self.workloads[position.unwrap()];
                let container = facts.container.as_mut().unwrap();
                let number = || value.map(|value| value.split(' ').next().unwrap().parse().unwrap());
                match name {
                    "replicas" => facts.wanted = to.parse().unwrap(),
                    "HPA" => {
                        let (min, max) = to.split_once('–').unwrap();
                        let targets = autoscaler.as_ref().map(targets).unwrap_or_default();
                        *autoscaler = Some(self::autoscaler(min.parse().unwrap(), max.parse().unwrap(), targets));
                    }
                    "HPA CPU target" | "HPA memory target" | "HPA scale-down window" => {
                        let held = autoscaler.as_mut().unwrap();
                        let mut targets = targets(held);
                        match name {
                            "HPA CPU target" => targets.cpu = number(),
                            "HPA memory target" => targets.memory = number(),
                            _ => targets.window = number(),
                        }
                        *held = self::autoscaler(held.min, held.max, targets);
                    }
                    "CPU request" => container.cpu_request = value.map(amount),
                    "CPU limit" => container.cpu_limit = value.map(amount),
                    "memory request" => container.memory_request = value.map(amount),
                    "memory limit" => container.memory_limit = value.map(amount),
                    "storage" => container.storage = value.map(amount),
                    "PDB" => match value.and_then(|value| value.strip_prefix("minAvailable ")) {
                        Some(least) => {
                            self.around.budgets.get_mut(component).unwrap().min_available = Some(least.into());
                        }
                        None => drop(self.around.budgets.remove(component)),
                    },
                    other => panic!("nothing changes {other}"),
                }
            }
        }
    }
}

fn called(place: &Place) -> String {
    match place {
        Place::Component { name, .. } | Place::ConfigMap(name) => name.to_string(),
        Place::Quota => "ResourceQuota".to_owned(),
        Place::LimitRange => "LimitRange".to_owned(),
    }
}

#[test]
fn each_cell_of_the_documents_is_declared_compared_and_said() {
    let registry = demo();
    for &(id, place, name, is, to, title) in MATRIX {
        let mut world = as_declared(&registry, id);
        let case = format!("{id} {place} {name}");
        // As the documents say, and nothing else is said of it.
        assert_eq!((world.differing(), world.titles()), (BTreeSet::new(), Vec::new()), "{case}");
        let items = world.items();
        let item = items.iter().find(|item| called(&item.place) == place && *item.name == *name);
        let item = item.unwrap_or_else(|| panic!("{case} is not compared"));
        let Actual::Is(value) = &item.actual else { panic!("{case} is not known: {item:?}") };
        assert_eq!(value.to_string(), is, "{case}: the documents say so");
        assert!(matches!(item.expected, Expected::Declared { agrees: true, .. }), "{case} is not declared: {item:?}");
        // Another than that, and exactly this is said.
        world.change(place, name, to);
        assert_eq!(world.differing(), [(place.to_owned(), name.to_owned())].into(), "{case}");
        assert_eq!(world.titles(), [title], "{case}");
        // What is not seen is no difference.
        world.freshness = Freshness::Stale(NOW * 1000);
        assert_eq!(world.differing(), BTreeSet::new(), "{case}");
        assert!(world.titles().iter().all(|title| title.starts_with("Last seen: ")), "{case}");
    }
}

/// Whoever adds something to the registry of these two systems adds it above.
#[test]
fn nothing_that_is_declared_is_left_out_of_the_matrix() {
    let registry = demo();
    let ids = ["development", "staging", "production"].map(|id| format!("fleet-management/{id}"));
    for id in ids.into_iter().chain(["super-todo/staging".to_owned(), "super-todo/production".to_owned()]) {
        let world = as_declared(&registry, &id);
        for item in world.items() {
            let is_declared = matches!(item.expected, Expected::Declared { .. });
            // Where images come from is no cell of the documents; it has its tests in `domain::drift`.
            let named = (called(&item.place), item.name.to_string());
            let is_there = MATRIX.iter().any(|case| case.0 == id && (case.1, case.2) == (&*named.0, &*named.1));
            assert!(!is_declared || is_there || named.1 == "image", "{id} {named:?}");
        }
    }
}

#[test]
fn what_may_not_be_read_is_unknown_and_no_difference() {
    let mut world = as_declared(&demo(), "super-todo/production");
    world.around = Around::default();
    assert!(!world.differing().is_empty());
    for kind in [AroundKind::Quota, AroundKind::LimitRange, AroundKind::Budget] {
        world.around.unseen.insert(kind, Unseen::Forbidden);
    }
    assert_eq!(world.differing(), BTreeSet::new());
    let items = world.items();
    let quota = items.iter().find(|item| &*item.name == "requests.cpu").unwrap();
    assert_eq!(quota.actual, Actual::Unknown("The account of Quarterdeck may not read it.".into()));
}

/// Traps 8 and 9, with the figures of the documents.
#[test]
fn super_todo_production_cannot_hold_what_it_promises() {
    let registry = demo();
    let mut world = as_declared(&registry, "super-todo/production");
    for (component, (facts, _)) in world.declared.components.iter().zip(&mut world.workloads) {
        let bounds = component.resources.as_ref().unwrap();
        let amounts = |side: fn(&domain::registry::Bounds) -> &Option<Quantity>| {
            [("cpu", bounds.cpu.as_ref()), ("memory", bounds.memory.as_ref())]
                .into_iter()
                .filter_map(|(name, bounds)| Some((name.into(), side(bounds?).clone()?)))
                .collect()
        };
        let resources = domain::guard::facts::Resources {
            requests: amounts(|bounds| &bounds.request),
            limits: amounts(|bounds| &bounds.limit),
        };
        facts.template.containers = vec![("main".into(), resources)];
    }
    let titles = |world: &World| -> Vec<String> {
        let findings = world.surroundings(finding::surroundings);
        findings.into_iter().map(|finding| finding.title.to_string()).collect()
    };
    let idle = "PDB 2 with HPA minimum 2: no disruption allowed when idle";
    assert_eq!(titles(&world), [idle]);
    // The same figures as a quota for limits.
    let bounds = &mut world.around.quotas.get_mut("quota").unwrap().bounds;
    bounds.push(("limits.cpu".into(), amount("14"), amount("10")));
    let quota = "The quota would not hold the HPA's maximum: limits 17 of 10 CPU";
    assert_eq!(titles(&world), [quota, idle]);
    let finding = world.surroundings(finding::surroundings).remove(0);
    assert_eq!(
        &*finding.evidence,
        "ResourceQuota quota bounds it, and at the maximum of every HPA it adds up: postgres-production 3 × 2, \
         redis-production 6 × 1, super-todo 5 × 1."
    );
}
