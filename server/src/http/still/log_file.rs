//! Logs taken along as a file, which the record tells.

use axum::extract::{Extension, Form, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::log::export::{Format, Head};
use domain::log::query::LogQuery;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::sign_in::sentence;
use super::trouble;
use crate::clock;
use crate::http::gate::token_of;
use crate::http::{Site, log_views};
use crate::logs::{Finder, Size, excerpt};
use crate::people::Who;

/// What is taken along.
#[derive(Debug, Deserialize)]
pub struct Taken {
    /// The query of the page, as it stands in its address.
    query: String,
}

/// As lines of text.
pub async fn text(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(taken): Form<Taken>,
) -> Response {
    file(site, who, headers, taken, Format::Text).await
}

/// As JSON, an object a line.
pub async fn ndjson(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(taken): Form<Taken>,
) -> Response {
    file(site, who, headers, taken, Format::Ndjson).await
}

/// How many files are made at a time: each may take a hundred MiB while it is read.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Whether they are signed in as of two seconds ago, with the rights by which they asked.
async fn may_still(site: &Site, headers: &HeaderMap, who: &Who) -> bool {
    let Some(token) = token_of(site, headers) else { return false };
    let now = site.people.still(&token, clock::now_us()).await;
    matches!(now, Ok(Some(now)) if now.user.grants == who.user.grants)
}

fn over(site: &Site, headers: &HeaderMap) -> Response {
    let why = "Your session ended, or your rights changed, while the file was made. Sign in and take it again.";
    trouble(site, headers, StatusCode::FORBIDDEN, why)
}

async fn file(site: Site, who: Who, headers: HeaderMap, taken: Taken, format: Format) -> Response {
    let pairs = url::form_urlencoded::parse(taken.query.trim_start_matches('?').as_bytes());
    let query = LogQuery::from_parameters(pairs);
    let finder = match Finder::new(&query) {
        Ok(finder) => finder,
        Err(error) => {
            return trouble(&site, &headers, StatusCode::UNPROCESSABLE_ENTITY, &sentence(&error.to_string()));
        }
    };
    // It is never closed.
    let _turn = TURNS.acquire().await;
    // That may have taken a while.
    if !may_still(&site, &headers, &who).await {
        return over(&site, &headers);
    }
    let grants = &who.user.grants;
    let is_seen =
        !query.environments.is_empty() && query.environments.iter().all(|environment| grants.sees(environment));
    let what = format!("Took logs along as {}: {}.", format.as_str(), log_views::told(&query, &site.clusters.masks()));
    if is_seen && let Err(error) = site.people.note_log_export(&who, &query.environments, &what, clock::now_us()).await
    {
        return trouble(&site, &headers, StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
    }
    let read = if is_seen { excerpt(&site.clusters, grants, &query, &finder, Size::of_file()).await } else { None };
    let Some(mut read) = read else {
        let why = "There are no such logs, or you may not look at them.";
        return trouble(&site, &headers, StatusCode::NOT_FOUND, why);
    };
    if !may_still(&site, &headers, &who).await {
        return over(&site, &headers);
    }
    let entries = read.entries();
    let found = read.found.iter().map(|(_, count)| count).sum::<u32>();
    if entries < found {
        let left_out = format!(
            "{} older entries are left out: a file holds 16 MiB of text, 4 MiB of each container, or 100,000 lines.",
            found - entries
        );
        read.notes.push(left_out.into());
    }
    let read_at = clock::now_ms() / 1000;
    let reader = who.user.name.as_str();
    let head = Head { query: &query, read_at, reader, entries, masked: read.masked, notes: &read.notes };
    let mut text = String::new();
    format.write_head(&head, &mut text);
    for row in &read.rows {
        format.write_row(row, &read.sources, &mut text);
    }
    let name = format!("attachment; filename=\"{}\"", format.file_name(&query, read_at));
    ([(CONTENT_TYPE, format.content_type().to_owned()), (CONTENT_DISPOSITION, name)], text).into_response()
}
