//! The flight plan: what would happen, in sentences, before anything does.

mod choice;

use std::sync::Arc;

use domain::guard::facts::FieldDiff;
use domain::guard::{Level, Line, Moment};
use domain::registry::Tier;
use domain::view::State;
use leptos::prelude::*;

use choice::choosing;
pub use choice::{Choice, RevisionChoice};

use super::command::command;
use super::forms::{CARD, DANGER, Notice, PRIMARY, ReasonField, SECONDARY, Tone, TypedField};
use crate::clock::exact_time;
use crate::components::build::BuildField;
use crate::components::state_mark::Glyph;

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanView {
    /// `Fleet Management / Production`.
    pub place: Arc<str>,
    /// How careful one must be there.
    pub tier: Tier,
    /// `Restart fleet-api`.
    pub title: String,
    /// The name of the target.
    pub name: Arc<str>,
    /// Where its page is.
    pub component: String,
    /// What can be chosen.
    pub choice: Choice,
    /// What the address of the plan carries besides the choice.
    pub asks: Vec<(&'static str, String)>,
    /// The plan; none while something has to be chosen first.
    pub plan: Option<Planned>,
    /// What its containers read, of a restart: `ConfigMap fleet-config`, and where everything that reads it can be restarted.
    pub reads: Vec<(String, String)>,
    /// What came of the form that was sent, or why there is no plan.
    pub notice: Option<(Tone, String)>,
}

/// A plan that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Its lines, worst first.
    pub lines: Vec<Line>,
    /// Why the button is off; empty when only the form is missing something.
    pub off: Vec<String>,
    /// What stands on the button.
    pub button: &'static str,
    /// Whether it takes something away or interrupts.
    pub dangerous: bool,
    /// Whether a reason is asked for.
    pub reason: bool,
    /// Whether the name is to be typed.
    pub typed: bool,
    /// The reason that was typed already.
    pub why: String,
    /// What the form carries.
    pub carries: Vec<(&'static str, String)>,
    /// The command that would do the same.
    pub kubectl: String,
    /// What a rollback changes, field by field.
    pub diff: Vec<FieldDiff>,
    /// When the facts were read, seconds since 1970.
    pub read: i64,
}

/// The page.
pub fn plan(page: PlanView) -> AnyView {
    let PlanView { place, tier, title, name, component, choice, asks, plan, reads, notice } = page;
    let again = (plan.is_none() && choice == Choice::Nothing).then(|| again(&asks, &name, &component));
    let choice = choosing(choice, &asks);
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] max-w-3xl gap-4">
            <div>
                <p class="text-sm">
                    <a href=component.clone() class="text-accent underline">
                        {name.clone()}
                    </a>
                </p>
                <h1 class="text-xl font-semibold [overflow-wrap:anywhere]">{title} " in " {place}</h1>
            </div>
            {notice.map(|(tone, text)| view! { <Notice tone text /> })}
            {again}
            {choice}
            {plan.map(|plan| planned(plan, tier, name, component))}
            {(!reads.is_empty()).then(|| sources(reads))}
        </div>
    }
    .into_any()
}

/// Where no plan could be made: the same again, or back.
fn again(asks: &[(&'static str, String)], name: &Arc<str>, component: &str) -> impl IntoView + use<> {
    view! {
        <form method="get" action="/operations/plan" class="flex flex-wrap gap-2">
            {hidden(asks)} <button type="submit" class=SECONDARY>
                "Try again"
            </button>
            <a href=component.to_owned() class=[SECONDARY, " inline-flex items-center"].concat()>
                "Back to "
                {name.clone()}
            </a>
        </form>
    }
}

/// What the address of the plan carries, as fields.
fn hidden(asks: &[(&'static str, String)]) -> Vec<impl IntoView + use<>> {
    asks.iter().map(|(name, value)| view! { <input type="hidden" name=*name value=value.clone() /> }).collect()
}

fn planned(plan: Planned, tier: Tier, name: Arc<str>, component: String) -> impl IntoView {
    let Planned { lines, off, button, dangerous, reason, typed, why, carries, kubectl, diff, read } = plan;
    let is_off = !off.is_empty();
    let summary = summary(&lines);
    let moments: Vec<Moment> = lines.iter().filter_map(|line| line.moment.clone()).collect();
    let lines = lines.into_iter().map(line).collect_view();
    let hidden =
        carries.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view();
    let off = (!off.is_empty()).then(|| {
        let reasons = off.iter().map(|why| view! { <li>{timed(why, &moments)}</li> }).collect_view();
        view! {
            <div id="off" class="rounded border border-line bg-failed-ground px-3 py-2 text-failed">
                <p class="font-semibold">"Not from here, because:"</p>
                <ul class="list-disc pl-5">{reasons}</ul>
            </div>
        }
    });
    let reason = reason.then(|| view! { <ReasonField why disabled=is_off /> });
    let typed = typed.then(|| view! { <TypedField name disabled=is_off /> });
    let class = if dangerous || tier == Tier::Production { DANGER } else { PRIMARY };
    let differences = (!diff.is_empty()).then(|| differences(diff));
    view! {
        {off}
        <section class=CARD aria-labelledby="plan">
            <div class="mb-2 flex flex-wrap items-baseline justify-between gap-2">
                <h2 id="plan" class="text-lg font-semibold">"What will happen"</h2>
                <span class="text-sm text-faint">"read from the cluster " {exact_time(read)}</span>
            </div>
            <p class="mb-2 text-soft">{summary}</p>
            <ul class="grid gap-1.5">{lines}</ul>
        </section>
        {differences}
        <form method="post" action="/operations" class=[CARD, " grid gap-3"].concat()>
            <BuildField />
            {hidden} {reason}
            {typed}
            <div class="flex flex-wrap items-center gap-2">
                <button type="submit" class=[class, " disabled:opacity-50"].concat() disabled=is_off aria-describedby=is_off.then_some("off")>
                    {button}
                </button>
                <a href=component class=[SECONDARY, " inline-flex items-center"].concat()>
                    "Cancel"
                </a>
            </div>
        </form>
        <section class=CARD aria-labelledby="kubectl">
            <h2 id="kubectl" class="mb-1 text-sm text-faint">"The same with kubectl, which checks none of this and leaves no record here"</h2>
            {command(kubectl)}
        </section>
    }
}

/// The way to everything that reads the same.
fn sources(reads: Vec<(String, String)>) -> impl IntoView {
    let reads = reads
        .into_iter()
        .map(|(source, address)| {
            view! {
                <li>
                    <a href=address class="text-accent hover:underline [overflow-wrap:anywhere]">
                        "Restart everything that reads " {source}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class=CARD aria-labelledby="reads">
            <h2 id="reads" class="font-medium">"After a change of its configuration"</h2>
            <p class="my-1 text-soft">"One workload after the other; if one fails, the rest stays as it is."</p>
            <ul class="grid gap-1">{reads}</ul>
        </section>
    }
}

/// The plan in a sentence.
pub(super) fn summary(lines: &[Line]) -> String {
    let count = |level: Level| lines.iter().filter(|line| line.level == level).count();
    let things = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 thing {what}")),
        count => Some(format!("{count} things {}", what.replacen("is ", "are ", 1).replacen("blocks", "block", 1))),
    };
    let said: Vec<String> = [
        things(count(Level::Red), "blocks it"),
        things(count(Level::Unknown), "is not known"),
        things(count(Level::Amber), "to mind"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if said.is_empty() { "Nothing speaks against it.".to_owned() } else { [&said.join(", "), "."].concat() }
}

/// How a level is drawn.
fn drawn(level: Level) -> (State, &'static str) {
    match level {
        Level::Green => (State::Ready, "Fine"),
        Level::Amber => (State::Degraded, "Mind"),
        Level::Unknown => (State::Unknown, "Not known"),
        Level::Red => (State::Failed, "Blocked"),
    }
}

/// A sentence with the moment that it names as an element, to which the script adds the time of whoever looks (`browser/moments.rs`).
fn timed(text: &str, moments: &[Moment]) -> AnyView {
    let named = moments.iter().find_map(|moment| Some((moment, text.split_once(&*moment.words)?)));
    let Some((Moment { words, exact }, (before, after))) = named else { return text.to_owned().into_any() };
    view! {
        {before.to_owned()}
        <time datetime=exact.clone() data-moment="">
            {words.clone()}
        </time>
        {after.to_owned()}
    }
    .into_any()
}

/// A line: how it is meant, what it says, and where that is from.
pub(super) fn line(line: Line) -> impl IntoView {
    let (state, word) = drawn(line.level);
    let from = match line.at {
        Some(at) => [&line.source, ", read ", &exact_time(at)].concat(),
        None => line.source.to_string(),
    };
    view! {
        <li class="flex gap-2" data-level=word>
            <span class="mt-1">
                <Glyph state size="12" />
            </span>
            <span class="min-w-0 [overflow-wrap:anywhere]" title=from>
                <span class="sr-only">{word} ": "</span>
                {timed(&line.text, line.moment.as_slice())}
                <span class="text-sm text-faint">" " {line.source}</span>
            </span>
        </li>
    }
}

fn differences(diff: Vec<FieldDiff>) -> impl IntoView {
    let rows = diff
        .into_iter()
        .map(|FieldDiff { field, now, then }| {
            let shown = |text: Arc<str>| if text.is_empty() { "–".into() } else { text };
            view! {
                <tr class="border-t border-line align-top">
                    <th scope="row" class="px-3 py-1.5 text-left font-mono text-sm font-normal [overflow-wrap:anywhere]">{field}</th>
                    <td class="px-3 py-1.5 font-mono text-sm [overflow-wrap:anywhere]">{shown(now)}</td>
                    <td class="px-3 py-1.5 font-mono text-sm [overflow-wrap:anywhere]">{shown(then)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="overflow-hidden rounded-lg border border-line bg-panel" aria-labelledby="diff">
            <h2 id="diff" class="border-b border-line px-3 py-2 font-semibold">"What changes in the pod template"</h2>
            <table class="w-full table-fixed">
                <thead class="text-xs text-faint">
                    <tr>
                        <th scope="col" class="px-3 py-2 text-left font-semibold">"Field"</th>
                        <th scope="col" class="px-3 py-2 text-left font-semibold">"Now"</th>
                        <th scope="col" class="px-3 py-2 text-left font-semibold">"Then"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="border-t border-line px-3 py-2 text-sm text-faint">
                "Values of environment variables, arguments and commands are compared and not shown."
            </p>
        </section>
    }
}
