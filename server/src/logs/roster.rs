//! Which pods a namespace has, by a watch that everybody who follows logs there shares.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::name::{ClusterId, Namespace};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use kube::runtime::watcher::Event;
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep};
use tracing::debug;

use super::LINGER;
use crate::cluster::{Clusters, OwnedPod, pod_events};

/// How long until a connection that could not be set up is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// The pods of a namespace, as of the last word of its API server.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// By uid.
    pub pods: Arc<BTreeMap<Arc<str>, OwnedPod>>,
    /// Whether they were listed once: before that nothing is known.
    pub is_listed: bool,
}

/// Keeps a roster for as long as somebody reads it, and [`LINGER`] after; then calls `over`, which says whether that is the end.
pub async fn keep(
    clusters: Arc<Clusters>,
    cluster: ClusterId,
    namespace: Namespace,
    roster: watch::Sender<Roster>,
    over: impl Fn(&watch::Sender<Roster>) -> bool,
) {
    let mut tick = interval(Duration::from_secs(1));
    let mut last_read = Instant::now();
    let follow = follow(&clusters, &cluster, &namespace, &roster);
    tokio::pin!(follow);
    loop {
        tokio::select! {
            () = &mut follow => return,
            _ = tick.tick() => {
                if roster.receiver_count() > 0 {
                    last_read = Instant::now();
                } else if last_read.elapsed() >= LINGER && over(&roster) {
                    return;
                }
            }
        }
    }
}

async fn follow(clusters: &Clusters, cluster: &ClusterId, namespace: &Namespace, roster: &watch::Sender<Roster>) {
    loop {
        match clusters.reader(cluster).await {
            // It gets back in step by itself, whatever happens; with another connection only if this one is refused.
            Ok(client) => take_in(pod_events(client, namespace), roster).await,
            Err(error) => debug!("whose logs there are in {cluster} {namespace} is not known: {error}"),
        }
        sleep(AGAIN).await;
    }
}

async fn take_in(
    mut events: BoxStream<'static, kube::runtime::watcher::Result<Event<OwnedPod>>>,
    roster: &watch::Sender<Roster>,
) {
    let mut listed: BTreeMap<Arc<str>, OwnedPod> = BTreeMap::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(owned)) => {
                listed.insert(owned.pod.uid.clone(), owned);
            }
            Ok(Event::InitDone) => {
                let pods = Arc::new(std::mem::take(&mut listed));
                roster.send_replace(Roster { pods, is_listed: true });
            }
            Ok(Event::Apply(owned)) => roster.send_modify(|roster| {
                Arc::make_mut(&mut roster.pods).insert(owned.pod.uid.clone(), owned);
            }),
            Ok(Event::Delete(owned)) => roster.send_modify(|roster| {
                Arc::make_mut(&mut roster.pods).remove(&owned.pod.uid);
            }),
            Err(kube::runtime::watcher::Error::InitialListFailed(kube::Error::Api(status))) if status.code == 401 => {
                return;
            }
            Err(error) => debug!("the pods whose logs are followed: {error}"),
        }
    }
}
