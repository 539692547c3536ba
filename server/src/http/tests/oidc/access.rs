//! Who somebody from the provider is here, and what they may do.

use axum::http::Method;
use domain::access::{Grant, Role};
use domain::group::GroupRule;
use futures::StreamExt as _;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::*;
use crate::http::tests::site::{cookie_of, get_as, of_this_build, person};
use crate::people::{By, Chosen};

fn rule(group: &str, role: Role, scope: &str) -> GroupRule {
    GroupRule { group: group.parse().unwrap(), role, scope: scope.parse().unwrap() }
}

impl World {
    fn person(&self, sub: &str, name: &str, groups: &[&str]) {
        let claims = json!({ "sub": sub, "preferred_username": name, "email": "kim@example.com", "groups": groups });
        *self.fake.person.lock() = claims;
    }

    fn rules(&self, rules: &[GroupRule]) {
        self.site.people.give_by_group(Some(&self.fake.issuer), rules);
    }

    async fn post(&self, path: &str, form: String, token: &Token) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", HOST)
            .header("origin", format!("http://{HOST}"))
            .header("content-type", "application/x-www-form-urlencoded");
        ask_as(&self.router, request.body(Body::from(of_this_build(&form))).unwrap(), Some(token)).await
    }
}

#[tokio::test]
async fn nobody_is_taken_for_somebody_else_by_a_name_or_an_address() {
    let world = world().await;
    let admin = Grant { role: Role::Admin, scope: "*".parse().unwrap() };
    for name in ["kim", "kim@example.com"] {
        let password = Chosen::Given("anchor lamp tidal".into());
        world.site.people.add(&By::CommandLine, name, password, clock::now_us()).await.unwrap();
        let id = world.user(name).await.unwrap().id;
        world.site.people.change_role(&By::CommandLine, id, &admin, true, clock::now_us()).await.unwrap();
    }
    for (sub, name, expected) in [
        ("u-1", "kim", "kim-2"),
        ("u-2", "KIM", "kim-3"),
        ("u-3", "kim@example.com", "kim@example.com-2"),
        ("u-1", "renamed", "kim-2"),
        ("Ж", "Ж", ""),
        ("u-5", "<b>Kim</b> Lee", "b-kim--b--lee"),
    ] {
        world.person(sub, name, &[]);
        let token = world.enter().await;
        let who = world.site.people.who(&token, clock::now_us()).await.unwrap().unwrap();
        assert!(who.user.grants.0.is_empty(), "{name} became {}", who.user.name);
        if expected.is_empty() {
            assert_eq!(who.user.name.as_str(), who.user.id.to_string(), "nothing of the name is left");
        } else {
            assert_eq!(who.user.name.as_str(), expected);
        }
    }
}

#[tokio::test]
async fn who_was_disabled_stays_out_and_nothing_else_changes() {
    let world = world().await;
    let token = world.enter().await;
    let kim = world.user("kim").await.unwrap().id;
    world.site.people.disable(&By::CommandLine, kim, true, clock::now_us()).await.unwrap();
    assert_eq!(get_as(&world.router, "/", Some(&token)).await.status, StatusCode::SEE_OTHER);
    assert_refused(&world.sign_in().await, "disabled", "disabled");
    assert_eq!(world.count(kim).await, (2, 0));
    assert!(world.ledger().await.last().unwrap().contains("the account is disabled"));
    world.site.people.disable(&By::CommandLine, kim, false, clock::now_us()).await.unwrap();
    world.enter().await;
}

#[tokio::test]
async fn groups_bring_roles_that_follow_the_registry_at_once() {
    let world = world().await;
    world.rules(&[rule("qa", Role::Tester, "shop/staging"), rule("sre", Role::Admin, "*")]);
    world.person("u-1", "kim", &["qa", "others"]);
    let token = world.enter().await;
    let status = async |path: &str| get_as(&world.router, path, Some(&token)).await.status.as_u16();
    assert_eq!(
        (status("/e/shop/staging").await, status("/e/shop/production").await, status("/people").await),
        (200, 404, 403)
    );
    let account = get_as(&world.router, "/account", Some(&token)).await.text();
    assert!(account.contains("tester in shop/staging, by the group qa"), "{account}");

    world.rules(&[rule("others", Role::Viewer, "shop/production")]);
    assert_eq!((status("/e/shop/staging").await, status("/e/shop/production").await), (404, 200));
    // Groups of another issuer bring nothing.
    world.site.people.give_by_group(Some("https://other.test"), &[rule("others", Role::Viewer, "*")]);
    assert_eq!(status("/e/shop/production").await, 404);
    world.site.people.give_by_group(None, &[rule("others", Role::Viewer, "*")]);
    assert_eq!(status("/e/shop/production").await, 404);

    // Another sign-in with other groups: each session has those of its own.
    world.rules(&[rule("qa", Role::Tester, "shop/staging"), rule("ops", Role::Operator, "shop/production")]);
    world.person("u-1", "kim", &["ops"]);
    let later = world.enter().await;
    assert_eq!(get_as(&world.router, "/e/shop/staging", Some(&later)).await.status.as_u16(), 404);
    assert_eq!((status("/e/shop/staging").await, status("/e/shop/production").await), (200, 404));
    // What is in nobody's token is nobody's, and nobody with a password has groups.
    let viewer = Token::random();
    person(&world.site, "plain", &[], &viewer).await;
    assert_eq!(get_as(&world.router, "/e/shop/staging", Some(&viewer)).await.status.as_u16(), 404);
}

#[tokio::test]
async fn an_admin_by_group_manages_others_and_not_themselves() {
    let world = world().await;
    world.rules(&[rule("heads", Role::Admin, "*")]);
    world.person("u-1", "kim", &["heads"]);
    let token = world.enter().await;
    let kim = world.user("kim").await.unwrap();
    assert!(kim.grants.0.is_empty(), "what groups bring is not written into the database");
    let lee = person(&world.site, "lee", &[(Role::Viewer, "shop")], &Token::random()).await;
    let page = get_as(&world.router, "/people", Some(&token)).await.text();
    assert!(page.contains(" by the group heads"), "{page}");
    assert!(!page.contains("Take admin everywhere from kim"), "{page}");

    let give = |person: UserId, role: &str| format!("person={person}&role={role}&scope=*");
    let answer = world.post("/people/give", give(lee, "operator"), &token).await;
    assert_eq!(answer.header("location"), "/people?said=given");
    for role in ["operator", "viewer", "admin"] {
        let answer = world.post("/people/give", give(kim.id, role), &token).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{role}");
        assert!(answer.text().contains("obody changes their own roles"), "{role}");
    }
    assert!(world.user("kim").await.unwrap().grants.0.is_empty());
    // Theirs as they are now, not as they were when the page was opened.
    world.rules(&[]);
    assert_eq!(world.post("/people/give", give(lee, "lead"), &token).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_account_of_the_provider_has_no_password() {
    let world = world().await;
    world.enter().await;
    let kim = world.user("kim").await.unwrap();
    let set = world.site.people.set_password(&By::CommandLine, kim.id, Chosen::Random, clock::now_us()).await;
    assert!(matches!(set, Err(crate::people::ManageRefusal::NoPassword)));
    let body = "name=kim&password=&to=/".to_owned();
    let answer = world.post("/sign-in", body, &Token::random()).await;
    assert_eq!((answer.status, session_in(&answer)), (StatusCode::UNAUTHORIZED, None));
}

#[tokio::test]
async fn a_socket_ends_within_five_seconds_of_a_change_of_what_groups_bring() {
    let world = world().await;
    world.rules(&[rule("qa", Role::Viewer, "*")]);
    world.person("u-1", "kim", &["qa"]);
    let token = world.enter().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = world.router.clone();
    tokio::spawn(async move { axum::serve(listener, served).await });
    let mut request = format!("ws://{address}/live").into_client_request().unwrap();
    request.headers_mut().insert("origin", format!("http://{address}").parse().unwrap());
    request.headers_mut().insert("cookie", cookie_of(&token).parse().unwrap());
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = client_async(request, stream).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Binary(_)))));
    // A line about others is none of their business.
    world.rules(&[rule("qa", Role::Viewer, "*"), rule("sre", Role::Admin, "*")]);
    let until_closed = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    tokio::pin!(until_closed);
    let early = tokio::time::timeout(Duration::from_secs(3), &mut until_closed).await;
    assert!(early.is_err(), "it ended for nothing: {early:?}");
    world.rules(&[rule("qa", Role::Viewer, "shop/staging")]);
    let closed = tokio::time::timeout(Duration::from_secs(5), until_closed).await;
    // To come back, and not to the sign-in: the session goes on.
    assert_eq!(closed, Ok(Some(1013)));
    assert_eq!(get_as(&world.router, "/e/shop/staging", Some(&token)).await.status, StatusCode::OK);
}
