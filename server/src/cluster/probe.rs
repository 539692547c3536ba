//! Whether a cluster answers: asked each three seconds, because a watch notices a silent partition after minutes.

use std::sync::Arc;
use std::time::Duration;

use domain::name::ClusterId;
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
                    rows.version(&cluster, &info.git_version);
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

/// Asks `/readyz`. A server that refuses the question answers too; one that is not ready does not count.
async fn ask(client: &Client) -> Result<(), String> {
    let request = http::Request::get("/readyz").body(Vec::new()).map_err(|error| error.to_string())?;
    match client.request_text(request).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code < 500 => Ok(()),
        Err(kube::Error::Api(status)) => Err(format!("The API server is not ready (HTTP {}).", status.code)),
        Err(kube::Error::HyperError(error)) => Err(format!("The API server cannot be reached: {}.", root(&error))),
        Err(kube::Error::Service(error)) => Err(format!("The API server cannot be reached: {}.", root(&*error))),
        Err(error) => Err(format!("The API server cannot be asked: {}.", root(&error))),
    }
}

/// The innermost cause: `Connection refused (os error 111)` instead of a chain of wrappers.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
