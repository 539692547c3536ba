//! Breaking things and healing them.

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use jiff::Timestamp;
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Client,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};

use super::scenario::Scenario;
use crate::cluster::{Cluster, change, client, images, is_of_the_start};

/// Where an object is.
struct Place {
    cluster: String,
    namespace: Option<String>,
    name: String,
}

/// Prints what can be broken.
pub fn list() {
    println!("{:<20} {:<8} {:<46} EFFECT", "SCENARIO", "CLUSTER", "DEFAULT TARGET");
    for scenario in Scenario::value_variants() {
        let target = scenario.target();
        let path = match target.namespace {
            "" => target.name.to_owned(),
            namespace => format!("{namespace}/{}", target.name),
        };
        println!("{:<20} {:<8} {path:<46} {}", scenario.name(), target.cluster, scenario.effect());
    }
}

/// Breaks one thing.
pub async fn inflict(clusters: &[Cluster], scenario: Scenario, target: Option<&str>) -> Result<()> {
    let place = place(scenario, target);
    let cluster = clusters
        .iter()
        .find(|cluster| cluster.name == place.cluster)
        .or_else(|| if clusters.len() == 1 { clusters.first() } else { None })
        .with_context(|| format!("there is no cluster {}", place.cluster))?;
    let client = client(cluster).await?;
    let (version, kind) = scenario.kind();
    let document = json!({
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": place.name, "namespace": place.namespace},
    });
    let (api, name) = crate::cluster::apply::api_of(&client, &document)?;
    if scenario == Scenario::ClaimUnbound {
        claim(&api, &name, scenario).await?;
    }
    let object = api.get(&name).await.with_context(|| format!("reading {}", describe(&place)))?;
    let container = object.data.pointer("/spec/template/spec/containers/0").cloned().unwrap_or_default();
    let text = |key: &str| container.get(key).and_then(Value::as_str).unwrap_or_default();
    if scenario == Scenario::MovedTag {
        move_tag(&client, &document, &object, text("image")).await?;
    } else if let Some(status) = scenario.status(Timestamp::now()) {
        change::make_status(&client, &document, scenario.name(), &status).await?;
    } else {
        let patch = scenario.patch(text("name"), text("image"));
        change::make(&client, &document, scenario.name(), "kubectl-edit", &patch).await?;
    }
    println!("{}: {} has {}: {}", cluster.name, describe(&place), scenario.name(), scenario.effect());
    Ok(())
}

/// What a scenario may have changed: group, version and kind.
const BREAKABLE: [(&str, &str, &str); 9] = [
    ("apps", "v1", "Deployment"),
    ("", "v1", "ConfigMap"),
    ("", "v1", "Node"),
    ("", "v1", "ResourceQuota"),
    ("", "v1", "PersistentVolumeClaim"),
    ("batch", "v1", "CronJob"),
    ("cert-manager.io", "v1", "Certificate"),
    ("helm.toolkit.fluxcd.io", "v2", "HelmRelease"),
    ("postgresql.cnpg.io", "v1", "Cluster"),
];

/// Makes a claim that nothing binds. A claim cannot be changed, so none of the demo's own is spoiled.
async fn claim(api: &Api<DynamicObject>, name: &str, scenario: Scenario) -> Result<()> {
    let (_, kind) = scenario.kind();
    let claim = DynamicObject::new(name, &ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", kind)))
        .data(json!({"spec": Scenario::claim()}));
    api.create(&PostParams::default(), &claim).await.context("making the claim")?;
    Ok(())
}

/// Heals one scenario, or all of them. Says what was healed. The mistakes with which the demo starts stay unless they are
/// named or `all` is meant.
pub async fn heal(clusters: &[Cluster], scenario: Option<Scenario>, all: bool, target: Option<&str>) -> Result<()> {
    let spares_the_start = !all && scenario.is_none() && target.is_none();
    let mut spared = false;
    let mut healed = 0;
    for cluster in clusters {
        let client = client(cluster).await?;
        for (group, version, kind) in BREAKABLE {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            let everywhere: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
            let objects = match everywhere.list(&ListParams::default()).await {
                // Not every cluster has every operator.
                Err(kube::Error::Api(status)) if status.code == 404 => continue,
                objects => objects.with_context(|| format!("listing {kind}s"))?,
            };
            for object in objects {
                let path = path_of(&object);
                if target.is_some_and(|wanted| wanted != path) {
                    continue;
                }
                for mistake in change::mistakes_of(&object) {
                    if scenario.is_some_and(|wanted| wanted.name() != mistake) {
                        continue;
                    }
                    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
                    let name = object.metadata.name.as_deref().unwrap_or_default();
                    if spares_the_start && is_of_the_start(kind, namespace, name, &mistake)? {
                        println!("{}: {path} keeps {mistake}, as at the start", cluster.name);
                        spared = true;
                        continue;
                    }
                    let api = match &object.metadata.namespace {
                        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
                        None => everywhere.clone(),
                    };
                    if mistake == Scenario::MovedTag.name() {
                        move_tag_back(&client, &object).await?;
                    }
                    if mistake == Scenario::ClaimUnbound.name() {
                        api.delete(name, &DeleteParams::default()).await.context("deleting the claim")?;
                    } else {
                        change::take_back(&api, &object, &mistake).await?;
                    }
                    if mistake == Scenario::FluxFailed.name() {
                        reconcile(&api, name).await?;
                    }
                    if kind == "ConfigMap" {
                        renew_readers(&client, namespace, name).await?;
                    }
                    println!("{}: {path} is healed of {mistake}", cluster.name);
                    healed += 1;
                }
            }
        }
    }
    if healed == 0 {
        println!("nothing to heal");
    }
    if spared {
        println!("`cargo xtask world heal --all` heals what was wrong at the start too");
    }
    Ok(())
}

/// `namespace/name`, or `cluster/namespace/name`; a node has no namespace.
fn place(scenario: Scenario, target: Option<&str>) -> Place {
    let default = scenario.target();
    let Some(target) = target else {
        return Place {
            cluster: default.cluster.to_owned(),
            namespace: (!default.namespace.is_empty()).then(|| default.namespace.to_owned()),
            name: default.name.to_owned(),
        };
    };
    let is_node = scenario == Scenario::NodeDown;
    let parts: Vec<_> = target.split('/').collect();
    let (cluster, namespace, name) = match parts.as_slice() {
        [cluster, name] if is_node => (*cluster, None, *name),
        [namespace, name] => (default.cluster, Some(*namespace), *name),
        [cluster, namespace, name] => (*cluster, Some(*namespace), *name),
        _ => (default.cluster, None, target),
    };
    Place { cluster: cluster.to_owned(), namespace: namespace.map(str::to_owned), name: name.to_owned() }
}

fn describe(place: &Place) -> String {
    match &place.namespace {
        Some(namespace) => format!("{namespace}/{}", place.name),
        None => place.name.clone(),
    }
}

fn path_of(object: &DynamicObject) -> String {
    let name = object.metadata.name.clone().unwrap_or_default();
    match &object.metadata.namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name,
    }
}

/// Pushes another image under the same tag and lets one pod be made anew.
async fn move_tag(client: &Client, document: &Value, object: &DynamicObject, image: &str) -> Result<()> {
    if image.is_empty() {
        bail!("{} has no image", path_of(object));
    }
    let before = images::pointed_to(client, image).await?;
    let note = json!({"image": image, "digest": before}).to_string();
    let patch = json!({"metadata": {"annotations": {NOTE: note}}});
    change::make(client, document, Scenario::MovedTag.name(), "world", &patch).await?;
    let moved = images::digest(&format!("{image} {}", before.unwrap_or_default()));
    images::push(client, image, &moved).await?;
    let pods = pods_of(client, object).await?;
    renew(client, pods.into_iter().take(1)).await
}

async fn move_tag_back(client: &Client, object: &DynamicObject) -> Result<()> {
    let note = object.metadata.annotations.as_ref().and_then(|all| all.get(NOTE)).context("the old digest is gone")?;
    let note: Value = serde_json::from_str(note).context("understanding the old digest")?;
    let image = note["image"].as_str().unwrap_or_default();
    let moved = images::pointed_to(client, image).await?;
    match note["digest"].as_str() {
        Some(digest) => images::push(client, image, digest).await?,
        None => images::forget(client, image).await?,
    }
    let runs_moved = |pod: &ObjectMeta| {
        let annotations = pod.annotations.iter().flatten();
        annotations
            .filter(|(key, _)| key.starts_with("sim.kwok.dev/digest."))
            .any(|(_, digest)| Some(digest) == moved.as_ref())
    };
    let pods = pods_of(client, object).await?;
    renew(client, pods.into_iter().filter(runs_moved)).await
}

/// Asks Flux to look at an object again, as `flux reconcile` does: of a label that was taken away it hears nothing.
async fn reconcile(api: &Api<DynamicObject>, name: &str) -> Result<()> {
    let now = Timestamp::now().to_string();
    let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": now}}});
    api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.context("asking for a reconcile")?;
    Ok(())
}

/// Lets everything that reads a ConfigMap read it again: its pods would run with what stood there before.
async fn renew_readers(client: &Client, namespace: &str, config_map: &str) -> Result<()> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("apps", "v1", "Deployment"));
    let deployments: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let deployments = deployments.list(&ListParams::default()).await.context("listing Deployments")?;
    for deployment in deployments.iter().filter(|deployment| reads(&deployment.data["spec"]["template"], config_map)) {
        renew(client, pods_of(client, deployment).await?.into_iter()).await?;
    }
    Ok(())
}

/// Whether a template refers to a ConfigMap, wherever that stands.
fn reads(template: &Value, config_map: &str) -> bool {
    match template {
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            let refers = matches!(key.as_str(), "configMapRef" | "configMapKeyRef" | "configMap");
            (refers && value["name"] == config_map) || reads(value, config_map)
        }),
        Value::Array(items) => items.iter().any(|item| reads(item, config_map)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Where the digest that a tag pointed to is written down.
const NOTE: &str = "sim.kwok.dev/tag-before";

/// The pods of a Deployment, the youngest first.
async fn pods_of(client: &Client, object: &DynamicObject) -> Result<Vec<ObjectMeta>> {
    let labels = object.data.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let selector: Vec<_> =
        labels.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    let api: Api<Pod> = Api::namespaced(client.clone(), object.metadata.namespace.as_deref().unwrap_or_default());
    let pods = api.list(&ListParams::default().labels(&selector.join(","))).await.context("listing pods")?;
    let mut pods: Vec<_> = pods.into_iter().map(|pod| pod.metadata).collect();
    pods.sort_by_key(|pod| std::cmp::Reverse(pod.creation_timestamp.as_ref().map(|time| time.0)));
    Ok(pods)
}

/// Deletes pods, which makes their Deployment start new ones.
async fn renew(client: &Client, pods: impl Iterator<Item = ObjectMeta>) -> Result<()> {
    for pod in pods {
        let api: Api<Pod> = Api::namespaced(client.clone(), pod.namespace.as_deref().unwrap_or_default());
        let name = pod.name.unwrap_or_default();
        api.delete(&name, &DeleteParams::default()).await.context("deleting a pod")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_reads_the_config_maps_that_it_names() {
        let template = json!({"spec": {"containers": [
            {"envFrom": [{"secretRef": {"name": "other"}}, {"configMapRef": {"name": "fleet-config"}}]},
            {"env": [{"valueFrom": {"configMapKeyRef": {"name": "flags", "key": "a"}}}]},
        ], "volumes": [{"configMap": {"name": "files"}}]}});
        for (name, expected) in [("fleet-config", true), ("flags", true), ("files", true), ("other", false)] {
            assert_eq!(reads(&template, name), expected, "{name}");
        }
    }

    #[test]
    fn whatever_a_scenario_breaks_is_looked_through_to_be_healed() {
        for scenario in Scenario::value_variants() {
            let (version, kind) = scenario.kind();
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            assert!(BREAKABLE.contains(&(group, version, kind)), "{}", scenario.name());
        }
    }

    #[test]
    fn a_target_may_name_its_cluster() {
        for (scenario, target, expected) in [
            (Scenario::Oom, None, ("main", Some("ctafleet"), "rag-indexer")),
            (Scenario::Oom, Some("staging/super-todo"), ("main", Some("staging"), "super-todo")),
            (Scenario::Oom, Some("fleetops/prod/fleetops-api"), ("fleetops", Some("prod"), "fleetops-api")),
            (Scenario::NodeDown, Some("node-001"), ("main", None, "node-001")),
            (Scenario::NodeDown, Some("fleetops/node-001"), ("fleetops", None, "node-001")),
        ] {
            let place = place(scenario, target);
            assert_eq!((place.cluster.as_str(), place.namespace.as_deref(), place.name.as_str()), expected);
        }
    }
}
