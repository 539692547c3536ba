//! What Kubernetes said, newest first.

use domain::view::{EventRow, State};
use leptos::prelude::*;

use crate::components::age::Ago;
use crate::components::count::thousands;
use crate::components::state_mark::Glyph;
use crate::rows::{Row, Rows, each};

/// The table; one calm line when nothing was said.
#[component]
pub fn EventTable(
    /// The events.
    rows: Rows<EventRow>,
    /// The table's caption.
    caption: &'static str,
    /// What is said when there are none.
    calm: &'static str,
) -> impl IntoView {
    let none = {
        let rows = rows.clone();
        Memo::new(move |_| rows.count() == 0)
    };
    let table = move || {
        let rows = rows.clone();
        view! {
            <table class="w-full table-fixed text-left">
                <caption class="sr-only">{caption}</caption>
                <thead class="text-xs text-faint">
                    <tr>
                        <th scope="col" class="w-20 px-3 py-2 font-semibold">"Last seen"</th>
                        <th scope="col" class="w-44 px-3 py-2 font-semibold max-sm:hidden">"Reason"</th>
                        <th scope="col" class="px-3 py-2 font-semibold">"What"</th>
                        <th scope="col" class="w-16 px-3 py-2 text-right font-semibold">"Times"</th>
                    </tr>
                </thead>
                <tbody>
                    {each(rows, |row| line(row).into_any())}
                </tbody>
            </table>
        }
        .into_any()
    };
    view! {
        {move || if none.get() { view! { <p class="px-3 py-2.5 text-soft">{calm}</p> }.into_any() } else { table() }}
    }
}

fn line(row: Row<EventRow>) -> impl IntoView {
    let event: RwSignal<EventRow> = row.value.into();
    let EventRow { warning, reason, about, .. } = event.get_untracked();
    let mark = move || {
        let state = if warning { State::Degraded } else { State::Off };
        view! {
            <Glyph state size="10" />
            <span class="sr-only">{if warning { "Warning" } else { "Normal" }}</span>
        }
    };
    view! {
        <tr class="border-t border-line align-top">
            <td class="px-3 py-1.5 text-faint">
                <Ago since=Signal::derive(move || event.with(|event| event.last)) what="Last seen" />
            </td>
            <td class="px-3 py-1.5 max-sm:hidden">
                <span class="flex items-baseline gap-1.5 font-medium">{mark()} <span class="[overflow-wrap:anywhere]">{reason.clone()}</span></span>
            </td>
            <td class="px-3 py-1.5 [overflow-wrap:anywhere]">
                <span class="flex items-center gap-1.5 font-medium sm:hidden">{mark()} {reason}</span>
                <span class="block font-mono text-sm text-soft">{about}</span>
                {move || event.with(|event| event.message.clone())}
            </td>
            <td class="px-3 py-1.5 text-right">{move || event.with(|event| thousands(event.count))}</td>
        </tr>
    }
}
