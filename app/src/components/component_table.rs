//! Components of one environment as a table.

use domain::view::Cell;
use leptos::prelude::*;

use crate::components::age::Ago;
use crate::components::chip::Chips;
use crate::components::count::{ready_of, thousands};
use crate::components::figure::Figure;
use crate::components::hpa_bar::HpaBar;
use crate::components::state_mark::StateMark;
use crate::components::version::Version;
use crate::rows::{Row, Rows, each};

/// The table.
#[component]
pub fn ComponentTable(
    /// The components, in the registry's order.
    rows: Rows<Cell>,
    /// Where a component has its page.
    address: fn(&Cell) -> String,
) -> impl IntoView {
    view! {
        <table class="w-full table-fixed text-left">
            <caption class="sr-only">"Components: expected beside actual"</caption>
            <thead class="text-xs text-faint">
                <tr>
                    <th scope="col" class="w-28 sm:w-32 px-3 py-2 font-semibold">"State"</th>
                    <th scope="col" class="px-3 py-2 font-semibold">"Name"</th>
                    <th scope="col" class="w-20 px-3 py-2 font-semibold sm:w-40">"Ready"</th>
                    <th scope="col" class="hidden w-36 px-3 py-2 font-semibold md:table-cell">"Version"</th>
                    <th scope="col" class="hidden w-20 px-3 py-2 text-right font-semibold md:table-cell">"Restarts"</th>
                    <th scope="col" class="hidden w-20 px-3 py-2 text-right font-semibold sm:table-cell">"Changed"</th>
                </tr>
            </thead>
            <tbody>
                {each(rows, move |row| line(row, address).into_any())}
            </tbody>
        </table>
    }
}

fn line(row: Row<Cell>, address: fn(&Cell) -> String) -> impl IntoView {
    let cell: RwSignal<Cell> = row.value.into();
    let name = cell.with_untracked(|cell| cell.id.name.as_str().to_owned());
    let href = cell.with_untracked(address);
    view! {
        <tr class="border-t border-line align-top hover:bg-raised">
            <td class="px-3 py-1.5">
                <StateMark
                    state=Signal::derive(move || cell.with(|cell| cell.status.state))
                    word=Signal::derive(move || cell.with(|cell| cell.status.word.clone()))
                    why=Signal::derive(move || cell.with(|cell| cell.status.why.clone()))
                />
            </td>
            <th scope="row" class="px-3 py-1.5 font-medium break-words">
                <a href=href data-row="" class="py-0.5 hover:underline">{name}</a>
                " "
                <span class="font-normal text-faint">{move || cell.with(|cell| cell.role.word())}</span>
                <span class="font-normal">
                    <Chips chips=Signal::derive(move || cell.with(|cell| cell.chips.clone())) />
                </span>
            </th>
            <td class="px-3 py-1.5 whitespace-nowrap">
                <span class="inline-flex items-center gap-2 stale:text-faint">
                    <Figure text=Signal::derive(move || cell.with(ready_of)) />
                    <span class="hidden sm:inline">
                        <HpaBar
                            range=Signal::derive(move || cell.with(|cell| cell.range))
                            current=Signal::derive(move || cell.with(|cell| cell.wanted.unwrap_or(0)))
                        />
                    </span>
                </span>
            </td>
            <td class="hidden px-3 py-1.5 [overflow-wrap:anywhere] md:table-cell">
                <Version
                    tag=Signal::derive(move || cell.with(|cell| cell.tag.clone()))
                    digest=Signal::derive(move || cell.with(|cell| cell.digest.clone()))
                next=Signal::derive(move || cell.with(|cell| cell.next.clone()))
                />
            </td>
            <td class="hidden px-3 py-1.5 text-right md:table-cell">
                <Figure text=Signal::derive(move || cell.with(|cell| cell.restarts.map_or_else(|| "–".to_owned(), thousands))) />
            </td>
            <td class="hidden px-3 py-1.5 text-right text-faint sm:table-cell">
                <Ago since=Signal::derive(move || cell.with(|cell| cell.changed)) what="Changed" />
            </td>
        </tr>
    }
}
