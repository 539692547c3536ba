//! What an autoscaler will do next, by the rules of its controller.
//!
//! <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details>, and where that page leaves something
//! open <https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/podautoscaler/horizontal.go>. What the controller remembers
//! is in no object, so what was seen of it every 15 seconds stands for that.

mod ask;
mod chart;
mod pace;
#[cfg(test)]
mod tests;
mod words;

use crate::facts::{AutoscalerFacts, Select};
use crate::health::{self, Trouble};

pub use ask::{Load, load};
pub use chart::{Drawing, HEIGHT, WIDTH, draw};
pub use words::{conditions, figure, target};

/// Seconds between two samples, and between two looks of the controller unless the cluster was told otherwise.
pub const STEP: i64 = 15;
/// Seconds after which the next sample is missing: from then on nothing is known.
const GAP: i64 = 3 * STEP;
/// Seconds for which the controller remembers who asked for more, unless it is told otherwise.
const DOWN_WINDOW: u32 = 300;

/// An autoscaler at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When, seconds since 1970, a multiple of [`STEP`].
    pub at: i64,
    /// Replicas.
    pub replicas: u32,
    /// Replicas that it wanted.
    pub desired: u32,
    /// The busiest metric, in percent of its target; `None` when none was known.
    pub load: Option<u32>,
    /// How many replicas the metrics asked for, whatever it may choose.
    pub asked: Option<u32>,
}

impl Sample {
    /// What is seen at a time, of which `ready` pods of the target are ready, where that is known.
    pub fn of(facts: &AutoscalerFacts, ready: Option<u32>, now: i64) -> Self {
        Self {
            at: slot(now),
            replicas: facts.current,
            desired: facts.desired,
            load: load(facts).map(|load| load.percent()),
            asked: ask::asked(facts, ready),
        }
    }
}

/// The beginning of the 15 seconds that a time is in.
pub fn slot(now: i64) -> i64 {
    now - now.rem_euclid(STEP)
}

/// What an autoscaler will do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Nothing, for a reason; a sentence.
    Nothing(Trouble, String),
    /// It has just decided, and the workload follows.
    Scaling {
        /// To so many.
        to: u32,
    },
    /// It decides so at its next look.
    Scales {
        /// To so many.
        to: u32,
    },
    /// It holds what it has until then, and changes if the load stays as it is.
    Waits {
        /// To so many.
        to: u32,
        /// When the last time that asked for what it has is forgotten, seconds since 1970.
        until: i64,
        /// Whether the time it looks back is the default, as none was declared.
        assumed: bool,
    },
    /// It changes at some time until then, if the load stays as it is: what was asked for before we looked is not known.
    Perhaps {
        /// To so many.
        to: u32,
        /// Seconds since 1970.
        by: i64,
    },
    /// Its policies let it take no step yet; it takes one then, if the load stays as it is.
    Paced {
        /// To so many.
        to: u32,
        /// Seconds from now in which it has done so.
        within: i64,
    },
    /// It would change, and its behavior does not let it, now or at all.
    Barred {
        /// To so many it would.
        to: u32,
    },
    /// It would scale down, and a metric that is missing might ask for more.
    Blinkered {
        /// The metric.
        missing: String,
    },
    /// It has as many as it may, and is asked for more.
    AtMaximum {
        /// For so many; `None` when that is not known.
        asked: Option<u32>,
        /// Since then, seconds since 1970; 0 when not known.
        since: i64,
    },
    /// Nothing, since all is well.
    Steady,
}

/// What an autoscaler will do next, if the load stays as it is. `samples` are those of the past, oldest first; `ready` is how many
/// pods of its target are ready, where that is known; `now` is seconds since 1970.
pub fn next(facts: &AutoscalerFacts, samples: &[Sample], ready: Option<u32>, now: i64) -> Next {
    let trouble = health::trouble(facts);
    match &trouble {
        Some((Trouble::Off | Trouble::Blind | Trouble::Unable | Trouble::Silent, _)) => {}
        Some((Trouble::AtMaximum, _)) | None => {
            if facts.desired != facts.current && facts.desired > 0 {
                return Next::Scaling { to: facts.desired };
            }
        }
    }
    let full_since = match trouble {
        Some((Trouble::AtMaximum, _)) => Some(health::trouble_since(facts, Trouble::AtMaximum)),
        Some((trouble @ (Trouble::Off | Trouble::Blind | Trouble::Unable | Trouble::Silent), sentence)) => {
            return Next::Nothing(trouble, sentence);
        }
        None => None,
    };
    let current = facts.current;
    // Its range goes before everything else.
    if current > facts.max || current < facts.min {
        return Next::Scales { to: current.clamp(facts.min.min(facts.max), facts.max) };
    }
    let Some(asked) = ask::asked(facts, ready) else {
        return match full_since {
            Some(since) if current == facts.max => Next::AtMaximum { asked: None, since },
            _ => Next::Nothing(Trouble::Blind, "No metrics are known, so it cannot scale.".to_owned()),
        };
    };
    if asked > current && current == facts.max {
        return Next::AtMaximum { asked: Some(asked), since: full_since.unwrap_or(0) };
    }
    if asked > current {
        more(facts, samples, asked, now)
    } else if asked < current && current > facts.min {
        if let Some(missing) = facts.metrics.iter().find(|metric| metric.current.is_none()) {
            return Next::Blinkered { missing: missing.name.to_string() };
        }
        fewer(facts, samples, asked, now)
    } else {
        Next::Steady
    }
}

fn more(facts: &AutoscalerFacts, samples: &[Sample], asked: u32, now: i64) -> Next {
    let current = facts.current;
    let window = facts.behavior.as_ref().and_then(|behavior| behavior.up.window).unwrap_or(0);
    let most = pace::most(facts, samples, now);
    // What was asked for least within the window counts.
    let held = hold(samples, window, now, |asked| asked <= current);
    if most == current
        && matches!(held.until, Until::Over)
        && let Some((at, most)) = pace::soonest(now, |at| pace::most(facts, samples, at), current)
    {
        return Next::Paced { to: asked.min(most), within: at - now + STEP };
    }
    let least = held.asked_since().fold(asked, u32::min).min(most);
    decide(
        facts,
        &held,
        least,
        facts.behavior.as_ref().is_some_and(|behavior| behavior.up.select == Select::Disabled),
        false,
    )
}

fn fewer(facts: &AutoscalerFacts, samples: &[Sample], asked: u32, now: i64) -> Next {
    let current = facts.current;
    let declared = facts.behavior.as_ref().and_then(|behavior| behavior.down.window);
    let least = pace::least(facts, samples, now);
    // What was asked for most within the window counts.
    let held = hold(samples, declared.unwrap_or(DOWN_WINDOW), now, |asked| asked >= current);
    if least == current
        && matches!(held.until, Until::Over)
        && let Some((at, least)) = pace::soonest(now, |at| pace::least(facts, samples, at), current)
    {
        return Next::Paced { to: asked.max(least), within: at - now + STEP };
    }
    let most = held.asked_since().fold(asked, u32::max).max(least);
    let is_barred = facts.behavior.as_ref().is_some_and(|behavior| behavior.down.select == Select::Disabled);
    decide(facts, &held, most, is_barred, facts.behavior.is_none())
}

fn decide(facts: &AutoscalerFacts, held: &Held<'_>, to: u32, is_barred: bool, assumed: bool) -> Next {
    if is_barred || to == facts.current {
        return Next::Barred { to };
    }
    match held.until {
        Until::Over => Next::Scales { to },
        Until::At(until) => Next::Waits { to, until, assumed },
        Until::AtMost(by) => Next::Perhaps { to, by },
    }
}

/// How long the past keeps it from a change.
struct Held<'a> {
    until: Until,
    /// The samples after the last that kept it, within the window.
    since: &'a [Sample],
}

enum Until {
    /// Not any more.
    Over,
    /// Until then.
    At(i64),
    /// Until then at most: it was not looked at for the whole window.
    AtMost(i64),
}

impl Held<'_> {
    fn asked_since(&self) -> impl Iterator<Item = u32> {
        self.since.iter().filter_map(|sample| sample.asked)
    }
}

/// What samples of the last `window` seconds mean for a change, where those that ask for what `keeps` holds keep it from one.
fn hold(samples: &[Sample], window: u32, now: i64, keeps: impl Fn(u32) -> bool) -> Held<'_> {
    let window = i64::from(window);
    let begin = samples.partition_point(|sample| sample.at <= now.saturating_sub(window));
    let within = samples.get(begin..).unwrap_or_default();
    if let Some(last) = within.iter().rposition(|sample| sample.asked.is_some_and(&keeps)) {
        return Held { until: Until::At(within[last].at + window), since: &within[last + 1..] };
    }
    let mut watched = now;
    for sample in samples.iter().rev() {
        if watched - sample.at > GAP {
            break;
        }
        watched = watched.min(sample.at);
    }
    let until = if window == 0 || watched <= now - window { Until::Over } else { Until::AtMost(watched + window) };
    Held { until, since: within }
}
