//! The socket of a tab: the page it shows, kept in step.
//!
//! Nothing is queued for a viewer. When its connection takes the next frame it gets the difference between what it was
//! sent last and what there is now, so a slow viewer gets fewer and larger changes and slows nobody.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::frame::{Ask, CROWDED, Frame, Page, SIGNED_OUT, Topic};
use domain::view::Chrome;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tracing::debug;

use super::{Site, gate};
use crate::people::Who;
use crate::people::token::Token;
use crate::{clock, metrics};

/// The least time between two changes sent to one viewer: one frame of a screen. The first after a pause goes at once.
const COALESCE: Duration = Duration::from_millis(16);
/// A viewer that hears nothing for so long gets the server's clock.
const BEAT: Duration = Duration::from_secs(2);
/// A viewer whose connection takes no frame for so long is let go; it comes back by itself. While it waits nothing else is looked at,
/// so it is less than the five seconds in which a session that ended is shown nothing more.
const PATIENCE: Duration = Duration::from_secs(3);
/// The most sockets at a time. Each holds the page that it was sent last.
const MOST_VIEWERS: usize = 5_000;
/// The longest message that is read: a question with its filter.
const LONGEST_ASK_BYTES: usize = 4096;

/// The least time between two answers to one viewer. A person does not ask faster; only the newest question counts.
const PAUSE: Duration = Duration::from_millis(50);
/// How often it is looked whether they are still signed in, and as what.
const STILL: Duration = Duration::from_secs(2);

/// Opens the socket, for our own pages only. Whoever is not signed in is told so on it and nothing else: a browser shows
/// its page no other answer.
pub async fn live(State(site): State<Site>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    if !site.front.is_own_origin(&headers) {
        return (StatusCode::FORBIDDEN, "The socket is for this console's own pages.\n").into_response();
    }
    if site.viewers.len() >= MOST_VIEWERS {
        return (StatusCode::SERVICE_UNAVAILABLE, "Too many pages are open here: try again later.\n").into_response();
    }
    // The program waits for it when it ends.
    let present = site.viewers.token();
    upgrade.max_message_size(LONGEST_ASK_BYTES).max_frame_size(LONGEST_ASK_BYTES).on_upgrade(move |socket| async move {
        let _present = present;
        let token = gate::token_of(&site, &headers);
        let who = match &token {
            Some(token) => site.people.still(token, clock::now_us()).await,
            None => Ok(None),
        };
        let served = match (token, who) {
            (Some(token), Ok(Some(who))) => match site.crowd.enter(&who) {
                Ok(_place) => serve(socket, site, token, who).await,
                Err(crowded) => close_saying(socket, CROWDED, &crowded.to_string()).await,
            },
            (_, Ok(_)) => close(socket, SIGNED_OUT).await,
            // Not known whether they are signed in: they come back by themselves.
            (_, Err(_)) => close(socket, close_code::AGAIN).await,
        };
        if let Err(End(reason)) = served {
            debug!("a viewer left: {reason}");
        }
    })
}

/// Why a viewer is not served any more.
struct End(&'static str);

/// A viewer and what it was sent last.
struct Viewer {
    socket: WebSocket,
    site: Site,
    token: Token,
    who: Who,
    asked: Option<Ask>,
    page: Page,
    chrome: Chrome,
}

async fn serve(socket: WebSocket, site: Site, token: Token, who: Who) -> Result<(), End> {
    let _counted = metrics::viewer();
    let mut changes = site.rows.changes();
    let cancel = site.cancel.clone();
    changes.mark_unchanged();
    let chrome = site.chrome(&who);
    let build = site.assets.build.clone();
    let mut viewer = Viewer { socket, site, token, who, asked: None, page: Page::Absent, chrome: chrome.clone() };
    viewer.send(&Frame::Hello { build, now_ms: clock::now_ms() }).await?;
    viewer.send(&Frame::Chrome(chrome)).await?;
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut still = interval(STILL);
    still.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut next = Instant::now();
    let mut behind = false;
    let (mut waiting, mut free) = (None, Instant::now());
    loop {
        tokio::select! {
            () = cancel.cancelled() => return close(viewer.socket, close_code::RESTART).await,
            _ = still.tick() => if let Err(code) = viewer.check(false).await {
                return close(viewer.socket, code).await;
            },
            message = viewer.socket.recv() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    let ask = postcard::from_bytes(&bytes).map_err(|_| End("its question does not read"))?;
                    waiting = Some(ask);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Text(_))) => return Err(End("it sent text")),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End("it closed")),
            },
            () = sleep_until(free), if waiting.is_some() => if let Some(ask) = waiting.take() {
                // The first question only says which page is there: a tab that comes back by itself keeps no session alive.
                let asks = viewer.asked.is_some();
                if let Err(code) = viewer.check(asks).await {
                    return close(viewer.socket, code).await;
                }
                viewer.answer(ask).await?;
                free = Instant::now() + PAUSE;
            },
            changed = changes.changed(), if !behind => {
                changed.map_err(|_| End("the rows are gone"))?;
                behind = true;
            }
            () = sleep_until(next), if behind => {
                behind = false;
                changes.mark_unchanged();
                if viewer.bring_up_to_date().await? {
                    next = Instant::now() + COALESCE;
                    beat.reset();
                }
            }
            _ = beat.tick() => viewer.send(&Frame::Beat(clock::now_ms())).await?,
        }
    }
}

impl Viewer {
    async fn send(&mut self, frame: &Frame) -> Result<(), End> {
        let bytes = postcard::to_allocvec(frame).map_err(|_| End("a frame cannot be written"))?;
        metrics::frame(bytes.len());
        match timeout(PATIENCE, self.socket.send(Message::Binary(bytes.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End("its connection broke")),
            Err(_) => Err(End("it takes nothing any more")),
        }
    }

    /// Answers a question with the whole page.
    async fn answer(&mut self, ask: Ask) -> Result<(), End> {
        if let Topic::Operation(id) = &ask.topic
            && let Err(error) = self.site.desk.load(*id).await
        {
            // What is known is shown.
            debug!("an operation cannot be read: {error}");
        }
        self.page = self.seen(&ask.topic);
        let frame = Frame::Page { number: ask.number, page: Box::new(self.page.clone()) };
        self.asked = Some(ask);
        self.send(&frame).await
    }

    /// Sends what is new since the last frame. Returns whether anything was.
    async fn bring_up_to_date(&mut self) -> Result<bool, End> {
        let mut sent = false;
        if let Some(Ask { number, topic }) = &self.asked {
            let (number, page) = (*number, self.seen(topic));
            if let Some(change) = self.page.diff(&page) {
                self.page = page;
                self.send(&Frame::Change { number, change: Box::new(change) }).await?;
                sent = true;
            }
        }
        let chrome = self.site.chrome(&self.who);
        if let Some(change) = self.chrome.diff(&chrome) {
            self.chrome = chrome;
            self.send(&Frame::ChromeChange(change)).await?;
            sent = true;
        }
        Ok(sent)
    }

    /// What they may see of a page.
    fn seen(&self, topic: &Topic) -> Page {
        self.site.page(&self.who, topic)
    }

    /// Looks whether they are signed in, as of a moment ago, with the rights that the page was made for; `asks` when they did
    /// something. Otherwise the code to close with.
    async fn check(&mut self, asks: bool) -> Result<(), u16> {
        let (people, now) = (&self.site.people, clock::now_us());
        let who = if asks { people.who(&self.token, now).await } else { people.still(&self.token, now).await };
        match who {
            // The tab comes back by itself and gets the page that is theirs now.
            Ok(Some(who)) if who.user.grants != self.who.user.grants => Err(close_code::AGAIN),
            Ok(Some(who)) => {
                self.who = who;
                Ok(())
            }
            Ok(None) => Err(SIGNED_OUT),
            // Somebody who was known stays so while the database is away, until their session ends by time. Whoever is not
            // known is shown nothing, and comes back by themselves.
            Err(error) => {
                debug!("whether a viewer is signed in is not known: {error}");
                Err(close_code::AGAIN)
            }
        }
    }
}

/// Says good-bye with a code, so that the tab knows at once what to do instead of waiting for a time-out.
async fn close(socket: WebSocket, code: u16) -> Result<(), End> {
    close_saying(socket, code, "").await
}

/// The same with a reason in words.
async fn close_saying(mut socket: WebSocket, code: u16, reason: &str) -> Result<(), End> {
    let frame = CloseFrame { code, reason: reason.into() };
    let _ = timeout(Duration::from_secs(1), socket.send(Message::Close(Some(frame)))).await;
    Ok(())
}
