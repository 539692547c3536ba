//! Pages, files, forms, and what every answer carries.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::html::tags;
use super::site::{Answer, HOST, ask, get, of_this_build, ordinary, rows, site};
use crate::http::router;

const PAGES: [&str; 6] = [
    "/",
    "/pods",
    "/pods?filter=web&sort=-age&state=ready&environment=shop/production&offset=1",
    "/e/shop/production",
    "/e/shop/production/deployment/web",
    "/e/shop/staging/deployment/web",
];

/// What every answer carries.
pub fn assert_guarded(answer: &Answer, path: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{path}: {name}");
    }
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "{path}: {policy}");
    assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval "), "{path}: {policy}");
    assert!(!answer.header("cache-control").is_empty(), "{path}");
}

fn nonce(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy");
    let (_, rest) = policy.split_once("'nonce-").unwrap_or_else(|| panic!("no nonce: {policy}"));
    rest.split_once('\'').unwrap().0.to_owned()
}

#[tokio::test]
async fn every_page_is_there_with_a_policy_that_lets_its_own_scripts_run_and_no_others() {
    let router = ordinary().await;
    let mut nonces = Vec::new();
    for path in PAGES {
        let answer = get(&router, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_guarded(&answer, path);
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        let nonce = nonce(&answer);
        assert!(nonce.len() >= 16, "{nonce}");
        let html = answer.text();
        let scripts: Vec<_> = tags(&html).into_iter().filter(|tag| tag.name == "script").collect();
        assert!(!scripts.is_empty(), "{path}");
        for script in scripts {
            assert_eq!(script.attribute("nonce"), Some(nonce.as_str()), "{path}");
        }
        for tag in tags(&html) {
            assert_eq!(tag.attribute("style"), None, "{path}: {tag:?} breaks the policy");
        }
        nonces.push(nonce);
    }
    nonces.push(nonce(&get(&router, "/").await));
    let all = nonces.len();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), all, "a nonce came twice");
}

#[tokio::test]
async fn pages_are_whole_without_script() {
    let router = ordinary().await;
    let wall = get(&router, "/").await.text();
    assert!(wall.contains("The Shop") && wall.contains("web") && wall.contains("Production"));
    let pods = get(&router, "/pods").await.text();
    assert!(pods.contains("web-7c9d-a") && pods.contains("web-7c9d-b"), "{pods}");
    let filtered = get(&router, "/pods?filter=c9d-b").await.text();
    assert!(!filtered.contains(">web-7c9d-a<") && filtered.contains("web-7c9d-b"));
    let environment = get(&router, "/e/shop/production").await.text();
    assert!(
        environment.contains("shop.example.com") && environment.contains("https://graphs.example.com/?a=1&amp;b=2")
    );
    let component = get(&router, "/e/shop/production/deployment/web").await.text();
    assert!(component.contains("web-7c9d-a") && component.contains("registry.test/web:v1"));
}

#[tokio::test]
async fn what_does_not_exist_is_a_page_that_says_so() {
    let router = ordinary().await;
    for path in [
        "/nothing",
        "/e",
        "/e/",
        "/e/shop",
        "/e/shop/nowhere",
        "/e/nobody/production",
        "/e/shop/production/deployment",
        "/e/shop/production/deployment/nobody",
        "/e/shop/production/statefulset/web",
        "/e/shop/production/pod/web",
        "/e/shop/production/deployment/web/more",
        "/E/shop/production",
        "/live/",
        "/index.html",
    ] {
        let answer = get(&router, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_guarded(&answer, path);
        assert!(answer.text().contains("</html>"), "{path}");
    }
}

#[tokio::test]
async fn no_address_breaks_the_server_or_comes_back_as_markup() {
    let router = ordinary().await;
    let long = format!("/e/{}", "a".repeat(30_000));
    let deep = "/..".repeat(2_000);
    let long_filter = format!("/pods?filter={}", "%3Cscript%3E".repeat(500));
    let corpus = [
        "/e/..%2f..%2fetc/passwd",
        "/e/%2e%2e/%2e%2e",
        "/e/../../etc/passwd",
        "/e/shop/production/../../../etc/passwd",
        "/e/shop%2fproduction",
        "/e/shop/production%00",
        "/e/%00/%00",
        "/e/shop/production%0d%0aSet-Cookie:%20a=b",
        "/e/%ff%fe/production",
        "/e/shop/%c0%ae%c0%ae",
        "/e/shop/%ed%a0%80",
        "/e/%3Cscript%3Ealert(1)%3C%2Fscript%3E/x",
        "/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/e/shop/production/deployment/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/e/shop/production/deployment/%22%20onmouseover=alert(1)%20x=%22",
        "/e/shop/production?x=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/pods?filter=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/pods?filter=%22%20autofocus%20onfocus=alert(1)%20x=%22",
        "/pods?filter=%ff%fe%00",
        "/pods?filter=%E2%80%AE%1b%5B31m",
        "/pods?filter=%",
        "/pods?%%%&=&&==",
        "/pods?filter=a&filter=b&state=%3Cscript%3E&sort=%3Cscript%3E&offset=99999999999999999999",
        "/pods?offset=4294967295",
        "/pods?environment=../../x",
        "/%",
        "/%zz",
        "/pkg/..%2f..%2fCargo.toml",
        "/pkg/%2e%2e/manifest.json",
        "/pkg/%00",
        "/pkg/%ff",
        "/e/%E2%80%AE/x",
        &long,
        &deep,
        &long_filter,
    ];
    for path in corpus {
        let Ok(request) = Request::get(path).header("host", HOST).body(Body::empty()) else {
            continue;
        };
        let answer = ask(&router, request).await;
        let shown = &path[..path.len().min(80)];
        assert!(answer.status.as_u16() < 500, "{shown}: {}", answer.status);
        assert_guarded(&answer, shown);
        assert_harmless(&String::from_utf8_lossy(&answer.body), shown);
        assert_eq!(answer.header("set-cookie"), "", "{shown}");
    }
}

/// No markup of anybody else's.
pub fn assert_harmless(html: &str, what: &str) {
    assert!(!html.contains("<script>alert"), "{what}");
    for tag in tags(html) {
        if tag.name == "script" {
            assert!(tag.attribute("nonce").is_some(), "{what}: {tag:?}");
        }
        assert!(!matches!(tag.name.as_str(), "iframe" | "object" | "embed" | "base" | "b" | "img"), "{what}: {tag:?}");
        for (name, value) in &tag.attributes {
            assert!(!name.starts_with("on"), "{what}: {tag:?}");
            // What somebody typed stands in their field again, and goes nowhere from there.
            if (tag.name.as_str(), name.as_str()) == ("input", "value") {
                continue;
            }
            let value = value.trim().to_ascii_lowercase();
            assert!(!value.starts_with("javascript:") && !value.starts_with("data:"), "{what}: {tag:?}");
        }
    }
    let hidden = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    let at = html
        .find(hidden)
        .map(|at| html[..at].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect::<String>());
    assert_eq!(at, None, "{what}: a character that hides itself");
}

#[tokio::test]
async fn only_requests_for_this_machine_are_answered() {
    let router = ordinary().await;
    for (host, expected) in [
        (Some("127.0.0.1:7780"), StatusCode::OK),
        (Some("localhost:8080"), StatusCode::OK),
        (Some("[::1]:7780"), StatusCode::OK),
        (Some("evil.test"), StatusCode::MISDIRECTED_REQUEST),
        (Some("evil.test:7780"), StatusCode::MISDIRECTED_REQUEST),
        (Some("127.0.0.1.evil.test:7780"), StatusCode::MISDIRECTED_REQUEST),
        (Some("localhost.evil.test:7780"), StatusCode::MISDIRECTED_REQUEST),
        (Some("169.254.169.254"), StatusCode::MISDIRECTED_REQUEST),
        (Some(""), StatusCode::MISDIRECTED_REQUEST),
        (None, StatusCode::MISDIRECTED_REQUEST),
    ] {
        for path in ["/", "/pods", "/livez", "/pkg/quarterdeck.0a1b2c.css", "/nothing"] {
            let mut request = Request::get(path);
            if let Some(host) = host {
                request = request.header("host", host);
            }
            let answer = ask(&router, request.body(Body::empty()).unwrap()).await;
            let refused = answer.status == StatusCode::MISDIRECTED_REQUEST;
            assert_eq!(refused, expected == StatusCode::MISDIRECTED_REQUEST, "{host:?} {path}: {}", answer.status);
            assert_guarded(&answer, path);
            assert!(!refused || !answer.text().contains("web"), "{host:?} {path}");
        }
    }
}

#[tokio::test]
async fn colours_are_chosen_from_our_own_pages_only_and_lead_back_to_them() {
    let router = ordinary().await;
    let own = format!("http://{HOST}");
    let theme = |headers: &[(&str, &str)], body: &str| {
        let mut request =
            Request::post("/theme").header("host", HOST).header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(of_this_build(body))).unwrap()
    };
    for (headers, allowed) in [
        (vec![("sec-fetch-site", "same-origin"), ("origin", own.as_str())], true),
        (vec![("sec-fetch-site", "same-origin")], true),
        (vec![("origin", own.as_str())], true),
        (vec![("sec-fetch-site", "cross-site"), ("origin", "http://evil.test")], false),
        (vec![("sec-fetch-site", "cross-site"), ("origin", own.as_str())], false),
        (vec![("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:1")], false),
        (vec![("sec-fetch-site", "cross-site")], false),
        (vec![("origin", "http://evil.test")], false),
        (vec![("origin", "null")], false),
        (vec![("origin", "http://127.0.0.1:7781")], false),
    ] {
        let answer = ask(&router, theme(&headers, "theme=dark&back=%2Fpods")).await;
        let expected = if allowed { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status, expected, "{headers:?}");
        assert_eq!(answer.header("set-cookie").is_empty(), !allowed, "{headers:?}");
        assert_guarded(&answer, "/theme");
    }
    for (body, theme_word, location) in [
        ("theme=dark&back=%2Fpods%3Ffilter%3Da", "dark", "/pods?filter=a"),
        ("theme=light&back=https%3A%2F%2Fevil.test", "light", "/"),
        ("theme=light&back=%2F%2Fevil.test", "light", "/"),
        ("theme=light&back=%2F%5Cevil.test", "light", "/"),
        ("theme=light&back=javascript%3Aalert(1)", "light", "/"),
        ("theme=dark%3B+Domain%3Devil.test&back=%2F", "system", "/"),
        ("theme=dark%0d%0aX%3A+y&back=%2Fpods%0d%0aX%3A+y", "system", "/"),
    ] {
        let answer = ask(&router, theme(&[("sec-fetch-site", "same-origin")], body)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{body}");
        assert_eq!(answer.header("location"), location, "{body}");
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with(&format!("theme={theme_word}; ")), "{body}: {cookie}");
        assert!(cookie.contains("SameSite=Strict"), "{cookie}");
        assert!(!answer.headers.contains_key("x"), "{body}");
    }
    let large = format!("theme=dark&back=%2F{}", "a".repeat(100_000));
    let answer = ask(&router, theme(&[("sec-fetch-site", "same-origin")], &large)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn the_colours_of_the_cookie_are_the_page_s() {
    let router = ordinary().await;
    for (cookie, theme) in [
        ("theme=dark", Some("dark")),
        ("a=b; theme=light; c=d", Some("light")),
        ("theme=\"><script>", None),
        ("nottheme=dark", None),
        ("", None),
    ] {
        let request = Request::get("/").header("host", HOST).header("cookie", cookie).body(Body::empty()).unwrap();
        let html = ask(&router, request).await.text();
        let tags = tags(&html);
        let root = tags.iter().find(|tag| tag.name == "html").unwrap();
        assert_eq!(root.attribute("data-theme"), theme, "{cookie}");
    }
}

#[tokio::test]
async fn files_come_in_the_smallest_form_that_is_taken_and_never_change() {
    let router = ordinary().await;
    let path = "/pkg/quarterdeck.0a1b2c.css";
    for (encoding, body, sent) in [
        (Some("gzip, deflate, br, zstd"), "brotli quarterdeck.css", "br"),
        (Some("gzip"), "gzip quarterdeck.css", "gzip"),
        (Some("br;q=0, gzip"), "gzip quarterdeck.css", "gzip"),
        (Some("identity"), "plain quarterdeck.css", ""),
        (None, "plain quarterdeck.css", ""),
    ] {
        let mut request = Request::get(path).header("host", HOST);
        if let Some(encoding) = encoding {
            request = request.header("accept-encoding", encoding);
        }
        let answer = ask(&router, request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.text().as_str()), (StatusCode::OK, body), "{encoding:?}");
        assert_eq!(answer.header("content-encoding"), sent);
        assert_eq!(answer.header("content-type"), "text/css");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert_guarded(&answer, path);
    }
    for path in ["/pkg/nothing.css", "/pkg/quarterdeck.css", "/pkg/manifest.json", "/pkg/"] {
        let answer = get(&router, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn pages_are_compressed_for_those_who_take_it() {
    let router = ordinary().await;
    for encoding in ["br", "gzip"] {
        let request =
            Request::get("/").header("host", HOST).header("accept-encoding", encoding).body(Body::empty()).unwrap();
        let answer = ask(&router, request).await;
        assert_eq!(answer.header("content-encoding"), encoding);
        assert!(answer.body.len() < get(&router, "/").await.body.len());
    }
}

#[tokio::test]
async fn readiness_waits_for_the_first_list_and_life_does_not() {
    let rows = rows();
    let router = router(site(rows.clone()).await);
    assert_eq!(get(&router, "/readyz").await.status, StatusCode::OK);
    rows.watches_starting(&super::site::main());
    assert_eq!(get(&router, "/readyz").await.status, StatusCode::OK, "what was read once stays readable");
    let text = "{ clusters: [{ id: new, connect: { context: new } }], systems: [{ id: a, name: A, environments: [{ id: b, \
                cluster: new, namespace: b, tier: staging, timeZone: Europe/Berlin, components: [{ kind: DaemonSet, name: c, \
                role: worker }] }] }] }";
    rows.register(&std::sync::Arc::new(crate::registry::parse("sample", text.as_bytes()).unwrap()));
    assert_eq!(get(&router, "/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&router, "/livez").await.status, StatusCode::OK);
    rows.silent(&"new".parse().unwrap(), "The API server does not answer within 2 s.");
    assert_eq!(get(&router, "/readyz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn other_methods_change_nothing() {
    let router = ordinary().await;
    for (method, path) in
        [("POST", "/"), ("PUT", "/pods"), ("DELETE", "/e/shop/production"), ("GET", "/theme"), ("POST", "/live")]
    {
        let request = Request::builder().method(method).uri(path).header("host", HOST).body(Body::empty()).unwrap();
        let answer = ask(&router, request).await;
        assert!(answer.status.is_client_error(), "{method} {path}: {}", answer.status);
        assert_guarded(&answer, path);
    }
}
