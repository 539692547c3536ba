//! Pages and components of Quarterdeck: shows, and knows neither Kubernetes nor a database.

#![recursion_limit = "512"]

pub mod backend;
pub mod boot;
#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
#[path = "browser/absent.rs"]
mod browser;
pub mod clock;
pub mod components;
pub mod follow;
mod frame;
pub mod links;
#[cfg(feature = "hydrate")]
mod live;
pub mod pages;
pub mod routes;
pub mod rows;
pub mod screen;
#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "hydrate")]
mod socket;
#[cfg(feature = "ssr")]
pub mod still;
pub mod theme;

use leptos::prelude::*;

use crate::boot::Boot;
use crate::components::build::Build;
use crate::frame::Frame;
use crate::routes::Place;
use crate::screen::Screen;

/// Everything inside `<body>`: the same on the server and in the browser.
#[component]
pub fn App(
    /// What the first view is made of.
    boot: Boot,
    /// Where the tab is.
    place: Place,
) -> impl IntoView {
    let screen = Screen::new(&boot, place);
    provide_context(screen);
    provide_context(Build(boot.build.clone()));
    browser::start(screen, boot);
    view! { <Frame screen /> }
}

/// Makes the server's page live.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    let Some((boot, place)) = browser::boot() else { return };
    hydrate_body(move || view! { <App boot place /> });
}
