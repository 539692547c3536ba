//! The document around a page, rendered by the server.

use std::sync::Arc;

use domain::frame::Page;
use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::App;
use crate::backend::Backend;
use crate::boot::{self, Boot};
use crate::routes::Place;
use crate::screen::Screen;
use crate::still::Still;
pub use crate::theme::Theme;

/// What of a request the pages need to know.
#[derive(Debug, Clone)]
pub struct Request {
    /// The address that was asked for.
    pub place: Place,
    /// From the cookie `theme`.
    pub theme: Theme,
    /// The files that belong to this build.
    pub assets: Assets,
    /// The content, where the page is one that nothing changes while one looks.
    pub still: Option<Still>,
}

/// Tells the server by which clock the viewer lives: it says times by that where they are asked for.
const ZONE: &str = "document.cookie=`zone=${Intl.DateTimeFormat().resolvedOptions().timeZone};path=/logs;samesite=strict;max-age=31536000`";

/// Addresses of files, with a hash in their names.
#[derive(Debug, Clone)]
pub struct Assets {
    /// The browser part's bindings.
    pub script: Arc<str>,
    /// The browser part.
    pub wasm: Arc<str>,
    /// The style sheet.
    pub style: Arc<str>,
    /// The icon.
    pub icon: Arc<str>,
}

/// The whole document. Reads [`Request`] and `Arc<dyn Backend>` from the context.
pub fn shell() -> impl IntoView {
    let request = expect_context::<Request>();
    let backend = expect_context::<Arc<dyn Backend>>();
    let place = request.place.clone();
    let boot = Boot {
        build: backend.build(),
        now_ms: backend.now_ms(),
        theme: request.theme,
        chrome: backend.chrome(),
        page: match &request.still {
            Some(still) => Page::Still { title: still.title.clone(), environment: still.environment.clone() },
            None => place.topic().map_or(Page::Absent, |topic| backend.page(&topic)),
        },
    };
    if let Some(still) = request.still.clone() {
        provide_context(still);
    }
    // Erased here, so that the server does not compile the type of the whole page.
    document(&request, boot, place).into_any()
}

fn document(request: &Request, boot: Boot, place: Place) -> impl IntoView + use<> {
    let Assets { script, wasm, style, icon } = request.assets.clone();
    let title = Screen::new(&boot, place.clone()).about.with_untracked(|about| escaped(&about.title()));
    // Without script an operation that runs is shown as it goes by loading its page again.
    let again = matches!(&boot.page, Page::Operation(view) if !view.is_over).then(|| {
        view! {
            <noscript>
                <meta http-equiv="refresh" content="2" />
            </noscript>
        }
    });
    let refresh = request.still.as_ref().and_then(|still| still.refresh.as_ref());
    let refresh = refresh.map(|refresh| view! { <meta http-equiv="refresh" content=refresh.content() /> });
    let unscripted = refresh.is_some().then_some("");
    let carried = boot.encode();
    let start =
        ["import init,{hydrate} from \"", &script, "\";init({module_or_path:\"", &wasm, "\"}).then(hydrate);", ZONE]
            .concat();
    let scripts = unscripted.is_none().then(|| {
        view! {
            // After what can be read, so that the page and its style sheet have the line for themselves first.
            <script type="application/octet-stream" id=boot::ELEMENT nonce=use_nonce()>
                {carried}
            </script>
            <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
            <script type="module" nonce=use_nonce()>
                {start}
            </script>
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=request.theme.attribute() data-unscripted=unscripted>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                // Not as a child: the mark that is written after a text would be read as a part of the title.
                <title inner_html=title></title>
                <link rel="stylesheet" href=style />
                <link rel="icon" href=icon />
                {again}
                {refresh}
            </head>
            <body>
                <App boot place />
                {scripts}
            </body>
        </html>
    }
}

/// Text for an element that holds nothing but text.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
