//! One request from its coming to its answer: an id, a time limit, a fault that is caught, a count.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt as _;
use tokio::time::{Instant, timeout};
use tracing::{Instrument as _, debug, error, info_span};

use super::Site;
use super::still::trouble;
use crate::metrics;
use crate::people::token::random_text;

/// How long an answer may take to begin. A body that comes in drops ends with it; nothing of ours takes a tenth of it.
const LONGEST: Duration = Duration::from_secs(30);

/// The header with the id of a request.
const ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that is being answered; empty outside of one.
pub(super) fn id() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Answers a request. Its id is ours alone: one that came with it would let a stranger write into our log.
pub(super) async fn attend(State(site): State<Site>, request: Request, next: Next) -> Response {
    let id = random_text(15);
    let endpoint = request.extensions().get::<MatchedPath>().map_or("*", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = info_span!("request", request.id = %id, http.method = %method, http.route = %endpoint);
    let began = Instant::now();
    let answer = CURRENT.scope(id.clone(), answer(&site, method, next, request, LONGEST));
    let mut response = answer.instrument(span).await;
    let took = began.elapsed();
    metrics::request(&endpoint, response.status().as_u16(), took);
    debug!(request.id = %id, http.route = %endpoint, http.status = response.status().as_u16(), took_us = took.as_micros(), "answered");
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(ID, id);
    }
    response
}

async fn answer(site: &Site, method: Method, next: Next, request: Request, longest: Duration) -> Response {
    match timeout(longest, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            metrics::panic();
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
            error!(request.id = id(), "a fault of the program while it answered: {said}");
            let text = if method == Method::POST {
                "A fault of the program: it is not known whether anything was done. Look before you try again."
            } else {
                "A fault of the program. Nothing was changed."
            };
            trouble(site, &HeaderMap::new(), StatusCode::INTERNAL_SERVER_ERROR, text)
        }
        Err(_) => {
            error!(request.id = id(), "a request was not answered within {} s", longest.as_secs());
            let text = if method == Method::POST {
                "This took too long, and it is not known whether it was done. Look before you try again."
            } else {
                "This took too long. Nothing was changed: try again."
            };
            trouble(site, &HeaderMap::new(), StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }
}
