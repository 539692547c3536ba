//! The socket of a tab: the page it shows, kept in step.
//!
//! Nothing is queued for a viewer. When its connection takes the next frame it gets the difference between what it was
//! sent last and what there is now, so a slow viewer gets fewer and larger changes and slows nobody.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::frame::{Ask, Frame, Page, Topic};
use domain::view::Chrome;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tracing::debug;

use super::Site;
use super::socket::{self, BEAT, End, Present, STILL, close};
use crate::{clock, metrics};

/// The least time between two changes sent to one viewer: one frame of a screen. The first after a pause goes at once.
const COALESCE: Duration = Duration::from_millis(16);
/// The longest message that is read: a question with its filter.
const LONGEST_ASK_BYTES: usize = 4096;

/// The least time between two answers to one viewer. A person does not ask faster; only the newest question counts.
const PAUSE: Duration = Duration::from_millis(50);

/// Opens the socket of a tab.
pub async fn live(State(site): State<Site>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    socket::open(site, headers, upgrade, LONGEST_ASK_BYTES, serve).await
}

/// A viewer and what it was sent last.
struct Viewer {
    socket: WebSocket,
    present: Present,
    asked: Option<Ask>,
    page: Page,
    chrome: Chrome,
}

async fn serve(socket: WebSocket, present: Present) -> Result<(), End> {
    let _counted = metrics::viewer();
    let site = &present.site;
    let mut changes = site.rows.changes();
    let cancel = site.cancel.clone();
    changes.mark_unchanged();
    let chrome = site.chrome(&present.who);
    let build = site.assets.build.clone();
    let mut viewer = Viewer { socket, present, asked: None, page: Page::Absent, chrome: chrome.clone() };
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
            _ = still.tick() => if let Err(code) = viewer.present.check(false).await {
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
                if let Err(code) = viewer.present.check(asks).await {
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
        socket::send(&mut self.socket, frame).await
    }

    /// Answers a question with the whole page.
    async fn answer(&mut self, ask: Ask) -> Result<(), End> {
        if let Topic::Operation(id) = &ask.topic
            && let Err(error) = self.present.site.desk.load(*id).await
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
        let chrome = self.present.site.chrome(&self.present.who);
        if let Some(change) = self.chrome.diff(&chrome) {
            self.chrome = chrome;
            self.send(&Frame::ChromeChange(change)).await?;
            sent = true;
        }
        Ok(sent)
    }

    /// What they may see of a page.
    fn seen(&self, topic: &Topic) -> Page {
        self.present.site.page(&self.present.who, topic)
    }
}
