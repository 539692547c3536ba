//! Pages, rendered whole from the rows in memory.

use std::sync::Arc;

use app::backend::Backend;
use app::routes::Place;
use axum::body::Body;
use axum::extract::{Form, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, COOKIE, HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::frame::{Page, Topic};
use domain::view::Chrome;
use leptos::prelude::provide_context;
use leptos_axum::ResponseOptions;
use serde::Deserialize;

use super::Site;
use crate::clock;

impl Backend for Site {
    fn page(&self, topic: &Topic) -> Page {
        self.rows.page(topic)
    }

    fn chrome(&self) -> Chrome {
        self.rows.chrome()
    }

    fn now_ms(&self) -> i64 {
        clock::now_ms()
    }

    fn build(&self) -> Arc<str> {
        self.assets.build.clone()
    }
}

/// The page of an address; one that is about nothing that is registered says so, with 404.
pub async fn page(State(site): State<Site>, request: Request) -> Response {
    let address = request.uri().path_and_query().map_or("/", |address| address.as_str());
    let place = Place::read(address);
    let known = place.topic().is_some_and(|topic| site.rows.page(&topic) != Page::Absent);
    let status = if known { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let theme = theme_of(request.headers());
    let context = move || {
        let backend: Arc<dyn Backend> = Arc::new(site.clone());
        provide_context(backend);
        let assets = site.assets.urls.clone();
        provide_context(app::shell::Request { place: place.clone(), theme, assets });
        let response = leptos::prelude::expect_context::<ResponseOptions>();
        response.set_status(status);
        if let Some(policy) = leptos::nonce::use_nonce().and_then(|nonce| policy(&nonce)) {
            response.insert_header(CONTENT_SECURITY_POLICY, policy);
        }
    };
    let handler = leptos_axum::render_app_async_with_context(context, app::shell::shell);
    handler(request).await.map(Body::new)
}

/// What a page may do: run its own script, by the nonce; load its own files; speak with its own server.
fn policy(nonce: &str) -> Option<HeaderValue> {
    let policy = format!(
        "default-src 'self'; script-src 'strict-dynamic' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
}

/// The colours that somebody chose, from their cookie.
fn theme_of(headers: &HeaderMap) -> app::theme::Theme {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let chosen = cookies.flat_map(|cookies| cookies.split(';')).find_map(|cookie| cookie.trim().strip_prefix("theme="));
    chosen.and_then(|name| name.parse().ok()).unwrap_or_default()
}

/// The form with which one chooses colours.
#[derive(Deserialize)]
pub struct ThemeForm {
    theme: String,
    back: String,
}

/// Remembers the colours and goes back.
pub async fn theme(Form(form): Form<ThemeForm>) -> Response {
    let theme: app::theme::Theme = form.theme.parse().unwrap_or_default();
    let cookie = format!("theme={}; Path=/; Max-Age=31536000; SameSite=Strict", theme.as_str());
    let back = if is_our_path(&form.back) { form.back } else { "/".to_owned() };
    (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, back)]).into_response()
}

/// Whether a path leads back into this console and nowhere else: `//host` and `/\host` lead away.
fn is_our_path(path: &str) -> bool {
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    plain && path.starts_with('/') && !path.starts_with("//") && path.len() < 2000
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
}
