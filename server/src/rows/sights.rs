//! What the rules of alerts see of each environment.

use std::sync::Arc;

use domain::alert::{Checked, Sight};
use domain::check::{CheckKind, Outcome};
use domain::facts::around::{AroundKind, Unseen};
use domain::finding;
use domain::freshness::Freshness;
use domain::measured::Measured;
use domain::name::{EnvironmentId, WorkloadKind};
use domain::registry;
use domain::registry::checks::Figures;

use super::source::Source;
use super::{Kind, Rows, Seen};

/// What rules look at, and may not be readable. What stands around workloads comes after these.
const LOOKED_AT: [Kind; 5] = [
    Kind::Pod,
    Kind::Workload(WorkloadKind::Deployment),
    Kind::Workload(WorkloadKind::StatefulSet),
    Kind::Workload(WorkloadKind::DaemonSet),
    Kind::Autoscaler,
];
/// The same of what stands around workloads: nobody else says on the page of alerts that it is not seen.
const LOOKED_AT_AROUND: [AroundKind; 4] =
    [AroundKind::CronJob, AroundKind::Job, AroundKind::Certificate, AroundKind::PostgresCluster];

/// An environment that rules cannot look at as they should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unjudged {
    /// Which.
    pub id: EnvironmentId,
    /// Why, in sentences.
    pub why: String,
}

impl Rows {
    /// Shows every environment as it is now, with what was declared of it.
    pub fn each_sight(&self, mut look: impl FnMut(&Sight<'_>, &registry::Environment)) {
        let now_ms = (self.clock)();
        let now = now_ms / 1000;
        self.read(|state| {
            for environment in &state.environments {
                let (system, place) = environment.declared;
                let declared = &state.registry.systems[system].environments[place];
                let source = state.sources.iter().find(|(cluster, _)| *cluster == environment.cluster);
                let source = source.map(|(_, source)| source);
                // A right that was lost hides what it was for, here and in `judge.rs`; the rest is judged on.
                let readable = source.map(Source::freshness_of_readable);
                let is_live = environment.listed && matches!(readable, Some(Freshness::Live(_)));
                let may_read_autoscalers =
                    source.is_some_and(|source| !source.may_not_read(Kind::Autoscaler, &declared.namespace));
                let autoscalers = may_read_autoscalers.then(|| {
                    let known = environment.autoscalers.iter();
                    known.map(|(name, autoscaler)| (Arc::clone(name), &autoscaler.facts)).collect()
                });
                let sight = Sight {
                    head: &environment.head,
                    is_live,
                    cells: environment.cells().collect(),
                    autoscalers,
                    findings: state.findings(environment, now_ms, |_| true),
                    around: Some(&environment.around),
                    hidden_backups: finding::hidden_backups(&environment.id, declared, &environment.around),
                    database: self.database(&environment.id),
                    measured: asked_for(self.board.figures(&environment.id, now_ms), declared.checks.figures.as_ref()),
                    now,
                };
                look(&sight, declared);
            }
        });
    }

    /// Whether anything of any cluster can be judged here now; also where no cluster is registered, and nothing can be hidden.
    pub fn sees_any_cluster(&self) -> bool {
        self.read(|state| {
            let mut sources = state.sources.iter();
            state.sources.is_empty() || sources.any(|(_, source)| source.freshness_of_readable().is_live())
        })
    }

    /// What the database of an environment answered last; `None` where nobody asks it, or the check says nothing, or nothing current.
    fn database(&self, environment: &EnvironmentId) -> Option<Checked> {
        let result = self.board.latest(environment).into_iter().find(|result| result.kind == CheckKind::Postgres)?;
        if !result.is_current((self.clock)().saturating_mul(1000)) {
            return None;
        }
        let failed = match result.outcome {
            // What nobody asks any more does not fail any more either.
            Outcome::Ok | Outcome::Warning | Outcome::NotConfigured => false,
            Outcome::Failed => true,
            Outcome::Unknown => return None,
        };
        // When it began to fail is not known, only when it was asked: the alert counts from then on by itself.
        Some(Checked { failed, sentence: result.sentence, since: 0 })
    }
}

impl Seen<'_> {
    /// The environments that rules cannot look at as they should, of those that may be seen.
    pub fn unjudged(&self) -> Vec<Unjudged> {
        self.rows.read(|state| {
            let seen = state.environments.iter().filter(|environment| self.sees(&environment.id));
            let unjudged = seen.filter_map(|environment| {
                let (system, place) = environment.declared;
                let declared = &state.registry.systems[system].environments[place];
                let cluster = &environment.cluster;
                let source = state.sources.iter().find(|(known, _)| known == cluster).map(|(_, source)| source);
                let source = source.filter(|_| environment.listed);
                let why = match source.map_or(Freshness::Never, Source::freshness_of_readable) {
                    Freshness::Live(_) => not_readable(source?, environment.around.unseen.iter(), declared)?,
                    Freshness::Never => format!("Nothing is judged: the cluster {cluster} was not read yet."),
                    Freshness::Stale(_) => {
                        let trouble = source.map(|source| source.view(cluster, "").trouble).unwrap_or_default();
                        let colon = if trouble.is_empty() { "" } else { ": " };
                        format!("Nothing is judged: what is known of the cluster {cluster} is not the present{colon}{trouble}")
                    }
                };
                Some(Unjudged { id: environment.id.clone(), why })
            });
            unjudged.collect()
        })
    }
}

/// What of an environment may not be read, in sentences.
fn not_readable<'a>(
    source: &Source,
    unseen: impl Iterator<Item = (&'a AroundKind, &'a Unseen)>,
    declared: &registry::Environment,
) -> Option<String> {
    let is_used = |kind: &Kind| match kind {
        Kind::Workload(kind) => declared.components.iter().any(|component| component.kind == *kind),
        Kind::Pod
        | Kind::ReplicaSet
        | Kind::ControllerRevision
        | Kind::Autoscaler
        | Kind::ConfigMap
        | Kind::Event
        | Kind::Node
        | Kind::Around(_) => true,
    };
    let forbidden = LOOKED_AT.into_iter().filter(is_used);
    let forbidden = forbidden.filter(|kind| source.may_not_read(*kind, &declared.namespace));
    let around = unseen.filter(|(kind, why)| LOOKED_AT_AROUND.contains(kind) && **why == Unseen::Forbidden);
    let names: Vec<&str> = forbidden.chain(around.map(|(kind, _)| Kind::Around(*kind))).map(Kind::resource).collect();
    let names = names.join(", ");
    let namespace = &declared.namespace;
    (!names.is_empty()).then(|| {
        format!(
            "What depends on {names} is not judged: Quarterdeck may not list and watch them in namespace {namespace}."
        )
    })
}

/// What is measured, and nothing bad of what nobody asks for (any more): an alert about it would never be over.
fn asked_for(measured: Measured, declared: Option<&Figures>) -> Measured {
    let is_asked = |query: fn(&Figures) -> &Option<String>| declared.is_some_and(|figures| query(figures).is_some());
    let Measured { error_percent, p95_ms, volumes, trouble } = measured;
    Measured {
        error_percent: if is_asked(|figures| &figures.error_percent) { error_percent } else { Some(0.0) },
        p95_ms: if is_asked(|figures| &figures.p95_milliseconds) { p95_ms } else { Some(0.0) },
        volumes: if is_asked(|figures| &figures.volume_free_percent) { volumes } else { Some(Vec::new()) },
        trouble,
    }
}
