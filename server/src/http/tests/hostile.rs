//! Text that somebody in a cluster wrote to harm whoever reads it.

use serde_json::{Value, json};

use super::pages::assert_harmless;
use super::site::{deployment, get, pod, rows, see, site};
use crate::http::router;

const PAYLOADS: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)' x='",
    "\" onfocus=\"alert(1)\" autofocus x=\"",
    "</title></script></textarea><b>bold</b>",
    "javascript:alert(1)",
    "\u{202e}gnp.exe \u{1b}[31mred\u{1b}]8;;https://evil.test\u{7}",
    "<!--<script>-->]]>&#x3c;b&#62;\u{0}\r\n",
];

/// Everything that people with a little right can write, with a payload in each place.
fn objects(payload: &str) -> Vec<Value> {
    let namespace = "shop";
    let mut web = deployment();
    web["metadata"]["labels"] = json!({"helm.toolkit.fluxcd.io/name": payload});
    web["spec"]["template"]["spec"]["containers"][0]["image"] = json!(format!("registry.test/web:{payload}"));
    web["spec"]["template"]["spec"]["containers"][0]["name"] = json!(payload);
    web["status"]["conditions"] = json!([
        {"type": payload, "status": "True", "reason": payload, "message": payload},
        {"type": "ReplicaFailure", "status": "True", "reason": payload, "message": payload}
    ]);
    let mut sick = pod("web-7c9d-a", 3);
    sick["spec"]["nodeName"] = json!(payload);
    sick["spec"]["containers"][0]["image"] = json!(format!("registry.test/web:{payload}"));
    sick["status"]["conditions"] = json!([{"type": "Ready", "status": "False", "reason": payload}]);
    sick["status"]["containerStatuses"][0] = json!({
        "name": "main", "ready": false, "restartCount": 3, "imageID": format!("x@sha256:{payload}"),
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": payload}},
        "lastState": {"terminated": {"reason": payload, "exitCode": 1, "finishedAt": "2025-12-31T23:00:00Z"}}
    });
    let mut evicted = pod("web-7c9d-b", 0);
    evicted["status"] = json!({"phase": "Failed", "reason": payload, "message": payload});
    let mut waiting = pod("web-7c9d-c", 0);
    waiting["status"] = json!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": payload}]});
    vec![
        web,
        sick,
        evicted,
        waiting,
        json!({"kind": "Deployment", "metadata": {"name": payload, "namespace": namespace, "uid": "d2"}}),
        json!({"kind": "ReplicaSet", "metadata": {
            "name": "web-7c9d", "namespace": namespace, "uid": "r1",
            "annotations": {"deployment.kubernetes.io/revision": "1", "kubernetes.io/change-cause": payload},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d1", "controller": true}]
        }, "spec": {"template": {"spec": {"containers": [{"name": "main", "image": payload}]}}}}),
        json!({"kind": "Event", "metadata": {"name": "e1", "namespace": namespace, "uid": "e1"}, "type": "Warning",
               "reason": payload, "message": payload, "involvedObject": {"kind": payload, "name": "web"}}),
        json!({"kind": "Event", "metadata": {"name": "e2", "namespace": namespace, "uid": "e2"}, "type": "Warning",
               "reason": payload, "message": payload, "involvedObject": {"kind": "Pod", "name": payload}}),
        json!({"kind": "HorizontalPodAutoscaler", "metadata": {"name": payload, "namespace": namespace, "uid": "a1"},
               "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3},
               "status": {"conditions": [{"type": "ScalingActive", "status": "False", "reason": payload, "message": payload}]}}),
        json!({"kind": "ConfigMap", "metadata": {"name": "settings", "namespace": namespace, "uid": "c1",
               "managedFields": [{"manager": payload, "time": "2025-12-31T23:30:00Z"}]}, "data": {"LOG_LEVEL": payload}}),
    ]
}

#[tokio::test]
async fn nothing_that_stands_in_a_cluster_becomes_markup_or_hides_itself() {
    for payload in PAYLOADS {
        let rows = rows();
        see(&rows, objects(payload));
        rows.silent(&super::site::main(), payload);
        rows.answered(&super::site::main());
        rows.registry_trouble(Some(payload.replace(|c: char| c.is_control() || c == '\u{202e}', "").into()));
        let router = router(site(rows).await);
        for path in ["/", "/pods", "/pods?state=failed", "/e/shop/production", "/e/shop/production/deployment/web"] {
            let answer = get(&router, path).await;
            assert_eq!(answer.status, 200, "{path}");
            assert_harmless(&answer.text(), &format!("{path} with {payload:?}"));
        }
    }
}

#[tokio::test]
async fn what_was_written_is_still_shown_as_text() {
    let rows = rows();
    see(&rows, objects(PAYLOADS[0]));
    let router = router(site(rows).await);
    let html = get(&router, "/e/shop/production/deployment/web").await.text();
    assert!(
        html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
        "the payload reached no page: the test tests nothing"
    );
}

#[test]
fn links_that_run_script_are_no_registry() {
    for url in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        " javascript:alert(1)",
        "//evil.test",
        "vbscript:x",
        "java\tscript:alert(1)",
    ] {
        let text = format!(
            "{{ clusters: [{{ id: main, connect: {{ context: main }} }}], systems: [{{ id: a, name: A, environments: [{{ id: b, \
             cluster: main, namespace: b, tier: staging, timeZone: Europe/Berlin, links: [{{ name: x, url: {} }}], components: \
             [{{ kind: DaemonSet, name: c, role: worker }}] }}] }}] }}",
            serde_json::to_string(url).unwrap()
        );
        let error = crate::registry::parse("sample", text.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("links[0].url"), "{url}: {error}");
    }
}
