//! The pages.

pub mod absent;
pub mod component;
pub mod environment;
pub mod pods;
pub mod wall;

use domain::name::ClusterId;
use leptos::prelude::*;

use crate::screen::Screen;

/// `data-stale` of what shows figures of a cluster: set while they are older than they should be.
fn stale(
    screen: Screen,
    cluster: impl Fn() -> ClusterId + Send + Sync + 'static,
) -> impl Fn() -> Option<&'static str> + Send + Sync + 'static {
    move || {
        let cluster = cluster();
        let sources = screen.sources.read();
        sources.iter().any(|source| source.cluster == cluster && !source.freshness.is_live()).then_some("")
    }
}
