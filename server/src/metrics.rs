//! What is counted, for Prometheus: names, labels and help in one place.
//!
//! Labels take few values: endpoints of the table, clusters of the registry, outcomes. Nobody's name, no object's name.

mod process;

use std::sync::LazyLock;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds of the times of requests, in seconds.
const SECONDS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0];

/// All that is counted in this process.
static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::default);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    endpoint: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct At {
    endpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tried {
    outcome: SignIn,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    cluster: String,
}

/// How a try to sign in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum SignIn {
    /// Let in.
    Done,
    /// Name, password or token was wrong.
    Refused,
    /// Too many tries.
    Limited,
    /// It could not be decided: the database, or the provider.
    Failed,
}

struct Metrics {
    connections: Gauge,
    requests: Family<Answered, Counter>,
    request_seconds: Family<At, Histogram>,
    panics: Counter,
    viewers: Gauge,
    frames: Counter,
    frame_bytes: Counter,
    sign_ins: Family<Tried, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            connections: Gauge::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            panics: Counter::default(),
            viewers: Gauge::default(),
            frames: Counter::default(),
            frame_bytes: Counter::default(),
            sign_ins: Family::default(),
        }
    }
}

/// What is known when somebody asks, beside what was counted.
pub struct Known<'a> {
    /// The build of the browser part.
    pub build: &'a str,
    /// The clusters, and whether what is shown of each is in step with it.
    pub clusters: Vec<(String, bool)>,
    /// Whether the database is read and written.
    pub database_up: bool,
    /// How many containers' logs are followed, and how many bytes of them are kept.
    pub logs: (usize, usize),
}

/// Everything, in OpenMetrics' text format.
pub fn text(known: Known<'_>) -> String {
    let Metrics { connections, requests, request_seconds, panics, viewers, frames, frame_bytes, sign_ins } = &*METRICS;
    let mut all = Registry::default();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let build = Info::new([("version", version), ("build", known.build.to_owned())]);
    let clusters = Family::<Of, Gauge>::default();
    for (cluster, is_live) in known.clusters {
        clusters.get_or_create(&Of { cluster }).set(i64::from(is_live));
    }
    let database = Gauge::<i64>::default();
    database.set(i64::from(known.database_up));
    let ours = all.sub_registry_with_prefix("quarterdeck");
    ours.register("build", "The version of the program, and the build of its browser part", build);
    ours.register("connections", "Connections that are open", connections.clone());
    ours.register("requests", "Requests that were answered, by endpoint and status", requests.clone());
    ours.register_with_unit(
        "request_duration",
        "Time until an answer began, by endpoint",
        Unit::Seconds,
        request_seconds.clone(),
    );
    ours.register("panics", "Faults of the program that were caught while it answered", panics.clone());
    ours.register("viewers", "Tabs that are open and live", viewers.clone());
    ours.register("frames", "Frames that were sent to tabs", frames.clone());
    let (followed, kept) = known.logs;
    let gauge = |value: usize| {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        gauge
    };
    ours.register("logs_followed", "Containers whose logs are followed", gauge(followed));
    ours.register_with_unit("logs_kept", "Bytes that are kept of the logs that are followed", Unit::Bytes, gauge(kept));
    ours.register_with_unit("frames", "Bytes of the frames that were sent to tabs", Unit::Bytes, frame_bytes.clone());
    ours.register("sign_ins", "Tries to sign in, by outcome", sign_ins.clone());
    ours.register("cluster_live", "1 while what is shown of a cluster is in step with it", clusters);
    ours.register("database_up", "1 while the database is read and written", database);
    process::register(all.sub_registry_with_prefix("process"));
    let mut text = String::new();
    // It fails only where a text cannot be written to.
    _ = encode(&mut text, &all);
    text
}

/// Something that is counted for as long as it lives.
pub struct Counted(&'static Gauge);

impl Counted {
    fn begin(gauge: &'static Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A connection began; it ends when the value is dropped.
pub fn connection() -> Counted {
    Counted::begin(&METRICS.connections)
}

/// A tab became live; it ends when the value is dropped.
pub fn viewer() -> Counted {
    Counted::begin(&METRICS.viewers)
}

/// A frame of so many bytes went to a tab.
pub fn frame(bytes: usize) {
    METRICS.frames.inc();
    METRICS.frame_bytes.inc_by(bytes as u64);
}

/// A request was answered. `endpoint` is the path as the table has it.
pub fn request(endpoint: &str, status: u16, took: Duration) {
    METRICS.requests.get_or_create(&Answered { endpoint: endpoint.to_owned(), status }).inc();
    METRICS.request_seconds.get_or_create(&At { endpoint: endpoint.to_owned() }).observe(took.as_secs_f64());
}

/// A fault of ours was caught.
pub fn panic() {
    METRICS.panics.inc();
}

/// Somebody tried to sign in.
pub fn sign_in(outcome: SignIn) {
    METRICS.sign_ins.get_or_create(&Tried { outcome }).inc();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told() {
        request("/pods", 200, Duration::from_millis(3));
        frame(20);
        sign_in(SignIn::Refused);
        let _viewer = viewer();
        let known = Known {
            build: "b1",
            clusters: vec![("main".into(), true), ("far".into(), false)],
            database_up: true,
            logs: (3, 1024),
        };
        let text = text(known);
        for line in [
            "quarterdeck_build_info{version=\"",
            "quarterdeck_requests_total{endpoint=\"/pods\",status=\"200\"}",
            "quarterdeck_request_duration_seconds_bucket{le=\"0.005\",endpoint=\"/pods\"}",
            "quarterdeck_frames_bytes_total ",
            "quarterdeck_viewers ",
            "quarterdeck_sign_ins_total{outcome=\"Refused\"}",
            "quarterdeck_cluster_live{cluster=\"far\"} 0",
            "quarterdeck_cluster_live{cluster=\"main\"} 1",
            "quarterdeck_database_up 1",
            "quarterdeck_logs_followed 3",
            "quarterdeck_logs_kept_bytes 1024",
            "process_resident_memory_bytes ",
            "process_cpu_seconds_total ",
            "process_open_fds ",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
