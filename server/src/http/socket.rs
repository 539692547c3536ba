//! What all sockets have in common: who may open one, whether they still may, and how one is closed.

use std::future::Future;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::frame::{CROWDED, SIGNED_OUT};
use serde::Serialize;
use tokio::time::timeout;
use tracing::debug;

use super::{Site, gate};
use crate::people::Who;
use crate::people::token::Token;
use crate::{clock, metrics};

/// A viewer that hears nothing for so long is told that the connection works.
pub const BEAT: Duration = Duration::from_secs(2);
/// A viewer whose connection takes no frame for so long is let go; it comes back by itself. While it waits nothing else is looked at,
/// so it is less than the five seconds in which a session that ended is shown nothing more.
const PATIENCE: Duration = Duration::from_secs(3);
/// The most sockets at a time. Each holds the page that it was sent last.
const MOST_VIEWERS: usize = 5_000;
/// How often it is looked whether they are still signed in, and as what.
pub const STILL: Duration = Duration::from_secs(2);

/// Why a viewer is not served any more.
pub struct End(pub &'static str);

/// Opens a socket, for our own pages only, on which messages of so many bytes are read. Whoever is not signed in is told so on it and
/// nothing else: a browser shows its page no other answer.
pub async fn open<Served>(
    site: Site,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
    longest: usize,
    serve: impl FnOnce(WebSocket, Present) -> Served + Send + 'static,
) -> Response
where
    Served: Future<Output = Result<(), End>> + Send,
{
    if !site.front.is_own_origin(&headers) {
        return (StatusCode::FORBIDDEN, "The socket is for this console's own pages.\n").into_response();
    }
    if site.viewers.len() >= MOST_VIEWERS {
        return (StatusCode::SERVICE_UNAVAILABLE, "Too many pages are open here: try again later.\n").into_response();
    }
    // The program waits for it when it ends.
    let present = site.viewers.token();
    upgrade.max_message_size(longest).max_frame_size(longest).on_upgrade(move |socket| async move {
        let _present = present;
        let token = gate::token_of(&site, &headers);
        let who = match &token {
            Some(token) => site.people.still(token, clock::now_us()).await,
            None => Ok(None),
        };
        let served = match (token, who) {
            (Some(token), Ok(Some(who))) => match site.crowd.enter(&who) {
                Ok(_place) => serve(socket, Present { site, token, who }).await,
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

/// Somebody whose socket is open.
pub struct Present {
    /// What everything is asked of.
    pub site: Site,
    token: Token,
    /// Who they are, as of the last look.
    pub who: Who,
}

impl Present {
    /// Looks whether they are signed in, as of a moment ago, with the rights that the page was made for; `asks` when they did
    /// something. Otherwise the code to close with.
    pub async fn check(&mut self, asks: bool) -> Result<(), u16> {
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

/// Sends a frame.
pub async fn send(socket: &mut WebSocket, frame: &impl Serialize) -> Result<(), End> {
    let bytes = postcard::to_allocvec(frame).map_err(|_| End("a frame cannot be written"))?;
    metrics::frame(bytes.len());
    match timeout(PATIENCE, socket.send(Message::Binary(bytes.into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End("its connection broke")),
        Err(_) => Err(End("it takes nothing any more")),
    }
}

/// Says good-bye with a code, so that the tab knows at once what to do instead of waiting for a time-out.
pub async fn close(socket: WebSocket, code: u16) -> Result<(), End> {
    close_saying(socket, code, "").await
}

/// The same with a reason in words.
async fn close_saying(mut socket: WebSocket, code: u16, reason: &str) -> Result<(), End> {
    let frame = CloseFrame { code, reason: reason.into() };
    let _ = timeout(Duration::from_secs(1), socket.send(Message::Close(Some(frame)))).await;
    Ok(())
}
