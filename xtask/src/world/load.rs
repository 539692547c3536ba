//! Load that comes and goes, so that autoscalers have something to do.

use std::{f64::consts::TAU, time::Duration};

use anyhow::{Context, Result};
use jiff::Timestamp;
use k8s_openapi::{
    api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscaler, core::v1::Pod},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Client,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::json;

use super::random::Random;

/// How often pinned loads are looked at.
const BEAT: Duration = Duration::from_secs(5);
/// How many beats there are to one in which all other loads move.
const SLOW: u64 = 3;
/// Annotation of an autoscaler that pins its load: to so many times the usual one.
pub const PIN: &str = "sim.kwok.dev/load";
/// A quiet and a busy time together.
const PERIOD_SECONDS: f64 = 600.0;
/// Where the simulated kubelets read what a pod uses.
const USAGE: &str = "kwok.x-k8s.io/usage-cpu";

/// Moves the load of everything that has an autoscaler, for ever.
pub async fn run(client: Client) -> Result<()> {
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    for count in 0_u64.. {
        beat.tick().await;
        if let Err(error) = round(&client, Timestamp::now(), count % SLOW == 0).await {
            eprintln!("world: load: {error:#}");
        }
    }
    Ok(())
}

/// Moves pinned loads, and all others where `all_move`.
async fn round(client: &Client, now: Timestamp, all_move: bool) -> Result<()> {
    let all: Api<HorizontalPodAutoscaler> = Api::all(client.clone());
    for autoscaler in all.list(&ListParams::default()).await.context("listing autoscalers")? {
        let pinned = pinned(&autoscaler.metadata);
        if pinned.is_none() && !all_move {
            continue;
        }
        let namespace = autoscaler.metadata.namespace.unwrap_or_default();
        let Some(spec) = autoscaler.spec else { continue };
        let deployments: Api<Deployment> = Api::namespaced(client.clone(), &namespace);
        let Some(deployment) = deployments.get_opt(&spec.scale_target_ref.name).await.context("reading a target")?
        else {
            continue;
        };
        let template = deployment.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref());
        let Some(base) = template.and_then(millicores) else { continue };
        let minimum = f64::from(spec.min_replicas.unwrap_or(1));
        let phase = Random::of(&format!("{namespace}/{}", spec.scale_target_ref.name)).below(1000);
        let total = f64::from(base) * minimum * pinned.unwrap_or_else(|| factor(now.as_second(), phase));
        share_out(client, &namespace, &deployment, total).await?;
    }
    Ok(())
}

/// Gives every ready pod its share of the load.
async fn share_out(client: &Client, namespace: &str, deployment: &Deployment, total: f64) -> Result<()> {
    let labels = deployment.spec.as_ref().and_then(|spec| spec.selector.match_labels.clone()).unwrap_or_default();
    let selector: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let pods = api.list(&ListParams::default().labels(&selector.join(","))).await.context("listing pods")?;
    let ready: Vec<_> = pods.into_iter().filter(is_ready).collect();
    let share = share(total, ready.len());
    for pod in ready {
        if millicores(&pod.metadata).is_some_and(|now| !differs(now, share)) {
            continue;
        }
        let name = pod.metadata.name.unwrap_or_default();
        let patch = json!({"metadata": {"annotations": {USAGE: format!("{share}m")}}});
        match api.patch_metadata(&name, &PatchParams::default(), &Patch::Merge(&patch)).await {
            Ok(_) => {}
            // It was deleted in between.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error).context("moving the load of a pod"),
        }
    }
    Ok(())
}

/// From half to more than twice the usual load, each target at another time.
fn factor(second: i64, phase: u64) -> f64 {
    // Both numbers are far below 2^52, where every whole number has a float of its own.
    let turn = (second.rem_euclid(PERIOD_SECONDS as i64) as f64) / PERIOD_SECONDS + phase as f64 / 1000.0;
    1.45 + 0.95 * (turn * TAU).sin()
}

/// To how many times the usual load somebody pinned it.
fn pinned(metadata: &ObjectMeta) -> Option<f64> {
    metadata.annotations.as_ref()?.get(PIN)?.parse().ok().filter(|factor| (0.0..=100.0).contains(factor))
}

fn share(total: f64, pods: usize) -> u32 {
    (total / pods.max(1) as f64).round().clamp(1.0, 64_000.0) as u32
}

/// Small movements are not worth a write.
fn differs(now: u32, wanted: u32) -> bool {
    now.abs_diff(wanted) * 20 > now
}

fn millicores(metadata: &ObjectMeta) -> Option<u32> {
    let text = metadata.annotations.as_ref()?.get(USAGE)?;
    match text.strip_suffix('m') {
        Some(number) => number.parse().ok(),
        None => text.parse::<u32>().ok().map(|cores| cores * 1000),
    }
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    pod.metadata.deletion_timestamp.is_none()
        && conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_stays_between_half_and_two_and_a_half() {
        for second in 0..1200 {
            let factor = factor(second, 250);
            assert!((0.49..2.41).contains(&factor), "{second}: {factor}");
        }
        assert!(factor(0, 250) > 2.3 && factor(300, 250) < 0.6, "it really moves");
    }

    #[test]
    fn a_load_is_pinned_by_a_sensible_number() {
        for (text, expected) in [("2.4", Some(2.4)), ("0", Some(0.0)), ("-1", None), ("NaN", None), ("much", None)] {
            let annotations = Some([(PIN.to_owned(), text.to_owned())].into());
            assert_eq!(pinned(&ObjectMeta { annotations, ..ObjectMeta::default() }), expected, "{text}");
        }
        assert_eq!(pinned(&ObjectMeta::default()), None);
    }

    #[test]
    fn the_load_is_shared_and_small_changes_are_left_alone() {
        assert_eq!(share(900.0, 3), 300);
        assert_eq!(share(900.0, 0), 900);
        for (now, wanted, expected) in [(300, 305, false), (300, 330, true), (300, 200, true), (0, 10, true)] {
            assert_eq!(differs(now, wanted), expected, "{now} {wanted}");
        }
    }
}
