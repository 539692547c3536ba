//! Whatever keeps a workload as it is written elsewhere: Flux, Argo CD, Helm.

use domain::guard::facts::{Keeper, Tool};
use domain::name::{Namespace, ObjectName};
use jiff::SignedDuration;
use kube::Client;
use kube::api::GetParams;
use kube::core::Request;
use serde::Deserialize;
use serde_json::Value;

use super::super::project::{annotation, label};
use super::{Whole, ask};

/// A HelmRelease, Kustomization or Application, as far as it tells when it acts.
#[derive(Debug, Clone, Deserialize)]
struct Owner {
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    status: Value,
}

/// By its labels, and by the object of the tool where that can be read. What cannot stays open in the answer.
pub async fn read(client: &Client, whole: Option<&Whole>) -> Option<Keeper> {
    let meta = &whole?.metadata;
    let own = meta.namespace.as_deref().unwrap_or_default();
    for (tool, prefix, group, plural) in [
        (Tool::FluxHelm, "helm.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io/v2", "helmreleases"),
        (Tool::FluxKustomize, "kustomize.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io/v1", "kustomizations"),
    ] {
        let Some(name) = label(meta, &format!("{prefix}/name")) else { continue };
        let namespace = label(meta, &format!("{prefix}/namespace")).unwrap_or(own);
        let owner = owner(client, group, plural, namespace, name).await;
        let spec = owner.as_ref().map(|owner| &owner.spec);
        let interval = spec.and_then(|spec| seconds(spec.get("interval")?.as_str()?));
        return Some(Keeper {
            tool,
            name: format!("{namespace}/{name}").into(),
            interval_s: interval,
            last: owner.as_ref().and_then(|owner| acted(&owner.status)),
            suspended: spec.map(|spec| spec.get("suspend").and_then(Value::as_bool).unwrap_or(false)),
        });
    }
    // By default Argo CD writes an annotation, `application:group/kind:namespace/name`; a label where it is told to.
    let tracked = annotation(meta, "argocd.argoproj.io/tracking-id").and_then(|id| id.split(':').next());
    if let Some(name) = tracked.or_else(|| label(meta, "argocd.argoproj.io/instance")) {
        let owner = owner(client, "argoproj.io/v1alpha1", "applications", "argocd", name).await;
        return Some(Keeper {
            tool: Tool::ArgoCd,
            name: name.into(),
            // Argo CD compares every three minutes, and heals within seconds where it is told to.
            interval_s: owner.as_ref().map(|_| 180),
            last: None,
            suspended: owner.as_ref().map(|owner| owner.spec.pointer("/syncPolicy/automated").is_none()),
        });
    }
    let by_helm = label(meta, "app.kubernetes.io/managed-by") == Some("Helm");
    by_helm.then(|| Keeper {
        tool: Tool::Helm,
        name: annotation(meta, "meta.helm.sh/release-name").unwrap_or("an unnamed release").into(),
        interval_s: None,
        last: None,
        suspended: None,
    })
}

/// Labels may hold anything: only names are asked for.
async fn owner(client: &Client, group: &str, plural: &str, namespace: &str, name: &str) -> Option<Owner> {
    let (namespace, name) = (Namespace::new(namespace).ok()?, ObjectName::new(name).ok()?);
    let request = Request::new(format!("/apis/{group}/namespaces/{namespace}/{plural}"));
    let question = || async {
        let get = request.get(name.as_str(), &GetParams::default()).map_err(kube::Error::BuildRequest)?;
        client.request::<Owner>(get).await
    };
    ask("reading its keeper", question).await.ok()
}

/// When it acted last: the newest of what the tools write.
fn acted(status: &Value) -> Option<i64> {
    let conditions = status.get("conditions").and_then(Value::as_array);
    let times = conditions.into_iter().flatten().filter_map(|condition| condition.get("lastTransitionTime")?.as_str());
    let handled = status.get("lastHandledReconcileAt").and_then(Value::as_str);
    times.chain(handled).filter_map(|text| text.parse::<jiff::Timestamp>().ok()).max().map(|time| time.as_second())
}

/// A duration as Go writes it: `10m`, `1h30m`.
fn seconds(text: &str) -> Option<u32> {
    let duration: SignedDuration = text.parse().ok()?;
    u32::try_from(duration.as_secs()).ok()
}
