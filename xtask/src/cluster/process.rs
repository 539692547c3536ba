//! Detached processes, found again by id and start time.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

/// How long a process may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(8);

/// A process that is to be started.
pub struct Launch<'a> {
    /// Its name, and the name of its log and of its pid file.
    pub name: &'a str,
    /// The program.
    pub program: PathBuf,
    /// What it is told.
    pub arguments: Vec<String>,
}

/// Starts a process in a group of its own, so that ctrl-c here does not reach it.
pub fn start(run: &Path, launch: &Launch<'_>) -> Result<()> {
    let name = launch.name;
    let log = File::create(log_file(run, name)).with_context(|| format!("creating the log of {name}"))?;
    let errors = log.try_clone().context("sharing a log file")?;
    let child = Command::new(&launch.program)
        .args(&launch.arguments)
        .current_dir(run)
        // Go's transport honours proxy variables and kwok reads its home folder: neither is wanted.
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", run)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .with_context(|| format!("starting {}", launch.program.display()))?;
    let pid = child.id();
    let stat = Stat::read(pid).with_context(|| format!("{name} ended at once"))?;
    fs::write(pid_file(run, name), format!("{pid} {}", stat.start_time))
        .with_context(|| format!("writing down the process id of {name}"))
}

/// The process id, if the process that was started under this name still runs.
pub fn alive(run: &Path, name: &str) -> Option<u32> {
    let noted = fs::read_to_string(pid_file(run, name)).ok()?;
    let (pid, start_time) = noted.trim().split_once(' ')?;
    let pid = pid.parse().ok()?;
    let stat = Stat::read(pid)?;
    let cmdline = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    is_ours(&stat, start_time.parse().ok()?, &cmdline, name).then_some(pid)
}

/// A process id is used again some day; name and start time together are not. For a moment after its start a process
/// has no command line yet: the kernel lets go of whoever started it before it writes that down.
fn is_ours(stat: &Stat, start_time: u64, cmdline: &[u8], name: &str) -> bool {
    let program = cmdline.split(|byte| *byte == 0).next().unwrap_or_default();
    let file = program.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let is_named = cmdline.is_empty() || file == name.as_bytes();
    !stat.is_over && stat.start_time == start_time && is_named
}

/// Ends a process by its id, politely first. False when there was none.
pub async fn stop(run: &Path, name: &str) -> Result<bool> {
    let Some(pid) = alive(run, name) else {
        let _ = fs::remove_file(pid_file(run, name));
        return Ok(false);
    };
    let target = i32::try_from(pid).ok().and_then(Pid::from_raw).context("process id out of range")?;
    for signal in [Signal::TERM, Signal::KILL] {
        // It may have ended by itself in between, which is what is wanted.
        let _ = kill_process(target, signal);
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if alive(run, name).is_none() {
                let _ = fs::remove_file(pid_file(run, name));
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    bail!("{name} (process {pid}) does not end")
}

/// The last lines that a process wrote, for error messages.
pub fn last_words(run: &Path, name: &str) -> String {
    let text = fs::read(log_file(run, name)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().rev().take(12).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

/// Servers with many watchers need many files; the limit is inherited by what is started.
pub fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(65_536).min(65_536);
    if limit.current.is_some_and(|current| current < wanted) {
        // Without it things still work, up to fewer watchers.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum });
    }
}

fn pid_file(run: &Path, name: &str) -> PathBuf {
    run.join("pid").join(name)
}

fn log_file(run: &Path, name: &str) -> PathBuf {
    run.join("log").join(format!("{name}.log"))
}

/// What `/proc/<pid>/stat` says, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    is_over: bool,
    start_time: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The second field may hold spaces and brackets: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
    fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.rsplit_once(") ")?;
        let mut fields = rest.split_whitespace();
        let is_over = matches!(fields.next()?, "Z" | "X" | "x");
        Some(Self { is_over, start_time: fields.nth(18)?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_read_behind_a_name_with_brackets() {
        let line = "42 (a) b (c)) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 123456 1000 50";
        assert_eq!(Stat::parse(line), Some(Stat { is_over: false, start_time: 123_456 }));
        assert!(Stat::parse(&line.replace(") S", ") Z")).is_some_and(|stat| stat.is_over));
        assert_eq!(Stat::parse("42 (short) S 1"), None);
    }

    #[test]
    fn a_process_is_ours_only_with_name_and_start_time() {
        let stat = Stat { is_over: false, start_time: 7 };
        let cmdline = b"/somewhere/bin/etcd\0--name=dev\0";
        for (start_time, name, expected) in
            [(7, "etcd", true), (8, "etcd", false), (7, "kwok", false), (7, "cd", false)]
        {
            assert_eq!(is_ours(&stat, start_time, cmdline, name), expected, "{start_time} {name}");
        }
        assert!(is_ours(&stat, 7, b"", "etcd"), "it has just been started");
        for cmdline in [cmdline.as_slice(), b""] {
            assert!(!is_ours(&Stat { is_over: true, start_time: 7 }, 7, cmdline, "etcd"), "a zombie is over");
        }
    }

    #[test]
    fn this_very_test_is_a_living_process() {
        assert!(Stat::read(std::process::id()).is_some_and(|stat| !stat.is_over));
    }
}
