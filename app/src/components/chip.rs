//! Short remarks.

use domain::view::{Chip, State};
use leptos::prelude::*;

/// The ground and text colour of a remark: what only differs has the colour of remarks, and not that of a state.
fn class(state: State) -> &'static str {
    match state {
        State::Off | State::Unknown => {
            "inline-block max-w-full rounded-sm [overflow-wrap:anywhere] px-1.5 text-xs font-medium bg-raised text-soft"
        }
        State::Ready => {
            "inline-block max-w-full rounded-sm [overflow-wrap:anywhere] px-1.5 text-xs font-medium bg-ready-ground text-ready"
        }
        State::Progressing => {
            "inline-block max-w-full rounded-sm [overflow-wrap:anywhere] px-1.5 text-xs font-medium bg-progress-ground text-progress"
        }
        State::Degraded => {
            "inline-block max-w-full rounded-sm [overflow-wrap:anywhere] px-1.5 text-xs font-medium bg-remark-ground text-remark"
        }
        State::Failed => {
            "inline-block max-w-full rounded-sm [overflow-wrap:anywhere] px-1.5 text-xs font-medium bg-failed-ground text-failed"
        }
    }
}

/// Remarks in a row, worst first; nothing at all when there are none.
#[component]
pub fn Chips(
    /// The remarks.
    #[prop(into)]
    chips: Signal<Vec<Chip>>,
) -> impl IntoView {
    let list = move || {
        let chips = chips.get();
        (!chips.is_empty()).then(|| {
            let chips = chips.into_iter().map(|chip| {
                view! { <span class=class(chip.state) title=chip.text.clone()>{chip.text.clone()}</span> }
            });
            view! { <span class="mt-1 flex flex-wrap gap-1 stale:grayscale">{chips.collect_view()}</span> }
        })
    };
    view! { {list} }
}
