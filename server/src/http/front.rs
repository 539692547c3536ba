//! How the console is reached: which hosts it answers for, and which pages are its own.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::uri::Authority;

/// The console as browsers reach it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Front {
    /// Whether the program itself speaks TLS.
    pub tls: bool,
    /// Its address for people, where it has one beside loopback: `https://quarterdeck.example.com`.
    pub public: Option<PublicUrl>,
}

/// The origin under which people reach the console: scheme, host, port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    authority: String,
}

/// Why a text is no public address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    /// Passwords and cookies would travel for all to read.
    #[error(
        "'{0}' is not https: passwords and cookies would be read on the way. Write https://host or https://host:port"
    )]
    NotHttps(String),
    /// More than an origin, or less.
    #[error("'{0}' is not an origin: write https://host or https://host:port, without path, user or query")]
    Form(String),
}

impl std::str::FromStr for PublicUrl {
    type Err = PublicUrlError;
    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let Some(authority) = text.strip_prefix("https://") else {
            return Err(PublicUrlError::NotHttps(text.to_owned()));
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let authority = authority.strip_suffix(":443").unwrap_or(authority);
        let parsed = authority.parse::<Authority>();
        let plain = !authority.contains('@') && parsed.is_ok_and(|parsed| !parsed.host().is_empty());
        if !plain || authority.ends_with(':') {
            return Err(PublicUrlError::Form(text.to_owned()));
        }
        Ok(Self { authority: authority.to_ascii_lowercase() })
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "https://{}", self.authority)
    }
}

impl Front {
    /// The origin that a page of ours has under this `Host`; `None` for a host that is not ours.
    pub fn origin_of(&self, host: &str) -> Option<String> {
        if let Some(public) = &self.public
            && host.eq_ignore_ascii_case(&public.authority)
        {
            return Some(public.to_string());
        }
        is_loopback(host).then(|| [if self.tls { "https://" } else { "http://" }, host].concat())
    }

    /// Whether requests for this `Host` are answered. A page elsewhere whose name was made to point here (DNS rebinding)
    /// speaks with its own name. `from_here`: whether the connection comes from this machine, the only one that may call
    /// it by its own names.
    pub fn answers_for(&self, host: &str, from_here: bool) -> bool {
        self.origin_of(host).is_some() && (from_here || !is_loopback(host))
    }

    /// Whether what is answered for this host travels by TLS, so that cookies can be `Secure`.
    pub fn is_secure(&self, host: &str) -> bool {
        self.origin_of(host).is_some_and(|origin| origin.starts_with("https://"))
    }

    /// Whether this is the name under which people reach the console from elsewhere. Only that one may be told to be reached by
    /// TLS alone: on loopback other programs live under the same name.
    pub fn is_public(&self, host: &str) -> bool {
        self.is_secure(host) && !is_loopback(host)
    }

    /// Whether a request comes from a page of ours by its `Origin`: exactly one, exactly that of its `Host`.
    pub fn is_own_origin(&self, headers: &HeaderMap) -> bool {
        match (only(headers, ORIGIN), only(headers, HOST)) {
            (Some(origin), Some(host)) => self.origin_of(host).as_deref() == Some(origin),
            _ => false,
        }
    }

    /// Whether a request that changes something comes from a page of ours.
    ///
    /// Browsers send `Sec-Fetch-Site`, which no page can forge, and then it decides: our pages' policy `no-referrer` makes
    /// browsers write `Origin: null` on a form of ours (Fetch standard, "append a request Origin header"). Without it, `Origin` must
    /// be ours, exactly. A request with neither is no browser's, and nothing but browsers has business here.
    pub fn may_change(&self, headers: &HeaderMap) -> bool {
        let site = HeaderName::from_static("sec-fetch-site");
        if !headers.contains_key(&site) {
            return self.is_own_origin(headers);
        }
        let origin = headers.get_all(ORIGIN).iter().count();
        only(headers, site) == Some("same-origin")
            && (origin == 0 || only(headers, ORIGIN) == Some("null") || self.is_own_origin(headers))
    }
}

/// A header that is there exactly once.
pub fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(one), None) => one.to_str().ok(),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        all.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn appended(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

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
            assert_eq!(Front::default().answers_for(host, true), expected, "{host:?}");
            assert!(!Front::default().answers_for(host, false), "{host:?} from elsewhere");
        }
    }

    #[test]
    fn a_public_address_is_answered_for_beside_loopback() {
        let front = Front { tls: false, public: Some("https://deck.example.com".parse().unwrap()) };
        for (host, origin) in [
            ("deck.example.com", Some("https://deck.example.com")),
            ("DECK.example.com", Some("https://deck.example.com")),
            ("deck.example.com:8443", None),
            ("x.deck.example.com", None),
            ("127.0.0.1:7780", Some("http://127.0.0.1:7780")),
        ] {
            assert_eq!(front.origin_of(host).as_deref(), origin, "{host}");
        }
        assert!(front.answers_for("deck.example.com", false) && !front.answers_for("127.0.0.1:7780", false));
        assert!(front.is_public("deck.example.com") && !front.is_public("127.0.0.1:7780"));
        assert!(!Front { tls: true, public: None }.is_public("localhost:7780"));
        assert!(front.is_secure("deck.example.com") && !front.is_secure("127.0.0.1:7780"));
        for text in [
            "http://a.test",
            "https://",
            "https://a.test/x",
            "https://u@a.test",
            "https://a.test?x",
            "a.test",
            "https://a.test:",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
        assert_eq!("https://A.test:443/".parse::<PublicUrl>().unwrap().to_string(), "https://a.test");
    }

    #[test]
    fn only_our_own_pages_open_a_socket() {
        let front = Front::default();
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
            let mut sent = headers(&[("host", host)]);
            sent.extend(origin.map(|origin| (ORIGIN, origin.parse().unwrap())));
            assert_eq!(front.is_own_origin(&sent), expected, "{origin:?}");
        }
        let twice = [("host", host), ("origin", "http://127.0.0.1:7780"), ("origin", "http://evil.test")];
        assert!(!front.is_own_origin(&appended(&twice)));
    }

    #[test]
    fn only_our_own_pages_change_anything() {
        let front = Front::default();
        let ours = "http://127.0.0.1:7780";
        for (sent, expected) in [
            (vec![("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            (vec![("sec-fetch-site", "same-origin"), ("origin", ours)], true),
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("origin", ours)], true),
            (vec![], false),
            (vec![("origin", "null")], false),
            (vec![("origin", "http://127.0.0.1:7781")], false),
            (vec![("origin", "http://sub.127.0.0.1:7780")], false),
            (vec![("sec-fetch-site", "same-origin"), ("origin", "http://evil.test")], false),
            (vec![("sec-fetch-site", "same-site"), ("origin", ours)], false),
            (vec![("sec-fetch-site", "cross-site"), ("origin", ours)], false),
            (vec![("sec-fetch-site", "none")], false),
            (vec![("sec-fetch-site", "Same-Origin")], false),
            (vec![("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
        ] {
            let mut all = vec![("host", "127.0.0.1:7780")];
            all.extend(&sent);
            assert_eq!(front.may_change(&appended(&all)), expected, "{sent:?}");
        }
    }
}
