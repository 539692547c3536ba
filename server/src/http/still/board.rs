//! The board: what people read who use the environments, and a screen on a wall.

use app::links::BOARD;
use app::routes;
use app::still::board::{Asked, BoardView, Turning, board};
use app::still::{Refresh, Still};
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::board::{next, sort};
use domain::name::SystemId;
use domain::registry::Tier;

use crate::clock;
use crate::http::{Site, pages};
use crate::people::Who;

/// Seconds after which a board that shows everything at once is loaded again.
const AGAIN_S: u32 = 15;
/// Seconds for which a system may be shown before the next one.
const TURN_S: std::ops::RangeInclusive<u32> = 5..=600;

/// What a query asks for; what cannot be read is as if it were not there.
fn asked(query: &str) -> Asked {
    let place = routes::Place { path: String::new(), query: query.to_owned() };
    let text = |name: &str| place.parameter(name).unwrap_or_default();
    let is_tier = |tier: &Tier| tier.word().eq_ignore_ascii_case(&text("tier"));
    let rotate: Option<u32> = text("rotate").parse().ok();
    Asked {
        system: text("system").parse().ok(),
        tier: [Tier::Production, Tier::Staging, Tier::Development].into_iter().find(is_tier),
        turning: match (place.parameter("hold"), rotate) {
            (Some(_), _) => Turning::Held,
            (None, Some(seconds)) => Turning::Each(seconds.clamp(*TURN_S.start(), *TURN_S.end())),
            (None, None) => Turning::Together,
        },
        at: text("at").parse().ok(),
    }
}

/// The page.
pub async fn page(State(site): State<Site>, Extension(who): Extension<Who>, request: Request) -> Response {
    let asked = asked(request.uri().query().unwrap_or_default());
    let mut entries = site.rows.seen_by(&who.user.grants).board();
    let mut systems: Vec<(SystemId, _)> = Vec::new();
    for entry in &entries {
        if systems.last().is_none_or(|(known, _)| *known != entry.id.system) {
            systems.push((entry.id.system.clone(), entry.system.clone()));
        }
    }
    if asked.system.as_ref().is_some_and(|wanted| systems.iter().all(|(known, _)| known != wanted)) {
        return pages::render(site, who, request, StatusCode::NOT_FOUND, None).await;
    }
    let is_asked_for = |system: &SystemId| asked.system.as_ref().is_none_or(|wanted| wanted == system);
    entries.retain(|entry| is_asked_for(&entry.id.system) && asked.tier.is_none_or(|tier| tier == entry.tier));
    let (shown, refresh) = match asked.turning {
        Turning::Held => (None, None),
        Turning::Together => (None, Some(Refresh::new(AGAIN_S, BOARD, &asked.kept()))),
        Turning::Each(seconds) => {
            let has_any = |(id, _): &&(SystemId, _)| entries.iter().any(|entry| entry.id.system == *id);
            let turns: Vec<SystemId> = systems.iter().filter(has_any).map(|(id, _)| id.clone()).collect();
            // The one whose turn it is may have gone from the registry meanwhile.
            let shown = asked.at.as_ref().filter(|at| turns.contains(at)).or_else(|| next(&turns, None)).cloned();
            let (each, after) = (seconds.to_string(), next(&turns, shown.as_ref()));
            let mut parameters = asked.kept();
            parameters.push(("rotate", &each));
            parameters.extend(after.map(|after| ("at", after.as_str())));
            let refresh = Refresh::new(seconds, BOARD, &parameters);
            (shown, Some(refresh))
        }
    };
    if let Some(shown) = &shown {
        entries.retain(|entry| entry.id.system == *shown);
    }
    sort(&mut entries);
    let view = BoardView { asked, systems, entries, now_ms: clock::now_ms() };
    let still = Still::new(site.assets.build.clone(), "Board", || board(view));
    let still = match refresh {
        Some(refresh) => still.refreshed(refresh),
        None => still,
    };
    pages::render(site, who, request, StatusCode::OK, Some(still)).await
}
