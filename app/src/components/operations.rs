//! The buttons of a component: what can be done to it. Each leads to a plan and does nothing by itself.

use domain::name::WorkloadKind;
use domain::view::ComponentHead;
use leptos::prelude::*;

use crate::links;
use crate::screen::Screen;

/// How a button looks, on or off.
pub const BUTTON: &str = "inline-flex h-8 items-center rounded border border-line-strong bg-panel px-3 font-medium hover:bg-raised \
                      aria-disabled:text-faint aria-disabled:hover:bg-panel";

/// Restart, Scale, Roll back: off, they stay and say why. Then its logs.
#[component]
pub fn Operations(
    /// The component.
    head: RwSignal<ComponentHead>,
    /// What the tab shows.
    screen: Screen,
    /// Whether the figures are old.
    #[prop(into)]
    is_old: Signal<bool>,
) -> impl IntoView {
    let id = Memo::new(move |_| head.with(|head| head.cell.id.clone()));
    let off = Memo::new(move |_| {
        let environment = id.with(|id| id.environment.clone());
        let may = screen.person.with(|person| person.operates.contains(&environment));
        if !may {
            Some("Operating here needs the role operator or lead.")
        } else if is_old.get() {
            Some("What is shown is old, so nothing is done on it: wait until the cluster answers.")
        } else {
            None
        }
    });
    let button = move |operation: &'static str, words: &'static str, key: &'static str| {
        view! {
            <a
                href=move || off.get().is_none().then(|| links::plan(&id.get(), operation))
                role="link"
                aria-disabled=move || off.get().is_some().then_some("true")
                aria-describedby=move || off.get().is_some().then_some("operations-off")
                aria-keyshortcuts=key
                data-key=key
                class=BUTTON
            >
                {words}
            </a>
        }
    };
    let scales = move || id.with(|id| id.kind != WorkloadKind::DaemonSet);
    view! {
        <div class="grid gap-1">
            <div class="flex flex-wrap gap-2">
            <div class="flex flex-wrap gap-2" role="group" aria-label="Operations">
                {button("restart", "Restart", "r")} <Show when=scales>{button("scale", "Scale", "s")}</Show>
                {button("roll-back", "Roll back", "b")}
            </div>
                <a href=move || links::logs_of(&id.get()) aria-keyshortcuts="l" data-key="l" class=BUTTON>
                    "Logs"
                </a>
            </div>
            {move || off.get().map(|why| view! { <p id="operations-off" class="text-sm text-soft">{why}</p> })}
        </div>
    }
}
