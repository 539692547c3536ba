//! The systems of the demo: their manifests, their past, and what is wrong with them from the start.

use std::{collections::BTreeMap, fs, time::Duration};

use anyhow::{Context, Result, bail};
use kube::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    apply::{Applier, api_of, documents_in, read, title},
    change, images, kubeconfig,
    layout::{Cluster, project},
    pki::random_hex,
    probe,
    progress::Progress,
};

/// Which cluster runs which folder of `k8s/demo`.
const SYSTEMS: [(&str, &str); 4] =
    [("fleet-management", "main"), ("ctafleet", "main"), ("super-todo", "main"), ("fleetops", "fleetops")];

/// Stands where a Secret has a value; every value is made up when it is applied.
const RANDOM: &str = "@RANDOM@";

/// How long rollouts of the demo may take.
const ROLLOUT_WITHIN: Duration = Duration::from_secs(90);

/// What ran before what stands in a Deployment's manifest.
#[derive(Deserialize)]
struct History {
    cluster: String,
    namespace: String,
    name: String,
    digest: Option<String>,
    revisions: Vec<Revision>,
}

#[derive(Deserialize)]
struct Revision {
    image: String,
    digest: Option<String>,
    cause: String,
}

/// A change that somebody made to what the manifests say.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    cluster: String,
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
    scenario: String,
    manager: String,
    patch: Value,
}

/// Applies the systems of the cluster `role` unless they are there. False when there was nothing to do.
pub async fn apply(cluster: &Cluster, role: &str) -> Result<bool> {
    let folders: Vec<_> = SYSTEMS.iter().filter(|(_, home)| *home == role).map(|(folder, _)| *folder).collect();
    let client = kubeconfig::client(cluster).await?;
    if folders.is_empty() || is_applied(&client).await? {
        return Ok(false);
    }
    let step = Progress::start(format!("{}: {}", cluster.name, folders.join(", ")));
    let applier = Applier::new(client.clone(), "demo-deploy");
    let mut documents = Vec::new();
    for folder in folders {
        documents.extend(documents_in(&project().join("k8s/demo").join(folder))?);
    }
    for document in &mut documents {
        fill(document)?;
    }
    let histories: Vec<History> = list("history")?;
    let histories: Vec<_> = histories.into_iter().filter(|history| history.cluster == role).collect();
    // Autoscalers come last: one that is there before its target complains about it.
    let (autoscalers, rest): (Vec<_>, Vec<_>) =
        documents.into_iter().partition(|document| document["kind"] == "HorizontalPodAutoscaler");
    let (with_past, plain): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|document| past_of(document, &histories).is_some());

    applier.apply_all(&plain).await?;
    let past = with_past.iter().filter_map(|document| Some((document, past_of(document, &histories)?)));
    futures::future::try_join_all(past.map(|(document, history)| replay(&applier, &client, document, history))).await?;
    applier.apply_all(&autoscalers).await?;
    for document in plain.iter().chain(&with_past).filter(|document| document["kind"] == "Deployment") {
        wait_for_rollout(&client, document).await?;
    }
    let findings: Vec<Finding> = list("findings")?;
    for finding in findings.iter().filter(|finding| finding.cluster == role) {
        befall(&client, finding).await?;
    }
    applier.apply(&marker()).await?;
    step.done("applied");
    Ok(true)
}

/// Rolls out the past of a Deployment, one revision after the other, and then what its manifest says.
async fn replay(applier: &Applier, client: &Client, document: &Value, history: &History) -> Result<()> {
    for (number, revision) in (1..).zip(&history.revisions) {
        if let Some(word) = &revision.digest {
            images::push(client, &revision.image, &images::digest(word)).await?;
        }
        applier.apply(&as_it_was(document, revision, number)).await?;
        wait_for_rollout(client, document).await?;
    }
    let image = document.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str);
    if let (Some(word), Some(image)) = (&history.digest, image) {
        images::push(client, image, &images::digest(word)).await?;
    }
    applier.apply(document).await
}

/// The Deployment with an older image; also with a restart, since the same image again would be no rollout.
fn as_it_was(document: &Value, revision: &Revision, number: u32) -> Value {
    let mut older = document.clone();
    older["metadata"]["annotations"]["kubernetes.io/change-cause"] = json!(revision.cause);
    older["spec"]["template"]["spec"]["containers"][0]["image"] = json!(revision.image);
    older["spec"]["template"]["metadata"]["annotations"]["sim.kwok.dev/build"] = json!(number.to_string());
    older
}

/// Waits until all pods of a Deployment are new and ready.
async fn wait_for_rollout(client: &Client, document: &Value) -> Result<()> {
    let (api, name) = api_of(client, document)?;
    probe::until(
        &title(document),
        ROLLOUT_WITHIN,
        || true,
        || async {
            let object = api.get(&name).await?;
            if is_rolled_out(object.metadata.generation, &object.data) { Ok(()) } else { bail!("still rolling out") }
        },
    )
    .await
}

/// The rule of `kubectl rollout status`.
fn is_rolled_out(generation: Option<i64>, deployment: &Value) -> bool {
    let number = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_i64);
    let wanted = number("/spec/replicas").unwrap_or(1);
    number("/status/observedGeneration") >= generation
        && number("/status/updatedReplicas").unwrap_or(0) == wanted
        && number("/status/replicas").unwrap_or(0) == wanted
        && number("/status/availableReplicas").unwrap_or(0) == wanted
}

/// Whether a mistake is one of those with which the demo starts.
pub fn is_of_the_start(kind: &str, namespace: &str, name: &str, mistake: &str) -> Result<bool> {
    let findings: Vec<Finding> = list("findings")?;
    Ok(findings.iter().any(|finding| {
        (&*finding.kind, &*finding.namespace, &*finding.name, &*finding.scenario) == (kind, namespace, name, mistake)
    }))
}

async fn befall(client: &Client, finding: &Finding) -> Result<()> {
    let document = json!({
        "apiVersion": finding.api_version,
        "kind": finding.kind,
        "metadata": {"name": finding.name, "namespace": finding.namespace},
    });
    change::make(client, &document, &finding.scenario, &finding.manager, &finding.patch).await
}

fn past_of<'a>(document: &Value, histories: &'a [History]) -> Option<&'a History> {
    let is = |pointer: &str, value: &str| document.pointer(pointer).and_then(Value::as_str) == Some(value);
    histories.iter().find(|history| {
        is("/kind", "Deployment")
            && is("/metadata/namespace", &history.namespace)
            && is("/metadata/name", &history.name)
    })
}

fn list<T: serde::de::DeserializeOwned>(file: &str) -> Result<Vec<T>> {
    let path = project().join("k8s/demo").join(format!("{file}.yaml"));
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut documents = read(&text, file)?;
    let document = documents.pop().with_context(|| format!("{file}.yaml is empty"))?;
    serde_json::from_value(document).with_context(|| format!("understanding {file}.yaml"))
}

/// Makes up the values of a Secret.
fn fill(document: &mut Value) -> Result<()> {
    if let Some(values) = document.get_mut("stringData").and_then(Value::as_object_mut) {
        for value in values.values_mut().filter(|value| *value == RANDOM) {
            *value = json!(random_hex(16)?);
        }
    }
    Ok(())
}

/// What says that the demo was applied. It goes when the cluster's data goes.
fn marker() -> Value {
    let data: BTreeMap<&str, &str> = [("applied", "true")].into();
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "quarterdeck-demo", "namespace": "kube-system"},
        "data": data,
    })
}

async fn is_applied(client: &Client) -> Result<bool> {
    let (api, name) = api_of(client, &marker())?;
    Ok(api.get_opt(&name).await.context("asking whether the demo is there")?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifests() -> Vec<(String, Value)> {
        let all = SYSTEMS.iter().flat_map(|(folder, home)| {
            let documents = documents_in(&project().join("k8s/demo").join(folder)).unwrap();
            documents.into_iter().map(|document| ((*home).to_owned(), document))
        });
        all.collect()
    }

    #[test]
    fn every_past_and_every_finding_belongs_to_a_manifest() {
        let manifests = manifests();
        let is = |document: &Value, pointer: &str, value: &str| document.pointer(pointer).unwrap() == value;
        for history in list::<History>("history").unwrap() {
            assert!(
                manifests.iter().any(|(home, document)| *home == history.cluster
                    && past_of(document, std::slice::from_ref(&history)).is_some()),
                "{}/{}",
                history.namespace,
                history.name
            );
        }
        for finding in list::<Finding>("findings").unwrap() {
            assert!(
                manifests.iter().any(|(home, document)| *home == finding.cluster
                    && document["kind"] == finding.kind.as_str()
                    && document["metadata"]["namespace"] == finding.namespace.as_str()
                    && is(document, "/metadata/name", &finding.name)),
                "{}/{}",
                finding.namespace,
                finding.name
            );
        }
    }

    #[test]
    fn the_mistakes_of_the_start_are_known_by_their_object() {
        for (namespace, mistake, expected) in [
            ("fleet-management", "wrong-config", true),
            ("fleet-management", "crash-loop", false),
            ("fleet-management-staging", "wrong-config", false),
        ] {
            let known = is_of_the_start("ConfigMap", namespace, "fleet-config", mistake).unwrap();
            assert_eq!(known, expected, "{namespace} {mistake}");
        }
    }

    #[test]
    fn no_secret_has_a_value_of_its_own() {
        for (_, document) in manifests().iter().filter(|(_, document)| document["kind"] == "Secret") {
            for value in document["stringData"].as_object().unwrap().values() {
                assert_eq!(value, RANDOM, "{}", title(document));
            }
        }
    }

    #[test]
    fn a_rollout_is_over_when_every_pod_is_new_and_ready() {
        let deployment = |updated: i64, total: i64, available: i64, observed: i64| {
            json!({"spec": {"replicas": 2}, "status": {"updatedReplicas": updated, "replicas": total,
                "availableReplicas": available, "observedGeneration": observed}})
        };
        for (case, expected) in [
            (deployment(2, 2, 2, 5), true),
            (deployment(2, 3, 2, 5), false),
            (deployment(1, 2, 2, 5), false),
            (deployment(2, 2, 1, 5), false),
            (deployment(2, 2, 2, 4), false),
        ] {
            assert_eq!(is_rolled_out(Some(5), &case), expected, "{case}");
        }
    }
}
