//! The pages of checks: all environments, one environment, and the button that runs its checks.

use app::links;
use app::still::forms::Tone;
use app::still::health::{AllChecks, EnvironmentChecks, OneEnvironment, all, one};
use app::still::{Refresh, Still};
use axum::extract::{Extension, Form, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::check::CheckKind;
use domain::name::EnvironmentId;
use domain::view::NavEnvironment;
use serde::Deserialize;

use super::{notice, see};
use crate::checks::RunRefusal;
use crate::clock;
use crate::http::{Site, pages};
use crate::people::Who;

/// How often a page loads itself again, where somebody wants that, in seconds.
const REFRESH_S: u32 = 15;

/// What may be said after the button.
const SAID: [(&str, Tone, &str); 3] = [
    ("checked", Tone::Done, "The checks have run."),
    ("soon", Tone::Refused, "Not done: the checks ran a moment ago. Wait 5 s."),
    ("slow", Tone::Refused, "The checks are still running. Load the page again in a moment."),
];

/// What the address says.
struct Asked {
    /// The environment as it is written; `None` for all.
    environment: Option<String>,
    /// Whether the page is to load itself again.
    refreshes: bool,
}

impl Asked {
    fn read(query: &str) -> Self {
        let value = |name: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        let environment = value("environment").map(|(_, value)| value.into_owned());
        Self { environment, refreshes: value("refresh").is_some() }
    }
}

/// The page.
pub async fn page(State(site): State<Site>, Extension(who): Extension<Who>, request: Request) -> Response {
    let Asked { environment, refreshes } = Asked::read(request.uri().query().unwrap_or_default());
    let environments = site.rows.seen_by(&who.user.grants).chrome().environments;
    let now = clock::now_us();
    let build = site.assets.build.clone();
    // With an address of its own, by which nobody asked: so it keeps no session alive.
    let refresh = refreshes.then(|| {
        let of = environment.as_deref().map(|environment| ("environment", environment));
        let parameters: Vec<_> = [("refresh", "")].into_iter().chain(of).collect();
        Refresh::new(REFRESH_S, links::HEALTH, &parameters)
    });
    let still = match environment {
        None => {
            let environments = environments.into_iter().map(|environment| checks_of(&site, environment, now)).collect();
            Still::new(build, "Health", || all(AllChecks { environments, refreshes, now }))
        }
        Some(text) => {
            let found = environments.into_iter().find(|known| known.id.to_string() == text);
            let Some(environment) = found else {
                return pages::render(site, who, request, StatusCode::NOT_FOUND, None).await;
            };
            let id = environment.id.clone();
            let mut pasts = Vec::with_capacity(CheckKind::ALL.len());
            for kind in CheckKind::ALL {
                pasts.push(site.checks.history(&id, kind, now).await);
            }
            let notice = notice(request.uri().query(), &SAID);
            let view = OneEnvironment { checks: checks_of(&site, environment, now), pasts, notice, refreshes, now };
            Still::new(build, "Health", || one(view)).about(id)
        }
    };
    let still = match refresh {
        Some(refresh) => still.refreshed(refresh),
        None => still,
    };
    pages::render(site, who, request, StatusCode::OK, Some(still)).await
}

fn checks_of(site: &Site, environment: NavEnvironment, now: i64) -> EnvironmentChecks {
    let results = site.checks.latest(&environment.id);
    EnvironmentChecks {
        results: results.into_iter().map(|result| result.seen_at(now)).collect(),
        id: environment.id,
        system: environment.system.to_string(),
        title: environment.title.to_string(),
        tier: environment.tier,
    }
}

/// Whose checks are to run.
#[derive(Deserialize)]
pub struct Run {
    #[serde(default)]
    environment: String,
}

/// Runs the checks of an environment, and goes back to its page.
pub async fn run(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    Form(Run { environment }): Form<Run>,
) -> Response {
    let seen = environment.parse().ok().filter(|id: &EnvironmentId| who.user.grants.sees(id));
    let Some(id) = seen else { return see(links::HEALTH) };
    let said = match site.checks.run_now(&id).await {
        Ok(()) => "checked",
        Err(RunRefusal::TooSoon) => "soon",
        Err(RunRefusal::Slow) => "slow",
        Err(RunRefusal::Absent) => return see(links::HEALTH),
    };
    see(&[&links::health(&id), "&said=", said].concat())
}
