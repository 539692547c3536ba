//! A reset: the steps it came to, what came of it, and once the passwords that it made.

use std::collections::BTreeMap;

use domain::demo_data::record::{Kind, Passwords, Reached, Record};
use domain::demo_data::step::Step;
use domain::operation::life::Stage;
use domain::view::State;
use leptos::prelude::*;

use super::drawn;
use crate::clock::{exact_time, machine_time};
use crate::components::build::BuildField;
use crate::components::state_mark::{Glyph, colour};
use crate::components::tier_chip::TierChip;
use crate::links;
use crate::still::forms::{CARD, PRIMARY, SECONDARY};
use crate::still::plan::line;

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ResetView {
    /// The reset.
    pub record: Record,
    /// Whether who looks pressed it and may ask for its passwords; whether they were shown, the database knows.
    pub may_show: bool,
    /// Whether who looks may put back what was there before.
    pub may_undo: bool,
    /// Whether they came second, and this is what the first one pressed.
    pub is_quicker: bool,
}

/// The page.
pub fn reset(page: ResetView) -> AnyView {
    let ResetView { record, may_show, may_undo, is_quicker } = page;
    let (state, word) = drawn(record.stage());
    let said = match (record.verdict.is_empty(), record.waiting.is_empty()) {
        (false, _) => record.verdict.to_string(),
        (true, false) => record.waiting.to_string(),
        (true, true) => format!("{}.", record.step().map_or("On its way", Step::words)),
    };
    let quicker = is_quicker.then(|| {
        let text = format!("{} was quicker: this is theirs. Nothing of yours was done.", record.by.name);
        view! {
            <p role="alert" class="rounded border border-line bg-degraded-ground px-3 py-2 text-degraded">
                {text}
            </p>
        }
    });
    let shows = may_show.then(|| {
        let id = record.id.to_string();
        view! {
            <form method="post" action="/demo-data/passwords" class=[CARD, " grid gap-2"].concat()>
                <BuildField />
                <input type="hidden" name="id" value=id />
                <p>"The new passwords are shown once, to you, within 15 minutes of the reset. Whoever did not copy them resets again."</p>
                <p>
                    <button type="submit" class=PRIMARY>
                        "Show the new passwords"
                    </button>
                </p>
            </form>
        }
    });
    let undo = may_undo.then(|| {
        let address = links::demo_data_undo(&record.environment, record.id);
        view! {
            <p>
                <a href=address class=[SECONDARY, " inline-flex items-center"].concat()>
                    "Put the snapshot back…"
                </a>
            </p>
        }
    });
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] max-w-3xl gap-4">
            <div>
                <p class="text-sm">
                    <a href=links::DEMO_DATA class="text-accent underline">
                        "Demo data"
                    </a>
                    <span class="text-soft">" of " {record.place.clone()}</span>
                </p>
                <h1 class="flex flex-wrap items-center gap-x-3 text-xl font-semibold [overflow-wrap:anywhere]">
                    {record.title()} <TierChip tier=record.tier />
                </h1>
                <p class="mt-1 flex flex-wrap items-center gap-x-3" role="status">
                    <span class=["inline-flex items-center gap-1.5 font-medium ", colour(state)].concat()>
                        <Glyph state />
                        {word}
                    </span>
                    <span class="[overflow-wrap:anywhere]">{said}</span>
                </p>
            </div>
            {quicker}
            {shows}
            {undo}
            {steps(&record)}
            {(!record.before.is_empty()).then(|| rows(&record))}
            {facts(&record)}
        </div>
    }
    .into_any()
}

/// The steps that this one takes.
fn is_taken(record: &Record, step: Step) -> bool {
    match step {
        Step::Passwords => match record.passwords {
            Passwords::None => false,
            Passwords::Made(_) | Passwords::Kept(_) => true,
        },
        Step::ClearCache => record.cache != domain::demo_data::record::Cache::None,
        Step::Connect
        | Step::Lock
        | Step::Identify
        | Step::Schema
        | Step::Count
        | Step::Snapshot
        | Step::Truncate
        | Step::Seed
        | Step::Verify
        | Step::Record
        | Step::Commit
        | Step::Check => true,
    }
}

/// Each step, with how far it is.
fn steps(record: &Record) -> impl IntoView + use<> {
    let (last, stage) = (record.step(), record.stage());
    let rows = Step::ALL
        .into_iter()
        .filter(|step| is_taken(record, *step))
        .map(|step| {
            let reached: Option<&Reached> = record.steps.iter().find(|reached| reached.step == step);
            let is_last = last == Some(step);
            let (state, word) = match (reached, is_last, stage) {
                (Some(_), _, Stage::Unknown | Stage::Failed) => (State::Unknown, "not known"),
                // Somebody else found out that the transaction was committed: what was in it was done.
                (None, _, _) if last.is_some_and(|last| last > step) => (State::Ready, "done"),
                (None, _, _) => (State::Off, "not begun"),
                (Some(_), false, Stage::Refused) => (State::Off, "taken back"),
                (Some(_), false, _) | (Some(_), true, Stage::Done) => (State::Ready, "done"),
                (Some(_), true, Stage::Refused) => (State::Failed, "failed"),
                (
                    Some(_),
                    true,
                    Stage::Planned
                    | Stage::Awaiting
                    | Stage::Claimed
                    | Stage::Sent
                    | Stage::Accepted
                    | Stage::Running
                    | Stage::Expired,
                ) => (State::Progressing, "running"),
            };
            let at = reached.map(|reached| {
                view! {
                    <time datetime=machine_time(reached.at) class="text-sm text-faint">
                        {exact_time(reached.at)}
                    </time>
                }
            });
            let class = if reached.is_some() { "min-w-0 grow" } else { "min-w-0 grow text-faint" };
            view! {
                <li class="flex items-baseline gap-2" data-step=step.name() data-word=word>
                    <span class=colour(state)>
                        <Glyph state size="10" />
                    </span>
                    <span class=class>
                        {step.words()} <span class="sr-only">", " {word}</span>
                    </span>
                    {at}
                </li>
            }
        })
        .collect_view();
    view! {
        <section class=CARD aria-labelledby="steps">
            <h2 id="steps" class="mb-2 text-lg font-semibold">"Steps"</h2>
            <ol class="grid gap-1">{rows}</ol>
        </section>
    }
}

/// The rows before and after.
fn rows(record: &Record) -> impl IntoView + use<> {
    let number =
        |rows: &BTreeMap<String, u64>, table: &str| rows.get(table).map_or_else(|| "–".to_owned(), ToString::to_string);
    let body = record
        .before
        .iter()
        .map(|(table, before)| {
            let (before, after) = (before.to_string(), number(&record.after, table));
            view! {
                <tr class="border-t border-line">
                    <th scope="row" class="py-1.5 pr-3 text-left font-mono font-normal [overflow-wrap:anywhere]">{table.clone()}</th>
                    <td class="px-2 py-1.5 text-right tabular-nums">{before}</td>
                    <td class="py-1.5 pl-2 text-right tabular-nums">{after}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class=CARD aria-labelledby="rows">
            <h2 id="rows" class="mb-1 text-lg font-semibold">"Rows"</h2>
            <table class="w-full max-w-md text-sm">
                <thead class="text-xs text-faint">
                    <tr>
                        <th scope="col" class="py-1.5 pr-3 text-left font-semibold">"Table"</th>
                        <th scope="col" class="px-2 py-1.5 text-right font-semibold">"Before"</th>
                        <th scope="col" class="py-1.5 pl-2 text-right font-semibold">"After"</th>
                    </tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
        </section>
    }
}

/// Who, when, why, and the plan that was shown.
fn facts(record: &Record) -> impl IntoView + use<> {
    let lines = record.plan.iter().cloned().map(line).collect_view();
    let why = (!record.why.is_empty()).then(|| {
        let why = record.why.clone();
        view! { <li class="[overflow-wrap:anywhere]">"Why: " {why}</li> }
    });
    let of = match record.kind {
        Kind::Reset => None,
        Kind::Undo { of } => Some(view! {
            <li>
                "It puts back what was there before "
                <a href=links::demo_data_reset(of) class="text-accent underline">
                    "this reset"
                </a>
            </li>
        }),
    };
    let by = if record.is_scheduled { "By its schedule".to_owned() } else { format!("By {}", record.by.name) };
    let ended = record.ended.map(|at| view! { <li>"Over " {exact_time(at)}</li> });
    view! {
        <section class=CARD aria-labelledby="about">
            <h2 id="about" class="mb-1 text-lg font-semibold">"About it"</h2>
            <ul class="grid gap-0.5">
                <li>{by} ", " {exact_time(record.begun)}</li>
                {ended}
                {why}
                {of}
                <li>"Dates are relative to " {record.day.clone()} "; seed version " {record.version}</li>
                <li>
                    <a href=format!("{}?environment={}&kind=reset-demo-data", links::CHANGES, record.environment) class="text-accent underline">
                        "In the record"
                    </a>
                </li>
            </ul>
            <details class="mt-2">
                <summary class="cursor-pointer text-accent">"The plan that was shown"</summary>
                <ul class="mt-1 grid gap-1.5">{lines}</ul>
            </details>
        </section>
    }
}

/// Passwords, shown this once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordsView {
    /// `Fleet Management / Staging`.
    pub place: String,
    /// The reset's page.
    pub back: String,
    /// What each signs in by, and the password.
    pub issued: Vec<(String, String)>,
}

/// The page that shows them.
pub fn passwords(page: PasswordsView) -> AnyView {
    let PasswordsView { place, back, issued } = page;
    let rows = issued
        .into_iter()
        .map(|(login, password)| {
            view! {
                <tr class="border-t border-line">
                    <th scope="row" class="py-1.5 pr-3 text-left font-normal [overflow-wrap:anywhere]">{login}</th>
                    <td class="select-all py-1.5 pl-2 font-mono [overflow-wrap:anywhere]">{password}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] max-w-3xl gap-4">
            <h1 class="text-xl font-semibold [overflow-wrap:anywhere]">"New passwords of " {place}</h1>
            <p class="rounded border border-line bg-degraded-ground px-3 py-2 text-degraded" role="status">
                "Shown this once: loaded again, this page has them no more. Copy what you need now."
            </p>
            <section class=CARD>
                <table class="w-full text-sm">
                    <caption class="sr-only">"People of the application and their new passwords"</caption>
                    <thead class="text-xs text-faint">
                        <tr>
                            <th scope="col" class="py-1.5 pr-3 text-left font-semibold">"Signs in as"</th>
                            <th scope="col" class="py-1.5 pl-2 text-left font-semibold">"Password"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </section>
            <p>
                <a href=back class="text-accent underline">
                    "Back to the reset"
                </a>
            </p>
        </div>
    }
    .into_any()
}
