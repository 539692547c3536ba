//! Pages that the server writes and nothing changes while one looks: signing in, one's account, people, the record, logs.
//!
//! They are forms and links, work without script, and cost the browser part nothing: those within the frame are handed
//! to it as HTML ([`Still`]), the others are whole documents of their own.

pub mod account;
pub mod alerts;
pub mod board;
pub mod changes;
mod command;
pub mod compare;
pub mod demo_data;
pub mod forms;
pub mod health;
pub mod logs;
pub mod operation;
pub mod people;
pub mod plan;
pub mod series;
pub mod sign_in;

use std::sync::Arc;

use domain::name::EnvironmentId;
use domain::query::encode;
use leptos::prelude::*;

use crate::components::build::Build;
use crate::components::wheel::Wheel;
use crate::shell::{Assets, Theme, escaped};

/// The content of a page within the frame, given to it by context.
#[derive(Debug, Clone)]
pub struct Still {
    /// Its name: the breadcrumb, and the tab's title.
    pub title: Arc<str>,
    /// The environment that it is about: its tier stands over the page.
    pub environment: Option<EnvironmentId>,
    /// What stands in `<main>`.
    pub html: Arc<str>,
    /// What it loads next by itself, if anything.
    pub refresh: Option<Refresh>,
}

/// The parameter of an address that a page loaded by itself. Nobody asked for it, so it keeps no session alive.
pub const AGAIN: &str = "again";

/// That a page is loaded again by itself, or the next one. It has no script then: a link that script follows within the document
/// would be cut off when the time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refresh {
    after_s: u32,
    address: String,
}

impl Refresh {
    /// After so many seconds, a page of ours with these parameters; no text of a request becomes a part of the address unencoded.
    pub fn new(after_s: u32, path: &'static str, parameters: &[(&'static str, &str)]) -> Self {
        let mut address = [path, "?", AGAIN].concat();
        for (name, value) in parameters {
            address.extend(["&", name, "=", &encode(value)]);
        }
        Self { after_s, address }
    }

    /// As `<meta http-equiv="refresh">` has it.
    pub(crate) fn content(&self) -> String {
        format!("{}; url={}", self.after_s, self.address)
    }
}

impl Still {
    /// A page's content, rendered by a build.
    pub fn new(build: Arc<str>, title: &str, content: impl FnOnce() -> AnyView) -> Self {
        let html = Owner::new().with(|| {
            provide_context(Build(build));
            content().to_html()
        });
        Self { title: title.into(), environment: None, html: html.into(), refresh: None }
    }

    /// The same about an environment.
    pub fn about(self, environment: EnvironmentId) -> Self {
        Self { environment: Some(environment), ..self }
    }

    /// The same, which loads something next by itself.
    pub fn refreshed(self, refresh: Refresh) -> Self {
        Self { refresh: Some(refresh), ..self }
    }
}

/// A document without frame and script: for those who are not signed in.
pub fn document(
    theme: Theme,
    assets: &Assets,
    build: Arc<str>,
    title: &str,
    content: impl FnOnce() -> AnyView,
) -> String {
    let content = || {
        provide_context(Build(build));
        content()
    };
    whole(theme, assets, title, None, content)
}

/// A document that goes on by itself to a page of ours, with a link for browsers that do not.
pub fn onward(theme: Theme, assets: &Assets, to: &str) -> String {
    let link = to.to_owned();
    whole(theme, assets, "Signed in", Some(to), || {
        view! {
            <p>
                "Signed in. "
                <a href=link class="text-accent underline">
                    "Go on"
                </a>
            </p>
        }
        .into_any()
    })
}

fn whole(theme: Theme, assets: &Assets, title: &str, to: Option<&str>, content: impl FnOnce() -> AnyView) -> String {
    let refresh = to.map(|to| {
        let at_once = ["0; url=", to].concat();
        view! { <meta http-equiv="refresh" content=at_once /> }
    });
    let Assets { style, icon, .. } = assets.clone();
    let title = escaped(&[title, " · Quarterdeck"].concat());
    Owner::new().with(|| {
        view! {
            <!DOCTYPE html>
            <html lang="en" data-theme=theme.attribute()>
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    {refresh}
                    <title inner_html=title></title>
                    <link rel="stylesheet" href=style />
                    <link rel="icon" href=icon />
                </head>
                <body>
                    <main class="mx-auto grid min-h-dvh w-[24rem] max-w-[calc(100vw-2rem)] content-center gap-4 py-8">
                        <div class="flex items-center gap-2 text-lg font-semibold">
                            <Wheel />
                            "Quarterdeck"
                        </div>
                        {content()}
                    </main>
                </body>
            </html>
        }
        .into_any()
        .to_html()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_an_address_that_is_loaded_next_leads_elsewhere() {
        for (value, expected) in [
            ("shop", "20; url=/board?again&at=shop"),
            ("0; url=//evil.test", "20; url=/board?again&at=0%3B+url%3D%2F%2Fevil.test"),
            ("\"><script>", "20; url=/board?again&at=%22%3E%3Cscript%3E"),
        ] {
            assert_eq!(Refresh::new(20, "/board", &[("at", value)]).content(), expected);
        }
    }
}
