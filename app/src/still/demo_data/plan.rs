//! The plan of a reset: what will be lost, what will be there, and what speaks against it.

use std::sync::Arc;

use domain::guard::Line;
use domain::registry::Tier;
use leptos::prelude::*;

use crate::clock::exact_time;
use crate::components::build::BuildField;
use crate::components::tier_chip::TierChip;
use crate::links;
use crate::still::forms::{CARD, DANGER, Notice, ReasonField, SECONDARY, Tone, TypedField};
use crate::still::plan::{line, summary};

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanPage {
    /// `Fleet Management / Staging`.
    pub place: Arc<str>,
    /// Its tier.
    pub tier: Tier,
    /// `Reset demo data`.
    pub title: &'static str,
    /// The plan; none where none could be made.
    pub plan: Option<PlanView>,
    /// What came of the form that was sent, or why there is no plan.
    pub notice: Option<(Tone, String)>,
}

/// A plan that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanView {
    /// Its lines, worst first.
    pub lines: Vec<Line>,
    /// Why the button is off; empty when only the form is missing something.
    pub off: Vec<String>,
    /// Whether a reason is asked for.
    pub reason: bool,
    /// What is typed to confirm.
    pub name: Arc<str>,
    /// The reason that was typed already.
    pub why: String,
    /// What the form carries.
    pub carries: Vec<(&'static str, String)>,
    /// When the facts were read, seconds since 1970.
    pub read: i64,
}

/// The page.
pub fn plan(page: PlanPage) -> AnyView {
    let PlanPage { place, tier, title, plan, notice } = page;
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] max-w-3xl gap-4">
            <div>
                <p class="text-sm">
                    <a href=links::DEMO_DATA class="text-accent underline">
                        "Demo data"
                    </a>
                </p>
                <h1 class="flex flex-wrap items-center gap-x-3 text-xl font-semibold [overflow-wrap:anywhere]">
                    {title} " of " {place} <TierChip tier />
                </h1>
            </div>
            {notice.map(|(tone, text)| view! { <Notice tone text /> })}
            {plan.map(|plan| planned(plan, title))}
        </div>
    }
    .into_any()
}

fn planned(plan: PlanView, title: &'static str) -> impl IntoView {
    let PlanView { lines, off, reason, name, why, carries, read } = plan;
    let is_off = !off.is_empty();
    let summary = summary(&lines);
    let lines = lines.into_iter().map(line).collect_view();
    let hidden =
        carries.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view();
    let off = (!off.is_empty()).then(|| {
        let reasons = off.into_iter().map(|why| view! { <li>{why}</li> }).collect_view();
        view! {
            <div id="off" class="rounded border border-line bg-failed-ground px-3 py-2 text-failed">
                <p class="font-semibold">"Not from here, because:"</p>
                <ul class="list-disc pl-5">{reasons}</ul>
            </div>
        }
    });
    let reason = reason.then(|| view! { <ReasonField why disabled=is_off /> });
    view! {
        {off}
        <section class=CARD aria-labelledby="plan">
            <div class="mb-2 flex flex-wrap items-baseline justify-between gap-2">
                <h2 id="plan" class="text-lg font-semibold">"What will happen"</h2>
                <span class="text-sm text-faint">"read from the database " {exact_time(read)}</span>
            </div>
            <p class="mb-2 text-soft">{summary}</p>
            <ul class="grid gap-1.5">{lines}</ul>
        </section>
        <form method="post" action=links::DEMO_DATA_RESET class=[CARD, " grid gap-3"].concat()>
            <BuildField />
            {hidden} {reason} <TypedField name disabled=is_off />
            <div class="flex flex-wrap items-center gap-2">
                <button type="submit" class=[DANGER, " disabled:opacity-50"].concat() disabled=is_off aria-describedby=is_off.then_some("off")>
                    {title}
                </button>
                <a href=links::DEMO_DATA class=[SECONDARY, " inline-flex items-center"].concat()>
                    "Cancel"
                </a>
            </div>
        </form>
    }
}
