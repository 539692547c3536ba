//! A figure that flashes once, softly, when it changes.

use leptos::prelude::*;

/// A figure.
#[component]
pub fn Figure(
    /// What it says.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    // Two names for one animation, taken in turns: a class that is already there would not start it again.
    let class = Memo::new(move |before: Option<&(&'static str, String)>| {
        let text = text.get();
        match before {
            None => ("", text),
            Some((class, old)) if *old == text => (*class, text),
            Some(("motion-safe:animate-flash rounded-sm", _)) => ("motion-safe:animate-flash-again rounded-sm", text),
            Some(_) => ("motion-safe:animate-flash rounded-sm", text),
        }
    });
    view! { <span class=move || class.get().0>{move || class.get().1}</span> }
}
