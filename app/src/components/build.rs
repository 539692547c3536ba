//! Which build made a form.

use std::sync::Arc;

use leptos::prelude::*;

/// The field that says it.
pub const BUILD: &str = "build";

/// The build that made a page, for its forms: given to them by context.
#[derive(Debug, Clone)]
pub struct Build(pub Arc<str>);

/// The field, in every form that changes something: what an old tab asks for may mean something else by now, so the server
/// does not do it. A form without it is not done either.
#[component]
pub fn BuildField() -> impl IntoView {
    let build = use_context::<Build>().map(|Build(build)| build.to_string()).unwrap_or_default();
    view! { <input type="hidden" name=BUILD value=build /> }
}
