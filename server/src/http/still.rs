//! Pages that nothing changes while one looks: signing in, one's account, people, the record.

pub(super) mod account;
pub(super) mod alerts;
pub(super) mod board;
pub(super) mod changes;
pub(super) mod compare;
pub(super) mod demo_data;
pub(super) mod health;
pub(super) mod log_file;
pub(super) mod logs;
pub(super) mod operations;
pub(super) mod people;
pub(super) mod provider;
pub(super) mod series;
pub(super) mod sign_in;

use std::net::SocketAddr;

use app::still::Still;
use app::still::forms::Tone;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, USER_AGENT};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use domain::name::EnvironmentId;
use domain::text::plain;
use leptos::prelude::*;

use super::{Site, pages, requests};
use crate::people::{Source, Who};

/// What a document without script may do: load its style sheet and send its forms here.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// A whole document without frame and script.
pub(super) fn document(
    site: &Site,
    headers: &HeaderMap,
    status: StatusCode,
    title: &str,
    content: impl FnOnce() -> AnyView,
) -> Response {
    let html =
        app::still::document(pages::theme_of(headers), &site.assets.urls, site.assets.build.clone(), title, content);
    (status, [(CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response()
}

/// A page within the frame.
pub(super) async fn framed(
    site: Site,
    who: Who,
    request: Request,
    status: StatusCode,
    title: &str,
    content: impl FnOnce() -> AnyView,
) -> Response {
    let still = Still::new(site.assets.build.clone(), title, content);
    pages::render(site, who, request, status, Some(still)).await
}

/// The same about an environment, whose tier stands over it.
pub(super) async fn framed_about(
    site: Site,
    who: Who,
    request: Request,
    status: StatusCode,
    environment: EnvironmentId,
    (title, content): (&str, impl FnOnce() -> AnyView),
) -> Response {
    let still = Still::new(site.assets.build.clone(), title, content).about(environment);
    pages::render(site, who, request, status, Some(still)).await
}

/// A document that says what went wrong.
pub(super) fn problem(site: &Site, request: &Request, status: StatusCode, text: &str) -> Response {
    trouble(site, request.headers(), status, text)
}

/// The same, where the request is taken apart already.
pub(super) fn trouble(site: &Site, headers: &HeaderMap, status: StatusCode, text: &str) -> Response {
    let text = text.to_owned();
    // What went wrong with us stands in the log under the id of the request.
    let id = if status.is_server_error() { requests::id() } else { String::new() };
    if status.is_server_error() {
        tracing::warn!("answered with {}: {text}", status.as_u16());
    }
    document(site, headers, status, "Not done", || {
        view! {
            <div class=[app::still::forms::CARD, " grid gap-3"].concat()>
                <h1 class="text-xl font-semibold">{if status == StatusCode::FORBIDDEN { "Not for this account" } else { "Not done" }}</h1>
                <p class="text-soft">{text}</p>
                {(!id.is_empty()).then(|| view! { <p class="text-soft text-sm">"The log says more, under " <code>{id}</code> "."</p> })}
                <p>
                    <a href="/" class="text-accent underline">
                        "To the wall"
                    </a>
                </p>
            </div>
        }
        .into_any()
    })
}

/// A document for the form of a page that another build made, with the way to that page as it is now.
pub(super) fn outdated(site: &Site, headers: &HeaderMap, to: &str) -> Response {
    let to = to.to_owned();
    document(site, headers, StatusCode::CONFLICT, "Not done", || {
        view! {
            <div class=[app::still::forms::CARD, " grid gap-3"].concat()>
                <h1 class="text-xl font-semibold">"This page is from another version of Quarterdeck"</h1>
                <p class="text-soft">
                    "Nothing was done. Quarterdeck was updated after you opened the page. Load it again, look whether it still says what you want, and send it again. Passwords have to be typed again."
                </p>
                <p>
                    <a href=to class="text-accent underline">
                        "Load the page again"
                    </a>
                </p>
            </div>
        }
        .into_any()
    })
}

/// Goes to a page of ours after a form.
pub(super) fn see(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, address.to_owned())]).into_response()
}

/// Where a request came from: the connection itself. What proxies write into headers is not believed.
pub(super) fn source(extensions: &Extensions, headers: &HeaderMap) -> Source {
    let address = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or_else(|| "unknown".to_owned(), |ConnectInfo(address)| address.ip().to_canonical().to_string());
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("no name");
    Source { address, agent: plain(agent, 200).into_owned() }
}

/// A message of our own after a form, by its place in a list: nothing that stands in an address is ever shown.
pub(super) fn notice(query: Option<&str>, known: &[(&str, Tone, &str)]) -> Option<(Tone, String)> {
    let wanted = query?.split('&').find_map(|pair| pair.strip_prefix("said="))?;
    known.iter().find(|(key, ..)| *key == wanted).map(|(_, tone, text)| (*tone, (*text).to_owned()))
}
