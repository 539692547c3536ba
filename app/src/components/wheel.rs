//! The steering wheel: Quarterdeck's sign.

use leptos::prelude::*;

/// The sign.
#[component]
pub fn Wheel() -> impl IntoView {
    view! {
        <span class="text-accent">
            <svg aria-hidden="true" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round">
                <circle cx="12" cy="12" r="5.2" />
                <path d="M12 2.5v19M2.5 12h19M5.3 5.3l13.4 13.4M18.7 5.3 5.3 18.7" />
            </svg>
        </span>
    }
}
