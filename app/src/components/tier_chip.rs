//! The tier: a band over the whole page and a chip with its word.

use std::sync::Arc;

use domain::registry::Tier;
use leptos::prelude::*;

/// The band on top of the page. Production's is the only red one.
#[component]
pub fn TierBand(
    /// The tier, where the page is about one environment.
    tier: Signal<Option<Tier>>,
) -> impl IntoView {
    let class = move || match tier.get() {
        None => "h-1 bg-line",
        Some(Tier::Development) => "h-1 bg-tier-development",
        Some(Tier::Staging) => "h-1 bg-tier-staging",
        Some(Tier::Production) => "h-1 bg-tier-production",
    };
    view! { <div class=class></div> }
}

/// The tier's word in its colour.
#[component]
pub fn TierChip(
    /// Which tier.
    #[prop(into)]
    tier: Signal<Tier>,
) -> impl IntoView {
    let class = move || match tier.get() {
        Tier::Development => {
            "inline-flex rounded-sm border px-1.5 text-xs font-semibold tracking-wide border-tier-development/50 text-tier-development"
        }
        Tier::Staging => {
            "inline-flex rounded-sm border px-1.5 text-xs font-semibold tracking-wide border-tier-staging/50 text-tier-staging"
        }
        Tier::Production => {
            "inline-flex rounded-sm border px-1.5 text-xs font-semibold tracking-wide border-tier-production/50 text-tier-production"
        }
    };
    view! { <span class=class>{move || tier.get().word()}</span> }
}

/// An environment's name, with the tier's word wherever the name does not say it.
#[component]
pub fn EnvironmentTitle(
    /// The environment's name on screen.
    #[prop(into)]
    title: Signal<Arc<str>>,
    /// Its tier.
    #[prop(into)]
    tier: Signal<Tier>,
) -> impl IntoView {
    view! {
        <Show when=move || title.with(|title| **title != *tier.get().word())>
            <span class="font-medium text-ink">{move || title.get()}</span>
        </Show>
        <TierChip tier />
    }
}
