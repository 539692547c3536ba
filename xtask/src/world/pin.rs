//! Pins the load of what an autoscaler scales, so that one sees it work when one wants to.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::load::PIN;
use crate::cluster::{Cluster, client};

/// How much load there is: as many times the usual one of the fewest pods.
pub fn parse_factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (0.0..=100.0).contains(&factor) => Ok(factor),
        _ => Err("write a number from 0 to 100, like 2.4".to_owned()),
    }
}

/// A time: `120s`, `2m`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match (text.strip_suffix('s'), text.strip_suffix('m')) {
        (Some(number), _) => (number, 1),
        (None, Some(number)) => (number, 60),
        (None, None) => (text, 1),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    seconds.map(Duration::from_secs).ok_or_else(|| "write a time like 120s or 2m".to_owned())
}

/// Pins the load of an autoscaler's target, or lets it go where `factor` is `None`; with a time, lets it go after that.
pub async fn pin(clusters: &[Cluster], path: &str, factor: Option<f64>, time: Option<Duration>) -> Result<()> {
    let parts: Vec<&str> = path.split('/').collect();
    let (wanted, namespace, name) = match parts[..] {
        [namespace, name] => (None, namespace, name),
        [cluster, namespace, name] => (Some(cluster), namespace, name),
        _ => bail!("name an autoscaler as namespace/name or cluster/namespace/name"),
    };
    for cluster in clusters.iter().filter(|cluster| wanted.is_none_or(|wanted| cluster.name == wanted)) {
        let api: Api<HorizontalPodAutoscaler> = Api::namespaced(client(cluster).await?, namespace);
        if api.get_opt(name).await.with_context(|| format!("reading the autoscaler {path}"))?.is_none() {
            continue;
        }
        annotate(&api, name, factor).await?;
        match factor {
            Some(factor) => println!("{}: the load of {namespace}/{name} is {factor} times the usual", cluster.name),
            None => println!("{}: the load of {namespace}/{name} comes and goes again", cluster.name),
        }
        if let (Some(time), Some(_)) = (time, factor) {
            tokio::time::sleep(time).await;
            annotate(&api, name, None).await?;
            println!("{}: the load of {namespace}/{name} comes and goes again", cluster.name);
        }
        return Ok(());
    }
    bail!("there is no autoscaler {path}")
}

async fn annotate(api: &Api<HorizontalPodAutoscaler>, name: &str, factor: Option<f64>) -> Result<()> {
    let patch = json!({"metadata": {"annotations": {PIN: factor.map(|factor| factor.to_string())}}});
    api.patch_metadata(name, &PatchParams::default(), &Patch::Merge(&patch)).await.context("pinning the load")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_and_times_are_read_and_nonsense_is_not() {
        assert_eq!(parse_factor("2.4"), Ok(2.4));
        for text in ["", "-1", "101", "NaN", "much"] {
            assert!(parse_factor(text).is_err(), "{text}");
        }
        for (text, seconds) in [("120s", 120), ("2m", 120), ("7", 7)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert!(parse_duration("1h").is_err() && parse_duration("").is_err());
    }
}
