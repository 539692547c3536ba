//! Nothing of that name: what to do instead.

use leptos::prelude::*;

use crate::links;

/// The page for what is not there.
#[component]
pub fn AbsentPage() -> impl IntoView {
    view! {
        <div class="grid max-w-xl gap-3">
            <h1 class="text-xl font-semibold">"Nothing of this name is registered"</h1>
            <p class="text-soft">
                "The address names a page, a system, an environment or a component that the registry does not know, or that you have no role to look at. It may have been renamed or removed, or the link was cut short."
            </p>
            <p class="flex flex-wrap gap-2">
                <a href=links::WALL class="inline-flex h-8 items-center rounded border border-line-strong bg-panel px-3 font-medium hover:bg-raised">
                    "To the wall"
                </a>
                <a href=links::PODS class="inline-flex h-8 items-center rounded border border-line-strong bg-panel px-3 font-medium hover:bg-raised">
                    "All pods"
                </a>
            </p>
        </div>
    }
}
