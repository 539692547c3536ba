//! People, their passwords and grants.

use domain::access::{Grant, Grants};
use domain::person::{UserId, UserName};
use server::store::{Conflict, Identity, NewUser, PasswordHash, StoreError};

use crate::bench::{Bench, NOW, new_user, on_both};

on_both!(
    a_person_is_found_by_id_name_and_identity,
    names_and_identities_are_taken_once,
    passwords_are_set_and_never_shown,
    disabling_and_enabling_happen_once,
    grants_are_given_and_taken_once,
    admins_are_counted_that_may_sign_in,
    what_is_not_committed_does_not_count,
    hostile_text_is_kept_as_it_is,
    grants_of_a_newer_program_give_nothing,
);

fn grant(role: &str, scope: &str) -> Grant {
    Grant { role: role.parse().unwrap(), scope: scope.parse().unwrap() }
}

fn identity(issuer: &str, subject: &str) -> Identity {
    Identity { issuer: issuer.to_owned(), subject: subject.to_owned() }
}

async fn a_person_is_found_by_id_name_and_identity(bench: Bench) {
    let me = identity("https://id.example.com", "42");
    let mut write = bench.store.write().await.unwrap();
    let kim =
        NewUser { identity: Some(me.clone()), password: Some(PasswordHash::new("$argon2id$x")), ..new_user("Kim") };
    write.add_user(&kim).await.unwrap();
    write.add_user(&new_user("ada")).await.unwrap();
    write.grant(kim.id, &grant("operator", "fleet/production"), "ada", NOW).await.unwrap();
    write.grant(kim.id, &grant("viewer", "*"), "ada", NOW).await.unwrap();
    write.commit().await.unwrap();

    let mut read = bench.store.read().await.unwrap();
    let found = read.user(kim.id).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.has_password, found.created_at), ("kim", true, NOW));
    assert_eq!(found.identity.as_ref(), Some(&me));
    assert_eq!(found.grants, Grants(vec![grant("viewer", "*"), grant("operator", "fleet/production")]));
    assert!(!found.is_disabled());
    assert_eq!(read.user_by_name(&UserName::new("KIM").unwrap()).await.unwrap().as_ref(), Some(&found));
    assert_eq!(read.user_by_identity(&me).await.unwrap().as_ref(), Some(&found));

    for other in [identity("https://id.example.com", "4"), identity("https://evil.example.com", "42")] {
        assert_eq!(read.user_by_identity(&other).await.unwrap(), None);
    }
    assert_eq!(read.user(UserId(7)).await.unwrap(), None);
    assert_eq!(read.user_by_name(&UserName::new("nobody").unwrap()).await.unwrap(), None);
    let all = read.users().await.unwrap();
    assert_eq!(all.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["ada", "kim"]);
    assert_eq!(all[1], found);
    assert_eq!(read.count_users().await.unwrap(), 2);
}

async fn names_and_identities_are_taken_once(bench: Bench) {
    bench.person("kim").await;
    let with_identity = |name: &str, id| NewUser {
        id: UserId(id),
        identity: Some(identity("https://id.example.com", "1")),
        ..new_user(name)
    };
    for (user, expected) in [
        (NewUser { id: UserId(2), ..new_user("KIM") }, Some(Conflict::UserName)),
        (with_identity("ada", 3), None),
        (with_identity("eve", 4), Some(Conflict::Identity)),
        (new_user("kim.two"), None),
        (NewUser { id: new_user("kim").id, ..new_user("zoe") }, Some(Conflict::Other)),
    ] {
        let mut write = bench.store.write().await.unwrap();
        let result = write.add_user(&user).await;
        match expected {
            Some(conflict) => assert_eq!(result, Err(StoreError::Conflict(conflict)), "{user:?}"),
            None => {
                result.unwrap();
                write.commit().await.unwrap();
            }
        }
    }
    // A refusal says nothing against the database.
    assert!(bench.store.health().is_fine());
}

async fn passwords_are_set_and_never_shown(bench: Bench) {
    let kim = bench.person("kim").await;
    let name = UserName::new("kim").unwrap();
    assert_eq!(bench.store.read().await.unwrap().credentials(&name).await.unwrap().unwrap().password, None);
    let hash = PasswordHash::new("$argon2id$canary");
    let mut write = bench.store.write().await.unwrap();
    assert!(write.set_password(kim, &hash).await.unwrap());
    assert!(!write.set_password(UserId(9), &hash).await.unwrap());
    write.commit().await.unwrap();
    let found = bench.store.read().await.unwrap().credentials(&name).await.unwrap().unwrap();
    assert_eq!(found.password.as_ref().map(PasswordHash::as_str), Some("$argon2id$canary"));
    assert!(found.user.has_password);
    assert!(!format!("{found:?}").contains("canary"));
}

async fn disabling_and_enabling_happen_once(bench: Bench) {
    let kim = bench.person("kim").await;
    let mut write = bench.store.write().await.unwrap();
    assert!(!write.enable_user(kim).await.unwrap());
    assert!(write.disable_user(kim, NOW).await.unwrap());
    assert!(!write.disable_user(kim, NOW + 1).await.unwrap());
    assert_eq!(write.user(kim).await.unwrap().unwrap().disabled_at, Some(NOW));
    assert!(write.enable_user(kim).await.unwrap());
    assert!(!write.disable_user(UserId(9), NOW).await.unwrap());
    write.commit().await.unwrap();
    assert!(!bench.store.read().await.unwrap().user(kim).await.unwrap().unwrap().is_disabled());
}

async fn grants_are_given_and_taken_once(bench: Bench) {
    let kim = bench.person("kim").await;
    let lead = grant("lead", "fleet");
    for expected in [true, false] {
        let mut write = bench.store.write().await.unwrap();
        assert_eq!(write.grant(kim, &lead, "ada", NOW).await.unwrap(), expected);
        write.commit().await.unwrap();
    }
    for expected in [true, false] {
        let mut write = bench.store.write().await.unwrap();
        assert_eq!(write.take(kim, &lead).await.unwrap(), expected);
        write.commit().await.unwrap();
    }
    assert_eq!(bench.store.read().await.unwrap().user(kim).await.unwrap().unwrap().grants, Grants::default());
    // Nobody is granted anything who is not there.
    let mut write = bench.store.write().await.unwrap();
    assert!(matches!(write.grant(UserId(9), &lead, "ada", NOW).await, Err(StoreError::Internal(_))));
}

async fn admins_are_counted_that_may_sign_in(bench: Bench) {
    let (ada, kim, zoe) = (bench.person("ada").await, bench.person("kim").await, bench.person("zoe").await);
    let mut write = bench.store.write().await.unwrap();
    write.lock_people().await.unwrap();
    assert_eq!(write.count_enabled_admins().await.unwrap(), 0);
    for id in [ada, kim] {
        write.grant(id, &grant("admin", "*"), "command line", NOW).await.unwrap();
        write.grant(id, &grant("viewer", "*"), "command line", NOW).await.unwrap();
    }
    write.grant(zoe, &grant("lead", "*"), "command line", NOW).await.unwrap();
    assert_eq!(write.count_enabled_admins().await.unwrap(), 2);
    write.disable_user(kim, NOW).await.unwrap();
    assert_eq!(write.count_enabled_admins().await.unwrap(), 1);
    write.commit().await.unwrap();
}

async fn what_is_not_committed_does_not_count(bench: Bench) {
    let mut write = bench.store.write().await.unwrap();
    write.add_user(&new_user("kim")).await.unwrap();
    drop(write);
    let mut write = bench.store.write().await.unwrap();
    write.add_user(&new_user("ada")).await.unwrap();
    write.rollback().await.unwrap();
    assert_eq!(bench.store.read().await.unwrap().count_users().await.unwrap(), 0);
    // The store goes on after it.
    bench.person("kim").await;
    assert_eq!(bench.store.read().await.unwrap().count_users().await.unwrap(), 1);
}

async fn hostile_text_is_kept_as_it_is(bench: Bench) {
    let subject = "'; drop table users; -- $1 \u{202e} 漢 \\ \"";
    let me = identity("https://id.example.com/?a=%00", subject);
    let mut write = bench.store.write().await.unwrap();
    write.add_user(&NewUser { identity: Some(me.clone()), ..new_user("kim") }).await.unwrap();
    write.commit().await.unwrap();
    let found = bench.store.read().await.unwrap().user_by_identity(&me).await.unwrap().unwrap();
    assert_eq!(found.identity, Some(me));
}

async fn grants_of_a_newer_program_give_nothing(bench: Bench) {
    let kim = bench.person("kim").await;
    let mut write = bench.store.write().await.unwrap();
    write.grant(kim, &grant("viewer", "*"), "ada", NOW).await.unwrap();
    write.commit().await.unwrap();
    let insert = "insert into grants (user_id, role, scope, given_by, given_at) values ($1, $2, $3, 'x', 1)";
    for (role, scope) in [("emperor", "*"), ("lead", "cluster:one")] {
        let statement = sqlx::query(insert).bind(kim.to_string()).bind(role).bind(scope);
        statement.execute(&mut bench.raw().await).await.unwrap();
    }
    let found = bench.store.read().await.unwrap().user(kim).await.unwrap().unwrap();
    assert_eq!(found.grants, Grants(vec![grant("viewer", "*")]));
    assert_eq!(bench.store.read().await.unwrap().users().await.unwrap()[0].grants, found.grants);
}
