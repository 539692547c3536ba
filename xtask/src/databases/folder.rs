//! The folder of the databases: whose it is, what lies where in it, and when all of it is ready.

use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::geteuid;
use tokio::time::sleep;

/// How long a start waits for the end of the one before it, which may just have been killed.
const PATIENCE: Duration = Duration::from_secs(15);
/// The file by which a folder is known as one of ours.
const LOCK: &str = "databases.lock";
const READY: &str = "ready";
const PASSWORDS: &str = "passwords.env";

/// A folder that nobody else uses as long as this lives.
pub struct Folder {
    path: PathBuf,
    /// PostgreSQL's data: mostly in the folder.
    pub data: PathBuf,
    /// Locked; the watchman has it too.
    pub lock: File,
    /// PostgreSQL refuses to run as root: the user and group to run it as then.
    pub owner: Option<(u32, u32)>,
}

impl Folder {
    /// Takes the folder and empties it of what an earlier start left.
    pub async fn take(path: &Path) -> Result<Self> {
        let taken = || format!("taking the folder {}", path.display());
        fs::create_dir_all(path).with_context(taken)?;
        let path = path.canonicalize().with_context(taken)?;
        let is_empty = fs::read_dir(&path).with_context(taken)?.next().is_none();
        if !is_empty && !path.join(LOCK).is_file() {
            bail!("{} holds something else: choose a folder of its own with --dir", path.display());
        }
        let lock = File::create(path.join(LOCK)).with_context(taken)?;
        let since = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if since.elapsed() < PATIENCE => sleep(Duration::from_millis(50)).await,
                Err(TryLockError::WouldBlock) => {
                    bail!("other databases use {}: end those, or choose another folder with --dir", path.display())
                }
                Err(TryLockError::Error(error)) => return Err(error).with_context(taken),
            }
        }
        for left in [READY, PASSWORDS] {
            let _ = fs::remove_file(path.join(left));
        }
        for left in ["data", "log", "pid"] {
            let _ = fs::remove_dir_all(path.join(left));
        }
        for folder in ["log", "pid"] {
            fs::create_dir(path.join(folder)).with_context(taken)?;
        }
        let owner = unprivileged()?;
        let data = match owner {
            Some(_) if !is_open_to_all(&path) => {
                env::temp_dir().join(format!("quarterdeck-databases-{}", process::id()))
            }
            _ => path.join("data"),
        };
        let made = || format!("making {}", data.display());
        DirBuilder::new().mode(0o700).create(&data).with_context(made)?;
        if let Some((user, group)) = owner {
            chown(&data, Some(user), Some(group)).with_context(made)?;
        }
        Ok(Self { path, data, lock, owner })
    }

    /// All of it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where each process has a log.
    pub fn logs(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The log of a process.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// The file that says which process it is and how it is ended.
    pub fn pid(&self, name: &str) -> PathBuf {
        self.path.join("pid").join(name)
    }

    /// The file with the passwords.
    pub fn passwords(&self) -> PathBuf {
        self.path.join(PASSWORDS)
    }

    /// Writes down the passwords, for nobody else to read.
    pub fn write_passwords(&self, secrets: &[(&str, String)]) -> Result<()> {
        let path = self.passwords();
        let lines: Vec<String> =
            secrets.iter().map(|(variable, password)| format!("{variable}={password}\n")).collect();
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(lines.concat().as_bytes()))
            .with_context(|| format!("writing {}", path.display()))
    }

    /// Says that everything is filled, and which process says so.
    pub fn write_ready(&self) -> Result<()> {
        // A whole file or none, for whoever waits for it.
        let draft = self.path.join("pid/ready");
        fs::write(&draft, process::id().to_string())
            .and_then(|()| fs::rename(&draft, self.path.join(READY)))
            .context("saying that the databases are ready")
    }
}

/// Whether the databases that a process started in a folder are filled.
pub fn is_ready(folder: &Path, process: u32) -> bool {
    fs::read_to_string(folder.join(READY)).is_ok_and(|text| text == process.to_string())
}

/// The passwords of databases that are ready, by the variables that Quarterdeck looks for.
pub fn passwords(folder: &Path) -> Result<Vec<(String, String)>> {
    let path = folder.join(PASSWORDS);
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok(variables(&text))
}

fn variables(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Whether every user may go through a folder and all above it.
fn is_open_to_all(path: &Path) -> bool {
    path.ancestors().all(|path| fs::metadata(path).is_ok_and(|known| known.permissions().mode() & 0o001 != 0))
}

fn unprivileged() -> Result<Option<(u32, u32)>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
    let found = ids(&users, "postgres").or_else(|| ids(&users, "nobody"));
    found.map(Some).context("PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody")
}

/// User and group of a name.
fn ids(users: &str, wanted: &str) -> Option<(u32, u32)> {
    let mut lines = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let fields = lines.find(|fields| fields.first() == Some(&wanted))?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_variables_are_read_as_they_are_written() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgresql:x:7:8::/:\npostgres:x:105:112:,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(ids(users, "postgres"), Some((105, 112)));
        assert_eq!(ids(users, "nobody"), None);
        assert_eq!(variables("A=1\nB=2=3\n"), [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2=3".to_owned())]);
    }
}
