//! The last hour of an autoscaler as lines.

use std::sync::Arc;

use super::{GAP, Sample};

/// How far the chart reaches back, in seconds.
const SPAN: i64 = 3600;
/// Width of the chart in its own units.
pub const WIDTH: u32 = 720;
/// Height of the chart in its own units.
pub const HEIGHT: u32 = 100;
/// Room above the highest point.
const HEADROOM: u32 = 4;

/// What is drawn, from the left, where the hour begins, to the right, and from the top, which is 0, to the bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// When the hour begins and ends, seconds since 1970.
    pub span: (i64, i64),
    /// Replicas as steps: the `d` of a path.
    pub replicas: Arc<str>,
    /// The load, as percent of its target: the `d` of a path; empty when it was never known.
    pub load: Arc<str>,
    /// Where the target is.
    pub target: u32,
    /// How many replicas stand at the top.
    pub top: u32,
    /// How many percent of the target stand at the top.
    pub top_load: u32,
    /// Fewest and most replicas of the hour.
    pub replica_bounds: (u32, u32),
    /// Least and most load of the hour.
    pub load_bounds: Option<(u32, u32)>,
}

impl Drawing {
    /// Where a time stands; `None` when it is not of the hour.
    pub fn place(&self, at: i64) -> Option<u32> {
        let (from, to) = self.span;
        (from..=to).contains(&at).then(|| x(at, to))
    }
}

/// Draws the hour that ends with the last sample; `None` with fewer than two of them. Where samples are missing, lines have gaps.
pub fn draw(samples: &[Sample]) -> Option<Drawing> {
    let to = samples.last()?.at;
    let samples = samples.get(samples.partition_point(|sample| sample.at < to - SPAN)..).unwrap_or_default();
    if samples.len() < 2 {
        return None;
    }
    let replicas = || samples.iter().map(|sample| sample.replicas);
    let loads = || samples.iter().filter_map(|sample| sample.load);
    let replica_bounds = (replicas().min()?, replicas().max()?);
    let load_bounds = loads().min().zip(loads().max());
    let top = replica_bounds.1.saturating_add(1);
    let top_load = load_bounds.map_or(100, |(_, most)| most).max(100).saturating_add(9) / 10 * 10;
    Some(Drawing {
        span: (to - SPAN, to),
        replicas: steps(samples, to, top).into(),
        load: line(samples, to, top_load).into(),
        target: y(100, top_load),
        top,
        top_load,
        replica_bounds,
        load_bounds,
    })
}

fn x(at: i64, to: i64) -> u32 {
    let from_left = (at - (to - SPAN)).clamp(0, SPAN) * i64::from(WIDTH) / SPAN;
    u32::try_from(from_left).unwrap_or(WIDTH)
}

fn y(value: u32, top: u32) -> u32 {
    let room = u64::from(HEIGHT - HEADROOM);
    let up = room * u64::from(value.min(top)) / u64::from(top.max(1));
    HEIGHT - u32::try_from(up).unwrap_or(HEIGHT)
}

fn steps(samples: &[Sample], to: i64, top: u32) -> String {
    let mut path = String::new();
    let mut before: Option<&Sample> = None;
    for sample in samples {
        match before {
            Some(before) if sample.at - before.at <= GAP => {
                if sample.replicas != before.replicas {
                    path.push_str(&format!("H{}V{}", x(sample.at, to), y(sample.replicas, top)));
                }
            }
            Some(_) | None => {
                end(&mut path, before, to);
                path.push_str(&format!("M{} {}", x(sample.at, to), y(sample.replicas, top)));
            }
        }
        before = Some(sample);
    }
    end(&mut path, before, to);
    path
}

fn end(path: &mut String, last: Option<&Sample>, to: i64) {
    if let Some(last) = last {
        path.push_str(&format!("H{}", x(last.at, to)));
    }
}

fn line(samples: &[Sample], to: i64, top: u32) -> String {
    let mut path = String::new();
    let mut before: Option<i64> = None;
    for (at, load) in samples.iter().filter_map(|sample| Some((sample.at, sample.load?))) {
        let joins = before.is_some_and(|before| at - before <= GAP);
        path.push_str(&format!("{}{} {}", if joins { 'L' } else { 'M' }, x(at, to), y(load, top)));
        before = Some(at);
    }
    path
}
