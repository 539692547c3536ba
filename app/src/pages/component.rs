//! A component: what explains its state, its pods, what ran before, what Kubernetes said.

use std::sync::Arc;

use domain::facts::Condition;
use domain::view::{Cell, ComponentHead, EnvironmentHead, PodRow, RevisionRow, State};
use leptos::prelude::*;

use crate::components::age::Ago;
use crate::components::chip::Chips;
use crate::components::count::{of, thousands};
use crate::components::event_table::EventTable;
use crate::components::facts::{Fact, FactStrip};
use crate::components::figure::Figure;
use crate::components::finding::Findings;
use crate::components::hpa_bar::HpaBar;
use crate::components::operations::Operations;
use crate::components::panel::{Missing, Panel};
use crate::components::pod_rows::{PodContext, PodRows};
use crate::components::state_mark::{Glyph, RemarkGlyph, StateMark};
use crate::components::tier_chip::EnvironmentTitle;
use crate::components::version::Version;
use crate::links;
use crate::pages::{missing, stale};
use crate::routes::Tab;
use crate::rows::{Row, Rows, each};
use crate::screen::{ComponentModel, Screen};

/// The page.
#[component]
pub fn ComponentPage(
    /// What it shows.
    model: ComponentModel,
    /// What the tab shows.
    screen: Screen,
) -> impl IntoView {
    let ComponentModel { environment, head, pods, revisions, events } = model;
    let environment: RwSignal<_> = environment.into();
    let head: RwSignal<ComponentHead> = head.into();
    let is_old = stale(screen, move || environment.with(|environment| environment.cluster.clone()));
    let old = stale(screen, move || environment.with(|environment| environment.cluster.clone()));
    let forbidden = missing(screen, "pods", move || environment.with(|environment| environment.cluster.clone()));
    let tab = Memo::new(move |_| screen.place.with(|place| place.tab()));
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4" data-stale=old>
            <Head head environment screen is_old=Signal::derive(move || is_old().is_some()) />
            <nav aria-label="Component" class="flex gap-1 border-b border-line">
                {Tab::ALL
                    .map(|each| {
                        view! {
                            <a
                                href=move || head.with(|head| links::tab(&head.cell.id, each))
                                aria-current=move || (tab.get() == each).then_some("page")
                                class="-mb-px flex h-9 items-center border-b-2 border-transparent px-3 text-soft hover:text-ink aria-[current=page]:border-accent aria-[current=page]:font-semibold aria-[current=page]:text-ink"
                            >
                                {each.word()}
                            </a>
                        }
                    })}
            </nav>
            {move || match tab.get() {
                Tab::Overview => view! { <Overview head pods=pods.clone() forbidden /> }.into_any(),
                Tab::Revisions => view! { <Revisions rows=revisions.clone() head screen /> }.into_any(),
                Tab::Events => {
                    let events = events.clone();
                    view! {
                        <Panel title="Events" aside="newest first, at most 50">
                            <EventTable
                                rows=events
                                caption="Events of the workload, its revisions and its pods"
                                calm="No events are known."
                            />
                        </Panel>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

/// Name, state, version and where it stands.
#[component]
fn Head(
    head: RwSignal<ComponentHead>,
    environment: RwSignal<EnvironmentHead>,
    screen: Screen,
    is_old: Signal<bool>,
) -> impl IntoView {
    let cell = move |read: fn(&Cell) -> Arc<str>| Signal::derive(move || head.with(|head| read(&head.cell)));
    let managed =
        move || head.with(|head| if head.managed_by.is_empty() { "not known".into() } else { head.managed_by.clone() });
    let image = move || head.with(|head| if head.image.is_empty() { "–".into() } else { head.image.clone() });
    view! {
        <div class="grid gap-3">
            <div>
                <h1 class="flex flex-wrap items-center gap-3 text-xl font-semibold">
                    <span class="[overflow-wrap:anywhere]">{move || head.with(|head| head.cell.id.name.as_str().to_owned())}</span>
                    <span class="text-base font-normal text-soft sm:hidden">
                        {move || environment.with(|environment| environment.system.clone())}
                    </span>
                    <EnvironmentTitle
                        title=Signal::derive(move || environment.with(|environment| environment.title.clone()))
                        tier=Signal::derive(move || environment.with(|environment| environment.tier))
                    />
                </h1>
                <p class="mt-1 flex flex-wrap items-center gap-x-3">
                    <StateMark
                        state=Signal::derive(move || head.with(|head| head.cell.status.state))
                        word=cell(|cell| cell.status.word.clone())
                        why=cell(|_| "".into())
                    />
                    <span>{move || head.with(|head| head.cell.status.why.clone())}</span>
                </p>
                <Chips chips=Signal::derive(move || head.with(|head| head.cell.chips.clone())) />
            </div>
            <Operations head screen is_old />
            <FactStrip>
                <Fact name="Kind">
                    {move || head.with(|head| [head.cell.id.kind.title(), ", ", head.cell.role.word()].concat())}
                </Fact>
                <Fact name="Ready">
                    <span class="inline-flex flex-wrap items-center gap-2 stale:text-faint">
                        <Figure text=Signal::derive(move || head.with(|head| of(head.cell.ready, head.cell.wanted))) />
                        <HpaBar
                            range=Signal::derive(move || head.with(|head| head.cell.range))
                            current=Signal::derive(move || head.with(|head| head.cell.wanted.unwrap_or(0)))
                        />
                    </span>
                </Fact>
                <Fact name="Version">
                    <Version
                        tag=cell(|cell| cell.tag.clone())
                        digest=cell(|cell| cell.digest.clone())
                        next=Signal::derive(move || head.with(|head| head.cell.next.clone()))
                    />
                </Fact>
                <Fact name="Image">
                    <span class="font-mono text-sm">{image}</span>
                </Fact>
                <Fact name="Changed">
                    <Ago since=Signal::derive(move || head.with(|head| head.cell.changed)) what="Changed" />
                </Fact>
                <Fact name="Applied by">{managed}</Fact>
            </FactStrip>
        </div>
    }
}

/// What is wrong, pods, expectations, conditions.
#[component]
fn Overview(head: RwSignal<ComponentHead>, pods: Rows<PodRow>, forbidden: Memo<Option<Arc<str>>>) -> impl IntoView {
    let expectations = Memo::new(move |_| head.with(|head| head.expectations.clone()));
    let conditions = Memo::new(move |_| head.with(|head| head.conditions.clone()));
    let findings = Memo::new(move |_| head.with(|head| head.findings.clone()));
    let count = {
        let pods = pods.clone();
        Signal::derive(move || match forbidden.get() {
            Some(_) => "not known".to_owned(),
            None => thousands(pods.count() as u32),
        })
    };
    let none = {
        let pods = pods.clone();
        Memo::new(move |_| pods.count() == 0)
    };
    // The page as a whole is marked.
    let stale = Callback::new(|_| false);
    let context = PodContext { address: Callback::new(|_| None), environment: None, stale };
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4 xl:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
            <div class="grid grid-cols-[minmax(0,1fr)] content-start gap-4">
                <Panel title="What is wrong">
                    <Findings findings calm=Signal::derive(move || calm(head.with(|head| head.cell.status.state))) address=|_| None />
                </Panel>
                <Panel title="Pods" aside=count>
                    <Missing right=forbidden />
                    {move || {
                        if none.get() {
                            return forbidden
                                .get()
                                .is_none()
                                .then(|| view! { <p class="px-3 py-2.5 text-soft">"No pods are known."</p> })
                                .into_any();
                        }
                        view! {
                            <table class="w-full table-fixed text-left">
                                <caption class="sr-only">"Pods, worst first"</caption>
                                <thead class="text-xs text-faint">
                                    <tr>
                                        <th scope="col" class="w-28 px-3 py-2 font-semibold">"State"</th>
                                        <th scope="col" class="px-3 py-2 font-semibold">"Name"</th>
                                        <th scope="col" class="hidden w-20 px-3 py-2 font-semibold md:table-cell">"Ready"</th>
                                        <th scope="col" class="hidden w-20 px-3 py-2 text-right font-semibold md:table-cell">"Restarts"</th>
                                        <th scope="col" class="hidden w-24 px-3 py-2 font-semibold xl:table-cell">"Node"</th>
                                        <th scope="col" class="hidden w-32 px-3 py-2 font-semibold lg:table-cell">"Version"</th>
                                        <th scope="col" class="hidden w-20 px-3 py-2 text-right font-semibold md:table-cell">"Age"</th>
                                    </tr>
                                </thead>
                                <tbody>
                                    <PodRows rows=pods.clone() context />
                                </tbody>
                            </table>
                        }
                            .into_any()
                    }}
                </Panel>
            </div>
            <div class="grid grid-cols-[minmax(0,1fr)] content-start gap-4">
                <Panel title="Expected and actual">
                    <table class="w-full text-left">
                        <caption class="sr-only">"What was declared, beside what is"</caption>
                        <thead class="text-xs text-faint">
                            <tr>
                                <th scope="col" class="px-3 py-2 font-semibold">"What"</th>
                                <th scope="col" class="px-3 py-2 font-semibold">"Actual"</th>
                                <th scope="col" class="px-3 py-2 font-semibold">"Expected"</th>
                            </tr>
                        </thead>
                        <tbody>{move || expectations.get().into_iter().map(expectation).collect_view()}</tbody>
                    </table>
                </Panel>
                <Panel title="Conditions">
                    {move || {
                        let conditions = conditions.get();
                        if conditions.is_empty() {
                            view! { <p class="px-3 py-2.5 text-soft">"Kubernetes reports none."</p> }.into_any()
                        } else {
                            view! { <ul>{conditions.into_iter().map(condition).collect_view()}</ul> }.into_any()
                        }
                    }}
                </Panel>
            </div>
        </div>
    }
}

/// What is said when nothing was found: that all is well only where that is known.
fn calm(state: State) -> &'static str {
    match state {
        State::Off | State::Ready | State::Progressing => "Nothing. It is as it was declared.",
        State::Unknown => "Not known: nothing current comes from the cluster.",
        State::Degraded | State::Failed => "Nothing that has a name yet. Its pods and conditions say more.",
    }
}

fn expectation((name, actual, expected, agrees): (Arc<str>, Arc<str>, Arc<str>, bool)) -> impl IntoView {
    let mark = if agrees {
        view! { <Glyph state=State::Ready size="10" /> }.into_any()
    } else {
        view! { <RemarkGlyph size="10" /> }.into_any()
    };
    view! {
        <tr class="border-t border-line align-top">
            <th scope="row" class="px-3 py-1.5 text-sm font-medium whitespace-nowrap">{name}</th>
            <td class="px-3 py-1.5 [overflow-wrap:anywhere]">
                <span class="inline-flex items-center gap-1.5">
                    {mark}
                    <span class="sr-only">{if agrees { "agrees: " } else { "differs: " }}</span>
                    {actual}
                </span>
            </td>
            <td class="px-3 py-1.5 text-soft [overflow-wrap:anywhere]">{expected}</td>
        </tr>
    }
}

fn condition(condition: Condition) -> impl IntoView {
    let Condition { kind, status, reason, message, since } = condition;
    let word = match status {
        Some(true) => "True",
        Some(false) => "False",
        None => "Unknown",
    };
    view! {
        <li class="border-t border-line px-3 py-2 first:border-t-0">
            <div class="flex flex-wrap items-baseline gap-x-2">
                <span class="font-medium">{kind}</span>
                <span class="text-soft">{word} " · " {reason}</span>
                <span class="ml-auto text-sm text-faint">
                    <Ago since what="Since" />
                </span>
            </div>
            <p class="text-soft [overflow-wrap:anywhere]">{message}</p>
        </li>
    }
}

/// What ran before.
#[component]
fn Revisions(rows: Rows<RevisionRow>, head: RwSignal<ComponentHead>, screen: Screen) -> impl IntoView {
    let back = Memo::new(move |_| {
        let id = head.with(|head| head.cell.id.clone());
        let may = screen.person.with(|person| person.operates.contains(&id.environment));
        may.then(|| links::plan(&id, "roll-back"))
    });
    let none = {
        let rows = rows.clone();
        Memo::new(move |_| rows.count() == 0)
    };
    let table = move || {
        let rows = rows.clone();
        view! {
            <table class="w-full table-fixed text-left">
                <caption class="sr-only">"Revisions, newest first"</caption>
                <thead class="text-xs text-faint">
                    <tr>
                        <th scope="col" class="w-20 px-3 py-2 font-semibold sm:w-28">"Revision"</th>
                        <th scope="col" class="px-3 py-2 font-semibold">"Image that ran"</th>
                        <th scope="col" class="w-16 px-1 py-2 font-semibold sm:w-20 sm:px-3">"When"</th>
                        <th scope="col" class="hidden px-3 py-2 font-semibold lg:table-cell">"Why"</th>
                        <th scope="col" class="w-16 px-3 py-2 text-right font-semibold sm:w-20">"Ready"</th>
                    </tr>
                </thead>
                <tbody>
                    {each(rows, move |row| revision(row, back).into_any())}
                </tbody>
            </table>
        }
        .into_any()
    };
    view! {
        <Panel title="Revisions" aside="newest first">
            {move || {
                if none.get() {
                    view! { <p class="px-3 py-2.5 text-soft">"No revisions are known."</p> }.into_any()
                } else {
                    table()
                }
            }}
        </Panel>
    }
}

fn revision(row: Row<RevisionRow>, back: Memo<Option<String>>) -> impl IntoView {
    let revision: RwSignal<RevisionRow> = row.value.into();
    let RevisionRow { number, name, image, created, .. } = revision.get_untracked();
    let same = move || {
        revision.with(|revision| {
            let numbers: Vec<String> = revision.same_as.iter().map(i64::to_string).collect();
            (!numbers.is_empty()).then(|| ["same code as ", &numbers.join(", ")].concat())
        })
    };
    // A tag that moved: what stands beside it is what most of the ready pods run.
    let many = move || {
        revision.with(|revision| (revision.digests > 1).then(|| [&revision.digests.to_string(), " digests"].concat()))
    };
    let short = move || {
        revision.with(|revision| {
            let digest = revision.digest.strip_prefix("sha256:").unwrap_or(&revision.digest);
            match digest.get(..7) {
                Some(short) => short.to_owned(),
                None if digest.is_empty() => "digest not seen".to_owned(),
                None => digest.to_owned(),
            }
        })
    };
    view! {
        <tr class="border-t border-line align-top">
            <th scope="row" class="px-3 py-1.5 font-medium" title=name>
                {number}
                <span class="block text-sm font-normal text-ready">
                    {move || revision.with(|revision| revision.current.then_some("current"))}
                </span>
            </th>
            <td class="px-3 py-1.5 font-mono text-sm [overflow-wrap:anywhere]">
                {image} " "
                <span class="text-faint" title=move || revision.with(|revision| revision.digest.clone())>
                    {short}
                </span>
                <span class="block font-sans empty:hidden">
                    {move || {
                        let address = revision.with(|revision| !revision.current).then(|| back.get()).flatten()?;
                        let address = format!("{address}&revision={number}");
                        Some(view! {
                            <a href=address class="text-accent hover:underline" aria-label=format!("Roll back to revision {number}")>
                                "Roll back to this"
                            </a>
                        })
                    }}
                </span>
                <span class="block font-sans text-degraded">{many}</span>
                <span class="block font-sans text-soft">{same}</span>
                <span class="block font-sans text-soft lg:hidden">
                    {move || revision.with(|revision| revision.cause.clone())}
                </span>
            </td>
            <td class="px-1 py-1.5 text-faint sm:px-3">
                <Ago since=created what="Created" />
            </td>
            <td class="hidden px-3 py-1.5 [overflow-wrap:anywhere] lg:table-cell">
                {move || {
                    revision
                        .with(|revision| if revision.cause.is_empty() { "nobody said".into() } else { revision.cause.clone() })
                }}
            </td>
            <td class="px-3 py-1.5 text-right">
                <Figure text=Signal::derive(move || {
                    revision.with(|revision| match revision.pods {
                        Some((pods, ready)) => of(ready, Some(pods)),
                        None => "–".to_owned(),
                    })
                }) />
            </td>
        </tr>
    }
}
