//! `cargo xtask fuzz`: looks for text that the reading of logs does not stand, with the targets of `fuzz/`.
//!
//! Never a test: it tries something else each time. What it finds becomes a case in a unit test.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    step,
    web::{target_folder, workspace},
};

/// The version that is installed where there is none.
const CARGO_FUZZ: &str = "0.13.2";
/// Sanitizers look for faults of unsafe code, of which there is none here, and take half of the time.
const HOW: [&str; 5] = ["--sanitizer", "none", "--release", "--fuzz-dir", "fuzz"];
/// What libFuzzer is told: the longest input, the seconds and MiB that one may take.
const LIMITS: [&str; 4] = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"];

/// Which targets, and how long.
#[derive(clap::Args)]
pub struct Arguments {
    /// How long each target is run.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Only these targets, by comma; all of `fuzz/fuzz_targets` by default.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// How the run of a target went.
struct Outcome {
    /// How many inputs were tried.
    executions: u64,
    time: Duration,
    /// How many places of the code were reached.
    coverage: u64,
    /// The input at which it ended before its time.
    crash: Option<String>,
}

/// Runs each target, prints a table, and fails if one crashed.
pub fn run(arguments: &Arguments) -> Result<()> {
    let root = workspace();
    let target = target_folder(&root).join("fuzz");
    get_tools(&root)?;
    let names = chosen(&root, &arguments.only)?;
    step::timed("fuzz targets", || step::run(&mut cargo_fuzz(&root, &target, "build")))?;

    println!("{:<10} {:>12} {:>8} {:>9} {:>8}", "target", "executions", "seconds", "coverage", "crashes");
    let mut crashes = Vec::new();
    for name in &names {
        let Outcome { executions, time, coverage, crash } = run_target(&root, &target, name, arguments.seconds)?;
        println!("{name:<10} {executions:>12} {:>8} {coverage:>9} {:>8}", time.as_secs(), u8::from(crash.is_some()));
        crashes.extend(crash.map(|input| (name, input)));
    }
    for (name, input) in &crashes {
        eprintln!("Once more: cargo +nightly fuzz run {} {name} {input}", HOW.join(" "));
    }
    ensure!(crashes.is_empty(), "{} of {} targets crashed", crashes.len(), names.len());
    Ok(())
}

/// cargo-fuzz is installed if it is missing; the nightly toolchain must be there.
fn get_tools(root: &Path) -> Result<()> {
    step::run_quietly(&mut nightly(root, &["cargo", "--version"]))
        .context("the nightly toolchain is missing: rustup toolchain install nightly --profile minimal")?;
    let version = nightly(root, &["cargo", "fuzz", "--version"]).output().context("starting cargo-fuzz")?;
    if version.status.success() {
        return Ok(());
    }
    step::timed(&format!("cargo-fuzz {CARGO_FUZZ}"), || {
        let install = ["cargo", "install", "--locked", "cargo-fuzz", "--version", CARGO_FUZZ];
        step::run_quietly(&mut nightly(root, &install))
    })
}

/// A program of the nightly toolchain: no other compiler counts which code was reached.
fn nightly(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command.current_dir(root).args(["run", "nightly"]).args(arguments);
    command
}

fn cargo_fuzz(root: &Path, target: &Path, what: &str) -> Command {
    let mut command = nightly(root, &["cargo", "fuzz", what]);
    command.args(HOW).arg("--target-dir").arg(target);
    command
}

/// The targets that are wanted.
fn chosen(root: &Path, only: &[String]) -> Result<Vec<String>> {
    let files = step::files_below(&root.join("fuzz/fuzz_targets"))?;
    let name = |file: &PathBuf| Some(file.file_stem()?.to_str()?.to_owned());
    let all: Vec<String> = files.iter().filter_map(name).collect();
    if let Some(unknown) = only.iter().find(|name| !all.contains(name)) {
        bail!("there is no target {unknown}, only {}", all.join(", "));
    }
    Ok(all.into_iter().filter(|name| only.is_empty() || only.contains(name)).collect())
}

fn run_target(root: &Path, target: &Path, name: &str, seconds: u32) -> Result<Outcome> {
    let corpus = format!("fuzz/corpus/{name}");
    fs::create_dir_all(root.join(&corpus)).with_context(|| format!("creating {corpus}"))?;
    let log = target.join(format!("{name}.log"));
    let file = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
    let begun = Instant::now();
    let status = cargo_fuzz(root, target, "run")
        // What is found grows in the first folder; the second holds what is committed.
        .args([name, &corpus, &format!("fuzz/seeds/{name}"), "--", &format!("-max_total_time={seconds}")])
        .args(LIMITS)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file)
        .status()
        .context("starting cargo-fuzz")?;
    let time = begun.elapsed();
    // What it prints of an input is any bytes.
    let said = fs::read(&log).with_context(|| format!("reading {}", log.display()))?;
    let said = String::from_utf8_lossy(&said);
    let crash = said.split_once("Test unit written to ").and_then(|(_, rest)| rest.lines().next()).map(str::to_owned);
    ensure!(status.success() || crash.is_some(), "{name} ended with {status}, see {}", log.display());
    if crash.is_some() {
        let why = said.lines().skip_while(|line| !line.contains(" panicked at ")).take(4);
        eprintln!("{}", why.collect::<Vec<_>>().join("\n"));
    }
    let executions = last_number(&said, "stat::number_of_executed_units:").or_else(|| last_number(&said, "\n#"));
    let coverage = last_number(&said, " cov:");
    Ok(Outcome { executions: executions.unwrap_or(0), time, coverage: coverage.unwrap_or(0), crash })
}

/// The number behind the last of these signs.
fn last_number(said: &str, sign: &str) -> Option<u64> {
    let (_, rest) = said.rsplit_once(sign)?;
    let digits = rest.trim_start().split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libfuzzer_counted_is_read() {
        let said = "#2\tINITED cov: 5 ft: 6\n#512\tNEW    cov: 17 ft: 20 exec/s: 30\n#700\tDONE   cov: 18 ft: 21\n\
                    stat::number_of_executed_units: 701\n";
        for (sign, expected) in
            [("stat::number_of_executed_units:", Some(701)), ("\n#", Some(700)), (" cov:", Some(18)), (" corp:", None)]
        {
            assert_eq!(last_number(said, sign), expected, "{sign}");
        }
    }
}
