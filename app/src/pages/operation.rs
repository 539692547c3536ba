//! An operation: what the server wrote of it, anew whenever something changes.

use domain::view::OperationView;
use leptos::prelude::*;

use crate::browser;
use crate::components::build::BuildField;
use crate::pages::is_stale;
use crate::screen::Screen;

/// The page.
#[component]
pub fn OperationPage(
    /// The operation.
    view: ArcRwSignal<OperationView>,
    /// What the tab shows.
    screen: Screen,
) -> impl IntoView {
    let view: RwSignal<OperationView> = view.into();
    let old = move || {
        let cluster = screen.about.with(|about| about.cluster.clone())?;
        screen.sources.with(|sources| is_stale(sources, &cluster)).then_some("")
    };
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] max-w-5xl gap-4" data-stale=old>
            <Show when=move || screen.place.with(|place| place.parameter("quicker").is_some())>
                <p role="status" class="rounded border border-line bg-degraded-ground px-3 py-2 text-degraded">
                    "Another operation was quicker: this is it. Nothing of the one you pressed was sent."
                </p>
            </Show>
            <TellMe view />
            <Stop view screen />
            // Our own words, escaped where they were written.
            <div class="grid grid-cols-[minmax(0,1fr)] gap-4" inner_html=move || view.with(|view| view.html.to_string())></div>
        </div>
    }
}

/// The button that lets nothing more of a series begin.
#[component]
fn Stop(view: RwSignal<OperationView>, screen: Screen) -> impl IntoView {
    let id = move || view.with(|view| view.id.to_string());
    let shown = Memo::new(move |_| {
        view.with(|view| view.can_stop && screen.person.with(|person| person.operates.contains(&view.environment)))
    });
    view! {
        <Show when=move || shown.get()>
            <form method="post" action="/operations/series/stop">
                <BuildField />
                <input type="hidden" name="id" value=id />
                <button type="submit" class="h-8 rounded border border-line-strong bg-panel px-3 font-medium text-failed hover:bg-failed-ground">
                    "Stop after this one"
                </button>
            </form>
        </Show>
    }
}

/// A button that has the browser say when it is over, also while another tab is in front.
#[component]
fn TellMe(view: RwSignal<OperationView>) -> impl IntoView {
    let asked = RwSignal::new(false);
    let is_over = Memo::new(move |_| view.with(|view| view.is_over));
    Effect::new(move |_| {
        if asked.get() && is_over.get() {
            view.with_untracked(|view| browser::notify(&view.title, &view.sentence));
        }
    });
    let press = move |_| {
        browser::allow_notifications();
        asked.set(true);
    };
    view! {
        <Show when=move || !is_over.get()>
            <p class="noscript:hidden">
                <button
                    type="button"
                    class="h-7 rounded border border-line-strong bg-panel px-2.5 hover:bg-raised disabled:text-faint"
                    disabled=move || asked.get()
                    on:click=press
                >
                    {move || if asked.get() { "Your browser tells you when it is over" } else { "Tell me when it is over" }}
                </button>
            </p>
        </Show>
    }
}
