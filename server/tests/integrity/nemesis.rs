//! Kills, stops and restarts what the program needs, and the program.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::dice::Dice;
use crate::stage::{Stage, plane};

/// What was done, how often.
pub type Faults = Arc<Mutex<BTreeMap<&'static str, u64>>>;

/// Two at work: one on the program and its connections, one on the API server and the database. They end with everything running.
pub async fn rage(stage: Arc<Stage>, seed: u64, faults: Faults, until: CancellationToken) {
    let on_program = Nemesis { stage: stage.clone(), dice: Dice::of(seed, 200), faults: faults.clone() };
    let on_servers = Nemesis { stage, dice: Dice::of(seed, 201), faults };
    tokio::join!(on_program.program(until.clone()), on_servers.servers(until));
    // Their watches may hang for minutes after an API server that stood still, and nothing here is about that.
    tokio::task::block_in_place(|| {
        for process in ["kube-controller-manager", "kube-scheduler", "kwok"] {
            plane().kill(process);
        }
        plane().up();
    });
}

struct Nemesis {
    stage: Arc<Stage>,
    dice: Dice,
    faults: Faults,
}

impl Nemesis {
    async fn rest(&mut self, least: u64, most: u64, until: &CancellationToken) {
        tokio::select! {
            () = until.cancelled() => {}
            () = sleep(Duration::from_millis(self.dice.between(least, most))) => {}
        }
    }

    /// Waits while something is away, whether or not the run ends.
    async fn away(&mut self, least: u64, most: u64) {
        sleep(Duration::from_millis(self.dice.between(least, most))).await;
    }

    fn count(&self, fault: &'static str) {
        *self.faults.lock().entry(fault).or_default() += 1;
    }

    async fn program(mut self, until: CancellationToken) {
        let stage = self.stage.clone();
        while !until.is_cancelled() {
            self.rest(4_000, 14_000, &until).await;
            let running: Vec<_> = stage.replicas.iter().filter(|replica| replica.address().is_some()).collect();
            let Some(replica) = (!running.is_empty()).then(|| *self.dice.pick(&running)) else { continue };
            match self.dice.between(0, 9) {
                0..=2 => {
                    self.count("program killed");
                    replica.end("-KILL").await;
                    self.away(0, 3_000).await;
                    self.start(replica).await;
                }
                3 => {
                    self.count("program ended politely and started again");
                    replica.end("-TERM").await;
                    self.start(replica).await;
                }
                4..=6 => {
                    self.count("program stopped for up to 10 s");
                    replica.signal("-STOP").await;
                    self.away(1_000, 10_000).await;
                    replica.signal("-CONT").await;
                }
                7 => {
                    self.count("program stopped for more than 31 s, so that another takes over");
                    replica.signal("-STOP").await;
                    self.away(31_000, 36_000).await;
                    replica.signal("-CONT").await;
                }
                _ => {
                    self.count("connections of the program to the API server cut");
                    replica.proxy.cut(true);
                    self.away(500, 8_000).await;
                    replica.proxy.cut(false);
                }
            }
        }
    }

    /// Not while the database is away: the program does not start without it.
    async fn start(&self, replica: &crate::stage::Replica) {
        let _there = self.stage.postgres.read().await;
        replica.start().await;
    }

    async fn servers(mut self, until: CancellationToken) {
        let stage = self.stage.clone();
        while !until.is_cancelled() {
            self.rest(15_000, 30_000, &until).await;
            match self.dice.between(0, 6) {
                0 | 1 => {
                    self.count("API server killed");
                    tokio::task::block_in_place(|| plane().kill("kube-apiserver"));
                    self.away(0, 3_000).await;
                    tokio::task::spawn_blocking(|| plane().up()).await.unwrap();
                }
                2 | 3 => {
                    self.count("API server stopped");
                    plane().signal("kube-apiserver", "-STOP");
                    self.away(1_000, 14_000).await;
                    plane().signal("kube-apiserver", "-CONT");
                }
                4 => {
                    self.count("etcd stopped");
                    plane().signal("etcd", "-STOP");
                    self.away(500, 6_000).await;
                    plane().signal("etcd", "-CONT");
                }
                5 => {
                    self.count("PostgreSQL killed");
                    let mut postgres = stage.postgres.write().await;
                    tokio::task::block_in_place(|| postgres.kill());
                    self.away(0, 5_000).await;
                    tokio::task::block_in_place(|| postgres.run());
                }
                _ => {
                    self.count("PostgreSQL stopped");
                    let postgres = stage.postgres.write().await;
                    let stopped = postgres.stop();
                    self.away(1_000, 9_000).await;
                    drop(stopped);
                }
            }
        }
    }
}
