//! Changes pods at a steady rate: the load under which the console is measured.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;
use tokio::{
    io::AsyncReadExt,
    sync::Semaphore,
    time::{MissedTickBehavior, interval},
};

use super::seed;
use crate::cluster::{self, Cluster};

/// The most changes that may be under way at once.
const MOST_AT_ONCE: u32 = 64;

/// How pods are changed.
#[derive(clap::Args)]
pub struct Arguments {
    /// The cluster's folder.
    #[arg(long)]
    cluster_dir: PathBuf,
    /// Changes per second.
    #[arg(long)]
    rate: u32,
    /// How many; without it, until standard input is closed.
    #[arg(long)]
    count: Option<u32>,
    /// Pods that are left alone, by comma.
    #[arg(long, value_delimiter = ',')]
    skip: Vec<String>,
}

/// Says `ready`, changes pods, and says in the end what it did.
pub async fn run(arguments: Arguments) -> Result<()> {
    let client = cluster::client(&Cluster::at(&arguments.cluster_dir)?).await?;
    let skip: BTreeSet<_> = arguments.skip.iter().collect();
    let mut pods = seed::pods(&client).await?;
    pods.retain(|(_, name)| !skip.contains(name));
    ensure!(!pods.is_empty() && arguments.rate > 0, "nothing to change");
    println!("ready");

    let (sent, failed) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let slots = Arc::new(Semaphore::new(MOST_AT_ONCE as usize));
    let mut beat = interval(Duration::from_secs(1) / arguments.rate);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut input = tokio::io::stdin();
    let mut byte = [0];
    // Numbers that no earlier run wrote: a change to the same value is no change, and no event.
    let first = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock")?.as_secs() % 1_000_000_000;
    let start = Instant::now();
    let mut place = 0;
    for number in 0..arguments.count.unwrap_or(u32::MAX) {
        tokio::select! {
            _ = beat.tick() => {}
            _ = input.read(&mut byte) => break,
        }
        // A stride without a common divisor walks over all pods and jumps between namespaces.
        place = (place + 7919) % pods.len();
        let (namespace, name) = pods[place].clone();
        let api: Api<Pod> = Api::namespaced(client.clone(), &namespace);
        let slot = slots.clone().acquire_owned().await.context("waiting for a slot")?;
        let (sent, failed) = (sent.clone(), failed.clone());
        tokio::spawn(async move {
            let status =
                json!({"containerStatuses": [{"name": seed::CONTAINER, "restartCount": first + u64::from(number)}]});
            let patch = Patch::Strategic(json!({"status": status}));
            let count = match api.patch_status(&name, &PatchParams::default(), &patch).await {
                Ok(_) => sent,
                Err(_) => failed,
            };
            count.fetch_add(1, Ordering::Relaxed);
            drop(slot);
        });
    }
    let _all = slots.acquire_many(MOST_AT_ONCE).await.context("waiting for the last changes")?;
    let (sent, failed) = (sent.load(Ordering::Relaxed), failed.load(Ordering::Relaxed));
    println!("{}", json!({"sent": sent, "failed": failed, "seconds": start.elapsed().as_secs_f64()}));
    Ok(())
}
