//! The window of the pods table: rows are asked for as one scrolls, and the others leave their space.

use std::cell::Cell;

use leptos::prelude::*;
use web_sys::Event;

use super::listen;
use crate::screen::{Screen, Shown};

/// Rows of a window: what is seen, and as much above and below.
const LENGTH: u16 = 150;

/// Rows that stay above what is seen in a new window.
const ABOVE: u32 = 50;

/// Rows above or below what is seen, from which on the next window is asked for.
const MARGIN: u32 = 20;

thread_local! {
    /// Height of a row, as measured.
    static HEIGHT: Cell<f64> = const { Cell::new(32.0) };
}

/// Height of a row in pixels.
pub(crate) fn row_height() -> f64 {
    HEIGHT.get()
}

pub(super) fn start(screen: Screen) {
    listen(&window(), "scroll", move |_: Event| follow(screen));
    listen(&window(), "resize", move |_: Event| {
        if measure() {
            screen.window.notify();
        }
        follow(screen);
    });
    // Whenever another page is shown: the pods page takes over from the pages of 50.
    Effect::new(move |_| {
        let Shown::Pods(model) = screen.shown.get() else { return };
        if screen.window.get_untracked().is_some() {
            return;
        }
        let head = model.head.get_untracked();
        measure();
        screen.window.set(Some((head.offset.saturating_sub(ABOVE), LENGTH)));
        if head.offset > 0 {
            // The rows above get their space, and nothing moves.
            let y = f64::from(head.offset) * row_height();
            request_animation_frame(move || window().scroll_by_with_x_and_y(0.0, y));
        }
    });
}

/// Measures a row; whether it is of another height than before.
fn measure() -> bool {
    let Some(rows) = document().get_element_by_id("rows") else { return false };
    let count = rows.child_element_count();
    if count == 0 {
        return false;
    }
    let height = rows.get_bounding_client_rect().height() / f64::from(count);
    height > 0.0 && HEIGHT.replace(height) != height
}

/// Asks for other rows when those that are held end soon.
fn follow(screen: Screen) {
    let Some((offset, length)) = screen.window.get_untracked() else { return };
    let Shown::Pods(model) = screen.shown.get_untracked() else { return };
    let Some(before) = document().get_element_by_id("before") else { return };
    let matching = model.head.with_untracked(|head| head.matching);
    let above = (-before.get_bounding_client_rect().top()).max(0.0);
    let first = (above / row_height()) as u32;
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(1000.0);
    let last = (first + (height / row_height()) as u32 + 1).min(matching);
    let end = offset + u32::from(length);
    let short_above = offset > 0 && first < offset + MARGIN;
    let short_below = end < matching && last + MARGIN > end;
    if short_above || short_below {
        let next = first.saturating_sub(ABOVE);
        if next != offset {
            screen.window.set(Some((next, LENGTH)));
        }
    }
}

/// Another filter or order starts at the first row; another page has no window yet.
pub(super) fn moved(screen: Screen, same_page: bool) {
    if screen.window.get_untracked().is_none() {
        return;
    }
    if !same_page {
        screen.window.set(None);
        return;
    }
    screen.window.set(Some((0, LENGTH)));
    if let Some(table) = document().get_element_by_id("pods")
        && table.get_bounding_client_rect().top() < 0.0
    {
        table.scroll_into_view();
    }
}
