//! The wall: every environment as a column, every component as a cell.

mod layout;

use std::cmp::Reverse;
use std::sync::Arc;

use domain::name::EnvironmentId;
use domain::registry::Tier;
use domain::view::{Cell, EnvironmentHead, State};
use leptos::prelude::*;

use crate::components::cell::{CellLines, Naming};
use crate::components::state_mark::StateDot;
use crate::components::tier_chip::EnvironmentTitle;
use crate::links;
use crate::pages::stale;
use crate::rows::Rows;
use crate::screen::{Screen, WallModel};
use layout::{Block, Column, Line, layout};

/// The page.
#[component]
pub fn WallPage(
    /// What it shows.
    model: WallModel,
    /// What the tab shows.
    screen: Screen,
) -> impl IntoView {
    let WallModel { head, environments, cells } = model;
    let head: RwSignal<_> = head.into();
    let environments: RwSignal<Vec<EnvironmentHead>> = environments.into();
    let cells = StoredValue::new(cells);
    let only = Memo::new(move |_| screen.place.with(|place| place.only_what_differs()));
    let blocks = Memo::new(move |_| {
        let rows = cells.with_value(Rows::get);
        let differs = |cell: &Cell| !only.get() || cell.differs();
        environments.with(|environments| layout(environments, &rows, differs))
    });
    let parts = Parts { environments, cells, screen };
    view! {
        <div class="mb-4 flex flex-wrap items-end justify-between gap-3">
            <div class="min-w-0">
                <h1 class="text-xl font-semibold text-pretty">
                    {move || head.with(|head| if head.sentence.is_empty() { "The wall".into() } else { head.sentence.clone() })}
                </h1>
                <p class="text-soft">{move || head.with(|head| head.detail.clone())}</p>
            </div>
            <a
                href=move || if only.get() { links::WALL } else { links::WALL_DIFFERS }
                aria-current=move || only.get().then_some("true")
                class="inline-flex h-8 items-center rounded border border-line-strong bg-panel px-3 font-medium hover:bg-raised aria-[current=true]:border-accent aria-[current=true]:bg-accent-ground aria-[current=true]:text-accent"
            >
                {move || if only.get() { "Show everything" } else { "Only what differs" }}
            </a>
        </div>
        {move || {
            let blocks = blocks.get();
            if blocks.is_empty() {
                let words = if only.get() {
                    "Nothing differs from what was declared."
                } else {
                    "Either the registry declares none yet, or you have no role that lets you look. Admins give roles under People."
                };
                return view! { <p class="rounded-lg border border-line bg-panel px-3 py-2.5 text-soft">{words}</p> }.into_any();
            }
            view! {
                <div class="hidden gap-4 md:grid">{blocks.iter().map(|block| parts.table(block)).collect_view()}</div>
                <div class="grid gap-4 md:hidden">{parts.cards(&blocks)}</div>
            }
                .into_any()
        }}
    }
}

/// What the parts of the wall are made from.
#[derive(Clone, Copy)]
struct Parts {
    environments: RwSignal<Vec<EnvironmentHead>>,
    cells: StoredValue<Rows<Cell>>,
    screen: Screen,
}

impl Parts {
    /// Reads something of an environment's head.
    fn head<T: Clone + Send + Sync + 'static>(
        self,
        id: &EnvironmentId,
        otherwise: T,
        read: fn(&EnvironmentHead) -> T,
    ) -> Signal<T> {
        let id = id.clone();
        Signal::derive(move || {
            self.environments.with(|heads| heads.iter().find(|head| head.id == id).map_or(otherwise.clone(), read))
        })
    }

    fn stale(self, id: &EnvironmentId) -> impl Fn() -> Option<&'static str> + Send + Sync + use<> {
        let cluster = self
            .environments
            .with_untracked(|heads| heads.iter().find(|head| head.id == *id).map(|head| head.cluster.clone()));
        let old = cluster.map(|cluster| stale(self.screen, move || cluster.clone()));
        move || old.as_ref().and_then(|old| old())
    }

    /// A system as a table: a row per component, a column per environment.
    fn table(self, block: &Block) -> impl IntoView + use<> {
        let columns = block.columns.iter().map(|column| self.column(column)).collect_view();
        let lines = block.lines.iter().map(|line| self.line(line)).collect_view();
        let widths = block.columns.iter().map(|_| view! { <col /> }).collect_view();
        view! {
            <section class="overflow-hidden rounded-lg border border-line bg-panel">
                <table class="w-full table-fixed border-collapse text-left">
                    <caption class="sr-only">{block.system.clone()}</caption>
                    <colgroup>
                        <col class="w-32 lg:w-44" />
                        {widths}
                    </colgroup>
                    <thead>
                        <tr class="align-top">
                            <td class="px-3 py-2.5">
                                <h2 class="text-lg font-semibold">{block.system.clone()}</h2>
                                <div class="text-sm text-faint">{block.clusters.clone()}</div>
                            </td>
                            {columns}
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </section>
        }
    }

    fn column(self, column: &Column) -> AnyView {
        let Some(id) = column else {
            return view! { <td class="border-l border-line bg-ground/60"></td> }.into_any();
        };
        view! {
            <th scope="col" class="border-l border-line p-0 font-normal" data-stale=self.stale(id)>
                <a href=links::environment(id) data-row="" class="block h-full px-3 py-2.5 hover:bg-raised">
                    {self.heading(id)}
                </a>
            </th>
        }
        .into_any()
    }

    /// Name, tier, state and sentence of an environment.
    fn heading(self, id: &EnvironmentId) -> impl IntoView + use<> {
        view! {
            <span class="flex items-center gap-2">
                <EnvironmentTitle
                    title=self.head(id, Arc::<str>::from(""), |head| head.title.clone())
                    tier=self.head(id, Tier::Production, |head| head.tier)
                />
                <StateDot state=self.head(id, State::Unknown, |head| head.state) />
            </span>
            <span class="mt-1 block text-sm text-soft">{self.head(id, Arc::<str>::from(""), |head| head.sentence.clone())}</span>
        }
    }

    fn line(self, line: &Line) -> impl IntoView + use<> {
        let cells = line.cells.iter().map(|cell| match cell {
            Some(id) => {
                let Some(row) = self.cells.with_value(|cells| cells.find(id)) else { return ().into_any() };
                let cell: RwSignal<Cell> = row.value.into();
                let naming = if line.mixed { Naming::Last } else { Naming::Heard };
                view! {
                    <td class="h-px border-l border-line p-0 align-top" data-stale=self.stale(&id.environment)>
                        <a
                            href=links::component(id)
                            data-row=""
                            class="block h-full px-3 py-2 hover:bg-raised">
                            <CellLines cell naming />
                        </a>
                    </td>
                }
                .into_any()
            }
            None => view! { <td class="border-l border-line bg-ground/60"></td> }.into_any(),
        });
        view! {
            <tr class="border-t border-line">
                <th scope="row" class="px-3 py-2 align-top font-medium break-words">
                    {line.name.clone()} <span class="block text-sm font-normal text-faint">{line.role.word()}</span>
                </th>
                {cells.collect_view()}
            </tr>
        }
    }

    /// For small screens: a card per environment, worst first as they are now, and of the equally bad production first. Cards
    /// do not move while one reads.
    fn cards(self, blocks: &[Block]) -> impl IntoView + use<> {
        let mut order: Vec<((State, Tier), &Block, &EnvironmentId, usize)> = Vec::new();
        for block in blocks {
            for (index, id) in block.columns.iter().enumerate().filter_map(|(index, id)| Some((index, id.as_ref()?))) {
                let unknown = (State::Unknown, Tier::Production);
                let state = self.head(id, unknown, |head| (head.state, head.tier)).get_untracked();
                order.push((state, block, id, index));
            }
        }
        order.sort_by_key(|(state, ..)| Reverse(*state));
        order.into_iter().map(|(_, block, id, index)| self.card(block, id, index)).collect_view()
    }

    fn card(self, block: &Block, id: &EnvironmentId, index: usize) -> impl IntoView + use<> {
        let items = block.lines.iter().filter_map(|line| line.cells.get(index)?.as_ref()).filter_map(|id| {
            let row = self.cells.with_value(|cells| cells.find(id))?;
            let cell: RwSignal<Cell> = row.value.into();
            Some(view! {
                <li>
                    <a href=links::component(id) data-row="" class="block border-t border-line px-3 py-1.5 hover:bg-raised">
                        <CellLines cell naming=Naming::First />
                    </a>
                </li>
            })
        });
        view! {
            <section class="overflow-hidden rounded-lg border border-line bg-panel" data-stale=self.stale(id)>
                <h2>
                    <a href=links::environment(id) data-row="" class="block px-3 py-2.5 hover:bg-raised">
                        <span class="block text-lg font-semibold">{block.system.clone()}</span>
                        {self.heading(id)}
                    </a>
                </h2>
                <ul>{items.collect_view()}</ul>
            </section>
        }
    }
}
