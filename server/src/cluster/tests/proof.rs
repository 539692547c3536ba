//! What proves that a watch tells what is there, and what is shown without proof.

use domain::access::Grants;
use domain::frame::{Page, Topic};
use domain::freshness::Freshness;
use domain::query::{PodColumn, PodQuery, Sort};
use kube::Api;
use kube::runtime::watcher;
use serde_json::json;
use tokio::time::sleep;

use super::super::objects;
use super::fake::{Piece, Reply, bookmark, failure, line, listed, pod, pods};
use super::scene::*;

#[tokio::test(start_paused = true)]
async fn lost_rights_make_what_was_read_old() {
    for code in [401, 403] {
        let scene =
            Scene::new([stream([pods(&["a"], 10), vec![Piece::Wait(20 * SECOND), Piece::End]]), failure(code, "No")]);
        scene.live_with(&["a"]).await;
        sleep(30 * SECOND).await;
        assert!(matches!(scene.source().freshness, Freshness::Stale(_)), "{code}: {:?}", scene.source());
        let said = scene.source();
        match code {
            401 => assert!(said.trouble.contains("does not accept the credentials"), "{said:?}"),
            _ => assert_eq!(said.missing.len(), 1, "{said:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_lost_is_tried_again_each_minute_and_all_others_go_on() {
    let scene = Scene::new([stream([
        pods(&["a"], 10),
        vec![Piece::Wait(58 * SECOND), bookmark(11), Piece::Wait(32 * SECOND), line("ADDED", pod("b", 12))],
    ])]);
    scene.rows.watches(&main(), vec![POD, AUTOSCALER]);
    let lost = Reply::Stream(vec![listed(10), Piece::Wait(20 * SECOND), Piece::End]);
    scene.fake.script("horizontalpodautoscalers", [lost, failure(403, "Forbidden")]);
    let api = Api::<objects::Autoscaler>::all(scene.fake.client());
    tokio::spawn(scene.watch(AUTOSCALER).follow(api, watcher::Config::default()));
    scene.live_with(&["a"]).await;
    sleep(100 * SECOND).await;
    assert_eq!(names(&scene.rows), ["a", "b"]);
    let source = scene.source();
    assert!(matches!(source.freshness, Freshness::Stale(_)), "{source:?}");
    assert_eq!(source.missing.len(), 1);
    let asked: Vec<_> = scene.fake.asked("horizontalpodautoscalers").iter().map(|asked| asked.at).collect();
    assert_eq!(gaps(&asked)[1..], [60 * SECOND], "{asked:?}");
    // Somebody grants it again.
    scene.fake.script("horizontalpodautoscalers", [Reply::Stream(vec![Piece::Wait(SECOND), bookmark(30)])]);
    scene.live_with(&["a", "b"]).await;
    assert_eq!(scene.source().missing, []);
}

#[tokio::test(start_paused = true)]
async fn a_resumed_watch_that_says_nothing_is_not_in_step() {
    for broken in [Piece::Cut, Piece::End] {
        for silent in [Reply::Stream(vec![]), Reply::Silence] {
            let first = stream([pods(&["a"], 10), vec![Piece::Wait(20 * SECOND), broken.clone()]]);
            // The server hangs from then on, whatever is asked.
            let scene = Scene::new([first, silent]);
            scene.live_with(&["a"]).await;
            let noticed = if matches!(broken, Piece::Cut) { SECOND / 10 } else { 85 * SECOND };
            sleep(20 * SECOND + noticed).await;
            for _ in 0..100 {
                assert!(matches!(scene.source().freshness, Freshness::Stale(_)), "{:?}", scene.source());
                sleep(SECOND).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_every_watch_at_once_is_not_asked_in_a_loop() {
    let scene = Scene::new([stream([pods(&["a"], 10), vec![Piece::End]]), Reply::Stream(vec![Piece::End])]);
    scene.live_with(&["a"]).await;
    sleep(60 * SECOND).await;
    let asked = scene.fake.asked("pods").len();
    assert!(asked <= 62, "{asked} questions in a minute");
}

#[tokio::test(start_paused = true)]
async fn a_bookmark_proves_a_resumed_watch() {
    let beats = (13..18).flat_map(|version| [Piece::Wait(58 * SECOND), bookmark(version)]);
    let scene = Scene::new([
        stream([pods(&["a"], 10), vec![Piece::Wait(20 * SECOND), Piece::Cut]]),
        Reply::Stream([Piece::Wait(SECOND), bookmark(12)].into_iter().chain(beats).collect()),
    ]);
    scene.live_with(&["a"]).await;
    sleep(20 * SECOND + SECOND / 10).await;
    assert!(!scene.is_live());
    sleep(2 * SECOND).await;
    assert!(scene.is_live());
    sleep(280 * SECOND).await;
    assert!(scene.is_live());
    assert_eq!(scene.fake.asked("pods").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_read_is_not_kept_as_it_was_and_all_others_go_on() {
    let odd = |version: u32, uid: &str| {
        let mut odd = pod("a", version);
        odd["spec"] = json!("as no API server says it");
        odd["metadata"]["uid"] = json!(uid);
        odd
    };
    let uid = pod("a", 1)["metadata"]["uid"].as_str().unwrap().to_owned();
    let scene = Scene::new([
        stream([
            pods(&["a", "b"], 10),
            vec![
                Piece::Wait(SECOND),
                line("MODIFIED", odd(11, &uid)),
                Piece::Wait(SECOND),
                line("ADDED", pod("c", 12)),
            ],
            vec![
                Piece::Wait(SECOND),
                line("MODIFIED", pod("a", 13)),
                Piece::Wait(SECOND),
                line("MODIFIED", odd(14, &uid)),
            ],
            vec![Piece::Wait(SECOND), line("DELETED", odd(15, &uid)), Piece::Wait(SECOND), Piece::Cut],
        ]),
        failure(410, "Expired"),
        stream([vec![line("ADDED", odd(20, "77")), line("ADDED", pod("b", 20)), listed(21)]]),
    ]);
    let state = || {
        let query = PodQuery { sort: Sort { column: PodColumn::Name, descending: false }, ..PodQuery::default() };
        match scene.rows.seen_by(&Grants::everything()).page(&Topic::Pods(query)) {
            Page::Pods(view) => {
                let unknown = |row: &&domain::view::PodRow| row.status.state == domain::view::State::Unknown;
                let unknown = view.rows.iter().find(unknown).map(|row| (row.name.to_string(), row.node.to_string()));
                (view.rows.len(), unknown, scene.source().trouble.to_string(), scene.is_live())
            }
            other => panic!("{other:?}"),
        }
    };
    let unread = |count: usize| {
        (count, Some(("a".to_owned(), String::new())), "Some of the pods cannot be read.".to_owned(), true)
    };
    let read = |count: usize| (count, None, String::new(), true);
    sleep(SECOND / 2).await;
    for expected in [read(2), unread(2), unread(3), read(3), unread(3), read(2)] {
        assert_eq!(state(), expected, "{:?}", scene.fake.age());
        sleep(SECOND).await;
    }
    // Listed, it is there too, and nothing is known of it.
    sleep(10 * SECOND).await;
    assert_eq!(state(), unread(2));
}

#[tokio::test(start_paused = true)]
async fn while_nobody_knows_which_object_cannot_be_read_none_is_the_present() {
    let odd = |kind: &str| line(kind, json!({"kind": "Pod", "metadata": {"name": "a", "namespace": ["shop"]}}));
    let scene = Scene::new([
        stream([pods(&["a", "b"], 10), vec![Piece::Wait(20 * SECOND), odd("MODIFIED")]]),
        stream([vec![odd("ADDED"), line("ADDED", pod("b", 20)), listed(21)]]),
        stream([pods(&["a", "b", "c"], 30)]),
    ]);
    scene.live_with(&["a", "b"]).await;
    for _ in 0..6 {
        sleep(SECOND * 41 / 4).await;
        if scene.fake.age() > 20 * SECOND {
            assert!(!scene.is_live(), "{:?}", scene.source());
        }
    }
    assert_eq!(names(&scene.rows), ["a", "b"]);
    assert_eq!(scene.source().trouble.as_ref(), "One of the pods cannot be read.");
    // A minute until it is asked again, and another one because that did not help.
    assert!(scene.live_with(&["a", "b", "c"]).await <= 80 * SECOND);
    assert_eq!(gaps(&scene.fake.lists("pods")), [80 * SECOND, 60 * SECOND]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_measure_is_not_read_to_its_end() {
    for (reply, told) in [
        (vec![Piece::Endless(9 << 20), listed(10)], "more than 8 MiB in one line of a watch."),
        (vec![Piece::Endless(usize::MAX)], "more than 8 MiB in one line of a watch."),
    ] {
        let scene = Scene::new([Reply::Stream(reply), stream([pods(&["a"], 10)])]);
        sleep(SECOND).await;
        let trouble = scene.source().trouble;
        assert_eq!(*trouble, *format!("What the API server says of pods is not read: {told}"));
        sleep(50 * SECOND).await;
        assert_eq!(scene.fake.asked("pods").len(), 1, "asked again without a pause");
        scene.live_with(&["a"]).await;
    }
    // By pages the whole answer counts, however many lines it has.
    let scene = Scene::new([failure(422, "Invalid"), Reply::Stream(vec![Piece::Endless(usize::MAX)])]);
    sleep(SECOND).await;
    let trouble = scene.source().trouble;
    assert!(trouble.ends_with("more than 32 MiB in one answer."), "{trouble}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_may_be_as_long_as_it_likes() {
    let padded = |name: &'static str, version: u32| [Piece::Endless(7 << 20), line("ADDED", pod(name, version))];
    let many = (0..6u32).flat_map(|number| padded(["b", "c"][number as usize % 2], 11 + number));
    let scene = Scene::new([stream([pods(&["a"], 10), vec![Piece::Wait(SECOND)], many.collect()])]);
    scene.live_with(&["a", "b", "c"]).await;
    assert_eq!(scene.fake.asked("pods").len(), 1);
}
