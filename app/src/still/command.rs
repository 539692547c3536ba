//! The command that would do the same, with a button that copies it.

use std::sync::Arc;

use leptos::prelude::*;

use super::forms::SECONDARY;

/// The command. A click selects all of it; where there is script a button copies it (`browser/copy.rs`) and says so beside itself.
/// A page has one.
pub fn command(kubectl: impl Into<Arc<str>>) -> AnyView {
    let kubectl: Arc<str> = kubectl.into();
    // Lines break between words, not at the hyphens within them.
    let words = kubectl.split_inclusive([' ', '\n']).map(|word| {
        let (word, gap) = match word.strip_suffix([' ', '\n']) {
            Some(bare) => (bare.to_owned(), Some(if word.ends_with('\n') { "\n" } else { " " })),
            // Not an empty text, which is written as a blank.
            None => (word.to_owned(), None),
        };
        view! {
            <span class="inline-block max-w-full">{word}</span>
            {gap}
        }
    });
    let words = words.collect_view();
    view! {
        <div class="flex flex-wrap items-center gap-2">
            <code
                id="command"
                class="min-w-60 grow basis-0 select-all whitespace-pre-wrap font-mono text-sm [overflow-wrap:anywhere]"
            >
                {words}
            </code>
            <div class="noscript:hidden">
                <span id="copied" aria-live="polite" class="mr-2 text-sm text-soft"></span>
                <button type="button" data-copy="" class=SECONDARY aria-label="Copy the command">
                    "Copy"
                </button>
            </div>
        </div>
    }
    .into_any()
}
