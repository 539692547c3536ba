//! Who asks, and whether they may: before every endpoint, by its row in the table.

use app::components::build::BUILD;
use app::routes;
use app::still::AGAIN;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{HOST, HeaderValue, LOCATION};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::access::{Place, Right};

use super::endpoints::{Endpoint, Need};
use super::front::only;
use super::still::{outdated, problem};
use super::{BODY_LIMIT_BYTES, Site, cookies};
use crate::clock;
use crate::people::Who;
use crate::people::token::Token;
use crate::store::StoreError;

/// The longest address that one is taken back to.
const LONGEST_RETURN: usize = 2000;

/// Who asks, where an endpoint is for anybody.
#[derive(Clone)]
pub struct Visitor(pub Option<Who>);

/// The name of the cookie. With the prefix `__Host-` browsers take it only by TLS and for this very host; on loopback
/// without TLS they would not take it at all.
fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-quarterdeck" } else { "quarterdeck" }
}

/// The host that a request names.
pub fn host_of(headers: &HeaderMap) -> &str {
    only(headers, HOST).unwrap_or_default()
}

/// The token of the session that a browser sent.
pub fn token_of(site: &Site, headers: &HeaderMap) -> Option<Token> {
    token_in(headers, cookie_name(site.front.is_secure(host_of(headers))))
}

/// The token in a cookie. Two cookies of the name are none: one of them was planted.
pub fn token_in(headers: &HeaderMap, name: &str) -> Option<Token> {
    let mut ours = cookies::all_of(headers, name);
    match (ours.next(), ours.next()) {
        (Some(one), None) => Token::read(one),
        _ => None,
    }
}

/// The cookie that makes a browser hold a token, or, without one, forget it.
pub fn cookie(site: &Site, headers: &HeaderMap, token: Option<&Token>) -> HeaderValue {
    let secure = site.front.is_secure(host_of(headers));
    let name = cookie_name(secure);
    let by_tls = if secure { "; Secure" } else { "" };
    let text = match token {
        Some(token) => format!("{name}={}; Path=/; HttpOnly; SameSite=Strict{by_tls}", token.secret()),
        None => format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict{by_tls}"),
    };
    // Made of letters, digits and what stands above.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Lets a request through to its endpoint, or turns it away.
pub(super) async fn pass(row: Endpoint, mut request: Request, next: Next) -> Response {
    let Some(site) = request.extensions().get::<Site>().cloned() else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "The console is not whole.\n").into_response();
    };
    let token = token_of(&site, request.headers());
    let who = match &token {
        Some(token) => match known(&site, &row, request.uri(), token).await {
            Ok(who) => who,
            Err(error) if row.need == Need::Anyone => {
                tracing::warn!("who asks is not known: {error}");
                None
            }
            Err(error) => return problem(&site, &request, StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        },
        None => None,
    };
    match (row.need, who) {
        (Need::Anyone, who) => {
            request.extensions_mut().insert(Visitor(who));
        }
        (_, None) => return turn_away(&row, request, token.is_some()).await,
        (Need::SignedIn | Need::Look, Some(who)) => {
            request.extensions_mut().insert(who);
        }
        (Need::Operate, Some(who)) => {
            if !who.user.grants.0.iter().any(|grant| grant.role.holds(Right::Operate)) {
                let text = "Operating needs the role operator or lead. Nothing was done.";
                return problem(&site, &request, StatusCode::FORBIDDEN, text);
            }
            request.extensions_mut().insert(who);
        }
        (Need::ResetDemoData, Some(who)) => {
            if !who.user.grants.0.iter().any(|grant| grant.role.holds(Right::ResetDemoData)) {
                let text = "Resetting demo data needs the role tester, operator or lead. Nothing was done.";
                return problem(&site, &request, StatusCode::FORBIDDEN, text);
            }
            request.extensions_mut().insert(who);
        }
        (Need::Administer, Some(who)) => {
            if !who.user.grants.may(Right::Administer, Place::Console) {
                let (user, path) = (&who.user.name, row.path);
                tracing::warn!(user.id = %who.user.id, http.route = path, "{user} asked for {path}, which is for admins");
                let text = "This is for admins. Nothing was done.";
                return problem(&site, &request, StatusCode::FORBIDDEN, text);
            }
            request.extensions_mut().insert(who);
        }
    }
    if !row.own_build {
        return next.run(request).await;
    }
    match of_this_build(&site, &row, request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal,
    }
}

/// Refuses the form of a page that another build made: what stands on it may mean something else here. Otherwise the request as
/// it was.
async fn of_this_build(site: &Site, row: &Endpoint, request: Request) -> Result<Request, Response> {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_LIMIT_BYTES).await else {
        let text = "Nothing was done: the form is too long, or it did not arrive whole.\n";
        return Err((StatusCode::PAYLOAD_TOO_LARGE, text).into_response());
    };
    let query = String::from_utf8_lossy(&bytes).into_owned();
    let build = routes::Place { path: String::new(), query }.parameter(BUILD);
    if build.is_some_and(|build| *build == *site.assets.build) {
        return Ok(Request::from_parts(parts, Body::from(bytes)));
    }
    tracing::info!(http.route = row.path, "refused a form for {} that a page of another build sent", row.path);
    Err(outdated(site, &parts.headers, &written_back(row.form.unwrap_or("/"), Body::from(bytes)).await))
}

/// Who holds a token. A socket is opened by a page, not by a person, and so is what a page loads again by itself: neither keeps
/// a session alive.
async fn known(site: &Site, row: &Endpoint, uri: &Uri, token: &Token) -> Result<Option<Who>, StoreError> {
    let now = clock::now_us();
    let by_itself = || {
        let query = uri.query().unwrap_or_default().to_owned();
        routes::Place { path: String::new(), query }.parameter(AGAIN).is_some()
    };
    if matches!(row.path, "/live" | app::links::LOGS_LIVE) || by_itself() {
        site.people.still(token, now).await
    } else {
        site.people.who(token, now).await
    }
}

/// To the sign-in, and back afterwards. What was written into a form comes back with its page; secrets do not.
async fn turn_away(row: &Endpoint, request: Request, had_session: bool) -> Response {
    let (parts, body) = request.into_parts();
    let to = if parts.method == Method::GET {
        parts.uri.path_and_query().map_or("/", |address| address.as_str()).to_owned()
    } else {
        written_back(row.form.unwrap_or("/"), body).await
    };
    let wants_page = parts.headers.get("accept").is_none_or(|accept| {
        accept.to_str().is_ok_and(|accept| accept.contains("text/html") || accept.contains("*/*"))
    });
    if !wants_page {
        return (StatusCode::UNAUTHORIZED, "Sign in first.\n").into_response();
    }
    let why = if had_session { "&why=expired" } else { "" };
    let location = format!("/sign-in?to={}{why}", encode(&to));
    // Its cookie stays until the sign-in has told whoever holds it why the session is over.
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

/// The page of a form with what was written into it, as far as it is no secret and not too long.
async fn written_back(form: &str, body: Body) -> String {
    let bytes = to_bytes(body, BODY_LIMIT_BYTES).await.unwrap_or_default();
    let text = String::from_utf8(bytes.to_vec()).unwrap_or_default();
    // Secrets, and what only the page itself may say.
    let dropped = ["password", "again", "current", "token", "session", "member", BUILD];
    let kept: Vec<&str> = text
        .split('&')
        .filter(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            !value.is_empty()
                && !dropped.contains(&key)
                && pair.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
        })
        .collect();
    let address = if kept.is_empty() { form.to_owned() } else { format!("{form}?{}", kept.join("&")) };
    if address.len() > LONGEST_RETURN { form.to_owned() } else { address }
}

/// Whether a path leads back into this console and nowhere else: `//host` and `/\host` lead away.
pub fn is_our_path(path: &str) -> bool {
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    plain && path.starts_with('/') && !path.starts_with("//") && path.len() <= LONGEST_RETURN
}

/// A text as it stands in a query.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_back_to_our_own_pages_only() {
        for (path, expected) in [
            ("/", true),
            ("/pods?filter=a&sort=-age", true),
            ("/e/fleet-management/production", true),
            ("", false),
            ("pods", false),
            ("//evil.test", false),
            ("/\\evil.test", false),
            ("https://evil.test", false),
            ("javascript:alert(1)", false),
            ("/pods\r\nSet-Cookie: a=b", false),
            ("/ü", false),
        ] {
            assert_eq!(is_our_path(path), expected, "{path:?}");
        }
    }

    #[tokio::test]
    async fn a_form_comes_back_without_its_secrets() {
        for (body, expected) in [
            ("name=kim&password=anchor+lamp", "/people?name=kim"),
            ("password=x", "/people"),
            ("build=0.1.0+%2Fpkg&name=kim", "/people?name=kim"),
            ("role=operator&scope=%2A&person=", "/people?role=operator&scope=%2A"),
            ("a=\r\nb", "/people"),
        ] {
            assert_eq!(written_back("/people", Body::from(body)).await, expected, "{body}");
        }
        assert_eq!(written_back("/people", Body::from("a=".to_owned() + &"x".repeat(3000))).await, "/people");
    }
}
