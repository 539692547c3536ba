//! Text that somebody in a cluster wrote to harm whoever reads it.

use axum::body::Body;
use axum::http::Request;
use domain::access::Role;
use domain::ledger::{Actor, Entry, Kind, OperationId, Outcome, Target, Whom};
use serde_json::{Value, json};

use super::pages::assert_harmless;
use super::site::{HOST, ask_as, deployment, get, get_as, of_this_build, person, pod, rows, see, site};
use crate::clock;
use crate::http::gate::encode;
use crate::http::router;
use crate::people::token::Token;

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

/// An entry with a payload in each place.
fn entry(payload: &str) -> Entry {
    Entry {
        at: clock::now_us(),
        kind: Kind::Restart,
        outcome: Outcome::Done,
        actor: Actor { id: payload.into(), name: payload.into(), role: Some(Role::Operator), source: payload.into() },
        operation: Some(OperationId(7)),
        environment: Some("shop/production".parse().unwrap()),
        target: Some(Target {
            kind: payload.into(),
            namespace: "shop".parse().unwrap(),
            name: "web".parse().unwrap(),
            uid: payload.into(),
        }),
        what: payload.into(),
        whom: Some(Whom { id: payload.into(), name: payload.into() }),
        why: payload.into(),
        plan: vec![payload.into()],
        before: vec![(payload.into(), payload.into())],
        after: vec![(payload.into(), payload.into())],
    }
}

#[tokio::test]
async fn nothing_that_stands_in_the_record_or_in_an_address_does() {
    for payload in PAYLOADS {
        let site = site(rows()).await;
        let admin = Token::read(&"cd".repeat(32)).unwrap();
        person(&site, "admin", &[(Role::Viewer, "*"), (Role::Admin, "*")], &admin).await;
        let mut write = site.people.store().write().await.unwrap();
        write.append(&entry(payload)).await.unwrap();
        write.commit().await.unwrap();
        let router = router(site);
        let written = encode(payload);
        for path in [
            "/changes".to_owned(),
            "/changes/1".into(),
            "/people".into(),
            format!("/board?system={written}&tier={written}&rotate={written}&at={written}&again={written}"),
            "/account".into(),
            format!(
                "/changes?person={written}&environment={written}&kind={written}&from={written}&until={written}&before={written}"
            ),
            format!("/people?name={written}&said={written}&role={written}"),
            format!("/account?said={written}"),
            format!("/pods?filter={written}&sort={written}"),
            format!("/e/{written}/{written}"),
            format!("/changes/{written}"),
            format!("/{written}"),
        ] {
            let answer = get_as(&router, &path, Some(&admin)).await;
            assert!(answer.status.as_u16() < 500, "{path}: {}", answer.status);
            assert_harmless(&answer.text(), &format!("{path} with {payload:?}"));
        }
        for path in
            [format!("/sign-in?to={written}&why={written}"), format!("/setup?token={written}"), format!("/{written}")]
        {
            let answer = get_as(&router, &path, None).await;
            assert!(answer.status.as_u16() < 500, "{path}: {}", answer.status);
            assert_harmless(&answer.text(), &format!("{path} with {payload:?}"));
        }
        for (path, body) in [
            ("/sign-in", format!("name={written}&password=x&to={written}")),
            ("/setup", format!("token={written}&name={written}&password=x&again=x")),
            ("/people/add", format!("name={written}&password={written}")),
            ("/people/give", format!("person={written}&role={written}&scope={written}")),
            ("/account/password", format!("current={written}&password={written}&again={written}")),
            ("/theme", format!("theme={written}&back={written}")),
        ] {
            let request = Request::post(path).header("host", HOST).header("sec-fetch-site", "same-origin");
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let answer = ask_as(&router, request.body(Body::from(of_this_build(&body))).unwrap(), Some(&admin)).await;
            assert!(answer.status.as_u16() < 500, "{path}: {}", answer.status);
            assert_harmless(&answer.text(), &format!("{path} with {payload:?}"));
            for (name, value) in &answer.headers {
                let value = value.to_str().unwrap_or_else(|_| panic!("{path}: {name} is no text"));
                assert!(!value.contains("evil") && !value.contains('<'), "{path}: {name}: {value}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_downloaded_hides_nothing() {
    let site = site(rows()).await;
    let admin = Token::read(&"cd".repeat(32)).unwrap();
    person(&site, "admin", &[(Role::Viewer, "*"), (Role::Admin, "*")], &admin).await;
    let mut write = site.people.store().write().await.unwrap();
    for payload in PAYLOADS.into_iter().chain(["=cmd|'/c calc'!A1", "+1", "-1", "@x", "\t=1", "\r=1"]) {
        write.append(&entry(payload)).await.unwrap();
    }
    write.commit().await.unwrap();
    let router = router(site);
    for (path, is_table) in [("/changes/export.csv", true), ("/changes/export.ndjson", false)] {
        let request = Request::post(path).header("host", HOST).header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = ask_as(&router, request.body(Body::from(of_this_build(""))).unwrap(), Some(&admin)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-disposition").starts_with("attachment"), "{path}");
        let text = answer.text();
        assert!(text.contains("alert(1)"), "{path}: nothing was downloaded");
        let hidden = |c: char| (c.is_control() && c != '\n' && c != '\r') || ('\u{202a}'..='\u{202e}').contains(&c);
        let at = text.find(hidden).map(|at| text[at.saturating_sub(60)..at + 1].to_owned());
        assert_eq!(at, None, "{path}: a character that hides itself");
        if is_table {
            for cell in text.split(['\n', ',']).map(|cell| cell.trim_start_matches('"')) {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
            }
        }
    }
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
