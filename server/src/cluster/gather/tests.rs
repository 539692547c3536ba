//! What the guard is told, from what the API server says.

use std::path::Path;
use std::sync::Arc;

use domain::guard::facts::{Effect, Node, NodeOperator, Per, Spread, Taint, TolerationOperator, Workload};
use domain::quantity::Quantity;
use serde_json::{Value, json};

use super::{Whole, limit_facts, nodes};

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

fn node(object: Value, workload: &Workload) -> Node {
    nodes::facts(&serde_json::from_value(object).unwrap(), &nodes::Asked::by(workload))
}

/// A node of the manifests.
fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.yaml"));
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
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

fn with(field: &str, value: Value) -> Workload {
    let mut pod = json!({ "containers": [{ "name": "app" }] });
    pod[field] = value;
    workload(pod)
}

#[test]
fn a_template_says_which_nodes_its_pods_may_run_on() {
    let expression = |operator: &str| json!({ "key": "disk", "operator": operator, "values": ["ssd"] });
    let operators = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Near"];
    let facts = with(
        "affinity",
        json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [
            { "matchExpressions": operators.map(expression) },
            { "matchFields": [{ "key": "metadata.name", "operator": "In", "values": ["node-1"] }] },
        ] } } }),
    );
    let terms = facts.scheduling.node_affinity.unwrap();
    use NodeOperator::{DoesNotExist, Exists, Gt, In, Lt, NotIn, Other};
    let read: Vec<_> = terms[0].expressions.iter().map(|wanted| wanted.operator).collect();
    assert_eq!(read, [In, NotIn, Exists, DoesNotExist, Gt, Lt, Other]);
    assert_eq!((&*terms[0].expressions[0].key, &*terms[0].expressions[0].values[0]), ("disk", "ssd"));
    assert_eq!((terms[0].fields.len(), terms[1].expressions.len(), terms[1].fields.len()), (0, 0, 1));

    let facts = with(
        "tolerations",
        json!([
            { "key": "team", "value": "data", "effect": "NoSchedule" },
            { "operator": "Exists" },
            { "key": "size", "operator": "Gt", "value": "5", "effect": "NoExecute" },
            { "key": "advice", "operator": "Exists", "effect": "PreferNoSchedule" },
        ]),
    );
    let read: Vec<_> = facts
        .scheduling
        .tolerations
        .iter()
        .map(|toleration| (&*toleration.key, toleration.operator, &*toleration.value, toleration.effect))
        .collect();
    assert_eq!(
        read,
        [
            ("team", TolerationOperator::Equal, "data", Some(Effect::NoSchedule)),
            ("", TolerationOperator::Exists, "", None),
            ("size", TolerationOperator::Other, "5", Some(Effect::NoExecute)),
        ]
    );
    let facts = with("nodeSelector", json!({ "disk": "ssd" }));
    assert_eq!(facts.scheduling.node_selector, [("disk".into(), "ssd".into())]);
}

#[test]
fn what_a_template_says_beyond_that_is_noticed() {
    let away = |term: Value| json!({ "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [term] } });
    let own = json!({ "matchLabels": { "app": "fleet-api" } });
    let other = json!({ "matchLabels": { "app": "db" } });
    let key = "kubernetes.io/hostname";
    let spread = |selector: &Value, when: &str| json!([{ "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": when, "labelSelector": selector }]);
    let to_others: &[&str] = &["podAntiAffinity to other pods"];
    let counts_others: &[&str] = &["topologySpreadConstraints that count other pods"];
    let near = json!({ "podAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [{ "topologyKey": key }] } });
    let mut by_revision = spread(&own, "DoNotSchedule");
    by_revision[0]["matchLabelKeys"] = json!(["pod-template-hash"]);
    // Each row: a field, then what keeps pods apart, what spreads them, and what is not judged.
    type Row<'a> = (&'a str, Value, &'a [&'a str], &'a [&'a str], &'a [&'a str]);
    let rows: [Row<'_>; 16] = [
        ("affinity", away(json!({ "topologyKey": key, "labelSelector": own })), &[key], &[], &[]),
        ("affinity", away(json!({ "topologyKey": key, "labelSelector": other })), &[], &[], to_others),
        ("affinity", away(json!({ "topologyKey": key })), &[], &[], to_others),
        (
            "affinity",
            away(json!({ "topologyKey": key, "labelSelector": own, "namespaces": ["elsewhere"] })),
            &[],
            &[],
            to_others,
        ),
        (
            "affinity",
            away(json!({ "topologyKey": key, "labelSelector": own, "namespaces": ["fleet-management"] })),
            &[key],
            &[],
            &[],
        ),
        (
            "affinity",
            away(json!({ "topologyKey": key, "labelSelector": own, "namespaceSelector": {} })),
            &[key],
            &[],
            &[],
        ),
        (
            "affinity",
            away(
                json!({ "topologyKey": key, "labelSelector": own, "namespaceSelector": { "matchLabels": { "a": "b" } } }),
            ),
            &[],
            &[],
            to_others,
        ),
        (
            "affinity",
            away(json!({ "topologyKey": key, "labelSelector": own, "matchLabelKeys": ["pod-template-hash"] })),
            &[],
            &[],
            to_others,
        ),
        ("affinity", near, &[], &[], &["podAffinity"]),
        ("topologySpreadConstraints", spread(&own, "DoNotSchedule"), &[], &["zone"], &[]),
        ("topologySpreadConstraints", spread(&own, "ScheduleAnyway"), &[], &[], &[]),
        ("topologySpreadConstraints", spread(&other, "DoNotSchedule"), &[], &[], counts_others),
        ("topologySpreadConstraints", by_revision, &[], &[], counts_others),
        ("resourceClaims", json!([{ "name": "gpu" }]), &[], &[], &["resourceClaims"]),
        ("schedulingGates", json!([{ "name": "later" }]), &[], &[], &["schedulingGates"]),
        ("containers", json!([{ "name": "app", "ports": [{ "containerPort": 1, "hostPort": 1 }] }]), &[key], &[], &[]),
    ];
    for (field, value, apart, spread, unjudged) in rows {
        let facts = with(field, value.clone());
        let texts = |all: &[Arc<str>]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let keys: Vec<Arc<str>> = facts.spread.iter().map(|spread| spread.key.clone()).collect();
        assert_eq!(texts(&facts.anti_affinity), apart, "{value}");
        assert_eq!(texts(&keys), spread, "{value}");
        assert_eq!(texts(&facts.scheduling.unjudged), unjudged, "{value}");
    }
    for (field, value, expected) in [
        ("schedulerName", "default-scheduler", None),
        ("schedulerName", "batch", Some("schedulerName batch")),
        ("nodeName", "node-1", Some("nodeName node-1")),
    ] {
        assert_eq!(with(field, json!(value)).scheduling.placed_by.as_deref(), expected);
    }
    let claim = json!([{ "name": "data", "persistentVolumeClaim": { "claimName": "data" } }]);
    assert!(with("volumes", claim).scheduling.has_claims);
    assert!(!with("volumes", json!([{ "name": "tmp", "emptyDir": {} }])).scheduling.has_claims);
}

#[test]
fn a_spread_is_read_with_what_it_says_of_nodes() {
    let constraint = |more: Value| {
        let mut constraint = json!({
            "maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": { "matchLabels": { "app": "fleet-api" } },
        });
        constraint.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        with("topologySpreadConstraints", json!([constraint])).spread.remove(0)
    };
    let usual = Spread { key: "zone".into(), skew: 2, min_domains: 1, honors_affinity: true, honors_taints: false };
    assert_eq!(constraint(json!({})), usual);
    assert_eq!(constraint(json!({ "minDomains": 3 })), Spread { min_domains: 3, ..usual.clone() });
    let other = json!({ "nodeAffinityPolicy": "Ignore", "nodeTaintsPolicy": "Honor" });
    assert_eq!(constraint(other), Spread { honors_affinity: false, honors_taints: true, ..usual });
}

#[test]
fn of_a_node_only_what_the_template_names_is_kept() {
    let cordoned = fixture("node-cordoned");
    let plain = with("hostname", json!("a"));
    let facts = node(cordoned.clone(), &plain);
    assert_eq!((&*facts.name, facts.ready, facts.cordoned), ("worker-cordoned", true, true));
    assert_eq!(facts.labels, []);
    assert_eq!(written(&facts.allocatable), "cpu 7820m, memory 28362636Ki");
    let taint = |key: &str, value: &str, effect| Taint { key: key.into(), value: value.into(), effect };
    assert_eq!(facts.taints, [taint("node.kubernetes.io/unschedulable", "", Effect::NoSchedule)]);

    let mut tainted = fixture("node-ready");
    tainted["spec"]["taints"] = json!([
        { "key": "team", "value": "data", "effect": "NoExecute" },
        { "key": "advice", "effect": "PreferNoSchedule" },
    ]);
    assert_eq!(node(tainted, &plain).taints, [taint("team", "data", Effect::NoExecute)]);
    assert!(!node(fixture("node-not-ready"), &plain).ready);

    let wants = |key: &str| {
        json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{ "matchExpressions": [{ "key": key, "operator": "Exists" }] }],
    } } })
    };
    let zone = "topology.kubernetes.io/zone";
    let spread = json!([{ "maxSkew": 1, "topologyKey": zone, "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": { "matchLabels": { "app": "fleet-api" } } }]);
    for (workload, key, value) in [
        (with("nodeSelector", json!({ "kubernetes.io/arch": "arm64" })), "kubernetes.io/arch", "amd64"),
        (with("affinity", wants("kubernetes.io/os")), "kubernetes.io/os", "linux"),
        (with("topologySpreadConstraints", spread), zone, "eastus2-1"),
    ] {
        assert_eq!(node(cordoned.clone(), &workload).labels, [(key.into(), value.into())]);
    }
    let scratch = json!([{ "name": "app", "resources": { "limits": { "ephemeral-storage": "1Gi" } } }]);
    let facts = node(cordoned, &with("containers", scratch));
    assert_eq!(written(&facts.allocatable), "cpu 7820m, ephemeral-storage 119703055367, memory 28362636Ki");
}
