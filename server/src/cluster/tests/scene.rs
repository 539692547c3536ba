//! A cluster that answers, and watches of it, to be failed by tests.

use std::sync::Arc;
use std::time::Duration;

use domain::access::Grants;
use domain::frame::{Page, Topic};
use domain::freshness::Freshness;
use domain::name::ClusterId;
use domain::query::{PodColumn, PodQuery, Sort};
use domain::registry::Registry;
use domain::view::SourceView;
use kube::Api;
use kube::runtime::watcher;
use parking_lot::Mutex;
use tokio::sync::watch::Sender;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::super::complaints::Complaints;
use super::super::objects;
use super::super::watch::Watch;
use super::fake::{Fake, Piece, Reply};
use crate::rows::{Kind, Rows, WatchId};

pub const SECOND: Duration = Duration::from_secs(1);
pub const POD: WatchId = WatchId { kind: Kind::Pod, within: None };
pub const AUTOSCALER: WatchId = WatchId { kind: Kind::Autoscaler, within: None };

pub fn registry() -> Arc<Registry> {
    let text = "{ clusters: [{ id: main, connect: { context: main } }], systems: [{ id: a, name: The a, environments: \
                [{ id: production, cluster: main, namespace: shop, tier: production, timeZone: Europe/Berlin, \
                components: [{ kind: Deployment, name: web, role: app, replicas: 2 }] }] }] }";
    Arc::new(crate::registry::parse("sample", text.as_bytes()).unwrap())
}

/// A cluster that answers, and watches of it.
pub struct Scene {
    pub fake: Fake,
    pub rows: Arc<Rows>,
    pub returned: Sender<u64>,
    pub cancel: CancellationToken,
    /// The names of all pods that could be seen, after each change.
    pub seen: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Scene {
    /// Pods are watched; `replies` is what the server says about them.
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let scene = Self {
            fake: Fake::new(),
            rows: Arc::new(Rows::new(registry(), || 1_767_225_600_000)),
            returned: Sender::new(0),
            cancel: CancellationToken::new(),
            seen: Arc::default(),
        };
        scene.rows.answered(&main());
        scene.rows.watches(&main(), vec![POD]);
        scene.fake.script("pods", replies);
        let (rows, seen) = (scene.rows.clone(), scene.seen.clone());
        tokio::spawn(async move {
            let mut changes = rows.changes();
            while changes.changed().await.is_ok() {
                seen.lock().push(names(&rows));
            }
        });
        let api = Api::<objects::Pod>::all(scene.fake.client());
        tokio::spawn(scene.watch(POD).follow(api, watcher::Config::default()));
        scene
    }

    pub fn watch(&self, id: WatchId) -> Watch {
        Watch {
            rows: self.rows.clone(),
            cluster: main(),
            id,
            returned: self.returned.subscribe(),
            cancel: self.cancel.clone(),
            complaints: Complaints::default(),
        }
    }

    pub fn source(&self) -> SourceView {
        self.rows.seen_by(&Grants::everything()).chrome().sources.remove(0)
    }

    pub fn is_live(&self) -> bool {
        matches!(self.source().freshness, Freshness::Live(_))
    }

    /// Waits until the pods are these and all is live; the time this took.
    pub async fn live_with(&self, wanted: &[&str]) -> Duration {
        let started = Instant::now();
        let mut changes = self.rows.changes();
        let done = async {
            while !self.is_live() || names(&self.rows) != wanted {
                changes.changed().await.unwrap();
            }
        };
        if timeout(300 * SECOND, done).await.is_err() {
            panic!("{:?} {:?} {:#?}", names(&self.rows), self.source(), self.fake.asked("pods"));
        }
        started.elapsed()
    }

    /// Whether at no time fewer pods could be seen than `fewest`, once there were so many.
    pub fn never_fewer_than(&self, fewest: usize) -> bool {
        let seen = self.seen.lock();
        seen.iter().skip_while(|names| names.len() < fewest).all(|names| names.len() >= fewest)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

pub fn main() -> ClusterId {
    ClusterId::new("main").unwrap()
}

pub fn names(rows: &Rows) -> Vec<String> {
    let query = PodQuery { sort: Sort { column: PodColumn::Name, descending: false }, ..PodQuery::default() };
    match rows.seen_by(&Grants::everything()).page(&Topic::Pods(query)) {
        Page::Pods(view) => view.rows.iter().map(|row| row.name.to_string()).collect(),
        other => panic!("{other:?}"),
    }
}

pub fn stream(parts: impl IntoIterator<Item = Vec<Piece>>) -> Reply {
    Reply::Stream(parts.into_iter().flatten().collect())
}

pub fn gaps(times: &[Duration]) -> Vec<Duration> {
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}
