//! Placeholder, replaced by the slice that builds it.
#[derive(clap::Args)]
pub struct Arguments {}
pub fn run(_: Arguments) -> anyhow::Result<()> { Ok(()) }
