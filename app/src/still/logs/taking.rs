//! The ways to take logs along as a file.

use domain::log::query::LogQuery;
use leptos::prelude::*;

use super::super::forms::SECONDARY;
use crate::components::build::BuildField;
use crate::links;

/// Everything that the query asks for, as a file.
pub fn taking(query: &LogQuery) -> impl IntoView + use<> {
    let query = query.to_query_string();
    let form = |format: &'static str, words: &'static str| {
        let action = [links::LOGS, "/", format].concat();
        view! {
            <form method="post" action=action>
                <BuildField />
                <input type="hidden" name="query" value=query.clone() />
                <button type="submit" class=SECONDARY>
                    {words}
                </button>
            </form>
        }
    };
    let (text, ndjson) = (form("text", "Text"), form("ndjson", "NDJSON"));
    view! {
        <section class="flex flex-wrap items-center gap-2 text-sm text-soft" aria-label="Download">
            "Download what the query finds in the last 50,000 lines of each container:" {text} {ndjson}
        </section>
    }
}
