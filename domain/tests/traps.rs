//! The traps of the documents that the product runs, as far as rules alone can fall into them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::component::{Assessment, ComponentFacts, Unreadable, assess};
use domain::facts::{TemplateContainer, TemplateFacts, Update, WorkloadFacts};
use domain::freshness::Freshness;
use domain::name::{ClusterId, EnvironmentId, Namespace, ObjectName};
use domain::registry::validate::validate;
use domain::registry::{Registry, Tier};
use domain::view::{PodRow, State, Status};
use proptest::prelude::*;

const NOW: i64 = 1_800_000_000;

/// The namespaces, tiers and hosts of product.md.
const PLACES: [(&str, &str, &str, &str, &str, Tier); 8] = [
    ("fleet-management", "development", "main", "fleet-management-dev", "fleet-dev.example.com", Tier::Development),
    ("fleet-management", "staging", "main", "fleet-management-staging", "fleet-staging.example.com", Tier::Staging),
    ("fleet-management", "production", "main", "fleet-management", "fleet.example.com", Tier::Production),
    ("ctafleet", "production", "main", "ctafleet", "fleet.ctafleet.com", Tier::Production),
    ("super-todo", "staging", "main", "staging", "app.staging.local", Tier::Staging),
    ("super-todo", "production", "main", "production", "app.staging", Tier::Production),
    ("fleetops", "staging", "fleetops", "staging", "staging.fleetops.test", Tier::Staging),
    ("fleetops", "production", "fleetops", "prod", "fleetops.test", Tier::Production),
];

fn registry() -> Registry {
    let mut systems: Vec<serde_json::Value> = Vec::new();
    for (system, environment, cluster, namespace, host, tier) in PLACES {
        let environment = serde_json::json!({
            "id": environment, "cluster": cluster, "namespace": namespace, "host": host, "tier": tier,
            "timeZone": "America/New_York", "zeroDowntime": tier == Tier::Production,
            "components": [
                {"kind": "Deployment", "name": "fleet-api", "role": "api", "replicas": 1, "image": "registry.test/fleet-api"},
            ],
        });
        match systems.iter_mut().find(|known| known["id"] == system) {
            Some(known) => known["environments"].as_array_mut().unwrap().push(environment),
            None => systems.push(serde_json::json!({"id": system, "name": system, "environments": [environment]})),
        }
    }
    let clusters = serde_json::json!([
        {"id": "main", "connect": {"context": "main"}},
        {"id": "fleetops", "connect": {"context": "fleetops"}},
    ]);
    let registry: Registry =
        serde_json::from_value(serde_json::json!({"clusters": clusters, "systems": systems})).unwrap();
    assert_eq!(validate(&registry), []);
    registry
}

fn at<'a>(registry: &'a Registry, cluster: &str, namespace: &str) -> Option<(&'a str, &'a str, Tier)> {
    let cluster: ClusterId = cluster.parse().unwrap();
    let (system, environment) = registry.at(&cluster, &namespace.parse::<Namespace>().unwrap())?;
    Some((system.id.as_str(), environment.id.as_str(), environment.tier))
}

#[test]
fn trap_1_a_tier_is_what_the_registry_says_whatever_names_and_hosts_say() {
    let registry = registry();
    for (system, environment, cluster, namespace, _, tier) in PLACES {
        assert_eq!(at(&registry, cluster, namespace), Some((system, environment, tier)));
    }
    // Turn every tier round: nothing else decides it.
    let mut turned = registry.clone();
    for environment in turned.systems.iter_mut().flat_map(|system| &mut system.environments) {
        environment.tier = match environment.tier {
            Tier::Production => Tier::Development,
            Tier::Staging | Tier::Development => Tier::Production,
        };
    }
    for (_, _, cluster, namespace, _, tier) in PLACES {
        assert_ne!(at(&turned, cluster, namespace).unwrap().2, tier);
    }
}

fn look_alike() -> impl Strategy<Value = String> {
    let stem = proptest::sample::select(PLACES.map(|place| place.3).to_vec());
    let tail = prop_oneof![
        proptest::sample::select(vec!["-", "", "0", "x"]),
        proptest::sample::select(vec![
            "-prod",
            "-production",
            "-staging",
            "-dev",
            "-test",
            "-2",
            "-old",
            "-eu",
            "-preview"
        ]),
    ];
    prop_oneof![
        (stem.clone(), tail, "[a-z0-9]{0,6}").prop_map(|(stem, tail, rest)| format!("{stem}{tail}{rest}")),
        ("[a-z0-9]{1,6}-?", stem.clone()).prop_map(|(head, stem)| format!("{head}{stem}")),
        // One character less, one twice, one replaced.
        (stem.clone(), any::<proptest::sample::Index>()).prop_map(|(stem, place)| {
            let mut text = stem.to_owned();
            text.remove(place.index(stem.len()));
            text
        }),
        (stem.clone(), any::<proptest::sample::Index>()).prop_map(|(stem, place)| {
            let place = place.index(stem.len());
            format!("{}{}", &stem[..=place], &stem[place..])
        }),
        stem.prop_map(|stem| stem.replace('-', "")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn trap_1_a_namespace_that_only_looks_registered_is_not(text in look_alike()) {
        let registry = registry();
        if let Ok(namespace) = text.parse::<Namespace>() {
            for cluster in ["main", "fleetops"] {
                let is_registered = PLACES.iter().any(|place| place.2 == cluster && place.3 == text);
                let found = registry.at(&cluster.parse().unwrap(), &namespace);
                prop_assert_eq!(found.is_some(), is_registered, "{} on {}", text, cluster);
            }
        }
    }
}

#[test]
fn trap_2_a_name_composed_of_system_and_environment_names_nothing() {
    let registry = registry();
    for composed in
        ["fleet-management-production", "fleet-management-prod", "ctafleet-production", "super-todo-production"]
    {
        assert_eq!(at(&registry, "main", composed), None, "{composed}");
    }
    // An environment is found by its id, and its namespace is a field that no id contains.
    let id: EnvironmentId = "fleet-management/production".parse().unwrap();
    assert_eq!(registry.environment(&id).unwrap().1.namespace.as_str(), "fleet-management");
    assert!(registry.environment(&"fleet-management/prod".parse().unwrap()).is_none());
}

#[test]
fn trap_10_one_namespace_name_on_two_clusters_is_two_environments() {
    let registry = registry();
    assert_eq!(at(&registry, "main", "staging").unwrap().0, "super-todo");
    assert_eq!(at(&registry, "fleetops", "staging").unwrap().0, "fleetops");
    // And one that is registered on the other cluster only is not registered here.
    assert_eq!(at(&registry, "fleetops", "production"), None);
    assert_eq!(at(&registry, "main", "prod"), None);
}

#[test]
fn trap_10_what_is_no_name_of_kubernetes_never_becomes_one() {
    for text in
        ["prod/secrets/db?x=", "../kube-system", "fleet-management\u{0}", "Fleet-Management", "fleet_management", ""]
    {
        assert!(text.parse::<Namespace>().is_err(), "{text:?}");
        assert!(text.parse::<ObjectName>().is_err(), "{text:?}");
    }
}

fn pod(number: u128, digest: &str) -> PodRow {
    PodRow {
        uid: number,
        name: format!("fleet-api-{number}").into(),
        environment: "fleet-management/production".parse().unwrap(),
        component: "fleet-api".into(),
        node: "node-1".into(),
        status: Status::new(State::Ready, "Ready", ""),
        ready: 1,
        containers: 1,
        restarts: 0,
        created: NOW - 60,
        restarted: 0,
        tag: "latest".into(),
        digest: digest.into(),
    }
}

/// fleet-api of Fleet Management production under `latest`, its pods with these digests.
fn fleet_api(digests: &[&str]) -> Assessment {
    let registry = registry();
    let id: EnvironmentId = "fleet-management/production".parse().unwrap();
    let (_, environment) = registry.environment(&id).unwrap();
    let declared = &environment.components[0];
    let pods: Vec<PodRow> = (0u128..).zip(digests).map(|(number, digest)| pod(number, digest)).collect();
    let count = pods.len() as u32;
    assess(&ComponentFacts {
        id: &declared.id(&id),
        declared,
        environment,
        workload: Some(&WorkloadFacts {
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
                name: "api".into(),
                image: "registry.test/fleet-api:latest".into(),
                cpu_request: None,
                cpu_limit: None,
                memory_request: None,
                memory_limit: None,
                storage: None,
            }),
            template: TemplateFacts::default(),
            config_maps: Vec::new(),
            labels: BTreeMap::new(),
        }),
        autoscaler: None,
        pods: &pods.iter().collect::<Vec<_>>(),
        nodes: &BTreeMap::new(),
        config_maps: &BTreeMap::new(),
        unreadable: Unreadable::default(),
        changed: NOW - 60,
        clues: Default::default(),
        freshness: Freshness::Live(NOW * 1000),
        now: NOW,
    })
}

#[test]
fn trap_3_versions_are_told_apart_by_digest_and_not_by_tag() {
    let texts = |assessment: &Assessment| -> Vec<Arc<str>> {
        assessment.cell.chips.iter().map(|chip| chip.text.clone()).collect()
    };
    let (one, other, mixed) = (fleet_api(&["51c02ae"]), fleet_api(&["9b59408"]), fleet_api(&["51c02ae", "9b59408"]));
    assert_eq!(one.cell.tag, other.cell.tag);
    assert_ne!(one.cell.digest, other.cell.digest);
    assert_ne!(one.cell, other.cell);
    assert_eq!(texts(&one), ["mutable tag".into()]);
    assert!(texts(&mixed).contains(&"2 digests under latest".into()), "{:?}", texts(&mixed));
    assert!(mixed.findings.iter().any(|finding| &*finding.title == "fleet-api runs 2 digests under the tag latest"));
}

#[test]
fn trap_6_one_replica_under_a_promise_of_zero_downtime_is_a_finding() {
    let title = "fleet-api has one replica; zero downtime is promised here";
    assert!(fleet_api(&["51c02ae"]).findings.iter().any(|finding| &*finding.title == title));
}
