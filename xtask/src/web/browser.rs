//! The tools in the order they run: cargo, wasm-bindgen, wasm-opt, Tailwind.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};
use wasm_bindgen_cli_support::Bindgen;

use super::{
    Profile,
    tools::{self, TARGET},
};
use crate::step;

/// The features are those every browser that runs Leptos has; more would need a newer browser than the rest does.
pub const WASM_OPT: [&str; 11] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
];

/// Compiles `app` for the browser and returns the module.
pub fn compile(root: &Path, profile: Profile, smallest: bool) -> anyhow::Result<PathBuf> {
    let cargo_profile = match profile {
        Profile::Release => "wasm",
        Profile::Dev => "dev",
    };
    let mut target = tools::target_folder(root);
    let mut cargo = tools::cargo()?;
    cargo
        .current_dir(root)
        .env("LEPTOS_OUTPUT_NAME", "quarterdeck")
        .args(["rustc", "--package", "app", "--lib", "--crate-type", "cdylib"])
        .args(["--target", TARGET, "--profile", cargo_profile, "--features", "hydrate"])
        // The list of WebAssembly features is a section that wasm-bindgen reads; wasm-opt strips it afterwards.
        .args(["--config", "profile.wasm.strip=false"]);
    if smallest {
        // These options are unstable in name only; the bootstrap flag lets a stable compiler take them.
        target = target.join("smallest");
        cargo
            .env("RUSTC_BOOTSTRAP", "1")
            // Stands in for the flags of `.cargo/config.toml`, so those are named again.
            .env(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
                "--cfg erase_components -Zunstable-options -Cpanic=immediate-abort",
            )
            .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size", "--target-dir"])
            .arg(&target);
    }
    step::timed("app for the browser", || step::run(&mut cargo))?;
    let folder = match profile {
        Profile::Release => "wasm",
        Profile::Dev => "debug",
    };
    Ok(target.join(TARGET).join(folder).join("app.wasm"))
}

/// Writes the script that loads the module, and the module it loads.
pub fn bind(compiled: &Path, bindings: &Path, profile: Profile) -> anyhow::Result<()> {
    let mut output = Bindgen::new()
        .input_path(compiled)
        .out_name("quarterdeck")
        .web(true)?
        .typescript(false)
        .keep_debug(profile == Profile::Dev)
        .remove_name_section(profile == Profile::Release)
        .remove_producers_section(true)
        .generate_output()?;
    let scripts: Vec<_> = output.snippets().iter().filter(|(_, scripts)| !scripts.is_empty()).collect();
    ensure!(
        scripts.is_empty() && output.local_modules().is_empty(),
        "a crate brings scripts of its own, which nothing here gives a name with a hash yet: {scripts:?}"
    );
    output.emit(bindings)
}

/// Makes the module smaller.
pub fn optimise(node_modules: &Path, wasm: &Path, small: &Path) -> anyhow::Result<()> {
    step::run_quietly(
        Command::new("node")
            .arg(node_modules.join("binaryen/bin/wasm-opt"))
            .args(WASM_OPT)
            .arg(wasm)
            .arg("-o")
            .arg(small),
    )
}

/// Collects the classes that the pages use into one style sheet.
pub fn style(root: &Path, node_modules: &Path, style: &Path, profile: Profile) -> anyhow::Result<()> {
    let mut command = Command::new("node");
    command
        .current_dir(root)
        .arg(node_modules.join("@tailwindcss/cli/dist/index.mjs"))
        .arg("--input")
        .arg(root.join("style/tailwind.css"))
        .arg("--output")
        .arg(style);
    if profile == Profile::Release {
        command.arg("--minify");
    }
    step::run_quietly(&mut command)?;
    let size = fs::metadata(style).with_context(|| format!("reading {}", style.display()))?.len();
    ensure!(size > 0, "the style sheet is empty");
    Ok(())
}
