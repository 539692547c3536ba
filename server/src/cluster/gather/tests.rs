//! What the guard is told, from what the API server says.

use std::sync::Arc;

use domain::guard::facts::{Per, Workload};
use domain::quantity::Quantity;
use serde_json::{Value, json};

use super::{Whole, limit_facts};

/// The facts of a Deployment whose pods have this spec.
fn workload(pod: Value) -> Workload {
    let whole = json!({
        "metadata": { "name": "fleet-api", "namespace": "fleet-management" },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": { "app": "fleet-api" } },
            "template": { "metadata": { "labels": { "app": "fleet-api" } }, "spec": pod },
        },
    });
    serde_json::from_value::<Whole>(whole).unwrap().facts(None)
}

/// As a line of a manifest would: `cpu 1, memory 1Gi`.
fn written(amounts: &[(Arc<str>, Quantity)]) -> String {
    let all: Vec<String> = amounts.iter().map(|(resource, amount)| format!("{resource} {amount}")).collect();
    all.join(", ")
}

#[test]
fn a_template_says_what_its_containers_and_init_containers_ask_for() {
    let facts = workload(json!({
        "containers": [{
            "name": "app",
            "resources": { "requests": { "cpu": "500m", "nvidia.com/gpu": "1" }, "limits": { "memory": "1Gi" } },
        }],
        "initContainers": [
            { "name": "migrate", "resources": { "requests": { "cpu": "2" } } },
            { "name": "proxy", "restartPolicy": "Always", "resources": { "limits": { "cpu": "100m" } } },
            { "name": "bare" },
        ],
        "overhead": { "cpu": "250m" },
    }));
    let app = &facts.containers[0].resources;
    assert_eq!((&*written(&app.requests), &*written(&app.limits)), ("cpu 500m, nvidia.com/gpu 1", "memory 1Gi"));
    let init: Vec<_> = facts
        .init_containers
        .iter()
        .map(|init| (&*init.name, init.sidecar, written(&init.resources.requests), written(&init.resources.limits)))
        .collect();
    let row = |name, sidecar, requests: &str, limits: &str| (name, sidecar, requests.to_owned(), limits.to_owned());
    assert_eq!(
        init,
        [row("migrate", false, "cpu 2", ""), row("proxy", true, "", "cpu 100m"), row("bare", false, "", "")]
    );
    assert_eq!(written(&facts.overhead), "cpu 250m");
}

#[test]
fn what_is_not_read_of_a_template_is_at_least_noticed() {
    let plain = json!({ "containers": [{ "name": "app" }] });
    let mut classed = plain.clone();
    classed["runtimeClassName"] = json!("kata");
    let mut whole = plain.clone();
    whole["resources"] = json!({ "requests": { "cpu": "1" } });
    for (pod, expected) in [(plain, (None, false)), (classed, (Some("kata"), false)), (whole, (None, true))] {
        let facts = workload(pod);
        assert_eq!((facts.runtime_class.as_deref(), facts.has_pod_resources), expected);
    }
}

#[test]
fn each_item_of_a_limit_range_about_containers_or_pods_is_read() {
    let range = json!({
        "metadata": { "name": "bounds" },
        "spec": { "limits": [
            { "type": "Pod", "max": { "cpu": "4" }, "min": { "cpu": "1" }, "maxLimitRequestRatio": { "cpu": "2" } },
            { "type": "PersistentVolumeClaim", "max": { "storage": "1Gi" } },
            { "type": "Container", "default": { "cpu": "500m" }, "defaultRequest": { "cpu": "100m" } },
            { "type": "Container", "max": { "memory": "1Gi" } },
        ] },
    });
    let items = limit_facts(&serde_json::from_value(range).unwrap());
    let said: Vec<_> = items
        .iter()
        .map(|item| {
            let sides = [&item.default_request, &item.default_limit, &item.most, &item.least, &item.ratio];
            (&*item.name, item.per, sides.map(|side| written(side)).join("; "))
        })
        .collect();
    let row = |per, amounts: &str| ("bounds", per, amounts.to_owned());
    assert_eq!(
        said,
        [
            row(Per::Pod, "; ; cpu 4; cpu 1; cpu 2"),
            row(Per::Container, "cpu 100m; cpu 500m; ; ; "),
            row(Per::Container, "; ; memory 1Gi; ; "),
        ]
    );
}
