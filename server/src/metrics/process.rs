//! What every program tells of itself, by the names that Prometheus gives it: read from `/proc`.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

/// Ticks of the processor's clock in a second: 100 on every Linux, see `man 5 proc`.
const TICKS: f64 = 100.0;
/// Registers what is read each time somebody asks.
pub fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(Process));
}

#[derive(Debug)]
struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        // Where there is no `/proc`, nothing is said rather than zeros.
        let Some(seen) = Seen::read() else { return Ok(()) };
        let cpu = ConstCounter::new(seen.cpu_seconds);
        let descriptor = "Time that the processor spent on it";
        cpu.encode(encoder.encode_descriptor("cpu", descriptor, Some(&Unit::Seconds), cpu.metric_type())?)?;
        let memory = ConstGauge::new(seen.resident_bytes as i64);
        let descriptor = "Memory that it holds";
        memory.encode(encoder.encode_descriptor(
            "resident_memory",
            descriptor,
            Some(&Unit::Bytes),
            memory.metric_type(),
        )?)?;
        let files = ConstGauge::new(seen.open_files as i64);
        files.encode(encoder.encode_descriptor(
            "open_fds",
            "File descriptors that are open",
            None,
            files.metric_type(),
        )?)
    }
}

struct Seen {
    cpu_seconds: f64,
    resident_bytes: u64,
    open_files: usize,
}

impl Seen {
    fn read() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The name of the program, in brackets, may hold anything; the third field follows it.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu_seconds: (field(14)? + field(15)?) as f64 / TICKS,
            resident_bytes: resident_bytes()?,
            open_files: std::fs::read_dir("/proc/self/fd").ok()?.count(),
        })
    }
}

/// `VmRSS:      1234 kB`, which does not depend on the size of a page.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
