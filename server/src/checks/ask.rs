//! One run of one check: what comes back is put before the rule that judges it.

use std::sync::Arc;
use std::time::Duration;

use domain::check::postgres::NoAnswer;
use domain::check::services::Read;
use domain::check::trouble::Trouble;
use domain::check::{CheckKind, Verdict, cluster, health, pods, postgres, redis, services, telemetry};
use domain::name::EnvironmentId;
use domain::registry::Environment;
use domain::registry::checks::{HealthCheck, TelemetryCheck};
use tokio::time::{Instant, timeout};
use url::Url;

use super::http;
use super::secret::OwnFiles;
use super::wire::Reach;
use crate::clock;
use crate::cluster::Clusters;
use crate::rows::Rows;

/// How long an answer may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What checks ask with.
pub struct Means {
    /// What is held of the clusters.
    pub rows: Arc<Rows>,
    /// The connections to them.
    pub clusters: Arc<Clusters>,
    /// Whom the network is asked for.
    pub reach: Reach,
    /// What is read as no credential.
    pub own: OwnFiles,
}

impl Means {
    /// Runs a check. Also says how long the answer took, where somebody was asked.
    pub async fn ask(&self, kind: CheckKind, id: &EnvironmentId, declared: &Environment) -> (Verdict, Option<u32>) {
        let checks = &declared.checks;
        match kind {
            CheckKind::Cluster => (self.cluster(id, declared), None),
            CheckKind::Pods => (self.pods(id), None),
            CheckKind::Services => {
                let (read, took) = timed(self.services(declared)).await;
                let read = read.unwrap_or_else(Read::Trouble);
                (services::judge(checks.services.as_deref(), declared.namespace.as_str(), &read), Some(took))
            }
            CheckKind::Health => match &checks.health {
                Some(check) => {
                    let (answer, took) = timed(self.health(check)).await;
                    let expected = health::expected(declared, check, |name| self.tag_of(id, name));
                    (health::judge(&flat(answer), &expected, clock::now_ms() / 1000), Some(took))
                }
                None => (Verdict::not_configured("health"), None),
            },
            CheckKind::Postgres => {
                let held = self.rows.held(id).and_then(|held| held.postgres_cluster);
                let cluster = held.as_ref().map(|(name, facts)| (&**name, facts.as_ref()));
                match &checks.postgres {
                    Some(check) => {
                        let (answer, took) = timed(super::postgres::ask(&self.reach, &self.own, check)).await;
                        let answer = answer.unwrap_or_else(|slow| Err(NoAnswer::Trouble(slow)));
                        (postgres::judge(Some(&answer), cluster, clock::now_ms() / 1000), Some(took))
                    }
                    None => (postgres::judge(None, cluster, 0), None),
                }
            }
            CheckKind::Redis => match &checks.redis {
                Some(check) => {
                    let (reply, took) = timed(super::redis::ping(&self.reach, &self.own, check)).await;
                    (redis::judge(&flat(reply)), Some(took))
                }
                None => (Verdict::not_configured("redis"), None),
            },
            CheckKind::Telemetry => match &checks.telemetry {
                Some(TelemetryCheck::Prometheus(check)) => {
                    let (answer, took) = timed(self.query(&check.url, &check.query, check.token())).await;
                    (telemetry::judge_prometheus(&flat(answer)), Some(took))
                }
                Some(TelemetryCheck::Http(check)) => {
                    let (answer, took) = timed(async {
                        let (status, _) = http::get(&self.reach, &parsed(&check.url)?, None).await?;
                        Ok(status)
                    })
                    .await;
                    (telemetry::judge_http(&flat(answer)), Some(took))
                }
                None => (Verdict::not_configured("telemetry"), None),
            },
        }
    }

    fn cluster(&self, id: &EnvironmentId, declared: &Environment) -> Verdict {
        match self.rows.held(id) {
            Some(held) => {
                let (name, right) = (declared.cluster.as_str(), held.lost_right.as_deref());
                cluster::judge(name, held.readable, right, &held.trouble, clock::now_ms())
            }
            None => cluster::judge(declared.cluster.as_str(), domain::freshness::Freshness::Never, None, "", 0),
        }
    }

    fn pods(&self, id: &EnvironmentId) -> Verdict {
        match self.rows.held(id) {
            Some(held) => pods::judge(held.readable, &held.cells),
            None => pods::judge(domain::freshness::Freshness::Never, &[]),
        }
    }

    async fn services(&self, declared: &Environment) -> Read {
        match self.clusters.reader(&declared.cluster).await {
            Ok(client) => super::services::read(client, &declared.namespace).await,
            Err(_) => Read::Trouble(Trouble::Connection("there is no way to the cluster".into())),
        }
    }

    async fn health(&self, check: &HealthCheck) -> Result<health::Answer, Trouble> {
        let (status, body) = http::get(&self.reach, &parsed(&check.url)?, None).await?;
        Ok(health::Answer { status, body: serde_json::from_slice(&body).ok() })
    }

    /// The tag that a component runs; empty where it is not known, or another one is on its way.
    fn tag_of(&self, id: &EnvironmentId, name: &str) -> String {
        let held = self.rows.held(id).filter(|held| held.readable.is_live());
        let cells = held.map_or_else(Vec::new, |held| held.cells);
        let cell = cells.iter().find(|cell| cell.id.name.as_str() == name && cell.next.is_none());
        cell.map_or_else(String::new, |cell| cell.tag.to_string())
    }
}

/// Waits for an answer, for so long, and says how long it took in milliseconds.
pub(super) async fn timed<T>(answer: impl Future<Output = T>) -> (Result<T, Trouble>, u32) {
    let start = Instant::now();
    let answer = timeout(PATIENCE, answer).await.map_err(|_| Trouble::Slow(PATIENCE.as_secs()));
    (answer, u32::try_from(start.elapsed().as_millis()).unwrap_or(u32::MAX))
}

pub(super) fn flat<T>(answer: Result<Result<T, Trouble>, Trouble>) -> Result<T, Trouble> {
    answer.and_then(|answer| answer)
}

/// An address of the registry: validated for its form, and still read by the parser that the request is made with.
pub(super) fn parsed(url: &str) -> Result<Url, Trouble> {
    Url::parse(url).map_err(|_| Trouble::Unresolved)
}
