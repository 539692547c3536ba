//! When an environment may be disturbed.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Maintenance;

/// Where a moment stands in the maintenance windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowState {
    /// None was declared.
    Undeclared,
    /// At any time.
    AnyTime,
    /// Open, until then.
    Open(Timestamp),
    /// Closed; opens then. `None`: never, as far as a year reaches.
    Closed(Option<Timestamp>),
}

/// Where `now` stands in the windows of `maintenance`, whose wall-clock times are of `zone`.
pub fn window_state(maintenance: &Maintenance, zone: &TimeZone, now: Timestamp) -> WindowState {
    let _ = (zone, now);
    match maintenance {
        Maintenance::Undeclared => WindowState::Undeclared,
        Maintenance::AnyTime => WindowState::AnyTime,
        Maintenance::Windows(_) => WindowState::Closed(None),
    }
}
