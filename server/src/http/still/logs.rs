//! The page of logs, as it is without script: the last lines that are wanted.

use std::sync::Arc;

use app::still::logs::{Clock, LogsView, logs};
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::log::query::LogQuery;
use domain::name::EnvironmentId;
use domain::view::NavEnvironment;

use super::sign_in::sentence;
use super::{framed, framed_about, problem};
use crate::clock;
use crate::http::zone::zone_of;
use crate::http::{Site, log_views, pages};
use crate::logs::{Excerpt, Finder, Size, excerpt};
use crate::people::Who;

/// The page.
pub async fn page(State(site): State<Site>, Extension(who): Extension<Who>, request: Request) -> Response {
    let pairs = url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let query = LogQuery::from_parameters(pairs);
    let grants = &who.user.grants;
    let environments = site.rows.seen_by(grants).chrome().environments;
    let is_known = |environment: &EnvironmentId| environments.iter().any(|known| known.id == *environment);
    if !query.environments.iter().all(is_known) {
        return pages::render(site, who, request, StatusCode::NOT_FOUND, None).await;
    }
    let (read, trouble) = match Finder::new(&query) {
        Ok(_) if query.environments.is_empty() => (Excerpt::default(), None),
        Ok(finder) => {
            if let Err(why) = log_views::opens(&site, &who, &query).await {
                return problem(&site, &request, StatusCode::SERVICE_UNAVAILABLE, &why);
            }
            (excerpt(&site.clusters, grants, &query, &finder, Size::of_page(&query)).await.unwrap_or_default(), None)
        }
        Err(error) => (Excerpt::default(), Some(sentence(&error.to_string()))),
    };
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let now = clock::now_ms() / 1000;
    let clock = Clock::new(query.display.times, zone_of(request.headers(), now), now);
    let is_recorded = !log_views::recording(&site, &query).is_empty();
    let view = LogsView { is_recorded, ..view_of(query, environments, read, (clock, now), trouble) };
    // Of several no one tier stands over the page.
    match view.query.environments.as_slice() {
        [environment] => {
            let environment = environment.clone();
            framed_about(site, who, request, status, environment, ("Logs", || logs(view))).await
        }
        _ => framed(site, who, request, status, "Logs", || logs(view)).await,
    }
}

fn view_of(
    query: LogQuery,
    environments: Vec<NavEnvironment>,
    read: Excerpt,
    (clock, now): (Clock, i64),
    trouble: Option<String>,
) -> LogsView {
    let chosen = environments.iter().filter(|known| query.environments.contains(&known.id));
    let mut components: Vec<Arc<str>> =
        chosen.flat_map(|known| &known.components).map(|(_, name)| name.clone()).collect();
    components.sort_unstable();
    components.dedup();
    let words = |known: NavEnvironment| (known.id, [&*known.system, " / ", &*known.title].concat());
    let Excerpt { sources, positions, rows, found, chart, read, is_cut, masked, notes } = read;
    LogsView {
        depth: Size::of_page(&query).depth,
        query,
        environments: environments.into_iter().map(words).collect(),
        components,
        sources,
        positions,
        rows,
        found,
        chart,
        read,
        is_cut,
        masked,
        notes,
        now,
        clock,
        is_recorded: false,
        trouble,
    }
}
