//! The socket of a page that follows logs: the rows that stand behind those it shows.
//!
//! Nothing is queued for a viewer: it has a place in what each container wrote, and is given more when it took what it was given last. One
//! that is slow skips, and is told how much.

use std::time::Duration;

use app::follow::{FOLLOW_FOUND, FOLLOW_STATE};
use app::still::logs::{Clock, following, since};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::frame::HIDDEN;
use domain::log::follow::{FollowAsk, FollowFrame};
use domain::log::query::LogQuery;
use domain::name::EnvironmentId;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tracing::warn;

use super::socket::{self, BEAT, End, Present, STILL, close};
use super::zone::zone_of;
use super::{Site, log_views};
use crate::clock;
use crate::logs::{Finder, Viewer, aside};
use crate::metrics;

/// How often it is looked whether there is more: a person sees no difference to less.
const LOOK: Duration = Duration::from_millis(50);
/// How often a page is told how many entries matched.
const COUNT: Duration = Duration::from_secs(1);
/// The most frames that are on their way to a viewer.
const MOST_UNDER_WAY: u32 = 2;
/// The longest message that is read: the positions of four hundred containers, each with its names.
const LONGEST_ASK_BYTES: usize = 256 * 1024;
/// The most containers that a page shows: those of four environments, and some that came later.
const MOST_SOURCES: usize = 2_400;
/// How long the first message may take.
const FIRST: Duration = Duration::from_secs(5);

/// What a page says while nobody can write down that somebody looks, where that must be.
const UNRECORDED: &str = "Not followed: who looks here is recorded, and that fails. It is tried again.";

/// Opens the socket, for what stands in the query as it does on the page.
pub async fn follow(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let pairs = url::form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let query = LogQuery::from_parameters(pairs);
    let now = clock::now_ms() / 1000;
    let clock = Clock::new(query.display.times, zone_of(&headers, now), now);
    socket::open(site, headers, upgrade, LONGEST_ASK_BYTES, |socket, present| serve(socket, present, (query, clock)))
        .await
}

async fn serve(mut socket: WebSocket, mut present: Present, (query, clock): (LogQuery, Clock)) -> Result<(), End> {
    let _counted = metrics::viewer();
    let cancel = present.site.cancel.clone();
    let (from, matched) = match timeout(FIRST, asked(&mut socket)).await {
        Ok(Ok(FollowAsk::From(from, matched))) if from.len() <= MOST_SOURCES => (from, matched),
        Ok(Ok(FollowAsk::From(..))) => return Err(End("it shows more than any page")),
        Ok(Ok(FollowAsk::Took(_))) => return Err(End("it does not say from where on")),
        Ok(Err(end)) => return Err(end),
        Err(_) => return Err(End("it asks for nothing")),
    };
    let registry = present.site.clusters.registry();
    let asked_for = query.clone();
    let (true, Ok(finder)) = (is_there(&present, &asked_for.environments), Finder::new(&query)) else {
        return close(socket, HIDDEN).await;
    };
    let grants = &present.who.user.grants;
    let mut viewer = Viewer::new(present.site.taps.clone(), &registry, grants, (query, finder, clock), from, matched);
    let (mut sent, mut took) = (0u32, 0u32);
    let (mut size, mut counted) = (None, None);
    // Not known until it is looked, which comes before anything is shown.
    let mut recorded = None;
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut still = interval(STILL);
    still.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    viewer.choose();
    loop {
        tokio::select! {
            // Whether they still may comes before what they would see.
            biased;
            () = cancel.cancelled() => return close(socket, close_code::RESTART).await,
            _ = still.tick() => {
                if let Err(code) = present.check(false).await {
                    return close(socket, code).await;
                }
                if !is_there(&present, &asked_for.environments) {
                    return close(socket, HIDDEN).await;
                }
                // They come back by themselves, to where it is now.
                if !viewer.is_as_declared(&present.site.clusters.registry()) {
                    return close(socket, close_code::AGAIN).await;
                }
                let was_recorded = recorded.replace(is_recorded(&present, &asked_for).await);
                match recorded {
                    Some(false) if was_recorded != Some(false) => {
                        socket::send(&mut socket, &say(FOLLOW_STATE, UNRECORDED.to_owned())).await?;
                    }
                    Some(true) if was_recorded == Some(false) => size = None,
                    _ => {}
                }
            }
            ask = asked(&mut socket) => match ask? {
                FollowAsk::Took(number) => took = number.min(sent),
                FollowAsk::From(..) => return Err(End("it begins twice")),
            },
            () = viewer.changed() => viewer.choose(),
            _ = look.tick(), if recorded == Some(true) => {
                if viewer.is_listed() && size != Some(viewer.size()) {
                    size = Some(viewer.size());
                    let (containers, left_out) = viewer.size();
                    socket::send(&mut socket, &say(FOLLOW_STATE, following(containers, left_out))).await?;
                }
                if sent.wrapping_sub(took) < MOST_UNDER_WAY
                    && let Some(rows) = aside(|| viewer.take(Instant::now()))
                {
                    sent = rows.number;
                    socket::send(&mut socket, &FollowFrame::Rows(rows)).await?;
                    beat.reset();
                }
                let is_due = |(said, at): (_, Instant)| said != viewer.matched() && at.elapsed() >= COUNT;
                if viewer.is_listed() && counted.is_none_or(is_due) {
                    counted = Some((viewer.matched(), Instant::now()));
                    let words = since(viewer.matched(), viewer.filters());
                    socket::send(&mut socket, &say(FOLLOW_FOUND, words)).await?;
                }
            }
            _ = beat.tick() => {
                let may = recorded == Some(true) && sent.wrapping_sub(took) < MOST_UNDER_WAY;
                let moved = if may { viewer.moved() } else { None };
                sent = moved.as_ref().map_or(sent, |moved| moved.number);
                socket::send(&mut socket, &moved.map_or(FollowFrame::Beat, FollowFrame::Rows)).await?;
            }
        }
    }
}

fn say(place: &str, text: String) -> FollowFrame {
    FollowFrame::Say { place: place.to_owned(), text }
}

/// Whether everything that is asked for is there, and for them to see.
fn is_there(present: &Present, environments: &[EnvironmentId]) -> bool {
    let registry = present.site.clusters.registry();
    let grants = &present.who.user.grants;
    environments.iter().all(|environment| grants.sees(environment) && registry.environment(environment).is_some())
}

/// Whether the record tells that they look, wherever it must. Whoever cannot be recorded sees nothing until they can.
async fn is_recorded(present: &Present, query: &LogQuery) -> bool {
    match log_views::follows(&present.site, &present.who, query).await {
        Ok(()) => true,
        Err(error) => {
            warn!("logs are not followed, because that cannot be recorded: {error}");
            false
        }
    }
}

/// What the page says next.
async fn asked(socket: &mut WebSocket) -> Result<FollowAsk, End> {
    loop {
        match socket.recv().await {
            Some(Ok(Message::Binary(bytes))) => {
                return postcard::from_bytes(&bytes).map_err(|_| End("what it asks does not read"));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Text(_))) => return Err(End("it sent text")),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End("it closed")),
        }
    }
}
