//! Where things lie: a cluster's folder, the project's files, the caches.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::ports::{DEFAULTS, Ports};

/// One local cluster.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its name, which is also the name of its kubeconfig context.
    pub name: String,
    /// Its folder: data, logs, keys, process ids, pod logs.
    pub run: PathBuf,
    /// Where its processes listen.
    pub ports: Ports,
    /// How many nodes it has at least.
    pub nodes: u16,
    /// Whether its API server writes down who changes what, in `log/audit.log`.
    pub audit: bool,
}

/// What `up` writes down so that later commands need no flags.
#[derive(Serialize, Deserialize)]
struct Remembered {
    name: String,
    port_base: u16,
    nodes: u16,
    #[serde(default)]
    audit: bool,
}

impl Cluster {
    /// The cluster of this name: from what is said, else from what `up` remembered, else by default.
    pub fn find(name: &str, run: Option<PathBuf>, port_base: Option<u16>) -> Result<Self> {
        let run = match run {
            Some(path) => std::path::absolute(&path).with_context(|| format!("resolving {}", path.display()))?,
            None => state_folder()?.join(name),
        };
        let remembered =
            fs::read(run.join("cluster.json")).ok().and_then(|bytes| serde_json::from_slice::<Remembered>(&bytes).ok());
        let default = DEFAULTS.iter().find(|(known, _)| *known == name).map(|(_, port)| *port);
        let base = port_base
            .or(remembered.as_ref().map(|it| it.port_base))
            .or(default)
            .with_context(|| format!("cluster {name} is not one of the demo's: add --port-base <port>"))?;
        let audit = remembered.as_ref().is_some_and(|it| it.audit);
        let nodes = remembered.map_or(if name == "main" { 8 } else { 3 }, |it| it.nodes);
        Ok(Self { name: name.to_owned(), run, ports: Ports::from_base(base)?, nodes, audit })
    }

    /// The cluster that was started in this folder.
    pub fn at(run: &Path) -> Result<Self> {
        let path = run.join("cluster.json");
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let remembered: Remembered =
            serde_json::from_slice(&bytes).with_context(|| format!("understanding {}", path.display()))?;
        Self::find(&remembered.name, Some(run.to_owned()), None)
    }

    /// The clusters of the demo where they are by default.
    pub fn defaults() -> Result<Vec<Self>> {
        DEFAULTS.iter().map(|(name, _)| Self::find(name, None, None)).collect()
    }

    /// Makes the folders and writes down what later commands need.
    pub fn prepare(&self) -> Result<()> {
        for folder in ["log", "pid", "podlogs/own"] {
            let path = self.run.join(folder);
            fs::create_dir_all(&path).with_context(|| format!("creating {}", path.display()))?;
        }
        let (name, port_base) = (self.name.clone(), self.ports.api);
        let remembered = Remembered { name, port_base, nodes: self.nodes, audit: self.audit };
        fs::write(self.run.join("cluster.json"), serde_json::to_vec(&remembered)?)
            .context("writing down the cluster's ports")
    }

    /// Keeps two commands from changing the same cluster at once, until dropped.
    pub fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.run).with_context(|| format!("creating {}", self.run.display()))?;
        lock(&self.run.join("lock"))
    }

    /// The folder of the keys, certificates and kubeconfigs.
    pub fn pki(&self) -> PathBuf {
        self.run.join("pki")
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.pki().join("admin.conf")
    }

    /// The folder of the pods' own logs.
    pub fn pod_logs(&self) -> PathBuf {
        self.run.join("podlogs").join("own")
    }
}

/// Waits for the lock file and holds it until the file is dropped.
pub fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
    file.lock().with_context(|| format!("locking {}", path.display()))?;
    Ok(file)
}

/// The project's root folder.
pub fn project() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// The folder of all clusters' folders.
pub fn state_folder() -> Result<PathBuf> {
    base_folder("XDG_STATE_HOME", ".local/state").map(|base| base.join("clusters"))
}

/// The kubeconfig with both clusters of the demo.
pub fn merged_kubeconfig() -> Result<PathBuf> {
    state_folder().map(|folder| folder.join("kubeconfig"))
}

/// The folder of the programs that were built.
pub fn cache_folder() -> Result<PathBuf> {
    base_folder("XDG_CACHE_HOME", ".cache").map(|base| base.join("control-plane"))
}

/// <https://specifications.freedesktop.org/basedir-spec/latest/>: a relative path in the variable is ignored.
fn base_folder(variable: &str, below_home: &str) -> Result<PathBuf> {
    let given = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = match given {
        Some(path) => path,
        None => PathBuf::from(std::env::var_os("HOME").with_context(|| format!("neither {variable} nor HOME is set"))?)
            .join(below_home),
    };
    Ok(base.join("quarterdeck"))
}
