//! What only a browser has: the address line, keys, dialogs, scrolling, storage.

mod copy;
mod follow;
mod keys;
mod moments;
mod window;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Document, Element, Event, EventTarget, HtmlAnchorElement, HtmlDialogElement, HtmlElement, HtmlInputElement,
    MouseEvent,
};

use crate::boot::{self, Boot};
use crate::live;
use crate::routes::Place;
use crate::screen::Screen;
use crate::theme::Theme;

pub(crate) use keys::{set_single_keys, single_keys};
pub(crate) use window::row_height;

thread_local! {
    /// What was typed and is not gone to yet.
    static SOON: RefCell<Option<TimeoutHandle>> = const { RefCell::new(None) };
    /// Where to scroll to once the page that was gone to is there.
    static ARRIVAL: Cell<Option<f64>> = const { Cell::new(None) };
}

/// What the server rendered the page with, and where it is. `None` when the page is of another build: it stays as
/// the server made it.
pub(crate) fn boot() -> Option<(Boot, Place)> {
    let carried = document().get_element_by_id(boot::ELEMENT)?.text_content()?;
    Some((Boot::decode(&carried)?, here()))
}

fn here() -> Place {
    let location = window().location();
    let address = [location.pathname().unwrap_or_default(), location.search().unwrap_or_default()].concat();
    Place::read(&address)
}

/// Starts what only a browser has, once the page is hydrated.
pub(crate) fn start(screen: Screen, boot: Boot) {
    let boot = RefCell::new(Some(boot));
    Effect::new(move |_| {
        let Some(boot) = boot.take() else { return };
        live::start(screen, boot);
        keys::start(screen);
        copy::start();
        follow::start();
        moments::start();
        window::start(screen);
        follow_links(screen);
    });
    Effect::new(move |_| document().set_title(&screen.about.with(|about| about.title())));
}

/// Calls a function whenever something happens, for as long as the tab lives.
fn listen<E: JsCast>(target: &EventTarget, name: &str, call: impl FnMut(E) + 'static) {
    let mut call = call;
    let closure = Closure::<dyn FnMut(Event)>::new(move |event: Event| call(event.unchecked_into()));
    // Fails only for a listener that is none.
    _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    closure.forget();
}

fn follow_links(screen: Screen) {
    if let Ok(history) = window().history() {
        _ = history.set_scroll_restoration(web_sys::ScrollRestoration::Manual);
    }
    listen(&document(), "click", move |event: MouseEvent| {
        let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
        close_menus(Some(&target));
        let plain = event.button() == 0
            && !event.default_prevented()
            && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        let link = target.closest("a[href]").ok().flatten().and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok());
        let Some(link) = link.filter(|link| plain && link.target().is_empty() && link.hash().is_empty()) else {
            return;
        };
        if window().location().origin().ok() != Some(link.origin()) {
            return;
        }
        let address = [link.pathname(), link.search()].concat();
        if live::was_joined() && Place::read(&address).topic().is_some() {
            event.prevent_default();
            go(screen, &address, false);
        }
    });
    listen(&window(), "popstate", move |event: web_sys::PopStateEvent| {
        ARRIVAL.set(Some(event.state().as_f64().unwrap_or(0.0)));
        move_to(screen, here());
    });
    // What the entry of the history remembers: how far down one was.
    listen(&document(), "scrollend", move |_: Event| {
        let window = window();
        if let (Ok(history), Ok(y)) = (window.history(), window.scroll_y()) {
            _ = history.replace_state(&JsValue::from_f64(y), "");
        }
    });
}

/// Goes to a page of ours.
pub(crate) fn go(screen: Screen, address: &str, replace: bool) {
    forget_soon();
    let place = Place::read(address);
    let window = window();
    if !live::was_joined() || place.topic().is_none() {
        _ = window.location().assign(address);
        return;
    }
    let Ok(history) = window.history() else { return };
    let changed = if replace {
        history.replace_state_with_url(&JsValue::NULL, "", Some(address))
    } else {
        history.push_state_with_url(&JsValue::NULL, "", Some(address))
    };
    if changed.is_err() {
        _ = window.location().assign(address);
        return;
    }
    if screen.place.with_untracked(|here| here.path != place.path) {
        ARRIVAL.set(Some(0.0));
    }
    move_to(screen, place);
}

fn move_to(screen: Screen, place: Place) {
    if place.topic().is_none() && place.path != screen.place.with_untracked(|here| here.path.clone()) {
        // The address line stands there already; the server has the page.
        reload();
        return;
    }
    let same_page = screen.place.with_untracked(|here| here.path == place.path);
    window::moved(screen, same_page);
    screen.place.set(place);
    if same_page {
        arrived();
    }
}

/// The page that was gone to is on the screen, or will be when the effects have run.
pub(crate) fn arrived() {
    let Some(y) = ARRIVAL.take() else { return };
    request_animation_frame(move || {
        if y == 0.0
            && let Some(main) =
                document().get_element_by_id("main").and_then(|main| main.dyn_into::<HtmlElement>().ok())
        {
            // Where reading begins; the address changed, and who does not see the screen hears it by this.
            _ = main.focus();
        }
        window().scroll_to_with_x_and_y(0.0, y);
    });
}

/// Goes there soon, unless something else is typed before.
pub(crate) fn go_soon(screen: Screen, address: String) {
    forget_soon();
    let handle = set_timeout_with_handle(move || go(screen, &address, true), Duration::from_millis(80));
    SOON.set(handle.ok());
}

fn forget_soon() {
    if let Some(handle) = SOON.take() {
        handle.clear();
    }
}

/// Asks whether the browser may tell something while another tab is in front. Its answer counts when there is something to tell.
pub(crate) fn allow_notifications() {
    _ = web_sys::Notification::request_permission();
}

/// Has the browser tell something, where it may.
pub(crate) fn notify(title: &str, text: &str) {
    let options = web_sys::NotificationOptions::new();
    options.set_body(text);
    _ = web_sys::Notification::new_with_options(title, &options);
}

/// Loads the page anew.
pub(crate) fn reload() {
    _ = window().location().reload();
}

/// What was typed into fields that keep it (`data-keep`) and was not sent, as the page takes it back from its address. Secrets
/// have no such fields.
fn unsent() -> String {
    let fields =
        all(&document(), "[data-keep]").into_iter().filter_map(|field| field.dyn_into::<HtmlInputElement>().ok());
    let changed = fields.filter(|field| field.value() != field.default_value());
    let pair = |field: HtmlInputElement| {
        [field.name(), "=".to_owned(), js_sys::encode_uri_component(&field.value()).into()].concat()
    };
    changed.map(pair).collect::<Vec<_>>().join("&")
}

/// The session is over: to the sign-in, and back here afterwards, with what was typed.
pub(crate) fn sign_in() {
    let (mut here, unsent) = (here().address(), unsent());
    if !unsent.is_empty() {
        here.push(if here.contains('?') { '&' } else { '?' });
        here.push_str(&unsent);
    }
    let to = js_sys::encode_uri_component(&here);
    _ = window().location().assign(&["/sign-in?why=expired&to=", &String::from(to)].concat());
}

/// Shows a theme at once, and has the server remember it.
pub(crate) fn choose_theme(screen: Screen, theme: Theme) {
    screen.theme.set(theme);
    close_menus(None);
    if let Some(root) = document().document_element() {
        _ = match theme.attribute() {
            Some(name) => root.set_attribute("data-theme", name),
            None => root.remove_attribute("data-theme"),
        };
    }
    if let Ok(form) = web_sys::UrlSearchParams::new() {
        form.append("theme", theme.as_str());
        form.append("back", "/");
        _ = window().navigator().send_beacon_with_opt_url_search_params("/theme", Some(&form));
    }
}

fn dialog(id: &str) -> Option<HtmlDialogElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

fn any_dialog_open() -> bool {
    document().query_selector("dialog[open]").ok().flatten().is_some()
}

/// Opens a dialog.
pub(crate) fn open_dialog(id: &str) {
    close_menus(None);
    if let Some(dialog) = dialog(id).filter(|dialog| !dialog.open()) {
        _ = dialog.show_modal();
    }
}

/// Closes a dialog.
pub(crate) fn close_dialog(id: &str) {
    if let Some(dialog) = dialog(id) {
        dialog.close();
    }
}

/// Closes menus, but the one that holds what was clicked, unless that was a link.
fn close_menus(clicked: Option<&Element>) {
    for menu in all(&document(), "details[data-menu][open]") {
        let inside = clicked
            .is_some_and(|clicked| menu.contains(Some(clicked)) && clicked.closest("a[href]").ok().flatten().is_none());
        if !inside {
            _ = menu.remove_attribute("open");
        }
    }
}

fn all(document: &Document, selector: &str) -> Vec<Element> {
    let Ok(list) = document.query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|index| list.item(index)?.dyn_into().ok()).collect()
}

/// Shows the row of a list that is chosen.
pub(crate) fn reveal(id: &str) {
    if let Some(row) = document().get_element_by_id(id) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        row.scroll_into_view_with_scroll_into_view_options(&options);
    }
}
