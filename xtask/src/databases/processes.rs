//! The servers as processes: none outlives this one, however it ends.

use std::{fs, fs::File, path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, anyhow, ensure};
use futures::{FutureExt as _, future::select_all};
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, ChildStdin, Command},
    time::timeout,
};

use super::folder::Folder;

/// How long the watchman may take: it kills what has not ended after 8 seconds.
const PATIENCE: Duration = Duration::from_secs(9);

/// Ends the servers when this process is gone, however it went: `read` returns when the pipe closes that only this process holds.
/// It is told the folder and that of PostgreSQL's data.
const WATCHMAN: &str = r#"
read -r line
pids=
for file in "$1"/pid/*; do
  [ -s "$file" ] || continue
  read -r pid signal <"$file"
  # One that was stopped would not notice.
  kill -CONT "$pid" 2>/dev/null
  kill -"$signal" "$pid" 2>/dev/null && pids="$pids $pid"
done
for round in $(seq 80); do
  left=
  for pid in $pids; do
    # Gone, or gone but for the one who was to be told.
    grep -q '^State:.[^ZX]' "/proc/$pid/status" 2>/dev/null && left="$left $pid"
  done
  [ -n "$left" ] || break
  sleep 0.1
done
[ -z "$left" ] || kill -KILL $left 2>/dev/null
rm -rf "$1/ready" "$1/passwords.env" "$1/pid" "$2"
"#;

/// Waits for a line and becomes the program, which has the rest of the input: so its process is written down before it does anything.
const STARTER: &str = r#"read -r go && exec "$@""#;

/// What is to be started.
pub struct Launch<'a> {
    /// Its name, and the name of its log.
    pub name: &'static str,
    /// The program.
    pub program: &'a Path,
    /// What it is told.
    pub arguments: Vec<String>,
    /// What it reads.
    pub input: String,
    /// The signal that ends it.
    pub signal: &'static str,
}

/// What this command started and therefore ends.
pub struct Processes<'a> {
    folder: &'a Folder,
    watchman: Child,
    /// Open as long as this lives. Not left in the watchman, because whoever waits for a child closes its input.
    alive: ChildStdin,
    running: Vec<(&'static str, Child)>,
}

impl<'a> Processes<'a> {
    /// Starts the watchman, and nothing else.
    pub fn begin(folder: &'a Folder) -> Result<Self> {
        let lock = folder.lock.try_clone().context("sharing the lock of the folder")?;
        let mut watchman = Command::new("/bin/sh")
            .args(["-c", WATCHMAN, "watchman"])
            .args([folder.path(), &folder.data])
            .stdin(Stdio::piped())
            // It keeps the folder until it is done, and says nothing.
            .stdout(lock)
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("starting /bin/sh")?;
        let alive = watchman.stdin.take().context("starting /bin/sh")?;
        Ok(Self { folder, watchman, alive, running: Vec::new() })
    }

    /// Starts a process in a group of its own: ctrl-c reaches it through us.
    pub async fn start(&mut self, launch: Launch<'_>) -> Result<()> {
        let Launch { name, program, arguments, input, signal } = launch;
        let starting = || format!("starting {name}");
        let log = File::create(self.folder.log(name)).with_context(starting)?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", STARTER, "starter"])
            .arg(program)
            .args(arguments)
            .current_dir("/")
            // Variables of theirs that somebody has set are not for these.
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(log.try_clone().with_context(starting)?)
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true);
        if let Some((user, group)) = self.folder.owner {
            command.uid(user).gid(group);
        }
        let mut child = command.spawn().with_context(starting)?;
        let (pid, stdin) = (child.id(), child.stdin.take());
        self.running.push((name, child));
        let (pid, mut stdin) = pid.zip(stdin).with_context(starting)?;
        fs::write(self.folder.pid(name), format!("{pid} {signal}\n")).with_context(starting)?;
        // A program that has ended at once reads nothing, and says why in its log.
        let _ = stdin.write_all(format!("go\n{input}").as_bytes()).await;
        Ok(())
    }

    /// Waits for the end of a process that does one thing.
    pub async fn finish(&mut self, name: &'static str) -> Result<()> {
        let index = self.running.iter().position(|(running, _)| *running == name);
        let index = index.with_context(|| format!("{name} was not started"))?;
        let status = self.running[index].1.wait().await.with_context(|| format!("waiting for {name}"))?;
        self.running.swap_remove(index);
        self.forget(name);
        ensure!(status.success(), "{}", self.last_words(name, &status.to_string()));
        Ok(())
    }

    /// Waits until something ends that should not, and returns what it said last.
    pub async fn ended(&mut self) -> anyhow::Error {
        let all = self.running.iter_mut().map(|(name, child)| (*name, child));
        let all = all.chain([("the watchman", &mut self.watchman)]);
        let ends = all.map(|(name, child)| async move { (name, child.wait().await) }.boxed());
        let ((name, status), ..) = select_all(ends).await;
        self.forget(name);
        self.running.retain(|(running, _)| *running != name);
        match status {
            Ok(status) => anyhow!(self.last_words(name, &status.to_string())),
            Err(error) => anyhow!(error).context(format!("waiting for {name}")),
        }
    }

    /// Ends all of them, and what they have kept.
    pub async fn stop(mut self) -> Result<()> {
        drop(self.alive);
        let ended = timeout(PATIENCE, self.watchman.wait()).await;
        ended.context("the watchman does not end; what still runs is killed")?.context("waiting for the watchman")?;
        Ok(())
    }

    /// The id of a process that is over may become another's.
    fn forget(&self, name: &str) {
        let _ = fs::remove_file(self.folder.pid(name));
    }

    fn last_words(&self, name: &str, status: &str) -> String {
        let text = fs::read(self.folder.log(name)).unwrap_or_default();
        last_words(name, status, &String::from_utf8_lossy(&text))
    }
}

/// How something ended, with the end of its log.
fn last_words(name: &str, status: &str, log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let last = &lines[lines.len().saturating_sub(12)..];
    let last: String = last.iter().map(|line| format!("\n    {line}")).collect();
    format!("{name} ended with {status}:{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_with_the_end_of_the_log() {
        let log: String = (1..=20).map(|line| format!("line {line}\n")).collect();
        let told = last_words("redis-dev", "exit status: 1", &log);
        assert!(told.starts_with("redis-dev ended with exit status: 1:\n    line 9\n"), "{told}");
        assert!(told.ends_with("\n    line 20"), "{told}");
        assert_eq!(last_words("redis-dev", "signal: 9", ""), "redis-dev ended with signal: 9:");
    }
}
