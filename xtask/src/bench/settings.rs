//! What the browser driver is told.

use std::path::PathBuf;

use serde::Serialize;

/// Read by `end2end/bench/settings.ts`.
#[derive(Serialize)]
pub struct Settings {
    /// `1k`, `10k` or `50k`.
    pub tier: &'static str,
    /// How many pods there are.
    pub pods: u32,
    /// How often what takes time is measured.
    pub runs: u32,
    /// How many isolated changes are followed.
    pub changes: u32,
    /// How many lines are written each second while a log is followed, one after the other.
    pub rates: Vec<u32>,
    /// For how long, in seconds.
    pub seconds: u32,
    /// The server.
    pub program: PathBuf,
    /// The browser part.
    pub site: PathBuf,
    /// The registry.
    pub config: PathBuf,
    /// The cluster's kubeconfig, in JSON, and the context in it.
    pub kubeconfig: PathBuf,
    /// The context of the kubeconfig.
    pub context: String,
    /// The cluster's folder.
    pub cluster: PathBuf,
    /// This program.
    pub xtask: PathBuf,
    /// The name of every pod's container.
    pub container: &'static str,
    /// Where each measure leaves its figures.
    pub figures: PathBuf,
}
