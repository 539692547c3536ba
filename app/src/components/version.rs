//! Which code runs: the tag and the first seven of the digest.

use std::sync::Arc;

use leptos::prelude::*;

/// Tag and short digest, or that no pod was seen to run it; a dash when neither is known.
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
    let ran = move || {
        if digest.with(|digest| !digest.is_empty()) || nothing() { digest.get() } else { "not seen".into() }
    };
    view! {
        <span class="font-mono text-sm text-soft stale:text-faint">
            {move || tag.get()} {move || if nothing() { "–" } else { " " }}
            <span class="text-faint">{ran}</span>
        </span>
    }
}
