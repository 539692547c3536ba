//! What is counted, and what works once: attempts, links, sign-ins through a provider.

use server::store::{Attempts, Flow, Key};
use tokio::task::JoinSet;

use crate::bench::{Bench, DAY, MINUTE, NOW, on_both};

on_both!(
    attempts_begin_anew_after_their_window,
    attempts_are_exact_however_many_try_at_once,
    attempts_are_forgotten,
    a_link_works_once_and_in_its_time,
    of_many_who_use_a_link_at_once_one_gets_in,
    a_flow_is_taken_once,
    a_flow_shows_no_secrets,
    what_is_over_is_swept,
);

async fn attempts_begin_anew_after_their_window(bench: Bench) {
    let (kim, ada) = (Key::of(b"kim"), Key::of(b"ada"));
    let count = async |key, now| bench.store.count_attempt(key, now, 15 * MINUTE).await.unwrap();
    for times in 1..=3 {
        assert_eq!(count(kim, NOW + times).await, Attempts { times, began_at: NOW + 1 });
    }
    assert_eq!(count(ada, NOW).await.times, 1);
    assert_eq!(count(kim, NOW + 15 * MINUTE).await.times, 4);
    assert_eq!(count(kim, NOW + 15 * MINUTE + 1).await, Attempts { times: 1, began_at: NOW + 15 * MINUTE + 1 });
    // A clock that goes back opens no window.
    assert_eq!(count(kim, NOW).await.times, 2);
}

async fn attempts_are_exact_however_many_try_at_once(bench: Bench) {
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let store = bench.store.clone();
        tasks.spawn(async move {
            let mut seen = Vec::new();
            for _ in 0..10 {
                seen.push(store.count_attempt(Key::of(b"kim"), NOW, MINUTE).await.unwrap().times);
            }
            seen
        });
    }
    let mut seen: Vec<i64> = tasks.join_all().await.into_iter().flatten().collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=200).collect::<Vec<i64>>());
}

async fn attempts_are_forgotten(bench: Bench) {
    for _ in 0..3 {
        bench.store.count_attempt(Key::of(b"kim"), NOW, MINUTE).await.unwrap();
    }
    let mut write = bench.store.write().await.unwrap();
    write.forget_attempts(Key::of(b"kim")).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(bench.store.count_attempt(Key::of(b"kim"), NOW, MINUTE).await.unwrap().times, 1);
}

async fn invite(bench: &Bench, token: &[u8]) -> Key {
    let mut write = bench.store.write().await.unwrap();
    write.add_invitation(Key::of(token), NOW, NOW + MINUTE).await.unwrap();
    write.commit().await.unwrap();
    Key::of(token)
}

async fn a_link_works_once_and_in_its_time(bench: Bench) {
    let (two, one) = (invite(&bench, b"two").await, invite(&bench, b"one").await);
    let open = async |key, now| bench.store.read().await.unwrap().is_invited(key, now).await.unwrap();
    assert!(open(one, NOW).await);
    assert!(!open(two, NOW).await, "one that was made before another");
    assert!(!open(one, NOW + MINUTE).await && !open(Key::of(b"other"), NOW).await);
    let mut write = bench.store.write().await.unwrap();
    assert!(!write.use_invitation(one, NOW + MINUTE).await.unwrap(), "too late");
    assert!(!write.use_invitation(Key::of(b"other"), NOW).await.unwrap());
    assert!(write.use_invitation(one, NOW).await.unwrap());
    assert!(!write.use_invitation(one, NOW).await.unwrap(), "twice");
    assert!(!write.use_invitation(two, NOW).await.unwrap(), "one from before");
    write.commit().await.unwrap();
    assert!(!open(one, NOW).await && !open(two, NOW).await);
}

async fn of_many_who_use_a_link_at_once_one_gets_in(bench: Bench) {
    let key = invite(&bench, b"one").await;
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let store = bench.store.clone();
        tasks.spawn(async move {
            let mut write = store.write().await.unwrap();
            let used = write.use_invitation(key, NOW).await.unwrap();
            write.commit().await.unwrap();
            used
        });
    }
    let used = tasks.join_all().await.into_iter().filter(|used| *used).count();
    assert_eq!(used, 1);
}

fn flow(state: &[u8]) -> Flow {
    Flow {
        key: Key::of(state),
        nonce: "canary-nonce".to_owned(),
        verifier: "canary-verifier".to_owned(),
        return_path: "/fleet/production?q='x'".to_owned(),
        expires_at: NOW + 10 * MINUTE,
    }
}

async fn a_flow_is_taken_once(bench: Bench) {
    let mut write = bench.store.write().await.unwrap();
    write.begin_flow(&flow(b"one")).await.unwrap();
    write.begin_flow(&flow(b"late")).await.unwrap();
    write.commit().await.unwrap();
    let mut write = bench.store.write().await.unwrap();
    assert_eq!(write.take_flow(Key::of(b"one"), NOW).await.unwrap(), Some(flow(b"one")));
    assert_eq!(write.take_flow(Key::of(b"one"), NOW).await.unwrap(), None);
    assert_eq!(write.take_flow(Key::of(b"other"), NOW).await.unwrap(), None);
    assert_eq!(write.take_flow(Key::of(b"late"), NOW + 10 * MINUTE).await.unwrap(), None);
    write.commit().await.unwrap();
    let mut write = bench.store.write().await.unwrap();
    assert_eq!(write.take_flow(Key::of(b"late"), NOW).await.unwrap(), None, "taken too late is taken");
}

async fn a_flow_shows_no_secrets(_bench: Bench) {
    assert!(!format!("{:?}", flow(b"canary")).contains("canary"));
}

async fn what_is_over_is_swept(bench: Bench) {
    invite(&bench, b"one").await;
    let mut write = bench.store.write().await.unwrap();
    write.begin_flow(&flow(b"one")).await.unwrap();
    write.commit().await.unwrap();
    bench.store.count_attempt(Key::of(b"kim"), NOW, MINUTE).await.unwrap();
    assert_eq!(bench.store.sweep(NOW).await.unwrap(), 0);
    assert_eq!(bench.store.sweep(NOW + 11 * MINUTE).await.unwrap(), 2);
    assert_eq!(bench.store.sweep(NOW + 2 * DAY).await.unwrap(), 1);
}
