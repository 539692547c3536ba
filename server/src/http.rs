//! HTTP: pages, the socket, files, and what guards them.

mod assets;
mod cookies;
mod crowd;
mod csv;
mod endpoints;
mod follow;
mod front;
mod gate;
mod guard;
mod live;
mod log_views;
mod pages;
mod private;
mod requests;
mod socket;
mod still;
mod zone;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{Extension, Router, middleware};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceBuilder;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::limit::RequestBodyLimitLayer;

pub use assets::{Assets, AssetsError};
pub use crowd::Crowd;
use endpoints::Mount;
pub use endpoints::{Endpoint, Need};
pub use front::{Front, PublicUrl, PublicUrlError};
pub use private::router as private_router;

use crate::alerts::Alerts;
use crate::checks::Checks;
use crate::cluster::Clusters;
use crate::demo_data::DemoData;
use crate::logs::Taps;
use crate::oidc::Provider;
use crate::operations::Desk;
use crate::people::People;
use crate::rows::Rows;

/// The largest body that is read: forms have a few short fields.
const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// What every handler is given.
#[derive(Clone)]
pub struct Site {
    /// What the pages show.
    pub rows: Arc<Rows>,
    /// The browser part.
    pub assets: Arc<Assets>,
    /// Who people are.
    pub people: Arc<People>,
    /// The connections to the clusters, for what is read at the moment somebody asks.
    pub clusters: Arc<Clusters>,
    /// The checks of the environments.
    pub checks: Arc<Checks>,
    /// The logs that are followed.
    pub taps: Arc<Taps>,
    /// Where operations are planned, pressed and followed.
    pub desk: Arc<Desk>,
    /// Demo data.
    pub demo_data: Arc<DemoData>,
    /// Alerts.
    pub alerts: Arc<Alerts>,
    /// The provider by which they may sign in, if there is one.
    pub provider: Option<Arc<Provider>>,
    /// How the console is reached.
    pub front: Arc<Front>,
    /// Cancelled when the program was asked to end: it is not ready any more.
    pub leaving: CancellationToken,
    /// Cancelled when it ends: endless streams end with it.
    pub cancel: CancellationToken,
    /// Who has how many sockets open.
    pub crowd: Arc<Crowd>,
    /// Has a token of everybody who looks on.
    pub viewers: TaskTracker,
}

/// Every endpoint with the right it needs, as the router has them.
pub fn endpoints() -> Vec<Endpoint> {
    mount().finish().0
}

/// The table. Whoever adds a row says who may ask.
fn mount() -> Mount {
    use Need::{Administer, Anyone, Look, Operate, ResetDemoData, SignedIn};
    use still::{
        account, alerts, board, changes, compare, demo_data, health, log_file, logs, operations, people, provider,
        series, sign_in,
    };
    let pages = app::routes::routes().fold(Mount::default(), |mount, path| mount.get(path, Look, pages::page));
    pages
        .get("/live", Anyone, live::live)
        .get(app::links::LOGS_LIVE, Anyone, follow::follow)
        .get("/livez", Anyone, private::alive)
        .get("/readyz", Anyone, private::ready)
        .get("/pkg/{file}", Anyone, assets::file)
        .post("/theme", Anyone, "/", pages::theme)
        .get("/sign-in", Anyone, sign_in::page)
        .post_of_any_build("/sign-in", Anyone, "/sign-in", sign_in::post)
        .get("/sign-in/provider", Anyone, provider::depart)
        .get("/sign-in/callback", Anyone, provider::arrive)
        .post("/sign-out", SignedIn, "/", sign_in::out)
        .get("/setup", Anyone, sign_in::setup_page)
        .post("/setup", Anyone, "/", sign_in::setup_post)
        .get("/account", SignedIn, account::page)
        .post("/account/password", SignedIn, "/account", account::password)
        .post("/account/sessions/end", SignedIn, "/account", account::end)
        .post("/account/sessions/end-others", SignedIn, "/account", account::end_others)
        .get(app::links::BOARD, Look, board::page)
        .get("/changes", Look, changes::page)
        .get("/changes/{number}", Look, changes::entry)
        .post("/changes/export.csv", Look, "/changes", changes::csv)
        .post("/changes/export.ndjson", Look, "/changes", changes::ndjson)
        .get(app::links::COMPARE, Look, compare::page)
        .get(app::links::COMPARE_CSV, Look, compare::csv)
        .get("/logs", Look, logs::page)
        .post("/logs/text", Look, app::links::LOGS, log_file::text)
        .post("/logs/ndjson", Look, app::links::LOGS, log_file::ndjson)
        .get(app::links::HEALTH, Look, health::page)
        .post("/health/run", Look, app::links::HEALTH, health::run)
        .get(app::links::ALERTS, Look, alerts::page)
        .post("/alerts/silence", Operate, app::links::ALERTS, alerts::silence)
        .post("/alerts/silence/end", Operate, app::links::ALERTS, alerts::end_silence)
        .post("/alerts/test", Administer, app::links::ALERTS, alerts::test)
        .get("/operations/plan", Look, operations::plan)
        .get("/operations/series", Look, series::plan)
        .post("/operations/series", Operate, "/operations/series", series::press)
        .post("/operations/series/stop", Operate, "/changes", series::stop)
        .get(app::routes::OPERATION, Look, operations::operation)
        .get("/operations", Look, operations::list)
        .post("/operations", Operate, "/operations/plan", operations::press)
        .get(app::links::DEMO_DATA, Look, demo_data::page)
        .get(app::links::DEMO_DATA_PLAN, Look, demo_data::plan)
        .get(app::links::DEMO_DATA_RESET, Look, demo_data::reset)
        .post(app::links::DEMO_DATA_RESET, ResetDemoData, app::links::DEMO_DATA_PLAN, demo_data::press)
        .post("/demo-data/passwords", ResetDemoData, app::links::DEMO_DATA, demo_data::passwords)
        .post("/demo-data/reserve", ResetDemoData, app::links::DEMO_DATA, demo_data::reserve)
        .post("/demo-data/release", ResetDemoData, app::links::DEMO_DATA, demo_data::release)
        .get("/people", Administer, people::page)
        .post("/people/add", Administer, "/people", people::add)
        .post("/people/password", Administer, "/people", people::password)
        .post("/people/give", Administer, "/people", people::give)
        .post("/people/take", Administer, "/people", people::take)
        .post("/people/disable", Administer, "/people", people::disable)
        .post("/people/enable", Administer, "/people", people::enable)
        .post("/people/sign-out", Administer, "/people", people::sign_out)
        .fallback(SignedIn, pages::page)
}

/// Everything that is answered.
pub fn router(site: Site) -> Router {
    // The pages' signals spawn on it. An error says that it is there already, from another router of this process.
    _ = any_spawner::Executor::init_tokio();
    // Files are compressed already, and what a socket says is small.
    let compressible = SizeAbove::new(512)
        .and(NotForContentType::new("application/octet-stream"))
        .and(NotForContentType::new("text/event-stream"));
    let (_, router) = mount().finish();
    router.with_state(site.clone()).layer(
        ServiceBuilder::new()
            .layer(middleware::from_fn_with_state(site.clone(), guard::headers))
            .layer(middleware::from_fn_with_state(site.clone(), requests::attend))
            .layer(middleware::from_fn_with_state(site.clone(), guard::host))
            .layer(middleware::from_fn_with_state(site.clone(), guard::own_pages))
            .layer(RequestBodyLimitLayer::new(BODY_LIMIT_BYTES))
            .layer(Extension(site))
            .layer(CompressionLayer::new().compress_when(compressible)),
    )
}
