//! `cargo xtask web`: the browser part, from Rust to files with a hash in their name.
//!
//! Needs a Rust with the wasm32 target and Node; everything else comes from crates and from npm by the committed
//! lock file. The server reads `manifest.json` and knows nothing about how the files came to be.

mod browser;
mod publish;
mod tools;

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context;
pub use tools::target_folder;

use crate::step::{self, Fingerprint};

/// How and where the browser part is built.
#[derive(clap::Args)]
pub struct Arguments {
    /// `release` is what users get; `dev` compiles faster, is large, and is neither optimised nor compressed well.
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    pub profile: Profile,
    /// Where the files and their manifest go, relative to the workspace.
    #[arg(long, default_value = "target/site")]
    pub out: PathBuf,
    /// Compiles the standard library for size as well (needs its sources: `rustup component add rust-src`).
    #[arg(long)]
    pub smallest: bool,
}

/// How much work goes into small files.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// Small files.
    Release,
    /// Fast builds.
    Dev,
}

/// Builds what changed.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let root = workspace();
    let Arguments { profile, out, smallest } = arguments;
    let out = root.join(out);
    let work = target_folder(&root).join("web").join(match (profile, smallest) {
        (Profile::Dev, _) => "dev",
        (Profile::Release, false) => "release",
        (Profile::Release, true) => "smallest",
    });
    fs::create_dir_all(&work).with_context(|| format!("creating {}", work.display()))?;
    let stamps = work.join("stamps");

    eprintln!("Browser part");
    let node_modules = tools::node_modules(&root)?;

    let compiled = browser::compile(&root, profile, smallest)?;
    let bindings = work.join("bindings");
    let script = bindings.join("quarterdeck.js");
    let bound = bindings.join("quarterdeck_bg.wasm");
    step::when_changed("bindings", &stamps, &Fingerprint::default().path(&compiled)?, &[&script, &bound], || {
        browser::bind(&compiled, &bindings, profile)
    })?;

    let wasm = match profile {
        Profile::Dev => bound,
        Profile::Release => {
            let small = work.join("quarterdeck_bg.wasm");
            let inputs = Fingerprint::default().path(&bound)?.value(&browser::WASM_OPT.join(" "));
            step::when_changed("wasm-opt", &stamps, &inputs, &[&small], || {
                browser::optimise(&node_modules, &bound, &small)
            })?;
            small
        }
    };

    let style = work.join("quarterdeck.css");
    let inputs = Fingerprint::default()
        .path(&root.join("app/src"))?
        .path(&root.join("style"))?
        .path(&root.join("package-lock.json"))?;
    step::when_changed("style sheet", &stamps, &inputs, &[&style], || {
        browser::style(&root, &node_modules, &style, profile)
    })?;

    let mut assets = vec![
        publish::Asset { name: "quarterdeck.js".into(), source: script },
        publish::Asset { name: "quarterdeck_bg.wasm".into(), source: wasm },
        publish::Asset { name: "quarterdeck.css".into(), source: style },
    ];
    let public = root.join("public");
    for source in step::files_below(&public)? {
        let name = source.strip_prefix(&public).context("a file below public/")?;
        assets.push(publish::Asset { name: name.to_string_lossy().into_owned(), source });
    }
    let manifest = step::timed("names, gzip and brotli", || publish::publish(&assets, &out, profile))?;

    for (name, file) in &manifest.files {
        eprintln!("  {name:<24} {:>10} B {:>10} B gzip {:>10} B brotli", file.size, file.gzip, file.brotli);
    }
    eprintln!("Browser part ready after {}: {}", step::seconds(start.elapsed()), shown(&root, &out));
    Ok(())
}

/// The workspace: the one whose `cargo xtask` this is, or else the one this program was compiled from.
pub fn workspace() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    package.parent().expect("xtask lies in the workspace").to_owned()
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
