//! A component in an environment, in a few lines: expected beside actual.

use domain::view::Cell;
use leptos::prelude::*;

use crate::components::age::Ago;
use crate::components::chip::Chips;
use crate::components::count::ready_of;
use crate::components::figure::Figure;
use crate::components::hpa_bar::HpaBar;
use crate::components::state_mark::StateMark;
use crate::components::version::Version;

/// How a component is named in its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// On a line of its own.
    First,
    /// After the version: where the row's head says only what the names have in common.
    Last,
    /// For those who do not see the row's head.
    Heard,
}

/// The lines. What goes into a link; it is no link itself.
#[component]
pub fn CellLines(
    /// The component.
    cell: RwSignal<Cell>,
    /// How the component's name stands in it.
    naming: Naming,
) -> impl IntoView {
    // The name does not change while the cell is there.
    let name = cell.with_untracked(|cell| cell.id.name.as_str().to_owned());
    let (first, last) = match naming {
        Naming::First => (Some(("block font-medium", name)), None),
        Naming::Heard => (Some(("sr-only", name)), None),
        Naming::Last => (None, Some(name)),
    };
    view! {
        {first.map(|(class, name)| view! { <span class=class>{name} " "</span> })}
        <span class="flex items-center gap-2">
            <StateMark
                state=Signal::derive(move || cell.with(|cell| cell.status.state))
                word=Signal::derive(move || cell.with(|cell| cell.status.word.clone()))
                why=Signal::derive(move || cell.with(|cell| cell.status.why.clone()))
            />
            <span class="whitespace-nowrap tabular-nums text-soft stale:text-faint">
                <Figure text=Signal::derive(move || cell.with(ready_of)) />
            </span>
            <span class="hidden shrink overflow-hidden xl:inline max-md:inline">
                <HpaBar
                    range=Signal::derive(move || cell.with(|cell| cell.range))
                    current=Signal::derive(move || cell.with(|cell| cell.wanted.unwrap_or(0)))
                />
            </span>
            <span class="ml-auto text-xs text-faint">
                <Ago since=Signal::derive(move || cell.with(|cell| cell.changed)) what="Changed" />
            </span>
        </span>
        <span class="mt-0.5 block truncate">
            <Version
                tag=Signal::derive(move || cell.with(|cell| cell.tag.clone()))
                digest=Signal::derive(move || cell.with(|cell| cell.digest.clone()))
                next=Signal::derive(move || cell.with(|cell| cell.next.clone()))
            />
            {last.map(|name| view! { <span class="font-mono text-sm text-faint">" · " {name}</span> })}
        </span>
        <Chips chips=Signal::derive(move || cell.with(|cell| cell.chips.clone())) />
    }
}
