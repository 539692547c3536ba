//! Which code runs: the tag and the first seven of the digest.

use std::sync::Arc;

use domain::view::NextVersion;
use leptos::prelude::*;

/// Tag and short digest of what runs, or that no pod was seen to run it; a dash when neither is known. Beside it the version
/// that a rollout brings, with how far it is: `1.4.2 51c02ae → 1.5.0, 0 of 3`.
#[component]
pub fn Version(
    /// The tag; empty when the image is named by digest alone.
    #[prop(into)]
    tag: Signal<Arc<str>>,
    /// The first seven characters of the digest; empty until it is known.
    #[prop(into)]
    digest: Signal<Arc<str>>,
    /// The version that is wanted, while another one runs.
    #[prop(into, optional)]
    next: Signal<Option<NextVersion>>,
) -> impl IntoView {
    let nothing = move || tag.with(|tag| tag.is_empty()) && digest.with(|digest| digest.is_empty());
    let ran = move || {
        if digest.with(|digest| !digest.is_empty()) || nothing() { digest.get() } else { "not seen".into() }
    };
    view! {
        <span class="font-mono text-sm text-soft stale:text-faint">
            {move || tag.get()} {move || if nothing() { "–" } else { " " }}
            <span class="text-faint">{ran}</span> {move || next.get().map(coming)}
        </span>
    }
}

/// The version that is to come.
fn coming(next: NextVersion) -> impl IntoView {
    let NextVersion { name, ready, wanted } = next;
    let count = [&ready.to_string(), " of ", &wanted.to_string()].concat();
    let title = ["A rollout brings ", &name, ": ", &count, " run it and are ready."].concat();
    view! {
        <span title=title>
            " " <span aria-hidden="true">"→"</span> <span class="sr-only">"to"</span> " " {name}
            <span class="font-sans tabular-nums">", " {count}</span>
        </span>
    }
}
