//! Where an autoscaler stands in its range, as a small bar.

use leptos::prelude::*;

/// The bar: the range from fewest to most, and a mark at what is wanted now.
#[component]
pub fn HpaBar(
    /// Fewest and most; nothing is drawn without.
    #[prop(into)]
    range: Signal<Option<(u32, u32)>>,
    /// Replicas now.
    #[prop(into)]
    current: Signal<u32>,
) -> impl IntoView {
    let bar = move || {
        range.get().map(|(min, max)| {
            let current = current.get();
            let most = max.max(current).max(1);
            // In tenths of a pixel: 2 px free at both ends of 72.
            let x = move |replicas: u32| 20 + 680 * u64::from(replicas) / u64::from(most);
            let label = format!("autoscaler {min} to {max}, now {current}");
            view! {
                <svg role="img" aria-label=label viewBox="0 0 720 80" width="72" height="8">
                    <rect x="0" y="30" width="720" height="20" rx="10" class="fill-line" />
                    <rect x=x(min) y="30" width=x(max).saturating_sub(x(min)) height="20" rx="10" class="fill-line-strong" />
                    <rect x=x(current) - 15 y="0" width="30" height="80" rx="15" class="fill-accent" />
                </svg>
            }
        })
    };
    view! { {bar} }
}
