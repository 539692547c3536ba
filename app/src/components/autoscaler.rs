//! An autoscaler: what it will do next, where it stands, and its last hour.

use domain::view::{AutoscalerChart, AutoscalerView};
use leptos::prelude::*;

use crate::components::state_mark::StateDot;

/// How many changes of size are told below the chart; all are marked in it.
const TOLD: usize = 3;

/// An autoscaler's next step, figures and last hour.
#[component]
pub fn Autoscaler(
    /// The autoscaler.
    autoscaler: AutoscalerView,
) -> impl IntoView {
    let AutoscalerView {
        target, min, max, current, desired, state, next, metrics, conditions, chart, scalings, ..
    } = autoscaler;
    let metrics = metrics.into_iter().map(|(name, figure, wanted)| {
        view! {
            <li>
                {name} " " {figure} <span class="text-faint">", target " {wanted}</span>
            </li>
        }
    });
    let told = scalings.iter().take(TOLD).map(|(_, text)| view! { <li>{text.clone()}</li> }).collect_view();
    view! {
        <div class="grid gap-1 border-t border-line p-3 [overflow-wrap:anywhere] first:border-t-0">
            <div class="flex flex-wrap justify-between gap-x-4">
                <h3 class="font-medium">{target}</h3>
                <span class="tabular-nums text-soft">{current} " → " {desired} " of " {min} "–" {max}</span>
            </div>
            <p class="flex gap-2 stale:text-faint">
                <span class="pt-1">
                    <StateDot state />
                </span>
                {next}
            </p>
            <ul class="flex flex-wrap gap-x-4 tabular-nums stale:text-faint">{metrics.collect_view()}</ul>
            {chart.map(|chart| drawn(*chart, &scalings))}
            <ul class="text-sm text-soft">{told}</ul>
            <p class="text-sm text-faint">{conditions.join(" ")}</p>
        </div>
    }
}

fn drawn(chart: AutoscalerChart, scalings: &[(u32, std::sync::Arc<str>)]) -> impl IntoView + use<> {
    let AutoscalerChart { replicas, load, target, top, top_load, from, to, text } = chart;
    let marks = scalings.iter().map(|(x, text)| {
        view! {
            <path d=format!("M{x} 0V100") class="stroke-remark" stroke-width="2" vector-effect="non-scaling-stroke">
                <title>{text.clone()}</title>
            </path>
        }
    });
    view! {
        <div class="grid grid-cols-[auto_minmax(0,1fr)_auto] gap-x-1 text-xs tabular-nums text-faint">
            <span class="grid content-between text-right" aria-hidden="true">
                <span>{top}</span>
                <span>"0"</span>
            </span>
            <svg role="img" aria-label=text viewBox="0 0 720 100" preserveAspectRatio="none" class="h-20 w-full border-b border-line">
                {marks.collect_view()}
                <path d=format!("M0 {target}H720") class="stroke-line-strong" stroke-dasharray="4 3" vector-effect="non-scaling-stroke" />
                <path d=load fill="none" class="stroke-accent" stroke-width="1.5" stroke-linejoin="round" vector-effect="non-scaling-stroke" />
                <path d=replicas fill="none" class="stroke-ink" stroke-width="1.5" vector-effect="non-scaling-stroke" />
            </svg>
            <span class="grid content-between" aria-hidden="true">
                <span>{top_load} " %"</span>
                <span>"0 %"</span>
            </span>
            <span></span>
            <span class="flex justify-between">
                <span>{from}</span>
                <span>{to}</span>
            </span>
        </div>
        <p class="flex flex-wrap gap-x-4 text-sm text-faint" aria-hidden="true">
            <span>
                <span class="text-ink">"━"</span>
                " replicas"
            </span>
            <span>
                <span class="text-accent">"━"</span>
                " load, % of its target"
            </span>
            <span>"┅ target"</span>
            <span>
                <span class="text-remark">"┃"</span>
                " scaled"
            </span>
        </p>
    }
}
