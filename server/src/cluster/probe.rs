//! Whether a cluster answers: asked each three seconds, because a watch notices a silent partition after minutes.

use std::sync::Arc;
use std::time::Duration;

use domain::name::ClusterId;
use domain::text::plain;
use kube::Client;
use tokio::sync::watch::Sender;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::complaints::Complaints;
use crate::rows::Rows;

/// Time between two questions while all is well.
const INTERVAL: Duration = Duration::from_secs(3);
/// Time between two questions after one was not answered.
const RETRY: Duration = Duration::from_secs(1);
/// How long an answer may take. With the two intervals: a stopped server is noticed after at most 8 s.
const PATIENCE: Duration = Duration::from_secs(2);
/// Questions in a row that must stay unanswered.
const MISSES: u32 = 2;
/// Unanswered questions in a row after which the connection is set up anew.
const HOPELESS: u32 = 20;

/// The most characters of a version and of a cause that are shown: both are the server's own words.
const VERSION_LIMIT: usize = 48;
const CAUSE_LIMIT: usize = 200;

/// What is said of a token or certificate that is not valid, or not any more.
pub const NOT_ACCEPTED: &str = "The API server does not accept the credentials of Quarterdeck (HTTP 401): renew its token or \
                                certificate.";

/// Asks until cancelled, or until the cluster has been silent for long; counts `returned` up each time it answers again.
pub async fn probe(
    client: Client,
    rows: Arc<Rows>,
    cluster: ClusterId,
    returned: Sender<u64>,
    complaints: &mut Complaints,
    cancel: CancellationToken,
) {
    let mut misses = 0;
    let mut version_known = false;
    loop {
        let answer = tokio::select! {
            () = cancel.cancelled() => return,
            answer = timeout(PATIENCE, ask(&client)) => answer,
        };
        let trouble = match answer {
            Ok(Ok(())) => None,
            Ok(Err(trouble)) => Some(trouble),
            Err(_) => Some(format!("The API server does not answer within {} s.", PATIENCE.as_secs())),
        };
        match trouble {
            None => {
                if complaints.end() {
                    info!(%cluster, "the cluster answers again");
                }
                if misses >= MISSES {
                    returned.send_modify(|count| *count += 1);
                    version_known = false;
                }
                misses = 0;
                rows.answered(&cluster);
                if !version_known && let Ok(Ok(info)) = timeout(PATIENCE, client.apiserver_version()).await {
                    rows.version(&cluster, &plain(&info.git_version, VERSION_LIMIT));
                    version_known = true;
                }
            }
            Some(trouble) => {
                misses += 1;
                if misses >= MISSES && complaints.is_news(&trouble) {
                    warn!(%cluster, "the cluster does not answer: {trouble}");
                }
                if misses >= MISSES {
                    rows.silent(&cluster, &trouble);
                }
                if misses == HOPELESS {
                    return;
                }
            }
        }
        let pause = if misses == 0 { INTERVAL } else { RETRY };
        tokio::select! {
            () = cancel.cancelled() => return,
            () = sleep(pause) => {}
        }
    }
}

/// Asks `/readyz`. A server that refuses the question answers too; one that is not ready, or to which we
/// are nobody, does not count.
async fn ask(client: &Client) -> Result<(), String> {
    let request = http::Request::get("/readyz").body(Vec::new()).map_err(|error| error.to_string())?;
    match client.request_text(request).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 401 => Err(NOT_ACCEPTED.to_owned()),
        Err(kube::Error::Api(status)) if status.code < 500 => Ok(()),
        Err(kube::Error::Api(status)) => Err(format!("The API server is not ready (HTTP {}).", status.code)),
        Err(kube::Error::HyperError(error)) => Err(format!("The API server cannot be reached: {}.", root(&error))),
        Err(kube::Error::Service(error)) => Err(format!("The API server cannot be reached: {}.", root(&*error))),
        Err(error) => Err(format!("The API server cannot be asked: {}.", root(&error))),
    }
}

/// The innermost cause, made safe to show: `Connection refused (os error 111)` instead of a chain of wrappers.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    plain(&cause.to_string(), CAUSE_LIMIT).into_owned()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{Request, Response};
    use kube::client::Body;

    use super::*;

    #[tokio::test]
    async fn a_server_is_there_when_it_knows_us_and_is_ready() {
        for (code, said) in [
            (200, None),
            (403, None),
            (404, None),
            (401, Some("does not accept the credentials")),
            (500, Some("is not ready (HTTP 500)")),
            (503, Some("is not ready (HTTP 503)")),
        ] {
            let answer = move |_: Request<Body>| async move {
                let status = serde_json::json!({
                    "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "no", "reason": "No", "code": code,
                });
                let body = if code == 200 { "ok".to_owned() } else { status.to_string() };
                Ok::<_, Infallible>(Response::builder().status(code).body(Body::from(body.into_bytes())).unwrap())
            };
            let client = Client::new(tower::service_fn(answer), "default");
            match (ask(&client).await, said) {
                (Ok(()), None) => {}
                (Err(error), Some(part)) => assert!(error.contains(part), "{code}: {error}"),
                (asked, _) => panic!("{code}: {asked:?}"),
            }
        }
    }

    #[tokio::test]
    async fn what_a_server_says_of_itself_is_made_safe_to_show() {
        let version = format!("v1.36.2\u{1b}[31m\u{202e}{}", "x".repeat(5000));
        let answer = move |request: Request<Body>| {
            let info = serde_json::json!({
                "major": "1", "minor": "36", "gitVersion": version, "gitCommit": "", "gitTreeState": "", "buildDate": "",
                "goVersion": "", "compiler": "", "platform": "",
            });
            let body = if request.uri().path() == "/version" { info.to_string() } else { "ok".to_owned() };
            async move { Ok::<_, Infallible>(Response::new(Body::from(body.into_bytes()))) }
        };
        let client = Client::new(tower::service_fn(answer), "default");
        let registry = "{ clusters: [{ id: main, connect: { context: main } }], systems: [{ id: a, name: The a, environments: \
                        [{ id: production, cluster: main, namespace: shop, tier: production, timeZone: Europe/Berlin, \
                        components: [{ kind: Deployment, name: web, role: app, replicas: 2 }] }] }] }";
        let registry = Arc::new(crate::registry::parse("sample", registry.as_bytes()).unwrap());
        let rows = Arc::new(Rows::new(registry, || 1_767_225_600_000));
        let (cluster, cancel) = (ClusterId::new("main").unwrap(), CancellationToken::new());
        let asks = {
            let (rows, cluster, cancel) = (rows.clone(), cluster.clone(), cancel.clone());
            tokio::spawn(async move {
                probe(client, rows, cluster, Sender::new(0), &mut Complaints::default(), cancel).await;
            })
        };
        let shown = || {
            let topic = domain::frame::Topic::Environment("a/production".parse().unwrap());
            match rows.seen_by(&domain::access::Grants::everything()).page(&topic) {
                domain::frame::Page::Environment(view) => view.facts.cluster.to_string(),
                other => panic!("{other:?}"),
            }
        };
        let mut changes = rows.changes();
        while !shown().contains("v1.36.2") {
            changes.changed().await.unwrap();
        }
        let shown = shown();
        assert!(shown.chars().count() < 80 && !shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
        cancel.cancel();
        asks.await.unwrap();
    }

    #[test]
    fn a_cause_is_made_safe_to_show() {
        let error = std::io::Error::other(format!("bad\u{202e}\n{}", "x".repeat(5000)));
        let said = root(&error);
        assert!(said.chars().count() <= 201 && said.starts_with("bad\u{fffd} x"), "{said:?}");
    }
}
