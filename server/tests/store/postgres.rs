//! A PostgreSQL of our own: started from the programs of the machine, in a folder of its own, and ended with us.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::slice;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};

/// The superuser's password, for connections by TCP. Nothing of ours may ever print it.
pub const PASSWORD: &str = "canary-8d1f@:/#";
/// The same in a URL.
const PASSWORD_IN_URL: &str = "canary-8d1f%40%3A%2F%23";

/// Ends the server when this process is gone, however it went: `read` returns when the pipe closes that only this process
/// holds. The servers of connections are woken too, because one that was stopped does not notice the end of its parent.
const WATCHMAN: &str = r#"
read line
pid=$(cat "$0/pid")
kill -CONT $pid $(cat /proc/$pid/task/$pid/children) 2>/dev/null
kill -QUIT $pid 2>/dev/null
for round in $(seq 100); do
  # Gone, or gone but for the one who was to be told.
  grep -q '^State:.[^ZX]' /proc/$pid/status 2>/dev/null || break
  sleep 0.1
done
rm -rf "$0"
"#;

/// A running PostgreSQL.
pub struct Server {
    folder: PathBuf,
    /// Where it also listens on loopback.
    port: Option<u16>,
    programs: PathBuf,
    owner: Option<(u32, u32)>,
    postgres: Option<Child>,
    watchman: Child,
}

impl Server {
    /// The one that all tests share that do it no harm.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(false))
    }

    /// A server of one's own; `by_tcp`: reached over loopback with a password, not by a socket file.
    pub fn start(by_tcp: bool) -> Self {
        let programs = programs();
        let owner = unprivileged();
        let (folder, watchman) = place(owner);
        let port = by_tcp.then(|| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let mut server = Self { folder, port, programs, owner, postgres: None, watchman };
        let word = server.folder.join("password");
        fs::write(&word, PASSWORD).unwrap();
        let made = server
            .program("initdb")
            .args(["--username=owner", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C", "--pwfile"])
            .arg(&word)
            .arg("--pgdata")
            .arg(server.folder.join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        server.run();
        server
    }

    /// Starts it, again after it was killed, and waits until it takes connections.
    pub fn run(&mut self) {
        let log = File::create(self.folder.join("log")).unwrap();
        let listen = if self.port.is_some() { "127.0.0.1" } else { "" };
        let port = self.port.unwrap_or(5432).to_string();
        let child = self
            .program("postgres")
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-k")
            .arg(&self.folder)
            .args(["-p", &port, "-c", &format!("listen_addresses={listen}")])
            // Nobody wants these data after a power cut.
            .args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=400"])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        fs::write(self.folder.join("pid"), child.id().to_string()).unwrap();
        self.postgres = Some(child);
        let state = self.folder.join("data/postmaster.pid");
        let pid = self.pid().to_string();
        for _ in 0..600 {
            let text = fs::read_to_string(&state).unwrap_or_default();
            let mut lines = text.lines();
            // The first line says whose file it is: one that was killed leaves its own behind.
            if lines.next() == Some(&pid) && lines.nth(6).is_some_and(|state| state.trim() == "ready") {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL does not start: {}", fs::read_to_string(self.folder.join("log")).unwrap_or_default());
    }

    /// The address of a database of its superuser.
    pub fn url(&self, database: &str) -> String {
        self.url_of("owner", database)
    }

    /// The address of a database of some role, which has the password of the superuser or comes by the socket.
    pub fn url_of(&self, role: &str, database: &str) -> String {
        match self.port {
            Some(port) => format!("postgres://{role}:{PASSWORD_IN_URL}@127.0.0.1:{port}/{database}"),
            None => format!("postgres:///{database}?user={role}&host={}", self.folder.display()),
        }
    }

    /// The port on which it listens on loopback.
    pub fn port(&self) -> u16 {
        self.port.unwrap()
    }

    /// Makes a database.
    pub async fn create_database(&self, name: &str) {
        self.admin(&format!("create database {name}")).await;
    }

    /// Has the superuser do something.
    pub async fn admin(&self, text: &str) {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&self.url("postgres")).await.unwrap();
        connection.execute(AssertSqlSafe(text)).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Kills it and all its connections, as the machine's end would: none of them finishes what it is at.
    pub fn kill(&mut self) {
        let mut child = self.postgres.take().unwrap();
        let pid = child.id().to_string();
        // So that none is added.
        signal("STOP", slice::from_ref(&pid));
        let children = children(&pid);
        child.kill().unwrap();
        signal("KILL", &children);
        child.wait().unwrap();
        // It does not start again while one of them is there.
        let is_there = |pid: &String| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            status.lines().any(|line| line.starts_with("State:") && !line.contains(['Z', 'X']))
        };
        while children.iter().any(is_there) {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stops it and all its connections, until the guard is dropped: it takes what is sent and answers nothing.
    pub fn stop(&self) -> Stopped {
        let pid = self.pid().to_string();
        // The parent first, so that none is added.
        let mut pids = vec![pid.clone()];
        pids.extend(children(&pid));
        signal("STOP", &pids);
        Stopped(pids)
    }

    fn pid(&self) -> u32 {
        self.postgres.as_ref().unwrap().id()
    }

    /// A client's program as the superuser, by the socket: `psql`, `pg_dump`.
    pub fn client(&self, name: &str) -> Command {
        let mut command = self.program(name);
        let port = self.port.unwrap_or(5432).to_string();
        command.arg("-h").arg(&self.folder).args(["-p", &port, "-U", "owner"]);
        command
    }

    /// Another server that follows this one and takes no writes.
    pub fn replica(&self) -> Self {
        let (folder, watchman) = place(self.owner);
        let port = self.port.map(|_| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let copied = self
            .client("pg_basebackup")
            .args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync", "--pgdata"])
            .arg(folder.join("data"))
            .output()
            .unwrap();
        assert!(copied.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&copied.stderr));
        let mut server =
            Self { folder, port, programs: self.programs.clone(), owner: self.owner, postgres: None, watchman };
        server.run();
        server
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(&self.folder).stdin(Stdio::null());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.watchman.stdin.take());
        if let Some(mut child) = self.postgres.take() {
            let _ = child.wait();
        }
        let _ = self.watchman.wait();
    }
}

/// A folder for a server, and who takes it away with the server.
fn place(owner: Option<(u32, u32)>) -> (PathBuf, Child) {
    let folder = tempfile::Builder::new().prefix("quarterdeck-postgres-").tempdir().unwrap().keep();
    if let Some((user, group)) = owner {
        chown(&folder, Some(user), Some(group)).unwrap();
    }
    let watchman = Command::new("sh")
        .args(["-c", WATCHMAN])
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (folder, watchman)
}

/// A server that is stopped.
pub struct Stopped(Vec<String>);

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("CONT", &self.0);
    }
}

/// The servers of its connections, and those that work beside them.
fn children(pid: &str) -> Vec<String> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    children.split_whitespace().map(String::from).collect()
}

fn signal(name: &str, pids: &[String]) {
    let _ = Command::new("kill").arg(format!("-{name}")).args(pids).stderr(Stdio::null()).status();
}

/// The folder of `initdb` and `postgres`: of Debian's newest, or on the path.
fn programs() -> PathBuf {
    let version = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut debian: Vec<PathBuf> = debian.collect();
    debian.sort_by_key(|path| std::cmp::Reverse(version(path)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian
        .into_iter()
        .map(|version| version.join("bin"))
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .expect("there is no PostgreSQL to test against: install it once with `scripts/setup test`")
}

/// PostgreSQL refuses to run as root: the user and group to run it as then.
fn unprivileged() -> Option<(u32, u32)> {
    // The folder of this process belongs to who runs it.
    let me = std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").unwrap());
    if me != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let of = |wanted: &str| {
        let fields: Vec<&str> = users
            .lines()
            .map(|line| line.split(':'))
            .find_map(|mut line| (line.next() == Some(wanted)).then(|| line.collect()))?;
        Some((fields.get(1)?.parse().ok()?, fields.get(2)?.parse().ok()?))
    };
    Some(of("postgres").or_else(|| of("nobody")).expect("neither a user postgres nor a user nobody"))
}
