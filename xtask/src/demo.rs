//! `cargo xtask demo`: everything on this machine in one command, and gone again with ctrl-c.

use std::{
    env,
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    time::{sleep, timeout},
};

use crate::{
    databases, step,
    web::{self, Profile},
};

/// How long the program may take until it can show its pages.
const READY: Duration = Duration::from_secs(60);
/// How long a process may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the demo is shown.
#[derive(clap::Args)]
pub struct Arguments {
    /// Where the console listens.
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 7780)))]
    listen: SocketAddr,
}

/// Builds, starts, waits for ctrl-c, and stops what it started.
pub fn run(arguments: Arguments) -> Result<()> {
    // Known now rather than after minutes of building.
    let listen = arguments.listen;
    drop(TcpListener::bind(listen).with_context(|| {
        format!("{listen} is taken, perhaps by another demo; end that one, or choose another with --listen")
    })?);
    let begun = Instant::now();
    let root = web::workspace();
    eprintln!("The program");
    step::timed("quarterdeck, release", || {
        step::run(std::process::Command::new("cargo").current_dir(&root).args([
            "build",
            "--release",
            "--package",
            "server",
            "--bin",
            "quarterdeck",
        ]))
    })?;
    web::run(web::Arguments { profile: Profile::Release, out: "target/site".into(), smallest: false })?;

    let runtime = tokio::runtime::Runtime::new().context("starting the async runtime")?;
    runtime.block_on(show(&root, listen, begun))
}

/// The part that starts processes; whatever comes, they are stopped.
async fn show(root: &Path, listen: SocketAddr, begun: Instant) -> Result<()> {
    let mut running = Running { root: root.to_owned(), clusters: Vec::new(), processes: Vec::new() };
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for ctrl-c")?;
    let shown = tokio::select! {
        shown = running.keep_up(listen, begun) => shown,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    let stopped = running.stop(down).await;
    together([shown, stopped])
}

/// What this command started and therefore stops.
struct Running {
    root: PathBuf,
    clusters: Vec<&'static str>,
    processes: Vec<(&'static str, Child)>,
}

impl Running {
    /// Starts everything and stays until something ends that should not.
    async fn keep_up(&mut self, listen: SocketAddr, begun: Instant) -> Result<()> {
        fs::create_dir_all(web::target_folder(&self.root).join("demo")).context("creating the folder of the logs")?;
        eprintln!("The databases");
        // Before the clusters: what is missing for them is known at once.
        let secrets = self.databases().await?;

        eprintln!("The clusters");
        for name in ["main", "fleetops"] {
            let status = xtask(&["cluster", "status", "--name", name]).output().await.context("asking for clusters")?;
            // 0 says that all of its processes are there.
            if !status.status.success() {
                self.clusters.push(name);
            }
        }
        let start = Instant::now();
        // In our own group: ctrl-c ends it too, so that nothing is started behind our back.
        let up = xtask(&["cluster", "up"]).kill_on_drop(true).status().await.context("starting the clusters")?;
        if !up.success() {
            bail!("the clusters did not start ({up})");
        }
        step::report("clusters with the systems of the demo", &step::seconds(start.elapsed()));

        let start = Instant::now();
        // Before the first checks: what does not answer them yet is shown as Failed.
        self.begin("world", xtask(&["world"]))?;
        let kubeconfig = xtask(&["cluster", "kubeconfig"]).output().await.context("asking for the kubeconfig")?;
        let kubeconfig = String::from_utf8(kubeconfig.stdout).context("the kubeconfig's path")?;
        let program = web::target_folder(&self.root).join("release/quarterdeck");
        let people = people(&program).await?;
        enrol(&program, &self.root, &secrets).await?;
        let mut server = Command::new(&program);
        server
            .args(["serve", "--config", "config/demo.yaml", "--site", "target/site", "--kubeconfig", kubeconfig.trim()])
            // The APIs of the demo world and the databases answer on this machine.
            .arg("--checks-allow-loopback")
            .args(["--listen", &listen.to_string(), "--database", &database()?])
            .envs(secrets);
        self.begin("quarterdeck", server)?;
        let ready = async {
            while !answers(listen).await {
                sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::select! {
            ready = timeout(READY, ready) => ready.with_context(|| {
                format!("quarterdeck is not ready after {READY:?}; see {}", self.log("quarterdeck").display())
            })?,
            (name, status) = ended(&mut self.processes) => return Err(self.unexpected(name, status)),
        }
        step::report("quarterdeck ready", &step::seconds(start.elapsed()));

        let address = format!("http://{listen}");
        eprintln!(
            "\n  {address}\n\n  Up after {}. Ctrl-C stops what this command started.",
            step::seconds(begun.elapsed())
        );
        eprintln!("\n  Sign in as one of these; the passwords are new with each start:");
        for (name, password) in people {
            eprintln!("    {name:<9} {password}");
        }
        eprintln!("\n  To look inside: cargo xtask kubectl --context main get pods --all-namespaces");
        eprintln!("  Passwords of the databases: {}", databases::usual_folder().join("passwords.env").display());
        eprintln!("  Logs: {}, world.log and databases.log beside it\n", self.log("quarterdeck").display());
        let (name, status) = ended(&mut self.processes).await;
        Err(self.unexpected(name, status))
    }

    /// Starts the databases and waits until they are filled. The passwords, by the variables that Quarterdeck looks for.
    async fn databases(&mut self) -> Result<Vec<(String, String)>> {
        let start = Instant::now();
        let folder = databases::usual_folder();
        self.begin("databases", xtask(&["databases"]))?;
        let id = self.processes.last().and_then(|(_, child)| child.id());
        let ready = async {
            while !id.is_some_and(|id| databases::is_ready(&folder, id)) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::select! {
            ready = timeout(READY, ready) => ready.with_context(|| {
                format!("the databases are not ready after {READY:?}; see {}", self.log("databases").display())
            })?,
            (name, status) = ended(&mut self.processes) => return Err(self.unexpected(name, status)),
        }
        step::report("databases with the demo data", &step::seconds(start.elapsed()));
        databases::passwords(&folder)
    }

    /// Starts a process in a group of its own: ctrl-c reaches it through us, in order.
    fn begin(&mut self, name: &'static str, mut command: Command) -> Result<()> {
        let path = self.log(name);
        let log = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
        let child = command
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("sharing a log file")?)
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        self.processes.push((name, child));
        Ok(())
    }

    fn log(&self, name: &str) -> PathBuf {
        web::target_folder(&self.root).join("demo").join(format!("{name}.log"))
    }

    /// Ends with what the process that ended said last.
    fn unexpected(&self, name: &str, status: ExitStatus) -> anyhow::Error {
        let text = fs::read_to_string(self.log(name)).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(12)..].join("\n    ");
        anyhow!("{name} ended with {status}:\n    {last}")
    }

    /// Stops what was started, in the other order: all of it, whatever fails on the way. `down` stops a cluster.
    async fn stop(&mut self, down: impl AsyncFn(&'static str) -> Result<()>) -> Result<()> {
        eprintln!("\nStopping");
        let mut results = Vec::new();
        for (name, child) in self.processes.drain(..).rev() {
            let start = Instant::now();
            let ended = end(child).await.with_context(|| format!("stopping {name}"));
            if ended.is_ok() {
                step::report(name, &step::seconds(start.elapsed()));
            }
            results.push(ended);
        }
        for name in self.clusters.drain(..) {
            let start = Instant::now();
            let stopped = down(name).await;
            if stopped.is_ok() {
                step::report(&format!("cluster {name}"), &step::seconds(start.elapsed()));
            }
            results.push(stopped);
        }
        together(results)
    }
}

/// Asks a process to end, and ends it when it does not.
async fn end(mut child: Child) -> Result<()> {
    if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        // It may have ended by itself in between, which is what is wanted.
        let _ = kill_process(pid, Signal::TERM);
    }
    if timeout(PATIENCE, child.wait()).await.is_err() {
        child.kill().await.context("killing it")?;
    }
    Ok(())
}

/// Stops a cluster.
async fn down(name: &'static str) -> Result<()> {
    let mut down = xtask(&["cluster", "down", "--name", name]);
    let down = down
        .process_group(0)
        .stdout(Stdio::null())
        .status()
        .await
        .with_context(|| format!("stopping cluster {name}"))?;
    if !down.success() {
        bail!("cluster {name} did not stop ({down}): cargo xtask cluster down --name {name}");
    }
    Ok(())
}

/// All failures as one.
fn together(results: impl IntoIterator<Item = Result<()>>) -> Result<()> {
    let mut failures: Vec<anyhow::Error> = results.into_iter().filter_map(Result::err).collect();
    match failures.len() {
        0 => Ok(()),
        1 => Err(failures.remove(0)),
        _ => {
            let lines: Vec<String> = failures.iter().map(|failure| format!("{failure:#}")).collect();
            Err(anyhow!(lines.join("\n")))
        }
    }
}

/// The accounts of the demo: one for each role, called like it.
const ROLES: [&str; 5] = ["viewer", "tester", "operator", "lead", "admin"];

/// Where the demo keeps its accounts and its record.
fn database() -> Result<String> {
    let state = env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".local/state")))
        .context("there is no home folder to keep the demo's accounts in: set XDG_STATE_HOME")?;
    Ok(format!("sqlite:{}", state.join("quarterdeck/demo.db").display()))
}

/// Gives each account of the demo a new random password, and makes those that are not there. Names and passwords.
async fn people(program: &Path) -> Result<Vec<(&'static str, String)>> {
    let database = database()?;
    let user = async |words: &[&str]| {
        let mut command = Command::new(program);
        command.arg("user").args(words).args(["--database", &database]).stdin(Stdio::null());
        command.output().await.context("asking quarterdeck for an account")
    };
    let mut people = Vec::new();
    for role in ROLES {
        let mut made = user(&["set-password", role]).await?;
        if !made.status.success() {
            made = user(&["add", role, "--role", role]).await?;
        }
        if !made.status.success() {
            bail!("the account {role} was not made: {}", String::from_utf8_lossy(&made.stderr).trim());
        }
        people.push((role, String::from_utf8_lossy(&made.stdout).trim().to_owned()));
    }
    Ok(people)
}

/// Tells each database which environment it belongs to: they are new with each start.
async fn enrol(program: &Path, root: &Path, secrets: &[(String, String)]) -> Result<()> {
    for place in &databases::PLACES {
        let environment = place.environment;
        let mut command = Command::new(program);
        command
            .current_dir(root)
            .args(["demo-data", "enrol", environment, "--config", "config/demo.yaml", "--checks-allow-loopback"])
            .envs(secrets.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        let enrolled = command.output().await.context("asking quarterdeck to enrol a database")?;
        if !enrolled.status.success() {
            bail!("{environment} was not enrolled: {}", String::from_utf8_lossy(&enrolled.stderr).trim());
        }
    }
    Ok(())
}

/// Another command of this very program.
fn xtask(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().unwrap_or_else(|_| "xtask".into()));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// The first process that ends.
async fn ended(processes: &mut [(&'static str, Child)]) -> (&'static str, ExitStatus) {
    loop {
        for (name, child) in processes.iter_mut() {
            if let Ok(Some(status)) = child.try_wait() {
                return (name, status);
            }
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Whether `/readyz` says 200.
async fn answers(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer.starts_with(b"HTTP/1.1 200"))
    };
    matches!(timeout(Duration::from_secs(2), ask).await, Ok(Ok(true)))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn everything_is_stopped_and_every_failure_is_said() {
        let mut running =
            Running { root: PathBuf::new(), clusters: vec!["main", "fleetops", "test"], processes: Vec::new() };
        let asked = RefCell::new(Vec::new());
        let down = async |name| {
            asked.borrow_mut().push(name);
            if name == "fleetops" { Ok(()) } else { Err(anyhow!("cluster {name} did not stop")) }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let failure = runtime.block_on(running.stop(down)).unwrap_err();
        assert_eq!(*asked.borrow(), ["main", "fleetops", "test"]);
        assert_eq!(failure.to_string(), "cluster main did not stop\ncluster test did not stop");
    }
}
