//! Where one is, from the outermost to the page itself.

use std::sync::Arc;

use leptos::prelude::*;

/// The path to the page; each part but the last leads there.
#[component]
pub fn Breadcrumb(
    /// Names and addresses.
    crumbs: Signal<Vec<(Arc<str>, String)>>,
) -> impl IntoView {
    let parts = move || {
        let crumbs = crumbs.get();
        let last = crumbs.len().saturating_sub(1);
        let parts = crumbs.into_iter().enumerate().map(|(index, (name, address))| {
            if index == last {
                // On a phone the heading says it, and the way up needs the room.
                let class = if index > 1 {
                    "min-w-0 truncate font-medium text-ink max-sm:hidden"
                } else {
                    "min-w-0 truncate font-medium text-ink"
                };
                view! {
                    <li class=class aria-current="page">
                        {name}
                    </li>
                }
                .into_any()
            } else {
                let class = if index == 0 {
                    "hidden min-w-0 items-center gap-1.5 sm:flex"
                } else {
                    "flex min-w-0 items-center gap-1.5"
                };
                view! {
                    <li class=class>
                        <a href=address class="truncate py-1 hover:text-ink hover:underline">
                            {name}
                        </a>
                        <span aria-hidden="true" class="text-faint max-sm:hidden">
                            "/"
                        </span>
                    </li>
                }
                .into_any()
            }
        });
        parts.collect_view()
    };
    view! {
        <nav aria-label="Breadcrumb" class="min-w-0">
            <ol class="flex min-w-0 items-center gap-1.5 text-soft">{parts}</ol>
        </nav>
    }
}
