//! HTTP: pages, the socket, files, and what guards them.

mod assets;
mod guard;
mod live;
mod pages;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Router, middleware};
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;

pub use assets::{Assets, AssetsError};

use crate::rows::Rows;

/// The largest body that is read: the only form has two short fields.
const BODY_LIMIT_BYTES: usize = 16 * 1024;

/// What every handler is given.
#[derive(Clone)]
pub struct Site {
    /// What the pages show.
    pub rows: Arc<Rows>,
    /// The browser part.
    pub assets: Arc<Assets>,
    /// Cancelled when the program is to end: endless streams end with it.
    pub cancel: CancellationToken,
}

/// Everything that is answered.
pub fn router(site: Site) -> Router {
    // The pages' signals spawn on it. An error says that it is there already, from another router of this process.
    _ = any_spawner::Executor::init_tokio();
    // Sockets are not compressed, and files are already.
    let compressible = SizeAbove::new(512).and(NotForContentType::new("application/octet-stream"));
    let pages = app::routes::routes().fold(Router::new(), |pages, pattern| pages.route(pattern, get(pages::page)));
    let dynamic = pages
        .route("/theme", post(pages::theme))
        .fallback(pages::page)
        .layer(CompressionLayer::new().compress_when(compressible));
    Router::new()
        .route("/live", get(live::live))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/pkg/{file}", get(assets::file))
        .merge(dynamic)
        .with_state(site)
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn(guard::headers))
                .layer(CatchPanicLayer::new())
                .layer(middleware::from_fn(guard::host))
                .layer(CsrfLayer::new())
                .layer(RequestBodyLimitLayer::new(BODY_LIMIT_BYTES)),
        )
}

/// Whether pages can be shown: every cluster was read once, or is known not to answer.
async fn ready(State(site): State<Site>) -> impl IntoResponse {
    if site.rows.is_settled() {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the clusters are being read for the first time\n")
    }
}
