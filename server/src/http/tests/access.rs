//! Who reaches what: every endpoint, every identity, every state of a session, generated from the table of endpoints.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use domain::access::{Grant, Grants, Role};

use super::site::{Answer, HOST, ask_as, cookie_of, deployment, get_as, of_this_build, person, pod, rows, see, site};
use crate::clock;
use crate::http::{Endpoint, Need, Site, endpoints, router};
use crate::people::token::Token;
use crate::store::{NewSession, SessionId};

/// Who asks. The last two look at one environment, and at nothing.
const IDENTITIES: [(&str, &[(Role, &str)]); 8] = [
    ("viewer", &[(Role::Viewer, "*")]),
    ("tester", &[(Role::Tester, "*")]),
    ("operator", &[(Role::Operator, "*")]),
    ("lead", &[(Role::Lead, "*")]),
    ("admin", &[(Role::Admin, "*")]),
    ("admin-viewer", &[(Role::Admin, "*"), (Role::Viewer, "shop/staging")]),
    ("one", &[(Role::Operator, "shop/staging")]),
    ("none", &[]),
];

/// In what state their session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Valid,
    Expired,
    Idle,
    Revoked,
    Disabled,
    /// The role was taken a moment ago; sessions end with it.
    Downgraded,
    /// A token that was never given out.
    Forged,
    Absent,
}

const STATES: [State; 8] = [
    State::Valid,
    State::Expired,
    State::Idle,
    State::Revoked,
    State::Disabled,
    State::Downgraded,
    State::Forged,
    State::Absent,
];

fn grants(roles: &[(Role, &str)]) -> Grants {
    Grants(roles.iter().map(|(role, scope)| Grant { role: *role, scope: scope.parse().unwrap() }).collect())
}

/// Adds somebody whose session is in a state.
pub async fn enter(site: &Site, name: &str, roles: &[(Role, &str)], state: State) -> Option<Token> {
    let token = Token::random();
    let name = format!("{name}-{state:?}");
    let id = person(site, &name, roles, &Token::random()).await;
    let (now, hour) = (clock::now_us(), 3_600_000_000);
    let (created_at, expires_at, idle_us) = match state {
        State::Expired => (now - 2 * hour, now - hour, 10 * hour),
        State::Idle => (now - hour, now + hour, hour / 2),
        _ => (now, now + hour, hour),
    };
    let session = NewSession {
        key: token.key(),
        id: SessionId(created_at as u128),
        user: id,
        created_at,
        expires_at,
        idle_us,
        source: "127.0.0.1".into(),
        agent: "a test".into(),
        groups: Vec::new(),
    };
    let mut write = site.people.store().write().await.unwrap();
    write.begin_session(&session).await.unwrap();
    write.commit().await.unwrap();
    // It was in use: what is remembered must not outlive what happens next.
    site.people.who(&token, now).await.unwrap();
    let by = crate::people::By::CommandLine;
    match state {
        State::Valid | State::Expired | State::Idle => Some(token),
        State::Revoked => {
            site.people.end_sessions(&by, id, now).await.unwrap();
            Some(token)
        }
        State::Disabled => {
            site.people.disable(&by, id, true, now).await.unwrap();
            Some(token)
        }
        State::Downgraded => {
            for (role, scope) in roles {
                let grant = Grant { role: *role, scope: scope.parse().unwrap() };
                site.people.change_role(&by, id, &grant, false, now).await.unwrap();
            }
            // Nothing was taken from whoever had nothing.
            (!roles.is_empty()).then_some(token).or(Some(Token::random()))
        }
        State::Forged => Some(Token::random()),
        State::Absent => None,
    }
}

/// A request for an endpoint, from a page of ours.
fn request(endpoint: &Endpoint) -> Request<Body> {
    let path = match endpoint.path {
        "*" => "/nothing".to_owned(),
        path => path
            .replace("{system}", "shop")
            .replace("{environment}", "production")
            .replace("{kind}", "deployment")
            .replace("{name}", "web")
            .replace("{number}", "1")
            .replace("{id}", "000000000000000000000000000000ab")
            .replace("{file}", "quarterdeck.0a1b2c.css"),
    };
    let request = Request::builder().method(endpoint.method.clone()).uri(path).header("host", HOST);
    if endpoint.method == Method::GET {
        return request.body(Body::empty()).unwrap();
    }
    // Well-formed, and about nobody: who may ask is decided before what is asked.
    let form = "name=x&password=y&again=y&current=z&token=t&to=/&person=00&role=viewer&scope=*&session=0&query=&theme=dark&back=/";
    request
        .header("origin", format!("http://{HOST}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(of_this_build(form)))
        .unwrap()
}

fn goes_to_the_sign_in(answer: &Answer) -> bool {
    answer.status == StatusCode::SEE_OTHER && answer.header("location").starts_with("/sign-in?to=")
}

#[tokio::test]
async fn no_cell_of_the_matrix_is_wrong() {
    let rows = rows();
    see(&rows, [pod("web-7c9d-a", 0), deployment()]);
    let site = site(rows).await;
    let router = router(site.clone());
    let mut cells = 0;
    for (name, roles) in IDENTITIES {
        let administers = grants(roles).is_everywhere(Role::Admin);
        let tests = roles.iter().any(|(role, _)| matches!(role, Role::Tester | Role::Operator | Role::Lead));
        let operates = roles.iter().any(|(role, _)| matches!(role, Role::Operator | Role::Lead));
        for state in STATES {
            for endpoint in endpoints() {
                // Each with a session of its own: some endpoints end it.
                let who = format!("{name}-{cells}");
                let token = enter(&site, &who, roles, state).await;
                let answer = ask_as(&router, request(&endpoint), token.as_ref()).await;
                let what = format!("{name} {state:?} {} {}: {}", endpoint.method, endpoint.path, answer.status);
                let refused = answer.status == StatusCode::FORBIDDEN;
                let turned_away = goes_to_the_sign_in(&answer);
                match endpoint.need {
                    Need::Anyone => assert!(!turned_away && !refused, "{what}"),
                    _ if state != State::Valid => assert!(turned_away, "{what}"),
                    Need::SignedIn | Need::Look => assert!(!turned_away && !refused, "{what}"),
                    Need::Operate => assert!(!turned_away && refused != operates, "{what}"),
                    Need::ResetDemoData => assert!(!turned_away && refused != tests, "{what}"),
                    Need::Administer => assert!(!turned_away && refused != administers, "{what}"),
                }
                assert!(answer.status.as_u16() < 500, "{what}");
                cells += 1;
            }
        }
    }
    assert!(cells > 1_500, "{cells} cells");
}

#[tokio::test]
async fn an_environment_is_there_for_those_who_may_look_and_for_nobody_else() {
    let rows = rows();
    see(&rows, [pod("web-7c9d-a", 0), deployment()]);
    let site = site(rows).await;
    let router = router(site.clone());
    for (name, roles) in IDENTITIES {
        let grants = grants(roles);
        let token = enter(&site, name, roles, State::Valid).await;
        for environment in ["shop/production", "shop/staging", "shop/unregistered", "fleet/production"] {
            let registered = environment.starts_with("shop/") && !environment.ends_with("unregistered");
            let sees = registered && grants.sees(&environment.parse().unwrap());
            for path in [format!("/e/{environment}"), format!("/e/{environment}/deployment/web")] {
                let answer = get_as(&router, &path, token.as_ref()).await;
                let expected = if sees { StatusCode::OK } else { StatusCode::NOT_FOUND };
                assert_eq!(answer.status, expected, "{name} {path}");
            }
        }
        // The only pod is in production.
        let sees = grants.sees(&"shop/production".parse().unwrap());
        for path in ["/pods", "/pods?filter=web", "/pods?environment=shop/production", "/"] {
            let text = get_as(&router, path, token.as_ref()).await.text();
            assert_eq!(text.contains("web-7c9d-a") || text.contains("/e/shop/production"), sees, "{name} {path}");
        }
        let staging = grants.sees(&"shop/staging".parse().unwrap());
        assert_eq!(get_as(&router, "/", token.as_ref()).await.text().contains("/e/shop/staging"), staging, "{name}");
    }
}

/// What is hidden and what is not there get the same answer, to the byte but for nonce, clock and address.
#[tokio::test]
async fn a_hidden_name_is_answered_like_one_that_nobody_has() {
    let site = site(rows()).await;
    let router = router(site.clone());
    let token = enter(&site, "one", &[(Role::Viewer, "shop/staging")], State::Valid).await;
    let plain = async |path: &str| {
        let answer = get_as(&router, path, token.as_ref()).await;
        let policy = answer.header("content-security-policy").to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        let text = answer.text().replace(&nonce, "").replace(path, "");
        // What is carried for the browser holds the clock.
        let (start, _) = text.split_once("id=\"boot\"").unwrap();
        // And so do the words about how old everything is: `09:29:32 UTC`.
        let timeless = start.split(" UTC").map(|piece| piece.get(..piece.len() - 8).unwrap_or(piece));
        (answer.status, timeless.collect::<String>())
    };
    let (hidden, absent) = (plain("/e/shop/production").await, plain("/e/shop/productiom").await);
    assert_eq!(hidden.0, absent.0);
    assert_eq!(hidden.1, absent.1);
}

/// Origins that are not ours, and tricks.
const FOREIGN: [&[(&str, &str)]; 12] = [
    &[],
    &[("origin", "null")],
    &[("origin", "http://evil.test")],
    &[("origin", "http://sub.127.0.0.1:7780")],
    &[("origin", "http://127.0.0.1:7781")],
    &[("origin", "https://127.0.0.1:7780")],
    &[("origin", "http://127.0.0.1:7780.evil.test")],
    &[("origin", "http://127.0.0.1:7780@evil.test")],
    &[("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:7780")],
    &[("sec-fetch-site", "same-site")],
    &[("sec-fetch-site", "none")],
    &[("sec-fetch-site", "same-origin"), ("origin", "http://evil.test")],
];

/// Types of bodies that a page elsewhere can send without being asked, those that it cannot, and none.
const TYPES: [Option<&str>; 6] = [
    Some("application/x-www-form-urlencoded"),
    Some("text/plain"),
    Some("multipart/form-data; boundary=x"),
    Some("application/json"),
    Some("application/x-www-form-urlencoded; charset=utf-7"),
    None,
];

async fn entries(site: &Site) -> i64 {
    site.people.store().read().await.unwrap().head().await.unwrap().seq
}

#[tokio::test]
async fn nothing_runs_that_another_site_sends() {
    let site = site(rows()).await;
    let router = router(site.clone());
    let token = enter(&site, "both", &[(Role::Admin, "*"), (Role::Lead, "*")], State::Valid).await;
    let before = entries(&site).await;
    let (mut sent, all) = (0, endpoints());
    for endpoint in all.iter().filter(|endpoint| endpoint.method != Method::GET) {
        for origin in FOREIGN {
            for media_type in TYPES {
                let mut request = request(endpoint);
                for name in ["origin", "content-type"] {
                    request.headers_mut().remove(name);
                }
                for (name, value) in origin {
                    request.headers_mut().append(*name, value.parse().unwrap());
                }
                if let Some(media_type) = media_type {
                    request.headers_mut().insert("content-type", media_type.parse().unwrap());
                }
                let answer = ask_as(&router, request, token.as_ref()).await;
                let what = format!("{} {origin:?} {media_type:?}", endpoint.path);
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
                assert_eq!(answer.header("set-cookie"), "", "{what}");
                sent += 1;
            }
        }
    }
    assert!(sent > 1_000, "{sent}");
    assert_eq!(entries(&site).await, before, "something ran");
    // The same from our own page runs: the test sends what would work.
    let ours = all.iter().find(|endpoint| endpoint.path == "/changes/export.csv").unwrap();
    assert_eq!(ask_as(&router, request(ours), token.as_ref()).await.status, StatusCode::OK);
    assert_eq!(entries(&site).await, before + 1);
}

#[tokio::test]
async fn a_form_of_another_type_than_forms_have_does_not_run() {
    let site = site(rows()).await;
    let router = router(site.clone());
    let token = enter(&site, "admin", &[(Role::Admin, "*")], State::Valid).await;
    let before = entries(&site).await;
    for endpoint in endpoints().iter().filter(|endpoint| endpoint.path.starts_with("/people/")) {
        for media_type in ["text/plain", "multipart/form-data; boundary=x", "application/json"] {
            let mut request = request(endpoint);
            request.headers_mut().insert("content-type", media_type.parse().unwrap());
            let answer = ask_as(&router, request, token.as_ref()).await;
            assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{} {media_type}", endpoint.path);
        }
    }
    assert_eq!(entries(&site).await, before);
}

/// A tab that was open while Quarterdeck was updated.
#[tokio::test]
async fn nothing_runs_that_a_page_of_another_build_sends() {
    let site = site(rows()).await;
    let router = router(site.clone());
    let admin = [(Role::Admin, "*"), (Role::Lead, "*")];
    let token = enter(&site, "both", &admin, State::Valid).await;
    let before = entries(&site).await;
    let all = endpoints();
    let forms: Vec<_> = all.iter().filter(|endpoint| endpoint.method == Method::POST).collect();
    let any: Vec<_> = forms.iter().filter(|form| !form.own_build).map(|form| form.path).collect();
    assert_eq!(any, ["/sign-in"]);
    let fields = "name=half+a+name&password=y&again=y&current=z&person=00&role=viewer&scope=*&query=&theme=dark&back=/";
    for form in forms.iter().filter(|form| form.own_build) {
        for build in ["", "build=&", "build=0.0.9+%2Fpkg%2Fx.wasm+%2Fpkg%2Fx.css&"] {
            let mut request = request(form);
            *request.body_mut() = Body::from(format!("{build}{fields}"));
            let answer = ask_as(&router, request, token.as_ref()).await;
            let (what, text) = (format!("{} {build}", form.path), answer.text());
            assert_eq!(answer.status, StatusCode::CONFLICT, "{what}");
            assert!(text.contains("another version") && text.contains("Nothing was done"), "{what}: {text}");
            assert_eq!(answer.header("set-cookie"), "", "{what}");
            // What was typed is in the address of the page as it is now, and no secret.
            let address = format!("href=\"{}?name=half+a+name&amp;", form.form.unwrap());
            assert!(text.contains(&address) && !text.contains("password="), "{what}: {text}");
        }
    }
    assert_eq!(entries(&site).await, before, "something ran");
    let name = get_as(&router, "/people?name=half+a+name", token.as_ref()).await.text();
    assert!(name.contains("value=\"half a name\""), "what was typed is not kept");
}

#[tokio::test]
async fn every_form_says_which_build_made_it() {
    let site = site(rows()).await;
    let router = router(site.clone());
    let token = enter(&site, "both", &[(Role::Admin, "*"), (Role::Lead, "*")], State::Valid).await;
    let field = format!("name=\"build\" value=\"{}\"", site.assets.build);
    let mut forms = 0;
    for path in
        ["/", "/pods", "/e/shop/production", "/account", "/changes", "/changes/1", "/people", "/board", "/nothing"]
    {
        let text = get_as(&router, path, token.as_ref()).await.text();
        for form in text.split("<form").skip(1).filter(|form| form.starts_with(" method=\"post\"")) {
            let form = form.split("</form>").next().unwrap();
            assert!(form.contains(&field), "{path}: {form}");
            forms += 1;
        }
    }
    assert!(forms > 20, "{forms} forms");
}

/// What every answer carries, whoever asks and whatever comes of it.
#[tokio::test]
async fn every_answer_carries_what_guards_it() {
    let site = site(rows()).await;
    let router = router(site.clone());
    let token = enter(&site, "both", &[(Role::Admin, "*"), (Role::Lead, "*")], State::Valid).await;
    for who in [token.as_ref(), None] {
        for endpoint in endpoints() {
            for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::HEAD] {
                let mut request = request(&endpoint);
                *request.method_mut() = method.clone();
                // Another session each time: some endpoints end it.
                let again = match who {
                    Some(_) => {
                        enter(&site, &format!("{method}{}", clock::now_us()), &[(Role::Admin, "*")], State::Valid).await
                    }
                    None => None,
                };
                let answer = ask_as(&router, request, again.as_ref()).await;
                let what = format!("{method} {} {}", endpoint.path, answer.status);
                super::pages::assert_guarded(&answer, &what);
                let file = endpoint.path.starts_with("/pkg") && answer.status == StatusCode::OK;
                assert_eq!(answer.header("cache-control") == "no-store", !file, "{what}");
                for cookie in answer.headers.get_all("set-cookie") {
                    let cookie = cookie.to_str().unwrap();
                    assert!(cookie.contains("SameSite=Strict") && cookie.contains("Path=/"), "{what}: {cookie}");
                    assert!(!cookie.starts_with("quarterdeck=") || cookie.contains("HttpOnly"), "{what}: {cookie}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_planted_cookie_beside_the_own_one_is_no_session() {
    let site = site(rows()).await;
    let router: Router = router(site.clone());
    let token = enter(&site, "kim", &[(Role::Viewer, "*")], State::Valid).await.unwrap();
    let own = cookie_of(&token);
    for (cookies, lets_in) in [
        (vec![own.clone()], true),
        (vec![format!("a=b; {own}; theme=dark")], true),
        (vec![own.clone(), own.clone()], false),
        (vec![format!("{own}; quarterdeck={}", "0".repeat(64))], false),
        (vec![format!("__Host-quarterdeck={}", token.secret())], false),
        (vec![own.to_uppercase()], false),
        (vec![format!("quarterdeck=\"{}\"", token.secret())], false),
    ] {
        let mut request = Request::get("/").header("host", HOST);
        for cookie in &cookies {
            request = request.header("cookie", cookie);
        }
        let answer = ask_as(&router, request.body(Body::empty()).unwrap(), None).await;
        assert_eq!(answer.status == StatusCode::OK, lets_in, "{cookies:?}");
    }
}
