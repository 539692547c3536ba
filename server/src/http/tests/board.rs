//! The board, as a wall screen and people who do not run the environments meet it.

use axum::http::StatusCode;
use domain::access::Role;

use super::html::tags;
use super::site::{deployment, get, get_as, ordinary, person, pod, rows, see, site};
use crate::clock;
use crate::http::router;
use crate::people::token::{Token, random_id};
use crate::store::{NewSession, SessionId, SessionState};

/// What the page loads next by itself.
fn refresh(html: &str) -> Option<String> {
    let all = tags(html);
    let refresh = all.iter().find(|tag| tag.name == "meta" && tag.attribute("http-equiv") == Some("refresh"));
    refresh.and_then(|tag| tag.attribute("content")).map(|content| content.replace("&amp;", "&"))
}

/// Whether it starts the browser part; the few lines that Leptos writes for that do nothing without it.
fn has_script(html: &str) -> bool {
    tags(html).iter().any(|tag| tag.name == "script" && tag.attribute("type") == Some("module"))
}

/// What stands in `<main>`.
fn main_of(html: &str) -> &str {
    let (_, rest) = html.split_once("<main").unwrap();
    rest.split_once("</main>").unwrap().0
}

#[tokio::test]
async fn the_board_says_how_all_is_and_goes_on_by_itself() {
    let router = ordinary().await;
    let answer = get(&router, "/board").await;
    assert_eq!(answer.status, StatusCode::OK);
    let html = answer.text();
    let main = main_of(&html);
    let (production, staging) = (main.find("/e/shop/production").unwrap(), main.find("/e/shop/staging").unwrap());
    assert!(production < staging, "staging comes first: {main}");
    // The database is declared and not there; so is all of staging.
    assert!(main.contains("Not usable") && main.contains("The database is not working: it is not there."), "{main}");
    assert!(main.contains(">Seen ") && main.contains("v1"), "{main}");
    assert!(!main.to_lowercase().contains("pod"), "{main}");
    assert_eq!(refresh(&html).as_deref(), Some("15; url=/board?again"));
    // A link that script follows within the document would be cut off.
    assert!(!has_script(&html) && html.contains("data-unscripted"));
}

#[tokio::test]
async fn what_is_chosen_stays_while_the_board_goes_on() {
    let router = ordinary().await;
    for (path, expected) in [
        ("/board?tier=production", Some("15; url=/board?again&tier=production")),
        ("/board?again&system=shop&tier=Staging", Some("15; url=/board?again&system=shop&tier=staging")),
        ("/board?rotate=20", Some("20; url=/board?again&rotate=20&at=shop")),
        ("/board?rotate=20&at=gone&tier=staging", Some("20; url=/board?again&tier=staging&rotate=20&at=shop")),
        // Nobody is made to load it without end, or to wait for ever.
        ("/board?rotate=0", Some("5; url=/board?again&rotate=5&at=shop")),
        ("/board?rotate=99999", Some("600; url=/board?again&rotate=600&at=shop")),
        ("/board?rotate=often&tier=%22%3E&at=%3Cb%3E", Some("15; url=/board?again")),
        ("/board?hold", None),
        ("/board?rotate=20&hold", None),
    ] {
        let answer = get(&router, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let html = answer.text();
        assert_eq!(refresh(&html).as_deref(), expected, "{path}");
        assert_eq!(has_script(&html), expected.is_none(), "{path}");
    }
    let staging = get(&router, "/board?tier=staging").await.text();
    assert!(main_of(&staging).contains("/e/shop/staging") && !main_of(&staging).contains("/e/shop/production"));
}

#[tokio::test]
async fn the_board_shows_what_somebody_may_see_and_nothing_else_exists() {
    let rows = rows();
    see(&rows, [pod("web-7c9d-a", 0), deployment()]);
    let site = site(rows).await;
    let (some, nobody) = (Token::random(), Token::random());
    person(&site, "some", &[(Role::Viewer, "shop/staging")], &some).await;
    person(&site, "nobody", &[], &nobody).await;
    let router = router(site);
    let html = get_as(&router, "/board", Some(&some)).await.text();
    assert!(html.contains("/e/shop/staging") && !html.contains("/e/shop/production"), "{html}");
    assert!(main_of(&html).contains("1 of 1 environment is not usable."), "{html}");
    assert_eq!(get_as(&router, "/board?system=shop", Some(&some)).await.status, StatusCode::OK);
    // What one may not see and what is not there look the same.
    for (path, token) in [("/board?system=shop", &nobody), ("/board?system=other", &some)] {
        assert_eq!(get_as(&router, path, Some(token)).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let html = get_as(&router, "/board?rotate=20", Some(&nobody)).await.text();
    assert!(main_of(&html).contains("There is nothing here that you may look at."), "{html}");
    assert!(!html.contains("The Shop"), "{html}");
    assert_eq!(refresh(&html).as_deref(), Some("20; url=/board?again&rotate=20"));
    let answer = get_as(&router, "/board?again&rotate=20", None).await;
    assert_eq!(answer.header("location"), "/sign-in?to=/board%3Fagain%26rotate%3D20");
}

#[tokio::test]
async fn what_a_page_loads_by_itself_keeps_no_session_alive() {
    let site = site(rows()).await;
    let id = person(&site, "wall", &[(Role::Viewer, "*")], &Token::random()).await;
    let (token, now, minute) = (Token::random(), clock::now_us(), 60_000_000);
    let session = NewSession {
        key: token.key(),
        id: SessionId(random_id()),
        user: id,
        created_at: now - 10 * minute,
        expires_at: now + 60 * minute,
        idle_us: 30 * minute,
        source: "127.0.0.1".into(),
        agent: "a test".into(),
        groups: Vec::new(),
    };
    let mut write = site.people.store().write().await.unwrap();
    write.begin_session(&session).await.unwrap();
    write.commit().await.unwrap();
    let router = router(site.clone());
    let seen_at = async || {
        let state = site.people.store().read().await.unwrap().session(token.key(), clock::now_us()).await.unwrap();
        let SessionState::Live(live) = state else { panic!("{state:?}") };
        live.0.seen_at
    };
    for path in [
        "/board?again",
        "/board?again&rotate=20&at=shop",
        "/board?rotate=20&again=1",
        "/health?again&refresh=",
        "/health?again&refresh=&environment=shop%2Fproduction",
    ] {
        assert_eq!(get_as(&router, path, Some(&token)).await.status, StatusCode::OK, "{path}");
        assert_eq!(seen_at().await, now - 10 * minute, "{path}");
    }
    // What is remembered of it for two seconds knows no use of it either; another router remembers nothing.
    let after = clock::now_us() + 25 * minute;
    assert!(site.people.who(&token, after).await.unwrap().is_none(), "it outlived its idle time");
}

#[tokio::test]
async fn the_page_of_checks_loads_itself_by_an_address_that_says_so() {
    let router = ordinary().await;
    let (all, one) = ("15; url=/health?again&refresh=", "15; url=/health?again&refresh=&environment=shop%2Fproduction");
    for (path, expected) in [
        ("/health?refresh", Some(all)),
        ("/health?again&refresh=", Some(all)),
        ("/health?environment=shop/production&refresh", Some(one)),
        ("/health?again&refresh=&environment=shop%2Fproduction", Some(one)),
        ("/health", None),
        ("/health?environment=shop/production", None),
    ] {
        let answer = get(&router, path).await;
        assert_eq!((answer.status, answer.header("refresh")), (StatusCode::OK, ""), "{path}");
        let html = answer.text();
        assert_eq!(refresh(&html).as_deref(), expected, "{path}");
        assert_eq!(has_script(&html), expected.is_none(), "{path}");
    }
}
