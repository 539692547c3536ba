//! Kubeconfig files, and clients made from them.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};

use super::layout::{self, Cluster};

/// A kubeconfig of a user with a certificate of the same file name.
pub fn with_certificate(cluster: &Cluster, user: &str) -> Result<String> {
    let file = |extension: &str| cluster.pki().join(format!("{user}.{extension}"));
    render(cluster, &json!({"client-certificate": file("crt"), "client-key": file("key")}))
}

/// A kubeconfig of a user with a token.
pub fn with_token(cluster: &Cluster, token: &str) -> Result<String> {
    render(cluster, &json!({"token": token}))
}

/// Every kubeconfig is JSON, which is YAML too: kubectl reads it, and nothing needs quoting by hand.
fn render(cluster: &Cluster, credentials: &Value) -> Result<String> {
    let name = &cluster.name;
    let document = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {
            "server": cluster.ports.api_url(), "certificate-authority": cluster.pki().join("ca.crt"),
        }}],
        "users": [{"name": name, "user": credentials}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    });
    serde_json::to_string_pretty(&document).context("writing a kubeconfig")
}

/// Writes the file with a context for each of the clusters that exist.
pub fn merge(clusters: &[Cluster]) -> Result<()> {
    let mut merged = json!({"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []});
    for cluster in clusters {
        let Ok(bytes) = fs::read(cluster.kubeconfig()) else { continue };
        let one: Value = serde_json::from_slice(&bytes).context("reading a kubeconfig")?;
        for list in ["clusters", "users", "contexts"] {
            if let (Some(into), Some(from)) = (merged[list].as_array_mut(), one[list].as_array()) {
                into.extend(from.iter().cloned());
            }
        }
        if merged.get("current-context").is_none() {
            merged["current-context"] = one["current-context"].clone();
        }
    }
    let path = layout::merged_kubeconfig()?;
    let fresh = path.with_extension("new");
    fs::write(&fresh, serde_json::to_vec_pretty(&merged)?)
        .and_then(|()| fs::rename(&fresh, &path))
        .with_context(|| format!("writing {}", path.display()))
}

/// Where the kubeconfig lies: of one cluster, or of both.
pub fn path(clusters: &[Cluster], both: bool) -> Result<PathBuf> {
    let path = match clusters {
        [cluster] if !both => cluster.kubeconfig(),
        _ => layout::merged_kubeconfig()?,
    };
    if !path.exists() {
        bail!("{} does not exist yet: run `cargo xtask cluster up`", path.display());
    }
    Ok(path)
}

/// A client with the administrator's rights.
pub async fn client(cluster: &Cluster) -> Result<Client> {
    let path = cluster.kubeconfig();
    let file = Kubeconfig::read_from(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .context("understanding the kubeconfig")?;
    // The API server is on loopback, whatever proxy the environment names.
    config.proxy_url = None;
    Client::try_from(config).context("making a client")
}

/// A client for a port that shows a certificate of its own making.
pub fn unverified_client(port: u16) -> Result<Client> {
    let address = format!("https://127.0.0.1:{port}").parse().context("understanding an address")?;
    let mut config = Config::new(address);
    config.accept_invalid_certs = true;
    config.proxy_url = None;
    Client::try_from(config).context("making a client")
}
