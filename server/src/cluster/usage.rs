//! What pods use, by `metrics.k8s.io`: asked each 15 s, because metrics-server takes no watches and measures no more often.

use std::sync::Arc;
use std::time::Duration;

use domain::component::clues::Usage;
use domain::name::{ClusterId, Namespace};
use domain::quantity::Quantity;
use kube::Client;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::objects::{ContainerMetrics, PodMetrics, PodMetricsList};
use super::project::{named, quantity};
use crate::clock;
use crate::rows::{Measured, Rows};

/// Time between two questions.
const INTERVAL: Duration = Duration::from_secs(15);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Questions in a row that stay unanswered before it is said: metrics-server is started anew now and then.
const MISSES: u32 = 2;
/// Measurements that are older than so many seconds say nothing of what is used now: they are measured twice a minute at least.
const OLD: i64 = 120;

const BYTES_OF_MIB: i64 = 1 << 20;

/// Asks until cancelled, in these namespaces; `None` is the whole cluster.
pub async fn usage(
    client: Client,
    rows: Arc<Rows>,
    cluster: ClusterId,
    places: Vec<Option<Namespace>>,
    cancel: CancellationToken,
) {
    let mut misses = 0;
    loop {
        let answer = tokio::select! {
            () = cancel.cancelled() => return,
            answer = measure(&client, &places, || clock::now().as_second()) => answer,
        };
        match answer {
            Ok(measured) => {
                misses = 0;
                rows.measured(&cluster, Ok(measured));
            }
            Err(why) => {
                misses += 1;
                if misses == MISSES {
                    debug!(%cluster, "what pods use is not known: {why}");
                    rows.measured(&cluster, Err(why));
                }
            }
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = sleep(INTERVAL) => {}
        }
    }
}

/// What all pods use, or why that is not known: a sentence. `now` tells seconds since 1970.
async fn measure(
    client: &Client,
    places: &[Option<Namespace>],
    now: impl Fn() -> i64,
) -> Result<Vec<Measured>, Arc<str>> {
    let (mut all, mut is_old) = (Vec::new(), false);
    for place in places {
        let path = match place {
            None => "/apis/metrics.k8s.io/v1beta1/pods".to_owned(),
            Some(namespace) => format!("/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"),
        };
        let request =
            http::Request::get(path).body(Vec::new()).map_err(|error| -> Arc<str> { error.to_string().into() })?;
        let answer = timeout(PATIENCE, client.request::<PodMetricsList>(request)).await;
        let list = answer
            .map_err(|_| Arc::<str>::from("The metrics API does not answer in time."))?
            .map_err(|error| why(&error))?;
        let oldest = now().saturating_sub(OLD);
        let (old, current): (Vec<_>, Vec<_>) = list.items.into_iter().partition(|pod| measured_at(pod) < oldest);
        is_old |= !old.is_empty();
        all.extend(current.into_iter().filter_map(measured));
    }
    if is_old && all.is_empty() {
        return Err("The metrics API answers with what was measured more than 2 minutes ago.".into());
    }
    Ok(all)
}

/// Why a question was not answered, in a sentence.
fn why(error: &kube::Error) -> Arc<str> {
    match error {
        kube::Error::Api(status) if status.code == 403 => {
            "The account of Quarterdeck may not list pods of metrics.k8s.io. Grant it that verb.".into()
        }
        kube::Error::Api(status) if status.code == 404 => {
            "The cluster has no metrics API: no metrics-server is installed.".into()
        }
        kube::Error::Api(status) if status.code == 503 => {
            "The metrics API is installed and does not answer: metrics-server is down.".into()
        }
        kube::Error::Api(status) => format!("The metrics API answers with HTTP {}.", status.code).into(),
        _ => "The metrics API cannot be asked.".into(),
    }
}

/// When a pod was measured, seconds since 1970. One that does not say it is taken for current.
fn measured_at(pod: &PodMetrics) -> i64 {
    pod.timestamp.as_ref().and_then(|time| time.0).map_or(i64::MAX, |time| time.as_second())
}

fn measured(pod: PodMetrics) -> Option<Measured> {
    let namespace = Namespace::new(pod.metadata.namespace.as_deref()?).ok()?;
    let name = named(pod.metadata.name.as_deref()?)?;
    let containers = pod.containers.iter().filter_map(|container| Some((named(&container.name)?, used(container)?)));
    Some(Measured { namespace, name, containers: containers.collect() })
}

/// What a container uses. One of which a figure is missing is not known, and not 0.
fn used(container: &ContainerMetrics) -> Option<Usage> {
    let amount = |name| quantity(&container.usage, name).map(|amount: Quantity| amount.milli().max(0));
    let (cpu, memory) = (amount("cpu")?, amount("memory")? / 1000 / BYTES_OF_MIB);
    let bounded = |amount: i64| u32::try_from(amount).unwrap_or(u32::MAX);
    Some(Usage { cpu_m: bounded(cpu), memory_mib: bounded(memory) })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn client(code: u16, answer: serde_json::Value) -> Client {
        let answer = move |request: Request<Body>| {
            let is_asked = request.uri().path().starts_with("/apis/metrics.k8s.io/v1beta1/");
            let (code, body) = if is_asked { (code, answer.to_string()) } else { (404, String::new()) };
            async move { Ok::<_, Infallible>(Response::builder().status(code).body(Body::from(body.into_bytes())).unwrap()) }
        };
        Client::new(tower::service_fn(answer), "default")
    }

    #[tokio::test]
    async fn what_metrics_server_writes_is_read() {
        let list = json!({ "kind": "PodMetricsList", "items": [
            { "metadata": { "namespace": "shop", "name": "web-1" }, "window": "15s", "containers": [
                { "name": "web", "usage": { "cpu": "1234567890n", "memory": "1900Mi" } },
                { "name": "side-car", "usage": { "cpu": "5m", "memory": "20480Ki" } },
                { "name": "half", "usage": { "cpu": "5m" } },
            ] },
            { "metadata": { "name": "nowhere" }, "containers": [] },
            { "metadata": { "namespace": "shop", "name": "idle" }, "containers": null },
        ] });
        let found = measure(&client(200, list), &[None], || NOW).await.unwrap();
        let name = |name: &str| Arc::<str>::from(name);
        let expected = [
            Measured {
                namespace: Namespace::new("shop").unwrap(),
                name: name("web-1"),
                containers: vec![
                    (name("web"), Usage { cpu_m: 1235, memory_mib: 1900 }),
                    (name("side-car"), Usage { cpu_m: 5, memory_mib: 20 }),
                ],
            },
            Measured { namespace: Namespace::new("shop").unwrap(), name: name("idle"), containers: Vec::new() },
        ];
        assert_eq!(found, expected);
    }

    #[tokio::test]
    async fn what_was_measured_long_ago_says_nothing_of_now() {
        let pod = |name: &str, age: i64| {
            let timestamp = jiff::Timestamp::from_second(NOW - age).unwrap().to_string();
            json!({ "metadata": { "namespace": "shop", "name": name }, "timestamp": timestamp, "containers": [] })
        };
        let measured = async |pods: &[serde_json::Value]| {
            let list = json!({ "kind": "PodMetricsList", "items": pods });
            let found = measure(&client(200, list), &[None], || NOW).await;
            found.map(|found| found.iter().map(|pod| pod.name.to_string()).collect::<Vec<_>>())
        };
        let found = measured(&[pod("current", 0), pod("late", 120), pod("old", 121), pod("ahead", -30)]).await;
        assert_eq!(found.as_deref(), Ok(&["current".to_owned(), "late".to_owned(), "ahead".to_owned()][..]));
        let why = measured(&[pod("old", 121), pod("older", 86_400)]).await.unwrap_err();
        assert_eq!(&*why, "The metrics API answers with what was measured more than 2 minutes ago.");
        assert_eq!(measured(&[]).await.as_deref(), Ok(&[][..]));
    }

    #[tokio::test]
    async fn why_nothing_is_known_is_said() {
        for (code, said) in
            [(404, "no metrics-server"), (503, "metrics-server is down"), (403, "Grant it"), (500, "HTTP 500")]
        {
            let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "x", "reason": "x", "code": code });
            let place = Some(Namespace::new("shop").unwrap());
            let why = measure(&client(code, status), &[place], || NOW).await.unwrap_err();
            assert!(why.contains(said) && why.ends_with('.'), "{code}: {why}");
        }
    }
}
