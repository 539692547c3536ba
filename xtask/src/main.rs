//! `cargo xtask …`: what the project's own work needs, one module per command.

mod bench;
mod cluster;
mod databases;
mod demo;
mod fuzz;
mod integrity;
mod step;
mod web;
mod world;

use clap::{Parser, Subcommand};

/// Builds, local clusters, the demo world and benchmarks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The local Kubernetes control planes.
    #[command(subcommand)]
    Cluster(cluster::Command),
    /// The kubectl that was built for the local clusters, with their kubeconfig: `cargo xtask kubectl --context main get pods`.
    Kubectl(cluster::KubectlArguments),
    /// The demo world: keeps the systems of the demo alive, breaks and heals them.
    World(world::Arguments),
    /// The databases of the demo data: one PostgreSQL and two Redis on this machine, filled, until ctrl-c.
    Databases(databases::Arguments),
    /// Everything in one: builds, starts databases, clusters, world and console, and stops them with ctrl-c.
    Demo(demo::Arguments),
    /// The benchmarks of docs/performance.md.
    Bench(bench::Arguments),
    /// The integrity of operations while everything is killed: lost, doubled, phantom, misreported.
    Integrity(integrity::Arguments),
    /// Looks for text that the reading of logs does not stand; needs the nightly toolchain.
    Fuzz(fuzz::Arguments),
    /// The browser part: WebAssembly, bindings, style sheet, hashed and compressed files.
    Web(web::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Cluster(command) => cluster::run(command),
        Command::Kubectl(arguments) => cluster::kubectl(arguments),
        Command::World(arguments) => world::run(arguments),
        Command::Databases(arguments) => databases::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
        Command::Integrity(arguments) => integrity::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Web(arguments) => web::run(arguments),
    }
}
