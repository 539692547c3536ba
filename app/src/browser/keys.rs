//! Keys.

use std::cell::Cell;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent};

use super::{all, any_dialog_open, close_menus, go, listen, open_dialog};
use crate::links;
use crate::screen::Screen;

/// Where the browser remembers that single keys are no shortcuts.
const STORED: &str = "single-keys";

/// How long after `g` its second key counts, in milliseconds.
const SEQUENCE_MS: f64 = 1000.0;

thread_local! {
    /// When `g` was pressed.
    static G: Cell<f64> = const { Cell::new(f64::MIN) };
}

/// Whether single keys are shortcuts.
pub(crate) fn single_keys() -> bool {
    let stored = window().local_storage().ok().flatten().and_then(|storage| storage.get_item(STORED).ok().flatten());
    stored.as_deref() != Some("off")
}

/// Remembers whether single keys are shortcuts.
pub(crate) fn set_single_keys(on: bool) {
    if let Ok(Some(storage)) = window().local_storage() {
        _ = storage.set_item(STORED, if on { "on" } else { "off" });
    }
}

pub(super) fn start(screen: Screen) {
    listen(&document(), "keydown", move |event: KeyboardEvent| {
        if pressed(screen, &event) {
            event.prevent_default();
        }
    });
}

/// Whether the key meant something.
fn pressed(screen: Screen, event: &KeyboardEvent) -> bool {
    let key = event.key();
    if (event.ctrl_key() || event.meta_key()) && !event.alt_key() && !event.shift_key() && key.eq_ignore_ascii_case("k")
    {
        open_dialog("palette");
        return true;
    }
    if key == "Escape" {
        close_menus(None);
        return false;
    }
    let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
    if modified || event.is_composing() || any_dialog_open() || is_typing(event) || !single_keys() {
        return false;
    }
    let after_g = event.time_stamp() - G.replace(f64::MIN) < SEQUENCE_MS;
    match key.as_str() {
        "w" if after_g => go(screen, links::WALL, false),
        "p" if after_g => go(screen, links::PODS, false),
        "l" if after_g => go(screen, links::LOGS, false),
        "h" if after_g => go(screen, links::HEALTH, false),
        "c" if after_g => go(screen, links::CHANGES, false),
        "g" => G.set(event.time_stamp()),
        "?" => open_dialog("help"),
        "/" => match document().get_element_by_id("filter").and_then(|field| field.dyn_into::<HtmlInputElement>().ok())
        {
            Some(field) => {
                _ = field.focus();
                field.select();
            }
            None => open_dialog("palette"),
        },
        // They lead to a plan, or to the logs, and do nothing by themselves.
        "r" | "s" | "b" | "l" => {
            let link = all(&document(), "main a[data-key][href]")
                .into_iter()
                .find(|link| link.get_attribute("data-key").as_deref() == Some(key.as_str()));
            match link.and_then(|link| link.dyn_into::<HtmlElement>().ok()) {
                Some(link) => link.click(),
                None => return false,
            }
        }
        "j" => step(1),
        "k" => step(-1),
        _ => return false,
    }
    true
}

fn is_typing(event: &KeyboardEvent) -> bool {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return false };
    let tag = target.tag_name();
    tag.eq_ignore_ascii_case("textarea")
        || tag.eq_ignore_ascii_case("select")
        || target.dyn_into::<HtmlInputElement>().is_ok_and(|input| input.type_() != "checkbox")
}

/// Moves to the next row, or the one before.
fn step(by: isize) {
    let rows: Vec<HtmlElement> = all(&document(), "main [data-row]")
        .into_iter()
        .filter_map(|row| row.dyn_into::<HtmlElement>().ok())
        .filter(|row| row.offset_parent().is_some())
        .collect();
    let here = document().active_element();
    let index = rows.iter().position(|row| here.as_ref().is_some_and(|here| here.is_same_node(Some(row))));
    let next = match index {
        Some(index) => index.checked_add_signed(by),
        None => Some(0),
    };
    if let Some(row) = next.and_then(|next| rows.get(next)) {
        _ = row.focus();
    }
}
