//! The record, taken along: while it is sent, rights can end.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use domain::access::{Grant, Role};
use domain::ledger::{Actor, Entry, Kind, Outcome};
use domain::person::UserId;
use domain::session::Ending;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::site::{HOST, cookie_of, of_this_build, person, rows, site};
use crate::clock;
use crate::http::{Site, router};
use crate::people::By;
use crate::people::token::Token;

/// More than are read at once, twice.
const ENTRIES: usize = 2500;

fn entry(number: usize) -> Entry {
    Entry {
        at: clock::now_us(),
        kind: Kind::Restart,
        outcome: Outcome::Done,
        actor: Actor { id: String::new(), name: "kim".into(), role: None, source: "a test".into() },
        operation: None,
        environment: Some("shop/production".parse().unwrap()),
        target: None,
        whom: None,
        what: format!("Entry {number}."),
        why: String::new(),
        plan: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
    }
}

/// A body that was begun: its head and its first entries were read.
async fn begun(router: &Router, path: &str, token: &Token) -> (Body, usize) {
    let request = Request::post(path).header("host", HOST).header("sec-fetch-site", "same-origin");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("cookie", cookie_of(token)).body(Body::from(of_this_build("query="))).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let mut body = response.into_body();
    let mut text = String::new();
    while !text.contains("Entry") {
        let bytes = body.frame().await.unwrap().unwrap().into_data().unwrap();
        text.push_str(std::str::from_utf8(&bytes).unwrap());
    }
    let lines = text.lines().count();
    assert!(lines < ENTRIES / 2, "{lines} lines at once");
    (body, lines)
}

async fn end(site: &Site, how: &str, id: UserId, token: &Token, other: UserId) {
    let (people, now, by) = (&site.people, clock::now_us(), By::CommandLine);
    match how {
        "disabled" => _ = people.disable(&by, id, true, now).await.unwrap(),
        "signed out" => {
            let who = people.who(token, now).await.unwrap().unwrap();
            people.sign_out(&who, Ending::SignedOut, now).await.unwrap();
        }
        "another role" => {
            // As when a group loses its line in the registry: the session goes on with other rights.
            let mut write = people.store().write().await.unwrap();
            write.take(id, &Grant { role: Role::Viewer, scope: "*".parse().unwrap() }).await.unwrap();
            write.commit().await.unwrap();
            // What was remembered is forgotten.
            people.end_sessions(&by, other, now).await.unwrap();
        }
        _ => {}
    }
}

#[tokio::test]
async fn an_export_breaks_off_when_its_session_or_its_rights_end() {
    let site = site(rows()).await;
    let mut write = site.people.store().write().await.unwrap();
    for number in 0..ENTRIES {
        write.append(&entry(number)).await.unwrap();
    }
    write.commit().await.unwrap();
    let other = person(&site, "other", &[], &Token::random()).await;
    let router = router(site.clone());
    for path in ["/changes/export.csv", "/changes/export.ndjson"] {
        for how in ["nothing", "disabled", "signed out", "another role"] {
            let token = Token::random();
            let name = format!("{}-{}", &path[16..], how.replace(' ', "-"));
            let id = person(&site, &name, &[(Role::Viewer, "*"), (Role::Operator, "shop/staging")], &token).await;
            let (body, lines) = begun(&router, path, &token).await;
            end(&site, how, id, &token, other).await;
            match body.collect().await {
                Ok(rest) => {
                    assert_eq!(how, "nothing", "{path}: it was sent to its end");
                    let rest = String::from_utf8(rest.to_bytes().to_vec()).unwrap();
                    assert!(lines + rest.lines().count() > ENTRIES, "{path}: not all");
                }
                Err(error) => assert_ne!(how, "nothing", "{path}: {error}"),
            }
        }
    }
}
