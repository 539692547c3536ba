//! The sentences with which pages begin, made from facts.

use crate::freshness::Freshness;
use crate::registry;
use crate::view::{Cell, EnvironmentHead, State, WallHead};

/// How an environment is, in a state and one sentence: `Usable. Nothing changed for 3 days.`
///
/// `cells` are its components, `now` is seconds since 1970.
pub fn environment(
    environment: &registry::Environment,
    cells: &[&Cell],
    freshness: Freshness,
    now: i64,
) -> (State, String) {
    let _ = (environment, freshness, now);
    let worst = cells.iter().map(|cell| cell.status.state).max().unwrap_or(State::Unknown);
    (worst, String::new())
}

/// What the wall says: what needs you, or that nothing does; and the counts.
pub fn wall(environments: &[EnvironmentHead], cells: &[&Cell], now: i64) -> WallHead {
    let _ = (environments, cells, now);
    WallHead::default()
}
