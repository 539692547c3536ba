//! Who one is, and the way out.

use domain::view::Person;
use leptos::prelude::*;

use super::build::BuildField;
use crate::links;

/// The menu: a link and a form, so that it works without script.
#[component]
pub fn AccountMenu(
    /// Who looks.
    #[prop(into)]
    person: Signal<Person>,
) -> impl IntoView {
    let name = move || person.with(|person| person.name.clone());
    view! {
        <details class="relative" data-menu="">
            <summary
                class="flex size-8 cursor-pointer list-none items-center justify-center rounded text-soft hover:bg-raised [&::-webkit-details-marker]:hidden"
                aria-label=move || ["Account of ", &name()].concat()
            >
                <svg aria-hidden="true" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5">
                    <circle cx="8" cy="5.5" r="2.75" />
                    <path d="M2.5 14c.6-2.9 2.8-4.25 5.5-4.25s4.9 1.35 5.5 4.25" stroke-linecap="round" />
                </svg>
            </summary>
            <div class="absolute right-0 top-9 z-40 w-44 rounded-lg border border-line bg-panel p-1 shadow">
                <p class="truncate px-2 py-1 font-semibold">{name}</p>
                <a href=links::ACCOUNT class="flex h-8 items-center rounded px-2 hover:bg-raised">
                    "Account"
                </a>
                <form method="post" action="/sign-out">
                    <BuildField />
                    <button type="submit" class="flex h-8 w-full items-center rounded px-2 text-left hover:bg-raised">
                        "Sign out"
                    </button>
                </form>
            </div>
        </details>
    }
}
