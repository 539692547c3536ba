//! What stands around workloads, as the rules read it.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::facts::around::{
    AroundKind, BudgetFacts, CertificateFacts, ClaimFacts, CronJobFacts, FluxFacts, FluxKind, JobFacts,
    PostgresClusterFacts, SecretFacts,
};
use domain::guard::facts::{LimitRange, Per, Quota};
use domain::quantity::Quantity;
use domain::text::plain;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Project, annotation, conditions, message, quantity, seconds};
use crate::cluster::narrow::Amount;
use crate::cluster::objects::around as objects;
use crate::rows::{Kind, Object, ObservedAround};

/// The most names of a certificate, and labels of a selector, that are kept.
const MOST: usize = 32;

/// Kinds of objects that write a Secret anew by themselves.
const RENEWING: [&str; 5] =
    ["Certificate", "ExternalSecret", "VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret"];

fn around(observed: ObservedAround) -> Option<Object> {
    Some(Object::Around(Box::new(observed)))
}

fn name_of(meta: &ObjectMeta) -> Arc<str> {
    message(meta.name.as_deref().unwrap_or_default())
}

fn some(text: &Option<String>) -> Arc<str> {
    message(text.as_deref().unwrap_or_default())
}

/// All amounts that can be read.
fn amounts(amounts: &BTreeMap<String, Amount>) -> Vec<(Arc<str>, Quantity)> {
    amounts.keys().filter_map(|name| Some((message(name), quantity(amounts, name)?))).collect()
}

impl Project for objects::ResourceQuota {
    const KIND: Kind = Kind::Around(AroundKind::Quota);
    fn object(self) -> Option<Object> {
        let (spec, used) = (&self.spec, &self.status.used);
        let bounds = spec.hard.keys().filter_map(|resource| {
            let used = match used.contains_key(resource) {
                true => quantity(used, resource)?,
                false => "0".parse().ok()?,
            };
            Some((message(resource), used, quantity(&spec.hard, resource)?))
        });
        around(ObservedAround::Quota(Quota {
            name: name_of(&self.metadata),
            bounds: bounds.collect(),
            scoped: !spec.scopes.is_empty() || spec.scope_selector.is_some(),
        }))
    }
}

impl Project for objects::LimitRange {
    const KIND: Kind = Kind::Around(AroundKind::LimitRange);
    fn object(self) -> Option<Object> {
        let items = self.spec.limits.iter().filter_map(|item| {
            let per = match item.kind.as_str() {
                "Container" => Per::Container,
                "Pod" => Per::Pod,
                // Those about claims bound no pod.
                _ => return None,
            };
            Some(LimitRange {
                name: name_of(&self.metadata),
                per,
                default_request: amounts(&item.default_request),
                default_limit: amounts(&item.default),
                most: amounts(&item.max),
                least: amounts(&item.min),
                ratio: amounts(&item.max_limit_request_ratio),
            })
        });
        around(ObservedAround::LimitRange(items.collect()))
    }
}

impl Project for objects::PodDisruptionBudget {
    const KIND: Kind = Kind::Around(AroundKind::Budget);
    fn object(self) -> Option<Object> {
        let written = |amount: Option<&Amount>| match amount? {
            Amount::Text(text) => Some(plain(text, 16).as_ref().into()),
            Amount::Number(number) => Some(number.to_string().into()),
            Amount::Nothing => None,
        };
        let selector = &self.spec.selector;
        let labels = selector.match_labels.iter().map(|(name, value)| (message(name), some(value)));
        let labels = labels.take(MOST);
        around(ObservedAround::Budget(BudgetFacts {
            min_available: written(self.spec.min_available.as_ref()),
            max_unavailable: written(self.spec.max_unavailable.as_ref()),
            labels: labels.collect(),
            has_expressions: !selector.match_expressions.is_empty() || selector.match_labels.len() > MOST,
            allowed: self.status.disruptions_allowed,
            healthy: self.status.current_healthy,
            desired: self.status.desired_healthy,
            expected: self.status.expected_pods,
        }))
    }
}

impl Project for objects::PersistentVolumeClaim {
    const KIND: Kind = Kind::Around(AroundKind::Claim);
    fn object(self) -> Option<Object> {
        around(ObservedAround::Claim(ClaimFacts {
            phase: message(&self.status.phase),
            class: self.spec.storage_class_name.as_deref().map(message),
            asked: quantity(&self.spec.resources.requests, "storage"),
            capacity: quantity(&self.status.capacity, "storage"),
            created: seconds(self.metadata.creation_timestamp.as_ref()),
        }))
    }
}

impl Project for objects::CronJob {
    const KIND: Kind = Kind::Around(AroundKind::CronJob);
    fn object(self) -> Option<Object> {
        around(ObservedAround::CronJob(CronJobFacts {
            schedule: message(&self.spec.schedule),
            suspended: self.spec.suspend,
            last_scheduled: seconds(self.status.last_schedule_time.as_ref()),
            last_success: seconds(self.status.last_successful_time.as_ref()),
            created: seconds(self.metadata.creation_timestamp.as_ref()),
        }))
    }
}

impl Project for objects::Job {
    const KIND: Kind = Kind::Around(AroundKind::Job);
    fn object(self) -> Option<Object> {
        // Others are nobody's backup, and there may be very many.
        let cron_job = super::owner(&self.metadata).filter(|owner| owner.kind == "CronJob")?;
        let turned = conditions(&self.status.conditions);
        let turned = |kind: &str| {
            turned.iter().find(|condition| &*condition.kind == kind && condition.status == Some(true)).cloned()
        };
        let failed = turned("Failed");
        let ended = match seconds(self.status.completion_time.as_ref()) {
            0 => failed.as_ref().map_or(0, |failed| failed.since),
            completed => completed,
        };
        around(ObservedAround::Job(JobFacts {
            cron_job: Some(message(&cron_job.name)),
            started: seconds(self.status.start_time.as_ref()),
            ended,
            failed: failed.map(|failed| (failed.reason, failed.message)),
            complete: turned("Complete").is_some(),
        }))
    }
}

impl Project for objects::Secret {
    const KIND: Kind = Kind::Around(AroundKind::Secret);
    const METADATA_ONLY: bool = true;
    // Kubernetes and Helm make these and throw them away by themselves.
    // <https://kubernetes.io/docs/concepts/configuration/secret/#secret-types>
    const FIELDS: &'static str =
        "type!=kubernetes.io/service-account-token,type!=bootstrap.kubernetes.io/token,type!=helm.sh/release.v1";
    fn object(self) -> Option<Object> {
        let writers = self.metadata.managed_fields.as_deref().unwrap_or_default();
        let written = writers.iter().map(|writer| seconds(writer.time.as_ref())).max().filter(|time| *time > 0);
        around(ObservedAround::Secret(SecretFacts {
            changed: written.unwrap_or_else(|| seconds(self.metadata.creation_timestamp.as_ref())),
            owner: renewer(&self.metadata),
        }))
    }
}

/// What writes a Secret anew by itself, if anything does. cert-manager owns its Secrets only when it is told to, and says in an
/// annotation which Certificate each is of; CloudNativePG renews its certificates and no password.
fn renewer(meta: &ObjectMeta) -> Option<Arc<str>> {
    if let Some(certificate) = annotation(meta, "cert-manager.io/certificate-name") {
        return Some(message(&format!("Certificate {certificate}")));
    }
    let name = meta.name.as_deref().unwrap_or_default();
    let renews = |kind: &str| match kind {
        "Cluster" => ["-ca", "-server", "-replication"].iter().any(|ending| name.ends_with(ending)),
        kind => RENEWING.contains(&kind),
    };
    let owner = meta.owner_references.iter().flatten().find(|owner| renews(&owner.kind))?;
    Some(message(&format!("{} {}", owner.kind, owner.name)))
}

impl Project for objects::Certificate {
    const KIND: Kind = Kind::Around(AroundKind::Certificate);
    fn object(self) -> Option<Object> {
        around(ObservedAround::Certificate(CertificateFacts {
            names: self.spec.dns_names.iter().take(MOST).map(some).collect(),
            not_after: seconds(self.status.not_after.as_ref()),
            renewal: seconds(self.status.renewal_time.as_ref()),
            conditions: conditions(&self.status.conditions),
        }))
    }
}

macro_rules! project_flux {
    ($($type:ident),*) => {$(
        impl Project for objects::$type {
            const KIND: Kind = Kind::Around(AroundKind::Flux(FluxKind::$type));
            fn object(self) -> Option<Object> {
                around(ObservedAround::Flux(FluxKind::$type, flux(&self.spec, &self.status)))
            }
        }
    )*};
}

project_flux!(GitRepository, Kustomization, HelmRelease);

fn flux(spec: &objects::FluxSpec, status: &objects::FluxStatus) -> FluxFacts {
    FluxFacts {
        suspended: spec.suspend,
        interval_s: duration_s(&spec.interval).unwrap_or(0),
        conditions: conditions(&status.conditions),
    }
}

/// Whole seconds of a duration as Go writes it: `1h`, `10m0s`. `None` for what is none.
fn duration_s(text: &str) -> Option<u32> {
    let (mut rest, mut total) = (text, 0u32);
    while !rest.is_empty() {
        let (number, unit) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let end = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        let factor = match &unit[..end] {
            "h" => 3600,
            "m" => 60,
            "s" => 1,
            "ms" | "us" | "µs" | "ns" => 0,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u32>().ok()?.checked_mul(factor)?)?;
        rest = &unit[end..];
    }
    Some(total)
}

impl Project for objects::PostgresCluster {
    const KIND: Kind = Kind::Around(AroundKind::PostgresCluster);
    fn object(self) -> Option<Object> {
        let status = &self.status;
        around(ObservedAround::PostgresCluster(PostgresClusterFacts {
            instances: self.spec.instances,
            ready: status.ready_instances,
            phase: message(&status.phase),
            phase_reason: message(&status.phase_reason),
            primary: message(&status.current_primary),
            target_primary: message(&status.target_primary),
            last_backup: seconds(status.last_successful_backup.as_ref()),
            recoverable_from: seconds(status.first_recoverability_point.as_ref()),
            has_backup: self.spec.backup.is_some(),
            has_plugins: !self.spec.plugins.is_empty(),
            created: seconds(self.metadata.creation_timestamp.as_ref()),
            conditions: conditions(&status.conditions),
        }))
    }
}
