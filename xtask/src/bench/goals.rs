//! Every figure with its name, its unit and what it should be. Where the goals come from stands in `docs/performance.md`.

use std::borrow::Cow;

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// Not more than this.
    AtMost(f64),
    /// Not more than this, at 50,000 pods the second.
    AtMostBySize(f64, f64),
    /// Not less than this.
    AtLeast(f64),
    /// Reported beside the others.
    None,
}

impl Goal {
    /// The limit for a tier.
    pub fn limit(self, tier: &str) -> Option<f64> {
        match self {
            Self::AtMost(limit) | Self::AtLeast(limit) => Some(limit),
            Self::AtMostBySize(limit, most) => Some(if tier == "50k" { most } else { limit }),
            Self::None => None,
        }
    }

    /// Whether a figure is as it should be; `None` where nothing is asked.
    pub fn is_met(self, tier: &str, value: f64) -> Option<bool> {
        let limit = self.limit(tier)?;
        Some(match self {
            Self::AtLeast(_) => value >= limit,
            Self::AtMost(_) | Self::AtMostBySize(..) | Self::None => value <= limit,
        })
    }

    /// As it stands in the table.
    pub fn sign(self) -> &'static str {
        match self {
            Self::AtMost(_) | Self::AtMostBySize(..) => "≤",
            Self::AtLeast(_) => "≥",
            Self::None => "",
        }
    }
}

/// A figure that a measure finds.
#[derive(Debug, Clone)]
pub struct Figure {
    /// By what the driver calls it.
    pub id: Cow<'static, str>,
    /// What it says.
    pub what: Cow<'static, str>,
    /// In what.
    pub unit: &'static str,
    /// What it should be.
    pub goal: Goal,
}

const fn figure(id: &'static str, what: &'static str, unit: &'static str, goal: Goal) -> Figure {
    Figure { id: Cow::Borrowed(id), what: Cow::Borrowed(what), unit, goal }
}

/// How many lines a container writes each second while its log is followed.
pub const RATES: [u32; 5] = [1_000, 5_000, 20_000, 50_000, 100_000];

/// All of them, in the order of the table.
pub fn figures() -> Vec<Figure> {
    let mut all = FIGURES.to_vec();
    all.extend(RATES.into_iter().flat_map(of_rate));
    all
}

/// Those of a log that is followed while so many lines are written each second.
fn of_rate(rate: u32) -> impl Iterator<Item = Figure> {
    // The goal is this rate; what comes faster is reported.
    let lag = if rate <= 50_000 { Goal::AtMost(250.0) } else { Goal::None };
    let flat = Goal::AtMost(64.0);
    [
        ("written", "lines that were written", "/s", Goal::None),
        ("lag-p50", "line to screen, p50", "ms", Goal::None),
        ("lag-p95", "line to screen, p95", "ms", lag),
        ("last", "the last line to the screen", "ms", lag),
        ("shown", "lines shown", "", Goal::None),
        ("unaccounted", "lines neither shown nor counted as left out", "", Goal::AtMost(0.0)),
        ("server", "server memory, growth while it is followed", "MB", flat),
        ("cpu", "server CPU", "ms/s", Goal::None),
        ("renderer", "renderer, proportional set at the end", "MB", Goal::None),
        ("long-tasks", "tasks over 50 ms in the page, together", "ms/s", Goal::None),
        ("kubectl-p50", "kubectl logs -f: line to its output, p50", "ms", Goal::None),
        ("kubectl-p95", "kubectl logs -f: line to its output, p95", "ms", Goal::None),
    ]
    .into_iter()
    .map(move |(id, what, unit, goal)| Figure {
        id: format!("logs-{rate}-{id}").into(),
        what: format!("{rate} lines/s: {what}").into(),
        unit,
        goal,
    })
}

/// Those that do not depend on a rate.
const FIGURES: [Figure; 62] = [
    figure("bytes-first-pods", "bytes to first content, /pods: document and style", "kB", Goal::AtMost(40.0)),
    figure("bytes-first-wall", "bytes to first content, /: document and style", "kB", Goal::AtMost(40.0)),
    figure("bytes-first-pods-line", "… all that had come by then, 4 Mbit/s, /pods", "kB", Goal::None),
    figure("bytes-first-pods-loopback", "… all that had come by then, loopback, /pods", "kB", Goal::None),
    figure("bytes-live-pods", "bytes until live, /pods", "kB", Goal::AtMost(250.0)),
    figure("bytes-live-wall", "bytes until live, /", "kB", Goal::AtMost(250.0)),
    figure("bytes-wasm", "of these, WebAssembly", "kB", Goal::None),
    figure("first-pods", "first content, /pods, loopback, p50", "ms", Goal::AtMost(200.0)),
    figure("first-pods-p95", "first content, /pods, loopback, p95", "ms", Goal::AtMost(350.0)),
    figure("first-wall", "first content, /, loopback, p50", "ms", Goal::AtMost(200.0)),
    figure("first-wall-p95", "first content, /, loopback, p95", "ms", Goal::AtMost(350.0)),
    figure("first-pods-line", "first content, /pods, 4 Mbit/s and 150 ms", "ms", Goal::AtMost(900.0)),
    figure("first-wall-line", "first content, /, 4 Mbit/s and 150 ms", "ms", Goal::AtMost(900.0)),
    figure("ttfb-pods", "first byte, /pods, loopback", "ms", Goal::None),
    figure("fcp-pods", "first paint with content, /pods, loopback", "ms", Goal::None),
    figure("live-pods", "live, /pods, loopback", "ms", Goal::None),
    figure("live-pods-line", "live, /pods, 4 Mbit/s and 150 ms", "ms", Goal::None),
    figure("sort-pods", "sorted after the click, /pods, loopback", "ms", Goal::None),
    figure("change-p50", "change to screen, alone, p50", "ms", Goal::AtMost(25.0)),
    figure("change-p95", "change to screen, alone, p95", "ms", Goal::AtMost(50.0)),
    figure("change-p99", "change to screen, alone, p99", "ms", Goal::None),
    figure("change-max", "change to screen, alone, worst", "ms", Goal::None),
    figure("change-lost", "changes that never came", "", Goal::AtMost(0.0)),
    figure("floor-p50", "the floor: change to a bare watch, p50", "ms", Goal::None),
    figure("floor-p95", "the floor: change to a bare watch, p95", "ms", Goal::None),
    figure("above-floor-p50", "what the console adds to the floor, p50", "ms", Goal::None),
    figure("above-floor-p95", "what the console adds to the floor, p95", "ms", Goal::None),
    figure("load-50-p50", "change to screen, 50 others/s, p50", "ms", Goal::None),
    figure("load-50-p95", "change to screen, 50 others/s, p95", "ms", Goal::AtMost(80.0)),
    figure("load-50-p99", "change to screen, 50 others/s, p99", "ms", Goal::AtMost(150.0)),
    figure("load-50-floor-p95", "the floor, 50 others/s, p95", "ms", Goal::None),
    figure("load-50-lost", "last values missed, 50 others/s", "", Goal::AtMost(0.0)),
    figure("load-500-p50", "change to screen, 500 others/s, p50", "ms", Goal::None),
    figure("load-500-p95", "change to screen, 500 others/s, p95", "ms", Goal::AtMost(80.0)),
    figure("load-500-p99", "change to screen, 500 others/s, p99", "ms", Goal::AtMost(150.0)),
    figure("load-500-floor-p95", "the floor, 500 others/s, p95", "ms", Goal::None),
    figure("load-500-rate", "others that were really made", "/s", Goal::None),
    figure("load-500-lost", "last values missed, 500 others/s", "", Goal::AtMost(0.0)),
    figure("wire-visible", "wire for a visible change", "B", Goal::AtMost(100.0)),
    figure("wire-outside", "wire for a change outside the window", "B", Goal::AtMost(0.0)),
    figure("wire-idle", "wire while nothing changes", "B/s", Goal::None),
    figure("memory-server", "server memory, nobody looks", "MB", Goal::AtMostBySize(40.0, 100.0)),
    figure("memory-server-peak", "its peak, as a multiple", "×", Goal::AtMost(1.5)),
    figure("memory-server-1", "server memory, one viewer", "MB", Goal::None),
    figure("memory-server-20", "server memory, 20 viewers", "MB", Goal::None),
    figure("memory-viewer", "server memory for a further viewer", "kB", Goal::AtMost(300.0)),
    figure("memory-renderer", "renderer, proportional set, after GC", "MB", Goal::AtMost(70.0)),
    figure("memory-heap", "JS heap and WebAssembly memory, after GC", "MB", Goal::AtMost(20.0)),
    figure("memory-growth", "their growth while pods change", "kB/min", Goal::AtMost(5.0)),
    figure("cpu-1", "server CPU for 1,000 events, one viewer", "ms", Goal::AtMost(60.0)),
    figure("cpu-50", "server CPU for 1,000 events, 50 viewers", "ms", Goal::AtMost(100.0)),
    figure("cpu-idle", "server CPU while nothing changes", "ms/s", Goal::None),
    figure("cpu-renderer", "renderer CPU for 1,000 events", "ms", Goal::None),
    figure("watches-1", "watches on the API server, one viewer", "", Goal::None),
    figure("watches-further", "further watches for 19 viewers more", "", Goal::AtMost(0.0)),
    figure("start", "start of the program to the first right page", "s", Goal::AtMostBySize(1.2, 4.0)),
    figure("pages-core", "pages of 50 rows for each second of CPU", "/s", Goal::AtLeast(2000.0)),
    figure("pages-core-br", "… compressed, as browsers ask for them", "/s", Goal::None),
    figure("pages-wall-br", "… the wall, compressed", "/s", Goal::None),
    figure("logs-first", "first lines of 20 pods after the click, p50", "ms", Goal::AtMost(300.0)),
    figure("logs-first-p95", "first lines of 20 pods after the click, p95", "ms", Goal::None),
    figure("logs-kubectl-first", "kubectl logs of the same pods, p50", "ms", Goal::None),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_a_name_of_its_own() {
        let all = figures();
        let names: std::collections::BTreeSet<_> = all.iter().map(|figure| &figure.id).collect();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn a_goal_is_a_limit_from_above_or_below() {
        for (goal, tier, value, expected) in [
            (Goal::AtMost(40.0), "10k", 40.0, Some(true)),
            (Goal::AtMost(40.0), "10k", 40.1, Some(false)),
            (Goal::AtMostBySize(40.0, 100.0), "1k", 99.0, Some(false)),
            (Goal::AtMostBySize(40.0, 100.0), "50k", 99.0, Some(true)),
            (Goal::AtLeast(2000.0), "10k", 1999.0, Some(false)),
            (Goal::AtLeast(2000.0), "10k", 2000.0, Some(true)),
            (Goal::None, "10k", 1.0, None),
        ] {
            assert_eq!(goal.is_met(tier, value), expected, "{goal:?} {tier} {value}");
        }
    }
}
