//! The pages.

pub mod absent;
pub mod component;
pub mod environment;
pub mod operation;
pub mod pods;
pub mod wall;

use std::sync::Arc;

use domain::name::ClusterId;
use domain::view::SourceView;
use leptos::prelude::*;

use crate::screen::Screen;

/// `data-stale` of what shows figures of a cluster: set while they are older than they should be.
fn stale(
    screen: Screen,
    cluster: impl Fn() -> ClusterId + Send + Sync + 'static,
) -> impl Fn() -> Option<&'static str> + Send + Sync + 'static {
    move || screen.sources.with(|sources| is_stale(sources, &cluster())).then_some("")
}

/// What is missing to read a resource of a cluster, in a sentence.
fn missing(
    screen: Screen,
    resource: &'static str,
    cluster: impl Fn() -> ClusterId + Send + Sync + 'static,
) -> Memo<Option<Arc<str>>> {
    Memo::new(move |_| {
        screen.sources.with(|sources| {
            let source = sources.iter().find(|source| source.cluster == cluster())?;
            source.missing.iter().find(|right| *right.resource == *resource).map(|right| right.sentence.clone())
        })
    })
}

fn is_stale(sources: &[SourceView], cluster: &ClusterId) -> bool {
    sources.iter().any(|source| source.cluster == *cluster && !source.freshness.is_live())
}
