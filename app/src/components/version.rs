//! Which code runs: the tag and the first seven of the digest.

use std::sync::Arc;

use leptos::prelude::*;

/// Tag and short digest; a dash when neither is known.
#[component]
pub fn Version(
    /// The tag; empty when the image is named by digest alone.
    #[prop(into)]
    tag: Signal<Arc<str>>,
    /// The first seven characters of the digest; empty until it is known.
    #[prop(into)]
    digest: Signal<Arc<str>>,
) -> impl IntoView {
    let nothing = move || tag.with(|tag| tag.is_empty()) && digest.with(|digest| digest.is_empty());
    view! {
        <span class="font-mono text-sm text-soft stale:text-faint">
            {move || tag.get()} {move || if nothing() { "–" } else { " " }}
            <span class="text-faint">{move || digest.get()}</span>
        </span>
    }
}
