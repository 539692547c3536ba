//! A strip of facts.

use leptos::prelude::*;

/// A fact with its name.
#[component]
pub fn Fact(
    /// What it is called.
    name: &'static str,
    /// The fact.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="min-w-0">
            <dt class="text-xs text-faint">{name}</dt>
            <dd class="text-pretty break-words xl:max-w-72">{children()}</dd>
        </div>
    }
}

/// Facts beside each other.
#[component]
pub fn FactStrip(
    /// The facts.
    children: Children,
) -> impl IntoView {
    view! {
        <dl class="grid grid-cols-2 gap-x-6 gap-y-2 rounded-lg border border-line bg-panel px-3 py-2 md:grid-cols-3 xl:grid-cols-[repeat(6,auto)]">
            {children()}
        </dl>
    }
}
