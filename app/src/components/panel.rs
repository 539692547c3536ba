//! A box with a heading.

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

/// The one calm line of a panel that has nothing.
#[component]
pub fn Calm(
    /// The line.
    text: &'static str,
) -> impl IntoView {
    view! { <p class="px-3 py-2.5 text-soft">{text}</p> }
}
