//! The socket: asks for the page that is on the screen and takes in what changes.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use domain::frame::{Ask, Frame, Page, SIGNED_OUT, Topic};
use domain::view::Chrome;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventTarget};

use crate::boot::Boot;
use crate::browser;
use crate::screen::{Awaited, Joined, Screen, set_if_other};
use crate::socket::{Socket, Told, pause_ms};

/// The server sends something at least every two seconds; after three times that it counts as silent.
const SILENT_MS: i64 = 6_000;

/// After so long a silence the socket is given up and made anew.
const DEAD_MS: i64 = 12_000;

/// A socket that has said nothing after so long is given up: what lies between may swallow everything.
const CONNECT_MS: i64 = 6_000;

/// How long a page may take before one says so.
const LATE_MS: i64 = 3_000;

thread_local! {
    static LIVE: RefCell<Option<Live>> = const { RefCell::new(None) };
}

struct Live {
    screen: Screen,
    /// Of this tab.
    build: Arc<str>,
    /// As the server has them; the signals are made from these.
    page: Page,
    chrome: Chrome,
    socket: Option<Socket>,
    /// Counts sockets, so that what an old one still says is told apart.
    generation: u32,
    /// Sockets that failed since the last one that worked.
    failures: i32,
    /// Whether a socket ever worked in this tab.
    was_joined: bool,
    number: u32,
    topic: Option<Topic>,
    asked_ms: i64,
    /// When the socket was made.
    made_ms: i64,
    /// Whether anything came over this socket.
    answered: bool,
    /// Whether what is on the screen came over this socket: before that it is not live.
    current: bool,
    heard_ms: i64,
    /// The server's clock minus the browser's, in milliseconds.
    ahead_ms: i64,
}

fn browser_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// Runs something with the state, unless there is none yet.
fn with<T>(run: impl FnOnce(&mut Live) -> T) -> Option<T> {
    LIVE.with_borrow_mut(|live| live.as_mut().map(run))
}

/// Whether the socket works here at all. Where it never did, pages are loaded as a whole.
pub(crate) fn was_joined() -> bool {
    with(|live| live.was_joined).unwrap_or(false)
}

/// Makes the page live.
pub(crate) fn start(screen: Screen, boot: Boot) {
    let Boot { build, now_ms, chrome, page, .. } = boot;
    let ahead_ms = now_ms - browser_ms();
    LIVE.set(Some(Live {
        screen,
        build,
        page,
        chrome,
        socket: None,
        generation: 0,
        failures: 0,
        was_joined: false,
        number: 0,
        topic: None,
        asked_ms: 0,
        made_ms: now_ms,
        answered: false,
        current: false,
        heard_ms: now_ms,
        ahead_ms,
    }));
    let topic = Memo::new(move |_| {
        let mut topic = screen.place.with(|place| place.topic());
        if let (Some(Topic::Pods(query)), Some((offset, length))) = (&mut topic, screen.window.get()) {
            (query.offset, query.length) = (offset, length);
        }
        topic
    });
    Effect::new(move |_| {
        let topic = topic.get();
        with(|live| live.ask(topic));
    });
    connect();
    set_interval(tick, Duration::from_secs(1));
    listen(&window(), "online", hurry);
    listen(&document(), "visibilitychange", || {
        if document().hidden() {
            reload_unseen();
        } else {
            tick();
            hurry();
        }
    });
}

fn listen(target: &EventTarget, name: &str, call: fn()) {
    let closure = Closure::<dyn FnMut(Event)>::new(move |_| call());
    // Fails only for a listener that is none.
    _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Tries again at once if the connection is lost.
fn hurry() {
    let lost = with(|live| matches!(live.screen.joined.get_untracked(), Joined::Lost(_)));
    if lost == Some(true) {
        connect();
    }
}

fn connect() {
    let Some(generation) = with(|live| {
        live.drop_socket();
        live.generation
    }) else {
        return;
    };
    let Some(socket) = Socket::open("/live", generation, told) else {
        closed(generation);
        return;
    };
    with(|live| {
        (live.made_ms, live.answered, live.current) = (live.now_ms(), false, false);
        live.socket = Some(socket);
    });
}

fn told(generation: u32, told: Told) {
    match told {
        Told::Open => {
            with(|live| {
                if live.generation == generation {
                    live.send()
                }
            });
        }
        Told::Message(bytes) => message(generation, &bytes),
        Told::Closed(SIGNED_OUT) => browser::sign_in(),
        Told::Closed(_) => closed(generation),
    }
}

/// The socket is gone: try again.
fn closed(generation: u32) {
    let again = with(|live| {
        if live.generation != generation {
            return None;
        }
        live.drop_socket();
        let pause = pause_ms(live.failures);
        live.failures += 1;
        live.show_heard();
        live.screen.joined.set(Joined::Lost(live.now_ms() + pause));
        Some((live.generation, pause))
    });
    let Some(Some((generation, pause))) = again else { return };
    set_timeout(
        move || {
            if with(|live| live.generation) == Some(generation) {
                connect();
            }
        },
        Duration::from_millis(pause.unsigned_abs()),
    );
}

fn message(generation: u32, bytes: &[u8]) {
    let arrived = with(|live| {
        if live.generation != generation || live.screen.outdated.get_untracked() {
            return false;
        }
        match postcard::from_bytes::<Frame>(bytes) {
            Ok(frame) => live.take(frame),
            Err(_) => {
                live.outdate();
                false
            }
        }
    });
    if arrived == Some(true) {
        browser::arrived();
    }
    reload_unseen();
}

/// A tab that nobody looks at takes the new build by itself, once.
fn reload_unseen() {
    let outdated = with(|live| live.screen.outdated.get_untracked().then(|| live.build.clone())).flatten();
    let Some(build) = outdated.filter(|_| document().hidden()) else { return };
    let Ok(Some(storage)) = window().session_storage() else { return };
    let done = storage.get_item("reloaded").ok().flatten();
    if done.as_deref() != Some(&*build) && storage.set_item("reloaded", &build).is_ok() {
        browser::reload();
    }
}

/// Each second: the clock, and whether anything is too old.
fn tick() {
    let dead = with(|live| {
        let now = live.now_ms();
        live.screen.now.set(now);
        live.show_heard();
        let silent = now - live.heard_ms;
        let joined = live.screen.joined.get_untracked();
        if silent > SILENT_MS && joined == Joined::Live {
            live.screen.joined.set(Joined::Stale);
        }
        if now - live.asked_ms > LATE_MS && live.screen.awaited.get_untracked() == Awaited::Page {
            live.screen.awaited.set(Awaited::LatePage);
        }
        let hangs = live.socket.is_some() && !live.answered && now - live.made_ms > CONNECT_MS;
        let dead = hangs || silent > DEAD_MS && joined == Joined::Stale && !live.screen.outdated.get_untracked();
        dead.then_some(live.generation)
    });
    if let Some(Some(generation)) = dead {
        closed(generation);
    }
}

impl Live {
    fn now_ms(&self) -> i64 {
        browser_ms() + self.ahead_ms
    }

    fn show_heard(&self) {
        set_if_other(self.screen.heard, &self.heard_ms);
    }

    fn drop_socket(&mut self) {
        self.generation += 1;
        self.socket = None;
    }

    /// From now on this is on the screen.
    fn ask(&mut self, topic: Option<Topic>) {
        if self.topic == topic {
            return;
        }
        // The first one is what the page was made with.
        if self.topic.is_some() || matches!(self.page, Page::Still { .. }) {
            self.screen.awaited.set(Awaited::Page);
        }
        self.topic = topic;
        self.send();
    }

    /// Sends the question, if the socket is open; otherwise it is sent when it opens.
    fn send(&mut self) {
        self.asked_ms = self.now_ms();
        let (Some(socket), Some(topic)) = (self.socket.as_ref().filter(|socket| socket.is_open()), &self.topic) else {
            return;
        };
        self.number += 1;
        if let Ok(bytes) = postcard::to_allocvec(&Ask { number: self.number, topic: topic.clone() }) {
            socket.say(&bytes);
        }
    }

    fn outdate(&mut self) {
        self.screen.outdated.set(true);
        self.screen.joined.set(Joined::Stale);
    }

    fn heard(&mut self, server_ms: Option<i64>) {
        if let Some(server_ms) = server_ms {
            self.ahead_ms = server_ms - browser_ms();
        }
        self.heard_ms = self.now_ms();
        self.failures = 0;
        (self.was_joined, self.answered) = (true, true);
        if self.current && self.screen.joined.get_untracked() != Joined::Live {
            self.show_heard();
            self.screen.joined.set(Joined::Live);
        }
    }

    /// Takes a frame in; whether a page that was asked for has come.
    fn take(&mut self, frame: Frame) -> bool {
        let known = match frame {
            Frame::Hello { build, now_ms } => {
                if build != self.build {
                    self.outdate();
                    return false;
                }
                self.heard(Some(now_ms));
                true
            }
            Frame::Beat(now_ms) => {
                self.heard(Some(now_ms));
                true
            }
            Frame::Page { number, page } => {
                self.current |= number == self.number;
                self.heard(None);
                if number == self.number {
                    self.page = *page;
                    self.screen.show(&self.page);
                    set_if_other(self.screen.awaited, &Awaited::Nothing);
                    return true;
                }
                true
            }
            Frame::Change { number, change } => {
                self.heard(None);
                if number == self.number {
                    match self.page.apply(*change) {
                        Ok(()) => self.screen.show(&self.page),
                        // Something was lost on the way: ask for all of it.
                        Err(_) => self.send(),
                    }
                }
                true
            }
            Frame::Chrome(chrome) => {
                // A page that nothing changes is as new as what stands around it.
                self.current |= self.topic.is_none();
                self.heard(None);
                self.chrome = chrome;
                self.screen.show_chrome(&self.chrome);
                true
            }
            Frame::ChromeChange(change) => {
                self.heard(None);
                let fits = self.chrome.apply(change).is_ok();
                if fits {
                    self.screen.show_chrome(&self.chrome);
                }
                fits
            }
        };
        if !known && let Some(socket) = &self.socket {
            // A new socket begins with everything.
            socket.close();
        }
        false
    }
}
