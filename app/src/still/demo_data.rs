//! Demo data: how they stand in each environment, who wants them left alone, and what was done to them.

mod plan;
mod reservation;
mod reset;

use std::sync::Arc;

use domain::age::Age;
use domain::demo_data::standing::{Standing, TableCount};
use domain::ledger::OperationId;
use domain::name::EnvironmentId;
use domain::operation::life::Stage;
use domain::registry::Tier;
use domain::view::State;
use leptos::prelude::*;

pub use plan::{PlanPage, PlanView, plan};
pub use reservation::ReservationRow;
use reservation::reservation;
pub use reset::{PasswordsView, ResetView, passwords, reset};

use super::forms::{CARD, Notice, SECONDARY, Tone};
use crate::clock::{exact_time, machine_time};
use crate::components::state_mark::{Glyph, colour};
use crate::components::tier_chip::EnvironmentTitle;
use crate::links;

/// The demo data of an environment. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoDataRow {
    /// The environment.
    pub id: EnvironmentId,
    /// Its system's name.
    pub system: Arc<str>,
    /// Its own.
    pub title: Arc<str>,
    /// Its tier.
    pub tier: Tier,
    /// The time zone in which a reservation is written.
    pub zone: String,
    /// How the data stand, and when that was counted; `None`: they were not yet.
    pub standing: Option<(Standing, i64)>,
    /// The tables.
    pub counts: Vec<TableCount>,
    /// The version of the seed that is declared, or why there is none.
    pub seed: Result<u32, String>,
    /// The version that is in the tables.
    pub version: Option<u32>,
    /// Who tests, in sentences.
    pub testing: Vec<String>,
    /// Who has reserved it, or had when it was reset last.
    pub reservation: Option<ReservationRow>,
    /// What was done lately, newest first.
    pub past: Vec<PastRow>,
    /// When it is reset by itself next.
    pub next: Option<i64>,
    /// Whether who looks may reset and reserve.
    pub may: bool,
}

/// A reset that is over or on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRow {
    /// Its id.
    pub id: OperationId,
    /// `Reset demo data`.
    pub what: &'static str,
    /// Who.
    pub by: String,
    /// When.
    pub at: i64,
    /// How long it took, in seconds; `None` while it is on its way.
    pub took: Option<i64>,
    /// How it stands.
    pub stage: Stage,
    /// What came of it.
    pub verdict: Arc<str>,
    /// Whether what was there before is kept.
    pub can_undo: bool,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoDataView {
    /// The environments that declare demo data.
    pub environments: Vec<DemoDataRow>,
    /// What came of the form that was sent.
    pub notice: Option<(Tone, String)>,
    /// The clock, seconds since 1970.
    pub now: i64,
}

/// How many of the last resets stand on the page.
const SHOWN: usize = 5;

/// A standing as state.
fn state(standing: &Standing) -> State {
    match standing {
        Standing::Clean => State::Ready,
        Standing::Drifted(_) | Standing::Foreign { .. } => State::Degraded,
        Standing::Suspicious(_) => State::Failed,
        Standing::Unknown(_) => State::Unknown,
    }
}

/// A stage as state and word.
fn drawn(stage: Stage) -> (State, &'static str) {
    match stage {
        Stage::Planned | Stage::Awaiting | Stage::Claimed | Stage::Expired => (State::Off, "Not begun"),
        Stage::Sent => (State::Progressing, "In the transaction"),
        Stage::Accepted | Stage::Running => (State::Progressing, "Committed, cleaning up"),
        Stage::Done => (State::Ready, "Done"),
        Stage::Failed => (State::Failed, "Failed"),
        Stage::Unknown => (State::Unknown, "Not known yet"),
        Stage::Refused => (State::Degraded, "Not done"),
    }
}

/// A moment with its age.
fn moment(at: i64, now: i64) -> impl IntoView {
    view! {
        <time datetime=machine_time(at) title=exact_time(at)>
            {Age::between(at, now).ago()}
        </time>
    }
}

/// The page.
pub fn demo_data(page: DemoDataView) -> AnyView {
    let DemoDataView { environments, notice, now } = page;
    let is_empty = environments.is_empty();
    let cards = environments.into_iter().map(|row| card(row, now)).collect_view();
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4">
            <div>
                <h1 class="text-xl font-semibold">"Demo data"</h1>
                <p class="text-soft">
                    "What the databases of development and staging hold, against what their seeds put in."
                </p>
            </div>
            {notice.map(|(tone, text)| view! { <Notice tone text /> })}
            {is_empty.then(|| view! { <p class=CARD>"No environment that you may look at declares demo data."</p> })}
            {cards}
        </div>
    }
    .into_any()
}

fn card(row: DemoDataRow, now: i64) -> impl IntoView {
    let DemoDataRow {
        id,
        system,
        title,
        tier,
        zone,
        standing,
        counts,
        seed,
        version,
        testing,
        reservation: held,
        past,
        next,
        may,
    } = row;
    let anchor = ["data-", id.system.as_str(), "-", id.environment.as_str()].concat();
    let runs = past.iter().find(|past| past.took.is_none()).map(|past| past.id);
    let head = match standing {
        Some((standing, at)) => {
            let state = state(&standing);
            view! {
                <p class="flex flex-wrap items-baseline gap-x-3">
                    <span class=["inline-flex items-center gap-1.5 font-semibold ", colour(state)].concat()>
                        <Glyph state />
                        {standing.word()}
                    </span>
                    <span class="[overflow-wrap:anywhere]">{standing.sentence(now)}</span>
                    <span class="text-sm text-faint">"counted " {moment(at, now)}</span>
                </p>
            }
            .into_any()
        }
        None => view! { <p class="text-soft">"Not counted yet."</p> }.into_any(),
    };
    let seed = match seed {
        Ok(declared) => match version {
            Some(there) if there != declared => {
                format!("Seed version {there} is in the tables, and the folder has {declared}.")
            }
            Some(there) => format!("Seed version {there}."),
            None => format!("Seed version {declared}; what is there was not put in from here."),
        },
        Err(why) => why,
    };
    let facts = testing.into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
    let next = next.map(|at| {
        view! { <li>"Reset by itself " {moment(at, now)} ", " {exact_time(at)} ", unless it is reserved."</li> }
    });
    let actions = may.then(|| {
        let undo = past.iter().find(|past| past.can_undo).map(|past| {
            view! {
                <a href=links::demo_data_undo(&id, past.id) class=[SECONDARY, " inline-flex items-center"].concat()>
                    "Put the snapshot back…"
                </a>
            }
        });
        view! {
            <a href=links::demo_data_plan(&id) class=[SECONDARY, " inline-flex items-center"].concat()>
                "Reset…"
            </a>
            {undo}
        }
    });
    let runs = runs.map(|id| {
        view! {
            <p>
                <a href=links::demo_data_reset(id) class="inline-flex min-h-6 items-center gap-1.5 font-medium text-accent underline">
                    <Glyph state=State::Progressing />
                    "It is being reset right now"
                </a>
            </p>
        }
    });
    view! {
        <section class=[CARD, " grid gap-3"].concat() aria-labelledby=anchor data-environment=id.to_string()>
            <h2 id=anchor.clone() class="flex flex-wrap items-center gap-x-2 text-lg font-semibold">
                <a href=links::environment(&id) class="hover:underline">
                    {system.clone()}
                </a>
                <EnvironmentTitle title=title.clone() tier />
            </h2>
            {head}
            {runs}
            {(!counts.is_empty()).then(|| tables(counts, now))}
            <ul class="grid gap-0.5 text-sm text-soft">
                <li>{seed}</li>
                {facts}
                {next}
            </ul>
            {reservation(&id, held, &zone, may, now, actions.into_any())}
            {(!past.is_empty()).then(|| done(past, now))}
        </section>
    }
}

/// The tables with what the seed puts in, and what is there.
fn tables(counts: Vec<TableCount>, now: i64) -> impl IntoView {
    let rows = counts
        .into_iter()
        .map(|count| {
            let state = match (count.is_far_above(), count.difference().is_some()) {
                (true, _) => State::Failed,
                (false, true) => State::Degraded,
                (false, false) => State::Ready,
            };
            let word = match state {
                State::Ready => "as seeded",
                State::Failed => "far too many",
                State::Off | State::Progressing | State::Unknown | State::Degraded => "differs",
            };
            let number = |number: u64| if number == 0 { "–".to_owned() } else { number.to_string() };
            let (gone, changed, added) = (number(count.gone()), number(count.changed), number(count.foreign));
            view! {
                <tr class="border-t border-line">
                    <th scope="row" class="py-1.5 pr-3 text-left font-normal">
                        <span class="flex items-center gap-2">
                            <span class=colour(state)>
                                <Glyph state size="10" />
                            </span>
                            <span class="font-mono max-sm:text-xs">{name(&count.table)}</span>
                            <span class="sr-only">{word}</span>
                        </span>
                    </th>
                    <td class="px-2 py-1.5 text-right max-sm:px-1 tabular-nums">{count.expected}</td>
                    <td class="px-2 py-1.5 text-right max-sm:px-1 font-semibold tabular-nums">{count.counted}</td>
                    <td class="px-2 py-1.5 text-right max-sm:px-1 tabular-nums">{gone}</td>
                    <td class="px-2 py-1.5 text-right max-sm:px-1 tabular-nums">{changed}</td>
                    <td class="px-2 py-1.5 text-right max-sm:px-1 tabular-nums">{added}</td>
                    <td class="py-1.5 pl-2 text-right text-faint max-sm:hidden">{count.written.map(|at| moment(at, now))}</td>
                </tr>
            }
        })
        .collect_view();
    let head = |word: &'static str, class: &'static str| {
        view! {
            <th scope="col" class=["py-1.5 text-xs font-semibold text-faint ", class].concat()>
                {word}
            </th>
        }
    };
    view! {
        <div class="overflow-x-auto">
            <table class="w-full max-w-3xl text-sm">
                <caption class="sr-only">"Rows of each table: what the seed puts in, and what is there"</caption>
                <thead>
                    <tr>
                        {head("Table", "pr-3 text-left")} {head("Seed", "px-2 text-right max-sm:px-1")} {head("Now", "px-2 text-right max-sm:px-1")}
                        {head("Gone", "px-2 text-right max-sm:px-1")} {head("Changed", "px-2 text-right max-sm:px-1")} {head("Added", "px-2 text-right max-sm:px-1")}
                        {head("Last written", "pl-2 text-right max-sm:hidden")}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// A table's name, which may be broken between its words.
fn name(table: &str) -> impl IntoView + use<> {
    table.split_inclusive('_').map(|word| view! { {word.to_owned()} <wbr /> }).collect_view()
}

/// What was done lately.
fn done(past: Vec<PastRow>, now: i64) -> impl IntoView {
    let rows = past
        .into_iter()
        .take(SHOWN)
        .map(|past| {
            let (state, word) = drawn(past.stage);
            let took = past.took.map(|took| format!(", took {took} s")).unwrap_or_default();
            view! {
                <li class="flex gap-2">
                    <span class=["mt-1 ", colour(state)].concat()>
                        <Glyph state size="10" />
                    </span>
                    <span class="min-w-0 [overflow-wrap:anywhere]">
                        <a href=links::demo_data_reset(past.id) class="text-accent underline">
                            {past.what}
                        </a>
                        " by " {past.by} ", " {moment(past.at, now)} {took} ": " <span class="font-medium">{word}</span> ". "
                        {past.verdict}
                    </span>
                </li>
            }
        })
        .collect_view();
    view! {
        <div>
            <h3 class="text-sm font-semibold text-faint">"Lately"</h3>
            <ul class="mt-1 grid gap-1 text-sm">{rows}</ul>
        </div>
    }
}
