//! `cargo xtask cluster …`: real Kubernetes control planes on this machine, without containers.

pub mod apply;
mod build;
pub mod change;
mod control_plane;
mod demo;
pub mod images;
mod kubeconfig;
mod layout;
mod nodes;
mod pki;
mod ports;
mod probe;
mod process;
mod progress;
mod status;

use std::{
    env,
    ffi::OsString,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

pub use demo::is_of_the_start;
pub use kubeconfig::client;
pub use layout::Cluster;
use progress::Progress;

/// What can be done with the local clusters.
#[derive(Subcommand)]
pub enum Command {
    /// Build the control plane's programs into the cache; nothing is started.
    Build,
    /// Start what is not running: both clusters, or the one that is named.
    Up(UpArguments),
    /// Stop the processes of the clusters; their data stays.
    Down(DownArguments),
    /// Show every process with its id and port.
    Status(Which),
    /// Stop, forget everything, start again.
    Reset(UpArguments),
    /// Print the path of the kubeconfig, and nothing else.
    Kubeconfig(Which),
}

/// Which cluster is meant.
#[derive(Args, Clone)]
pub struct Which {
    /// `main`, `fleetops` or a name of your own; without it, both.
    #[arg(long)]
    name: Option<String>,
    /// Where the cluster keeps its data, logs and keys.
    #[arg(long, requires = "name")]
    run_dir: Option<PathBuf>,
    /// The API server's port; the other ports follow it.
    #[arg(long, requires = "name")]
    port_base: Option<u16>,
}

/// How a cluster is started.
#[derive(Args, Clone)]
pub struct UpArguments {
    #[command(flatten)]
    which: Which,
    /// Leave the cluster without the systems of the demo.
    #[arg(long)]
    no_demo: bool,
    /// Give it the demo's systems of this cluster (`main` or `fleetops`); by default, those of its own name.
    #[arg(long, conflicts_with = "no_demo", requires = "name")]
    demo: Option<String>,
    /// How many nodes the cluster has at least.
    #[arg(long)]
    nodes: Option<u16>,
    /// Have the API server write down who changes what, in `log/audit.log` of the cluster's folder. It stays so for this cluster.
    #[arg(long)]
    audit: bool,
}

/// How a cluster is stopped.
#[derive(Args, Clone)]
pub struct DownArguments {
    #[command(flatten)]
    which: Which,
    /// Remove the data too.
    #[arg(long)]
    wipe: bool,
}

/// What kubectl is told.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct KubectlArguments {
    /// Everything, as kubectl wants it.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Becomes kubectl. It asks the clusters of the demo unless `KUBECONFIG` names others.
pub fn kubectl(arguments: KubectlArguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().context("starting the async runtime")?;
    let program = runtime.block_on(build::ensure())?.join("kubectl");
    let mut kubectl = std::process::Command::new(&program);
    if env::var_os("KUBECONFIG").is_none() {
        kubectl.env("KUBECONFIG", kubeconfig::path(&[], true)?);
    }
    Err(kubectl.args(arguments.words).exec()).with_context(|| format!("starting {}", program.display()))
}

/// Runs one of the commands to its end.
pub fn run(command: Command) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting the async runtime")?;
    runtime.block_on(dispatch(command))
}

async fn dispatch(command: Command) -> Result<()> {
    match command {
        Command::Build => build::ensure().await.map(drop),
        Command::Up(arguments) => up(&arguments).await,
        Command::Down(arguments) => {
            for cluster in select(&arguments.which)? {
                stop(&cluster, arguments.wipe).await?;
            }
            Ok(())
        }
        Command::Status(which) => {
            let clusters = select(&which)?;
            // The table says what is wrong; scripts look at the exit code.
            if !status::print(&clusters) {
                std::process::exit(1);
            }
            Ok(())
        }
        Command::Reset(arguments) => {
            for cluster in select(&arguments.which)? {
                stop(&cluster, true).await?;
            }
            up(&arguments).await
        }
        Command::Kubeconfig(which) => {
            println!("{}", kubeconfig::path(&select(&which)?, which.name.is_none())?.display());
            Ok(())
        }
    }
}

/// The clusters that are meant, with what an earlier `up` remembered about them.
fn select(which: &Which) -> Result<Vec<Cluster>> {
    match &which.name {
        None => ports::DEFAULTS.iter().map(|(name, _)| Cluster::find(name, None, None)).collect(),
        Some(name) => Ok(vec![Cluster::find(name, which.run_dir.clone(), which.port_base)?]),
    }
}

/// The clusters in these folders, or those of the demo that were started.
pub fn started(folders: &[PathBuf]) -> Result<Vec<Cluster>> {
    if folders.is_empty() {
        return Ok(Cluster::defaults()?.into_iter().filter(|cluster| cluster.kubeconfig().exists()).collect());
    }
    folders.iter().map(|folder| Cluster::at(folder)).collect()
}

async fn up(arguments: &UpArguments) -> Result<()> {
    let total = Progress::start("clusters");
    let clusters: Vec<Cluster> = select(&arguments.which)?
        .into_iter()
        .map(|mut cluster| {
            cluster.nodes = arguments.nodes.unwrap_or(cluster.nodes);
            cluster.audit |= arguments.audit;
            cluster
        })
        .collect();
    let programs = build::ensure().await?;
    process::raise_file_limit();
    let started = clusters.iter().map(|cluster| {
        let demo = arguments.demo.as_deref().unwrap_or(&cluster.name);
        start(cluster, &programs, (!arguments.no_demo).then_some(demo))
    });
    let changed = futures::future::try_join_all(started).await?;
    match clusters.as_slice() {
        // A cluster that is not the demo's stays out of the demo's kubeconfig.
        [cluster] if !Cluster::defaults()?.iter().any(|default| default.run == cluster.run) => {
            println!("kubeconfig: {}", cluster.kubeconfig().display());
        }
        _ => {
            kubeconfig::merge(&Cluster::defaults()?)?;
            println!("kubeconfig: {}", layout::merged_kubeconfig()?.display());
        }
    }
    if changed.contains(&true) {
        total.done("up");
    }
    Ok(())
}

/// Brings one cluster up. False when it was up already.
async fn start(cluster: &Cluster, programs: &Path, demo: Option<&str>) -> Result<bool> {
    let _lock = cluster.lock()?;
    let changed =
        control_plane::up(cluster, programs).await.with_context(|| format!("starting cluster {}", cluster.name))?;
    let applied = match demo {
        Some(role) => demo::apply(cluster, role)
            .await
            .with_context(|| format!("applying the demo to cluster {}", cluster.name))?,
        None => false,
    };
    if !changed && !applied {
        println!("{}: already up on {}", cluster.name, cluster.ports.api_url());
    }
    Ok(changed || applied)
}

async fn stop(cluster: &Cluster, wipe: bool) -> Result<()> {
    if !cluster.run.exists() {
        println!("{}: nothing to stop", cluster.name);
        return Ok(());
    }
    let lock = cluster.lock()?;
    control_plane::down(cluster).await?;
    if wipe {
        drop(lock);
        std::fs::remove_dir_all(&cluster.run).with_context(|| format!("removing {}", cluster.run.display()))?;
        println!("{}: data removed", cluster.name);
    }
    Ok(())
}
