//! From a HorizontalPodAutoscaler to what the rules read.

use std::sync::Arc;

use domain::facts::{AutoscalerFacts, Behavior, Change, Measure, MetricFacts, Policy, ScalingRules, Select};

use super::{Project, amount, conditions, message, named};
use crate::cluster::narrow::{Amount, Moment as _};
use crate::cluster::objects::{self, CurrentMetric, Metric, MetricName, MetricValue, ReadMetric};
use crate::rows::{Kind, Object};

impl Project for objects::Autoscaler {
    const KIND: Kind = Kind::Autoscaler;
    fn object(self) -> Option<Object> {
        let (spec, status) = (&self.spec, &self.status);
        let target = spec.scale_target_ref.kind.parse().ok();
        let metrics = spec.metrics.iter().enumerate().filter_map(|(place, metric)| {
            let wanted = Wanted::of(metric)?;
            // Of two that are called the same, the first is the first.
            let twins = spec.metrics.iter().take(place).filter_map(Wanted::of);
            let earlier = twins.filter(|twin| twin.source == wanted.source && twin.name == wanted.name).count();
            let read = status.current_metrics.iter().filter_map(|metric| current(metric, wanted.source));
            let mut read = read.filter(|metric| metric.name == *wanted.name);
            wanted.facts(read.nth(earlier).map(|metric| &metric.current))
        });
        Some(Object::Autoscaler(
            Box::new(AutoscalerFacts {
                min: spec.min_replicas.unwrap_or(1),
                max: spec.max_replicas,
                current: status.current_replicas,
                desired: status.desired_replicas,
                metrics: metrics.collect(),
                behavior: spec
                    .behavior
                    .as_ref()
                    .map(|behavior| Behavior { up: rules(&behavior.scale_up), down: rules(&behavior.scale_down) }),
                last_scale: status.last_scale_time.and_then(|time| time.seconds()),
                conditions: conditions(&status.conditions),
            }),
            target.and_then(|kind| Some((kind, named(&spec.scale_target_ref.name)?))),
        ))
    }
}

/// Where a metric comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Resource,
    ContainerResource,
    Pods,
    Object,
    External,
}

/// A metric of the spec.
struct Wanted<'a> {
    source: Source,
    name: &'a MetricName,
    target: &'a MetricValue,
}

impl<'a> Wanted<'a> {
    fn of(metric: &'a Metric) -> Option<Self> {
        let sources = [
            (Source::Resource, &metric.resource),
            (Source::ContainerResource, &metric.container_resource),
            (Source::Pods, &metric.pods),
            (Source::Object, &metric.object),
            (Source::External, &metric.external),
        ];
        let of = |(source, metric): (Source, &'a Option<_>)| Some((source, metric.as_ref()?));
        let (source, objects::WantedMetric { name, target }) = sources.into_iter().find_map(of)?;
        Some(Self { source, name, target })
    }

    /// With what was read of it; `None` for one without a target.
    fn facts(&self, read: Option<&MetricValue>) -> Option<MetricFacts> {
        let target = measure(self.target, |_| true)?;
        let current = read.and_then(|read| {
            measure(read, |measure| std::mem::discriminant(measure) == std::mem::discriminant(&target))
        });
        let at_pods = match self.source {
            Source::Resource | Source::ContainerResource | Source::Pods => true,
            Source::Object | Source::External => false,
        };
        Some(MetricFacts { name: self.words(), at_pods, target, current })
    }

    fn words(&self) -> Arc<str> {
        let resource = || match self.name.name.as_str() {
            "cpu" => "CPU".to_owned(),
            "memory" => "Memory".to_owned(),
            other => other.to_owned(),
        };
        let metric = &self.name.metric.name;
        message(&match self.source {
            Source::Resource => resource(),
            Source::ContainerResource => format!("{} of {}", resource(), self.name.container),
            Source::Pods | Source::External => metric.clone(),
            Source::Object => {
                let object = &self.name.described_object;
                format!("{metric} of {} {}", object.kind, object.name)
            }
        })
    }
}

fn current(metric: &ReadMetric, source: Source) -> Option<&CurrentMetric> {
    match source {
        Source::Resource => metric.resource.as_ref(),
        Source::ContainerResource => metric.container_resource.as_ref(),
        Source::Pods => metric.pods.as_ref(),
        Source::Object => metric.object.as_ref(),
        Source::External => metric.external.as_ref(),
    }
}

/// The first figure that `is_wanted`.
fn measure(value: &MetricValue, is_wanted: impl Fn(&Measure) -> bool) -> Option<Measure> {
    let read = |figure: &Option<Amount>| figure.as_ref().and_then(amount);
    let figures = [
        value.average_utilization.map(Measure::Utilization),
        read(&value.average_value).map(Measure::Average),
        read(&value.value).map(Measure::Value),
    ];
    figures.into_iter().flatten().find(is_wanted)
}

fn rules(rules: &objects::ScalingRules) -> ScalingRules {
    let policy = |policy: &objects::ScalingPolicy| {
        let by = match policy.kind.as_str() {
            "Pods" => Change::Pods(policy.value),
            "Percent" => Change::Percent(policy.value),
            _ => return None,
        };
        Some(Policy { by, period: policy.period_seconds })
    };
    ScalingRules {
        window: rules.stabilization_window_seconds,
        select: match rules.select_policy.as_str() {
            "Min" => Select::Min,
            "Disabled" => Select::Disabled,
            _ => Select::Max,
        },
        policies: rules.policies.iter().filter_map(policy).collect(),
        tolerance: rules.tolerance.as_ref().and_then(amount),
    }
}
