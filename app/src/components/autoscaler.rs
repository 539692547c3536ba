//! An autoscaler: where it stands, what it wants, and its last hour.

use domain::view::AutoscalerView;
use leptos::prelude::*;

/// An autoscaler's figures and its last hour as a small chart.
#[component]
pub fn Autoscaler(
    /// The autoscaler.
    autoscaler: AutoscalerView,
) -> impl IntoView {
    let AutoscalerView { min, max, current, desired, cpu, memory, ref trouble, ref history, .. } = autoscaler;
    let load = |name: &'static str, load: Option<(u32, u32)>| {
        load.map(|(now, wanted)| {
            view! {
                <span class="whitespace-nowrap">
                    {name} " " {now} " % " <span class="text-faint">"target " {wanted} " %"</span>
                </span>
            }
        })
    };
    let wants = (desired != current).then(|| format!("It wants {desired}."));
    let chart = (history.len() > 1).then(|| chart(history, max, cpu.map(|(_, wanted)| wanted)));
    view! {
        <div class="grid gap-1 border-t border-line p-3 first:border-t-0">
            <div class="flex flex-wrap justify-between gap-x-4">
                <h3 class="font-medium">{autoscaler.target.clone()}</h3>
                <span class="tabular-nums text-soft">{current} " of " {min} "–" {max}</span>
            </div>
            <div class="flex flex-wrap gap-x-4 tabular-nums stale:text-faint">
                {load("CPU", cpu)} {load("Memory", memory)} <span class="text-soft">{wants}</span>
            </div>
            <p class="text-degraded empty:hidden">{trouble.clone()}</p>
            {chart}
        </div>
    }
}

/// Height of the chart in its own units; the width is 3600, one per second.
const HEIGHT: i64 = 480;

fn chart(history: &[(i64, u32, Option<u32>)], max: u32, target: Option<u32>) -> impl IntoView + use<> {
    let end = history.last().map_or(0, |sample| sample.0);
    let x = |at: i64| (3600 - (end - at)).clamp(0, 3600);
    let most_load = history.iter().filter_map(|sample| sample.2).chain(target).max().unwrap_or(100).max(100);
    let most_replicas = history.iter().map(|sample| sample.1).max().unwrap_or(1).max(max).max(1);
    let y = |value: u32, most: u32| HEIGHT - 20 - (HEIGHT - 40) * i64::from(value) / i64::from(most);
    let mut load = String::new();
    let mut replicas = String::new();
    let mut level = None;
    for &(at, count, cpu) in history {
        if let Some(cpu) = cpu {
            load.push_str(&format!("{},{} ", x(at), y(cpu, most_load)));
        }
        // Steps: replicas stay as they are until they change.
        if let Some(level) = level {
            replicas.push_str(&format!("{},{level} ", x(at)));
        }
        level = Some(y(count, most_replicas));
        replicas.push_str(&format!("{},{} ", x(at), y(count, most_replicas)));
    }
    let fewest = history.iter().map(|sample| sample.1).min().unwrap_or(0);
    let most = history.iter().map(|sample| sample.1).max().unwrap_or(0);
    let label = format!("The last hour: {fewest} to {most} replicas");
    let wanted = target.map(|target| y(target, most_load));
    view! {
        <svg role="img" aria-label=label viewBox="0 0 3600 480" preserveAspectRatio="none" class="mt-1 h-14 w-full">
            {wanted
                .map(|y| {
                    view! {
                        <line x1="0" y1=y x2="3600" y2=y class="stroke-line-strong" stroke-dasharray="3 3" vector-effect="non-scaling-stroke" />
                    }
                })}
            <polyline points=load fill="none" class="stroke-accent" stroke-width="1.5" stroke-linejoin="round" vector-effect="non-scaling-stroke" />
            <polyline points=replicas fill="none" class="stroke-soft" stroke-width="1.25" vector-effect="non-scaling-stroke" />
        </svg>
        <div class="flex gap-4 text-sm text-faint" aria-hidden="true">
            <span>
                <span class="text-accent">"━"</span>
                " CPU"
            </span>
            <span>
                <span class="text-soft">"━"</span>
                " replicas"
            </span>
            <span>"last hour"</span>
        </div>
    }
}
