//! The ways to the pages: a side bar where there is room, a menu where there is not.

use domain::view::{NavEnvironment, Person};
use leptos::prelude::*;

use crate::components::state_mark::StateDot;
use crate::links;

/// The side bar.
#[component]
pub fn Nav(
    /// What the landmark is called.
    label: &'static str,
    /// The environments, in the wall's order.
    #[prop(into)]
    environments: Signal<Vec<NavEnvironment>>,
    /// The path of the page on the screen.
    #[prop(into)]
    here: Signal<String>,
    /// Who looks.
    #[prop(into)]
    person: Signal<Person>,
) -> impl IntoView {
    let page = move |name: &'static str, address: &'static str, keys: &'static str| {
        view! {
            <a
                href=address
                aria-current=move || here.with(|here| here == address).then_some("page")
                class="flex h-8 items-center justify-between rounded px-2 text-soft hover:bg-raised aria-[current=page]:bg-raised aria-[current=page]:font-semibold aria-[current=page]:text-ink"
            >
                <span>{name}</span>
                <span class="text-xs font-normal text-faint" aria-hidden="true">
                    {keys}
                </span>
            </a>
        }
    };
    let groups = move || {
        environments.with(|environments| {
            environments
                .chunk_by(|a, b| a.id.system == b.id.system)
                .map(|group| {
                    let name = group.first().map(|environment| environment.system.clone());
                    let links = group.iter().map(|environment| link(environment, here)).collect_view();
                    view! {
                        <li>
                            <div class="mt-2 px-2 text-sm font-medium">{name}</div>
                            <ul>{links}</ul>
                        </li>
                    }
                })
                .collect_view()
        })
    };
    view! {
        <nav aria-label=label>
            <div class="grid gap-0.5">
                {page("Wall", links::WALL, "g w")}
                {page("Board", links::BOARD, "")}
                {page("Pods", links::PODS, "g p")}
                {page("Logs", links::LOGS, "g l")}
                {page("Health", links::HEALTH, "g h")}
                {page("Compare", links::COMPARE, "")}
                {page("Alerts", links::ALERTS, "")}
                {page("Changes", links::CHANGES, "g c")}
                <Show when=move || person.with(|person| person.has_demo_data)>{page("Demo data", links::DEMO_DATA, "")}</Show>
                <Show when=move || person.with(|person| person.administers)>{page("People", links::PEOPLE, "")}</Show>
            </div>
            <div class="mt-4 px-2 text-xs font-semibold tracking-wide text-faint">"Environments"</div>
            <ul>{groups}</ul>
        </nav>
    }
}

fn link(environment: &NavEnvironment, here: Signal<String>) -> impl IntoView + use<> {
    let address = links::environment(&environment.id);
    let state = environment.state;
    let current = {
        let address = address.clone();
        move || here.with(|here| *here == address).then_some("page")
    };
    view! {
        <li>
            <a
                href=address
                aria-current=current
                class="flex h-7 items-center gap-2 rounded px-2 text-sm text-soft hover:bg-raised aria-[current=page]:bg-raised aria-[current=page]:font-semibold aria-[current=page]:text-ink"
            >
                <StateDot state size="10" />
                {environment.title.clone()}
            </a>
        </li>
    }
}

/// The side bar's content behind a button, on small screens.
#[component]
pub fn NavMenu(
    /// The environments, in the wall's order.
    #[prop(into)]
    environments: Signal<Vec<NavEnvironment>>,
    /// The path of the page on the screen.
    #[prop(into)]
    here: Signal<String>,
    /// Who looks.
    #[prop(into)]
    person: Signal<Person>,
) -> impl IntoView {
    view! {
        <details class="group lg:hidden" data-menu="">
            <summary class="flex size-8 cursor-pointer list-none items-center justify-center rounded text-soft hover:bg-raised [&::-webkit-details-marker]:hidden" aria-label="Menu">
                <svg aria-hidden="true" viewBox="0 0 16 16" width="16" height="16">
                    <path d="M2 4h12M2 8h12M2 12h12" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" />
                </svg>
            </summary>
            <div class="absolute left-0 top-12 z-40 max-h-[calc(100dvh-3.5rem)] w-64 overflow-y-auto rounded-b-lg border border-line bg-panel p-2 shadow">
                <Nav label="Menu" environments here person />
            </div>
        </details>
    }
}
