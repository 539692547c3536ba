//! The PostgreSQL of both environments, in a fresh folder, reached over loopback with passwords alone.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tokio::{io::AsyncWriteExt as _, process::Command, time::sleep};

use super::{
    Place, fill,
    folder::Folder,
    password,
    processes::{Launch, Processes},
    programs::Programs,
};

/// Its superuser.
const OWNER: &str = "owner";

/// A server that was started.
pub struct Postgres {
    psql: PathBuf,
    port: u16,
    /// Where it says how far it has come.
    state: PathBuf,
    /// The password of its superuser.
    password: String,
}

impl Postgres {
    /// Makes its files and starts it.
    pub async fn start(programs: &Programs, folder: &Folder, port: u16, processes: &mut Processes<'_>) -> Result<Self> {
        let data = folder.data.join("postgres");
        let password = password()?;
        let word = folder.data.join("superuser");
        write_for(folder.owner, &word, &password).with_context(|| format!("writing {}", word.display()))?;
        let options = [
            format!("--username={OWNER}"),
            "--auth=scram-sha-256".to_owned(),
            format!("--pwfile={}", word.display()),
            "--encoding=UTF8".to_owned(),
            "--locale=C".to_owned(),
            "--no-sync".to_owned(),
            format!("--pgdata={}", data.display()),
        ];
        let (initdb, postgres) = (programs.postgres.join("initdb"), programs.postgres.join("postgres"));
        let (program, arguments) = (initdb.as_path(), options.into());
        processes.start(Launch { name: "initdb", program, arguments, input: String::new(), signal: "TERM" }).await?;
        processes.finish("initdb").await?;
        let settings = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            // A path of one may be longer than the 107 bytes that sockets can have.
            "unix_socket_directories=".to_owned(),
            // Nobody wants these data after a power cut.
            "fsync=off".to_owned(),
            "full_page_writes=off".to_owned(),
        ];
        let mut arguments = vec!["-D".to_owned(), data.display().to_string()];
        arguments.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
        // QUIT ends all connections at once, and saves nothing.
        let (name, program) = ("postgres", postgres.as_path());
        processes.start(Launch { name, program, arguments, input: String::new(), signal: "QUIT" }).await?;
        Ok(Self { psql: programs.postgres.join("psql"), port, state: data.join("postmaster.pid"), password })
    }

    /// Returns when it takes connections: then it says so in the eighth line of its file.
    pub async fn ready(&self) {
        let is_ready = |text: String| text.lines().nth(7).is_some_and(|state| state.trim() == "ready");
        while !fs::read_to_string(&self.state).is_ok_and(is_ready) {
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Makes the role and the database of a place.
    pub async fn make(&self, place: &Place, password: &str) -> Result<()> {
        self.psql(OWNER, &self.password, "postgres", &fill::role(place, password)).await
    }

    /// Runs statements to the first that fails.
    pub async fn psql(&self, role: &str, password: &str, database: &str, statements: &str) -> Result<()> {
        let mut child = Command::new(&self.psql)
            .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--host=127.0.0.1", "--no-password", "--file=-"])
            .args(["--port", &self.port.to_string(), "--username", role, "--dbname", database])
            .current_dir("/")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("PGPASSWORD", password)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("starting psql")?;
        let mut stdin = child.stdin.take().context("starting psql")?;
        let write = async move {
            // One that has ended already says why.
            let _ = stdin.write_all(statements.as_bytes()).await;
        };
        let ((), output) = tokio::join!(write, child.wait_with_output());
        let output = output.context("waiting for psql")?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    }
}

/// Writes a file that one user alone can read.
fn write_for(owner: Option<(u32, u32)>, path: &Path, text: &str) -> std::io::Result<()> {
    // The folder is closed to others, so nobody reads it in between.
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    match owner {
        Some((user, group)) => chown(path, Some(user), Some(group)),
        None => Ok(()),
    }
}
