//! Watches against a server that fails.

use std::time::Duration;

use domain::access::Grants;
use domain::frame::{Page, Topic};
use domain::freshness::Freshness;
use kube::Api;
use kube::runtime::watcher;
use serde_json::json;
use tokio::time::sleep;

use super::super::objects;
use super::fake::{Piece, Reply, bookmark, failure, line, listed, pod, pods, status};
use super::scene::*;
use crate::rows::{Kind, WatchId};

#[tokio::test(start_paused = true)]
async fn a_list_streams_in_and_is_followed() {
    let more = vec![line("ADDED", pod("c", 11)), line("DELETED", pod("a", 12))];
    let scene = Scene::new([stream([pods(&["a", "b"], 10), vec![Piece::Wait(SECOND)], more])]);
    scene.live_with(&["a", "b"]).await;
    scene.live_with(&["b", "c"]).await;
    let asked = scene.fake.asked("pods");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path, "/api/v1/pods");
    assert_eq!(asked[0].parameter("sendInitialEvents"), "true");
    assert_eq!(asked[0].parameter("resourceVersionMatch"), "NotOlderThan");
    assert_eq!(asked[0].parameter("allowWatchBookmarks"), "true");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_live_before_the_list_is_complete() {
    let first = vec![line("ADDED", pod("a", 9)), Piece::Wait(30 * SECOND), line("ADDED", pod("b", 10)), listed(10)];
    let scene = Scene::new([Reply::Stream(first)]);
    sleep(20 * SECOND).await;
    assert_eq!(scene.source().freshness, Freshness::Never);
    assert!(!scene.rows.is_settled());
    scene.live_with(&["a", "b"]).await;
    assert!(scene.rows.is_settled());
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_fell_behind_lists_again_without_a_flash_and_what_went_goes() {
    let gone = line("ERROR", status(410, "Expired"));
    let scene = Scene::new([
        stream([pods(&["a", "b", "c"], 10), vec![Piece::Wait(60 * SECOND), gone]]),
        stream([pods(&["a", "c"], 90)]),
    ]);
    scene.live_with(&["a", "b", "c"]).await;
    assert!(scene.live_with(&["a", "c"]).await <= 61 * SECOND);
    assert!(scene.never_fewer_than(2));
    assert!(scene.seen.lock().iter().all(|names| names.len() != 1 || *names == ["a"]), "a relist starts from nothing");
    assert_eq!(scene.fake.lists("pods").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_starts_with_410_lists_again() {
    let scene = Scene::new([
        stream([pods(&["a", "b"], 10), vec![Piece::Wait(60 * SECOND), Piece::End]]),
        failure(410, "Expired"),
        stream([pods(&["b", "c"], 90)]),
    ]);
    scene.live_with(&["a", "b"]).await;
    assert!(scene.live_with(&["b", "c"]).await <= 61 * SECOND);
    let asked = scene.fake.asked("pods");
    assert_eq!(asked.iter().map(super::fake::Asked::is_list).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(asked[1].parameter("resourceVersion"), "10");
    assert!(scene.never_fewer_than(2));
}

#[tokio::test(start_paused = true)]
async fn however_often_a_server_says_410_it_is_asked_for_a_list_once_in_ten_seconds() {
    let behind = || stream([pods(&["a"], 10), vec![Piece::Wait(SECOND / 10), line("ERROR", status(410, "Expired"))]]);
    for reply in [behind(), failure(410, "Expired")] {
        let scene = Scene::new([behind(), reply]);
        scene.live_with(&["a"]).await;
        sleep(100 * SECOND).await;
        let lists = scene.fake.lists("pods");
        assert!((9..=11).contains(&lists.len()), "{lists:?}");
        assert!(gaps(&lists).iter().all(|gap| *gap >= 10 * SECOND), "{lists:?}");
        assert_eq!(names(&scene.rows), ["a"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_followed_is_not_called_live() {
    // 410 at once: the next list must wait, and may be slow then.
    let gone = line("ERROR", status(410, "Expired"));
    let slow = [vec![Piece::Wait(20 * SECOND)], pods(&["a", "b"], 90)];
    let scene = Scene::new([stream([pods(&["a"], 10), vec![Piece::Wait(SECOND), gone]]), stream(slow)]);
    scene.live_with(&["a"]).await;
    for seconds in [5, 15, 25] {
        sleep(Duration::from_secs(seconds).saturating_sub(scene.fake.age())).await;
        assert!(matches!(scene.source().freshness, Freshness::Stale(_)), "after {seconds} s");
        assert_eq!(names(&scene.rows), ["a"], "after {seconds} s");
    }
    scene.live_with(&["a", "b"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_cut_inside_a_line_goes_on_where_it_was() {
    let torn = vec![
        line("MODIFIED", pod("a", 11)),
        Piece::Wait(SECOND),
        Piece::Torn(r#"{"type":"MODIFIED","object":{"kind":"Po"#),
        Piece::Cut,
    ];
    let scene = Scene::new([
        stream([pods(&["a", "b"], 10), torn]),
        Reply::Stream(vec![Piece::Wait(2 * SECOND), line("DELETED", pod("b", 12))]),
    ]);
    scene.live_with(&["a", "b"]).await;
    assert!(scene.live_with(&["a"]).await <= 10 * SECOND);
    let asked = scene.fake.asked("pods");
    assert_eq!(asked.len(), 2, "{asked:#?}");
    assert_eq!((asked[1].parameter("resourceVersion"), asked[1].parameter("sendInitialEvents")), ("11", ""));
    assert_eq!(scene.source().trouble.as_ref(), "");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_cut_is_read_again_and_never_taken_for_whole() {
    let scene = Scene::new([
        Reply::Stream(vec![line("ADDED", pod("a", 10)), Piece::Wait(SECOND), Piece::Cut]),
        Reply::Stream(vec![line("ADDED", pod("a", 10)), Piece::Wait(SECOND), Piece::End]),
        stream([vec![Piece::Wait(5 * SECOND)], pods(&["a", "b"], 10)]),
    ]);
    sleep(2 * SECOND).await;
    assert_eq!(scene.source().freshness, Freshness::Never);
    scene.live_with(&["a", "b"]).await;
    assert!(!scene.seen.lock().is_empty() && scene.never_fewer_than(1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_every_list_half_way_is_not_asked_in_a_loop() {
    let half = Reply::Stream(vec![line("ADDED", pod("a", 10)), Piece::Wait(SECOND / 100), Piece::End]);
    let scene = Scene::new([half]);
    sleep(60 * SECOND).await;
    let lists = scene.fake.lists("pods");
    assert!(lists.len() <= 14, "{} lists in a minute", lists.len());
    assert_eq!(scene.source().freshness, Freshness::Never);
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_may_not_be_read_is_named_and_all_others_work() {
    let scene = Scene::new([stream([pods(&["a"], 10)])]);
    scene.fake.script("horizontalpodautoscalers", [failure(403, "Forbidden")]);
    scene.rows.watches(&main(), vec![POD, AUTOSCALER]);
    let api = Api::<objects::Autoscaler>::all(scene.fake.client());
    tokio::spawn(scene.watch(AUTOSCALER).follow(api, watcher::Config::default()));
    scene.live_with(&["a"]).await;
    sleep(30 * SECOND).await;
    let source = scene.source();
    assert!(matches!(source.freshness, Freshness::Live(_)), "{source:?}");
    let [missing] = source.missing.as_slice() else { panic!("{source:?}") };
    assert_eq!(
        (missing.resource.as_ref(), missing.sentence.as_ref()),
        (
            "horizontalpodautoscalers",
            "Quarterdeck may not list and watch horizontalpodautoscalers in the whole cluster. Grant both verbs to its \
             account."
        )
    );
    assert_eq!(scene.fake.asked("horizontalpodautoscalers").len(), 1, "asked again without a pause");
    // Somebody grants it: within a minute the sentence goes.
    scene.fake.script("horizontalpodautoscalers", [Reply::Stream(vec![listed(10)])]);
    sleep(60 * SECOND).await;
    assert_eq!(scene.source().missing, [], "{:#?}", scene.fake.asked("horizontalpodautoscalers"));
    assert!(scene.is_live());
}

#[tokio::test(start_paused = true)]
async fn a_server_without_streaming_lists_is_read_by_pages() {
    let list = |names: &[&str], next: &str| {
        let items: Vec<_> = names.iter().map(|name| pod(name, 5)).collect();
        let metadata = json!({"resourceVersion": "30", "continue": next});
        Reply::Json(200, json!({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items}))
    };
    for code in [400, 422] {
        let follow = Reply::Stream(vec![Piece::Wait(SECOND), line("DELETED", pod("b", 31))]);
        let scene =
            Scene::new([failure(code, "Invalid"), list(&["a", "b"], "token"), list(&["c"], ""), follow.clone()]);
        scene.live_with(&["a", "b", "c"]).await;
        scene.live_with(&["a", "c"]).await;
        let asked = scene.fake.asked("pods");
        assert_eq!(asked.len(), 4, "{asked:#?}");
        assert_eq!((asked[1].parameter("limit"), asked[1].parameter("watch")), ("500", ""));
        assert_eq!(asked[2].parameter("continue"), "token");
        assert_eq!((asked[3].parameter("resourceVersion"), asked[3].parameter("watch")), ("30", "true"));
        assert_eq!(asked[3].parameter("sendInitialEvents"), "");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_whose_token_expired_is_listed_from_the_start() {
    let page = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "30", "continue": "token"},
                      "items": [pod("a", 5)]});
    let whole = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "40"},
                       "items": [pod("b", 6)]});
    let scene = Scene::new([
        failure(422, "Invalid"),
        Reply::Json(200, page),
        failure(410, "Expired"),
        Reply::Json(200, whole),
        Reply::Stream(vec![]),
    ]);
    scene.live_with(&["b"]).await;
    let lists = scene.fake.lists("pods");
    assert!(lists.last().unwrap() <= &(12 * SECOND), "{lists:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_for_a_while_is_followed_again_when_it_recovers() {
    let scene = Scene::new([
        failure(500, "InternalError"),
        failure(503, "ServiceUnavailable"),
        failure(500, "InternalError"),
        failure(503, "ServiceUnavailable"),
        stream([pods(&["a", "b"], 10), vec![Piece::Wait(30 * SECOND), Piece::End]]),
        failure(500, "InternalError"),
        failure(500, "InternalError"),
        Reply::Stream(vec![line("DELETED", pod("a", 11))]),
    ]);
    assert!(scene.live_with(&["a", "b"]).await <= 15 * SECOND);
    assert!(scene.live_with(&["b"]).await <= 35 * SECOND);
    // The second time it went on from where it was.
    assert_eq!(scene.fake.asked("pods").last().unwrap().parameter("resourceVersion"), "10");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_before_it_is_ready_is_followed_soon_after_it_is() {
    let not_yet = || failure(503, "ServiceUnavailable");
    let scene = Scene::new([not_yet(), not_yet(), not_yet(), not_yet(), not_yet(), stream([pods(&["a"], 10)])]);
    assert!(scene.live_with(&["a"]).await <= 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_comes_back_while_a_list_must_wait_is_listed_once() {
    let gone = line("ERROR", status(410, "Expired"));
    let scene =
        Scene::new([stream([pods(&["a"], 10), vec![Piece::Wait(SECOND), gone]]), stream([pods(&["a", "b"], 20)])]);
    scene.live_with(&["a"]).await;
    sleep(5 * SECOND).await;
    scene.returned.send_modify(|count| *count += 1);
    assert!(scene.live_with(&["a", "b"]).await <= 6 * SECOND);
    sleep(60 * SECOND).await;
    assert_eq!(scene.fake.lists("pods").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_before_a_slow_list_does_not_make_it_count_as_read() {
    let slow = stream([vec![Piece::Wait(20 * SECOND)], pods(&["a"], 10)]);
    let scene = Scene::new([failure(500, "InternalError"), slow]);
    sleep(15 * SECOND).await;
    assert_eq!(scene.source().freshness, Freshness::Never);
    assert!(!scene.rows.is_settled());
    scene.live_with(&["a"]).await;
}

#[tokio::test(start_paused = true)]
async fn while_a_watch_is_broken_its_trouble_is_said() {
    let scene = Scene::new([
        stream([pods(&["a"], 10), vec![Piece::Wait(20 * SECOND), Piece::End]]),
        failure(500, "InternalError"),
        failure(500, "InternalError"),
        stream([pods(&["a", "b"], 20)]),
    ]);
    scene.live_with(&["a"]).await;
    sleep(20 * SECOND + SECOND / 10).await;
    let source = scene.source();
    assert!(matches!(source.freshness, Freshness::Stale(_)));
    assert_eq!(source.trouble.as_ref(), "The watch of pods broke off.");
    assert_eq!(names(&scene.rows), ["a"]);
    scene.live_with(&["a", "b"]).await;
    assert_eq!(scene.source().trouble.as_ref(), "");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_comes_back_is_listed_again_and_live_only_then() {
    let beats = vec![Piece::Wait(58 * SECOND), bookmark(12)];
    let scene =
        Scene::new([stream([pods(&["a", "b"], 10), beats]), stream([vec![Piece::Wait(SECOND)], pods(&["b"], 20)])]);
    scene.live_with(&["a", "b"]).await;
    sleep(60 * SECOND).await;
    scene.rows.silent(&main(), "The API server does not answer within 2 s.");
    sleep(30 * SECOND).await;
    assert_eq!(names(&scene.rows), ["a", "b"]);
    assert!(!scene.is_live());
    scene.returned.send_modify(|count| *count += 1);
    scene.rows.answered(&main());
    assert!(!scene.is_live(), "what was read before the outage is not the present");
    assert!(scene.live_with(&["b"]).await <= 2 * SECOND);
    assert!(scene.never_fewer_than(1));
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_of_no_interest_any_more_goes() {
    let replica_set = |version: u32, owned: bool| {
        let owner =
            json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "1", "controller": true}]);
        json!({"kind": "ReplicaSet", "apiVersion": "apps/v1", "metadata": {
            "name": "web-7c9d", "namespace": "shop", "uid": "aa", "resourceVersion": version.to_string(),
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "ownerReferences": if owned { owner } else { json!([]) },
        }})
    };
    let scene = Scene::new([stream([pods(&["a"], 10)])]);
    let id = WatchId { kind: Kind::ReplicaSet, within: None };
    scene.rows.watches(&main(), vec![POD, id.clone()]);
    let orphaned = line("MODIFIED", replica_set(11, false));
    let follow = vec![line("ADDED", replica_set(9, true)), listed(10), Piece::Wait(SECOND), orphaned];
    scene.fake.script("replicasets", [Reply::Stream(follow)]);
    let api = Api::<objects::ReplicaSet>::all(scene.fake.client());
    tokio::spawn(scene.watch(id).follow(api, watcher::Config::default()));
    scene.live_with(&["a"]).await;
    let revisions =
        || match scene.rows.seen_by(&Grants::everything()).page(&Topic::Component(domain::name::ComponentId {
            environment: "a/production".parse().unwrap(),
            kind: domain::name::WorkloadKind::Deployment,
            name: "web".parse().unwrap(),
        })) {
            Page::Component(view) => view.revisions.len(),
            other => panic!("{other:?}"),
        };
    sleep(SECOND / 2).await;
    assert_eq!(revisions(), 1);
    sleep(SECOND).await;
    assert_eq!(revisions(), 0);
}
