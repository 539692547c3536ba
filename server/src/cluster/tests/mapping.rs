//! Real manifests, as the rules read them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use domain::access::Grants;
use domain::facts::Update;
use domain::health;
use domain::registry::Registry;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{observed, read};
use crate::rows::{Change, Object, Rows};

/// 2026-11-21T00:10:00Z, a while after the manifests were taken.
const NOW: i64 = 1_795_219_800;

const KINDS: [&str; 22] = [
    "Pod",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ControllerRevision",
    "HorizontalPodAutoscaler",
    "ConfigMap",
    "Event",
    "Node",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "PersistentVolumeClaim",
    "CronJob",
    "Job",
    "Secret",
    "Certificate",
    "GitRepository",
    "Kustomization",
    "HelmRelease",
    "Cluster",
];

/// Every manifest, by its file's name.
fn fixtures() -> Vec<(String, Value)> {
    static FIXTURES: LazyLock<Vec<(String, Value)>> = LazyLock::new(read_fixtures);
    FIXTURES.clone()
}

fn read_fixtures() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    assert!(files.len() >= 30, "{files:?}");
    let read = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_saphyr::from_str(&text).unwrap())
    };
    files.iter().map(read).collect()
}

/// What the rules say of an object that stands alone.
fn judged(object: &Object) -> String {
    match object {
        Object::Pod(pod) => format!("{:#?}", health::pod(&pod.facts, NOW)),
        Object::Workload(workload) => format!("{:#?}", health::workload(&workload.facts, [].iter(), NOW)),
        Object::Autoscaler(facts, _) => format!("{:#?}", health::autoscaler(facts)),
        Object::Node(facts) => {
            let pod = health::pod_on_node(health::ready_pod(), "its-name", Some(facts));
            format!("of note: {}; a ready pod on it: {pod:#?}", health::is_node_of_note(facts))
        }
        Object::Revision(_) | Object::ConfigMap(_) | Object::Event(_) | Object::Around(_) => "has no health".to_owned(),
    }
}

#[test]
fn real_manifests_are_read_and_judged() {
    for (name, manifest) in fixtures() {
        let observed = observed(manifest).unwrap();
        let text = format!("{}\n\n{observed:#?}\n", judged(&observed.object));
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../../../tests/fixtures/snapshots", omit_expression => true }, {
            insta::assert_snapshot!(name, text);
        });
    }
}

#[test]
fn an_update_strategy_says_which_pods_are_brought_over() {
    let (_, manifest) = fixtures().into_iter().find(|(name, _)| name == "stateful-set-partition").unwrap();
    let strategy = "/spec/updateStrategy";
    let rolling = |partition: u32| json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}});
    for (place, value, expected) in [
        (strategy, rolling(2), Update::From(2)),
        (strategy, rolling(0), Update::All),
        (strategy, json!({"type": "RollingUpdate"}), Update::All),
        (strategy, json!({"type": "OnDelete"}), Update::OnDelete),
        (strategy, Value::Null, Update::All),
        // The change was taken back: the newest revision is the one that the pods below the partition have.
        ("/status/updateRevision", manifest["status"]["currentRevision"].clone(), Update::All),
        ("/status/updateRevision", Value::Null, Update::From(2)),
    ] {
        let mut manifest = manifest.clone();
        *manifest.pointer_mut(place).unwrap() = value.clone();
        let Object::Workload(workload) = observed(manifest).unwrap().object else { panic!("no workload") };
        assert_eq!(workload.facts.update, expected, "{place} {value}");
    }
}

#[test]
fn what_a_pod_runs_is_what_its_main_container_runs_whatever_stands_beside_it() {
    let (_, manifest) = fixtures().into_iter().find(|(name, _)| name == "pod-sidecar").unwrap();
    let (rows, main) = (rows(), "main".parse().unwrap());
    rows.take_in(&main, vec![Change::Seen(observed(manifest).unwrap())]);
    let domain::frame::Page::Pods(view) =
        rows.seen_by(&Grants::everything()).page(&domain::frame::Topic::Pods(Default::default()))
    else {
        panic!("no pods")
    };
    let row = &view.rows[0];
    assert_eq!((&*row.tag, &*row.digest), ("1.8.2", "fe762e2"));
    assert_eq!((row.ready, row.containers), (1, 2));
}

/// Calls `change` on every object and list inside a value, from the outside in.
fn walk(value: &mut Value, change: &mut impl FnMut(&mut Value)) {
    change(value);
    match value {
        Value::Object(map) => map.values_mut().for_each(|inner| walk(inner, change)),
        Value::Array(list) => list.iter_mut().for_each(|inner| walk(inner, change)),
        _ => {}
    }
}

#[test]
fn what_may_be_secret_does_not_survive_reading() {
    const CANARY: &str = "canary-b2f1";
    for (name, mut manifest) in fixtures() {
        let metadata = manifest["metadata"].as_object_mut().unwrap();
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({})).as_object_mut().unwrap();
        annotations.insert("kubectl.kubernetes.io/last-applied-configuration".into(), json!(CANARY));
        annotations.insert("vault.example.com/token".into(), json!(CANARY));
        let labels = metadata.entry("labels").or_insert_with(|| json!({})).as_object_mut().unwrap();
        labels.insert("canary".into(), json!(CANARY));
        metadata.insert(
            "managedFields".into(),
            json!([{"manager": "kubectl", "time": "2026-11-20T23:50:14Z", "fieldsV1": {"f:data": {CANARY: {}}}}]),
        );
        let mut containers = 0;
        walk(&mut manifest, &mut |value| {
            for list in ["containers", "initContainers"] {
                for container in value.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                    containers += 1;
                    container["env"] = json!([
                        {"name": "PASSWORD", "value": CANARY},
                        {"name": CANARY, "valueFrom": {"secretKeyRef": {"name": CANARY, "key": CANARY}}}
                    ]);
                    container["args"] = json!([format!("--password={CANARY}")]);
                    container["command"] = json!(["sh", "-c", CANARY]);
                }
            }
        });
        for field in ["binaryData", "stringData", "immutable"] {
            manifest[field] = json!({"key": CANARY});
        }
        if manifest["kind"] == "Secret" {
            // It is not asked for, and not read either where a server tells it nevertheless.
            manifest["data"] = json!({CANARY: CANARY});
        }
        let observed = observed(manifest).unwrap();
        assert!(!format!("{observed:?}").contains(CANARY), "{name}: {observed:#?}");
        let is_made_of_containers =
            matches!(observed.object, Object::Pod(_) | Object::Workload(_) | Object::Revision(_));
        // A CronJob has some as well, of which nothing is read.
        assert_eq!(
            containers > 0,
            is_made_of_containers || name.starts_with("cron-job"),
            "{name}: the test tests nothing"
        );
    }
}

#[test]
fn hostile_text_is_made_visible() {
    let hostile = "\u{1b}[31mred\u{202e}desrever\r\n\u{200b}end";
    for (name, mut manifest) in fixtures() {
        walk(&mut manifest, &mut |value| {
            let Value::Object(map) = value else { return };
            for field in ["message", "reason", "image", "manager", "kubernetes.io/change-cause", "nodeName", "imageID"]
            {
                if map.get(field).is_some_and(Value::is_string) {
                    map.insert(field.into(), json!(hostile));
                }
            }
        });
        let observed = observed(manifest).unwrap();
        // Debug would write the characters as escapes; that is how it is seen that they are there.
        let text = format!("{observed:?}");
        for hidden in [r"\u{1b}", r"\u{202e}", r"\r", r"\n", r"\u{200b}"] {
            assert!(!text.contains(hidden), "{name}: {hidden} in {text}");
        }
    }
}

#[test]
fn endless_text_is_cut() {
    for (name, mut manifest) in fixtures() {
        walk(&mut manifest, &mut |value| {
            let Value::Object(map) = value else { return };
            for field in ["message", "reason", "image", "kubernetes.io/change-cause"] {
                if map.get(field).is_some_and(Value::is_string) {
                    map.insert(field.into(), json!("x".repeat(20_000)));
                }
            }
        });
        let length = format!("{:?}", observed(manifest).unwrap()).len();
        assert!(length < 15_000, "{name}: {length} bytes");
    }
}

/// All places of fields below a value, as JSON pointers.
fn fields(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                found.push(at.clone());
                fields(inner, &at, found);
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                fields(inner, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Places that are never null: the API server fills them.
fn is_always_there(place: &str) -> bool {
    place == "/kind"
        || place == "/metadata"
        || place.starts_with("/metadata/managedFields")
        || place.starts_with("/data/")
}

#[test]
fn null_stands_for_nothing_in_every_field() {
    let mut wrong = Vec::new();
    for (name, manifest) in fixtures() {
        let mut places = Vec::new();
        fields(&manifest, "", &mut places);
        for place in places.into_iter().filter(|place| !is_always_there(place)) {
            let mut without = manifest.clone();
            *without.pointer_mut(&place).unwrap() = Value::Null;
            if let Err(error) = read(without) {
                wrong.push(format!("{name}{place}: {error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Names of fields that mean something, so that random values get far.
fn field() -> impl Strategy<Value = String> {
    static KNOWN: LazyLock<Vec<String>> = LazyLock::new(|| {
        let mut known = Vec::new();
        for (_, mut manifest) in fixtures() {
            walk(&mut manifest, &mut |value| {
                if let Value::Object(map) = value {
                    known.extend(map.keys().filter(|key| !key.contains("f:") && !key.contains("k:")).cloned());
                }
            });
        }
        known.sort();
        known.dedup();
        known
    });
    prop::sample::select(KNOWN.as_slice())
}

fn arbitrary() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u32..=u32::MAX).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "2026-11-20T23:50:14Z",
            "-009999-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "Running",
            "Ready",
            "True",
            "ReplicaSet",
            "250m",
            "1e400",
            "sha256:",
            "@",
            ":",
            "a@sha256:",
            "-",
            "web-7c9d",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field(), inner), 0..8)
                .prop_map(|pairs| Value::from(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn rows() -> Rows {
    static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(|| {
        let text = "{ clusters: [{ id: main, connect: { context: main } }], systems: [{ id: a, name: A, environments: [{ id: b, \
                    cluster: main, namespace: fleet-management, tier: staging, timeZone: Europe/Berlin, config: [{ configMap: \
                    fleet-config, expect: { LOG_LEVEL: info } }], components: [{ kind: Deployment, name: fleet-api, role: api, \
                    replicas: 2, reads: [fleet-config] }] }] }] }";
        Arc::new(crate::registry::parse("sample", text.as_bytes()).unwrap())
    });
    Rows::new(REGISTRY.clone(), || NOW * 1000)
}

/// Takes whatever was read in, and looks at every page.
fn survive(manifest: Value) {
    let Ok(Some(mut observed)) = read(manifest) else { return };
    observed.key.namespace = observed.key.namespace.map(|_| "fleet-management".parse().unwrap());
    let rows = rows();
    let main = "main".parse().unwrap();
    rows.answered(&main);
    rows.watches(&main, vec![]);
    let gone = Change::Gone(observed.key.clone(), observed.uid);
    rows.take_in(&main, vec![Change::Seen(observed.clone()), Change::Seen(observed)]);
    rows.tick();
    for topic in [
        domain::frame::Topic::Wall,
        domain::frame::Topic::Environment("a/b".parse().unwrap()),
        domain::frame::Topic::Pods(Default::default()),
        domain::frame::Topic::Component(domain::name::ComponentId {
            environment: "a/b".parse().unwrap(),
            kind: domain::name::WorkloadKind::Deployment,
            name: "fleet-api".parse().unwrap(),
        }),
    ] {
        assert_ne!(rows.seen_by(&Grants::everything()).page(&topic), domain::frame::Page::Absent);
    }
    rows.take_in(&main, vec![gone]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_json_whatever_breaks_the_reading(kind in prop::sample::select(KINDS.to_vec()), mut manifest in arbitrary()) {
        if let Value::Object(map) = &mut manifest {
            map.insert("kind".into(), json!(kind));
            survive(manifest);
        }
    }

    #[test]
    fn no_field_of_a_real_object_breaks_what_is_shown_whatever_stands_in_it(
        fixture in prop::sample::select(fixtures()),
        place in any::<prop::sample::Index>(),
        value in arbitrary(),
    ) {
        let mut manifest = fixture.1;
        let mut places = Vec::new();
        fields(&manifest, "", &mut places);
        let place = place.get(&places);
        if place != "/kind" {
            *manifest.pointer_mut(place).unwrap() = value;
            survive(manifest);
        }
    }
}

#[test]
fn a_time_or_a_number_that_cannot_be_read_loses_no_object() {
    let last_day = "9999-12-31T23:59:59Z";
    let seen = observed(json!({"kind": "ConfigMap", "metadata": {
        "name": "a", "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "late", "time": last_day}, {"manager": "odd", "time": {"at": [1]}}],
    }}));
    let Some(Object::ConfigMap(facts)) = seen.map(|seen| seen.object) else { panic!("no ConfigMap") };
    assert_eq!((facts.changed, facts.changed_by), (1_767_225_600, None));

    let seen = observed(json!({"kind": "Pod", "metadata": {
        "name": "a", "namespace": "shop", "creationTimestamp": last_day, "deletionTimestamp": last_day,
    }, "status": {"containerStatuses": [{"name": "main", "restartCount": -7}]}, "spec": {"containers": [{"name": "main"}]}}));
    let Some(Object::Pod(pod)) = seen.map(|seen| seen.object) else { panic!("no pod") };
    assert_eq!((pod.facts.created, pod.facts.containers[0].restarts), (0, 0));
    assert_eq!(&*health::pod(&pod.facts, NOW).word, "Terminating");
}

#[test]
fn whatever_number_of_times_an_event_was_seen_it_is_read() {
    for (count, shown) in [(json!(-1), 1), (json!(4), 4), (json!(1_u64 << 40), u32::MAX), (json!("many"), 1)] {
        let meta = json!({"name": "a", "namespace": "shop"});
        for event in [
            json!({"kind": "Event", "metadata": meta, "count": count}),
            json!({"kind": "Event", "metadata": meta, "series": {"count": count}}),
        ] {
            let Some(Object::Event(event)) = observed(event).map(|seen| seen.object) else { panic!("no event") };
            assert_eq!(event.count, shown, "{count}");
        }
    }
}

#[test]
fn no_name_is_longer_than_kubernetes_allows() {
    let pod = |name: &str, owner: &str| {
        let owner =
            json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": owner, "uid": "1", "controller": true}]);
        let labels = json!({"controller-revision-hash": "h".repeat(64)});
        let metadata = json!({"name": name, "namespace": "shop", "ownerReferences": owner, "labels": labels});
        json!({"kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "c".repeat(5000)}]}})
    };
    let of = |seen: Option<crate::rows::Observed>| match seen.unwrap().object {
        Object::Pod(pod) => *pod,
        other => panic!("{other:?}"),
    };
    let (fits, long) = ("a".repeat(253), "a".repeat(254));
    assert_eq!(observed(pod(&long, "db")), None);
    let known = of(observed(pod(&fits, &fits)));
    assert_eq!(known.workload.unwrap().1.len(), 253);
    assert_eq!(&*known.revision, "");
    assert!(known.facts.containers[0].name.len() < 700);
    assert_eq!(of(observed(pod(&fits, &long))).workload, None);
    let scaler = json!({"kind": "HorizontalPodAutoscaler", "metadata": {"name": "a", "namespace": "shop"},
                        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": long}}});
    assert!(matches!(observed(scaler).unwrap().object, Object::Autoscaler(_, None)));
}
