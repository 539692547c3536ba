//! The page of people, as forms that work without script.

use axum::body::Body;
use axum::http::Request;
use domain::access::Role;

use super::site::{HOST, ask_as, get_as, of_this_build, person, rows, site};
use crate::http::router;
use crate::people::token::Token;

/// The form that is sent to an address, with what stands around it up to the form before.
fn around<'a>(page: &'a str, action: &str) -> &'a str {
    let form = page.split("</form>").find(|piece| piece.contains(&format!("action=\"{action}\"")));
    form.unwrap_or_else(|| panic!("no form for {action}: {page}"))
}

#[tokio::test]
async fn what_cannot_be_taken_back_takes_two_steps_and_a_role_takes_a_choice() {
    let site = site(rows()).await;
    let admin = Token::random();
    person(&site, "admin", &[(Role::Admin, "*")], &admin).await;
    let lee = person(&site, "lee", &[], &Token::random()).await;
    let router = router(site.clone());
    let page = get_as(&router, "/people?filter=lee", Some(&admin)).await.text();
    for (action, told) in [
        ("/people/disable", "lee may not sign in any more, and their sessions end at once."),
        ("/people/password", "The password of lee works no more and their sessions end at once."),
    ] {
        let form = around(&page, action);
        let (before, _) = form.split_once("<form method=\"post\"").unwrap();
        assert!(before.contains("<details><summary") && before.contains(told), "{action}: {form}");
        assert!(!before.contains("<details open"), "{action}: it is open at first");
    }
    assert!(!around(&page, "/people/sign-out").contains("<details"));
    let give = around(&page, "/people/give");
    assert_eq!(give.matches("required").count(), 2, "{give}");
    for select in give.split("<select").skip(1) {
        let first = select.split("<option").nth(1).unwrap();
        assert!(first.starts_with(" value=\"\""), "something is chosen at first: {first}");
    }
    // And the server does not fill in what was not chosen.
    let entries = async || site.people.store().read().await.unwrap().head().await.unwrap().seq;
    let before = entries().await;
    for (role, scope) in [("", ""), ("viewer", ""), ("", "*")] {
        let request = Request::post("/people/give").header("host", HOST).header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let body = of_this_build(&format!("person={lee}&role={role}&scope={scope}"));
        let answer = ask_as(&router, request.body(Body::from(body)).unwrap(), Some(&admin)).await;
        assert_eq!(answer.header("location"), "/people?said=scope", "{role} {scope}");
    }
    assert_eq!(entries().await, before, "a role was given");
}

#[tokio::test]
async fn people_are_looked_for_by_an_address() {
    let site = site(rows()).await;
    let admin = Token::random();
    person(&site, "admin", &[(Role::Admin, "*")], &admin).await;
    for name in ["lee", "leeward", "zoe"] {
        person(&site, name, &[], &Token::random()).await;
    }
    let router = router(site);
    for (query, found, count) in [
        ("", vec!["lee", "leeward", "zoe", "admin", "viewer"], "5 accounts."),
        ("?filter=LEE", vec!["lee", "leeward"], "2 of 5 accounts."),
        ("?filter=viewer+everywhere", vec!["viewer"], "1 of 5 accounts."),
        ("?filter=nobody-there", vec![], "0 of 5 accounts."),
    ] {
        let page = get_as(&router, &format!("/people{query}"), Some(&admin)).await.text();
        assert!(page.contains(count), "{query}: {page}");
        for name in ["lee", "leeward", "zoe", "admin", "viewer"] {
            let shown = page.contains(&format!("aria-label=\"End sessions: {name}\""))
                || name == "admin" && page.contains("admin<!> (you)");
            assert_eq!(shown, found.contains(&name), "{query} {name}");
        }
        assert_eq!(page.contains("Nobody matches."), found.is_empty(), "{query}");
    }
}
