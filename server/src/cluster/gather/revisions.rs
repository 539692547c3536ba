//! What a workload can be taken back to.

use std::sync::Arc;

use domain::guard::facts::{Known, Revision};
use domain::name::{ObjectName, WorkloadKind};
use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::ListParams;
use kube::{Api, Client};
use serde_json::Value;

use super::super::objects;
use super::super::project::{annotation, label, message};
use super::super::template::{self, diff};
use super::{Subject, Whole, ask, known};

/// A revision's object: what holds its template.
struct Holder {
    metadata: ObjectMeta,
    number: i64,
    template: Value,
}

/// The revisions, newest first.
pub async fn read(client: &Client, subject: Subject<'_>, whole: Option<&Whole>) -> Known<Vec<Revision>> {
    let Some((whole, selector)) = whole.and_then(|whole| Some((whole, whole.selector()?))) else {
        return Known::Unread("the workload was not read".into());
    };
    let (client, namespace) = (client.clone(), subject.namespace.as_str());
    let parameters = ListParams::default().labels_from(&selector);
    let pods: Api<objects::Pod> = Api::namespaced(client.clone(), namespace);
    let holders = async {
        match subject.kind {
            WorkloadKind::Deployment => {
                let api: Api<apps::ReplicaSet> = Api::namespaced(client, namespace);
                let list = ask("listing its ReplicaSets", || api.list(&parameters)).await?;
                Ok::<_, Arc<str>>(list.items.into_iter().filter_map(of_replica_set).collect::<Vec<_>>())
            }
            WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => {
                let api: Api<apps::ControllerRevision> = Api::namespaced(client, namespace);
                let list = ask("listing its ControllerRevisions", || api.list(&parameters)).await?;
                Ok(list.items.into_iter().filter_map(of_controller_revision).collect())
            }
        }
    };
    let (holders, pods) = tokio::join!(holders, ask("listing its pods", || pods.list(&parameters)));
    let pods = pods.map(|list| list.items).unwrap_or_default();
    known(holders.map(|holders| {
        let own = holders.into_iter().filter(|holder| is_owned(&holder.metadata, whole.uid()));
        let mut revisions: Vec<_> = own.filter_map(|holder| revision(holder, whole, &pods)).collect();
        revisions.sort_by_key(|revision| std::cmp::Reverse(revision.number));
        if subject.kind == WorkloadKind::Deployment {
            // The controller gives the wanted template the highest number.
            for (index, revision) in revisions.iter_mut().enumerate() {
                revision.current = index == 0;
            }
        }
        revisions
    }))
}

fn of_replica_set(set: apps::ReplicaSet) -> Option<Holder> {
    let number = annotation(&set.metadata, "deployment.kubernetes.io/revision")?.parse().ok()?;
    let mut template = serde_json::to_value(set.spec?.template?).ok()?;
    template::without_hash(&mut template);
    Some(Holder { metadata: set.metadata, number, template })
}

fn of_controller_revision(revision: apps::ControllerRevision) -> Option<Holder> {
    let data = serde_json::to_value(revision.data?).ok()?;
    let template = template::of_controller_revision(&data)?;
    Some(Holder { metadata: revision.metadata, number: revision.revision, template })
}

fn is_owned(meta: &ObjectMeta, uid: &str) -> bool {
    meta.owner_references.iter().flatten().any(|owner| owner.controller == Some(true) && owner.uid == uid)
}

fn revision(holder: Holder, whole: &Whole, pods: &[objects::Pod]) -> Option<Revision> {
    let Holder { metadata, number, template } = holder;
    let name = ObjectName::new(metadata.name.as_deref()?).ok()?;
    let containers = template.pointer("/spec/containers").and_then(Value::as_array).cloned().unwrap_or_default();
    let images: Vec<(Arc<str>, Arc<str>)> = containers
        .iter()
        .filter_map(|container| {
            let text = |field: &str| container.get(field).and_then(Value::as_str).map(message);
            Some((text("name")?, text("image")?))
        })
        .collect();
    let digests = images
        .iter()
        .filter_map(|(container, image)| {
            let pinned = image.split_once('@').map(|(_, digest)| digest.into());
            Some((container.clone(), pinned.or_else(|| ran(pods, &name, container))?))
        })
        .collect();
    Some(Revision {
        number,
        uid: metadata.uid.as_deref().unwrap_or_default().into(),
        current: whole.status.update_revision.as_deref() == Some(name.as_str()),
        created: metadata.creation_timestamp.as_ref().map_or(0, |time| time.0.as_second()),
        images,
        digests,
        diff: diff(&whole.spec.template, &template),
        name,
    })
}

/// The digest that a container of a revision runs in one of its pods now.
fn ran(pods: &[objects::Pod], holder: &ObjectName, container: &str) -> Option<Arc<str>> {
    let is_of = |pod: &&objects::Pod| {
        let owned = pod.metadata.owner_references.iter().flatten().any(|owner| owner.name == holder.as_str());
        owned || label(&pod.metadata, "controller-revision-hash") == Some(holder.as_str())
    };
    pods.iter().filter(is_of).find_map(|pod| {
        let status = pod.status.container_statuses.iter().find(|status| status.name == container)?;
        digest(&status.image_id)
    })
}

/// The digest in an image id: `docker.io/library/nginx@sha256:…`, `docker-pullable://…@sha256:…`, `sha256:…`.
fn digest(image_id: &str) -> Option<Arc<str>> {
    let digest = image_id.rsplit_once('@').map_or(image_id, |(_, digest)| digest);
    digest.starts_with("sha256:").then(|| message(digest))
}
