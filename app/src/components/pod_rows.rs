//! Pods as rows of a table: on small screens two lines each, so that nothing runs over the edge.

use std::sync::Arc;

use domain::name::EnvironmentId;
use domain::view::PodRow;
use leptos::prelude::*;

use crate::components::age::Ago;
use crate::components::count::thousands;
use crate::components::figure::Figure;
use crate::components::state_mark::StateMark;
use crate::components::version::Version;
use crate::rows::{Row, Rows, each};

/// What a row needs to know of the world outside.
#[derive(Debug, Clone, Copy)]
pub struct PodContext {
    /// Where a pod's component has its page; `None` when it belongs to none.
    pub address: Callback<PodRow, Option<String>>,
    /// The name of a pod's environment; `None` draws no such column.
    pub environment: Option<Callback<PodRow, Arc<str>>>,
    /// Whether what is known of the pods of an environment is older than it should be.
    pub stale: Callback<EnvironmentId, bool>,
}

/// The rows, to stand in a `<tbody>`.
#[component]
pub fn PodRows(
    /// The pods.
    rows: Rows<PodRow>,
    /// What they need to know.
    context: PodContext,
) -> impl IntoView {
    each(rows, move |row| line(row, context).into_any())
}

/// What follows the age where there is no column for it.
fn counted(restarts: u32) -> String {
    [" · ", &thousands(restarts), if restarts == 1 { " restart" } else { " restarts" }].concat()
}

fn line(row: Row<PodRow>, context: PodContext) -> impl IntoView {
    let pod: RwSignal<PodRow> = row.value.into();
    let name = pod.with_untracked(|pod| pod.name.clone());
    let place = pod.with_untracked(|pod| pod.environment.clone());
    let created = pod.with_untracked(|pod| pod.created);
    let address = Memo::new(move |_| context.address.run(pod.get()));
    let environment = context.environment.map(|environment| Memo::new(move |_| environment.run(pod.get())));
    let ready =
        Signal::derive(move || pod.with(|pod| [&pod.ready.to_string(), " of ", &pod.containers.to_string()].concat()));
    let restarts = Signal::derive(move || pod.with(|pod| thousands(pod.restarts)));
    let status = move || {
        view! {
            <StateMark
                state=Signal::derive(move || pod.with(|pod| pod.status.state))
                word=Signal::derive(move || pod.with(|pod| pod.status.word.clone()))
                why=Signal::derive(move || pod.with(|pod| pod.status.why.clone()))
            />
        }
    };
    let title = {
        let name = name.clone();
        move || match address.get() {
            Some(address) => {
                view! { <a href=address data-row="" class="py-0.5 hover:underline">{name.clone()}</a> }.into_any()
            }
            None => view! { <span>{name.clone()}</span> }.into_any(),
        }
    };
    view! {
        <tr
            class="h-12 border-t border-line hover:bg-raised md:h-8"
            data-stale=move || context.stale.run(place.clone()).then_some("")
        >
            <td class="truncate px-3">{status()}</td>
            <th scope="row" class="truncate px-3 font-medium" title=name>
                {title}
                <span class="block truncate text-sm font-normal text-faint md:hidden">
                    {environment.map(|environment| move || [&*environment.get(), " · "].concat())}
                    <Ago since=created what="Created" />
                    {move || pod.with(|pod| (pod.restarts > 0).then(|| counted(pod.restarts)))}
                </span>
            </th>
            {environment
                .map(|environment| {
                    view! { <td class="hidden truncate px-3 text-soft md:table-cell">{move || environment.get()}</td> }
                })}
            <td class="hidden px-3 md:table-cell stale:text-faint">
                <Figure text=ready />
            </td>
            <td class="hidden px-3 text-right md:table-cell stale:text-faint">
                <Figure text=restarts />
            </td>
            <td class="hidden truncate px-3 text-soft xl:table-cell">
                {move || pod.with(|pod| if pod.node.is_empty() { "–".into() } else { pod.node.clone() })}
            </td>
            <td class="hidden truncate px-3 lg:table-cell">
                <Version
                    tag=Signal::derive(move || pod.with(|pod| pod.tag.clone()))
                    digest=Signal::derive(move || pod.with(|pod| pod.digest.clone()))
                />
            </td>
            <td class="hidden px-3 text-right text-faint md:table-cell">
                <Ago since=created what="Created" />
            </td>
        </tr>
    }
}
