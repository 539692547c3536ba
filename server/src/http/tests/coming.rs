//! Coming and going, from the outside.

use axum::body::Body;
use axum::http::Request;
use domain::access::Role;
use domain::ledger::{Kind, Outcome};
use domain::person::{UserId, UserName};
use domain::session::Ending;

use super::access::{State, enter};
use super::site::{HOST, ask_as, get_as, of_this_build, person, rows, site};
use crate::clock;
use crate::http::router;
use crate::people::token::Token;
use crate::people::{By, Chosen};
use crate::store::ledger::{AccessEntries, Environments, Filter};
use crate::store::{Identity, NewUser};

/// The limit on guessing, from the outside: known and unknown names look alike.
#[tokio::test]
async fn guessing_is_limited_and_tells_nothing() {
    let site = site(rows()).await;
    let router = router(site.clone());
    let known = "kim";
    let by = By::CommandLine;
    let password = Chosen::Given("anchor lamp tidal".into());
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
    let by = By::CommandLine;
    let password = Chosen::Given("anchor lamp tidal".into());
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

/// Admins learn from the record what whoever tries must not learn.
#[tokio::test]
async fn the_record_says_why_a_sign_in_was_refused_and_the_answer_does_not() {
    let site = site(rows()).await;
    let (people, now) = (&site.people, clock::now_us());
    for name in ["kim", "lee"] {
        people.add(&By::CommandLine, name, Chosen::Given("anchor lamp tidal".into()), now).await.unwrap();
    }
    let mut write = people.store().write().await.unwrap();
    let lee = write.user_by_name(&UserName::new("lee").unwrap()).await.unwrap().unwrap().id;
    let identity = Some(Identity { issuer: "https://id.test".into(), subject: "7".into() });
    let ada = NewUser { id: UserId(7), name: UserName::new("ada").unwrap(), password: None, identity, created_at: now };
    write.add_user(&ada).await.unwrap();
    write.commit().await.unwrap();
    people.disable(&By::CommandLine, lee, true, now).await.unwrap();
    let router = router(site.clone());
    let mut answers = Vec::new();
    for (name, password, cause, recorded) in [
        ("kim", "wrong", "wrong password", Some("kim")),
        ("zoe-the-secret", "anchor+lamp+tidal", "no such account", None),
        ("lee", "anchor+lamp+tidal", "the account is disabled", Some("lee")),
        ("lee", "wrong", "the account is disabled", Some("lee")),
        ("ada", "wrong", "the account has no password, it signs in with the provider", Some("ada")),
        ("not a name", "wrong", "no such account", None),
    ] {
        let body = format!("name={}&password={password}&to=/", name.replace(' ', "+"));
        let request = Request::post("/sign-in").header("host", HOST).header("origin", format!("http://{HOST}"));
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body)).unwrap();
        let answer = ask_as(&router, request, None).await;
        answers.push((answer.status, answer.text().replace(name, "")));
        let filter = Filter::new(Environments::All, AccessEntries::All, 1);
        let entry = people.store().read().await.unwrap().query(&filter).await.unwrap().remove(0);
        assert!(!entry.body.contains("zoe-the-secret"), "{}", entry.body);
        let entry = entry.entry.unwrap();
        assert_eq!((entry.kind, entry.outcome), (Kind::SignIn, Outcome::Refused), "{name}");
        assert_eq!(entry.what, format!("Refused a sign-in: {cause}."), "{name}");
        assert_eq!(entry.actor.name, recorded.unwrap_or("a name that nobody has"), "{name}");
        assert_eq!(entry.whom.map(|whom| whom.name).as_deref(), recorded, "{name}");
    }
    for answer in &answers {
        assert_eq!(answer, &answers[0], "an answer tells causes apart");
        assert_eq!(answer.0.as_u16(), 401);
    }
}

#[tokio::test]
async fn whoever_holds_the_cookie_of_a_session_that_is_over_is_told_why_and_nobody_else() {
    let site = site(rows()).await;
    let router = router(site.clone());
    let (people, viewer) = (&site.people, [(Role::Viewer, "*")]);
    let begun = async |name: &str| {
        let token = Token::random();
        let id = person(&site, name, &viewer, &token).await;
        let who = people.who(&token, clock::now_us()).await.unwrap().unwrap();
        (token, id, who)
    };
    let mut over = Vec::new();
    for (state, ending) in [
        (State::Expired, Ending::Expired),
        (State::Idle, Ending::Idle),
        (State::Revoked, Ending::Admin),
        (State::Disabled, Ending::Disabled),
        (State::Downgraded, Ending::Role),
    ] {
        over.push((enter(&site, "over", &viewer, state).await.unwrap(), ending));
    }
    for ending in [Ending::SignedOut, Ending::NewSignIn] {
        let (token, _, who) = begun(ending.as_str()).await;
        people.sign_out(&who, ending, clock::now_us()).await.unwrap();
        over.push((token, ending));
    }
    let (token, _, who) = begun("elsewhere").await;
    people.end_session(&who, &who.id.to_string(), clock::now_us()).await.unwrap();
    over.push((token, Ending::Elsewhere));
    let (token, id, _) = begun("password").await;
    people.set_password(&By::CommandLine, id, Chosen::Random, clock::now_us()).await.unwrap();
    over.push((token, Ending::Password));
    assert_eq!(over.len(), Ending::ALL.len());

    let told =
        |text: &str| Ending::ALL.into_iter().filter(|ending| text.contains(ending.sentence())).collect::<Vec<_>>();
    for (token, ending) in over {
        let turned_away = get_as(&router, "/pods", Some(&token)).await;
        // Nothing of it stands in an address, which others may see.
        let door = turned_away.header("location").to_owned();
        assert_eq!(door, "/sign-in?to=/pods&why=expired", "{ending:?}");
        let answer = get_as(&router, &door, Some(&token)).await;
        assert_eq!(told(&answer.text()), [ending]);
        assert!(answer.header("set-cookie").starts_with("quarterdeck=; "), "{ending:?}: the cookie stays");
        for other in [None, Some(&Token::random())] {
            let text = get_as(&router, &door, other).await.text();
            assert!(told(&text).is_empty() && text.contains("Your session has ended. Sign in"), "{text}");
        }
    }
    // Whoever is signed in has nothing to do there.
    let (token, ..) = begun("still-here").await;
    assert_eq!(get_as(&router, "/sign-in?why=expired", Some(&token)).await.header("location"), "/");
}
