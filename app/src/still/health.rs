//! The checks: of all environments beside each other, and of one with its past.

use domain::age::Age;
use domain::check::history::{Past, STRIP, Sample, Uptime};
use domain::check::{CheckKind, CheckResult, Outcome};
use domain::name::EnvironmentId;
use domain::registry::Tier;
use leptos::prelude::*;

use super::forms::{CARD, Notice, PRIMARY, SECONDARY, Tone};
use crate::clock::{exact_time, machine_time};
use crate::components::build::BuildField;
use crate::components::state_mark::{Glyph, colour};
use crate::components::tier_chip::EnvironmentTitle;
use crate::links;

/// Microseconds in a second.
const SECOND_US: i64 = 1_000_000;
/// Width and height of one result in a strip.
const BAR: (usize, u32) = (4, 20);

/// An environment and what its checks found last.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvironmentChecks {
    /// Which.
    pub id: EnvironmentId,
    /// The system's name on screen.
    pub system: String,
    /// The environment's name on screen.
    pub title: String,
    /// From the registry.
    pub tier: Tier,
    /// In the order of the checks; empty until they have run.
    pub results: Vec<CheckResult>,
}

impl EnvironmentChecks {
    /// How bad it is, and how much of that there is: for sorting, worst last.
    fn badness(&self) -> (usize, usize) {
        let count = |outcome| self.results.iter().filter(|result| result.outcome == outcome).count();
        let unknown = if self.results.is_empty() { 1 } else { count(Outcome::Unknown) };
        (count(Outcome::Failed), count(Outcome::Warning) * CheckKind::ALL.len() + unknown)
    }
}

/// What the page of all environments shows.
#[derive(Debug, Clone, PartialEq)]
pub struct AllChecks {
    /// Those that are seen.
    pub environments: Vec<EnvironmentChecks>,
    /// Whether the page loads itself again.
    pub refreshes: bool,
    /// The clock, microseconds since 1970.
    pub now: i64,
}

/// What the page of one environment shows.
#[derive(Debug, Clone, PartialEq)]
pub struct OneEnvironment {
    /// The environment with its results.
    pub checks: EnvironmentChecks,
    /// The past of each check.
    pub pasts: Vec<Past>,
    /// What came of the button.
    pub notice: Option<(Tone, String)>,
    /// Whether the page loads itself again.
    pub refreshes: bool,
    /// The clock, microseconds since 1970.
    pub now: i64,
}

/// The page of all environments, the worst first.
pub fn all(page: AllChecks) -> AnyView {
    let AllChecks { mut environments, refreshes, now } = page;
    environments.sort_by_key(|environment| std::cmp::Reverse(environment.badness()));
    let failing = environments.iter().filter(|environment| environment.badness().0 > 0).count();
    let sentence = match (failing, environments.len()) {
        (_, 0) => "There is no environment that you may look at.".to_owned(),
        (0, _) => calm(&environments),
        (1, _) => "Checks fail in one environment.".to_owned(),
        (failing, _) => format!("Checks fail in {failing} environments."),
    };
    let heads = CheckKind::ALL.map(|kind| {
        view! {
            <th scope="col" class="px-3 py-2 text-left font-medium" title=kind.title()>
                {kind.word()}
            </th>
        }
    });
    let rows = environments.into_iter().map(|environment| row(environment, now)).collect_view();
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4">
            <div>
                <h1 class="text-xl font-semibold">"Health"</h1>
                <p class="text-soft">{sentence}</p>
                {refresh_link(links::HEALTH.to_owned(), refreshes)}
            </div>
            <div class="rounded-lg border border-line bg-panel max-md:border-0 max-md:bg-transparent">
                <table class="w-full text-sm max-md:block">
                    <caption class="sr-only">"What the checks of each environment found last, the worst environment first"</caption>
                    <thead class="border-b border-line text-xs text-faint max-md:sr-only">
                        <tr>
                            <th scope="col" class="px-3 py-2 text-left font-medium">
                                "Environment"
                            </th>
                            {heads}
                        </tr>
                    </thead>
                    <tbody class="max-md:grid max-md:gap-3">{rows}</tbody>
                </table>
            </div>
        </div>
    }
    .into_any()
}

/// What is said where nothing fails, as far as is known.
fn calm(environments: &[EnvironmentChecks]) -> String {
    if environments.iter().all(|environment| environment.results.is_empty()) {
        return "Nothing was checked yet.".to_owned();
    }
    let known = |outcome| outcome != Outcome::Unknown;
    let known =
        environments.iter().flat_map(|environment| &environment.results).filter(|one| known(one.outcome)).count();
    match environments.len() * CheckKind::ALL.len() - known {
        0 => "No check fails.".to_owned(),
        1 => "No check fails; one is not known.".to_owned(),
        unknown => format!("No check fails; {unknown} are not known."),
    }
}

fn row(environment: EnvironmentChecks, now: i64) -> impl IntoView {
    let EnvironmentChecks { id, system, title, tier, results } = environment;
    let title: std::sync::Arc<str> = title.into();
    let cells = CheckKind::ALL.map(|kind| {
        let result = results.iter().find(|result| result.kind == kind);
        let (outcome, word, why) = match result {
            Some(result) => (result.outcome, result.outcome.word(), result.sentence.to_string()),
            None => (Outcome::Unknown, "Not run yet", "It has not run since the program started.".to_owned()),
        };
        let age = result.filter(|result| result.outcome != Outcome::NotConfigured).map(|result| ago(result.at, now));
        view! {
            <td class="px-3 py-2 align-top max-md:flex max-md:items-baseline max-md:justify-between max-md:gap-3 max-md:py-1">
                <span class="hidden text-soft max-md:inline">{kind.word()}</span>
                <span class="max-md:text-right" title=why>
                    {mark(outcome, word)}
                    <span class="block text-xs text-faint">{age}</span>
                </span>
            </td>
        }
    });
    view! {
        <tr class="border-t border-line first:border-t-0 max-md:block max-md:rounded-lg max-md:border max-md:border-line max-md:bg-panel max-md:py-2 max-md:first:border-t">
            <th scope="row" class="px-3 py-2 text-left font-normal max-md:block">
                <a href=links::health(&id) class="inline-flex min-h-6 flex-wrap items-center gap-x-2 text-accent underline">
                    <span>{system}</span>
                    <EnvironmentTitle title=title tier=tier />
                </a>
            </th>
            {cells}
        </tr>
    }
}

/// The page of one environment.
pub fn one(page: OneEnvironment) -> AnyView {
    let OneEnvironment {
        checks: EnvironmentChecks { id, system, title, tier, results },
        pasts,
        notice,
        refreshes,
        now,
    } = page;
    let title: std::sync::Arc<str> = title.into();
    let cards = CheckKind::ALL.map(|kind| {
        let result = results.iter().find(|result| result.kind == kind);
        card(kind, result, pasts.iter().find(|past| past.kind == kind), now)
    });
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4">
            <div>
                <h1 class="flex flex-wrap items-center gap-3 text-xl font-semibold">
                    {["Health of ", &system].concat()} <EnvironmentTitle title=title tier=tier />
                </h1>
                <p class="flex flex-wrap gap-x-4">
                    <a href=links::environment(&id) class="inline-flex min-h-6 items-center text-accent underline">
                        "To the environment"
                    </a>
                    <a href=links::HEALTH class="inline-flex min-h-6 items-center text-accent underline">
                        "All environments"
                    </a>
                </p>
                {refresh_link(links::health(&id), refreshes)}
            </div>
            {notice.map(|(tone, text)| view! { <Notice tone text /> })}
            <form method="post" action="/health/run">
                <BuildField />
                <input type="hidden" name="environment" value=id.to_string() />
                <button type="submit" class=PRIMARY>
                    "Check now"
                </button>
            </form>
            <ul class="grid grid-cols-[minmax(0,1fr)] gap-3 xl:grid-cols-[repeat(2,minmax(0,1fr))]">{cards}</ul>
        </div>
    }
    .into_any()
}

fn card(kind: CheckKind, result: Option<&CheckResult>, past: Option<&Past>, now: i64) -> impl IntoView + use<> {
    let heading = ["check-", kind.as_str()].concat();
    let (outcome, word, sentence) = match result {
        Some(result) => (result.outcome, result.outcome.word(), result.sentence.to_string()),
        None => (Outcome::Unknown, "Not run yet", "It has not run since the program started.".to_owned()),
    };
    let asked = result.map(|result| {
        let latency = result.latency_ms.map(|latency| format!(", answered in {latency} ms")).unwrap_or_default();
        // In one piece: between pieces an empty one would leave a space.
        let rest = format!(" ago{latency}; again in about {} s.", result.pause_s);
        view! {
            <p class="text-sm text-faint">
                "Checked " {ago(result.at, now)} {rest}
            </p>
        }
    });
    let is_configured = outcome != Outcome::NotConfigured;
    let past = past.filter(|past| is_configured || !past.strip.is_empty()).map(|past| history(kind, past, now));
    view! {
        <li class=[CARD, " grid grid-cols-[minmax(0,1fr)] content-start gap-2"].concat() aria-labelledby=heading.clone()>
            <div class="flex flex-wrap items-center justify-between gap-2">
                <h2 id=heading.clone() class="font-semibold">
                    {kind.title()}
                </h2>
                {mark(outcome, word)}
            </div>
            <p class="[overflow-wrap:anywhere]">{sentence}</p>
            {asked}
            {past}
        </li>
    }
}

fn history(kind: CheckKind, past: &Past, now: i64) -> impl IntoView + use<> {
    let good = match past.last_good {
        Some(at) => view! { <span>"Last good " {ago(at, now)} " ago"</span> }.into_any(),
        None => view! { <span>"Not seen good in the last 30 days"</span> }.into_any(),
    };
    let uptimes = ["24 h", "7 d", "30 d"].into_iter().zip(past.uptimes).map(|(period, uptime)| {
        view! {
            <div>
                <dt class="text-xs text-faint">{["Up in ", period].concat()}</dt>
                <dd>{up(uptime)}</dd>
                <dd class="text-xs text-faint">{["known: ", &percent(uptime.known_per_mille())].concat()}</dd>
            </div>
        }
    });
    view! {
        {strip(kind, &past.strip)}
        <p class="text-sm text-soft">{good}</p>
        <dl class="flex flex-wrap gap-x-8 gap-y-2">{uptimes.collect_view()}</dl>
    }
}

/// The last results, the newest at the right: each a bar whose colour and height say how it was.
fn strip(kind: CheckKind, samples: &[Sample]) -> impl IntoView + use<> {
    let (width, height) = BAR;
    let free = STRIP.saturating_sub(samples.len());
    let bars = samples.iter().enumerate().map(|(place, sample)| {
        let (class, part) = match sample.outcome {
            Outcome::Ok => ("fill-ready", height / 2),
            Outcome::Warning => ("fill-degraded", height * 3 / 4),
            Outcome::Failed => ("fill-failed", height),
            Outcome::Unknown => ("fill-unknown", height / 4),
            Outcome::NotConfigured => ("fill-line", height / 4),
        };
        let latency = sample.latency_ms.map(|latency| format!(", {latency} ms")).unwrap_or_default();
        let words = [&exact_time(sample.at / SECOND_US), ": ", sample.outcome.word(), &latency].concat();
        view! {
            <rect x=(free + place) * width y=height - part width=width - 1 height=part class=class>
                <title>{words}</title>
            </rect>
        }
    });
    let count = |outcome| samples.iter().filter(|sample| sample.outcome == outcome).count();
    let told = format!(
        "{}, the last {} results: {} ok, {} warnings, {} failed, {} unknown",
        kind.title(),
        samples.len(),
        count(Outcome::Ok),
        count(Outcome::Warning),
        count(Outcome::Failed),
        count(Outcome::Unknown)
    );
    let box_ = format!("0 0 {} {height}", STRIP * width);
    view! {
        <svg role="img" aria-label=told viewBox=box_ preserveAspectRatio="none" class="h-5 w-full rounded-sm bg-raised">
            {bars.collect_view()}
        </svg>
    }
}

fn mark(outcome: Outcome, word: &'static str) -> impl IntoView {
    let state = outcome.state();
    view! {
        <span class=["inline-flex items-center gap-1.5 whitespace-nowrap font-medium ", colour(state)].concat()>
            <Glyph state />
            {word}
        </span>
    }
}

fn ago(at: i64, now: i64) -> impl IntoView {
    let seconds = at / SECOND_US;
    view! {
        <time datetime=machine_time(seconds) title=exact_time(seconds) class="whitespace-nowrap">
            {Age::between_ms(at / 1000, now / 1000).to_string()}
        </time>
    }
}

fn refresh_link(address: String, refreshes: bool) -> impl IntoView {
    let separator = if address.contains('?') { "&" } else { "?" };
    if refreshes {
        return view! {
            <p class="mt-2 text-sm text-soft">
                "This page loads itself again every 15 s. "
                <a href=address class="inline-flex min-h-6 items-center text-accent underline">
                    "Stop that"
                </a>
            </p>
        }
        .into_any();
    }
    let address = [&address, separator, "refresh"].concat();
    view! {
        <p class="mt-2">
            <a href=address class=[SECONDARY, " inline-flex items-center"].concat()>
                "Keep it up to date"
            </a>
        </p>
    }
    .into_any()
}

fn up(uptime: Uptime) -> String {
    // Of less than a hundredth of the time nothing is said.
    uptime.per_mille().filter(|_| uptime.known_per_mille() >= 10).map_or_else(|| "not known".to_owned(), percent)
}

/// `99.9 %`.
fn percent(per_mille: u16) -> String {
    match per_mille % 10 {
        0 => format!("{} %", per_mille / 10),
        tenth => format!("{}.{tenth} %", per_mille / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_written_as_people_write_them() {
        for (per_mille, expected) in [(1000, "100 %"), (999, "99.9 %"), (5, "0.5 %"), (0, "0 %")] {
            assert_eq!(percent(per_mille), expected);
        }
        assert_eq!(up(Uptime::default()), "not known");
    }

    fn of(outcomes: &[Outcome]) -> EnvironmentChecks {
        EnvironmentChecks {
            id: "shop/production".parse().unwrap(),
            system: "The Shop".into(),
            title: "Production".into(),
            tier: Tier::Production,
            results: outcomes
                .iter()
                .zip(CheckKind::ALL)
                .map(|(outcome, kind)| CheckResult {
                    kind,
                    at: 0,
                    outcome: *outcome,
                    sentence: "".into(),
                    latency_ms: None,
                    pause_s: 30,
                })
                .collect(),
        }
    }

    #[test]
    fn nothing_is_called_calm_of_which_nothing_is_known() {
        use Outcome::{NotConfigured, Ok, Unknown};
        let (all, but_one) = ([Ok; 7], [Ok, Ok, Unknown, NotConfigured, Ok, Ok, Ok]);
        for (environments, expected) in [
            (vec![of(&[]), of(&[])], "Nothing was checked yet."),
            (vec![of(&all), of(&all)], "No check fails."),
            (vec![of(&all), of(&but_one)], "No check fails; one is not known."),
            (vec![of(&all), of(&[])], "No check fails; 7 are not known."),
            (vec![of(&[Ok, Ok])], "No check fails; 5 are not known."),
        ] {
            assert_eq!(calm(&environments), expected);
        }
    }

    #[test]
    fn what_fails_stands_before_what_warns_and_that_before_what_is_not_known() {
        use Outcome::{Failed, Ok, Unknown, Warning};
        let worst_first =
            [&[Failed, Failed][..], &[Failed], &[Warning, Unknown], &[Warning], &[Unknown, Unknown], &[], &[Ok, Ok]];
        let order: Vec<_> = worst_first.iter().map(|outcomes| of(outcomes).badness()).collect();
        assert!(order.windows(2).all(|pair| pair[0] > pair[1]), "{order:?}");
    }
}
