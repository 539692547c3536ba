//! How many entries there were when, as bars that lead to their time.

use domain::log::counts::{Bar, Chart};
use domain::log::query::{LogQuery, Since};
use leptos::prelude::*;

use crate::clock::{exact_time, time_of_day};
use crate::components::count::thousands;
use crate::links;

/// The width of a bar with its gap, and the height of the highest.
const BAR: (f64, f64) = (8.0, 48.0);

/// The bars; nothing where there is no time to choose.
pub fn chart(query: &LogQuery, chart: &Chart) -> Option<impl IntoView + use<>> {
    let (first, last) = chart.bars.first().zip(chart.bars.last())?;
    if chart.bars.len() < 2 {
        return None;
    }
    let (width, height) = BAR;
    let highest = chart.bars.iter().map(|bar| bar.tally.all()).max().unwrap_or_default().max(1);
    let whole = width * chart.bars.len() as f64;
    let bars: Vec<_> = (0u32..)
        .zip(&chart.bars)
        .filter(|(_, bar)| bar.tally.all() > 0)
        .map(|(place, bar)| {
            let end = bar.start.saturating_add(i64::from(chart.step_seconds));
            let address = links::logs(&LogQuery { since: Since::At(bar.start), until: Some(end), ..query.clone() });
            let x = width * f64::from(place);
            // The worst stands on the ground, where it is seen first.
            let mut y = height;
            let parts = [
                (bar.tally.errors, "fill-failed"),
                (bar.tally.warnings, "fill-degraded"),
                (bar.tally.others, "fill-line-strong"),
            ];
            let parts: Vec<_> = parts
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, class)| {
                    let part = (height * count as f64 / highest as f64).max(1.0);
                    y -= part;
                    view! { <rect x=x y=y width=width - 1.0 height=part class=class></rect> }
                })
                .collect();
            // Whoever has no pointer finds the fields of the form.
            view! {
                <a href=address tabindex="-1" class="hover:opacity-70">
                    <title>{said(bar, chart.step_seconds)}</title>
                    <rect x=x y="0" width=width height=height class="fill-transparent"></rect>
                    {parts}
                </a>
            }
        })
        .collect();
    let box_ = format!("0 0 {whole} {height}");
    let from = exact_time(first.start);
    let until = exact_time(last.start.saturating_add(i64::from(chart.step_seconds)));
    let step = step_words(chart.step_seconds);
    Some(view! {
        <figure class="grid gap-0.5 text-xs text-faint">
            <svg viewBox=box_ preserveAspectRatio="none" class="h-12 w-full max-w-4xl" aria-hidden="true">
                {bars}
            </svg>
            <figcaption class="flex max-w-4xl flex-wrap justify-between gap-x-4">
                <span>{from}</span>
                <span>"Entries per " {step} ", from where all containers are read: a bar leads to its time"</span>
                <span>{until}</span>
            </figcaption>
        </figure>
    })
}

fn said(bar: &Bar, step: u32) -> String {
    let count = |count: u64, one: &str, more: &str| {
        let words = if count == 1 { one } else { more };
        [&thousands(u32::try_from(count).unwrap_or(u32::MAX)), " ", words].concat()
    };
    let tally = &bar.tally;
    format!(
        "{} to {}: {}, {}, {}",
        time_of_day(bar.start),
        time_of_day(bar.start.saturating_add(i64::from(step))),
        count(tally.errors, "error", "errors"),
        count(tally.warnings, "warning", "warnings"),
        count(tally.others, "other", "others"),
    )
}

/// A length of time as a word: `10 seconds`, `minute`.
fn step_words(seconds: u32) -> String {
    let (count, unit) = match seconds {
        s if s % 86_400 == 0 => (s / 86_400, "day"),
        s if s % 3_600 == 0 => (s / 3_600, "hour"),
        s if s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    if count == 1 { unit.to_owned() } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_said_as_people_say_it() {
        for (seconds, words) in [
            (1, "second"),
            (10, "10 seconds"),
            (60, "minute"),
            (1_800, "30 minutes"),
            (3_600, "hour"),
            (432_000, "5 days"),
        ] {
            assert_eq!(step_words(seconds), words);
        }
    }
}
