//! Coming and going, from the outside.

use axum::body::Body;
use axum::http::Request;
use domain::access::Role;

use super::site::{HOST, ask_as, get_as, of_this_build, person, rows, site};
use crate::clock;
use crate::http::router;
use crate::people::token::Token;

/// The limit on guessing, from the outside: known and unknown names look alike.
#[tokio::test]
async fn guessing_is_limited_and_tells_nothing() {
    let site = site(rows()).await;
    let router = router(site.clone());
    let known = "kim";
    let by = crate::people::By::CommandLine;
    let password = crate::people::Chosen::Given("anchor lamp tidal".into());
    site.people.add(&by, known, password, clock::now_us()).await.unwrap();
    let guess = async |name: &str, password: &str| {
        let body = format!("name={name}&password={password}&to=/");
        let request = Request::post("/sign-in")
            .header("host", HOST)
            .header("origin", format!("http://{HOST}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        ask_as(&router, request, None).await
    };
    let mut answers = Vec::new();
    for name in [known, "nobody"] {
        let mut of_name = Vec::new();
        for _ in 0..22 {
            let answer = guess(name, "wrong").await;
            of_name.push((answer.status, answer.text().replace(name, "")));
        }
        answers.push(of_name);
    }
    assert_eq!(answers[0], answers[1], "a known name is told from an unknown one");
    let statuses: Vec<u16> = answers[0].iter().map(|(status, _)| status.as_u16()).collect();
    assert!(statuses[..20].iter().all(|status| *status == 401) && statuses[20..].iter().all(|status| *status == 429));
    assert_eq!(guess(known, "anchor+lamp+tidal").await.status.as_u16(), 429, "the right password gets round the limit");
    site.people.unlock(known, clock::now_us()).await.unwrap();
    let answer = guess(known, "anchor+lamp+tidal").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"));
    // Whoever tries many names from one address is stopped too.
    let mut last = 0;
    for number in 0..80 {
        last = guess(&format!("name-{number}"), "wrong").await.status.as_u16();
    }
    assert_eq!(last, 429);
}

/// Whose browser signs in again does not leave the session before to whoever finds its cookie.
#[tokio::test]
async fn a_new_sign_in_ends_the_session_before() {
    let site = site(rows()).await;
    let router = router(site.clone());
    let by = crate::people::By::CommandLine;
    let password = crate::people::Chosen::Given("anchor lamp tidal".into());
    site.people.add(&by, "kim", password, clock::now_us()).await.unwrap();
    let body = "name=kim&password=anchor+lamp+tidal&to=/";
    let sign_in = async |before: Option<&Token>| {
        let request = Request::post("/sign-in").header("host", HOST).header("origin", format!("http://{HOST}"));
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body)).unwrap();
        let answer = ask_as(&router, request, before).await;
        assert_eq!(answer.status.as_u16(), 303, "{}", answer.text());
        let cookie = answer.header("set-cookie").split(['=', ';']).nth(1).unwrap().to_owned();
        Token::read(&cookie).unwrap()
    };
    let first = sign_in(None).await;
    assert_eq!(get_as(&router, "/account", Some(&first)).await.status.as_u16(), 200);
    let second = sign_in(Some(&first)).await;
    assert_eq!(get_as(&router, "/account", Some(&first)).await.status.as_u16(), 303, "the first goes on");
    assert_eq!(get_as(&router, "/account", Some(&second)).await.status.as_u16(), 200);
}

/// A session of an admin that was taken must not become an account that stays.
#[tokio::test]
async fn an_admin_sets_no_password_of_their_own_without_the_one_before() {
    let site = site(rows()).await;
    let admin = Token::read(&"cd".repeat(32)).unwrap();
    let id = person(&site, "admin", &[(Role::Admin, "*")], &admin).await;
    let router = router(site);
    let request = Request::post("/people/password").header("host", HOST).header("origin", format!("http://{HOST}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer =
        ask_as(&router, request.body(Body::from(of_this_build(&format!("person={id}")))).unwrap(), Some(&admin)).await;
    assert!(answer.text().contains("own account"), "{}: {}", answer.status, answer.text());
    assert_eq!(get_as(&router, "/account", Some(&admin)).await.status.as_u16(), 200, "their session goes on");
}
