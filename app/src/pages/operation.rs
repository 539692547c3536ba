//! An operation: how it goes, pod by pod, and what came of it.

use std::sync::Arc;

use domain::operation::life::Stage;
use domain::operation::record::{FailedLog, PodStep, Progress, Record, Step, Watched};
use domain::view::State;
use leptos::prelude::*;

use crate::browser;
use crate::clock::{exact_time, machine_time};
use crate::components::age::Ago;
use crate::components::facts::{Fact, FactStrip};
use crate::components::panel::Panel;
use crate::components::state_mark::{Glyph, StateMark, colour};
use crate::links;
use crate::pages::stale;
use crate::screen::Screen;

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
                format!("{updated} of {wanted} are of the new kind, {available} are available.").into()
            }
            None => "The controllers are at it.".into(),
        },
        Stage::Unknown => {
            "It was sent, and it is not known whether it arrived. It is looked for: do not press again.".into()
        }
        Stage::Done | Stage::Failed | Stage::Refused | Stage::Expired => "It is over.".into(),
    }
}

/// The page.
#[component]
pub fn OperationPage(
    /// The operation.
    record: ArcRwSignal<Record>,
    /// What the tab shows.
    screen: Screen,
) -> impl IntoView {
    let record: RwSignal<Record> = record.into();
    let old = stale(screen, move || record.with(|record| record.target.cluster.clone()));
    let part = move |read: fn(&Record) -> Arc<str>| Signal::derive(move || record.with(|record| read(record)));
    let is_over = Memo::new(move |_| record.with(Record::is_over));
    let state = Memo::new(move |_| record.with(|record| drawn(record.stage()).0));
    let steps = Memo::new(move |_| record.with(|record| record.steps.clone()));
    let pods = Memo::new(move |_| record.with(|record| record.pods.clone()));
    let progress = Memo::new(move |_| record.with(|record| record.progress));
    let changes = Memo::new(move |_| record.with(|record| (record.before.clone(), record.after.clone())));
    let log = Memo::new(move |_| record.with(|record| record.log.clone()));
    let plan = Memo::new(move |_| record.with(|record| record.plan.clone()));
    let component = move || record.with(|record| links::component(&record.target.component));
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] max-w-5xl gap-4" data-stale=old>
            <div>
                <p class="text-sm">
                    <a href=component class="text-accent hover:underline">
                        {move || record.with(|record| record.target.name().shared())}
                    </a>
                    <span class="text-soft">" in " {part(|record| record.place.clone())}</span>
                </p>
                <h1 class="flex flex-wrap items-center gap-3 text-xl font-semibold [overflow-wrap:anywhere]">
                    {move || record.with(Record::title)}
                </h1>
                <p class="mt-1 flex flex-wrap items-center gap-x-3" role="status">
                    <StateMark
                        state
                        word=part(|record| drawn(record.stage()).1.into())
                        why=part(|_| "".into())
                    />
                    <span class="[overflow-wrap:anywhere]">{part(sentence)}</span>
                </p>
                <TellMe is_over title=part(|record| record.title().into()) said=part(sentence) />
            </div>
            <Bar progress is_over state />
            <FactStrip>
                <Fact name="Pressed by">{part(|record| record.by.name.as_str().into())}</Fact>
                <Fact name="When">
                    <Ago since=Signal::derive(move || record.with(|record| record.begun)) what="Pressed" />
                </Fact>
                <Fact name="Took">{move || record.with(took)}</Fact>
                <Fact name="Reason">
                    {part(|record| if record.why.is_empty() { "none was asked for".into() } else { record.why.clone() })}
                </Fact>
            </FactStrip>
            <div class="grid grid-cols-[minmax(0,1fr)] gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
                <div class="grid grid-cols-[minmax(0,1fr)] content-start gap-4">
                    <Panel title="Pods">{move || pod_list(pods.get())}</Panel>
                    {move || log.get().map(failed_log)}
                    <Panel title="Before and after">{move || before_and_after(changes.get())}</Panel>
                    {move || record.with(|record| watched(record.watched, record.watched_until))}
                </div>
                <div class="grid grid-cols-[minmax(0,1fr)] content-start gap-4">
                    <Panel title="What happened">
                        <ol class="grid gap-1 px-3 py-2.5">
                            {move || {
                                let begun = record.with(|record| record.begun);
                                steps.get().into_iter().map(|each| step(begun, each)).collect_view()
                            }}
                        </ol>
                    </Panel>
                    <Panel title="The plan that was shown">
                        <ul class="grid gap-1 px-3 py-2.5">
                            {move || {
                                plan.get()
                                    .into_iter()
                                    .map(|line| view! { <li class="[overflow-wrap:anywhere]">{line.text}</li> })
                                    .collect_view()
                            }}
                        </ul>
                    </Panel>
                    <Panel title="The same with kubectl">
                        <code class="block select-all px-3 py-2.5 font-mono text-sm [overflow-wrap:anywhere]">{part(|record| record.kubectl.clone())}</code>
                    </Panel>
                </div>
            </div>
        </div>
    }
}

/// A digest with as many of its digits as tell it apart.
fn short(value: &str) -> String {
    match value.split_once("@sha256:") {
        Some((image, digest)) => [image, " ", digest.get(..12).unwrap_or(digest)].concat(),
        None => value.to_owned(),
    }
}

/// A button that has the browser say when it is over, also while another tab is in front.
#[component]
fn TellMe(is_over: Memo<bool>, title: Signal<Arc<str>>, said: Signal<Arc<str>>) -> impl IntoView {
    let asked = RwSignal::new(false);
    Effect::new(move |_| {
        if asked.get() && is_over.get() {
            browser::notify(&title.get_untracked(), &said.get_untracked());
        }
    });
    let press = move |_| {
        browser::allow_notifications();
        asked.set(true);
    };
    view! {
        <Show when=move || !is_over.get()>
            <p class="mt-2 noscript:hidden">
                <button
                    type="button"
                    class="h-7 rounded border border-line-strong bg-panel px-2.5 hover:bg-raised disabled:text-faint"
                    disabled=move || asked.get()
                    on:click=press
                >
                    {move || if asked.get() { "Your browser tells you when it is over" } else { "Tell me when it is over" }}
                </button>
            </p>
        </Show>
    }
}

/// How far it is, as a bar. Not drawn where nothing is known.
#[component]
fn Bar(progress: Memo<Option<Progress>>, is_over: Memo<bool>, state: Memo<State>) -> impl IntoView {
    let shown = move || {
        let Progress { wanted, updated, available, .. } = progress.get()?;
        // Both count: what is made anew, and what of it can be used.
        let part = updated.min(available).min(wanted);
        let label = format!("{part} of {wanted} done");
        Some(view! {
            <progress
                class="block h-2 w-full appearance-none overflow-hidden rounded bg-raised [&::-webkit-progress-bar]:bg-raised [&::-webkit-progress-value]:bg-current [&::-moz-progress-bar]:bg-current"
                max=wanted.max(1).to_string()
                value=if is_over.get() && wanted == 0 { "1".to_owned() } else { part.to_string() }
                aria-label=label
            ></progress>
        })
    };
    view! { <div class=move || ["h-2 ", colour(state.get())].concat()>{shown}</div> }
}

fn took(record: &Record) -> String {
    match record.ended {
        Some(ended) => format!("{} s", (ended - record.begun).max(0)),
        None => format!("at most {} s", record.deadline_s),
    }
}

fn pod_list(pods: Vec<PodStep>) -> AnyView {
    if pods.is_empty() {
        return view! { <p class="px-3 py-2.5 text-soft">"None are known yet."</p> }.into_any();
    }
    let rows = pods
        .into_iter()
        .map(|pod| {
            let PodStep { name, state, word, why, is_new, restarts } = pod;
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

fn failed_log(log: FailedLog) -> impl IntoView {
    let FailedLog { pod, container, previous, lines } = log;
    let which = if previous { "the run before its last restart" } else { "its log" };
    let aside = [&*container, " of ", &*pod, ", ", which].concat();
    view! {
        <Panel title="What it said last" aside=aside>
            <pre tabindex="0" class="overflow-x-auto px-3 py-2.5 font-mono text-sm">{lines.join("\n")}</pre>
        </Panel>
    }
}

/// Names and values before, and after.
type Change = (Vec<(Arc<str>, Arc<str>)>, Vec<(Arc<str>, Arc<str>)>);

fn before_and_after((before, after): Change) -> impl IntoView {
    let all = |state: &[(Arc<str>, Arc<str>)], name: &str| {
        let values = state.iter().filter(|(known, _)| **known == *name).map(|(_, value)| short(value));
        let values: Vec<String> = values.collect();
        if values.is_empty() { "–".to_owned() } else { values.join(", ") }
    };
    let rows = ["ready", "restarts", "image"]
        .map(|name| {
            let (before, after) = (all(&before, name), all(&after, name));
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
}

fn step(begun: i64, step: Step) -> impl IntoView {
    view! {
        <li class="flex gap-3">
            <time
                class="w-14 shrink-0 text-right text-sm text-faint tabular-nums"
                datetime=machine_time(step.at)
                title=exact_time(step.at)
            >
                {format!("+{} s", (step.at - begun).max(0))}
            </time>
            <span class="min-w-0 [overflow-wrap:anywhere]">{step.text}</span>
        </li>
    }
}

fn watched(watched: Option<Watched>, until: Option<i64>) -> Option<impl IntoView> {
    let until = until?;
    let seen = match watched {
        Some(Watched { restarts, least_ready, wanted }) => {
            format!("{restarts} restarts since, never fewer than {least_ready} of {wanted} ready.")
        }
        None => "Nothing was seen yet.".to_owned(),
    };
    Some(view! {
        <Panel title="Watched afterwards" aside=["until ", &exact_time(until)].concat()>
            <p class="px-3 py-2.5">{seen}</p>
        </Panel>
    })
}
