//! A quota that would not hold what the autoscalers may ask for.

use crate::demand::{Asked, Pod, asked};
use crate::drift::Surroundings;
use crate::facts::around::AroundKind;
use crate::guard::facts::LimitRange;
use crate::name::WorkloadKind;
use crate::quantity::Amount;
use crate::text::plain;
use crate::view::{Finding, FindingKind, Look, State};

/// The most workloads that are named.
const MOST_NAMED: usize = 5;

/// The quotas that all pods together go beyond when each autoscaler is at its maximum. What a pod takes that is not known
/// counts as nothing: then there is more of it, never less.
pub(super) fn findings(facts: &Surroundings<'_>) -> Vec<Finding> {
    let is_unseen = [AroundKind::Quota, AroundKind::LimitRange].iter().any(|kind| facts.unseen(*kind).is_some());
    let scales = facts.workloads.iter().any(|workload| workload.autoscaler.is_some());
    if is_unseen || !scales {
        return Vec::new();
    }
    let limits: Vec<LimitRange> = facts.around.limit_ranges.values().flatten().cloned().collect();
    let mut findings = Vec::new();
    for quota in facts.around.quotas.values().filter(|quota| !quota.scoped) {
        let exceeded: Vec<Sum> = quota
            .bounds
            .iter()
            .filter_map(|(resource, _, most)| {
                let sum = Sum::at_maximum(facts, &limits, resource);
                (sum.total > most.milli()).then_some(Sum { most: most.milli(), ..sum })
            })
            .collect();
        // Two bounds can say the same: `cpu` is `requests.cpu`.
        let Some(worst) = exceeded.iter().max_by_key(|sum| sum.total.saturating_mul(100) / sum.most.max(1)) else {
            continue;
        };
        let words: Vec<String> = exceeded.iter().map(Sum::words).collect();
        findings.push(Finding {
            state: State::Degraded,
            kind: FindingKind::Promise,
            title: format!("The quota would not hold the HPA's maximum: {}", words.join(", ")).into(),
            evidence: format!(
                "ResourceQuota {} bounds it, and at the maximum of every HPA it adds up: {}.",
                plain(&quota.name, 80),
                worst.parts()
            )
            .into(),
            advice:
                "Raise the quota or lower the HPA's maximum: beyond the quota no pod is made, when the load is highest."
                    .into(),
            component: None,
            since: 0,
            look: Look::Compare,
            lines: Vec::new(),
        });
    }
    findings
}

/// What all pods of a namespace come to of one resource.
struct Sum {
    resource: String,
    total: i64,
    most: i64,
    /// Workload, pods, thousandths of each; the largest first.
    parts: Vec<(String, u32, i64)>,
}

impl Sum {
    fn at_maximum(facts: &Surroundings<'_>, limits: &[LimitRange], resource: &str) -> Self {
        let mut sum = Self { resource: resource.to_owned(), total: 0, most: 0, parts: Vec::new() };
        for workload in facts.workloads {
            let pod = Pod::of_template(&workload.facts.template, limits);
            let container = workload.facts.container.as_ref();
            let storage = container.and_then(|container| container.storage.as_ref()).map(|storage| storage.milli());
            let each = match asked(&pod, resource, workload.kind, storage) {
                Asked::Each(each) => each,
                Asked::Nothing | Asked::Unset(_) | Asked::NotKnown(_) => 0,
            };
            let count = match workload.kind {
                WorkloadKind::DaemonSet => workload.facts.wanted,
                WorkloadKind::Deployment | WorkloadKind::StatefulSet => workload.most(),
            };
            if each > 0 && count > 0 {
                sum.total = sum.total.saturating_add(each.saturating_mul(i64::from(count)));
                sum.parts.push((plain(workload.name, 63).into_owned(), count, each));
            }
        }
        sum.parts.sort_by_key(|(_, count, each)| std::cmp::Reverse(each.saturating_mul(i64::from(*count))));
        sum
    }

    fn amount(&self, milli: i64) -> Amount<'_> {
        Amount { resource: &self.resource, milli }
    }

    /// `limits 17 of 10 CPU`.
    fn words(&self) -> String {
        let (total, most) = (self.amount(self.total), self.amount(self.most));
        match self.resource.split_once('.') {
            Some((side, "cpu")) => format!("{side} {total} of {most} CPU"),
            Some((side @ ("requests" | "limits"), resource)) => format!("{side} {total} of {most} {resource}"),
            None if self.resource == "cpu" => format!("requests {total} of {most} CPU"),
            None if self.resource == "memory" => format!("requests {total} of {most} memory"),
            Some(_) | None => format!("{total} of {most} {}", plain(&self.resource, 80)),
        }
    }

    /// `postgres-production 3 × 2, super-todo 5 × 1`.
    fn parts(&self) -> String {
        let named = self.parts.iter().take(MOST_NAMED);
        let mut words: Vec<String> =
            named.map(|(name, count, each)| format!("{name} {count} × {}", self.amount(*each))).collect();
        let more = self.parts.len().saturating_sub(MOST_NAMED);
        if more > 0 {
            words.push(format!("and {more} more"));
        }
        words.join(", ")
    }
}
