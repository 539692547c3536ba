//! A socket to the server: opened, listened to, and freed with what it calls.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

/// The first and the longest pause before a socket is made anew, in milliseconds.
const PAUSES_MS: (f64, f64) = (250.0, 5_000.0);

/// What a socket tells.
pub(crate) enum Told {
    /// It is open.
    Open,
    /// A message came.
    Message(Vec<u8>),
    /// It is gone, with this code.
    Closed(u16),
}

/// A socket; it closes when it is dropped, and tells nothing any more.
pub(crate) struct Socket {
    socket: WebSocket,
    _on_open: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(Event)>,
    _on_close: Closure<dyn FnMut(Event)>,
}

impl Socket {
    /// Opens a socket at a path of ours. What it tells is told with `generation`, so that what an old one still says is told apart. None
    /// where the browser refuses.
    pub(crate) fn open(path: &str, generation: u32, told: fn(u32, Told)) -> Option<Self> {
        let location = window().location();
        let scheme = if location.protocol().is_ok_and(|protocol| protocol == "https:") { "wss://" } else { "ws://" };
        let address = [scheme, &location.host().unwrap_or_default(), path].concat();
        let socket = WebSocket::new(&address).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let call = move |event: Event| {
            if let Some(message) = event.dyn_ref::<MessageEvent>() {
                told(generation, Told::Message(js_sys::Uint8Array::new(&message.data()).to_vec()));
            } else if let Some(close) = event.dyn_ref::<CloseEvent>() {
                told(generation, Told::Closed(close.code()));
            } else {
                told(generation, Told::Open);
            }
        };
        let closure = || Closure::<dyn FnMut(Event)>::new(call);
        let (on_open, on_message, on_close) = (closure(), closure(), closure());
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Some(Self { socket, _on_open: on_open, _on_message: on_message, _on_close: on_close })
    }

    pub(crate) fn is_open(&self) -> bool {
        self.socket.ready_state() == WebSocket::OPEN
    }

    /// Sends something. Where that fails the socket is closing, and tells so.
    pub(crate) fn say(&self, bytes: &[u8]) {
        _ = self.socket.send_with_u8_array(bytes);
    }

    /// Closes it; that it is closed is told.
    pub(crate) fn close(&self) {
        // Fails only for a code that is none.
        _ = self.socket.close();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        self.close();
    }
}

/// How long to wait before the next try after so many failures, in milliseconds: later each time, and not all tabs at once.
pub(crate) fn pause_ms(failures: i32) -> i64 {
    let (first, longest) = PAUSES_MS;
    let pause = (first * f64::from(1 << failures.min(10))).min(longest);
    (pause * (0.5 + js_sys::Math::random() / 2.0)) as i64
}
