//! The receivers of alerts, and trying them.

use leptos::prelude::*;

use super::{ReceiverRow, sending};
use crate::components::build::BuildField;
use crate::still::forms::SECONDARY;

/// Who is told, for admins.
#[component]
pub fn Receivers(
    /// In the registry's order.
    receivers: Vec<ReceiverRow>,
) -> impl IntoView {
    let empty = receivers.is_empty();
    let rows = receivers
        .into_iter()
        .map(|receiver| {
            let ReceiverRow { name, reach, tested } = receiver;
            let label = ["Send a test to ", &name].concat();
            view! {
                <tr class="border-t border-line align-top">
                    <th scope="row" class="px-3 py-2 font-medium break-words">
                        {name.clone()}
                        <span class="block text-sm font-normal text-faint">{reach}</span>
                    </th>
                    <td class="px-3 py-2 break-words">
                        {match tested {
                            Some(tested) => sending(tested).into_any(),
                            None => view! { <span class="text-faint">"No test yet"</span> }.into_any(),
                        }}
                    </td>
                    <td class="px-3 py-2 text-right">
                        <form method="post" action="/alerts/test">
                            <BuildField />
                            <input type="hidden" name="receiver" value=name />
                            <button type="submit" class=SECONDARY aria-label=label>
                                "Send a test"
                            </button>
                        </form>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section aria-labelledby="alert-receivers" class="grid grid-cols-[minmax(0,1fr)] gap-2">
            <h2 id="alert-receivers" class="text-lg font-semibold">
                "Receivers"
            </h2>
            {empty.then(|| view! { <p class="text-soft">"None is declared. They stand in the registry, under alerts."</p> })}
            {(!empty)
                .then(|| {
                    view! {
                        <div class="overflow-x-auto rounded-lg border border-line bg-panel">
                            <table class="w-full text-left">
                                <caption class="sr-only">"Receivers of alerts"</caption>
                                <thead class="text-xs text-faint">
                                    <tr>
                                        <th scope="col" class="h-8 px-3 font-semibold">"Receiver"</th>
                                        <th scope="col" class="px-3 font-semibold">"Last test"</th>
                                        <th scope="col" class="px-3 font-semibold">
                                            <span class="sr-only">"Test"</span>
                                        </th>
                                    </tr>
                                </thead>
                                <tbody>{rows}</tbody>
                            </table>
                        </div>
                    }
                })}
        </section>
    }
}
