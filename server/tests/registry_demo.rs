//! The traps of the systems' documents, against the registry of the demo itself.

#![expect(clippy::unwrap_used, reason = "what a test relies on may panic")]

use std::path::Path;

use domain::name::{ClusterId, Namespace};
use domain::registry::{Environment, Registry, Replicas, System, Tier};
use server::registry;

fn demo() -> Registry {
    registry::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/demo.yaml"))).unwrap()
}

fn find<'r>(registry: &'r Registry, cluster: &str, namespace: &str) -> Option<(&'r System, &'r Environment)> {
    registry.at(&ClusterId::new(cluster).unwrap(), &Namespace::new(namespace).unwrap())
}

/// Trap 1: whatever it is called.
#[test]
fn the_tier_is_the_field_and_never_the_name() {
    let registry = demo();
    for (cluster, namespace, id, tier) in [
        ("main", "fleet-management", "fleet-management/production", Tier::Production),
        ("main", "fleet-management-staging", "fleet-management/staging", Tier::Staging),
        ("main", "fleet-management-dev", "fleet-management/development", Tier::Development),
        ("main", "ctafleet", "ctafleet/production", Tier::Production),
        ("main", "staging", "super-todo/staging", Tier::Staging),
        ("main", "production", "super-todo/production", Tier::Production),
        ("fleetops", "staging", "fleetops/staging", Tier::Staging),
        ("fleetops", "prod", "fleetops/production", Tier::Production),
    ] {
        let (system, environment) = find(&registry, cluster, namespace).unwrap();
        assert_eq!(system.environment_id(environment).to_string(), id);
        assert_eq!(environment.tier, tier, "{id}");
    }
    assert_eq!(registry.environments().count(), 8);
}

/// Trap 1: production answers at `app.staging`.
#[test]
fn the_host_app_staging_is_production() {
    let registry = demo();
    let at = |host: &str| {
        let mut found = registry.environments().filter(|(_, environment)| environment.host.as_deref() == Some(host));
        let (_, environment) = found.next().unwrap();
        assert!(found.next().is_none(), "{host} is registered twice");
        environment
    };
    assert_eq!(at("app.staging").tier, Tier::Production);
    assert_eq!(at("app.staging").namespace.as_str(), "production");
    assert_eq!(at("app.staging.local").tier, Tier::Staging);
}

/// Trap 1: two clusters have a namespace `staging`.
#[test]
fn the_same_namespace_of_another_cluster_is_another_environment() {
    let registry = demo();
    let (super_todo, _) = find(&registry, "main", "staging").unwrap();
    let (fleetops, _) = find(&registry, "fleetops", "staging").unwrap();
    assert_eq!((super_todo.id.as_str(), fleetops.id.as_str()), ("super-todo", "fleetops"));
    assert!(find(&registry, "fleetops", "production").is_none());
    assert!(find(&registry, "main", "prod").is_none());
}

/// Trap 2: `fleet-management-$ENV` names a namespace that does not exist. `None` is treated as production.
#[test]
fn a_composed_namespace_is_not_registered() {
    let registry = demo();
    for namespace in ["fleet-management-production", "fleet-management-prod", "fleet-management-development", "fleet"] {
        assert!(find(&registry, "main", namespace).is_none(), "{namespace}");
    }
}

/// Trap 10, the names: what Flux manages is registered under the names it really has.
#[test]
fn what_flux_deploys_is_found_in_the_namespaces_of_the_application() {
    let registry = demo();
    for (namespace, expected) in [
        ("staging", [("super-todo", "exactly 1"), ("postgres-staging", "exactly 1"), ("redis-staging", "exactly 1")]),
        (
            "production",
            [("super-todo", "2 to 5"), ("postgres-production", "exactly 3"), ("redis-production", "exactly 6")],
        ),
    ] {
        let (_, environment) = find(&registry, "main", namespace).unwrap();
        let components: Vec<_> = environment
            .components
            .iter()
            .map(|component| {
                let replicas = match component.replicas.unwrap() {
                    Replicas::Exactly(count) => format!("exactly {count}"),
                    Replicas::Autoscaled(bounds) => format!("{} to {}", bounds.min, bounds.max),
                };
                (component.name.as_str(), replicas)
            })
            .collect();
        let expected: Vec<_> = expected.map(|(name, replicas)| (name, replicas.to_owned())).into();
        assert_eq!(components, expected, "{namespace}");
    }
    assert!(find(&registry, "main", "flux-system").is_none());
}

/// Trap 6: both facts stand in the registry, so that a flight plan can say that they do not go together.
#[test]
fn production_promises_zero_downtime_with_one_replica_of_the_api() {
    let registry = demo();
    let (_, production) = find(&registry, "main", "fleet-management").unwrap();
    let api = production.components.iter().find(|component| component.name.as_str() == "fleet-api").unwrap();
    assert!(production.zero_downtime);
    assert_eq!(api.replicas, Some(Replicas::Exactly(1)));
}

/// Trap 11: nothing that looks like a credential, neither as a key nor as a value.
#[test]
fn the_registry_holds_no_secrets() {
    let text = include_str!("../../config/demo.yaml").to_lowercase();
    let data = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    // Where a credential is, and the names of columns, are none.
    let named = ["fleet_dev_db", "fleet_dev_redis", "fleet_staging_db", "fleet_staging_redis"];
    let named = named.map(|name| format!("passwordenv: {name}_password,"));
    let columns = "passwords: { table: users, login: email, hash: password_hash,".to_owned();
    for line in data {
        let line = named.iter().chain([&columns]).fold(line.to_owned(), |line, known| line.replace(known, ""));
        for word in ["password", "passwd", "secret", "token", "api_key", "apikey", "://:", "postgres://", "redis://"] {
            assert!(!line.contains(word), "{line}");
        }
    }
}
