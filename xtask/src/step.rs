//! A piece of work with a name: says what it is, then how long it took, and leaves out what did not change.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use sha2::{Digest, Sha256};

/// Runs `work` and prints its name and time.
pub fn timed<T>(name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let start = Instant::now();
    let value = work().with_context(|| name.to_owned())?;
    report(name, &seconds(start.elapsed()));
    Ok(value)
}

/// Runs `work` unless it ran before with the same inputs and its `outputs` are still there.
pub fn when_changed(
    name: &str,
    stamps: &Path,
    inputs: &Fingerprint,
    outputs: &[&Path],
    work: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let stamp = stamps.join(name.replace(' ', "-"));
    let key = inputs.hex();
    if outputs.iter().all(|output| output.exists()) && fs::read_to_string(&stamp).is_ok_and(|old| old == key) {
        report(name, "unchanged");
        return Ok(());
    }
    timed(name, work)?;
    fs::create_dir_all(stamps).with_context(|| format!("creating {}", stamps.display()))?;
    fs::write(&stamp, key).with_context(|| format!("writing {}", stamp.display()))
}

/// Prints one line of progress.
pub fn report(name: &str, outcome: &str) {
    eprintln!("  {name:<44} {outcome:>10}");
}

/// A duration as people read it: `0.4 s`, `82.1 s`, `3 min 7 s`.
pub fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    if whole < 120 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// Runs a program; its output is shown only when it fails.
pub fn run_quietly(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("starting {program}"))?;
    if !output.status.success() {
        eprint!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("{program} ended with {}", output.status);
    }
    Ok(())
}

/// Runs a program that shows its own progress.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("starting {program}"))?;
    ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}

/// What a step depends on, as one hash.
#[derive(Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds a value, such as the arguments of a tool.
    pub fn value(mut self, value: &str) -> Self {
        self.0.update((value.len() as u64).to_le_bytes());
        self.0.update(value);
        self
    }

    /// Adds a file's content, or all files below a folder with their names.
    pub fn path(mut self, path: &Path) -> anyhow::Result<Self> {
        for file in files_below(path)? {
            let content = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            self = self.value(&file.to_string_lossy());
            self.0.update((content.len() as u64).to_le_bytes());
            self.0.update(&content);
        }
        Ok(self)
    }

    fn hex(&self) -> String {
        hex(&self.0.clone().finalize())
    }
}

/// All files below a folder in a fixed order, or the file itself.
pub fn files_below(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries = fs::read_dir(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("reading {}", path.display()))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut files = Vec::new();
    for entry in entries {
        files.extend(files_below(&entry.path())?);
    }
    Ok(files)
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
