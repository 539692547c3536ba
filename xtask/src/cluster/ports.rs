//! The ports of a cluster, all derived from one.

use anyhow::{Result, bail};

/// The clusters of the demo with the ports of their API servers.
pub const DEFAULTS: [(&str, u16); 2] = [("main", 6443), ("fleetops", 6453)];

/// How many ports follow the first one.
const SPAN: u16 = 6;

/// Where each process of one cluster listens, on loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// kube-apiserver; the others follow it.
    pub api: u16,
    /// etcd, for clients.
    pub etcd: u16,
    /// etcd, for its peers (there are none).
    pub etcd_peer: u16,
    /// kube-controller-manager.
    pub controllers: u16,
    /// kube-scheduler.
    pub scheduler: u16,
    /// kwok, which answers as every kubelet.
    pub kwok: u16,
    /// metrics-server.
    pub metrics: u16,
}

impl Ports {
    /// All ports of the cluster whose API server listens on `base`.
    pub fn from_base(base: u16) -> Result<Self> {
        if !(1024..=u16::MAX - SPAN).contains(&base) {
            bail!("port base {base} is not between 1024 and {}", u16::MAX - SPAN);
        }
        Ok(Self {
            api: base,
            etcd: base + 1,
            etcd_peer: base + 2,
            controllers: base + 3,
            scheduler: base + 4,
            kwok: base + 5,
            metrics: base + SPAN,
        })
    }

    /// The API server's address.
    pub fn api_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.api)
    }

    /// The port that the process of this name answers on.
    pub fn of(&self, process: &str) -> Option<u16> {
        match process {
            "etcd" => Some(self.etcd),
            "kube-apiserver" => Some(self.api),
            "kube-controller-manager" => Some(self.controllers),
            "kube-scheduler" => Some(self.scheduler),
            "kwok" => Some(self.kwok),
            "metrics-server" => Some(self.metrics),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_clusters_share_no_port() {
        let mut seen = std::collections::BTreeSet::new();
        for (name, base) in DEFAULTS {
            let ports = Ports::from_base(base).unwrap();
            for port in
                [ports.api, ports.etcd, ports.etcd_peer, ports.controllers, ports.scheduler, ports.kwok, ports.metrics]
            {
                assert!(seen.insert(port), "{name} takes port {port} twice");
            }
        }
    }

    #[test]
    fn a_base_without_room_behind_it_is_refused() {
        for (base, fits) in [(80, false), (1024, true), (17_000, true), (65_529, true), (65_530, false)] {
            assert_eq!(Ports::from_base(base).is_ok(), fits, "{base}");
        }
    }
}
