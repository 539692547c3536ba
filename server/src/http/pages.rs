//! Pages, rendered whole from the rows in memory.

use std::sync::Arc;

use app::backend::Backend;
use app::routes;
use app::still::Still;
use app::still::operation::{SeriesState, operation};
use axum::body::Body;
use axum::extract::{Extension, Form, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::access::{Place, Right};
use domain::frame::{Page, Topic};
use domain::view::{Chrome, Person};
use leptos::prelude::provide_context;
use leptos_axum::ResponseOptions;
use serde::Deserialize;

use super::gate::{host_of, is_our_path};
use super::{Site, cookies};
use crate::clock;
use crate::people::Who;

/// What the pages are rendered from: the rows as one person may see them.
struct View {
    site: Site,
    who: Who,
}

impl Backend for View {
    fn page(&self, topic: &Topic) -> Page {
        self.site.page(&self.who, topic)
    }

    fn chrome(&self) -> Chrome {
        self.site.chrome(&self.who)
    }

    fn now_ms(&self) -> i64 {
        clock::now_ms()
    }

    fn build(&self) -> Arc<str> {
        self.site.assets.build.clone()
    }
}

impl Site {
    /// What stands around every page for somebody.
    pub(super) fn chrome(&self, who: &Who) -> Chrome {
        let grants = &who.user.grants;
        let chrome = self.rows.seen_by(grants).chrome();
        let environments = chrome.environments.iter().map(|environment| &environment.id);
        let person = Person {
            name: who.user.name.as_str().into(),
            administers: grants.may(Right::Administer, Place::Console),
            operates: environments.filter(|id| grants.may(Right::Operate, Place::Environment(id))).cloned().collect(),
            has_demo_data: self.demo_data.is_of_interest(grants),
            told: self.demo_data.told(&who.user.id.to_string()),
        };
        Chrome { person, ..chrome }
    }

    /// What somebody may see of a page.
    pub(super) fn page(&self, who: &Who, topic: &Topic) -> Page {
        let grants = &who.user.grants;
        match topic {
            Topic::Operation(id) => {
                let Some(record) = self.desk.shown(*id, grants) else { return Page::Absent };
                let series = record.series.as_ref().map(|series| SeriesState {
                    members: self.desk.shown_series(series),
                    stopped_by: self.desk.stopped_by(series),
                });
                Page::Operation(operation(&record, &series.unwrap_or_default()))
            }
            Topic::Wall | Topic::Environment(_) | Topic::Component(_) | Topic::Pods(_) => {
                self.rows.seen_by(grants).page(topic)
            }
        }
    }
}

/// The page of an address; one that is about nothing that is registered, or that may not be seen, says so, with 404.
pub async fn page(State(site): State<Site>, Extension(who): Extension<Who>, request: Request) -> Response {
    let address = request.uri().path_and_query().map_or("/", |address| address.as_str());
    let known = routes::Place::read(address).topic().is_some_and(|topic| site.page(&who, &topic) != Page::Absent);
    let status = if known { StatusCode::OK } else { StatusCode::NOT_FOUND };
    render(site.clone(), who, request, status, None).await
}

/// A page within the frame: one of the rows, or one whose content is given.
pub(super) async fn render(
    site: Site,
    who: Who,
    request: Request,
    status: StatusCode,
    still: Option<Still>,
) -> Response {
    let address = request.uri().path_and_query().map_or("/", |address| address.as_str());
    let place = routes::Place::read(address);
    let theme = theme_of(request.headers());
    let context = move || {
        let assets = site.assets.urls.clone();
        let backend: Arc<dyn Backend> = Arc::new(View { site: site.clone(), who: who.clone() });
        provide_context(backend);
        provide_context(app::shell::Request { place: place.clone(), theme, assets, still: still.clone() });
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
pub(super) fn theme_of(headers: &HeaderMap) -> app::theme::Theme {
    let chosen = cookies::all_of(headers, "theme").next();
    chosen.and_then(|name| name.parse().ok()).unwrap_or_default()
}

/// The form with which one chooses colours.
#[derive(Deserialize)]
pub struct ThemeForm {
    theme: String,
    back: String,
}

/// Remembers the colours and goes back.
pub async fn theme(State(site): State<Site>, headers: HeaderMap, Form(form): Form<ThemeForm>) -> Response {
    let theme: app::theme::Theme = form.theme.parse().unwrap_or_default();
    let by_tls = if site.front.is_secure(host_of(&headers)) { "; Secure" } else { "" };
    let cookie = format!("theme={}; Path=/; Max-Age=31536000; SameSite=Strict{by_tls}", theme.as_str());
    let back = if is_our_path(&form.back) { form.back } else { "/".to_owned() };
    (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, back)]).into_response()
}
