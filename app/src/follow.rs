//! A page of logs that goes on by itself, as the server writes it and the browser finds it: the ids of its places, and whose lines it shows.

use domain::log::follow::Kept;
use domain::log::view::LogSource;

/// The list of entries.
pub const FOLLOW_LIST: &str = "follow-list";
/// Up to where each container was read.
pub const FOLLOW_FROM: &str = "follow-from";
/// Says whether more comes.
pub const FOLLOW_STATE: &str = "follow-state";
/// Says how many entries matched since the page was read.
pub const FOLLOW_FOUND: &str = "follow-found";
/// The button that says how much came further down, and leads there.
pub const FOLLOW_MORE: &str = "follow-more";
/// What stands there while there is nothing.
pub const FOLLOW_CALM: &str = "follow-calm";

/// Whose lines these are, for a page to keep.
pub fn kept(source: &LogSource) -> Kept {
    Kept(postcard::to_allocvec(source).unwrap_or_default())
}

/// Whose lines a page shows; `None` for bytes that no server of this build wrote.
pub fn source_of(kept: &Kept) -> Option<LogSource> {
    postcard::from_bytes(&kept.0).ok()
}
