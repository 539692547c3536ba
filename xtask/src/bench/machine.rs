//! On what was measured: without it figures cannot be compared.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use anyhow::{Context, Result};
use kube::Client;
use serde::{Deserialize, Serialize};

/// The machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    /// Processors that may be used.
    pub cores: usize,
    /// Their model.
    pub processor: String,
    /// Memory, in GiB.
    pub memory_gib: u64,
    /// The kernel's version.
    pub kernel: String,
    /// The load average of the last minute before the first measure.
    pub load: f64,
}

impl Machine {
    /// This one, now.
    pub fn look() -> Result<Self> {
        let read = |path: &str| fs::read_to_string(path).with_context(|| format!("reading {path}"));
        let value = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let memory = value(&read("/proc/meminfo")?, "MemTotal").unwrap_or_default();
        let memory_kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or(0);
        Ok(Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: value(&read("/proc/cpuinfo")?, "model name").unwrap_or_else(|| "unknown".to_owned()),
            memory_gib: (memory_kib + (1 << 19)) >> 20,
            kernel: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            load: read("/proc/loadavg")?.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0),
        })
    }
}

/// The versions of what was measured and of what it was measured with.
pub async fn versions(root: &Path, client: &Client) -> BTreeMap<String, String> {
    let say = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(root).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let changed = say("git", &["status", "--porcelain", "--", "app", "domain", "server", "Cargo.lock"]);
    let commit = say("git", &["rev-parse", "--short", "HEAD"]);
    let commit = commit.map(|commit| if changed.is_some() { format!("{commit} and changes") } else { commit });
    let kubernetes = client.apiserver_version().await.ok().map(|info| info.git_version);
    [
        ("chromium", say(&chromium, &["--version"])),
        ("commit", commit),
        ("kubernetes", kubernetes),
        ("node", say("node", &["--version"])),
        ("rustc", say("rustc", &["--version"])),
    ]
    .into_iter()
    .map(|(name, version)| (name.to_owned(), version.unwrap_or_else(|| "unknown".to_owned())))
    .collect()
}
