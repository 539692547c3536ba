//! Rules about several people at once, decided by several people at once.

use std::sync::Arc;

use domain::access::{Grant, Role, Scope};
use domain::person::UserId;
use server::people::{By, People, Session, SessionLimits};
use server::store::SessionId;

use crate::bench::{Bench, NOW, on_both};

on_both!(two_admins_cannot_take_the_last_role_from_each_other, two_admins_cannot_disable_each_other);

const ADMIN: Grant = Grant { role: Role::Admin, scope: Scope::Everywhere };

/// People with two admins, each signed in.
async fn two_admins(bench: &Bench, round: u32) -> (Arc<People>, [Arc<Session>; 2]) {
    let people = Arc::new(People::new(bench.store.clone(), SessionLimits::default()).unwrap());
    let mut sessions = Vec::new();
    for name in [format!("ada-{round}"), format!("kim-{round}")] {
        let id = bench.person(&name).await;
        let mut write = bench.store.write().await.unwrap();
        write.grant(id, &ADMIN, "test", NOW).await.unwrap();
        write.commit().await.unwrap();
        let user = bench.store.read().await.unwrap().user(id).await.unwrap().unwrap();
        sessions.push(Arc::new(Session {
            id: SessionId(u128::from(round)),
            given: user.grants.clone(),
            by_group: Vec::new(),
            groups: Vec::new(),
            user,
            source: "test".into(),
        }));
    }
    (people, sessions.try_into().unwrap())
}

/// How many admins there are, after which there are none.
async fn admins_left(bench: &Bench, ids: [UserId; 2]) -> u64 {
    let mut write = bench.store.write().await.unwrap();
    let left = write.count_enabled_admins().await.unwrap();
    for id in ids {
        write.take(id, &ADMIN).await.unwrap();
    }
    write.commit().await.unwrap();
    left
}

async fn two_admins_cannot_take_the_last_role_from_each_other(bench: Bench) {
    for round in 0..20 {
        let (people, [ada, kim]) = two_admins(&bench, round).await;
        let ids = [ada.user.id, kim.user.id];
        let take = |by: Arc<Session>, from: UserId| {
            let people = people.clone();
            tokio::spawn(async move { people.change_role(&By::Admin(&by), from, &ADMIN, false, NOW).await.is_ok() })
        };
        let (one, other) = tokio::join!(take(ada, ids[1]), take(kim, ids[0]));
        assert_eq!(u8::from(one.unwrap()) + u8::from(other.unwrap()), 1, "round {round}: one of them, not both");
        assert_eq!(admins_left(&bench, ids).await, 1, "round {round}");
    }
}

async fn two_admins_cannot_disable_each_other(bench: Bench) {
    for round in 0..20 {
        let (people, [ada, kim]) = two_admins(&bench, round).await;
        let ids = [ada.user.id, kim.user.id];
        let disable = |by: Arc<Session>, whom: UserId| {
            let people = people.clone();
            tokio::spawn(async move { people.disable(&By::Admin(&by), whom, true, NOW).await.is_ok() })
        };
        let (one, other) = tokio::join!(disable(ada, ids[1]), disable(kim, ids[0]));
        assert_eq!(u8::from(one.unwrap()) + u8::from(other.unwrap()), 1, "round {round}: one of them, not both");
        assert_eq!(admins_left(&bench, ids).await, 1, "round {round}");
    }
}
