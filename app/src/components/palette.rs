//! Goes anywhere by a few letters.

use std::sync::Arc;

use leptos::prelude::*;

use crate::browser;

/// Something to go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is searched and shown.
    pub label: Arc<str>,
    /// What it is, in a word.
    pub kind: &'static str,
    /// Where it leads.
    pub address: String,
}

/// The most entries shown.
const MOST: usize = 12;

/// How well the words of `wanted` stand in `label`; lower is better, `None` when one does not. The words may come in any
/// order: who looks for `prod api` has not learnt in which order a label says it.
fn distance(label: &str, wanted: &str) -> Option<u32> {
    wanted.split_whitespace().map(|word| word_distance(label, word)).sum()
}

/// How well the letters of `word` stand in `label`, in their order. Letters that follow each other and letters at the
/// start of a word count as close.
fn word_distance(label: &str, word: &str) -> Option<u32> {
    let mut letters = label.chars().enumerate();
    let (mut cost, mut last, mut before) = (0u32, None, ' ');
    for letter in word.chars() {
        loop {
            let (index, c) = letters.next()?;
            let starts_word = !before.is_ascii_alphanumeric();
            before = c;
            if c.eq_ignore_ascii_case(&letter) {
                let follows = last.is_some_and(|last| last + 1 == index);
                cost += if follows || starts_word { 0 } else { 4 };
                cost += if follows { 0 } else { 1 };
                last = Some(index);
                break;
            }
        }
    }
    Some(cost)
}

fn found(entries: &[Entry], wanted: &str) -> Vec<Entry> {
    // Kept in order as they come; the library's sort would be as large as the rest of this file.
    let mut best: Vec<(u32, &Entry)> = Vec::with_capacity(MOST + 1);
    for entry in entries {
        let Some(cost) = distance(&entry.label, wanted) else { continue };
        let place = best.iter().position(|(other, _)| *other > cost).unwrap_or(best.len());
        best.insert(place, (cost, entry));
        best.truncate(MOST);
    }
    best.into_iter().map(|(_, entry)| entry.clone()).collect()
}

fn option_id(index: usize) -> String {
    ["palette-", &index.to_string()].concat()
}

/// The dialog.
#[component]
pub fn Palette(
    /// Everything one can go to.
    entries: Signal<Vec<Entry>>,
    /// Called with the address that was chosen.
    on_choose: impl Fn(String) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let wanted = RwSignal::new(String::new());
    let chosen = RwSignal::new(0usize);
    let open = RwSignal::new(false);
    let list = Memo::new(move |_| {
        if open.get() { entries.with(|entries| wanted.with(|wanted| found(entries, wanted))) } else { Vec::new() }
    });
    let choose = move |index: usize| {
        if let Some(entry) = list.with_untracked(|list| list.get(index).cloned()) {
            browser::close_dialog("palette");
            on_choose(entry.address);
        }
    };
    let step = move |by: isize| {
        let count = list.with_untracked(Vec::len).max(1) as isize;
        chosen.update(|chosen| *chosen = (*chosen as isize + by).rem_euclid(count) as usize);
        browser::reveal(&option_id(chosen.get_untracked()));
    };
    let options = move || {
        list.get()
            .into_iter()
            .enumerate()
            .map(|(index, entry)| {
                view! {
                    <li
                        id=option_id(index)
                        role="option"
                        aria-selected=move || if chosen.get() == index { "true" } else { "false" }
                        class="flex min-h-8 cursor-pointer items-center justify-between gap-3 rounded px-2 aria-selected:bg-accent-ground aria-selected:text-accent"
                        on:click=move |_| choose(index)
                        on:mousemove=move |_| {
                            if chosen.get_untracked() != index {
                                chosen.set(index);
                            }
                        }
                    >
                        <span class="min-w-0 truncate">{entry.label}</span>
                        <span class="text-sm text-faint">{entry.kind}</span>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <dialog
            id="palette"
            aria-label="Go to"
            class="mx-auto mt-[12vh] w-[36rem] max-w-[calc(100vw-2rem)] rounded-lg border border-line-strong bg-panel p-0 text-ink shadow backdrop:bg-black/40"
            on:focusin=move |_| open.set(true)
            on:close=move |_| {
                open.set(false);
                wanted.set(String::new());
                chosen.set(0);
            }
            on:click=move |event| {
                if is_backdrop(&event) {
                    browser::close_dialog("palette");
                }
            }
        >
            <div class="grid">
                <input
                    type="text"
                    role="combobox"
                    aria-label="Go to a page, an environment or a component"
                    aria-controls="palette-list"
                    aria-expanded="true"
                    aria-autocomplete="list"
                    aria-activedescendant=move || list.with(|list| !list.is_empty()).then(|| option_id(chosen.get()))
                    placeholder="Go to a page, an environment or a component"
                    autocomplete="off"
                    spellcheck="false"
                    autofocus=true
                    class="h-11 w-full border-b border-line bg-panel px-3 outline-none placeholder:text-faint"
                    prop:value=move || wanted.get()
                    on:input=move |event| {
                        wanted.set(event_target_value(&event));
                        chosen.set(0);
                    }
                    on:keydown=move |event| {
                        match event.key().as_str() {
                            "ArrowDown" => step(1),
                            "ArrowUp" => step(-1),
                            "Enter" => choose(chosen.get_untracked()),
                            _ => return,
                        }
                        event.prevent_default();
                    }
                />
                <ul id="palette-list" role="listbox" aria-label="Found" class="max-h-[50vh] min-h-10 overflow-y-auto p-1">
                    {options}
                </ul>
                <p role="status" class="px-3 pb-2 text-sm text-faint">
                    {move || match list.with(Vec::len) {
                        0 => "Nothing here has these letters.",
                        _ => "Enter goes there, arrows choose, Escape closes.",
                    }}
                </p>
            </div>
        </dialog>
    }
}

/// Whether a click fell beside a dialog's content.
pub fn is_backdrop(event: &leptos::ev::MouseEvent) -> bool {
    event.target() == event.current_target()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_order_and_their_letters_in_theirs() {
        for (label, wanted, fits) in [
            ("Fleet Management / Production", "fmp", true),
            ("Fleet Management / Production", "prod", true),
            ("Fleet Management / Production", "", true),
            ("Fleet Management / Production", "pf", false),
            ("Fleet Management / Production / fleet-api", "prod api", true),
            ("Fleet Management / Production / fleet-api", "api  prod ", true),
            ("Fleet Management / Production / fleet-api", "prod redis", false),
            ("fleet-api", "API", true),
            ("fleet-api", "fleet-apis", false),
        ] {
            assert_eq!(distance(label, wanted).is_some(), fits, "{label} {wanted}");
        }
    }

    #[test]
    fn starts_of_words_come_first() {
        let entry = |label: &str| Entry { label: label.into(), kind: "page", address: String::new() };
        let entries = [entry("super-todo"), entry("postgres-production"), entry("Pods")];
        let labels: Vec<_> = found(&entries, "po").into_iter().map(|entry| entry.label.to_string()).collect();
        assert_eq!(labels, ["postgres-production", "Pods", "super-todo"]);
    }
}
