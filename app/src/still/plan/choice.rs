//! What is chosen before a plan is made: a number, a range, a revision, a pod.

use std::sync::Arc;

use leptos::prelude::*;

use super::hidden;
use crate::clock::exact_time;
use crate::still::forms::{CARD, FIELD, SECONDARY};

/// What can be chosen on the page before the plan is made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Nothing.
    Nothing,
    /// A number of replicas: the one that is planned, the one there is, the one declared.
    Replicas {
        /// Planned.
        planned: u32,
        /// There now.
        now: u32,
    },
    /// The range of an autoscaler.
    Range {
        /// Its name.
        autoscaler: Arc<str>,
        /// Planned: fewest, most.
        planned: (u32, u32),
        /// Now: fewest, most.
        now: (u32, u32),
        /// Replicas now.
        replicas: u32,
    },
    /// A revision.
    Revision(Vec<RevisionChoice>),
    /// One pod of a StatefulSet, instead of all: name, and where its plan is.
    Pods(Vec<(Arc<str>, String)>),
}

/// A revision to go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionChoice {
    /// Its number.
    pub number: i64,
    /// Whether it is what is wanted now.
    pub current: bool,
    /// Whether the plan is for it.
    pub chosen: bool,
    /// Its images, each with the digest that ran, where it is known.
    pub images: Vec<(Arc<str>, Arc<str>)>,
    /// When it was made, seconds since 1970.
    pub created: i64,
    /// How many fields differ from now.
    pub differences: usize,
    /// Where its plan is.
    pub address: String,
}

/// A form that makes the plan anew for another choice.
pub(super) fn choosing(choice: Choice, asks: &[(&'static str, String)]) -> Option<AnyView> {
    let hidden = hidden(asks);
    let number = |name: &'static str, label: &'static str, value: u32| {
        view! {
            <label class="grid gap-1">
                <span class="text-sm text-faint">{label}</span>
                <input type="number" name=name value=value.to_string() min="0" max="10000" required=true class=[FIELD, " w-28"].concat() />
            </label>
        }
    };
    let form = |fields: AnyView, said: String| {
        view! {
            <form method="get" action="/operations/plan" class=[CARD, " grid gap-2"].concat()>
                {hidden}
                <p class="text-soft">{said}</p>
                <div class="flex flex-wrap items-end gap-2">
                    {fields} <button type="submit" class=SECONDARY>
                        "Show the plan"
                    </button>
                </div>
            </form>
        }
        .into_any()
    };
    match choice {
        Choice::Nothing => None,
        Choice::Replicas { planned, now } => {
            let said = match now {
                1 => "There is 1 replica.".to_owned(),
                now => format!("There are {now} replicas."),
            };
            Some(form(number("replicas", "Replicas", planned).into_any(), said))
        }
        Choice::Range { autoscaler, planned: (min, max), now, replicas } => {
            let fields = view! { {number("min", "Fewest", min)} {number("max", "Most", max)} }.into_any();
            Some(form(
                fields,
                format!(
                    "The autoscaler {autoscaler} chooses {} to {}, now {replicas}. A number set by hand is undone by it, so its \
                     range is what can be changed.",
                    now.0, now.1
                ),
            ))
        }
        Choice::Revision(revisions) => Some(revision_list(revisions)),
        Choice::Pods(pods) => {
            let pods = pods
                .into_iter()
                .map(|(name, address)| {
                    view! {
                        <li>
                            <a href=address class="text-accent hover:underline">
                                "Evict only " {name}
                            </a>
                        </li>
                    }
                })
                .collect_view();
            Some(
                view! {
                    <details class=CARD>
                        <summary class="cursor-pointer font-medium">"One pod only"</summary>
                        <p class="my-1 text-soft">"An eviction asks the disruption budgets; a restart does not."</p>
                        <ul class="grid gap-1">{pods}</ul>
                    </details>
                }
                .into_any(),
            )
        }
    }
}

fn revision_list(revisions: Vec<RevisionChoice>) -> AnyView {
    let rows = revisions
        .into_iter()
        .map(|revision| {
            let RevisionChoice { number, current, chosen, images, created, differences, address } = revision;
            let images = images
                .into_iter()
                .map(|(image, digest)| {
                    let digest = if digest.is_empty() {
                        "digest not known".into()
                    } else {
                        let digest: &str = digest.strip_prefix("sha256:").unwrap_or(&digest);
                        digest.chars().take(12).collect::<String>()
                    };
                    view! {
                        <span class="block font-mono text-sm [overflow-wrap:anywhere]">
                            {image} <span class="text-faint">" " {digest}</span>
                        </span>
                    }
                })
                .collect_view();
            let choose = if current {
                view! { <span class="text-soft">"Wanted now"</span> }.into_any()
            } else if chosen {
                view! { <span class="font-semibold">"Planned below"</span> }.into_any()
            } else {
                let label = format!("Plan a rollback to revision {number}");
                view! {
                    <a href=address class="text-accent hover:underline" aria-label=label>
                        "Choose"
                    </a>
                }
                .into_any()
            };
            view! {
                <tr class="border-t border-line align-top" aria-current=chosen.then_some("true")>
                    <th scope="row" class="px-3 py-1.5 text-left font-medium">{number}</th>
                    <td class="px-3 py-1.5">{images}</td>
                    <td class="hidden px-3 py-1.5 whitespace-nowrap text-soft sm:table-cell">{exact_time(created)}</td>
                    <td class="hidden px-3 py-1.5 text-right sm:table-cell">{differences}</td>
                    <td class="px-3 py-1.5 text-right whitespace-nowrap">{choose}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="overflow-hidden rounded-lg border border-line bg-panel" aria-labelledby="revisions">
            <h2 id="revisions" class="border-b border-line px-3 py-2 font-semibold">"Revisions"</h2>
            <table class="w-full">
                <thead class="text-xs text-faint">
                    <tr>
                        <th scope="col" class="px-3 py-2 text-left font-semibold">"No."</th>
                        <th scope="col" class="px-3 py-2 text-left font-semibold">"Image, and the digest that ran"</th>
                        <th scope="col" class="hidden px-3 py-2 text-left font-semibold sm:table-cell">"Made"</th>
                        <th scope="col" class="hidden px-3 py-2 text-right font-semibold sm:table-cell">"Fields that differ"</th>
                        <th scope="col" class="px-3 py-2 text-right font-semibold">"Roll back"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
    .into_any()
}
