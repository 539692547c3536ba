//! What one component must fulfil.

use super::{Problems, Seen};
use crate::name::WorkloadKind;
use crate::registry::{AutoscaledReplicas, Bounds, Component, Count, DisruptionBudget, Environment, Replicas};

pub(super) fn check(component: &Component, environment: &Environment, path: &str, problems: &mut Problems) {
    replicas(component, &format!("{path}.replicas"), problems);
    if let Some(resources) = &component.resources {
        let path = format!("{path}.resources");
        for (name, bounds) in [("cpu", &resources.cpu), ("memory", &resources.memory)] {
            if let Some(bounds) = bounds {
                check_bounds(bounds, &format!("{path}.{name}"), problems);
            }
        }
    }
    if let Some(storage) = &component.storage {
        let path = format!("{path}.storage");
        match component.kind {
            WorkloadKind::StatefulSet if storage.milli() <= 0 => {
                problems.add(&path, format!("{storage} is no storage: write an amount above 0, or leave it out"));
            }
            WorkloadKind::StatefulSet => {}
            WorkloadKind::Deployment | WorkloadKind::DaemonSet => {
                let message =
                    "only a StatefulSet claims storage for each replica: leave it out, or write kind StatefulSet";
                problems.add(&path, message);
            }
        }
    }
    if let Some(trouble) = component.image.as_deref().and_then(image_trouble) {
        problems.add(&format!("{path}.image"), trouble);
    }
    if let Some(budget) = &component.disruption_budget {
        disruption_budget(budget, component.kind, &format!("{path}.disruptionBudget"), problems);
    }
    if let Some(backup) = &component.backup {
        for (name, given) in [
            ("maxAgeHours", backup.max_age_hours),
            ("rpoMinutes", backup.rpo_minutes),
            ("rtoMinutes", backup.rto_minutes),
        ] {
            if given == Some(0) {
                problems.add(&format!("{path}.backup.{name}"), "no backup keeps 0: write at least 1, or leave it out");
            }
        }
    }
    let mut reads = Seen::default();
    for (index, name) in component.reads.iter().enumerate() {
        let path = format!("{path}.reads[{index}]");
        if reads.again(name, &path).is_some() {
            problems.add(&path, format!("'{name}' is in the list already: write it once"));
        }
        if !environment.config.iter().any(|config| config.config_map == *name) {
            let message = format!(
                "the ConfigMap '{name}' is not watched: declare it under the environment's config, with expect: {{}} when \
                 no value matters"
            );
            problems.add(&path, message);
        }
    }
}

fn replicas(component: &Component, path: &str, problems: &mut Problems) {
    match (component.kind, component.replicas) {
        (WorkloadKind::DaemonSet, None) => {}
        (WorkloadKind::DaemonSet, Some(Replicas::Exactly(_) | Replicas::Autoscaled(_))) => {
            problems.add(path, "a DaemonSet runs once on every node it fits: leave replicas out");
        }
        (WorkloadKind::Deployment | WorkloadKind::StatefulSet, None) => {
            problems.add(path, "nothing says how many should run: write a number, or min and max of its autoscaler");
        }
        // None on purpose.
        (WorkloadKind::Deployment | WorkloadKind::StatefulSet, Some(Replicas::Exactly(_))) => {}
        (WorkloadKind::Deployment | WorkloadKind::StatefulSet, Some(Replicas::Autoscaled(range))) => {
            let AutoscaledReplicas { min, max, cpu, memory, scale_down_seconds } = range;
            for (name, percent) in [("cpu", cpu), ("memory", memory)] {
                if percent == Some(0) {
                    let message = "an HPA cannot keep to 0 %: write a percentage of the request, like 80";
                    problems.add(&format!("{path}.{name}"), message);
                }
            }
            // https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/
            if let Some(seconds) = scale_down_seconds.filter(|seconds| *seconds > 3600) {
                let message = format!("{seconds} s is more than an HPA can look back: write at most 3600");
                problems.add(&format!("{path}.scaleDownSeconds"), message);
            }
            if min == 0 {
                let message =
                    "an autoscaler is switched off at 0: write a min of 1 or more, or the number 0 as replicas";
                problems.add(&format!("{path}.min"), message);
            }
            if max == 0 || max < min {
                let message = format!("max {max} is below min {min}: write a max of at least {}", min.max(1));
                problems.add(&format!("{path}.max"), message);
            }
        }
    }
}

fn disruption_budget(budget: &DisruptionBudget, kind: WorkloadKind, path: &str, problems: &mut Problems) {
    match kind {
        WorkloadKind::DaemonSet => {
            problems.add(path, "a drain ends the pods of a DaemonSet without asking a budget: leave it out");
        }
        WorkloadKind::Deployment | WorkloadKind::StatefulSet => {}
    }
    let (name, count) = match budget {
        DisruptionBudget::MinAvailable(count) => ("minAvailable", count),
        DisruptionBudget::MaxUnavailable(count) => ("maxUnavailable", count),
    };
    let is_fine = match count {
        Count::Pods(_) => true,
        Count::Percent(text) => {
            text.strip_suffix('%').and_then(|number| number.parse::<u32>().ok()).is_some_and(|percent| percent <= 100)
        }
    };
    if !is_fine {
        let message = "it is neither a number of pods nor a share of them: write it like 2, or like \"50%\"";
        problems.add(&format!("{path}.{name}"), message);
    }
}

fn check_bounds(bounds: &Bounds, path: &str, problems: &mut Problems) {
    for (name, amount) in [("request", &bounds.request), ("limit", &bounds.limit)] {
        if let Some(amount) = amount.as_ref().filter(|amount| amount.milli() <= 0) {
            let message = format!("{amount} is nothing: write an amount above 0, or leave it out");
            problems.add(&format!("{path}.{name}"), message);
        }
    }
    if let (Some(request), Some(limit)) = (&bounds.request, &bounds.limit)
        && request.milli() > limit.milli()
    {
        let message =
            format!("the request {request} is above the limit {limit}: Kubernetes refuses that, write it lower");
        problems.add(&format!("{path}.request"), message);
    }
}

fn image_trouble(image: &str) -> Option<String> {
    let last = image.rsplit('/').next().unwrap_or_default();
    if image.trim().is_empty() {
        return Some(
            "it is empty: write the repository, like registry.example.com/fleet-app, or leave it out".to_owned(),
        );
    }
    if image.contains("://") {
        return Some("an image has no scheme: write registry.example.com/fleet-app".to_owned());
    }
    if let Some((repository, _)) = image.split_once('@') {
        return Some(format!("the digest is what changes with each version: write '{repository}'"));
    }
    if let Some((name, _)) = last.split_once(':') {
        let repository = format!("{}{name}", &image[..image.len() - last.len()]);
        return Some(format!("the tag is what changes with each version: write '{repository}'"));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':');
    if !image.chars().all(allowed)
        || image.split('/').any(str::is_empty)
        || last.chars().any(|c| c.is_ascii_uppercase())
    {
        return Some(format!("'{image}' is not a repository: write it like registry.example.com/fleet-app"));
    }
    None
}
