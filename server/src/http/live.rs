//! The socket of a tab: the page it shows, kept in step.
//!
//! Nothing is queued for a viewer. When its connection takes the next frame it gets the difference between what it was
//! sent last and what there is now, so a slow viewer gets fewer and larger changes and slows nobody.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::frame::{Ask, Frame, Page};
use domain::view::Chrome;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tracing::debug;

use super::{Site, guard};
use crate::clock;

/// The least time between two changes sent to one viewer: one frame of a screen. The first after a pause goes at once.
const COALESCE: Duration = Duration::from_millis(16);
/// A viewer that hears nothing for so long gets the server's clock.
const BEAT: Duration = Duration::from_secs(2);
/// A viewer whose connection takes no frame for so long is let go; it comes back by itself.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest message that is read: a question with its filter.
const LONGEST_ASK_BYTES: usize = 4096;

/// Opens the socket, for our own pages only.
pub async fn live(State(site): State<Site>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    if !guard::is_same_origin(&headers) {
        return (StatusCode::FORBIDDEN, "The socket is for this console's own pages.\n").into_response();
    }
    upgrade.max_message_size(LONGEST_ASK_BYTES).max_frame_size(LONGEST_ASK_BYTES).on_upgrade(move |socket| async move {
        if let Err(End(reason)) = serve(socket, site).await {
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
    asked: Option<Ask>,
    page: Page,
    chrome: Chrome,
}

async fn serve(socket: WebSocket, site: Site) -> Result<(), End> {
    let mut changes = site.rows.changes();
    let cancel = site.cancel.clone();
    changes.mark_unchanged();
    let chrome = site.rows.chrome();
    let build = site.assets.build.clone();
    let mut viewer = Viewer { socket, site, asked: None, page: Page::Absent, chrome: chrome.clone() };
    viewer.send(&Frame::Hello { build, now_ms: clock::now_ms() }).await?;
    viewer.send(&Frame::Chrome(chrome)).await?;
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut next = Instant::now();
    let mut behind = false;
    loop {
        tokio::select! {
            () = cancel.cancelled() => return viewer.part().await,
            message = viewer.socket.recv() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    let ask = postcard::from_bytes(&bytes).map_err(|_| End("its question does not read"))?;
                    viewer.answer(ask).await?;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Text(_))) => return Err(End("it sent text")),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End("it closed")),
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
        match timeout(PATIENCE, self.socket.send(Message::Binary(bytes.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End("its connection broke")),
            Err(_) => Err(End("it takes nothing any more")),
        }
    }

    /// Answers a question with the whole page.
    async fn answer(&mut self, ask: Ask) -> Result<(), End> {
        self.page = self.site.rows.page(&ask.topic);
        let frame = Frame::Page { number: ask.number, page: Box::new(self.page.clone()) };
        self.asked = Some(ask);
        self.send(&frame).await
    }

    /// Sends what is new since the last frame. Returns whether anything was.
    async fn bring_up_to_date(&mut self) -> Result<bool, End> {
        let mut sent = false;
        if let Some(Ask { number, topic }) = &self.asked {
            let (number, page) = (*number, self.site.rows.page(topic));
            if let Some(change) = self.page.diff(&page) {
                self.page = page;
                self.send(&Frame::Change { number, change: Box::new(change) }).await?;
                sent = true;
            }
        }
        let chrome = self.site.rows.chrome();
        if let Some(change) = self.chrome.diff(&chrome) {
            self.chrome = chrome;
            self.send(&Frame::ChromeChange(change)).await?;
            sent = true;
        }
        Ok(sent)
    }

    /// Says good-bye, so that the tab comes back at once instead of waiting for a time-out.
    async fn part(mut self) -> Result<(), End> {
        let close = axum::extract::ws::CloseFrame { code: axum::extract::ws::close_code::RESTART, reason: "".into() };
        let _ = timeout(Duration::from_secs(1), self.socket.send(Message::Close(Some(close)))).await;
        Ok(())
    }
}
