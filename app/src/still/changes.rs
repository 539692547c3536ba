//! The record: what was done, by whom, where, and what came of it.

use domain::age::Age;
use domain::ledger::{Entry, Kind, Outcome};
use leptos::prelude::*;

use super::forms::{CARD, SECONDARY, SELECT};
use crate::clock::{exact_time, machine_time};
use crate::components::build::BuildField;
use crate::links;

/// An entry with its place in the record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedView {
    /// Its number.
    pub number: i64,
    /// What it says, made safe to show.
    pub entry: Entry,
    /// The hash that the next entry carries on, as hexadecimal digits.
    pub hash: String,
}

/// What was asked for, as it stands in the URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// `system/environment`.
    pub environment: String,
    /// The name or id of who did it.
    pub person: String,
    /// The name or id of whom it was done to.
    pub whom: String,
    /// What it is about.
    pub kind: Option<Kind>,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// From this day on, `2026-11-20`.
    pub from: String,
    /// Up to and with this day.
    pub until: String,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangesView {
    /// The filter.
    pub asked: Asked,
    /// The environments one may choose: value and words.
    pub environments: Vec<(String, String)>,
    /// The entries, newest first.
    pub entries: Vec<RecordedView>,
    /// The query of the page with older ones; `None` when these are the last.
    pub older: Option<String>,
    /// The query of this page, for its exports.
    pub query: String,
    /// The clock, seconds since 1970.
    pub now: i64,
    /// Why nothing can be shown, in a sentence.
    pub trouble: Option<String>,
}

/// The mark of an outcome: a shape, a colour, a word.
fn mark(outcome: Outcome) -> (&'static str, &'static str, &'static str) {
    match outcome {
        Outcome::Begun => ("◐", "text-progress", "begun"),
        Outcome::Done => ("●", "text-ready", "done"),
        Outcome::Refused => ("○", "text-soft", "refused"),
        Outcome::Failed => ("■", "text-failed", "failed"),
        Outcome::Unknown => ("?", "text-unknown", "unknown"),
    }
}

/// The page.
pub fn changes(page: ChangesView) -> AnyView {
    let ChangesView { asked, environments, entries, older, query, now, trouble } = page;
    let empty = entries.is_empty() && trouble.is_none();
    let rows = entries.into_iter().map(|recorded| row(recorded, now)).collect_view();
    let export = |format: &'static str, words: &'static str| {
        let action = ["/changes/export.", format].concat();
        let query = query.clone();
        view! {
            <form method="post" action=action>
                <BuildField />
                <input type="hidden" name="query" value=query />
                <button type="submit" class=SECONDARY>
                    {words}
                </button>
            </form>
        }
    };
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4">
            <div class="flex flex-wrap items-end justify-between gap-3">
                <div>
                    <h1 class="text-xl font-semibold">"Changes"</h1>
                    <p class="text-soft">"What was done, by whom, and what came of it. Nothing here is ever changed or removed."</p>
                </div>
                <div class="flex gap-2">{export("csv", "CSV")} {export("ndjson", "NDJSON")}</div>
            </div>
            <Filter asked environments />
            {trouble
                .map(|text| {
                    view! {
                        <p role="alert" class="rounded border border-line bg-failed-ground px-3 py-2 text-failed">
                            {text}
                        </p>
                    }
                })}
            <div class="overflow-x-auto rounded-lg border border-line bg-panel">
                <table class="w-full table-fixed text-left">
                    <caption class="sr-only">"Changes, newest first"</caption>
                    <thead class="text-xs text-faint">
                        <tr>
                            <th scope="col" class="h-8 w-24 px-3 font-semibold">"When"</th>
                            <th scope="col" class="w-24 px-3 font-semibold">"Result"</th>
                            <th scope="col" class="px-3 font-semibold">"What"</th>
                            <th scope="col" class="hidden w-36 px-3 font-semibold sm:table-cell">"Who"</th>
                            <th scope="col" class="hidden w-56 px-3 font-semibold lg:table-cell">"Where"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
                {empty
                    .then(|| {
                        view! {
                            <p class="border-t border-line px-3 py-2.5 text-soft">
                                "No entry matches. You see the environments in which you have a role, and your own access."
                            </p>
                        }
                    })}
            </div>
            {older
                .map(|query| {
                    view! {
                        <p>
                            <a href=["/changes?", &query].concat() class=["inline-flex items-center ", SECONDARY].concat()>
                                "Older"
                            </a>
                        </p>
                    }
                })}
        </div>
    }
    .into_any()
}

fn row(recorded: RecordedView, now: i64) -> impl IntoView {
    let RecordedView { number, entry, .. } = recorded;
    let seconds = entry.at / 1_000_000;
    let (shape, class, word) = mark(entry.outcome);
    let place = entry.environment.as_ref().map(ToString::to_string).unwrap_or_default();
    view! {
        <tr class="border-t border-line align-top hover:bg-raised">
            <td class="px-3 py-1.5 text-faint">
                <time datetime=machine_time(seconds) title=exact_time(seconds)>
                    {Age::between(seconds, now).ago()}
                </time>
            </td>
            <td class="px-3 py-1.5">
                <span class=class aria-hidden="true">{shape}</span>
                " "
                {word}
            </td>
            <th scope="row" class="px-3 py-1.5 font-normal [overflow-wrap:anywhere]">
                <a href=["/changes/", &number.to_string()].concat() data-row="" class="font-medium hover:underline">
                    {entry.what.clone()}
                </a>
                <span class="block text-sm text-faint sm:hidden">{entry.actor.name.clone()}</span>
                <span class="block text-sm text-faint empty:hidden lg:hidden">{place.clone()}</span>
            </th>
            <td class="hidden truncate px-3 py-1.5 text-soft sm:table-cell">{entry.actor.name.clone()}</td>
            <td class="hidden truncate px-3 py-1.5 text-soft lg:table-cell">{place}</td>
        </tr>
    }
}

#[component]
fn Filter(asked: Asked, environments: Vec<(String, String)>) -> impl IntoView {
    let Asked { environment, person, whom, kind, outcome, from, until } = asked;
    let environments = environments
        .into_iter()
        .map(|(value, words)| {
            let chosen = value == environment;
            view! { <option value=value selected=chosen>{words}</option> }
        })
        .collect_view();
    let kinds =
        Kind::ALL.map(|one| view! { <option value=one.as_str() selected=kind == Some(one)>{one.words()}</option> });
    let outcomes = Outcome::ALL
        .map(|one| view! { <option value=one.as_str() selected=outcome == Some(one)>{one.as_str()}</option> });
    let label = "grid gap-0.5 text-xs text-faint";
    view! {
        <form method="get" action="/changes" role="search" class="flex flex-wrap items-end gap-2">
            <label class=label>
                "Done by"
                <input id="filter" type="search" name="person" value=person autocomplete="off" spellcheck="false" class=[SELECT, " w-36"].concat() />
            </label>
            <label class=label>
                "Done to"
                <input type="search" name="whom" value=whom autocomplete="off" spellcheck="false" class=[SELECT, " w-36"].concat() />
            </label>
            <label class=label>
                "Environment"
                <select name="environment" class=[SELECT, " max-w-56"].concat()>
                    <option value="">"all"</option>
                    {environments}
                </select>
            </label>
            <label class=label>
                "Kind"
                <select name="kind" class=SELECT>
                    <option value="">"any"</option>
                    {kinds}
                </select>
            </label>
            <label class=label>
                "Result"
                <select name="result" class=SELECT>
                    <option value="">"any"</option>
                    {outcomes}
                </select>
            </label>
            <label class=label>
                "From (UTC)"
                <input type="date" name="from" value=from class=SELECT />
            </label>
            <label class=label>
                "Until (UTC)"
                <input type="date" name="until" value=until class=SELECT />
            </label>
            <button type="submit" class=SECONDARY>
                "Apply"
            </button>
        </form>
    }
}

/// One entry, whole, with the others of its operation.
pub fn change(recorded: RecordedView, others: Vec<RecordedView>) -> AnyView {
    let RecordedView { number, entry, hash } = recorded;
    let seconds = entry.at / 1_000_000;
    let (shape, class, word) = mark(entry.outcome);
    let who = match entry.actor.role {
        Some(role) => format!("{}, as {role}", entry.actor.name),
        None => entry.actor.name.clone(),
    };
    let mut facts: Vec<(&'static str, String)> = vec![
        ("Result", [shape, " ", word].concat()),
        ("Kind", entry.kind.words().to_owned()),
        ("When", exact_time(seconds)),
        ("Who", who),
        ("From", entry.actor.source.clone()),
    ];
    facts.extend(entry.environment.as_ref().map(|id| ("Where", id.to_string())));
    facts.extend(entry.target.as_ref().map(|target| {
        ("Target", format!("{}/{} in {}, uid {}", target.kind, target.name, target.namespace, target.uid))
    }));
    facts.extend(entry.whom.as_ref().map(|whom| ("Done to", whom.name.clone())));
    if !entry.why.is_empty() {
        facts.push(("Why", entry.why.clone()));
    }
    facts.extend(entry.operation.map(|id| ("Operation", id.to_string())));
    facts.push(("Number", number.to_string()));
    facts.push(("Hash", hash));
    let facts = facts
        .into_iter()
        .map(|(name, value)| {
            let value = match entry.operation {
                Some(id) if name == "Operation" => {
                    let address = match entry.kind {
                        Kind::ResetDemoData => links::demo_data_reset(id),
                        _ => links::operation(id),
                    };
                    view! { <a href=address class="font-mono text-sm text-accent hover:underline">{value}</a> }
                        .into_any()
                }
                _ => value.into_any(),
            };
            view! {
                <dt class="text-faint">{name}</dt>
                <dd class="[overflow-wrap:anywhere]">{value}</dd>
            }
        })
        .collect_view();
    let list = |title: &'static str, items: Vec<String>| {
        (!items.is_empty()).then(|| {
            let items =
                items.into_iter().map(|item| view! { <li class="[overflow-wrap:anywhere]">{item}</li> }).collect_view();
            view! {
                <section class=CARD>
                    <h2 class="mb-2 text-lg font-semibold">{title}</h2>
                    <ul class="grid gap-1">{items}</ul>
                </section>
            }
        })
    };
    let named = |values: Vec<(String, String)>| {
        values.into_iter().map(|(name, value)| [&name, ": ", &value].concat()).collect()
    };
    let others = others
        .into_iter()
        .map(|other| {
            let (shape, class, word) = mark(other.entry.outcome);
            view! {
                <li>
                    <span class=class aria-hidden="true">{shape}</span>
                    " "
                    {word}
                    ", "
                    <a href=["/changes/", &other.number.to_string()].concat() class="hover:underline">
                        {exact_time(other.entry.at / 1_000_000)}
                    </a>
                </li>
            }
        })
        .collect::<Vec<_>>();
    let others = (!others.is_empty()).then(|| {
        view! {
            <section class=CARD>
                <h2 class="mb-2 text-lg font-semibold">"The same operation"</h2>
                <ul class="grid gap-1">{others}</ul>
            </section>
        }
    });
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] max-w-3xl gap-4">
            <div>
                <p class="text-sm">
                    <a href="/changes" class="text-accent hover:underline">
                        "Changes"
                    </a>
                </p>
                <h1 class="text-xl font-semibold [overflow-wrap:anywhere]">
                    <span class=class aria-hidden="true">{shape}</span>
                    " "
                    {entry.what.clone()}
                </h1>
            </div>
            <dl class=[CARD, " grid grid-cols-[6rem_minmax(0,1fr)] gap-x-3 gap-y-1"].concat()>{facts}</dl>
            {list("The plan that was shown", entry.plan)}
            {list("Before", named(entry.before))}
            {list("After", named(entry.after))}
            {others}
        </div>
    }
    .into_any()
}
