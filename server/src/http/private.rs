//! What programs ask and people do not: whether it lives, whether it is ready, what was counted.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::get;
use tower::ServiceBuilder;

use super::{Site, guard, requests};
use crate::metrics::{self, Known};

/// What Prometheus reads.
const TEXT: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];

/// The listener for programs: without sign-in, and without anything that is not meant for whoever reaches it. Hosts are not
/// checked: a kubelet asks a pod by its address.
pub fn router(site: Site) -> Router {
    let guards = ServiceBuilder::new()
        .layer(middleware::from_fn_with_state(site.clone(), guard::headers))
        .layer(middleware::from_fn_with_state(site.clone(), requests::attend));
    let routes = Router::new().route("/livez", get(alive)).route("/readyz", get(ready)).route("/metrics", get(counted));
    routes.with_state(site).layer(guards)
}

/// That it answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether pages can be shown: every cluster was read once, or is known not to answer. With `?verbose`, and when it is not
/// ready, line by line.
///
/// A database that is away is told of and does not make it unready: all replicas share it, what is known is still shown,
/// and taking them all out would turn a console that cannot record into none.
pub(super) async fn ready(State(site): State<Site>, RawQuery(query): RawQuery) -> impl IntoResponse {
    let (settled, leaving, health) =
        (site.rows.is_settled(), site.leaving.is_cancelled(), site.people.store().health());
    let ready = settled && !leaving;
    let verbose = query.is_some_and(|query| query.split('&').any(|word| word == "verbose" || word == "verbose="));
    if ready && !verbose {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    let line = |fine: bool, text: &str| format!("[{}] {text}\n", if fine { '+' } else { '-' });
    let text = [
        line(
            settled,
            if settled {
                "clusters: each was read, or is known not to answer"
            } else {
                "clusters: they are being read for the first time"
            },
        ),
        line(health.is_fine(), &format!("database: {health}")),
        line(!leaving, if leaving { "program: it was asked to end" } else { "program: it stays" }),
    ];
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text.concat())
}

/// What was counted.
async fn counted(State(site): State<Site>) -> impl IntoResponse {
    let clusters = site.rows.clusters().into_iter().map(|(cluster, is_live)| (cluster.to_string(), is_live)).collect();
    let database_up = site.people.store().health().is_fine();
    (TEXT, metrics::text(Known { build: &site.assets.build, clusters, database_up, logs: site.taps.size() }))
}
