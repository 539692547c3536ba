//! The keys, and how to switch the single ones off.

use leptos::prelude::*;

use crate::browser;
use crate::components::palette::is_backdrop;

/// Keys and what they do.
const KEYS: [(&str, &str); 13] = [
    ("Ctrl K or ⌘ K", "go to a page, an environment or a component"),
    ("g w", "go to the wall"),
    ("g p", "go to all pods"),
    ("g l", "go to the logs"),
    ("g h", "go to the checks"),
    ("g c", "go to the changes"),
    ("/", "filter"),
    ("j, k", "next row, row before"),
    ("Enter", "open the row"),
    ("r, s, b", "of a component: plan to restart, to scale, to roll back"),
    ("l", "of a component or an environment: its logs"),
    ("?", "this list"),
    ("Esc", "close what is open"),
];

/// The dialog.
#[component]
pub fn Help(
    /// Whether single keys are shortcuts; asked in the browser only.
    single_keys: impl Fn() -> bool + Copy + Send + Sync + 'static,
    /// Called when that is changed.
    on_change: impl Fn(bool) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let checked = RwSignal::new(true);
    let rows = KEYS.map(|(keys, does)| {
        view! {
            <div class="flex items-baseline justify-between gap-4 py-1">
                <dt>
                    <kbd class="rounded-sm border border-line bg-raised px-1.5 font-sans text-sm">{keys}</kbd>
                </dt>
                <dd class="text-right text-soft">{does}</dd>
            </div>
        }
    });
    view! {
        <dialog
            id="help"
            aria-labelledby="help-title"
            class="m-auto w-[28rem] max-w-[calc(100vw-2rem)] rounded-lg border border-line-strong bg-panel p-0 text-ink shadow backdrop:bg-black/40"
            on:focusin=move |_| checked.set(single_keys())
            on:click=move |event| {
                if is_backdrop(&event) {
                    browser::close_dialog("help");
                }
            }
        >
            <div class="grid gap-3 p-4">
                <div class="flex items-center justify-between">
                    <h2 id="help-title" class="text-lg font-semibold">
                        "Keys"
                    </h2>
                    <button
                        type="button"
                        class="h-7 rounded border border-line-strong px-2.5 font-medium hover:bg-raised"
                        on:click=move |_| browser::close_dialog("help")
                    >
                        "Close"
                    </button>
                </div>
                <dl>{rows}</dl>
                <label class="flex min-h-6 items-center gap-2 border-t border-line pt-3">
                    <input
                        type="checkbox"
                        class="size-4 accent-accent"
                        prop:checked=move || checked.get()
                        on:change=move |event| {
                            let on = event_target_checked(&event);
                            checked.set(on);
                            on_change(on);
                        }
                    />
                    "Single keys are shortcuts in this browser"
                </label>
            </div>
        </dialog>
    }
}
