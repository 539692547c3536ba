//! What every request must fulfil and every answer carries.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use domain::text::plain;

use super::Site;
use super::front::only;

/// Nothing may be loaded, run or framed. Pages bring a policy of their own, with the nonce of their script.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/// Refuses requests for hosts that are not ours: a page elsewhere whose name was made to point here (DNS rebinding)
/// speaks with its own name in `Host`.
///
/// The names of this machine are for this machine: somebody elsewhere who calls it `localhost` would get cookies without TLS.
pub async fn host(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    // HTTP/2 has it in the address. From here on it stands in one place.
    if !request.headers().contains_key(HOST)
        && let Some(host) = request.uri().authority().and_then(|authority| authority.as_str().parse().ok())
    {
        request.headers_mut().insert(HOST, host);
    }
    // Two that differ are two opinions about who is asked, and somebody in between may have had the other one.
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let host = only(request.headers(), HOST);
    let agrees = authority.is_none_or(|authority| host.is_some_and(|host| host.eq_ignore_ascii_case(authority)));
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let from_here = peer.is_none_or(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    if agrees && host.is_some_and(|host| site.front.answers_for(host, from_here)) {
        return next.run(request).await;
    }
    let refusal = "This console does not answer for that host: open it by its own address, or as http://127.0.0.1 on its machine.\n";
    (StatusCode::MISDIRECTED_REQUEST, refusal).into_response()
}

/// Refuses what would change something and does not come from a page of ours.
pub async fn own_pages(State(site): State<Site>, request: Request, next: Next) -> Response {
    // CONNECT has no path, and nothing here is put, patched or deleted.
    if !matches!(*request.method(), Method::GET | Method::HEAD | Method::POST) {
        return (StatusCode::METHOD_NOT_ALLOWED, "Only GET and POST are answered.\n").into_response();
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || site.front.may_change(request.headers()) {
        return next.run(request).await;
    }
    let origin = request.headers().get(ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or("none");
    let (origin, path) = (plain(origin, 100), plain(request.uri().path(), 100));
    tracing::warn!(http.route = %path, "refused a form for {path} that our own pages did not send (origin: {origin})");
    let refusal = "Nothing was done: this came from another site, or from no browser. Use the console's own pages.\n";
    (StatusCode::FORBIDDEN, refusal).into_response()
}

/// Puts on every answer what keeps browsers from doing more with it than it is for.
pub async fn headers(State(site): State<Site>, request: Request, next: Next) -> Response {
    let host = only(request.headers(), HOST).or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    let is_public = host.is_some_and(|host| site.front.is_public(host));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let always = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_public {
        // A year; without subdomains, which are not ours to speak for.
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NOTHING));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
