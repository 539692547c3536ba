//! A box with a heading.

use std::sync::Arc;

use leptos::prelude::*;

/// A box with a heading, and what belongs to it.
#[component]
pub fn Panel(
    /// The heading.
    #[prop(into)]
    title: Signal<String>,
    /// A few words at the right of the heading.
    #[prop(into, optional)]
    aside: Signal<String>,
    /// What stands in it.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="overflow-hidden rounded-lg border border-line bg-panel">
            <header class="flex min-h-10 items-center justify-between gap-3 border-b border-line px-3">
                <h2 class="font-semibold">{move || title.get()}</h2>
                <span class="text-right text-sm text-faint">{move || aside.get()}</span>
            </header>
            {children()}
        </section>
    }
}

/// Which right is missing to know what stands in a panel; nothing when none is.
#[component]
pub fn Missing(
    /// The sentence.
    #[prop(into)]
    right: Signal<Option<Arc<str>>>,
) -> impl IntoView {
    move || right.get().map(|sentence| view! { <p class="px-3 py-2.5 text-degraded">{sentence}</p> })
}

/// The one calm line of a panel that has nothing.
#[component]
pub fn Calm(
    /// The line.
    text: &'static str,
) -> impl IntoView {
    view! { <p class="px-3 py-2.5 text-soft">{text}</p> }
}
