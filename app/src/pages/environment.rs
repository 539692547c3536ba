//! An environment: what is wrong, what runs, what was declared.

use domain::log::level::Level;
use domain::log::query::LogQuery;
use domain::view::{ContactView, LinkView, State};
use leptos::prelude::*;

use crate::components::autoscaler::Autoscaler;
use crate::components::component_table::ComponentTable;
use crate::components::count::thousands;
use crate::components::event_table::EventTable;
use crate::components::facts::{Fact, FactStrip};
use crate::components::finding::Findings;
use crate::components::operations::BUTTON;
use crate::components::panel::{Calm, Missing, Panel};
use crate::components::state_mark::StateDot;
use crate::components::tier_chip::EnvironmentTitle;
use crate::links;
use crate::pages::{missing, stale};
use crate::screen::{EnvironmentModel, Screen};

/// The page.
#[component]
pub fn EnvironmentPage(
    /// What it shows.
    model: EnvironmentModel,
    /// What the tab shows.
    screen: Screen,
) -> impl IntoView {
    let EnvironmentModel {
        head,
        facts,
        findings,
        checks,
        components,
        autoscalers,
        warnings,
        more_warnings,
        undeclared,
    } = model;
    let more_warnings: RwSignal<u32> = more_warnings.into();
    let head: RwSignal<_> = head.into();
    let facts: RwSignal<_> = facts.into();
    let findings: RwSignal<_> = findings.into();
    let checks: RwSignal<Vec<_>> = checks.into();
    let autoscalers: RwSignal<Vec<_>> = autoscalers.into();
    let undeclared: RwSignal<Vec<_>> = undeclared.into();
    let cluster = move || head.with(|head| head.cluster.clone());
    let (no_events, no_autoscalers) =
        (missing(screen, "events", cluster), missing(screen, "horizontalpodautoscalers", cluster));
    let old = stale(screen, move || head.with(|head| head.cluster.clone()));
    let count = {
        let components = components.clone();
        Signal::derive(move || components.count().to_string())
    };
    let worst_first = Signal::derive(move || match findings.with(Vec::len) {
        0 => String::new(),
        _ => "worst first".to_owned(),
    });
    let logs = move |least: Option<Level>| {
        let environments = head.with(|head| vec![head.id.clone()]);
        links::logs(&LogQuery { environments, least, ..LogQuery::default() })
    };
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4" data-stale=old>
            <div>
                <h1 class="flex flex-wrap items-center gap-3 text-xl font-semibold">
                    <StateDot state=Signal::derive(move || head.with(|head| head.state)) size="16" />
                    {move || head.with(|head| head.system.clone())}
                    <EnvironmentTitle
                        title=Signal::derive(move || head.with(|head| head.title.clone()))
                        tier=Signal::derive(move || head.with(|head| head.tier))
                    />
                </h1>
                <p class="mt-1">{move || head.with(|head| head.sentence.clone())}</p>
                <p class="mt-2 flex flex-wrap gap-2">
                    <a href=move || logs(None) aria-keyshortcuts="l" data-key="l" class=BUTTON>
                        "Logs"
                    </a>
                    <a href=move || logs(Some(Level::Error)) class=BUTTON>
                        "Errors in the logs"
                    </a>
                </p>
            </div>
            <FactStrip>
                <Fact name="Namespace">
                    <span class="font-mono text-sm">{move || facts.with(|facts| facts.namespace.clone())}</span>
                </Fact>
                <Fact name="Cluster">{move || facts.with(|facts| facts.cluster.clone())}</Fact>
                <Fact name="Host">
                    {move || facts.with(|facts| if facts.host.is_empty() { "not declared".into() } else { facts.host.clone() })}
                </Fact>
                <Fact name="Window">{move || facts.with(|facts| facts.window.clone())}</Fact>
                <Fact name="Contacts">{move || facts.with(|facts| contacts(&facts.contacts))}</Fact>
                <Fact name="Links">{move || facts.with(|facts| outside(&facts.links))}</Fact>
            </FactStrip>
            {move || {
                let items = checks
                    .get()
                    .into_iter()
                    .map(|check| {
                        view! {
                            <li class="flex items-center gap-1.5" title=check.sentence>
                                <StateDot state=check.outcome.state() />
                                {check.kind.word()}
                            </li>
                        }
                    });
                view! {
                    <a
                        href=links::health(&head.with(|head| head.id.clone()))
                        class="flex min-h-9 flex-wrap items-center gap-x-4 gap-y-1 rounded-lg border border-line bg-panel px-3 py-1.5 hover:bg-raised"
                    >
                        <span class="font-semibold">"Checks"</span>
                        <ul class="flex flex-wrap gap-x-4 gap-y-1">{items.collect_view()}</ul>
                    </a>
                }
            }}
            <div class="grid grid-cols-[minmax(0,1fr)] gap-4 xl:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
                <div class="grid grid-cols-[minmax(0,1fr)] content-start gap-4">
                    <Panel title="What is wrong" aside=worst_first>
                        <Findings
                            findings
                            calm=Signal::derive(move || calm(head.with(|head| head.state)))
                            address=move |finding| head.with(|head| links::look(&head.id, finding))
                        />
                    </Panel>
                    <Panel title="Components" aside=count>
                        <ComponentTable rows=components address=|cell| links::component(&cell.id) />
                    </Panel>
                    <Panel title="Warnings" aside="from events, newest first">
                        <Missing right=no_events />
                        <EventTable rows=warnings caption="Warnings from events" calm="No warnings are known." />
                        {move || {
                            let more = more_warnings.get();
                            (more > 0).then(|| {
                                view! { <p class="border-t border-line px-3 py-1.5 text-soft">{["And ", &thousands(more), " more."].concat()}</p> }
                            })
                        }}
                    </Panel>
                </div>
                <div class="grid grid-cols-[minmax(0,1fr)] content-start gap-4">
                    <Panel title="Autoscaling">
                        {move || {
                            let autoscalers = autoscalers.get();
                            if autoscalers.is_empty() && no_autoscalers.get().is_some() {
                                view! { <Missing right=no_autoscalers /> }.into_any()
                            } else if autoscalers.is_empty() {
                                view! { <Calm text="No autoscalers are known here." /> }.into_any()
                            } else {
                                autoscalers
                                    .into_iter()
                                    .map(|autoscaler| view! { <Autoscaler autoscaler /> })
                                    .collect_view()
                                    .into_any()
                            }
                        }}
                    </Panel>
                    <Panel title="Not declared">
                        {move || {
                            let undeclared = undeclared.get();
                            if undeclared.is_empty() {
                                view! { <Calm text="Nothing is known that is not in the registry." /> }.into_any()
                            } else {
                                let items = undeclared
                                    .into_iter()
                                    .map(|name| {
                                        view! { <li class="border-t border-line px-3 py-1.5 font-mono text-sm [overflow-wrap:anywhere] first:border-t-0">{name}</li> }
                                    });
                                view! { <ul>{items.collect_view()}</ul> }.into_any()
                            }
                        }}
                    </Panel>
                </div>
            </div>
        </div>
    }
}

/// What is said when nothing was found: that all is well only where that is known.
fn calm(state: State) -> &'static str {
    match state {
        State::Off | State::Ready | State::Progressing => "Nothing. Everything here is as it was declared.",
        State::Unknown => "Not known: nothing current comes from the cluster.",
        State::Degraded | State::Failed => "Nothing that has a name yet. The components say more.",
    }
}

fn contacts(contacts: &[ContactView]) -> impl IntoView + use<> {
    if contacts.is_empty() {
        return "not declared".into_any();
    }
    let items = contacts.iter().map(|contact| {
        view! {
            <li>
                {contact.role.clone()} <span class="text-soft">": " {contact.reach.clone()}</span>
            </li>
        }
    });
    view! { <ul>{items.collect_view()}</ul> }.into_any()
}

fn outside(links: &[LinkView]) -> impl IntoView + use<> {
    if links.is_empty() {
        return "not declared".into_any();
    }
    let items = links.iter().map(|link| match links::elsewhere(&link.url) {
        Some(address) => {
            view! {
                <a href=address target="_blank" rel="noopener noreferrer" class="inline-flex min-h-6 items-center text-accent underline">
                    {link.name.clone()}
                </a>
            }
            .into_any()
        }
        None => view! { <span>{link.name.clone()}</span> }.into_any(),
    });
    view! { <span class="flex flex-wrap gap-x-3">{items.collect_view()}</span> }.into_any()
}
