//! Light, dark, or as the system has it.

use leptos::prelude::*;

use super::build::BuildField;
use crate::theme::Theme;

/// The menu: a form, so that it works without script.
#[component]
pub fn ThemeMenu(
    /// What is chosen.
    #[prop(into)]
    theme: Signal<Theme>,
    /// Where the form leads back to.
    #[prop(into)]
    back: Signal<String>,
    /// Called when a theme is chosen, instead of sending the form.
    on_choose: impl Fn(Theme) + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let choices = Theme::ALL.map(|choice| {
        let on_choose = on_choose.clone();
        view! {
            <button
                type="submit"
                name="theme"
                value=choice.as_str()
                aria-pressed=move || if theme.get() == choice { "true" } else { "false" }
                class="flex h-8 w-full items-center rounded px-2 text-left hover:bg-raised aria-pressed:font-semibold aria-pressed:text-accent"
                on:click=move |event| {
                    event.prevent_default();
                    on_choose(choice);
                }
            >
                {choice.word()}
            </button>
        }
    });
    view! {
        <details class="relative" data-menu="">
            <summary class="flex size-8 cursor-pointer list-none items-center justify-center rounded text-soft hover:bg-raised [&::-webkit-details-marker]:hidden" aria-label="Theme">
                <svg aria-hidden="true" viewBox="0 0 16 16" width="16" height="16">
                    <path d="M8 1.75a6.25 6.25 0 1 1 0 12.5 6.25 6.25 0 0 1 0-12.5z" fill="none" stroke="currentColor" stroke-width="1.5" />
                    <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" fill="currentColor" />
                </svg>
            </summary>
            <form method="post" action="/theme" class="absolute right-0 top-9 z-40 w-40 rounded-lg border border-line bg-panel p-1 shadow">
                <BuildField />
                <input type="hidden" name="back" value=move || back.get() />
                {choices}
            </form>
        </details>
    }
}
