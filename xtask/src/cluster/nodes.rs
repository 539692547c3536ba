//! Simulated nodes, spread over three zones.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::{coordination::v1::Lease, core::v1::Node};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, PostParams},
};
use serde_json::{Value, json};

use super::probe;

/// Makes nodes until there are as many as asked for.
pub async fn ensure(client: &Client, count: u16) -> Result<()> {
    let api: Api<Node> = Api::all(client.clone());
    let there: Vec<String> = api
        .list_metadata(&ListParams::default())
        .await
        .context("listing nodes")?
        .into_iter()
        .filter_map(|node| node.metadata.name)
        .collect();
    let missing = (0..count).filter(|index| !there.contains(&name_of(*index)));
    stream::iter(missing.map(Ok))
        .try_for_each_concurrent(8, |index| {
            let api = api.clone();
            async move {
                let node = serde_json::from_value(manifest(index)).context("describing a node")?;
                api.create(&PostParams::default(), &node).await.context("creating a node")?;
                Ok(())
            }
        })
        .await
}

/// Forgets who kept the nodes alive. An earlier kwok still holds their leases for minutes, and a new one would wait.
pub async fn release(client: &Client) -> Result<()> {
    let api: Api<Lease> = Api::namespaced(client.clone(), "kube-node-lease");
    api.delete_collection(&DeleteParams::default(), &ListParams::default())
        .await
        .context("deleting the leases of the nodes")?;
    Ok(())
}

/// Waits until every node that is not meant to be down is ready.
pub async fn wait_until_ready(client: &Client, limit: Duration) -> Result<()> {
    let api: Api<Node> = Api::all(client.clone());
    probe::until(
        "the nodes",
        limit,
        || true,
        || async {
            let nodes = api.list(&ListParams::default().labels("sim.kwok.dev/node!=down")).await?;
            let waiting = stream::iter(nodes.iter()).filter(|node| {
                let ready = is_ready(node);
                async move { !ready }
            });
            match waiting.count().await {
                0 => Ok(()),
                count => bail!("{count} nodes are not ready"),
            }
        },
    )
    .await
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
}

fn name_of(index: u16) -> String {
    format!("node-{index:03}")
}

fn manifest(index: u16) -> Value {
    let name = name_of(index);
    let zone = ["dev-1a", "dev-1b", "dev-1c"][usize::from(index % 3)];
    let range = format!("10.{}.{}.0/24", 16 + index / 256, index % 256);
    let room = json!({"cpu": "16", "memory": "64Gi", "ephemeral-storage": "200Gi", "pods": "250"});
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {
                "kwok.x-k8s.io/node": "fake",
                "metrics.k8s.io/resource-metrics-path": format!("/metrics/nodes/{name}/metrics/resource"),
            },
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/region": "dev-1",
                "topology.kubernetes.io/zone": zone,
                "node.kubernetes.io/instance-type": "m.large",
                "node-role.kubernetes.io/worker": "",
            },
        },
        "spec": {"podCIDR": range, "podCIDRs": [range]},
        "status": {
            "addresses": [{
                "type": "InternalIP",
                "address": format!("172.20.{}.{}", index / 250, 1 + index % 250),
            }],
            "allocatable": room,
            "capacity": room,
            "nodeInfo": {
                "kubeletVersion": "v1.36.2",
                "kubeProxyVersion": "v1.36.2",
                "containerRuntimeVersion": "containerd://2.1.0",
                "kernelVersion": "6.1.0",
                "osImage": "Debian GNU/Linux 12",
                "operatingSystem": "linux",
                "architecture": "amd64",
                "machineID": "",
                "bootID": "",
                "systemUUID": "",
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_nodes_lie_in_three_zones_with_addresses_of_their_own() {
        let nodes: Vec<_> = (0..8).map(manifest).collect();
        let distinct = |path: &str| {
            nodes.iter().map(|node| node.pointer(path).unwrap().to_string()).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(distinct("/metadata/labels/topology.kubernetes.io~1zone").len(), 3);
        assert_eq!(distinct("/status/addresses/0/address").len(), 8);
        assert_eq!(distinct("/spec/podCIDR").len(), 8);
    }
}
