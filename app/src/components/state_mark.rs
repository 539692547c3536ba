//! A state as a shape, a colour and a word.

use std::sync::Arc;

use domain::view::State;
use leptos::prelude::*;

/// The shapes of all states, drawn once per document; each [`Glyph`] refers to one.
#[component]
pub fn Shapes() -> impl IntoView {
    view! {
        <svg aria-hidden="true" width="0" height="0" class="absolute">
            <symbol id="s-off" viewBox="0 0 12 12">
                <circle cx="6" cy="6" r="4.25" fill="none" stroke="currentColor" stroke-width="1.5" />
            </symbol>
            <symbol id="s-ready" viewBox="0 0 12 12">
                <circle cx="6" cy="6" r="4.5" fill="currentColor" />
            </symbol>
            <symbol id="s-progressing" viewBox="0 0 12 12">
                <circle cx="6" cy="6" r="4.25" fill="none" stroke="currentColor" stroke-width="1.5" />
                <path d="M6 1.75a4.25 4.25 0 0 1 0 8.5z" fill="currentColor" />
            </symbol>
            <symbol id="s-unknown" viewBox="0 0 12 12">
                <circle cx="6" cy="6" r="4.75" fill="none" stroke="currentColor" stroke-width="1.25" stroke-dasharray="2 1.4" />
                <path d="M4.7 4.9c0-.8.6-1.3 1.35-1.3s1.3.45 1.3 1.15c0 .95-1.25.95-1.25 1.95M6.1 8.3v.1" fill="none" stroke="currentColor" stroke-width="1.1" stroke-linecap="round" />
            </symbol>
            <symbol id="s-degraded" viewBox="0 0 12 12">
                <path d="M6 1.2 11.2 10.6H.8z" fill="currentColor" />
            </symbol>
            <symbol id="s-failed" viewBox="0 0 12 12">
                <rect x="1.5" y="1.5" width="9" height="9" rx="1.5" fill="currentColor" />
            </symbol>
            <symbol id="s-remark" viewBox="0 0 12 12">
                <path d="M6 .9 11.1 6 6 11.1.9 6z" fill="currentColor" />
            </symbol>
        </svg>
    }
}

/// The shape's place in [`Shapes`].
fn shape(state: State) -> &'static str {
    match state {
        State::Off => "#s-off",
        State::Ready => "#s-ready",
        State::Progressing => "#s-progressing",
        State::Unknown => "#s-unknown",
        State::Degraded => "#s-degraded",
        State::Failed => "#s-failed",
    }
}

/// The colour of a state's text.
pub fn colour(state: State) -> &'static str {
    match state {
        State::Off => "text-soft",
        State::Ready => "text-ready",
        State::Progressing => "text-progress",
        State::Unknown => "text-unknown",
        State::Degraded => "text-degraded",
        State::Failed => "text-failed",
    }
}

/// A state's shape in its colour; the word must stand beside it.
#[component]
pub fn Glyph(
    /// Which state.
    #[prop(into)]
    state: Signal<State>,
    /// Width and height in pixels.
    #[prop(default = "12")]
    size: &'static str,
) -> impl IntoView {
    view! {
        <svg aria-hidden="true" width=size height=size class=move || colour(state.get())>
            <use_ href=move || shape(state.get()) />
        </svg>
    }
}

/// A state's shape with its word for those who do not see it: where space is short.
#[component]
pub fn StateDot(
    /// Which state.
    #[prop(into)]
    state: Signal<State>,
    /// Width and height in pixels.
    #[prop(default = "12")]
    size: &'static str,
) -> impl IntoView {
    view! {
        <span class="inline-flex stale:grayscale" title=move || state.get().word()>
            <Glyph state size />
            <span class="sr-only">{move || state.get().word()}</span>
        </span>
    }
}

/// The shape of a remark in its colour: of what differs and keeps nobody from working. The word must stand beside it.
#[component]
pub fn RemarkGlyph(
    /// Width and height in pixels.
    #[prop(default = "12")]
    size: &'static str,
) -> impl IntoView {
    view! {
        <svg aria-hidden="true" width=size height=size class="text-remark stale:grayscale">
            <use_ href="#s-remark" />
        </svg>
    }
}

/// A state as shape, colour and word.
#[component]
pub fn StateMark(
    /// Which state.
    #[prop(into)]
    state: Signal<State>,
    /// The word that names it here: `Crash loop`.
    #[prop(into)]
    word: Signal<Arc<str>>,
    /// The sentence that explains it; empty when there is nothing to explain.
    #[prop(into)]
    why: Signal<Arc<str>>,
) -> impl IntoView {
    view! {
        <span class=move || colour(state.get())>
            <span class="inline-flex max-w-full items-center gap-1.5 whitespace-nowrap stale:grayscale" title=move || why.get()>
                <Glyph state />
                <span class="truncate font-medium">{move || word.get()}</span>
            </span>
        </span>
    }
}
