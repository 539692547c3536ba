//! Maintenance windows and freezes.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::{Case, Level, Line, Moment};
use super::Rule;
use crate::policy::When;
use crate::registry::window::{WindowState, freeze_at, next_opening, window_state};
use crate::registry::{Freeze, Tier};

/// Where now stands.
enum State<'a> {
    /// The clock of the facts is beyond all calendars.
    NoTime,
    Frozen(&'a Freeze, Timestamp),
    /// Nothing was declared.
    Undeclared,
    AnyTime,
    Open(Timestamp),
    Closed(Option<Timestamp>),
}

fn state<'a>(case: &Case<'a>) -> State<'a> {
    let place = &case.facts.place;
    let Ok(now) = Timestamp::from_second(case.facts.now) else { return State::NoTime };
    if let Some((freeze, thaw)) = freeze_at(&place.freezes, &place.zone, now) {
        return State::Frozen(freeze, thaw);
    }
    match window_state(&place.maintenance, &place.zone, now) {
        WindowState::Undeclared => State::Undeclared,
        WindowState::AnyTime => State::AnyTime,
        WindowState::Open(until) => State::Open(until),
        WindowState::Closed(_) => State::Closed(next_opening(&place.maintenance, &place.freezes, &place.zone, now)),
    }
}

/// Whether the place may be disturbed now, or a sentence that says when.
pub(in crate::guard) fn open(case: &Case<'_>) -> Result<(), Arc<str>> {
    let state = state(case);
    let is_open = match state {
        State::AnyTime | State::Open(_) => true,
        // Where nothing was declared production is never open.
        State::Undeclared => case.facts.place.tier != Tier::Production,
        State::NoTime | State::Frozen(..) | State::Closed(_) => false,
    };
    if is_open { Ok(()) } else { Err(said(case, &state).into()) }
}

/// Its lines. `required.when` is what binds now: [`When::WhenGreen`] has been decided.
pub(in crate::guard) fn lines(case: &Case<'_>) -> Vec<Line> {
    let state = state(case);
    let is_bound = match case.required.when {
        When::AnyTime => false,
        When::WhenGreen | When::InWindow => true,
    };
    let tier = case.facts.place.tier;
    let level = match state {
        State::AnyTime | State::Open(_) => Level::Green,
        State::Frozen(..) if tier == Tier::Production => Level::Red,
        State::Frozen(..) => Level::Amber,
        State::NoTime => Level::Unknown,
        State::Undeclared | State::Closed(_) if is_bound => Level::Amber,
        State::Undeclared | State::Closed(_) => Level::Green,
    };
    let mut text = said(case, &state);
    if !is_bound && matches!(state, State::Undeclared | State::Closed(_)) {
        text.push_str("; this may be done at any time");
    }
    let moment = then(&state).map(|then| moment(&case.facts.place.zone, case.facts.now, then));
    vec![Line { moment, ..case.line(Rule::Window, level, text, "registry", None) }]
}

/// The moment that its sentence names.
fn then(state: &State<'_>) -> Option<Timestamp> {
    match state {
        State::Frozen(_, then) | State::Open(then) => Some(*then),
        State::Closed(then) => *then,
        State::NoTime | State::Undeclared | State::AnyTime => None,
    }
}

fn said(case: &Case<'_>, state: &State<'_>) -> String {
    let place = &case.facts.place;
    let now = case.facts.now;
    let at = |then: Timestamp| format!("{} ({})", moment(&place.zone, now, then).words, far(then.as_second() - now));
    match state {
        State::NoTime => "what time it is is not known, so neither is whether a window is open".to_owned(),
        State::Frozen(freeze, thaw) => {
            format!("the registry freezes {} until {}: {}", place.title, at(*thaw), freeze.why)
        }
        State::Undeclared if place.tier == Tier::Production => {
            "the registry declares no maintenance window here, so none is ever open".to_owned()
        }
        State::Undeclared => "the registry declares no maintenance window here".to_owned(),
        State::AnyTime => "maintenance is allowed at any time".to_owned(),
        State::Open(until) => format!("the window is open until {}", at(*until)),
        State::Closed(Some(next)) => format!("the window is closed; it opens {}", at(*next)),
        State::Closed(None) => "the window is closed, and does not open within a year".to_owned(),
    }
}

/// A moment on both clocks: `Sunday 02:00 New York time, 07:00 UTC`. A week or more ahead the date is said.
fn moment(zone: &TimeZone, now: i64, then: Timestamp) -> Moment {
    let seconds = then.as_second() - now;
    let (there, here) = (then.to_zoned(zone.clone()), then.to_zoned(TimeZone::UTC));
    let day = if seconds < 6 * 86_400 { "%A %H:%M" } else { "%A %-d %B %Y %H:%M" };
    let wall = there.strftime(day);
    let city = zone.iana_name().and_then(|name| name.rsplit('/').next()).unwrap_or("local").replace('_', " ");
    let words = if zone.iana_name() == Some("UTC") {
        format!("{wall} UTC")
    } else if there.date() == here.date() {
        format!("{wall} {city} time, {} UTC", here.strftime("%H:%M"))
    } else {
        format!("{wall} {city} time, {} UTC", here.strftime("%A %H:%M"))
    };
    Moment { words: words.into(), exact: there.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string().into() }
}

/// `in 1 d 4 h`, `in 4 h 10 min`, `in 5 min`.
fn far(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3600, seconds % 3600 / 60);
    match (days, hours) {
        (0, 0) => format!("in {} min", minutes.max(1)),
        (0, _) => format!("in {hours} h {minutes} min"),
        _ => format!("in {days} d {hours} h"),
    }
}
