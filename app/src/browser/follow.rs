//! A page of logs that goes on by itself: rows that the server made are put behind those that are there.

use std::cell::RefCell;
use std::time::Duration;

use domain::frame::{HIDDEN, SIGNED_OUT};
use domain::log::follow::{FollowAsk, FollowFrame, FollowRows, Matched, Read};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, MouseEvent};

use super::{listen, reload, sign_in};
use crate::boot;
use crate::components::count::thousands;
use crate::follow::{FOLLOW_CALM, FOLLOW_FROM, FOLLOW_LIST, FOLLOW_MORE, FOLLOW_STATE};
use crate::links;
use crate::socket::{Socket, Told, pause_ms};

/// The most rows that stay on a page.
const MOST_ROWS: u32 = 2_000;
/// How many rows stay on a page whose end is not in sight: what somebody reads is not taken away under them.
const MOST_ROWS_READ: u32 = 20_000;
/// The most rows in a piece of the list: what is not in sight is left out of what is laid out and painted by the piece.
const MOST_ROWS_PIECE: u32 = 100;
/// When rows count as taken where nothing is painted, as in a tab in the background, in milliseconds.
const UNPAINTED_MS: u64 = 250;
/// The most containers that one goes on with.
const MOST_SOURCES: usize = 800;
/// The server says something at least every two seconds; after three times that the connection counts as lost.
const SILENT_MS: f64 = 6_000.0;
/// How near to the end it counts as in sight, in pixels.
const NEAR: i32 = 40;

thread_local! {
    static FOLLOW: RefCell<Option<Follow>> = const { RefCell::new(None) };
}

struct Follow {
    /// Lists of rows, one below the other.
    list: Element,
    /// How many rows there are.
    rows: u32,
    /// What the list is scrolled in.
    frame: Element,
    from: Vec<Read>,
    matched: Matched,
    socket: Option<Socket>,
    /// Counts sockets, so that what an old one still says is told apart.
    generation: u32,
    failures: i32,
    heard_ms: f64,
    /// Up to which frame of this socket is said that it was taken.
    took: u32,
    /// How many entries came below what is in sight.
    unseen: u32,
}

fn with<T>(run: impl FnOnce(&mut Follow) -> T) -> Option<T> {
    FOLLOW.with_borrow_mut(|follow| follow.as_mut().map(run))
}

fn element(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}

/// Follows, where the page is one of logs.
pub(super) fn start() {
    let Some((list, from)) = element(FOLLOW_LIST).zip(element(FOLLOW_FROM)) else { return };
    let Some(from) = boot::carried(&from.text_content().unwrap_or_default()) else { return };
    let Some(frame) = list.parent_element() else { return };
    // The end is kept in sight from here on, not by the order in which it is laid out.
    _ = frame.class_list().remove_1("flex");
    frame.set_scroll_top(frame.scroll_height());
    listen(&frame, "scroll", |_: Event| {
        with(|follow| {
            if follow.sees_the_end() {
                follow.saw();
            }
        });
    });
    if let Some(more) = element(FOLLOW_MORE) {
        listen(&more, "click", |_: MouseEvent| {
            with(|follow| follow.frame.set_scroll_top(follow.frame.scroll_height()));
        });
    }
    let now = js_sys::Date::now();
    let matched = Matched::default();
    let rows = list.last_element_child().map_or(0, |piece| piece.child_element_count());
    FOLLOW.set(Some(Follow {
        list,
        rows,
        frame,
        from,
        matched,
        socket: None,
        generation: 0,
        failures: 0,
        heard_ms: now,
        took: 0,
        unseen: 0,
    }));
    connect();
    set_interval(look, Duration::from_secs(2));
}

/// Gives up a connection that says nothing any more, and all of it once the page was left.
fn look() {
    let is_left = with(|follow| !follow.list.is_connected());
    if is_left == Some(true) {
        FOLLOW.take();
        return;
    }
    let silent = with(|follow| {
        let silent = follow.socket.is_some() && js_sys::Date::now() - follow.heard_ms > SILENT_MS;
        silent.then_some(follow.generation)
    });
    if let Some(Some(generation)) = silent {
        closed(generation);
    }
}

fn connect() {
    let generation = with(|follow| {
        follow.socket = None;
        follow.generation += 1;
        follow.took = 0;
        follow.heard_ms = js_sys::Date::now();
        follow.generation
    });
    let Some(generation) = generation else { return };
    let query = window().location().search().unwrap_or_default();
    match Socket::open(&[links::LOGS_LIVE, &query].concat(), generation, told) {
        Some(socket) => _ = with(|follow| follow.socket = Some(socket)),
        None => closed(generation),
    }
}

fn told(generation: u32, told: Told) {
    match told {
        Told::Open => {
            with(|follow| {
                // Those of long ago are of pods that are gone.
                let old = follow.from.len().saturating_sub(MOST_SOURCES);
                follow.from.drain(..old);
                follow.say(&FollowAsk::From(follow.from.clone(), follow.matched));
            });
        }
        Told::Message(bytes) => match postcard::from_bytes(&bytes) {
            Ok(frame) => _ = with(|follow| follow.take(frame)),
            // The server is of another build.
            Err(_) => reload(),
        },
        Told::Closed(SIGNED_OUT) => sign_in(),
        Told::Closed(HIDDEN) => reload(),
        Told::Closed(_) => closed(generation),
    }
}

/// The socket is gone: try again.
fn closed(generation: u32) {
    let again = with(|follow| {
        if follow.generation != generation {
            return None;
        }
        follow.generation += 1;
        let pause = pause_ms(follow.failures);
        follow.failures += 1;
        Some((follow.generation, pause))
    });
    let Some(Some((generation, pause))) = again else { return };
    say(FOLLOW_STATE, "Connection lost: trying again");
    set_timeout(
        move || {
            if with(|follow| follow.generation) == Some(generation) {
                connect();
            }
        },
        Duration::from_millis(pause.unsigned_abs()),
    );
}

fn say(place: &str, text: &str) {
    if let Some(place) = element(place).filter(|place| place.text_content().as_deref() != Some(text)) {
        place.set_text_content(Some(text));
    }
}

impl Follow {
    fn say(&self, ask: &FollowAsk) {
        if let (Some(socket), Ok(bytes)) = (&self.socket, postcard::to_allocvec(ask)) {
            socket.say(&bytes);
        }
    }

    fn sees_the_end(&self) -> bool {
        self.frame.scroll_height() - self.frame.client_height() - self.frame.scroll_top() < NEAR
    }

    fn take(&mut self, frame: FollowFrame) {
        self.heard_ms = js_sys::Date::now();
        self.failures = 0;
        match frame {
            FollowFrame::Beat => {}
            FollowFrame::Say { place, text } => say(&place, &text),
            FollowFrame::Rows(rows) => self.add(rows),
        }
    }

    fn add(&mut self, rows: FollowRows) {
        let sees_the_end = self.sees_the_end();
        // A frame may tell only how far it has read.
        if self.rows == 0 && !rows.html.is_empty() {
            _ = self.frame.remove_attribute("hidden");
            if let Some(calm) = element(FOLLOW_CALM) {
                calm.remove();
            }
        }
        if let Some(piece) = self.piece() {
            let before = piece.child_element_count();
            _ = piece.insert_adjacent_html("beforeend", &rows.html);
            self.rows += piece.child_element_count() - before;
        }
        let most = if sees_the_end { MOST_ROWS } else { MOST_ROWS_READ };
        while let Some(oldest) = self.list.first_element_child() {
            // Before the pieces may stand the way to older lines, which leads past those that went.
            let rows = if oldest.tag_name() == "OL" { oldest.child_element_count() } else { 0 };
            if self.rows < most + rows {
                break;
            }
            self.rows -= rows;
            oldest.remove();
        }
        self.from.extend(rows.more.into_iter().map(|source| (source, None)));
        for (place, position) in rows.moved {
            if let Some((_, known)) = self.from.get_mut(place as usize) {
                *known = Some(position);
            }
        }
        self.matched = rows.matched;
        if sees_the_end {
            self.frame.set_scroll_top(self.frame.scroll_height());
        } else {
            self.unseen = self.unseen.saturating_add(rows.entries);
            self.offer();
        }
        self.paint(rows.number);
    }

    /// Where rows are put next.
    fn piece(&self) -> Option<Element> {
        let last = self.list.last_element_child()?;
        if last.child_element_count() < MOST_ROWS_PIECE {
            return Some(last);
        }
        let next = last.clone_node().ok()?.dyn_into::<Element>().ok()?;
        self.list.append_child(&next).ok()?;
        Some(next)
    }

    /// Says that a frame was taken once it was painted: what comes until then would come later and later.
    fn paint(&self, number: u32) {
        let generation = self.generation;
        let took = move || {
            with(|follow| {
                if follow.generation == generation && follow.took < number {
                    follow.took = number;
                    follow.say(&FollowAsk::Took(number));
                }
            });
        };
        request_animation_frame(move || set_timeout(took, Duration::ZERO));
        set_timeout(took, Duration::from_millis(UNPAINTED_MS));
    }

    /// What came below is in sight.
    fn saw(&mut self) {
        self.unseen = 0;
        self.offer();
    }

    /// Offers to show what came below, if anything did.
    fn offer(&self) {
        let Some(more) = element(FOLLOW_MORE) else { return };
        match self.unseen {
            0 => _ = more.set_attribute("hidden", ""),
            unseen => {
                let lines = if unseen == 1 { "1 new line" } else { " new lines" };
                let words = if unseen == 1 { lines.to_owned() } else { [&thousands(unseen), lines].concat() };
                more.set_text_content(Some(&words));
                _ = more.remove_attribute("hidden");
            }
        }
    }
}
