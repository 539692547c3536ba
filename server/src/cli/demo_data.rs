//! `quarterdeck demo-data`: for whoever sets demo data up, from where the program runs.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::name::EnvironmentId;
use domain::registry::{DemoData, Environment};

use crate::checks::{OwnFiles, Reach};
use crate::demo_data::{self, Seed};
use crate::{clock, registry};

/// Demo data: which database belongs to which environment.
#[derive(Debug, Args)]
pub struct DemoDataArguments {
    /// What to do.
    #[command(subcommand)]
    command: DemoDataCommand,
    /// The registry of the console. The seeds lie in the folder `seeds` beside it.
    #[arg(long, env = "QUARTERDECK_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Lets the database be on this machine, as in the demo.
    #[arg(long, env = "QUARTERDECK_CHECKS_ALLOW_LOOPBACK", global = true)]
    checks_allow_loopback: bool,
}

#[derive(Debug, Subcommand)]
enum DemoDataCommand {
    /// Writes into a database which environment it belongs to, so that its data may be reset from the console.
    ///
    /// Do it once, by hand, after looking at which database that is; and again after a migration that made tables of the seed anew.
    /// A database that is enrolled for another environment is refused, and so is production. No row of the application is changed:
    /// what is written lies in the schema `quarterdeck`. The role has to own the tables of the seed and may create schemas.
    Enrol {
        /// The environment: `fleet-management/staging`.
        environment: EnvironmentId,
    },
    /// Says what is in a database, and what would keep it from being reset. Nothing is changed.
    Show {
        /// The environment: `fleet-management/staging`.
        environment: EnvironmentId,
    },
}

/// What the registry says of an environment's demo data.
struct Declared {
    environment: Environment,
    data: DemoData,
    seed: Seed,
}

/// Does it, and says what was done.
pub async fn run(arguments: DemoDataArguments) -> anyhow::Result<()> {
    let config = arguments.config.context("name the registry with --config, or by QUARTERDECK_CONFIG")?;
    let reach = Reach::new(arguments.checks_allow_loopback).context("setting up TLS")?;
    match arguments.command {
        DemoDataCommand::Enrol { environment } => enrol(&config, &reach, &environment).await,
        DemoDataCommand::Show { environment } => show(&config, &reach, &environment).await,
    }
}

fn declared(config: &Path, id: &EnvironmentId) -> anyhow::Result<Declared> {
    let registry = registry::load(config).context("the registry is not right")?;
    let (_, environment) = registry.environment(id).with_context(|| format!("the registry has no environment {id}"))?;
    let Some(data) = environment.demo_data.clone() else {
        bail!("the registry declares no demo data for {id}: write a demoData section first");
    };
    let folder = config.parent().unwrap_or(Path::new(".")).join(demo_data::SEEDS).join(&data.seed);
    let seed = Seed::read(&folder, &data.profile)?;
    Ok(Declared { environment: environment.clone(), data, seed })
}

async fn enrol(config: &Path, reach: &Reach, id: &EnvironmentId) -> anyhow::Result<()> {
    let Declared { environment, data, seed } = declared(config, id)?;
    let link = demo_data::database(reach, &OwnFiles::default(), &data.database).await;
    let mut link = link.context("the database was not enrolled: it cannot be reached")?;
    let wanted = demo_data::wanted(id, &environment, &data, &seed);
    let marker = demo_data::enrol(&mut link.connection, &wanted, &seed).await;
    link.close().await;
    let marker = marker.context("the database was not enrolled, and nothing was changed")?;
    println!(
        "Enrolled the database {} of the server {} for {}, {}: {} tables.",
        marker.database,
        marker.system_identifier,
        marker.environment,
        marker.tier,
        marker.tables.len()
    );
    Ok(())
}

async fn show(config: &Path, reach: &Reach, id: &EnvironmentId) -> anyhow::Result<()> {
    let Declared { environment, data, seed } = declared(config, id)?;
    let link = demo_data::database(reach, &OwnFiles::default(), &data.database).await;
    let mut link = link.context("the database cannot be reached")?;
    let wanted = demo_data::wanted(id, &environment, &data, &seed);
    let now = clock::now_ms() / 1000;
    let seen = demo_data::look(
        &mut link.connection,
        &wanted,
        &seed,
        data.active_sessions.as_deref(),
        &environment.time_zone,
        now,
    )
    .await;
    link.close().await;
    let sight = seen.context("the database cannot be read")?;
    let place = &data.database;
    println!(
        "The database {} of the server {} at {}:{}",
        sight.database, sight.system_identifier, place.host, place.port
    );
    let standing = sight.standing();
    println!("{id}: {standing}. {}", standing.sentence(now));
    for count in &sight.counts {
        println!("{:<32} {:>10} of {:>10}", count.table, count.counted, count.expected);
    }
    if !sight.mismatches.is_empty() {
        bail!("nothing of it would be reset: `quarterdeck demo-data enrol {id}` once it is the right database");
    }
    let found = sight.schema.as_deref().unwrap_or("not known");
    if found != seed.manifest.schema.expects {
        bail!("the schema's version is {found}, and the seed was written for {}", seed.manifest.schema.expects);
    }
    Ok(())
}
