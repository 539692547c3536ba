//! Who has reserved demo data, and the forms to take and release them.

use domain::name::EnvironmentId;
use leptos::prelude::*;

use super::moment;
use crate::clock::exact_time;
use crate::components::build::BuildField;
use crate::still::forms::{FIELD, SECONDARY, SELECT};

/// A reservation. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationRow {
    /// Who holds it.
    pub by: String,
    /// What for.
    pub reason: String,
    /// Until when.
    pub until: i64,
    /// Whether it still holds.
    pub holds: bool,
    /// Whether it is who looks.
    pub is_own: bool,
    /// Who reset over it: their name, when, why.
    pub overridden: Option<(String, i64, String)>,
}

/// What stands of it on a card, and the buttons beside it.
pub(super) fn reservation(
    id: &EnvironmentId,
    held: Option<ReservationRow>,
    zone: &str,
    may: bool,
    now: i64,
    actions: AnyView,
) -> impl IntoView {
    let (holds, own) = held.as_ref().map_or((false, false), |held| (held.holds, held.is_own));
    let said = held.map(|held| {
        let ReservationRow { by, reason, until, holds, is_own: _, overridden } = held;
        let told = overridden.map(|(by, at, why)| {
            view! {
                <p class="mt-1 text-degraded" role="status">
                    {by} " reset it all the same, " {moment(at, now)} ": " {why}
                </p>
            }
        });
        let class = if holds { "rounded border border-line bg-progress-ground px-3 py-2" } else { "text-sm text-soft" };
        let verb = if holds { " has reserved it until " } else { " had reserved it until " };
        view! {
            <div class=class>
                <p class="[overflow-wrap:anywhere]">
                    <span class="font-semibold">{by}</span> {verb} {exact_time(until)} ": " {reason}
                </p>
                {told}
            </div>
        }
    });
    let id = id.to_string();
    let release = (may && holds && own).then(|| {
        let id = id.clone();
        view! {
            <form method="post" action="/demo-data/release">
                <BuildField />
                <input type="hidden" name="environment" value=id />
                <button type="submit" class=SECONDARY>
                    "Release"
                </button>
            </form>
        }
    });
    let take = (may && (!holds || own))
        .then(|| form(id, if own && holds { "Change the reservation" } else { "Reserve" }, zone));
    view! { {said} <div class="flex flex-wrap items-start gap-2">{actions} {release} {take}</div> }
}

fn form(id: String, word: &'static str, zone: &str) -> impl IntoView + use<> {
    let until_at = ["Or until a time in ", zone].concat();
    view! {
        <details>
            <summary class=["inline-flex cursor-pointer list-none items-center ", SECONDARY, " [&::-webkit-details-marker]:hidden"].concat()>
                {word} "…"
            </summary>
            <form method="post" action="/demo-data/reserve" class="mt-2 flex flex-wrap items-end gap-2 rounded border border-line bg-raised p-3">
                <BuildField />
                <input type="hidden" name="environment" value=id />
                <select name="until" required=true class=SELECT aria-label="Until when it is reserved">
                    <option value="1h">"for 1 hour"</option>
                    <option value="4h">"for 4 hours"</option>
                    <option value="morning">"until the next 09:00 there"</option>
                </select>
                <label class="grid gap-1">
                    <span class="text-sm text-faint">{until_at}</span>
                    <input type="datetime-local" name="until_at" class=FIELD />
                </label>
                <label class="grid grow gap-1">
                    <span class="text-sm text-faint">"What for"</span>
                    <input name="reason" required=true maxlength="200" autocomplete="off" placeholder="Regression run of 4.2" class=FIELD />
                </label>
                <button type="submit" class=SECONDARY>
                    {word}
                </button>
            </form>
        </details>
    }
}
