//! What a Prometheus has of environments: asked every half minute, and held as long as it is current.

use std::sync::Arc;
use std::time::Duration;

use domain::measured::{self, Answered, Measured};
use domain::registry::Registry;
use domain::registry::checks::{Credential, Figures};
use futures::StreamExt as _;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Checks;
use super::ask::{Means, flat, timed};
use crate::clock;

/// Time between two rounds. Prometheus scrapes about as often.
const EVERY: Duration = Duration::from_secs(30);
/// The most environments that are asked about at once.
const MOST_AT_ONCE: usize = 4;

impl Checks {
    /// Asks for the figures of all environments that have some, until cancelled.
    pub async fn run_figures(self: Arc<Self>, mut registry: watch::Receiver<Arc<Registry>>, cancel: CancellationToken) {
        let mut rounds = interval(EVERY);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                changed = registry.changed() => if changed.is_err() { return },
                _ = rounds.tick() => {}
            }
            let current = registry.borrow_and_update().clone();
            tokio::select! {
                () = cancel.cancelled() => return,
                () = self.round_of_figures(&current) => {}
            }
        }
    }

    async fn round_of_figures(&self, registry: &Registry) {
        let wanted = registry.environments().filter_map(|(system, environment)| {
            Some((system.environment_id(environment), environment.checks.figures.as_ref()?))
        });
        futures::stream::iter(wanted)
            .for_each_concurrent(MOST_AT_ONCE, |(id, figures)| async move {
                let measured = self.means.figures(figures).await;
                self.means.rows.check_board().put_figures(&id, measured, clock::now_ms());
                self.means.rows.poke();
            })
            .await;
    }
}

impl Means {
    /// Asks for each figure that is declared. What is not known is left out, and one reason for it is told.
    async fn figures(&self, declared: &Figures) -> Measured {
        let ask = |query: Option<&String>| {
            let query = query.cloned();
            async move { Some(flat(timed(self.query(&declared.url, &query?, declared.token())).await.0)) }
        };
        let (errors, p95, volumes): (Option<Answered>, Option<Answered>, Option<Answered>) = tokio::join!(
            ask(declared.error_percent.as_ref()),
            ask(declared.p95_milliseconds.as_ref()),
            ask(declared.volume_free_percent.as_ref())
        );
        let mut trouble = None;
        let mut number = |answer: Option<Answered>| {
            let known = measured::number(&answer?);
            known.map_err(|why| trouble.get_or_insert(why).clone()).ok().flatten()
        };
        let (error_percent, p95_ms) = (number(errors), number(p95));
        let volumes = volumes
            .and_then(|answer| measured::volumes(&answer).map_err(|why| trouble.get_or_insert(why).clone()).ok());
        Measured { error_percent, p95_ms, volumes, trouble: trouble.map(Arc::from) }
    }

    /// An instant query of a Prometheus.
    pub(super) async fn query(&self, url: &str, query: &str, token: Option<Credential<'_>>) -> Answered {
        let token = super::secret::read(&self.own, token).await?;
        let mut url = super::ask::parsed(&[url.trim_end_matches('/'), "/api/v1/query"].concat())?;
        url.query_pairs_mut().append_pair("query", query);
        let (status, body) = super::http::get(&self.reach, &url, token.as_deref()).await?;
        Ok((status, serde_json::from_slice(&body).ok()))
    }
}
