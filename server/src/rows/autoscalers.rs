//! Autoscalers: what is held of one, its last hour, and its card.

use std::collections::HashMap;
use std::sync::Arc;

use domain::autoscaler::{Drawing, Sample, conditions, draw, figure, next, slot, target};
use domain::facts::AutoscalerFacts;
use domain::freshness::Freshness;
use domain::name::{ClusterId, Namespace, ObjectName, WorkloadKind};
use domain::view::{AutoscalerChart, AutoscalerView, State as Health};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::environment::{Environment, Events};
use super::source::Source;
use super::{Kind, Rows, State};
use crate::store::AutoscalerPlace;

/// Seconds of samples that are held. The database has a day of them.
const HELD: i64 = 3600;
/// Seconds after which a time is told with its day.
const TODAY: i64 = 20 * 3600;
/// The most changes of size that are marked in a chart.
const MOST_SCALINGS: usize = 20;
/// What the controller calls the event of one.
const SCALED: &str = "SuccessfulRescale";

/// Samples that were kept of autoscalers that were not seen again yet.
pub type Past = HashMap<(ClusterId, Namespace), HashMap<Arc<str>, Vec<Sample>>>;

/// An autoscaler and its last hour.
pub struct Autoscaler {
    /// What was seen.
    pub facts: AutoscalerFacts,
    /// The workload it scales.
    pub target: Option<(WorkloadKind, Arc<str>)>,
    /// Oldest first.
    samples: Vec<Sample>,
    drawing: Option<Drawing>,
}

/// What its card is written with.
pub struct Around<'a> {
    /// Times of its environment.
    pub clock: Clock,
    /// Events of its environment.
    pub events: &'a Events,
    /// How many pods of its target are ready, where that is known.
    pub ready: Option<u32>,
    /// Why it cannot be read, if it cannot.
    pub missing: Option<&'a Arc<str>>,
    /// Whether it is as it is said to be.
    pub freshness: Freshness,
}

impl Autoscaler {
    /// One that was just seen, with what was kept of it.
    pub fn new(facts: AutoscalerFacts, target: Option<(WorkloadKind, Arc<str>)>, samples: Vec<Sample>) -> Self {
        let drawing = draw(&samples);
        Self { facts, target, samples, drawing }
    }

    /// Takes a sample, if it is time for one. `now` is seconds since 1970.
    fn sample(&mut self, ready: Option<u32>, now: i64) {
        if self.samples.last().is_some_and(|last| last.at >= slot(now)) {
            return;
        }
        self.samples.push(Sample::of(&self.facts, ready, now));
        self.samples.retain(|sample| now - sample.at <= HELD);
        self.drawing = draw(&self.samples);
    }

    /// Its card: as it is, or as it was when it could be read.
    pub fn view(&self, name: &Arc<str>, around: &Around<'_>) -> AutoscalerView {
        let (facts, clock) = (&self.facts, &around.clock);
        let (state, sentence) = match (around.missing, around.freshness) {
            (Some(missing), _) => (Health::Unknown, format!("This is how it was last seen. {missing}")),
            (None, Freshness::Never | Freshness::Stale(_)) => {
                (Health::Unknown, "What it does next is not known: nothing current comes from the cluster.".to_owned())
            }
            (None, Freshness::Live(_)) => {
                let next = next(facts, &self.samples, around.ready, clock.now);
                (next.state(), next.sentence(facts, |at| clock.tell(at), clock.now))
            }
        };
        let scalings = self.drawing.as_ref().map_or_else(Vec::new, |drawing| scalings(name, drawing, around));
        AutoscalerView {
            name: name.clone(),
            target: self.target.as_ref().map_or_else(|| name.clone(), |(_, target)| target.clone()),
            min: facts.min,
            max: facts.max,
            current: facts.current,
            desired: facts.desired,
            state,
            next: sentence.into(),
            metrics: facts
                .metrics
                .iter()
                .map(|metric| {
                    let known = metric.current.as_ref().map(figure);
                    let known = known.map_or_else(|| "not known".into(), Arc::from);
                    (metric.name.clone(), known, target(&metric.target).into())
                })
                .collect(),
            conditions: conditions(&facts.conditions, |at| clock.tell(at)).into_iter().map(Arc::from).collect(),
            chart: self.drawing.as_ref().map(|drawing| Box::new(chart(drawing, scalings.len(), clock))),
            scalings,
        }
    }
}

/// Changes of its size, newest first: where they are in the chart, when, and why.
fn scalings(name: &str, drawing: &Drawing, around: &Around<'_>) -> Vec<(u32, Arc<str>)> {
    let of_it = around.events.newest_first().filter(|event| {
        &*event.row.reason == SCALED && &*event.about == name && event.row.about.starts_with("HorizontalPodAutoscaler ")
    });
    let placed = of_it.filter_map(|event| {
        // One of after the last sample stands at the end.
        let place = drawing.place(event.row.last.min(drawing.span.1))?;
        Some((place, [&around.clock.time(event.row.last), " ", &*event.row.message].concat().into()))
    });
    placed.take(MOST_SCALINGS).collect()
}

fn chart(drawing: &Drawing, scalings: usize, clock: &Clock) -> AutoscalerChart {
    let range = |(least, most): (u32, u32)| match least == most {
        true => least.to_string(),
        false => format!("{least} to {most}"),
    };
    let load = drawing
        .load_bounds
        .map_or_else(|| "load not known".to_owned(), |bounds| format!("load at {} % of its target", range(bounds)));
    let scaled = match scalings {
        0 => "not scaled".to_owned(),
        1 => "scaled once".to_owned(),
        times => format!("scaled {times} times"),
    };
    let (from, to) = drawing.span;
    AutoscalerChart {
        replicas: drawing.replicas.clone(),
        load: drawing.load.clone(),
        target: drawing.target,
        top: drawing.top,
        top_load: drawing.top_load,
        from: clock.time(from).into(),
        to: clock.tell(to).into(),
        text: format!(
            "From {} to {}: replicas {}, {load}, {scaled}.",
            clock.time(from),
            clock.tell(to),
            range(drawing.replica_bounds)
        )
        .into(),
    }
}

/// Times as people of an environment tell them.
pub struct Clock {
    zone: TimeZone,
    city: String,
    now: i64,
}

impl Clock {
    /// In a zone of the registry; in UTC where it is not known here. `now` is seconds since 1970.
    pub fn new(zone: &str, now: i64) -> Self {
        match TimeZone::get(zone) {
            Ok(known) => Self { zone: known, city: city(zone), now },
            Err(_) => Self { zone: TimeZone::UTC, city: "UTC".to_owned(), now },
        }
    }

    /// `14:32`
    fn time(&self, at: i64) -> String {
        self.written(at, "%H:%M")
    }

    /// `14:32 New York`, or with its day if that is not today.
    fn tell(&self, at: i64) -> String {
        let form = if (at - self.now).abs() < TODAY { "%H:%M" } else { "%Y-%m-%d %H:%M" };
        [&self.written(at, form), " ", &self.city].concat()
    }

    fn written(&self, at: i64, form: &str) -> String {
        Timestamp::from_second(at)
            .map_or_else(|_| "?".to_owned(), |at| at.to_zoned(self.zone.clone()).strftime(form).to_string())
    }
}

/// How a zone is called among people: `New York`.
pub fn city(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or_default().replace('_', " ")
}

impl State {
    /// Takes samples of what is current. `now` is seconds since 1970.
    pub(super) fn sample_autoscalers(&mut self, now: i64) {
        let Self { environments, sources, registry, .. } = self;
        for environment in environments {
            let source = sources.iter().find(|(cluster, _)| *cluster == environment.cluster).map(|(_, source)| source);
            let declared = &registry.systems[environment.declared.0].environments[environment.declared.1];
            let is_read = source.is_some_and(|source| {
                source.freshness_of_readable().is_live() && !source.may_not_read(Kind::Autoscaler, &declared.namespace)
            });
            let Environment { autoscalers, workloads, .. } = environment;
            for autoscaler in autoscalers.values_mut().filter(|_| is_read) {
                let target = autoscaler.target.as_ref().and_then(|target| workloads.get(target));
                autoscaler.sample(target.map(|workload| workload.facts.ready), now);
            }
        }
    }

    /// What is written on the cards of an environment's autoscalers.
    pub(super) fn autoscaler_views(&self, environment: &Environment, now: i64) -> Vec<AutoscalerView> {
        let declared = &self.registry.systems[environment.declared.0].environments[environment.declared.1];
        let source = self.sources.iter().find(|(cluster, _)| *cluster == environment.cluster).map(|(_, source)| source);
        let view = |(name, autoscaler): (&Arc<str>, &Autoscaler)| {
            let workload = autoscaler.target.as_ref().and_then(|target| environment.workloads.get(target));
            let around = Around {
                clock: Clock::new(&declared.time_zone, now / 1000),
                events: &environment.events,
                ready: workload.map(|workload| workload.facts.ready),
                missing: source.and_then(|source| source.missing_right(Kind::Autoscaler, &declared.namespace)),
                freshness: source.map_or(Freshness::Never, Source::freshness_of_readable),
            };
            autoscaler.view(name, &around)
        };
        environment.autoscalers.iter().map(view).collect()
    }
}

impl Rows {
    /// Gives samples back that were kept, oldest first, for when their autoscalers are seen.
    pub fn restore_samples(&self, samples: Vec<(AutoscalerPlace, Sample)>) {
        self.write(|state| {
            for (AutoscalerPlace { cluster, namespace, name }, sample) in samples {
                let of_namespace = state.past.entry((cluster, namespace)).or_default();
                of_namespace.entry(name.into()).or_default().push(sample);
            }
        });
    }

    /// The samples that were taken after one time and before another, both in seconds since 1970.
    pub fn autoscaler_samples(&self, after: i64, before: i64) -> Vec<(AutoscalerPlace, Sample)> {
        let state = self.state.read();
        let mut found = Vec::new();
        for environment in &state.environments {
            let declared = &state.registry.systems[environment.declared.0].environments[environment.declared.1];
            for (name, autoscaler) in &environment.autoscalers {
                let Ok(name) = ObjectName::new(name.clone()) else { continue };
                let place = AutoscalerPlace {
                    cluster: environment.cluster.clone(),
                    namespace: declared.namespace.clone(),
                    name,
                };
                let taken = autoscaler.samples.iter().filter(|sample| sample.at > after && sample.at < before);
                found.extend(taken.map(|sample| (place.clone(), *sample)));
            }
        }
        found
    }
}
