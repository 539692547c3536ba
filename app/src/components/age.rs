//! How old something is, kept up to date, with the exact moment for who asks.

use domain::age::Age;
use leptos::prelude::*;

use crate::clock::{exact_time, machine_time, now};

/// An age: `14 min`. A dash when the moment is not known.
#[component]
pub fn Ago(
    /// Seconds since 1970; 0 when not known.
    #[prop(into)]
    since: Signal<i64>,
    /// What happened then, for the exact time's title: `Changed`.
    #[prop(default = "")]
    what: &'static str,
) -> impl IntoView {
    let now = now();
    let title = move || match since.get() {
        0 => "Not known".to_owned(),
        since => [what, if what.is_empty() { "" } else { " " }, &exact_time(since)].concat(),
    };
    view! {
        <time
            class="whitespace-nowrap"
            datetime=move || Some(since.get()).filter(|since| *since != 0).map(machine_time)
            title=title
        >
            {move || match since.get() {
                0 => "–".to_owned(),
                since => Age::between(since, now.get() / 1000).to_string(),
            }}
        </time>
    }
}
