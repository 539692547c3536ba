//! Watches of what stands around workloads, where that cannot be read or is not installed.

use domain::access::Grants;
use domain::facts::around::AroundKind;
use domain::frame::{Page, Topic};
use domain::freshness::Freshness;
use kube::Api;
use kube::runtime::watcher;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::super::objects::around;
use super::super::project::Project;
use super::fake::{Piece, Reply, failure, line, listed, pods};
use super::scene::*;
use crate::rows::{Kind, WatchId};

const QUOTA: WatchId = WatchId { kind: Kind::Around(AroundKind::Quota), within: None };
const CERTIFICATE: WatchId = WatchId { kind: Kind::Around(AroundKind::Certificate), within: None };
const SECRET: WatchId = WatchId { kind: Kind::Around(AroundKind::Secret), within: None };

/// Titles of the findings on the environment's page.
fn findings(scene: &Scene) -> Vec<String> {
    let topic = Topic::Environment("a/production".parse().unwrap());
    match scene.rows.seen_by(&Grants::everything()).page(&topic) {
        Page::Environment(view) => view.findings.iter().map(|finding| finding.title.to_string()).collect(),
        other => panic!("{other:?}"),
    }
}

fn certificate(version: u32, not_after: &str) -> Value {
    json!({"kind": "Certificate", "apiVersion": "cert-manager.io/v1",
        "metadata": {"name": "tls", "namespace": "shop", "uid": "c1", "resourceVersion": version.to_string()},
        "status": {"notAfter": not_after}})
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_not_installed_unsettles_nothing_and_is_seen_once_it_is() {
    let scene = Scene::new([stream([pods(&["a"], 10)])]);
    scene.fake.script("certificates", [failure(404, "NotFound")]);
    scene.rows.watches(&main(), vec![POD, CERTIFICATE]);
    let api = Api::<around::Certificate>::all(scene.fake.client());
    tokio::spawn(scene.watch(CERTIFICATE).follow(api, watcher::Config::default()));
    scene.live_with(&["a"]).await;
    sleep(50 * SECOND).await;
    let source = scene.source();
    assert!(matches!(source.freshness, Freshness::Live(_)) && scene.rows.is_settled(), "{source:?}");
    assert_eq!((source.missing.as_slice(), &*source.trouble), ([].as_slice(), ""));
    let asked = scene.fake.asked("certificates");
    assert_eq!(asked.len(), 1, "asked again without a pause");
    assert_eq!(asked[0].path, "/apis/cert-manager.io/v1/certificates");
    // Somebody installs cert-manager. The scene's clock stands at 2026-01-01.
    let ends = line("ADDED", certificate(20, "2026-01-03T00:00:00Z"));
    scene.fake.script("certificates", [Reply::Stream(vec![ends, listed(20)])]);
    sleep(20 * SECOND).await;
    let expires = "Certificate tls expires within 7 days".to_owned();
    assert!(findings(&scene).contains(&expires), "{:?}", findings(&scene));
}

#[tokio::test(start_paused = true)]
async fn with_a_kind_that_is_taken_away_its_objects_go() {
    let scene = Scene::new([stream([pods(&["a"], 10)])]);
    let ends = line("ADDED", certificate(20, "2026-01-03T00:00:00Z"));
    let gone = vec![ends, listed(20), Piece::Wait(10 * SECOND), Piece::End];
    scene.fake.script("certificates", [Reply::Stream(gone), failure(404, "NotFound")]);
    scene.rows.watches(&main(), vec![POD, CERTIFICATE]);
    let api = Api::<around::Certificate>::all(scene.fake.client());
    tokio::spawn(scene.watch(CERTIFICATE).follow(api, watcher::Config::default()));
    scene.live_with(&["a"]).await;
    sleep(5 * SECOND).await;
    let said = |scene: &Scene| findings(scene).iter().any(|title| title.starts_with("Certificate tls"));
    assert!(said(&scene));
    sleep(30 * SECOND).await;
    assert!(!said(&scene), "{:?}", findings(&scene));
    assert!(scene.is_live());
}

#[tokio::test(start_paused = true)]
async fn rights_that_are_missing_around_workloads_are_one_sentence() {
    let scene = Scene::new([stream([pods(&["a"], 10)])]);
    scene.fake.script("resourcequotas", [failure(403, "Forbidden")]);
    scene.fake.script("certificates", [failure(403, "Forbidden")]);
    scene.rows.watches(&main(), vec![POD, QUOTA, CERTIFICATE]);
    let api = Api::<around::ResourceQuota>::all(scene.fake.client());
    tokio::spawn(scene.watch(QUOTA).follow(api, watcher::Config::default()));
    let api = Api::<around::Certificate>::all(scene.fake.client());
    tokio::spawn(scene.watch(CERTIFICATE).follow(api, watcher::Config::default()));
    scene.live_with(&["a"]).await;
    sleep(30 * SECOND).await;
    let source = scene.source();
    assert!(matches!(source.freshness, Freshness::Live(_)), "{source:?}");
    let [missing] = source.missing.as_slice() else { panic!("{source:?}") };
    let sentence = "Quarterdeck may not list and watch resourcequotas, certificates: nothing is said of them. Grant both verbs \
                    to its account where they should be looked at.";
    assert_eq!(&*missing.sentence, sentence);
}

#[tokio::test(start_paused = true)]
async fn of_secrets_only_metadata_is_asked_for() {
    let scene = Scene::new([stream([pods(&["a"], 10)])]);
    let metadata = json!({"name": "old", "namespace": "shop", "uid": "5", "resourceVersion": "3",
        "creationTimestamp": "2025-01-01T00:00:00Z"});
    let secret = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata});
    // The first question is for a streaming list, which an older server does not know; then a list by pages, then a watch.
    let page = json!({"kind": "PartialObjectMetadataList", "metadata": {"resourceVersion": "3"}, "items": [secret]});
    scene.fake.script("secrets", [failure(422, "Invalid"), Reply::Json(200, page), Reply::Stream(vec![])]);
    scene.rows.watches(&main(), vec![POD, SECRET]);
    let api = Api::<around::Secret>::all(scene.fake.client());
    let config = watcher::Config::default().fields(around::Secret::FIELDS);
    tokio::spawn(scene.watch(SECRET).follow(api, config));
    scene.live_with(&["a"]).await;
    sleep(5 * SECOND).await;
    let asked = scene.fake.asked("secrets");
    assert_eq!(asked.len(), 3, "{asked:#?}");
    for asked in asked {
        let is_metadata = asked.accept.starts_with("application/json;as=PartialObjectMetadata");
        // A server that cannot tell metadata alone answers 406, and nothing else.
        assert!(is_metadata && !asked.accept.contains(','), "{asked:#?}");
        assert!(asked.parameter("fieldSelector").contains("helm.sh"), "{asked:#?}");
    }
    let old = "Secret old is older than 90 days".to_owned();
    assert!(findings(&scene).contains(&old), "{:?}", findings(&scene));
}
