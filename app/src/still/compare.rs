//! The environments of a system beside one another.

use domain::compare::{Cell, Group, Only, Row, Table, Verdict};
use domain::name::{EnvironmentId, SystemId};
use domain::registry::Tier;
use domain::view::State;
use leptos::prelude::*;

use super::forms::SECONDARY;
use crate::components::state_mark::{Glyph, RemarkGlyph};
use crate::components::tier_chip::TierChip;
use crate::links;

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct CompareView {
    /// The systems one may choose: id and name.
    pub systems: Vec<(SystemId, String)>,
    /// The one that is shown; none where there is none.
    pub chosen: Option<SystemId>,
    /// Which rows are shown.
    pub only: Only,
    /// Its environments and their rows.
    pub table: Table,
}

/// A choice among several, one of which is made.
const CHOICE: &str = "inline-flex h-8 items-center rounded border border-line-strong bg-panel px-3 font-medium hover:bg-raised \
                      aria-[current=true]:border-accent aria-[current=true]:bg-accent-ground aria-[current=true]:text-accent";

/// The query of a choice.
fn query(system: Option<&SystemId>, only: Only) -> String {
    let system = system.map_or_else(String::new, |system| ["?system=", system.as_str()].concat());
    match only {
        Only::All => system,
        Only::Differences | Only::Declared | Only::Environments => {
            let start = if system.is_empty() { "?" } else { "&" };
            [&system, start, "only=", only.as_str()].concat()
        }
    }
}

/// The page.
pub fn compare(page: CompareView) -> AnyView {
    let CompareView { systems, chosen, only, table } = page;
    let export = [links::COMPARE_CSV, &query(chosen.as_ref(), only)].concat();
    let choices = systems
        .into_iter()
        .map(|(id, name)| {
            let is_chosen = chosen.as_ref() == Some(&id);
            let address = [links::COMPARE, &query(Some(&id), only)].concat();
            view! {
                <li>
                    <a href=address aria-current=is_chosen.then_some("true") class=CHOICE>
                        {name}
                    </a>
                </li>
            }
        })
        .collect_view();
    let shows = Only::ALL.map(|choice| {
        let address = [links::COMPARE, &query(chosen.as_ref(), choice)].concat();
        view! {
            <li>
                <a href=address aria-current=(choice == only).then_some("true") class=CHOICE>
                    {words(choice, &table)}
                </a>
            </li>
        }
    });
    let unknown = match table.unknown {
        0 => None,
        1 => Some("One value is not known: it is marked with ?, and is no difference.".to_owned()),
        more => Some(format!("{more} values are not known: they are marked with ?, and are no differences.")),
    };
    let is_chosen = chosen.is_some();
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4">
            <div class="flex flex-wrap items-end justify-between gap-3">
                <div>
                    <h1 class="text-xl font-semibold">"Compare"</h1>
                    <p class="text-soft">"What runs in each environment of a system, against what was declared and against the others."</p>
                </div>
                {is_chosen
                    .then(|| {
                        view! {
                            <a href=export download="" class=["inline-flex items-center ", SECONDARY].concat()>
                                "CSV"
                            </a>
                        }
                    })}
            </div>
            <nav aria-label="Systems">
                <ul class="flex flex-wrap gap-2">{choices}</ul>
            </nav>
            <nav aria-label="Rows">
                <ul class="flex flex-wrap gap-2">{shows}</ul>
            </nav>
            {unknown.map(|text| view! { <p class="text-soft">{text}</p> })}
            {if is_chosen {
                matrix(table, only).into_any()
            } else {
                view! { <p class="text-soft">"You see no environment. Whoever administers Quarterdeck can give you a role in one."</p> }
                    .into_any()
            }}
        </div>
    }
    .into_any()
}

/// What a choice of rows is called, with how many they are where that is something to look at.
fn words(choice: Only, table: &Table) -> String {
    match choice {
        Only::All => "All".to_owned(),
        Only::Differences => "Only differences".to_owned(),
        Only::Declared => format!("Differs from what was declared ({})", table.differ_from_declared),
        Only::Environments => format!("Differs between environments ({})", table.differ_between),
    }
}

/// The table in a box of its own, in which its head and its first column stay where they are.
fn matrix(table: Table, only: Only) -> impl IntoView {
    let Table { columns, groups, .. } = table;
    if groups.is_empty() {
        let text = match only {
            Only::All => "Nothing is declared of this system.",
            Only::Differences => "Nothing differs.",
            Only::Declared => "Everything that is known is as it was declared.",
            Only::Environments => "Everything that is known is the same in all environments.",
        };
        return view! { <p class="rounded-lg border border-line bg-panel px-3 py-2.5 text-soft">{text}</p> }.into_any();
    }
    let width = columns.len() + 1;
    let heads = columns.into_iter().map(|(id, title, tier)| column(&id, &title, tier)).collect_view();
    let bodies = groups.into_iter().map(|group| body(group, width)).collect_view();
    view! {
        <div class="max-h-[calc(100dvh-6rem)] overflow-auto rounded-lg border border-line bg-panel" tabindex="0" role="region" aria-label="Comparison">
            <table class="w-full text-left">
                <caption class="sr-only">"Environments as columns, what can be declared of them as rows"</caption>
                <thead class="text-sm">
                    <tr>
                        <th scope="col" class="sticky left-0 top-0 z-20 h-10 min-w-36 bg-panel px-3 font-semibold shadow-line sm:min-w-56">
                            "What"
                        </th>
                        {heads}
                    </tr>
                </thead>
                {bodies}
            </table>
        </div>
    }
    .into_any()
}

fn column(id: &EnvironmentId, title: &str, tier: Tier) -> impl IntoView + use<> {
    // The chip says the tier; a name beside it only where it is another.
    let name = (title != tier.word()).then(|| title.to_owned());
    view! {
        <th scope="col" class="sticky top-0 z-10 h-10 min-w-44 bg-panel px-3 font-semibold shadow-line">
            <a href=links::environment(id) class="inline-flex min-h-6 items-center gap-2 hover:underline">
                <TierChip tier />
                {name}
            </a>
        </th>
    }
}

fn body(group: Group, width: usize) -> impl IntoView {
    let rows = group.rows.into_iter().map(row).collect_view();
    view! {
        <tbody>
            <tr class="border-t border-line bg-raised">
                <th scope="rowgroup" colspan=width.to_string() class="px-3 py-1.5">
                    <span class="sticky left-3 font-semibold">{group.title}</span>
                </th>
            </tr>
            {rows}
        </tbody>
    }
}

fn row(row: Row) -> impl IntoView {
    let Row { name, cells, differs_between, .. } = row;
    let cells = cells.into_iter().map(cell).collect_view();
    view! {
        <tr class="border-t border-line align-top">
            <th scope="row" class="sticky left-0 z-10 bg-panel px-3 py-1.5 font-normal [overflow-wrap:anywhere]">
                {name}
                {differs_between.then(|| view! { <span class="block text-xs text-faint">"not the same everywhere"</span> })}
            </th>
            {cells}
        </tr>
    }
}

fn cell(cell: Option<Cell>) -> impl IntoView {
    let Some(Cell { text, verdict }) = cell else {
        return view! {
            <td class="px-3 py-1.5 text-faint" title="Not declared in this environment.">
                <span aria-hidden="true">"–"</span>
                <span class="sr-only">"not declared here"</span>
            </td>
        }
        .into_any();
    };
    match verdict {
        Verdict::Agrees => view! { <td class="px-3 py-1.5 [overflow-wrap:anywhere]">{text}</td> }.into_any(),
        Verdict::Undeclared => {
            view! { <td class="px-3 py-1.5 text-soft [overflow-wrap:anywhere]">{text}</td> }.into_any()
        }
        Verdict::Differs(expected) => view! {
            <td class="bg-remark-ground px-3 py-1.5 [overflow-wrap:anywhere]">
                <span class="inline-flex items-baseline gap-1.5 font-medium text-remark">
                    <RemarkGlyph />
                    {text}
                </span>
                <span class="block text-sm text-soft">{["expected ", &expected].concat()}</span>
            </td>
        }
        .into_any(),
        Verdict::Unknown(why) => view! {
            <td class="px-3 py-1.5 text-unknown" title=why.clone()>
                <span class="inline-flex items-baseline gap-1.5">
                    <Glyph state=State::Unknown />
                    "?"
                </span>
                <span class="sr-only">{["unknown: ", &why].concat()}</span>
            </td>
        }
        .into_any(),
    }
}
