//! `cargo xtask bench`: how quick and how small the console is, measured with a real control plane and a real browser.
//!
//! Never a test: a busy machine makes figures worse, not the program wrong. What does not depend on the machine is
//! held by `end2end/budgets.spec.ts`.

mod changes;
mod goals;
mod lines;
mod machine;
mod report;
mod seed;
mod settings;

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use crate::{
    cluster::{self, Cluster},
    step,
    web::{self, Profile},
};
use settings::Settings;

/// How long the browser driver may take to end once it was asked to.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a cluster is left alone after it was filled.
const SETTLE: Duration = Duration::from_secs(30);
/// The ports of the private cluster.
const PORT_BASE: u16 = 27_400;

/// What is measured, and how.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    options: Options,
}

/// A bench of its own, and parts that the driver starts by itself.
#[derive(Subcommand)]
enum Part {
    /// Logs: from a line that a container writes to the screen, at rising rates, and `kubectl logs -f` beside it.
    Logs(Logs),
    /// Writes numbered lines at a steady rate.
    #[command(hide = true)]
    Lines(lines::Arguments),
    /// Changes pods at a steady rate.
    #[command(hide = true)]
    Changes(changes::Arguments),
}

/// How logs are measured.
#[derive(Args)]
struct Logs {
    /// How many lines are written each second: some of 1000, 5000, 20000, 50000, 100000, by comma.
    #[arg(long, value_delimiter = ',', default_values_t = goals::RATES, value_parser = known_rate)]
    rates: Vec<u32>,
    /// For how long, in seconds.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// How often the first lines are measured.
    #[arg(long, default_value_t = 21)]
    runs: u32,
    #[command(flatten)]
    how: How,
}

/// What is done before and after.
#[derive(Args)]
struct How {
    /// Keep the cluster's data, so that the next run starts without seeding.
    #[arg(long)]
    keep: bool,
    /// Measure the programs as they are, without building.
    #[arg(long)]
    no_build: bool,
    /// Write the figures into the committed baseline.
    #[arg(long)]
    save: bool,
}

fn known_rate(text: &str) -> Result<u32> {
    let rate = text.parse().context("a number of lines per second is expected")?;
    if goals::RATES.contains(&rate) { Ok(rate) } else { bail!("only {:?} have a place in the table", goals::RATES) }
}

/// How the bench is run.
#[derive(Args)]
struct Options {
    /// How many pods there are.
    #[arg(long, value_enum, default_value_t = seed::Tier::TenThousand)]
    tier: seed::Tier,
    /// Only these measures, by comma.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Measure>,
    /// How often what takes time is measured.
    #[arg(long, default_value_t = 7)]
    runs: u32,
    /// How many isolated changes are followed to the screen; half as many under load.
    #[arg(long, default_value_t = 200)]
    changes: u32,
    #[command(flatten)]
    how: How,
}

/// What is measured, in the end.
struct Plan {
    tier: seed::Tier,
    /// Files of the driver, without their endings.
    measures: Vec<String>,
    runs: u32,
    changes: u32,
    rates: Vec<u32>,
    seconds: u32,
    how: How,
}

/// One of the measures; each is a file of the driver in `end2end/bench`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// Bytes to the first content and until the page is live.
    Bytes,
    /// Time to the first content.
    First,
    /// From a change to the screen, alone.
    Change,
    /// From a change to the screen, among others.
    Load,
    /// Bytes on the socket for each change.
    Wire,
    /// Memory of the server, of viewers, of the browser.
    Memory,
    /// Processor time for each event.
    Cpu,
    /// Watches on the API server.
    Watches,
    /// From the start of the program to the first right page.
    Start,
    /// Pages rendered by the server.
    Pages,
}

impl Measure {
    /// Its file of the driver, without its ending.
    fn file(self) -> Option<String> {
        self.to_possible_value().map(|value| value.get_name().to_owned())
    }
}

/// Runs the bench to its end.
pub fn run(arguments: Arguments) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("starting the async runtime")?;
    match arguments.part {
        Some(Part::Changes(arguments)) => {
            let changed = runtime.block_on(changes::run(arguments));
            // A read of standard input that nobody ends would hold the process for ever.
            runtime.shutdown_background();
            changed
        }
        Some(Part::Lines(arguments)) => lines::run(&arguments),
        Some(Part::Logs(Logs { rates, seconds, runs, how })) => {
            let measures = vec!["logs".to_owned()];
            whole(&runtime, &Plan { tier: seed::Tier::Logs, measures, runs, changes: 0, rates, seconds, how })
        }
        None => {
            let Options { tier, only, runs, changes, how } = arguments.options;
            let all = if only.is_empty() { Measure::value_variants() } else { &only };
            let measures = all.iter().filter_map(|measure| measure.file()).collect();
            whole(&runtime, &Plan { tier, measures, runs, changes, rates: Vec::new(), seconds: 0, how })
        }
    }
}

fn whole(runtime: &tokio::runtime::Runtime, plan: &Plan) -> Result<()> {
    let root = web::workspace();
    if !plan.how.no_build {
        build()?;
    }
    runtime.block_on(bench(&root, plan))
}

fn build() -> Result<()> {
    eprintln!("The program");
    step::timed("quarterdeck, release", || {
        step::run(std::process::Command::new("cargo").current_dir(web::workspace()).args([
            "build",
            "--release",
            "--package",
            "server",
            "--bin",
            "quarterdeck",
        ]))
    })?;
    web::run(web::Arguments { profile: Profile::Release, out: "target/site".into(), smallest: false })
}

/// The part that starts processes; whatever comes, they are stopped.
async fn bench(root: &Path, plan: &Plan) -> Result<()> {
    let folder = web::target_folder(root).join("bench").join(plan.tier.name());
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let mut running = Running { root: root.to_owned(), cluster: folder.join("cluster"), driver: None };
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for ctrl-c")?;
    let measured = tokio::select! {
        measured = running.measure(&folder, plan) => measured,
        _ = interrupt.recv() => Err(anyhow::anyhow!("interrupted")),
        _ = terminate.recv() => Err(anyhow::anyhow!("terminated")),
    };
    let stopped = running.stop(plan.how.keep).await;
    measured.and(stopped)
}

/// What this command started and therefore stops.
struct Running {
    root: PathBuf,
    cluster: PathBuf,
    driver: Option<Child>,
}

impl Running {
    async fn measure(&mut self, folder: &Path, plan: &Plan) -> Result<()> {
        // Before anything of ours runs.
        let before = machine::Machine::look()?;
        if before.load > 1.0 {
            eprintln!("The machine is busy (load {:.1}): times will be worse than they need to be", before.load);
        }
        eprintln!("The cluster");
        let nodes = plan.tier.shape().nodes.to_string();
        let up = cluster_command("up", &self.cluster).args(["--no-demo", "--nodes", &nodes]).status().await;
        let up = up.context("starting the cluster")?;
        if !up.success() {
            bail!("the cluster did not start ({up})");
        }
        let cluster = Cluster::at(&self.cluster)?;
        let client = cluster::client(&cluster).await?;
        let seeded = seed::seed(&client, plan.tier).await?;
        let config = folder.join("registry.json");
        fs::write(&config, seed::registry(plan.tier).to_string()).context("writing the registry")?;

        silence(&self.cluster)?;
        if seeded {
            // What the seeding left to do: the API server compacts, controllers finish.
            tokio::time::sleep(SETTLE).await;
        }
        eprintln!("Measures");
        let figures = folder.join("figures");
        // Figures of an earlier run are not this one's.
        let _ = fs::remove_dir_all(&figures);
        fs::create_dir_all(&figures).with_context(|| format!("creating {}", figures.display()))?;
        let settings = Settings {
            tier: plan.tier.name(),
            pods: plan.tier.shape().pods(),
            runs: plan.runs,
            changes: plan.changes,
            rates: plan.rates.clone(),
            seconds: plan.seconds,
            program: given("QUARTERDECK_PROGRAM", web::target_folder(&self.root).join("release/quarterdeck")),
            site: given("QUARTERDECK_SITE", self.root.join("target/site")),
            config,
            kubeconfig: cluster.kubeconfig(),
            context: cluster.name.clone(),
            cluster: self.cluster.clone(),
            xtask: std::env::current_exe().context("finding this program")?,
            container: seed::CONTAINER,
            figures: figures.clone(),
        };
        let path = folder.join("settings.json");
        fs::write(&path, serde_json::to_vec_pretty(&settings)?).context("writing the driver's settings")?;
        let start = Instant::now();
        let all_went_well = self.drive(&path, &plan.measures).await?;
        step::report("measured", &step::seconds(start.elapsed()));

        let versions = machine::versions(&self.root, &client).await;
        let report = report::Report::read(&figures, plan.tier.name(), before, versions)?;
        report.print(&self.root)?;
        report.write(&self.root)?;
        if plan.how.save {
            report.save_as_baseline(&self.root)?;
        }
        if !all_went_well {
            bail!("some measures failed; their figures are missing above");
        }
        Ok(())
    }

    /// Runs the browser driver in a group of its own; whether all measures went well.
    async fn drive(&mut self, settings: &Path, measures: &[String]) -> Result<bool> {
        let files = measures.iter().map(|measure| format!("/{measure}.bench"));
        let driver = Command::new("node")
            .arg("node_modules/@playwright/test/cli.js")
            .args(["test", "--config", "end2end/bench/playwright.config.ts"])
            .args(files)
            .env("QUARTERDECK_BENCH", settings)
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .context("starting the browser driver; `scripts/setup test` installs what it needs")?;
        let status = self.driver.insert(driver).wait().await.context("waiting for the browser driver")?;
        self.driver = None;
        Ok(status.success())
    }

    async fn stop(&mut self, keep: bool) -> Result<()> {
        eprintln!("Stopping");
        if let Some(mut driver) = self.driver.take() {
            let group = driver.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
            // Its servers and its changes are in its group; its browsers it ends itself.
            for signal in [Signal::INT, Signal::KILL] {
                if let Some(group) = group {
                    // It may have ended by itself in between, which is what is wanted.
                    let _ = kill_process_group(group, signal);
                }
                if timeout(PATIENCE, driver.wait()).await.is_ok() {
                    break;
                }
            }
        }
        let mut down = cluster_command("down", &self.cluster);
        if !keep {
            down.arg("--wipe");
        }
        let down = down.process_group(0).stdout(Stdio::null()).status().await.context("stopping the cluster")?;
        if !down.success() {
            bail!(
                "the cluster did not stop ({down}): cargo xtask cluster down --name bench --run-dir {}",
                self.cluster.display()
            );
        }
        Ok(())
    }
}

/// What the environment names instead: two builds are compared by measuring each with `--no-build`.
fn given(variable: &str, default: PathBuf) -> PathBuf {
    std::env::var_os(variable).map_or(default, PathBuf::from)
}

/// A command on the private cluster.
fn cluster_command(verb: &str, run: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap_or_else(|_| "xtask".into()));
    command.args(["cluster", verb, "--name", "bench", "--run-dir"]).arg(run).stdin(Stdio::null()).kill_on_drop(true);
    // A cluster that is kept stays where its kubeconfig says.
    if verb == "up" && !run.join("cluster.json").exists() {
        command.args(["--port-base", &port_base().to_string()]);
    }
    command
}

/// Ends the private cluster's metrics-server: it asks for the usage of all pods every 15 s, which costs the machine a
/// second that would be the console's on a machine of its own.
fn silence(run: &Path) -> Result<()> {
    let noted = fs::read_to_string(run.join("pid/metrics-server")).context("looking for metrics-server")?;
    let id = noted.split(' ').next().and_then(|id| id.parse().ok()).and_then(Pid::from_raw);
    let id = id.context("metrics-server has no process id")?;
    let command = fs::read(format!("/proc/{}/cmdline", id.as_raw_nonzero())).unwrap_or_default();
    // A process id is used again some day.
    if String::from_utf8_lossy(&command).contains(&*run.to_string_lossy()) {
        kill_process(id, Signal::TERM).context("ending metrics-server")?;
    }
    Ok(())
}

/// The first port base from which on the cluster's ports are free.
fn port_base() -> u16 {
    let free = |port: &u16| (*port..*port + 7).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok());
    (0..20).map(|index| PORT_BASE + index * 10).find(free).unwrap_or(PORT_BASE)
}
