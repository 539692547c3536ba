//! Sessions: begun, used, over.

use domain::access::Grant;
use domain::person::UserId;
use domain::session::Ending;
use server::store::{Key, NewSession, Session, SessionId, SessionState};

use crate::bench::{Bench, DAY, MINUTE, NOW, SECOND, on_both};

on_both!(
    a_session_is_live_until_it_is_over,
    a_session_comes_with_its_person_and_grants,
    groups_are_kept_with_the_session_and_gone_with_it,
    use_is_noted_once_a_minute_and_wakes_nothing,
    sessions_are_ended_one_by_one_and_all_but_one,
    only_live_sessions_are_listed,
    what_a_browser_says_is_cut,
    old_sessions_are_swept,
    a_key_is_used_once,
);

fn session(number: u128, user: UserId) -> NewSession {
    NewSession {
        key: Key::of(format!("token {number}").as_bytes()),
        id: SessionId(number),
        user,
        created_at: NOW,
        expires_at: NOW + 12 * 60 * MINUTE,
        idle_us: 30 * MINUTE,
        source: "192.0.2.7".to_owned(),
        agent: "Firefox".to_owned(),
        groups: Vec::new(),
    }
}

async fn begin(bench: &Bench, session: &NewSession) {
    let mut write = bench.store.write().await.unwrap();
    write.begin_session(session).await.unwrap();
    write.commit().await.unwrap();
}

async fn state(bench: &Bench, key: Key, now: i64) -> SessionState {
    bench.store.read().await.unwrap().session(key, now).await.unwrap()
}

async fn live(bench: &Bench, key: Key, now: i64) -> Session {
    match state(bench, key, now).await {
        SessionState::Live(found) => found.0,
        other => panic!("{other:?}"),
    }
}

async fn a_session_is_live_until_it_is_over(bench: Bench) {
    let kim = bench.person("kim").await;
    let new = session(1, kim);
    begin(&bench, &new).await;
    assert_eq!(state(&bench, Key::of(b"token 2"), NOW).await, SessionState::Unknown);
    live(&bench, new.key, NOW).await;
    live(&bench, new.key, NOW + 30 * MINUTE - 1).await;
    assert_eq!(state(&bench, new.key, NOW + 30 * MINUTE).await, SessionState::Idle);
    assert_eq!(state(&bench, new.key, NOW + 12 * 60 * MINUTE).await, SessionState::Expired);

    let mut write = bench.store.write().await.unwrap();
    write.disable_user(kim, NOW).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(state(&bench, new.key, NOW).await, SessionState::Disabled);
    let mut write = bench.store.write().await.unwrap();
    write.enable_user(kim).await.unwrap();
    assert!(write.end_session(kim, new.id, Ending::SignedOut, NOW).await.unwrap());
    write.commit().await.unwrap();
    assert_eq!(state(&bench, new.key, NOW).await, SessionState::Ended(Some(Ending::SignedOut)));
}

async fn a_session_comes_with_its_person_and_grants(bench: Bench) {
    let kim = bench.person("kim").await;
    let grant = Grant { role: "lead".parse().unwrap(), scope: "fleet/staging".parse().unwrap() };
    let mut write = bench.store.write().await.unwrap();
    write.grant(kim, &grant, "ada", NOW).await.unwrap();
    write.commit().await.unwrap();
    let new = session(1, kim);
    begin(&bench, &new).await;
    let SessionState::Live(found) = state(&bench, new.key, NOW + MINUTE).await else { panic!("not live") };
    let (session, user) = *found;
    assert_eq!((user.id, user.name.as_str(), user.grants.0), (kim, "kim", vec![grant]));
    assert_eq!((session.id, session.user, session.source.as_str()), (new.id, kim, "192.0.2.7"));
    assert_eq!((session.created_at, session.seen_at, session.expires_at), (NOW, NOW, NOW + DAY / 2));
    assert_eq!((session.idle_us, session.agent.as_str()), (30 * MINUTE, "Firefox"));
}

async fn use_is_noted_once_a_minute_and_wakes_nothing(bench: Bench) {
    let kim = bench.person("kim").await;
    let new = session(1, kim);
    begin(&bench, &new).await;
    let touch = async |now| bench.store.touch_session(new.key, now).await.unwrap();
    assert!(!touch(NOW + 59 * SECOND).await);
    assert!(touch(NOW + MINUTE).await);
    assert!(!touch(NOW + MINUTE + 30 * SECOND).await);
    let found = live(&bench, new.key, NOW + 31 * MINUTE - 1).await;
    assert_eq!(found.seen_at, NOW + MINUTE);
    assert!(!found.is_touch_due(NOW + 2 * MINUTE - 1) && found.is_touch_due(NOW + 2 * MINUTE));
    // Idle, expired, ended, unknown.
    assert!(!touch(NOW + 31 * MINUTE).await);
    assert_eq!(state(&bench, new.key, NOW + 31 * MINUTE).await, SessionState::Idle);
    let long = NewSession { idle_us: 2 * DAY, ..session(2, kim) };
    begin(&bench, &long).await;
    assert!(!bench.store.touch_session(long.key, long.expires_at).await.unwrap());
    let mut write = bench.store.write().await.unwrap();
    write.end_session(kim, long.id, Ending::SignedOut, NOW).await.unwrap();
    write.commit().await.unwrap();
    assert!(!bench.store.touch_session(long.key, NOW + MINUTE).await.unwrap());
    assert!(!bench.store.touch_session(Key::of(b"other"), NOW + MINUTE).await.unwrap());
}

async fn sessions_are_ended_one_by_one_and_all_but_one(bench: Bench) {
    let (kim, ada) = (bench.person("kim").await, bench.person("ada").await);
    let of_kim: Vec<NewSession> = (1..=4).map(|number| session(number, kim)).collect();
    let of_ada = session(9, ada);
    for new in of_kim.iter().chain([&of_ada]) {
        begin(&bench, new).await;
    }
    let mut write = bench.store.write().await.unwrap();
    assert!(!write.end_session(ada, of_kim[0].id, Ending::SignedOut, NOW).await.unwrap(), "somebody else's");
    assert!(write.end_session(kim, of_kim[0].id, Ending::SignedOut, NOW).await.unwrap());
    assert!(!write.end_session(kim, of_kim[0].id, Ending::SignedOut, NOW).await.unwrap(), "twice");
    assert_eq!(write.end_sessions_of(kim, Some(of_kim[1].id), Ending::Elsewhere, NOW).await.unwrap(), 2);
    write.commit().await.unwrap();
    live(&bench, of_kim[1].key, NOW).await;
    assert_eq!(state(&bench, of_kim[2].key, NOW).await, SessionState::Ended(Some(Ending::Elsewhere)));
    let mut write = bench.store.write().await.unwrap();
    assert_eq!(write.end_sessions_of(kim, None, Ending::Disabled, NOW).await.unwrap(), 1);
    write.commit().await.unwrap();
    assert_eq!(state(&bench, of_kim[1].key, NOW).await, SessionState::Ended(Some(Ending::Disabled)));
    // What ended before keeps its own reason.
    assert_eq!(state(&bench, of_kim[2].key, NOW).await, SessionState::Ended(Some(Ending::Elsewhere)));
    live(&bench, of_ada.key, NOW).await;
}

async fn only_live_sessions_are_listed(bench: Bench) {
    let kim = bench.person("kim").await;
    begin(&bench, &session(1, kim)).await;
    begin(&bench, &NewSession { created_at: NOW + 5 * SECOND, ..session(2, kim) }).await;
    begin(&bench, &NewSession { expires_at: NOW + 5 * SECOND, ..session(3, kim) }).await;
    begin(&bench, &NewSession { idle_us: 5 * SECOND, ..session(4, kim) }).await;
    begin(&bench, &session(5, kim)).await;
    begin(&bench, &session(6, bench.person("ada").await)).await;
    let mut write = bench.store.write().await.unwrap();
    write.end_session(kim, SessionId(5), Ending::SignedOut, NOW).await.unwrap();
    write.commit().await.unwrap();
    let listed = bench.store.read().await.unwrap().sessions_of(kim, NOW + 10 * SECOND).await.unwrap();
    assert_eq!(listed.iter().map(|session| session.id.0).collect::<Vec<_>>(), [2, 1]);
}

async fn what_a_browser_says_is_cut(bench: Bench) {
    let kim = bench.person("kim").await;
    let new = NewSession { agent: format!("a\0b\u{1b}[31m{}", "ü".repeat(500)), ..session(1, kim) };
    begin(&bench, &new).await;
    let found = live(&bench, new.key, NOW).await;
    assert_eq!(found.agent, format!("ab[31m{}", "ü".repeat(194)));
}

async fn old_sessions_are_swept(bench: Bench) {
    let kim = bench.person("kim").await;
    begin(&bench, &session(1, kim)).await;
    begin(&bench, &NewSession { expires_at: NOW + 40 * DAY, idle_us: 40 * DAY, ..session(2, kim) }).await;
    begin(&bench, &NewSession { expires_at: NOW + 40 * DAY, ..session(3, kim) }).await;
    let mut write = bench.store.write().await.unwrap();
    write.end_session(kim, SessionId(3), Ending::SignedOut, NOW).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(bench.store.sweep(NOW + 30 * DAY).await.unwrap(), 0);
    assert_eq!(bench.store.sweep(NOW + 31 * DAY).await.unwrap(), 2);
    live(&bench, Key::of(b"token 2"), NOW + 31 * DAY).await;
}

async fn a_key_is_used_once(bench: Bench) {
    let kim = bench.person("kim").await;
    begin(&bench, &session(1, kim)).await;
    let mut write = bench.store.write().await.unwrap();
    let same = NewSession { id: SessionId(2), ..session(1, kim) };
    assert!(write.begin_session(&same).await.is_err());
}

async fn groups_are_kept_with_the_session_and_gone_with_it(bench: Bench) {
    let (kim, lee) = (bench.person("kim").await, bench.person("lee").await);
    let named = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<_>>();
    let first = NewSession { groups: named(&["qa", "\"'$1; Ü"]), ..session(1, kim) };
    begin(&bench, &first).await;
    begin(&bench, &NewSession { groups: named(&["qa", "sre"]), ..session(2, kim) }).await;
    begin(&bench, &session(3, lee)).await;
    assert_eq!(live(&bench, first.key, NOW).await.groups, first.groups);
    assert!(live(&bench, session(3, lee).key, NOW).await.groups.is_empty());
    let all = async |now| bench.store.read().await.unwrap().groups_of_all(now).await.unwrap();
    assert_eq!(all(NOW).await.into_iter().collect::<Vec<_>>(), [(kim, named(&["\"'$1; Ü", "qa", "sre"]))]);
    let mut write = bench.store.write().await.unwrap();
    write.end_session(kim, SessionId(1), Ending::SignedOut, NOW).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(all(NOW).await[&kim], named(&["qa", "sre"]));
    assert!(all(NOW + 30 * MINUTE).await.is_empty(), "groups of a session that is over");
}
