//! The table of a cluster's processes.

use super::{control_plane::PROCESSES, layout::Cluster, process};

/// Prints one line per process. False when one of them is down.
pub fn print(clusters: &[Cluster]) -> bool {
    let mut complete = true;
    println!("{:<12} {:<24} {:>8}  {:<5} {:>6}", "CLUSTER", "PROCESS", "PID", "STATE", "PORT");
    for cluster in clusters {
        for name in PROCESSES {
            let pid = process::alive(&cluster.run, name);
            complete &= pid.is_some();
            println!(
                "{:<12} {name:<24} {:>8}  {:<5} {:>6}",
                cluster.name,
                pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
                if pid.is_some() { "up" } else { "down" },
                cluster.ports.of(name).unwrap_or_default(),
            );
        }
    }
    complete
}
