//! Moments that a page names by the clock of an environment, said by the viewer's clock too.

use leptos::prelude::*;

use super::all;
use crate::clock::by_another_clock;

/// Once: only pages that the server wrote whole name such moments.
pub(super) fn start() {
    for time in all(&document(), "time[data-moment]") {
        if let Some(said) = time.get_attribute("datetime").and_then(|exact| own(&exact)) {
            _ = time.insert_adjacent_text("beforeend", &[", ", &said, " for you"].concat());
        }
    }
}

/// What the viewer's clock shows at a moment that was written as `2026-11-22T02:00:00-05:00`, where it shows something else.
fn own(exact: &str) -> Option<String> {
    let seconds = |text: &str| (js_sys::Date::parse(text) / 1000.0) as i64;
    let at = seconds(exact);
    let wall = seconds(&[exact.get(..19)?, "Z"].concat());
    let date = js_sys::Date::new(&js_sys::Date::parse(exact).into());
    by_another_clock(at, wall - at, -(date.get_timezone_offset() * 60.0) as i64)
}
