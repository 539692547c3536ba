//! What stands around every page: band, header, side bar, banners, dialogs.

use leptos::prelude::*;

use crate::browser;
use crate::components::account_menu::AccountMenu;
use crate::components::breadcrumb::Breadcrumb;
use crate::components::help::Help;
use crate::components::live_badge::{LiveBadge, LostBar};
use crate::components::nav::{Nav, NavMenu};
use crate::components::palette::{Entry, Palette};
use crate::components::state_mark::Shapes;
use crate::components::theme_menu::ThemeMenu;
use crate::components::tier_chip::TierBand;
use crate::components::wheel::Wheel;
use crate::links;
use crate::pages::{
    absent::AbsentPage, component::ComponentPage, environment::EnvironmentPage, operation::OperationPage,
    pods::PodsPage, wall::WallPage,
};
use crate::screen::{Awaited, Joined, Screen, Shown};

/// The frame with the page in it.
#[component]
pub(crate) fn Frame(
    /// What the tab shows.
    screen: Screen,
) -> impl IntoView {
    let Screen { now, heard, joined, awaited, environments, sources, about, theme, place, person, .. } = screen;
    let here = Memo::new(move |_| place.with(|place| place.path.clone()));
    let old = move || matches!(joined.get(), Joined::Stale | Joined::Lost(_)).then_some("");
    let waits = move || awaited.get() != Awaited::Nothing;
    let leave = move |address: String| browser::go(screen, &address, false);
    view! {
        <Shapes />
        <a
            href="#main"
            class="sr-only focus:not-sr-only focus:fixed focus:left-2 focus:top-2 focus:z-50 focus:rounded focus:bg-panel focus:px-3 focus:py-2 focus:shadow"
        >
            "Skip to the page"
        </a>
        <div class="flex min-h-dvh flex-col">
            <TierBand tier=Signal::derive(move || about.with(|about| about.tier)) />
            <header class="sticky top-0 z-30 flex h-12 items-center gap-2 border-b border-line bg-panel px-3 sm:gap-3 lg:px-4">
                <div class="contents" data-stale=old>
                    <NavMenu environments here person />
                </div>
                <a href=links::WALL class="flex h-8 items-center gap-2 font-semibold" aria-label="Quarterdeck, to the wall">
                    <Wheel />
                    <span class="hidden sm:inline">"Quarterdeck"</span>
                </a>
                <Breadcrumb crumbs=Signal::derive(move || about.with(|about| about.crumbs.clone())) />
                <div class="ml-auto flex items-center gap-1 sm:gap-2">
                    <LiveBadge
                        joined
                        heard
                        now
                        sources
                        concerns=Signal::derive(move || about.with(|about| about.cluster.clone()))
                    />
                    <button
                        type="button"
                        class="flex size-8 items-center justify-center gap-2 rounded border border-line bg-ground text-faint hover:bg-raised md:w-44 md:justify-between md:px-2 noscript:hidden"
                        aria-haspopup="dialog"
                        aria-keyshortcuts="Control+K Meta+K"
                        on:click=move |_| browser::open_dialog("palette")
                    >
                        <span class="sr-only md:not-sr-only">"Search"</span>
                        <svg aria-hidden="true" viewBox="0 0 16 16" width="16" height="16" class="md:hidden">
                            <path d="M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.4 10.4 14 14" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" />
                        </svg>
                        <kbd class="hidden rounded-sm border border-line px-1 font-sans text-xs text-faint md:inline">"Ctrl K"</kbd>
                    </button>
                    <ThemeMenu
                        theme
                        back=Signal::derive(move || place.with(|place| place.address()))
                        on_choose=move |theme| browser::choose_theme(screen, theme)
                    />
                    <AccountMenu person />
                </div>
            </header>
            <LostBar joined heard now />
            <Banners screen />
            <div class="flex grow">
                <aside class="hidden w-52 shrink-0 border-r border-line lg:block" data-stale=old>
                    <div class="sticky top-12 max-h-[calc(100dvh-3rem)] overflow-y-auto px-2 py-3">
                        <Nav label="Main" environments here person />
                    </div>
                </aside>
                <main
                    id="main"
                    tabindex="-1"
                    class="min-w-0 grow p-4 outline-none transition-opacity delay-150 aria-busy:opacity-50 lg:p-6"
                    data-stale=old
                    aria-busy=move || if waits() { "true" } else { "false" }
                >
                    {move || match screen.shown.get() {
                        Shown::Absent => view! { <AbsentPage /> }.into_any(),
                        Shown::Wall(model) => view! { <WallPage model screen /> }.into_any(),
                        Shown::Environment(model) => view! { <EnvironmentPage model screen /> }.into_any(),
                        Shown::Component(model) => view! { <ComponentPage model screen /> }.into_any(),
                        Shown::Pods(model) => view! { <PodsPage model screen /> }.into_any(),
                        Shown::Operation(view) => view! { <OperationPage view screen /> }.into_any(),
                        Shown::Still(..) => still().into_any(),
                    }}
                </main>
            </div>
        </div>
        <Palette entries=Signal::derive(move || entries(screen)) on_choose=leave />
        <Help single_keys=browser::single_keys on_change=browser::set_single_keys />
    }
}

/// The content of a page that the server wrote whole. In the browser it stands there already, and hydration leaves it alone.
fn still() -> impl IntoView {
    #[cfg(feature = "ssr")]
    let html = use_context::<crate::still::Still>().map(|still| still.html.to_string()).unwrap_or_default();
    #[cfg(not(feature = "ssr"))]
    let html = String::new();
    view! { <div inner_html=html></div> }
}

/// Everything one can go to.
fn entries(screen: Screen) -> Vec<Entry> {
    let mut entries = vec![
        Entry { label: "Wall".into(), kind: "page", address: links::WALL.to_owned() },
        Entry { label: "Board".into(), kind: "page", address: links::BOARD.to_owned() },
        Entry { label: "Pods".into(), kind: "page", address: links::PODS.to_owned() },
        Entry { label: "Changes".into(), kind: "page", address: links::CHANGES.to_owned() },
        Entry { label: "Account".into(), kind: "page", address: links::ACCOUNT.to_owned() },
    ];
    if screen.person.with(|person| person.administers) {
        entries.push(Entry { label: "People".into(), kind: "page", address: links::PEOPLE.to_owned() });
    }
    screen.listed.with(|listed| {
        for environment in listed {
            let address = links::environment(&environment.id);
            entries.push(Entry { label: environment.label.clone(), kind: "environment", address });
        }
        for environment in listed {
            for (kind, name) in &environment.components {
                let address = [&links::environment(&environment.id), "/", kind.as_str(), "/", name].concat();
                let label = [name, " · ", &environment.label].concat().into();
                entries.push(Entry { label, kind: kind.as_str(), address });
            }
        }
    });
    entries
}

/// What everybody must know, whatever the page.
#[component]
fn Banners(
    /// What the tab shows.
    screen: Screen,
) -> impl IntoView {
    let Screen { registry_trouble, outdated, awaited, person, .. } = screen;
    view! {
        <div role="status">
            <Show when=move || !registry_trouble.with(|trouble| trouble.is_empty())>
                <p class="border-b border-line bg-degraded-ground px-3 py-1.5 text-degraded lg:px-4">
                    <strong class="font-semibold">"The registry file's newest version is not in use. "</strong>
                    {move || registry_trouble.get()}
                </p>
            </Show>
            <Show when=move || !person.with(|person| person.told.is_empty())>
                <p class="border-b border-line bg-degraded-ground px-3 py-1.5 text-degraded lg:px-4">
                    {move || person.with(|person| person.told.clone())}
                </p>
            </Show>
            <Show when=move || outdated.get()>
                <p class="flex flex-wrap items-center gap-3 border-b border-line bg-progress-ground px-3 py-1.5 text-progress lg:px-4">
                    "A new version of Quarterdeck runs."
                    <button
                        type="button"
                        class="h-6 rounded border border-current px-2 font-medium"
                        on:click=move |_| browser::reload()
                    >
                        "Reload"
                    </button>
                </p>
            </Show>
            <Show when=move || awaited.get() == Awaited::LatePage>
                <p class="border-b border-line bg-degraded-ground px-3 py-1.5 text-degraded lg:px-4">
                    "Quarterdeck has not sent this page for 3 s. Until it does, you see the one before."
                </p>
            </Show>
        </div>
    }
}
