//! What the browser part needs from the machine: the wasm32 target, and npm's packages by the lock file.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

use crate::step::{self, Fingerprint};

/// The target's name.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Cargo's target folder.
pub fn target_folder(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// A cargo that can compile for the browser.
///
/// Where rustup cannot download the target, `scripts/setup` installs Debian's toolchain beside it and names its
/// folder in `QUARTERDECK_WASM_TOOLCHAIN`.
pub fn cargo() -> anyhow::Result<Command> {
    let (cargo, rustc) = match env::var_os("QUARTERDECK_WASM_TOOLCHAIN").map(PathBuf::from) {
        Some(folder) => (folder.join("cargo"), folder.join("rustc")),
        None => ("cargo".into(), "rustc".into()),
    };
    let output = Command::new(&rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .with_context(|| format!("starting {}", rustc.display()))?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    ensure!(
        has_core(&libraries),
        "this Rust cannot compile for {TARGET}; run `scripts/setup build`, or `rustup target add {TARGET}`"
    );
    let mut command = Command::new(cargo);
    if env::var_os("QUARTERDECK_WASM_TOOLCHAIN").is_some() {
        command.env("RUSTC", rustc).env_remove("RUSTUP_TOOLCHAIN");
    }
    Ok(command)
}

fn has_core(libraries: &Path) -> bool {
    fs::read_dir(libraries)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-")))
}

/// The folder of npm's packages, installed again when the lock file changed.
pub fn node_modules(root: &Path) -> anyhow::Result<PathBuf> {
    let folder = root.join("node_modules");
    let lock = Fingerprint::default().path(&root.join("package-lock.json"))?;
    step::when_changed("npm packages", &folder, &lock, &[&folder.join("binaryen")], || {
        step::run_quietly(
            Command::new("npm")
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
                .current_dir(root),
        )
        .context("Node 20 or later and npm are needed; `scripts/setup build` installs them")
    })?;
    Ok(folder)
}
