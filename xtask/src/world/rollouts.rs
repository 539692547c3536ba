//! New versions, now and then, where nobody minds.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

use super::random::Random;
use crate::cluster::images;

/// A Deployment that gets new versions by itself.
struct Target {
    cluster: &'static str,
    namespace: &'static str,
    name: &'static str,
    /// Who does it, as field manager.
    by: &'static str,
    /// How the version is told: a mutable tag that moves, or a tag of its own.
    tag: Tag,
}

/// How a new version is named.
#[derive(Clone, Copy)]
enum Tag {
    /// The tag stays and points to another digest.
    Moves,
    /// The commit is the tag.
    Commit,
}

/// Development and staging only: production changes when somebody at the console changes it.
const TARGETS: [Target; 4] = [
    Target {
        cluster: "main",
        namespace: "fleet-management-dev",
        name: "fleet-app",
        by: "azure-pipelines",
        tag: Tag::Moves,
    },
    Target { cluster: "fleetops", namespace: "staging", name: "fleetops-api", by: "github-actions", tag: Tag::Commit },
    Target {
        cluster: "main",
        namespace: "fleet-management-staging",
        name: "fleet-app",
        by: "azure-pipelines",
        tag: Tag::Moves,
    },
    Target {
        cluster: "main",
        namespace: "fleet-management-dev",
        name: "fleet-api",
        by: "azure-pipelines",
        tag: Tag::Moves,
    },
];

/// Rolls out a new version of one target after the other, for ever.
pub async fn run(client: Client, cluster: String, every: Duration) -> Result<()> {
    let mut beat = tokio::time::interval(every);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    beat.tick().await;
    let mine: Vec<_> = TARGETS.iter().filter(|target| target.cluster == cluster).collect();
    for target in mine.into_iter().cycle() {
        beat.tick().await;
        match release(&client, target, Timestamp::now()).await {
            Ok(version) => println!("world: {}/{} gets {version}", target.namespace, target.name),
            Err(error) => eprintln!("world: rollout of {}/{}: {error:#}", target.namespace, target.name),
        }
    }
    Ok(())
}

async fn release(client: &Client, target: &Target, now: Timestamp) -> Result<String> {
    let api: Api<Deployment> = Api::namespaced(client.clone(), target.namespace);
    let deployment = api.get(target.name).await.context("reading it")?;
    let containers = deployment.spec.and_then(|spec| spec.template.spec).map(|spec| spec.containers);
    let container = containers.into_iter().flatten().next().context("it has no container")?;
    let image = container.image.context("its container has no image")?;
    let commit = commit(&format!("{}/{} {now}", target.namespace, target.name));
    let patch = patch(target.tag, &container.name, &image, &commit, now);
    if matches!(target.tag, Tag::Moves) {
        images::push(client, &image, &images::digest(&commit)).await?;
    }
    let params = PatchParams { field_manager: Some(target.by.to_owned()), ..PatchParams::default() };
    api.patch(target.name, &params, &Patch::Strategic(&patch)).await.context("changing it")?;
    Ok(commit)
}

fn patch(tag: Tag, container: &str, image: &str, commit: &str, now: Timestamp) -> Value {
    let cause = json!({"kubernetes.io/change-cause": format!("push to main: {commit}")});
    let template = match tag {
        Tag::Moves => json!({"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": now.to_string()}}}),
        Tag::Commit => {
            let repository = image.rsplit_once(':').map_or(image, |(repository, _)| repository);
            json!({"spec": {"containers": [{"name": container, "image": format!("{repository}:sha-{commit}")}]}})
        }
    };
    json!({"metadata": {"annotations": cause}, "spec": {"template": template}})
}

/// Seven digits, as a short commit has them.
fn commit(of: &str) -> String {
    format!("{:07x}", Random::of(of).next() >> 36)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_moved_tag_or_a_commit() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let moved = patch(Tag::Moves, "app", "r/app:dev", "abc1234", now);
        assert!(moved.pointer("/spec/template/spec").is_none(), "the image stays");
        let committed = patch(Tag::Commit, "app", "r/app:sha-0", "abc1234", now);
        assert_eq!(committed.pointer("/spec/template/spec/containers/0/image").unwrap(), "r/app:sha-abc1234");
        assert_eq!(commit("x").len(), 7);
    }
}
