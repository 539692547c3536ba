//! An operation: how it goes, pod by pod, and what came of it.

use std::sync::Arc;

use domain::guard::facts::FieldDiff;
use domain::ledger::OperationId;
use domain::operation::life::Stage;
use domain::operation::record::{FailedLog, PodStep, Progress, Record, Step, Watched};
use domain::operation::series::{Member, Series};
use domain::view::{OperationView, State};
use leptos::prelude::*;

use super::command::command;
use super::plan::line;
use crate::clock::{exact_time, machine_time};
use crate::components::state_mark::{Glyph, colour};
use crate::links;

/// A stage as state and word.
fn drawn(stage: Stage) -> (State, &'static str) {
    match stage {
        Stage::Planned => (State::Off, "Planned"),
        Stage::Awaiting => (State::Progressing, "Awaiting a second person"),
        Stage::Claimed => (State::Progressing, "Taken up"),
        Stage::Sent => (State::Progressing, "Sent"),
        Stage::Accepted => (State::Progressing, "Accepted"),
        Stage::Running => (State::Progressing, "Running"),
        Stage::Done => (State::Ready, "Done"),
        Stage::Failed => (State::Failed, "Failed"),
        Stage::Unknown => (State::Unknown, "Unknown"),
        Stage::Refused => (State::Degraded, "Not done"),
        Stage::Expired => (State::Off, "Expired"),
    }
}

/// What is said of it in a sentence.
fn sentence(record: &Record) -> Arc<str> {
    if !record.verdict.is_empty() {
        return record.verdict.clone();
    }
    match record.stage() {
        Stage::Planned | Stage::Awaiting => "Nothing was sent yet.".into(),
        Stage::Claimed | Stage::Sent => "On its way to the API server.".into(),
        Stage::Accepted => "The API server took it. Whether it comes about is not known yet.".into(),
        Stage::Running => match record.progress {
            Some(Progress { wanted, updated, available, .. }) => {
                format!("{updated} of {wanted} new, {available} available.").into()
            }
            None => "The controllers are at it.".into(),
        },
        Stage::Unknown => {
            "It was sent, and it is not known whether it arrived. It is looked for: do not press again.".into()
        }
        Stage::Done | Stage::Failed | Stage::Refused | Stage::Expired => "It is over.".into(),
    }
}

/// What is known of the series that an operation is one of.
#[derive(Debug, Clone, Default)]
pub struct SeriesState {
    /// Each member with its operation, if that has begun.
    pub members: Vec<(Member, Option<Record>)>,
    /// Who wants nothing more of it begun.
    pub stopped_by: Option<Arc<str>>,
}

/// The page, as the server writes it and sends it again whenever something changes: it costs the browser part nothing.
pub fn operation(record: &Record, series: &SeriesState) -> OperationView {
    let html = Owner::new().with(|| {
        let members = record.series.as_ref().map(|known| series_panel(record.id, known, series));
        view! { {head(record)} {members} {body(record)} }.into_any().to_html()
    });
    OperationView {
        id: record.id,
        title: record.title().into(),
        environment: record.target.component.environment.clone(),
        sentence: sentence(record),
        is_over: record.is_over(),
        can_stop: can_stop(series),
        html: html.into(),
    }
}

fn head(record: &Record) -> AnyView {
    let (state, word) = drawn(record.stage());
    // While it may come its place is kept.
    let has_bar = record.progress.is_some() || !record.is_over();
    let progress = record.progress.map(|progress| bar(progress, record.is_over()));
    view! {
        <div>
            <p class="text-sm">
                <a href=links::component(&record.target.component) class="text-accent underline">
                    {record.target.name().shared()}
                </a>
                <span class="text-soft">" in " {record.place.clone()}</span>
            </p>
            <h1 class="text-xl font-semibold [overflow-wrap:anywhere]">{record.title()}</h1>
            <p class="mt-1 flex flex-wrap items-center gap-x-3" role="status">
                <span class=["inline-flex items-center gap-1.5 font-medium ", colour(state)].concat()>
                    <Glyph state />
                    {word}
                </span>
                <span class="[overflow-wrap:anywhere]">{sentence(record)}</span>
            </p>
            {has_bar.then(|| view! { <div class=["mt-3 h-2 ", colour(state)].concat()>{progress}</div> })}
        </div>
    }
    .into_any()
}

/// Whether something of a series waits for what runs.
fn can_stop(series: &SeriesState) -> bool {
    let runs = series.members.iter().flat_map(|(_, record)| record).any(|record| !record.is_over());
    runs && series.stopped_by.is_none() && series.members.iter().any(|(_, record)| record.is_none())
}

fn series_panel(id: OperationId, known: &Series, series: &SeriesState) -> AnyView {
    let stopped =
        series.members.iter().filter_map(|(_, record)| record.as_ref()?.series.as_ref()?.stopped.clone()).next();
    let said = match (&stopped, &series.stopped_by) {
        (Some(why), _) => Some(["Stopped: ", why].concat()),
        (None, Some(by)) => Some(["Nothing more is begun after this: ", by, " stopped it."].concat()),
        (None, None) => None,
    };
    let items = series
        .members
        .iter()
        .map(|(member, record)| {
            let (state, word) = match record {
                Some(record) => drawn(record.stage()),
                None if said.is_some() => (State::Off, "Not begun"),
                None => (State::Off, "Waits"),
            };
            let name = member.component.name.shared();
            let is_this = member.id == id;
            let name = match record {
                Some(_) if !is_this => {
                    view! { <a href=links::operation(member.id) class="text-accent underline">{name}</a> }.into_any()
                }
                _ => view! { <span class="font-medium">{name}</span> }.into_any(),
            };
            view! {
                <li class="flex flex-wrap items-baseline gap-x-3 border-t border-line px-3 py-1.5 first:border-t-0" aria-current=is_this.then_some("step")>
                    <span class=["inline-flex w-36 items-center gap-1.5 ", colour(state)].concat()>
                        <Glyph state size="10" />
                        {word}
                    </span>
                    <span class="[overflow-wrap:anywhere]">{name}</span>
                    {is_this.then(|| view! { <span class="text-sm text-faint">"this page"</span> })}
                </li>
            }
        })
        .collect_view();
    let said = said
        .map(|said| view! { <p class="border-t border-line px-3 py-2 text-soft [overflow-wrap:anywhere]">{said}</p> });
    let content = view! { <ol>{items}</ol> {said} }.into_any();
    let aside = format!("{} of {}", known.place_of(id), known.members.len());
    panel("One after the other", ["all that read ", &known.source.to_string(), ", ", &aside].concat(), content)
}

fn fact(name: &'static str, value: AnyView) -> AnyView {
    view! {
        <div>
            <dt class="text-sm text-faint">{name}</dt>
            <dd class="[overflow-wrap:anywhere]">{value}</dd>
        </div>
    }
    .into_any()
}

fn panel(title: &'static str, aside: String, content: AnyView) -> AnyView {
    view! {
        <section class="overflow-hidden rounded-lg border border-line bg-panel">
            <header class="flex min-h-10 items-center justify-between gap-3 border-b border-line px-3">
                <h2 class="font-semibold">{title}</h2>
                <span class="text-right text-sm text-faint">{aside}</span>
            </header>
            {content}
        </section>
    }
    .into_any()
}

fn body(record: &Record) -> AnyView {
    let text = |text: String| text.into_any();
    let why = if record.why.is_empty() { "none was asked for".to_owned() } else { record.why.to_string() };
    let facts = [
        fact("Pressed by", text(record.by.name.clone())),
        fact("When", text(exact_time(record.begun))),
        fact("Took", text(took(record))),
        fact("Reason", text(why)),
    ];
    let was_done = !matches!(record.stage(), Stage::Refused | Stage::Expired);
    let steps = record.steps.iter().map(|each| step(record.begun, each)).collect_view();
    let plan = record.plan.iter().cloned().map(line).collect_view();
    let plan = view! { <ul class="grid gap-1 px-3 py-2.5">{plan}</ul> }.into_any();
    let kubectl = view! { <div class="px-3 py-2.5">{command(record.kubectl.clone())}</div> };
    view! {
        <dl class="grid grid-cols-2 gap-x-4 gap-y-2 rounded-lg border border-line bg-panel px-3 py-2 sm:grid-cols-4">{facts}</dl>
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
            <div class="grid grid-cols-[minmax(0,1fr)] content-start gap-4">
                {panel("Pods", String::new(), pod_list(record))} {record.log.as_ref().map(failed_log)}
                {was_done.then(|| panel("Before and after", String::new(), before_and_after(record)))}
                {watched(record.watched, record.watched_until)}
            </div>
            <div class="grid grid-cols-[minmax(0,1fr)] content-start gap-4">
                {panel(
                    "What happened",
                    String::new(),
                    view! { <ol class="grid gap-1 px-3 py-2.5">{steps}</ol> }.into_any(),
                )}
                {(!record.changes.is_empty()).then(|| panel("What it changes", String::new(), asked(&record.changes)))}
                {panel("The plan when it was pressed", String::new(), plan)}
                {panel("The same with kubectl", String::new(), kubectl.into_any())}
            </div>
        </div>
    }
    .into_any()
}

/// A digest with as many of its digits as tell it apart.
fn short(value: &str) -> String {
    match value.split_once("@sha256:") {
        Some((image, digest)) => [image, " ", digest.get(..12).unwrap_or(digest)].concat(),
        None => value.to_owned(),
    }
}

/// How many are made anew and can be used. It is not said of which kind those are that can be used: rather too few than too many.
fn reached(Progress { wanted, updated, available, existing }: Progress) -> u32 {
    let old = existing.saturating_sub(updated);
    updated.min(available.saturating_sub(old)).min(wanted)
}

/// How far it is, as a bar.
fn bar(progress: Progress, is_over: bool) -> AnyView {
    let Progress { wanted, .. } = progress;
    let part = reached(progress);
    let value = if is_over && wanted == 0 { 1 } else { part };
    view! {
        <progress
            class="block h-2 w-full appearance-none overflow-hidden rounded bg-raised [&::-webkit-progress-bar]:bg-raised [&::-webkit-progress-value]:bg-current [&::-moz-progress-bar]:bg-current"
            max=wanted.max(1).to_string()
            value=value.to_string()
            aria-label=format!("{part} of {wanted} done")
        ></progress>
    }
    .into_any()
}

fn took(record: &Record) -> String {
    match record.ended {
        Some(ended) => format!("{} s", (ended - record.begun).max(0)),
        None => format!("still under way; {} s without progress count as failed", record.deadline_s),
    }
}

fn pod_list(record: &Record) -> AnyView {
    if record.pods.is_empty() {
        let why = match record.stage() {
            Stage::Refused | Stage::Expired => "Nothing was done to them.",
            Stage::Done | Stage::Failed => "There are none.",
            Stage::Planned
            | Stage::Awaiting
            | Stage::Claimed
            | Stage::Sent
            | Stage::Accepted
            | Stage::Running
            | Stage::Unknown => "None are known yet.",
        };
        return view! { <p class="px-3 py-2.5 text-soft">{why}</p> }.into_any();
    }
    let rows = record
        .pods
        .iter()
        .map(|pod| {
            let PodStep { name, state, word, why, is_new, restarts } = pod.clone();
            view! {
                <li class="flex flex-wrap items-baseline gap-x-3 border-t border-line px-3 py-1.5 first:border-t-0">
                    <span class="inline-flex w-36 items-center gap-1.5">
                        <Glyph state size="10" />
                        {word}
                    </span>
                    <span class="font-mono text-sm [overflow-wrap:anywhere]">{name}</span>
                    {is_new.then(|| view! { <span class="text-sm text-progress">"new"</span> })}
                    {(restarts > 0).then(|| view! { <span class="text-sm text-soft">{restarts} " restarts"</span> })}
                    <span class="w-full text-sm text-soft empty:hidden [overflow-wrap:anywhere]">{why}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ul>{rows}</ul> }.into_any()
}

fn failed_log(log: &FailedLog) -> AnyView {
    let FailedLog { pod, container, previous, lines, masked } = log;
    let which = if *previous { "the run before its last restart" } else { "its log" };
    let masked = match masked {
        0 => String::new(),
        1 => ", 1 secret masked".to_owned(),
        masked => format!(", {masked} secrets masked"),
    };
    let aside = [container, " of ", &**pod, ", ", which, &masked].concat();
    let text = lines.join("\n");
    let text = view! { <pre tabindex="0" class="overflow-x-auto px-3 py-2.5 font-mono text-sm">{text}</pre> };
    panel("What it said last", aside, text.into_any())
}

fn before_and_after(record: &Record) -> AnyView {
    let all = |state: &[(Arc<str>, Arc<str>)], name: &str| {
        let values = state.iter().filter(|(known, _)| **known == *name).map(|(_, value)| short(value));
        let values: Vec<String> = values.collect();
        if values.is_empty() { "–".to_owned() } else { values.join(", ") }
    };
    let rows = ["ready", "restarts", "image"]
        .map(|name| {
            let (before, after) = (all(&record.before, name), all(&record.after, name));
            view! {
                <tr class="border-t border-line align-top">
                    <th scope="row" class="w-24 px-3 py-1.5 text-left font-medium capitalize">{name}</th>
                    <td class="px-3 py-1.5 font-mono text-sm [overflow-wrap:anywhere]">{before}</td>
                    <td class="px-3 py-1.5 font-mono text-sm [overflow-wrap:anywhere]">{after}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="w-full table-fixed">
            <caption class="sr-only">"How it was before and how it is after"</caption>
            <thead class="text-xs text-faint">
                <tr>
                    <th scope="col" class="w-24 px-3 py-2 text-left font-semibold">"What"</th>
                    <th scope="col" class="px-3 py-2 text-left font-semibold">"Before"</th>
                    <th scope="col" class="px-3 py-2 text-left font-semibold">"After"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn asked(changes: &[FieldDiff]) -> AnyView {
    let shown = |text: &Arc<str>| if text.is_empty() { "nothing".into() } else { text.clone() };
    let rows = changes.iter().map(|FieldDiff { field, now, then }| {
        view! {
            <li class="[overflow-wrap:anywhere]">
                {field.clone()} ": " <span class="font-mono text-sm">{shown(now)} " → " {shown(then)}</span>
            </li>
        }
    });
    view! { <ul class="grid gap-1 px-3 py-2.5">{rows.collect_view()}</ul> }.into_any()
}

fn step(begun: i64, step: &Step) -> AnyView {
    view! {
        <li class="flex gap-3">
            <time
                class="w-14 shrink-0 text-right text-sm text-faint tabular-nums"
                datetime=machine_time(step.at)
                title=exact_time(step.at)
            >
                {format!("+{} s", (step.at - begun).max(0))}
            </time>
            <span class="min-w-0 [overflow-wrap:anywhere]">{step.text.clone()}</span>
        </li>
    }
    .into_any()
}

fn watched(watched: Option<Watched>, until: Option<i64>) -> Option<AnyView> {
    let until = until?;
    let seen = match watched {
        Some(Watched { restarts, least_ready, wanted, seen_at }) => {
            format!(
                "{restarts} restarts since, never fewer than {least_ready} of {wanted} ready. Looked at last at {}.",
                exact_time(seen_at)
            )
        }
        None => "Nothing was seen yet.".to_owned(),
    };
    let seen = view! { <p class="px-3 py-2.5">{seen}</p> }.into_any();
    Some(panel("Watched afterwards", ["until ", &exact_time(until)].concat(), seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_is_no_progress() {
        for (wanted, updated, available, existing, expected) in [
            (1, 0, 1, 1, 0),
            // The new one is there and not ready; what serves is the old one.
            (1, 1, 1, 2, 0),
            (1, 1, 1, 1, 1),
            (3, 2, 3, 4, 1),
            (3, 3, 3, 3, 3),
            (3, 3, 4, 5, 2),
            // A scale: all are of the new kind.
            (5, 3, 3, 3, 3),
            (2, 5, 5, 5, 2),
            (0, 0, 0, 0, 0),
        ] {
            let progress = Progress { wanted, updated, available, existing };
            assert_eq!(reached(progress), expected, "{progress:?}");
        }
    }
}
