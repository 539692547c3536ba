//! The button that copies the command of a page.

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, MouseEvent};

use super::listen;

pub(super) fn start() {
    let copied = Closure::<dyn FnMut(JsValue)>::new(|_| say("Copied"));
    let refused = Closure::<dyn FnMut(JsValue)>::new(|_| say(REFUSED));
    listen(&document(), "click", move |event: MouseEvent| {
        let clicked = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if clicked.and_then(|clicked| clicked.closest("[data-copy]").ok().flatten()).is_none() {
            return;
        }
        let command = document().get_element_by_id("command").and_then(|command| command.text_content());
        // Said anew, also when it is the same again.
        say("");
        let clipboard = window().navigator().clipboard();
        // Browsers have none where the page came over HTTP from another machine.
        if clipboard.is_undefined() {
            say(REFUSED);
        } else {
            _ = clipboard.write_text(&command.unwrap_or_default()).then2(&copied, &refused);
        }
    });
}

const REFUSED: &str = "Could not be copied: select it";

/// Says it where it is read out. The element is looked for anew: a page of an operation is written again while it runs.
fn say(text: &str) {
    if let Some(copied) = document().get_element_by_id("copied") {
        copied.set_text_content(Some(text));
    }
}
