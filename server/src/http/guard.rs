//! What every request must fulfil and every answer carries.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Nothing may be loaded, run or framed. Pages bring a policy of their own, with the nonce of their script.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/// Refuses requests for hosts that are not this machine: a page elsewhere whose name was made to point here (DNS rebinding)
/// speaks with its own name in `Host`.
pub async fn host(request: Request, next: Next) -> Response {
    if is_loopback(host_of(&request)) {
        return next.run(request).await;
    }
    let refusal = "This console answers on loopback only: open it as http://127.0.0.1 or http://localhost.\n";
    (StatusCode::MISDIRECTED_REQUEST, refusal).into_response()
}

fn host_of(request: &Request) -> &str {
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| request.uri().authority().map(|authority| authority.as_str())).unwrap_or_default()
}

/// Whether a `Host` header names this machine, with any port: a tunnel may listen on another one.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, "0"),
    };
    let port_is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let address = || name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    port_is_number && (name.eq_ignore_ascii_case("localhost") || address().is_ok_and(|address| address.is_loopback()))
}

/// Whether a request that opens a socket comes from a page of ours: its `Origin` must be `http://` and exactly its `Host`. Browsers
/// send `Origin` with every socket and let no page change it; a request without one is no browser's and is refused too.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(only), None) => only.to_str().ok(),
            _ => None,
        }
    };
    match (text(ORIGIN), text(HOST)) {
        (Some(origin), Some(host)) => is_loopback(host) && origin.strip_prefix("http://") == Some(host),
        _ => false,
    }
}

/// Puts on every answer what keeps browsers from doing more with it than it is for.
pub async fn headers(request: Request, next: Next) -> Response {
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
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NOTHING));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_answered_for() {
        for (host, expected) in [
            ("127.0.0.1:7780", true),
            ("localhost:7780", true),
            ("LocalHost", true),
            ("[::1]:7780", true),
            ("[::1]", true),
            ("", false),
            ("evil.test", false),
            ("evil.test:7780", false),
            ("127.0.0.1.evil.test:7780", false),
            ("localhost.evil.test", false),
            ("127.0.0.1:", false),
            ("127.0.0.1:77x", false),
            ("127.8.9.10:7780", true),
            ("0.0.0.0:7780", false),
            ("user@127.0.0.1:7780", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host:?}");
        }
    }

    #[test]
    fn only_our_own_pages_open_a_socket() {
        let host = "127.0.0.1:7780";
        for (origin, expected) in [
            (Some("http://127.0.0.1:7780"), true),
            (None, false),
            (Some("null"), false),
            (Some("https://127.0.0.1:7780"), false),
            (Some("http://127.0.0.1:7781"), false),
            (Some("http://127.0.0.1"), false),
            (Some("http://localhost:7780"), false),
            (Some("HTTP://127.0.0.1:7780"), false),
            (Some("http://evil.test"), false),
            (Some("http://127.0.0.1:7780.evil.test"), false),
            (Some("http://evil.test/?http://127.0.0.1:7780"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(is_same_origin(&headers), expected, "{origin:?}");
        }
        let mut twice = HeaderMap::new();
        twice.insert(HOST, host.parse().unwrap());
        twice.append(ORIGIN, "http://127.0.0.1:7780".parse().unwrap());
        twice.append(ORIGIN, "http://evil.test".parse().unwrap());
        assert!(!is_same_origin(&twice));
    }
}
