//! All pods: filter, order, and a window of the rows that follows the scrolling.

use std::sync::Arc;

use domain::name::EnvironmentId;
use domain::query::{PAGE_LENGTH, PodColumn, PodQuery, Sort};
use domain::view::{PodRow, PodsHead, State};
use leptos::prelude::*;

use crate::browser;
use crate::components::count::thousands;
use crate::components::pod_rows::{PodContext, PodRows};
use crate::links;
use crate::pages::is_stale;
use crate::screen::{Listed, PodsModel, Screen, component_of};

/// The page.
#[component]
pub fn PodsPage(
    /// What it shows.
    model: PodsModel,
    /// What the tab shows.
    screen: Screen,
) -> impl IntoView {
    let PodsModel { head, rows } = model;
    let head: RwSignal<PodsHead> = head.into();
    let query = Memo::new(move |_| screen.place.with(|place| place.pod_query()));
    let listed = screen.listed;
    // Told only when one begins or ends to be old, not with every sign of life.
    let old = Memo::new(move |_| {
        let sources = screen.sources.read();
        let old = |listed: &&Listed| is_stale(&sources, &listed.cluster);
        listed.with(|listed| listed.iter().filter(old).map(|listed| listed.id.clone()).collect::<Vec<_>>())
    });
    let context = PodContext {
        address: Callback::new(move |pod: PodRow| {
            let id = listed.with(|listed| component_of(listed, &pod.environment, &pod.component));
            id.as_ref().map(links::component)
        }),
        environment: Some(Callback::new(move |pod: PodRow| -> Arc<str> {
            listed.with(|listed| match listed.iter().find(|listed| listed.id == pod.environment) {
                Some(listed) => listed.label.clone(),
                None => pod.environment.to_string().into(),
            })
        })),
        stale: Callback::new(move |environment: EnvironmentId| old.with(|old| old.contains(&environment))),
    };
    let shown = {
        let rows = rows.clone();
        Memo::new(move |_| rows.count() as u32)
    };
    // Which clusters' pods are not known, or not as they are now.
    let forbidden = Memo::new(move |_| {
        screen.sources.with(|sources| {
            let missing = sources.iter().flat_map(|source| &source.missing);
            missing.filter(|right| &*right.resource == "pods").map(|right| right.sentence.clone()).collect::<Vec<_>>()
        })
    });
    let sentence = move || match head.get() {
        PodsHead { total: 0, .. } if forbidden.with(|forbidden| !forbidden.is_empty()) => {
            "Pods cannot be read.".to_owned()
        }
        PodsHead { total: 0, .. } => "No pods are known in the registered namespaces that you may look at.".to_owned(),
        PodsHead { matching: 0, .. } => "No pod matches.".to_owned(),
        PodsHead { matching, bad: 0, .. } => [&counted(matching), ", none of them in trouble."].concat(),
        PodsHead { matching, bad, .. } => [&counted(matching), ", ", &thousands(bad), " in trouble."].concat(),
    };
    view! {
        <div class="mb-3 grid gap-3">
            <div>
                <h1 class="text-xl font-semibold">"Pods"</h1>
                <p class="text-soft">{sentence}</p>
                {move || {
                    forbidden
                        .get()
                        .into_iter()
                        .map(|sentence| view! { <p class="text-degraded">{sentence}</p> })
                        .collect_view()
                }}
            </div>
            <Filter query screen />
        </div>
        <div class="rounded-lg border border-line bg-panel">
            <table id="pods" class="w-full table-fixed text-left">
                <caption class="sr-only">"Pods of all registered namespaces"</caption>
                <Columns query />
                <Spacer id="before" rows=Signal::derive(move || if screen.window.get().is_some() { head.with(|head| head.offset) } else { 0 }) />
                <tbody id="rows">
                    <PodRows rows context />
                </tbody>
                <Spacer
                    id="after"
                    rows=Signal::derive(move || {
                        let after = head.with(|head| head.matching.saturating_sub(head.offset + shown.get()));
                        if screen.window.get().is_some() { after } else { 0 }
                    })
                />
            </table>
            <Show when=move || shown.get() == 0>
                <p class="border-t border-line px-3 py-2.5 text-soft">"No pod matches. Fewer words or another state show more."</p>
            </Show>
        </div>
        <div class="mt-3 flex flex-wrap items-center justify-between gap-3">
            <p role="status" class="text-soft">
                {move || {
                    let known = if forbidden.with(Vec::is_empty) { "" } else { " that are known" };
                    head.with(|head| [&thousands(head.matching), " of ", &thousands(head.total), known].concat())
                }}
            </p>
            <Show when=move || screen.window.get().is_none()>
                <Paging query head />
            </Show>
        </div>
    }
}

fn counted(pods: u32) -> String {
    [thousands(pods).as_str(), if pods == 1 { " pod" } else { " pods" }].concat()
}

/// Height of rows that are not in the window. Attributes, since the policy forbids inline styles.
#[component]
fn Spacer(id: &'static str, rows: Signal<u32>) -> impl IntoView {
    let height = move || match rows.get() {
        0 => None,
        rows => Some(((f64::from(rows) * browser::row_height()) as u64).to_string()),
    };
    view! {
        <tbody id=id aria-hidden="true" class="[overflow-anchor:none]">
            <tr>
                {leptos::html::td().class("p-0").attr("height", height)}
            </tr>
        </tbody>
    }
}

/// The form: sends itself without script, follows what is typed with it.
#[component]
fn Filter(query: Memo<PodQuery>, screen: Screen) -> impl IntoView {
    let with = move |change: &dyn Fn(&mut PodQuery)| {
        let mut next = query.get_untracked();
        next.offset = 0;
        change(&mut next);
        links::pods(&next)
    };
    let environments = move || {
        screen.listed.get().into_iter().map(|listed| {
            let id = listed.id.clone();
            let here = Memo::new(move |_| query.with(|query| query.environment.as_ref() == Some(&id)));
            view! { <option value=listed.id.to_string() selected=move || here.get()>{listed.label.clone()}</option> }
        })
        .collect_view()
    };
    let states = State::WORST_FIRST.map(|state| {
        let value = state.word().to_ascii_lowercase();
        view! { <option value=value selected=move || query.with(|query| query.state == Some(state))>{state.word()}</option> }
    });
    let sort = move || {
        query.with(|query| {
            let plain = PodQuery { sort: query.sort, ..PodQuery::default() };
            plain.to_query_string().strip_prefix("?sort=").map(str::to_owned)
        })
    };
    let initial = query.with_untracked(|query| query.filter.clone());
    let field = "h-8 rounded border border-line-strong bg-panel px-2 placeholder:text-faint";
    view! {
        <form
            method="get"
            action=links::PODS
            role="search"
            class="flex flex-wrap items-end gap-2"
            on:submit=move |event| event.prevent_default()
        >
            <label class="grid grow gap-0.5 text-xs text-faint sm:grow-0">
                "Filter"
                <input
                    id="filter"
                    type="search"
                    name="filter"
                    value=initial
                    placeholder="name, node, image or state"
                    autocomplete="off"
                    spellcheck="false"
                    aria-keyshortcuts="/"
                    class="h-8 w-full rounded border border-line-strong bg-panel px-2 text-base text-ink placeholder:text-faint sm:w-72"
                    on:input=move |event| {
                        let typed = event_target_value(&event);
                        browser::go_soon(screen, with(&|query| query.filter = normal(&typed)));
                    }
                />
            </label>
            <label class="grid gap-0.5 text-xs text-faint">
                "Environment"
                <select
                    name="environment"
                    class=[field, " max-w-56 text-base text-ink"].concat()
                    on:change=move |event| {
                        let chosen = event_target_value(&event);
                        browser::go(screen, &with(&|query| query.environment = chosen.parse().ok()), true);
                    }
                >
                    <option value="" selected=move || query.with(|query| query.environment.is_none())>"all"</option>
                    {environments}
                </select>
            </label>
            <label class="grid gap-0.5 text-xs text-faint">
                "State"
                <select
                    name="state"
                    class=[field, " text-base text-ink"].concat()
                    on:change=move |event| {
                        let chosen = event_target_value(&event);
                        browser::go(screen, &with(&|query| query.state = chosen.parse().ok()), true);
                    }
                >
                    <option value="" selected=move || query.with(|query| query.state.is_none())>"any"</option>
                    {states}
                </select>
            </label>
            {move || sort().map(|sort| view! { <input type="hidden" name="sort" value=sort /> })}
            <button type="submit" class="hidden h-8 rounded border border-line-strong bg-panel px-3 font-medium hover:bg-raised noscript:block">
                "Apply"
            </button>
        </form>
    }
}

/// As the query's reader does it, so that what is typed and what stands in the URL are the same.
fn normal(typed: &str) -> String {
    PodQuery::from_parameters(|name| (name == "filter").then_some(typed)).filter
}

/// The heads of the columns, each a link that sorts.
#[component]
fn Columns(query: Memo<PodQuery>) -> impl IntoView {
    let column = move |column: PodColumn, name: &'static str, class: &'static str| {
        let sorted = move || query.with(|query| (query.sort.column == column).then_some(query.sort.descending));
        let address = move || {
            let descending = sorted() == Some(false);
            links::pods(&PodQuery { sort: Sort { column, descending }, offset: 0, ..query.get() })
        };
        view! {
            <th
                scope="col"
                class=class
                aria-sort=move || sorted().map(|descending| if descending { "descending" } else { "ascending" })
            >
                <a href=address class="inline-flex h-8 items-center gap-1 hover:text-ink">
                    {name}
                    <span aria-hidden="true">
                        {move || match sorted() {
                            None => "",
                            Some(false) => "▾",
                            Some(true) => "▴",
                        }}
                    </span>
                </a>
            </th>
        }
    };
    view! {
        <thead class="text-xs text-faint">
            <tr>
                {column(PodColumn::State, "State", "sticky top-12 z-10 w-32 rounded-tl-lg bg-panel px-3 font-semibold shadow-line lg:w-40")}
                {column(PodColumn::Name, "Name", "sticky top-12 z-10 bg-panel px-3 font-semibold shadow-line max-md:rounded-tr-lg")}
                {column(PodColumn::Environment, "Environment", "sticky top-12 z-10 hidden bg-panel px-3 font-semibold shadow-line md:table-cell md:w-48 xl:w-56")}
                <th scope="col" class="sticky top-12 z-10 hidden w-20 bg-panel px-3 font-semibold shadow-line md:table-cell">"Ready"</th>
                {column(PodColumn::Restarts, "Restarts", "sticky top-12 z-10 hidden w-24 bg-panel px-3 text-right font-semibold shadow-line md:table-cell")}
                {column(PodColumn::Node, "Node", "sticky top-12 z-10 hidden w-28 bg-panel px-3 font-semibold shadow-line xl:table-cell")}
                <th scope="col" class="sticky top-12 z-10 hidden w-40 bg-panel px-3 font-semibold shadow-line lg:table-cell">"Version"</th>
                {column(PodColumn::Age, "Age", "sticky top-12 z-10 hidden w-20 rounded-tr-lg bg-panel px-3 text-right font-semibold shadow-line md:table-cell")}
            </tr>
        </thead>
    }
}

/// Pages, for those without script.
#[component]
fn Paging(query: Memo<PodQuery>, head: RwSignal<PodsHead>) -> impl IntoView {
    let class =
        "inline-flex h-8 items-center rounded border border-line-strong bg-panel px-3 font-medium hover:bg-raised";
    let page = u32::from(PAGE_LENGTH);
    let before = move || {
        let offset = head.with(|head| head.offset);
        (offset > 0).then(|| {
            let href = links::pods(&PodQuery { offset: offset.saturating_sub(page), ..query.get() });
            view! { <a href=href rel="prev" class=class>"Previous 50"</a> }
        })
    };
    let after = move || {
        let PodsHead { offset, matching, .. } = head.get();
        (offset + page < matching).then(|| {
            let href = links::pods(&PodQuery { offset: offset + page, ..query.get() });
            view! { <a href=href rel="next" class=class>"Next 50"</a> }
        })
    };
    view! { <nav aria-label="Pages" class="flex gap-2">{before} {after}</nav> }
}
