//! `cargo xtask integrity`: the integrity test of operations, for as long as one likes.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::step;

/// The test that does it, in `server/tests/integrity`.
const TEST: &str = "nothing_is_lost_doubled_phantom_or_misreported_whatever_is_killed";

/// How long, and with which chance.
#[derive(Args)]
pub struct Arguments {
    /// How many operations five people press together.
    #[arg(long, default_value_t = 10_000)]
    operations: u32,
    /// What chance begins with: what an earlier run printed, to have the same presses and faults again. Another one each time by
    /// default.
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs it; its table is printed at the end, and what was found.
pub fn run(arguments: &Arguments) -> Result<()> {
    // The test starts its cluster with this very program, beside it in the target folder.
    let mut test = Command::new(env!("CARGO"));
    test.args([
        "test",
        "--package",
        "server",
        "--test",
        "integrity",
        "--",
        "--ignored",
        "--nocapture",
        "--exact",
        TEST,
    ])
    .env("QUARTERDECK_INTEGRITY_OPERATIONS", arguments.operations.to_string());
    if let Some(seed) = arguments.seed {
        test.env("QUARTERDECK_INTEGRITY_SEED", seed.to_string());
    }
    step::run(&mut test)
}
