//! The way there and back, and what goes wrong on it.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::fake::{Mood, es256, ps256, rs256};
use super::*;
use crate::http::Front;
use crate::http::tests::site::get_as;
use crate::oidc::Refusal;
use crate::people::{By, Chosen, Source};

#[tokio::test]
async fn who_comes_back_from_the_provider_is_signed_in_where_they_wanted_to_go() {
    let world = world().await;
    let page = world.get("/sign-in?to=/pods%3Ffilter%3Dweb", "").await.text();
    assert!(page.contains("Sign in with Example &lt;ID&gt;"), "{page}");
    assert!(page.contains("href=\"/sign-in/provider?to=/pods%3Ffilter%3Dweb\""), "{page}");

    let left = world.leave("/pods%3Ffilter%3Dweb").await;
    let back = world.visit(&left).await;
    let answer = world.get(&back, &left.cookie).await;
    // The cookie would not come along on a redirect that began elsewhere: a page of ours goes on.
    assert_eq!((answer.status, answer.header("location")), (StatusCode::OK, ""));
    let text = answer.text();
    assert!(text.contains("<meta http-equiv=\"refresh\" content=\"0; url=/pods?filter=web\">"), "{text}");
    assert!(text.contains("href=\"/pods?filter=web\""), "{text}");
    let cookies: Vec<&str> =
        answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    assert!(cookies[0].starts_with("quarterdeck=") && cookies[0].ends_with("; HttpOnly; SameSite=Strict"));
    assert!(cookies[1].starts_with("quarterdeck-flow=; Path=/; Max-Age=0;"), "{cookies:?}");
    let token = session_in(&answer).unwrap();
    assert_eq!(get_as(&world.router, "/pods", Some(&token)).await.status, StatusCode::OK);

    let kim = world.user("kim").await.unwrap();
    assert!(!kim.has_password && kim.grants.0.is_empty());
    let identity = kim.identity.clone().unwrap();
    assert_eq!((identity.issuer.as_str(), identity.subject.as_str()), (world.fake.issuer.as_str(), "u-1"));
    let ledger = world.ledger().await;
    assert!(ledger[0].contains("user-added") && ledger[0].contains("Added kim, at the first sign-in by http://"));
    assert!(ledger[1].contains("sign-in") && ledger[1].contains("Signed in by http://"), "{}", ledger[1]);

    // Whoever is signed in already goes on; whoever comes again is who they were.
    let answer = get_as(&world.router, "/sign-in/provider?to=/pods", Some(&token)).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/pods"));
    world.enter().await;
    assert_eq!(world.count(kim.id).await, (2, 2), "the viewer of every test, and kim");
    assert_eq!(world.ledger().await.len(), 3, "a second sign-in adds nobody");
}

#[tokio::test]
async fn the_way_back_is_the_very_address_by_which_one_came() {
    let World { mut site, .. } = world().await;
    site.front = Arc::new(Front { tls: false, public: Some("https://deck.example.com".parse().unwrap()) });
    let router = router(site);
    for (host, back, start, end) in [
        ("127.0.0.1:7780", "http%3A%2F%2F127.0.0.1%3A7780%2Fsign-in%2Fcallback", "quarterdeck-flow=", "SameSite=Lax"),
        ("localhost:9", "http%3A%2F%2Flocalhost%3A9%2Fsign-in%2Fcallback", "quarterdeck-flow=", "SameSite=Lax"),
        (
            "deck.example.com",
            "https%3A%2F%2Fdeck.example.com%2Fsign-in%2Fcallback",
            "__Host-quarterdeck-flow=",
            "SameSite=Lax; Secure",
        ),
    ] {
        let request = Request::get("/sign-in/provider").header("host", host).body(Body::empty()).unwrap();
        let answer = ask_as(&router, request, None).await;
        assert!(answer.header("location").contains(&format!("redirect_uri={back}&")), "{}", answer.header("location"));
        let cookie = answer.header("set-cookie");
        let rest = cookie.strip_prefix(start).unwrap();
        assert_eq!(&rest[64..], format!("; Path=/; Max-Age=600; HttpOnly; {end}"), "{host}");
    }
    let request = Request::get("/sign-in/provider").header("host", "evil.test").body(Body::empty()).unwrap();
    assert_eq!(ask_as(&router, request, None).await.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn every_way_to_sign_that_only_the_provider_has_is_taken() {
    let world = world().await;
    for (what, token) in [
        ("RS256", rs256 as fn(&str, &serde_json::Value) -> String),
        ("PS256", ps256),
        ("ES256", |_, claims| es256("ec-1", claims)),
    ] {
        world.fake.set_token(move |_, claims| token("rsa-1", &claims));
        assert!(session_in(&world.sign_in().await).is_some(), "{what}");
    }
    for (what, change) in [
        ("expired 30 s ago", json!({ "exp": clock::now_us() / 1_000_000 - 30 })),
        ("valid in 30 s", json!({ "nbf": clock::now_us() / 1_000_000 + 30 })),
        ("issued in 30 s", json!({ "iat": clock::now_us() / 1_000_000 + 30 })),
        ("a list of one audience", json!({ "aud": [CLIENT] })),
        ("two audiences, and who asked", json!({ "aud": [CLIENT, "other"], "azp": CLIENT })),
        ("texts where others write numbers", json!({ "email_verified": "true", "updated_at": "2026-01-01T00:00:00Z" })),
    ] {
        world.fake.set_token(move |_, mut claims| {
            claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            rs256("rsa-1", &claims)
        });
        assert!(session_in(&world.sign_in().await).is_some(), "{what}");
    }
}

#[tokio::test]
async fn what_comes_back_counts_once_in_its_own_browser_and_in_time() {
    let world = world().await;
    world.enter().await;
    let kim = world.user("kim").await.unwrap().id;
    let before = world.count(kim).await;
    let (mine, theirs) = (world.leave("/").await, world.leave("/").await);
    let back = world.visit(&mine).await;
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let state = back.split("state=").nth(1).unwrap().to_owned();
    let zeros = "0".repeat(64);
    for (what, path, cookie) in [
        ("no cookie", back.clone(), String::new()),
        ("the cookie of another browser", back.clone(), theirs.cookie.clone()),
        ("two cookies", back.clone(), format!("{}; {}", mine.cookie, theirs.cookie)),
        ("a cookie that is no secret", back.clone(), "quarterdeck-flow=x".into()),
        ("the state as the cookie", back.clone(), format!("quarterdeck-flow={state}")),
        ("no state", format!("/sign-in/callback?code={code}"), mine.cookie.clone()),
        ("another state", format!("/sign-in/callback?code={code}&state={zeros}"), mine.cookie.clone()),
        ("an empty state", format!("/sign-in/callback?code={code}&state="), mine.cookie.clone()),
        ("a long state", format!("/sign-in/callback?code={code}&state={}", "a".repeat(9000)), mine.cookie.clone()),
        ("two states", format!("{back}&state={zeros}"), mine.cookie.clone()),
        ("two codes", format!("{back}&code=x"), mine.cookie.clone()),
        ("nothing", "/sign-in/callback".to_owned(), mine.cookie.clone()),
    ] {
        assert_refused(&world.get(&path, &cookie).await, "over", what);
    }
    assert_eq!(world.count(kim).await, before);
    // Whoever tries without the browser's half uses nothing up.
    assert!(session_in(&world.get(&back, &mine.cookie).await).is_some());
    assert_refused(&world.get(&back, &mine.cookie).await, "over", "once more");
    let back = world.visit(&theirs).await;
    let state = back.split("state=").nth(1).unwrap();
    let answer = world.get(&format!("/sign-in/callback?code={code}&state={state}"), &theirs.cookie).await;
    assert_refused(&answer, "provider", "a code that was used");
    assert_refused(&world.get(&back, &theirs.cookie).await, "over", "a state whose code was refused");
    assert_eq!(world.count(kim).await, (before.0, before.1 + 1));

    let provider = world.site.provider.clone().unwrap();
    let late = clock::now_us() - 601_000_000;
    let departure = provider.depart(&format!("http://{HOST}/sign-in/callback"), late).await.unwrap();
    world.site.people.begin_flow(&departure, "/", late).await.unwrap();
    let left = Left { url: departure.url.clone(), cookie: format!("quarterdeck-flow={}", departure.browser.secret()) };
    let back = world.visit(&left).await;
    assert_refused(&world.get(&back, &left.cookie).await, "over", "after ten minutes");

    // Somebody else's code in one's own way back: it was asked for with another secret.
    let (one, two) = (world.leave("/").await, world.leave("/").await);
    let (of_one, of_two) = (world.visit(&one).await, world.visit(&two).await);
    let code = of_two.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let state = of_one.split("state=").nth(1).unwrap();
    let answer = world.get(&format!("/sign-in/callback?code={code}&state={state}"), &one.cookie).await;
    assert_refused(&answer, "provider", "a code that another browser asked for");
    assert_eq!(world.count(kim).await, (before.0, before.1 + 1));
}

#[tokio::test]
async fn a_provider_in_trouble_lets_nobody_in_and_passwords_still_work() {
    let world = world().await;
    let password = Chosen::Given("anchor lamp tidal".into());
    world.site.people.add(&By::CommandLine, "lee", password, clock::now_us()).await.unwrap();
    let lee = world.user("lee").await.unwrap().id;
    let others = [Mood::Silent, Mood::Broken, Mood::Huge, Mood::Redirect, Mood::NotJson];
    for (part, mood) in
        others.into_iter().flat_map(|mood| [("itself", mood), ("keys", mood)]).chain([("itself", Mood::Other)])
    {
        let what = format!("{part} {mood:?}");
        // A console of its own: what was learnt once is kept, and so is for a moment that nothing answered.
        let mut site = world.site.clone();
        let provider =
            Provider::with_patience(settings(&world.fake), if mood == Mood::Silent { SHORT } else { LONG }).unwrap();
        site.provider = Some(Arc::new(provider));
        *if part == "keys" { world.fake.keys.lock() } else { world.fake.discovery.lock() } = mood;
        let troubled = World { fake: world.fake.clone(), router: router(site.clone()), site };
        let answer = troubled.get("/sign-in/provider?to=/pods", "").await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{what}");
        assert!(answer.header("set-cookie").is_empty(), "{what}");
        let text = answer.text();
        assert!(text.contains("sign-in provider does not answer") && text.contains("name=\"password\""), "{what}");
        assert!(!text.contains("canary"), "{what}");
        *world.fake.discovery.lock() = Mood::Fine;
        *world.fake.keys.lock() = Mood::Fine;
    }
    let impatient = world_with(SHORT).await;
    for mood in others {
        let world = if mood == Mood::Silent { &impatient } else { &world };
        let left = world.leave("/pods").await;
        let back = world.visit(&left).await;
        *world.fake.tokens.lock() = mood;
        let answer = world.get(&back, &left.cookie).await;
        let why = if matches!(mood, Mood::Silent | Mood::Huge) { "silent" } else { "provider" };
        assert_refused(&answer, why, &format!("token {mood:?}"));
        assert!(answer.header("location").ends_with("&to=/pods"), "{}", answer.header("location"));
    }
    assert_eq!(world.count(lee).await, (2, 0));
    let request = Request::post("/sign-in")
        .header("host", HOST)
        .header("origin", format!("http://{HOST}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("name=lee&password=anchor+lamp+tidal&to=/"))
        .unwrap();
    assert!(session_in(&ask_as(&world.router, request, None).await).is_some());
}

#[tokio::test]
async fn what_the_provider_or_anybody_writes_into_the_address_is_never_shown() {
    let world = world().await;
    for (error, why) in [
        ("access_denied", "declined"),
        ("server_error", "provider"),
        ("invalid_scope", "provider"),
        ("<script>canary</script>", "provider"),
        ("", "provider"),
    ] {
        *world.fake.error.lock() = Some(error);
        let left = world.leave("/pods").await;
        let back = world.visit(&left).await;
        let answer = world.get(&back, &left.cookie).await;
        assert_refused(&answer, why, error);
        let page = world.get(answer.header("location"), "").await.text();
        assert!(page.contains("Not signed in") && !page.contains("canary"), "{error}: {page}");
    }
    for why in ["<b>canary</b>", "Silent", "canary"] {
        let page = world.get(&format!("/sign-in?why={}&to=/", crate::http::gate::encode(why)), "").await.text();
        assert!(!page.contains("canary") && !page.contains("role=\"alert\""), "{why}");
    }
    // The answer of another issuer, by its own word (RFC 9207).
    *world.fake.error.lock() = None;
    let left = world.leave("/").await;
    let back = world.visit(&left).await;
    assert_refused(&world.get(&format!("{back}&iss=https://evil.test"), &left.cookie).await, "provider", "iss");
    let left = world.leave("/").await;
    let back = world.visit(&left).await;
    let own = format!("{back}&iss={}", crate::http::gate::encode(&world.fake.issuer));
    assert!(session_in(&world.get(&own, &left.cookie).await).is_some());
}

#[tokio::test]
async fn one_comes_back_to_our_own_pages_only() {
    let world = world().await;
    for to in
        ["//evil.test", "https://evil.test", "/\\evil.test", "/sign-in", "/sign-in/provider", "javascript:alert(1)"]
    {
        let left = world.leave(&crate::http::gate::encode(to)).await;
        let back = world.visit(&left).await;
        let text = world.get(&back, &left.cookie).await.text();
        assert!(text.contains("content=\"0; url=/\""), "{to}: {text}");
    }
}

#[tokio::test]
async fn a_page_elsewhere_begins_no_sign_in() {
    let world = world().await;
    for (site, begins) in [("cross-site", false), ("same-site", false), ("same-origin", true), ("none", true)] {
        let request = Request::get("/sign-in/provider?to=/pods").header("host", HOST).header("sec-fetch-site", site);
        let answer = ask_as(&world.router, request.body(Body::empty()).unwrap(), None).await;
        assert_eq!(answer.header("location").starts_with(&world.fake.issuer), begins, "{site}");
        assert_eq!(answer.headers.contains_key("set-cookie"), begins, "{site}");
    }
}

#[tokio::test]
async fn only_so_many_leave_from_one_address_and_a_flood_of_refusals_fills_no_ledger() {
    let world = world().await;
    let from = Source { address: "unknown".into(), agent: String::new() };
    for _ in 0..299 {
        assert_eq!(world.site.people.may_depart(&from, clock::now_us()).await.unwrap(), Ok(()));
    }
    world.leave("/").await;
    for _ in 0..2 {
        let answer = world.get("/sign-in/provider", "").await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(answer.text().contains("too many sign-ins were begun from your address. Wait"), "{}", answer.text());
    }
    for _ in 0..30 {
        assert_refused(&world.get("/sign-in/callback?state=x&code=y", "").await, "over", "flood");
    }
    let ledger = world.ledger().await;
    assert_eq!(ledger.len(), 1 + 20, "{ledger:#?}");
    assert!(ledger[0].contains("too many were begun") && ledger[20].contains("More of them are not written down"));
}

/// What is logged, all of it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// No code, state, nonce, verifier, token or client secret, whatever comes of it.
#[tokio::test]
async fn nothing_secret_is_written_down_or_shown() {
    let world = world().await;
    // What is logged for the first time while another test logs it too may be lost to a new subscriber.
    assert_refused(&world.get("/sign-in/callback", "").await, "over", "nobody left");
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    // Another test may have been about to note, for all, that nobody listens to what it logs for the first time.
    tracing::callsite::rebuild_interest_cache();
    let token = world.enter().await;
    let mut shown = get_as(&world.router, "/changes", Some(&token)).await.text();
    shown += &get_as(&world.router, "/account", Some(&token)).await.text();
    let broken: [fn(&Fake, serde_json::Value) -> String; 4] = [
        |_, _| "canary-that-is-no-token".into(),
        |_, claims| rs256("unknown-canary", &claims),
        |_, mut claims| {
            claims["nonce"] = "canary-nonce".into();
            rs256("rsa-1", &claims)
        },
        |_, mut claims| {
            claims["aud"] = "canary-audience".into();
            rs256("rsa-1", &claims)
        },
    ];
    for token in broken {
        world.fake.set_token(token);
        let answer = world.sign_in().await;
        shown += answer.header("location");
        shown += &answer.text();
    }
    *world.fake.tokens.lock() = Mood::Broken;
    shown += world.sign_in().await.header("location");
    let provider = world.site.provider.clone().unwrap();
    let error = provider.arrive("canary-code", "nonce", "verifier", "http://127.0.0.1/", clock::now_us()).await;
    shown += &format!("{:?}", error.err());
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("refused a sign-in by"), "the log is not caught: {logged}");
    let ledger = world.ledger().await.join("\n");
    let mut secrets = world.fake.secrets.lock().clone();
    secrets.extend(["canary".to_owned(), token.secret().to_owned()]);
    secrets.retain(|secret| !secret.is_empty());
    assert!(secrets.len() > 20);
    for (place, text) in [("log", &logged), ("ledger", &ledger), ("page", &shown)] {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} in the {place}: {text}");
        }
    }
}

#[tokio::test]
async fn keys_are_asked_for_again_when_one_is_new_and_once_a_minute_at_most() {
    let world = world().await;
    let provider = world.site.provider.clone().unwrap();
    let start = clock::now_us();
    let redirect = format!("http://{HOST}/sign-in/callback");
    let attempt = async |after_s: i64| {
        let now = start + after_s * 1_000_000;
        let left = provider.depart(&redirect, now).await.unwrap();
        let back = world.fake.visit(&left.url).await;
        let code = back.query_pairs().find(|(key, _)| key == "code").unwrap().1.into_owned();
        provider.arrive(&code, left.nonce.secret(), left.verifier.secret(), &redirect, now).await.map(|_| ())
    };
    let asked = || *world.fake.asked_for_keys.lock();
    assert_eq!((attempt(0).await, asked()), (Ok(()), 1));
    world.fake.set_token(|_, claims| rs256("rsa-2", &claims));
    *world.fake.key_set.lock() = json!({ "keys": [fake::rsa_key(&fake::RSA, "rsa-2")] });
    assert_eq!((attempt(59).await, asked()), (Err(Refusal::UnknownKey), 1), "asked a minute ago");
    assert_eq!((attempt(61).await, asked()), (Ok(()), 2));
    world.fake.set_token(|_, claims| rs256("rsa-3", &claims));
    assert_eq!((attempt(119).await, asked()), (Err(Refusal::UnknownKey), 2), "made-up keys make nobody ask");
    assert_eq!((attempt(122).await, asked()), (Err(Refusal::UnknownKey), 3));
    // While it does not say anything, what it said before counts; what it took back is gone within the hour.
    world.fake.set_token(|_, claims| rs256("rsa-2", &claims));
    *world.fake.discovery.lock() = Mood::Broken;
    let late = |_: &Fake, mut claims: serde_json::Value| {
        claims["exp"] = (clock::now_us() / 1_000_000 + 8000).into();
        rs256("rsa-2", &claims)
    };
    world.fake.set_token(late);
    assert_eq!(attempt(3700).await, Ok(()));
}

#[tokio::test]
async fn without_a_provider_there_is_no_way_there() {
    let site = site(rows()).await;
    let router = router(site);
    for path in ["/sign-in/provider", "/sign-in/callback?state=x&code=y"] {
        let answer = get_as(&router, path, None).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(!get_as(&router, "/sign-in", None).await.text().contains("/sign-in/provider"));
}
