//! How many replicas the metrics ask for.

use crate::facts::{AutoscalerFacts, Measure, MetricFacts};
use crate::quantity::Quantity;

/// How far a metric may be from its target before anything is done, as a share of it.
const TOLERANCE: f64 = 0.1;

/// A metric that is known: where it is, and where it should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load<'a> {
    /// Which.
    pub metric: &'a MetricFacts,
    /// What is, as a share of what should be.
    pub ratio: f64,
}

impl Load<'_> {
    /// In percent of the target.
    pub fn percent(self) -> u32 {
        // The cast clamps.
        (self.ratio * 100.0).round() as u32
    }
}

/// The busiest metric.
pub fn load(facts: &AutoscalerFacts) -> Option<Load<'_>> {
    let known = facts.metrics.iter().filter_map(|metric| Some(Load { metric, ratio: ratio(metric)? }));
    known.max_by(|a, b| a.ratio.total_cmp(&b.ratio))
}

/// How many replicas the metrics ask for: the most that one of them does.
pub(super) fn asked(facts: &AutoscalerFacts, ready: Option<u32>) -> Option<u32> {
    let ready = ready.unwrap_or(facts.current).min(facts.current);
    let (down, up) = facts.behavior.as_ref().map_or((TOLERANCE, TOLERANCE), |behavior| {
        (tolerance(behavior.down.tolerance.as_ref()), tolerance(behavior.up.tolerance.as_ref()))
    });
    let is_near = |ratio: f64| (1.0 - down..=1.0 + up).contains(&ratio);
    let of = |metric: &MetricFacts| {
        let (ratio, current) = (ratio(metric)?, facts.current);
        let ready = if metric.at_pods { ready } else { current };
        Some(if ratio > 1.0 && ready < current {
            // Those that are not ready count as if they did nothing, and may only lessen what is asked for.
            let ratio = ratio * f64::from(ready) / f64::from(current.max(1));
            if ratio < 1.0 || is_near(ratio) { current } else { times(ratio, current).max(current) }
        } else if is_near(ratio) {
            current
        } else {
            times(ratio, ready)
        })
    };
    facts.metrics.iter().filter_map(of).max()
}

/// What is, as a share of what should be.
fn ratio(metric: &MetricFacts) -> Option<f64> {
    let (current, target) = match (metric.current.as_ref()?, &metric.target) {
        (Measure::Utilization(current), Measure::Utilization(target)) => (f64::from(*current), f64::from(*target)),
        (Measure::Average(current), Measure::Average(target)) | (Measure::Value(current), Measure::Value(target)) => {
            (current.milli() as f64, target.milli() as f64)
        }
        (Measure::Utilization(_) | Measure::Average(_) | Measure::Value(_), _) => return None,
    };
    (target > 0.0 && current >= 0.0).then(|| current / target)
}

fn times(ratio: f64, pods: u32) -> u32 {
    // As the controller reckons, which is not quite the same with whole numbers. The cast clamps.
    (ratio * f64::from(pods)).ceil() as u32
}

fn tolerance(declared: Option<&Quantity>) -> f64 {
    declared.map_or(TOLERANCE, |share| share.milli() as f64 / 1000.0)
}
