//! Logs that are looked at, and what the record tells of it.

use axum::body::Body;
use axum::http::Request;
use domain::access::Role;
use domain::ledger::{Entry, Kind};
use domain::log::follow::{FollowAsk, FollowFrame, Matched};
use futures::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;

use super::live::Server;
use super::site::{HOST, ask, get, get_as, of_this_build, person, rows, site, token};
use crate::http::{Site, router};
use crate::people::token::Token;
use crate::store::ledger::{AccessEntries, Environments, Filter};

/// What the record tells of a kind, oldest first.
async fn told(site: &Site, kind: Kind) -> Vec<Entry> {
    let filter = Filter { kind: Some(kind), ..Filter::new(Environments::All, AccessEntries::All, 1_000) };
    let found = site.people.store().read().await.unwrap().query(&filter).await.unwrap();
    found.into_iter().rev().map(|found| found.entry.unwrap()).collect()
}

#[tokio::test]
async fn opening_logs_is_recorded_where_an_environment_wants_it_and_for_whom_it_is_there() {
    let site = site(rows()).await;
    let of_staging = Token::random();
    person(&site, "kim", &[(Role::Operator, "shop/staging")], &of_staging).await;
    let router = router(site.clone());
    let (all, staging) = (token(), of_staging);
    for (query, who, status, entry) in [
        ("", &all, 200, None),
        ("?environment=shop/staging", &all, 200, None),
        ("?environment=shop/staging", &staging, 200, None),
        ("?environment=shop/production", &all, 200, Some("?environment=shop/production")),
        ("?environment=shop/production", &all, 200, Some("?environment=shop/production")),
        (
            "?environment=shop/staging&environment=shop/production&since=5m&find=token%3Dhunter2",
            &all,
            200,
            Some("?environment=shop/staging&environment=shop/production&since=5m&find=token%3D%5Bmasked%5D"),
        ),
        // Nothing is shown of these.
        ("?environment=shop/production&find=(&regex", &all, 422, None),
        ("?environment=shop/production&environment=shop/nothing", &all, 404, None),
        ("?environment=shop/production", &staging, 404, None),
        ("?environment=shop/production&environment=shop/staging", &staging, 404, None),
    ] {
        let before = told(&site, Kind::LogView).await.len();
        let answer = get_as(&router, &format!("/logs{query}"), Some(who)).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
        assert_eq!(answer.text().contains("That you look at these is recorded."), entry.is_some(), "{query}");
        let more = told(&site, Kind::LogView).await.split_off(before);
        let expected = entry.map(|query| format!("Looked at logs: {query}."));
        assert_eq!(
            more.iter().map(|entry| entry.what.clone()).collect::<Vec<_>>(),
            Vec::from_iter(expected),
            "{query}"
        );
        for entry in more {
            assert_eq!(entry.environment.unwrap().to_string(), "shop/production");
            assert_eq!((&*entry.actor.name, entry.actor.role), ("viewer", Some(Role::Viewer)));
        }
    }
}

#[tokio::test]
async fn what_is_taken_along_is_recorded_without_secrets() {
    let site = site(rows()).await;
    let router = router(site.clone());
    for path in ["/logs/text", "/logs/ndjson"] {
        let body = of_this_build("query=environment%3Dshop/production%26find%3Dpassword%253Dhunter2");
        let request = Request::post(path).header("host", HOST).header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(ask(&router, request.body(Body::from(body)).unwrap()).await.status.as_u16(), 200);
        let entry = told(&site, Kind::Export).await.pop().unwrap();
        assert_eq!(entry.environment.map(|environment| environment.to_string()).as_deref(), Some("shop/production"));
        assert_eq!(entry.actor.role, Some(Role::Viewer));
        let last = entry.what;
        assert!(last.ends_with(": ?environment=shop/production&find=password%3D%5Bmasked%5D."), "{last}");
    }
    assert!(told(&site, Kind::LogView).await.is_empty());
}

#[tokio::test]
async fn who_looked_at_logs_is_told_to_admins_and_to_themselves() {
    let site = site(rows()).await;
    let (admin, other) = (Token::random(), Token::random());
    person(&site, "admin", &[(Role::Admin, "*")], &admin).await;
    person(&site, "lee", &[(Role::Lead, "*")], &other).await;
    let router = router(site);
    get(&router, "/logs?environment=shop/production&level=warn").await;
    for (who, sees) in [(token(), true), (admin, true), (other, false)] {
        for (query, fits) in [
            ("", true),
            ("?kind=log-view&person=viewer", true),
            ("?environment=shop/production", true),
            ("?environment=shop/staging", false),
            ("?kind=export", false),
        ] {
            let text = get_as(&router, &format!("/changes{query}"), Some(&who)).await.text();
            assert_eq!(text.contains("Looked at logs: ?environment=shop/production"), sees && fits, "{query}: {sees}");
        }
        let status = get_as(&router, "/changes/1", Some(&who)).await.status.as_u16();
        assert_eq!(status, if sees { 200 } else { 404 });
    }
}

#[tokio::test]
async fn logs_whose_reader_cannot_be_recorded_are_not_shown_and_others_are() {
    let site = site(rows()).await;
    let router = router(site.clone());
    // They are known from now on.
    get(&router, "/").await;
    site.people.store().close().await;
    for (query, status) in [
        ("?environment=shop/production", 503),
        ("?environment=shop/staging&environment=shop/production", 503),
        ("?environment=shop/staging", 200),
        ("", 200),
    ] {
        let answer = get(&router, &format!("/logs{query}")).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
        let said = answer.text();
        let is_said = said.contains("Who looks at the logs of shop/production is recorded, and that failed")
            && said.contains("The database does not answer")
            && said.contains("Load this page again");
        assert_eq!(is_said, status == 503, "{query}: {said}");
        assert!(status == 200 || !said.contains("no connection"), "{said}");
    }
}

/// How the server begins to answer somebody who follows.
#[derive(Debug, PartialEq)]
enum Begin {
    Follows,
    Unrecorded,
    Closed(u16),
}

/// Follows what a query asks for until the server answers.
async fn follow(server: &Server, query: &str, token: &Token) -> Begin {
    let mut tab = server.connect_to(&format!("/logs/live{query}"), Some(token)).await;
    let from = postcard::to_allocvec(&FollowAsk::From(Vec::new(), Matched::default())).unwrap();
    tab.socket.send(Message::binary(from)).await.unwrap();
    match tab.socket.next().await.unwrap().unwrap() {
        Message::Binary(bytes) => match postcard::from_bytes::<FollowFrame>(&bytes).unwrap() {
            FollowFrame::Say { text, .. } if text.starts_with("Not followed: who looks here is recorded") => {
                Begin::Unrecorded
            }
            _ => Begin::Follows,
        },
        Message::Close(frame) => Begin::Closed(frame.unwrap().code.into()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn following_is_recorded_unless_its_page_just_was() {
    let server = Server::start().await;
    let site = &server.site;
    let of_staging = Token::random();
    person(site, "kim", &[(Role::Operator, "shop/staging")], &of_staging).await;
    let router = router(site.clone());
    let (production, all) = ("?environment=shop/production", token());
    get(&router, &format!("/logs{production}")).await;
    for (query, who, closed, entries) in [
        (production, &all, Begin::Follows, 1),
        ("?environment=shop/staging", &all, Begin::Follows, 1),
        (production, &of_staging, Begin::Closed(4404), 1),
        ("?environment=shop/production&find=(&regex", &all, Begin::Closed(4404), 1),
        ("?environment=shop/production&level=warn", &all, Begin::Follows, 2),
        // It broke, and they are back.
        ("?environment=shop/production&level=warn", &all, Begin::Follows, 2),
    ] {
        assert_eq!(follow(&server, query, who).await, closed, "{query}");
        assert_eq!(told(site, Kind::LogView).await.len(), entries, "{query}");
    }
    let last = told(site, Kind::LogView).await.pop().unwrap();
    assert_eq!(last.what, "Followed logs: ?environment=shop/production&level=warn.");
    site.people.store().close().await;
    // What is recorded goes on.
    assert_eq!(follow(&server, production, &all).await, Begin::Follows);
    assert_eq!(follow(&server, "?environment=shop/production&level=error", &all).await, Begin::Unrecorded);
    assert_eq!(follow(&server, "?environment=shop/staging", &all).await, Begin::Follows);
}
