//! `cargo xtask world …`: keeps the demo alive, breaks it and heals it.

mod breakage;
mod file;
mod health;
mod lines;
mod load;
mod pin;
mod pods;
mod random;
mod rollouts;
mod scenario;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use scenario::Scenario;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};

use crate::cluster;

/// What the demo world is told. Without a command it runs until it is stopped.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// A cluster's folder; without it, the clusters of the demo that were started.
    #[arg(long)]
    cluster_dir: Vec<PathBuf>,
    /// Where `/api/health` is answered, on loopback.
    #[arg(long, default_value = "127.0.0.1:7790")]
    listen: SocketAddr,
    /// How often a development or staging environment gets a new version; 0 for never.
    #[arg(long, default_value_t = 10)]
    release_minutes: u64,
}

/// What can be done to the world.
#[derive(Subcommand)]
enum Command {
    /// Break something on purpose.
    Break {
        /// What to break.
        #[arg(required_unless_present = "list")]
        scenario: Option<Scenario>,
        /// `namespace/name`, `cluster/namespace/name`, or a node's name.
        #[arg(long)]
        target: Option<String>,
        /// Print what can be broken, and change nothing.
        #[arg(long)]
        list: bool,
        /// A cluster's folder; without it, the clusters of the demo that were started.
        #[arg(long)]
        cluster_dir: Vec<PathBuf>,
    },
    /// Pin the load of what an autoscaler scales, so that one sees it work.
    Load {
        /// `namespace/name` of the autoscaler, or `cluster/namespace/name`.
        autoscaler: String,
        /// How many times the usual load of its fewest pods.
        #[arg(long, value_parser = pin::parse_factor, required_unless_present = "release")]
        factor: Option<f64>,
        /// How long, like 120s or 2m; without it until `--release`.
        #[arg(long = "for", value_parser = pin::parse_duration)]
        time: Option<Duration>,
        /// Let the load come and go again.
        #[arg(long, conflicts_with = "factor")]
        release: bool,
        /// A cluster's folder; without it, the clusters of the demo that were started.
        #[arg(long)]
        cluster_dir: Vec<PathBuf>,
    },
    /// Take back what was broken, so that all is as it was at the start of the demo.
    Heal {
        /// What to heal; without it, everything that was broken since the start.
        scenario: Option<Scenario>,
        /// The mistakes with which the demo starts too.
        #[arg(long)]
        all: bool,
        /// Only this object: `namespace/name`, or a node's name.
        #[arg(long)]
        target: Option<String>,
        /// A cluster's folder; without it, the clusters of the demo that were started.
        #[arg(long)]
        cluster_dir: Vec<PathBuf>,
    },
}

/// Runs one of the commands to its end.
pub fn run(arguments: Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting the async runtime")?;
    runtime.block_on(dispatch(arguments))
}

async fn dispatch(arguments: Arguments) -> Result<()> {
    match &arguments.command {
        None => live(&arguments).await,
        Some(Command::Break { list: true, .. }) => {
            breakage::list();
            Ok(())
        }
        Some(Command::Break { scenario, target, cluster_dir, .. }) => {
            let scenario = scenario.context("no scenario was named")?;
            breakage::inflict(&started(cluster_dir)?, scenario, target.as_deref()).await
        }
        Some(Command::Load { autoscaler, factor, time, release: _, cluster_dir }) => {
            pin::pin(&started(cluster_dir)?, autoscaler, *factor, *time).await
        }
        Some(Command::Heal { scenario, all, target, cluster_dir }) => {
            breakage::heal(&started(cluster_dir)?, *scenario, *all, target.as_deref()).await
        }
    }
}

/// Keeps everything going until somebody stops it.
async fn live(arguments: &Arguments) -> Result<()> {
    if !arguments.listen.ip().is_loopback() {
        bail!("{} is not on loopback: anybody could read it", arguments.listen);
    }
    let mut tasks: JoinSet<Result<()>> = JoinSet::new();
    let mut homes = Vec::new();
    for cluster in started(&arguments.cluster_dir)? {
        let client = cluster::client(&cluster).await?;
        let pods = pods::Pods::new(cluster.pod_logs());
        tasks.spawn({
            let (pods, client) = (pods.clone(), client.clone());
            async move { pods.watch(client).await }
        });
        tasks.spawn({
            let pods = pods.clone();
            async move { pods.write().await }
        });
        tasks.spawn(load::run(client.clone()));
        if arguments.release_minutes > 0 {
            let every = Duration::from_secs(arguments.release_minutes * 60);
            tasks.spawn(rollouts::run(client.clone(), cluster.name.clone(), every));
        }
        println!("world: {} is alive", cluster.name);
        homes.push(health::Home { cluster: cluster.name, client, pods });
    }
    tasks.spawn(health::serve(homes, arguments.listen));
    let mut terminated = signal(SignalKind::terminate()).context("listening for signals")?;
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            _ = terminated.recv() => return Ok(()),
            Some(ended) = tasks.join_next() => ended.context("a part of the world broke")??,
        }
    }
}

fn started(folders: &[PathBuf]) -> Result<Vec<cluster::Cluster>> {
    let clusters = cluster::started(folders)?;
    if clusters.is_empty() {
        bail!("no cluster was started yet: run `cargo xtask cluster up`");
    }
    Ok(clusters)
}
