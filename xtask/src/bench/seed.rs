//! Fills a cluster with Deployments until as many pods run as the tier says.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use futures::{TryStreamExt, stream};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Event, Pod},
};
use kube::{
    Api, Client,
    api::{ListParams, PostParams},
};
use serde_json::{Value, json};

use crate::{cluster::apply::Applier, step};

/// The name of every pod's container.
pub const CONTAINER: &str = "main";
/// On everything that was seeded.
pub const LABEL: &str = "bench.quarterdeck.dev/seed=1";
/// How long the pods may take until they run.
const LIMIT: Duration = Duration::from_secs(1200);
/// Deployments are named by two of these words.
const WORDS: [&str; 10] =
    ["orders", "billing", "search", "gateway", "session", "media", "report", "catalog", "mail", "ledger"];
const PARTS: [(&str, &str); 5] =
    [("web", "app"), ("api", "api"), ("worker", "worker"), ("store", "database"), ("cache", "cache")];
/// The environments of a system, with their tiers.
const ENVIRONMENTS: [(&str, &str); 4] =
    [("development", "development"), ("demo", "staging"), ("staging", "staging"), ("production", "production")];
const SYSTEMS: [&str; 7] = ["Atlas", "Borealis", "Cirrus", "Delta", "Ember", "Fathom", "Garnet"];

/// How many pods there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tier {
    /// 1,000 pods.
    #[value(name = "1k")]
    Thousand,
    /// 10,000 pods.
    #[value(name = "10k")]
    TenThousand,
    /// 50,000 pods.
    #[value(name = "50k")]
    FiftyThousand,
    /// 20 pods of one Deployment, each with a log of its own.
    #[value(name = "logs")]
    Logs,
}

/// What a tier is made of.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Namespaces, each an environment.
    pub environments: u32,
    /// Deployments in each.
    pub deployments: u32,
    /// Pods of each.
    pub replicas: u32,
    /// Nodes; each takes 250 pods.
    pub nodes: u16,
}

impl Shape {
    /// All of them.
    pub fn pods(self) -> u32 {
        self.environments * self.deployments * self.replicas
    }
}

impl Tier {
    /// As it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Thousand => "1k",
            Self::TenThousand => "10k",
            Self::FiftyThousand => "50k",
            Self::Logs => "logs",
        }
    }

    /// What it is made of.
    pub fn shape(self) -> Shape {
        match self {
            Self::Thousand => Shape { environments: 5, deployments: 10, replicas: 20, nodes: 10 },
            Self::TenThousand => Shape { environments: 20, deployments: 25, replicas: 20, nodes: 60 },
            Self::FiftyThousand => Shape { environments: 25, deployments: 50, replicas: 40, nodes: 250 },
            Self::Logs => Shape { environments: 1, deployments: 1, replicas: 20, nodes: 1 },
        }
    }
}

fn namespace(index: u32) -> String {
    format!("bench-{index:02}")
}

fn deployment_name(index: u32) -> String {
    let (word, (part, _)) = (WORDS[index as usize / PARTS.len() % WORDS.len()], PARTS[index as usize % PARTS.len()]);
    format!("{word}-{part}")
}

fn image(index: u32) -> String {
    format!("registry.test/{}", deployment_name(index))
}

/// The registry that declares all of it.
pub fn registry(tier: Tier) -> Value {
    let shape = tier.shape();
    let components: Vec<Value> = (0..shape.deployments)
        .map(|index| {
            json!({
                "kind": "Deployment",
                "name": deployment_name(index),
                "role": PARTS[index as usize % PARTS.len()].1,
                "replicas": shape.replicas,
                "resources": {"cpu": {"request": "10m"}, "memory": {"request": "32Mi", "limit": "64Mi"}},
                "image": image(index),
            })
        })
        .collect();
    let environment = |index: u32| {
        let (id, tier) = ENVIRONMENTS[index as usize % ENVIRONMENTS.len()];
        let mut environment = json!({
            "id": id, "cluster": "bench", "namespace": namespace(index), "tier": tier, "timeZone": "Europe/Berlin",
            "maintenance": "anyTime", "components": components,
        });
        if id == "demo" {
            environment["name"] = "Demo".into();
        }
        environment
    };
    let per_system = ENVIRONMENTS.len() as u32;
    let systems: Vec<Value> = (0..shape.environments.div_ceil(per_system))
        .map(|system| {
            let first = system * per_system;
            let environments: Vec<Value> =
                (first..shape.environments.min(first + per_system)).map(environment).collect();
            let name = SYSTEMS[system as usize % SYSTEMS.len()];
            json!({"id": name.to_lowercase(), "name": name, "environments": environments})
        })
        .collect();
    json!({"clusters": [{"id": "bench", "connect": {"context": "bench"}}], "systems": systems})
}

fn manifests(tier: Tier) -> Vec<Value> {
    let shape = tier.shape();
    let labels = json!({"bench.quarterdeck.dev/seed": "1"});
    let annotations = if tier == Tier::Logs { json!({"sim.kwok.dev/own-log": "true"}) } else { json!({}) };
    let mut documents = Vec::new();
    for environment in 0..shape.environments {
        let namespace = namespace(environment);
        documents.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        for deployment in 0..shape.deployments {
            let name = deployment_name(deployment);
            documents.push(json!({
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": name, "namespace": namespace, "labels": labels},
                "spec": {
                    "replicas": shape.replicas,
                    "selector": {"matchLabels": {"app": name}},
                    "template": {
                        "metadata": {
                            "labels": {"app": name, "bench.quarterdeck.dev/seed": "1"}, "annotations": annotations,
                        },
                        "spec": {"containers": [{
                            "name": CONTAINER,
                            "image": format!("{}:1.{}.{}", image(deployment), deployment % 7, environment % 5),
                            "ports": [{"containerPort": 8080}],
                            "env": [{"name": "PORT", "value": "8080"}, {"name": "LOG_LEVEL", "value": "info"}],
                            "resources": {
                                "requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"},
                            },
                        }]},
                    },
                },
            }));
        }
    }
    documents
}

/// Makes what is missing and waits until all of it runs. Whether anything was missing.
pub async fn seed(client: &Client, tier: Tier) -> Result<bool> {
    let shape = tier.shape();
    let start = Instant::now();
    let seeded = ready(client).await? != shape.pods();
    if seeded {
        Applier::new(client.clone(), "quarterdeck-bench").apply_all(&manifests(tier)).await?;
        let mut told = Instant::now();
        loop {
            let ready = ready(client).await?;
            if ready == shape.pods() {
                break;
            }
            if start.elapsed() > LIMIT {
                bail!("{ready} of {} pods run after {}", shape.pods(), step::seconds(start.elapsed()));
            }
            if told.elapsed() > Duration::from_secs(20) {
                step::report(&format!("{ready} of {} pods run", shape.pods()), &step::seconds(start.elapsed()));
                told = Instant::now();
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    let events = top_up_events(client, shape).await?;
    step::report(&format!("{} pods run, {events} events", shape.pods()), &step::seconds(start.elapsed()));
    Ok(seeded)
}

async fn ready(client: &Client) -> Result<u32> {
    let api: Api<Deployment> = Api::all(client.clone());
    let list = api.list(&ListParams::default().labels(LABEL)).await.context("listing Deployments")?;
    let ready = list.iter().filter_map(|one| one.status.as_ref()?.ready_replicas).sum::<i32>();
    Ok(u32::try_from(ready)?)
}

/// The pods that were seeded, by namespace and name.
pub async fn pods(client: &Client) -> Result<Vec<(String, String)>> {
    let api: Api<Pod> = Api::all(client.clone());
    let list = api.list_metadata(&ListParams::default().labels(LABEL)).await.context("listing pods")?;
    Ok(list.into_iter().filter_map(|pod| Some((pod.metadata.namespace?, pod.metadata.name?))).collect())
}

/// Events live for an hour, the cluster's data may be older: two for each pod, whenever it is measured.
async fn top_up_events(client: &Client, shape: Shape) -> Result<u32> {
    let api: Api<Event> = Api::all(client.clone());
    let first = api.list_metadata(&ListParams::default().limit(1)).await.context("counting events")?;
    let count = u32::try_from(first.metadata.remaining_item_count.unwrap_or(0))? + u32::try_from(first.items.len())?;
    let missing = (2 * shape.pods()).saturating_sub(count);
    if missing == 0 {
        return Ok(count);
    }
    let pods = pods(client).await?;
    let params = PostParams::default();
    let now = jiff::Timestamp::now().to_string();
    stream::iter((0..missing as usize).map(Ok::<_, anyhow::Error>))
        .try_for_each_concurrent(32, |index| {
            let (namespace, pod) = &pods[index % pods.len()];
            let api: Api<Event> = Api::namespaced(client.clone(), namespace);
            let event = json!({
                "metadata": {"generateName": format!("{pod}."), "namespace": namespace},
                "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": namespace, "name": pod},
                "type": "Normal", "reason": "Pulled", "message": "Container image already present on machine",
                "source": {"component": "kubelet"}, "firstTimestamp": now, "lastTimestamp": now, "count": 1,
            });
            let params = &params;
            async move {
                let event = serde_json::from_value(event).context("describing an event")?;
                api.create(params, &event).await.context("creating an event")?;
                Ok(())
            }
        })
        .await?;
    Ok(count + missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_has_as_many_pods_as_its_name_says_and_room_for_them() {
        for (tier, pods) in
            [(Tier::Thousand, 1000), (Tier::TenThousand, 10_000), (Tier::FiftyThousand, 50_000), (Tier::Logs, 20)]
        {
            let shape = tier.shape();
            assert_eq!(shape.pods(), pods);
            assert!(u32::from(shape.nodes) * 249 >= pods, "each node takes 250, one of them the agent");
            let names: std::collections::BTreeSet<_> = (0..shape.deployments).map(deployment_name).collect();
            assert_eq!(names.len(), shape.deployments as usize);
        }
    }
}
