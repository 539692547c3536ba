//! The form that silences an alert.

use leptos::prelude::*;

use crate::components::build::BuildField;
use crate::still::forms::{FIELD, SECONDARY, SELECT};

/// Silences the thing that an alert is about.
pub fn silence_form(id: &str, title: &str, shown: &str, zone: &str) -> impl IntoView + use<> {
    let (id, shown) = (id.to_owned(), shown.to_owned());
    let (title, reason) = (title.to_owned(), ["Reason for silencing ", title].concat());
    let until = ["Until when ", &title, " is silenced"].concat();
    let until_at = ["Or until a time in ", zone].concat();
    let until_at_label = [&*until_at, ", for silencing ", &title].concat();
    view! {
        <details>
            <summary class=["inline-flex cursor-pointer list-none items-center ", SECONDARY, " [&::-webkit-details-marker]:hidden"].concat()>
                "Silence" <span class="sr-only">" " {title}</span> "…"
            </summary>
            <form method="post" action="/alerts/silence" class="mt-2 flex flex-wrap items-end gap-2 rounded border border-line bg-raised p-3">
                <BuildField />
                <input type="hidden" name="alert" value=id />
                <input type="hidden" name="environment" value=shown />
                <select name="until" required=true class=SELECT aria-label=until>
                    <option value="1h">"for 1 hour"</option>
                    <option value="4h">"for 4 hours"</option>
                    <option value="morning">"until the next 09:00 there"</option>
                </select>
                <label class="grid gap-1">
                    <span class="text-sm text-faint">{until_at}</span>
                    <input type="datetime-local" name="until_at" class=FIELD aria-label=until_at_label />
                </label>
                <label class="grid grow gap-1">
                    <span class="text-sm text-faint">"Reason, for the record"</span>
                    <input name="reason" required=true maxlength="1000" autocomplete="off" class=FIELD aria-label=reason />
                </label>
                <button type="submit" class=SECONDARY>
                    "Silence"
                </button>
            </form>
        </details>
    }
}
