//! Renders every page from made-up values to files, to look at them without a server:
//! `cargo run -p app --features ssr --example preview -- <style sheet> <folder>`

mod sample;

use std::path::Path;
use std::sync::Arc;

use app::backend::Backend;
use app::routes::Place;
use app::shell::{Assets, Request, shell};
use app::theme::Theme;
use leptos::prelude::*;
use sample::{Mood, Sample};

fn render(mood: Mood, theme: Theme, style: &str, address: &str) -> String {
    Owner::new().with(|| {
        provide_context::<Arc<dyn Backend>>(Arc::new(Sample(mood)));
        let file: Arc<str> = style.into();
        let assets =
            Assets { script: "none.js".into(), wasm: "none.wasm".into(), style: file, icon: "none.svg".into() };
        provide_context(Request { place: Place::read(address), theme, assets, still: None });
        shell().to_html()
    })
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(style), Some(folder)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: preview <style sheet> <folder>");
        return Ok(());
    };
    let component = "/e/fleet-management/production/deployment/fleet-api";
    let pages = [
        ("wall", "/".to_owned()),
        ("wall-differs", "/?differs".to_owned()),
        ("environment", "/e/fleet-management/production".to_owned()),
        ("component", component.to_owned()),
        ("revisions", [component, "?tab=revisions"].concat()),
        ("events", [component, "?tab=events"].concat()),
        ("pods", "/pods".to_owned()),
        ("absent", "/e/nothing/here".to_owned()),
    ];
    for (mood, mood_name) in [(Mood::Full, "full"), (Mood::Empty, "empty"), (Mood::Stale, "stale")] {
        for theme in [Theme::Light, Theme::Dark] {
            for (name, address) in &pages {
                let file = format!("{name}-{mood_name}-{}.html", theme.as_str());
                std::fs::write(Path::new(&folder).join(file), render(mood, theme, &style, address))?;
            }
        }
    }
    Ok(())
}
