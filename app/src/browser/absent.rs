//! What the browser does, on the server: nothing.

use crate::boot::Boot;
use crate::screen::Screen;
use crate::theme::Theme;

/// Starts what only a browser has.
pub(crate) fn start(_screen: Screen, _boot: Boot) {}

/// Goes to a page of ours.
pub(crate) fn go(_screen: Screen, _address: &str, _replace: bool) {}

/// Goes there soon, unless something else is typed before.
pub(crate) fn go_soon(_screen: Screen, _address: String) {}

/// Asks whether the browser may tell something while another tab is in front.
pub(crate) fn allow_notifications() {}

/// Has the browser tell something, where it may.
pub(crate) fn notify(_title: &str, _text: &str) {}

/// Loads the page anew.
pub(crate) fn reload() {}

/// Shows a theme and remembers it.
pub(crate) fn choose_theme(_screen: Screen, _theme: Theme) {}

/// Opens a dialog.
pub(crate) fn open_dialog(_id: &str) {}

/// Closes a dialog.
pub(crate) fn close_dialog(_id: &str) {}

/// Whether single keys are shortcuts.
pub(crate) fn single_keys() -> bool {
    true
}

/// Remembers whether single keys are shortcuts.
pub(crate) fn set_single_keys(_on: bool) {}

/// Shows the row of a list that is chosen.
pub(crate) fn reveal(_id: &str) {}

/// Height of a row of the pods table in pixels.
pub(crate) fn row_height() -> f64 {
    32.0
}
