//! `cargo xtask databases`: the databases behind the demo data of Fleet Management, gone again with ctrl-c.

mod fill;
mod folder;
mod postgres;
mod processes;
mod programs;
mod redis;

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use crate::{step, web};
use folder::Folder;
pub use folder::{is_ready, passwords};
use postgres::Postgres;
use processes::Processes;
use programs::Programs;

/// How long the servers may take until they are filled.
const READY: Duration = Duration::from_secs(60);

/// Where the databases are.
#[derive(clap::Args)]
pub struct Arguments {
    /// Data, logs and passwords: a folder of its own. Without it, `demo/databases` in the target folder.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// PostgreSQL's port; the two that follow are those of Redis, of development and of staging.
    #[arg(long, default_value_t = 7791, value_parser = clap::value_parser!(u16).range(1024..=65533))]
    port_base: u16,
}

/// An environment whose demo data are here, as `config/demo.yaml` declares it.
pub struct Place {
    /// The environment.
    pub environment: &'static str,
    /// The profile of the seed.
    profile: &'static str,
    /// Its database.
    database: &'static str,
    /// The role that owns it, and may connect to no other.
    role: &'static str,
    /// The variable with the role's password.
    role_variable: &'static str,
    /// The process of its Redis.
    redis: &'static str,
    /// The variable with the password of its Redis.
    redis_variable: &'static str,
    /// How its keys begin.
    prefix: &'static str,
    /// Whether testers have worked with it: then it is not as the seed made it.
    is_used: bool,
}

/// Both environments.
pub const PLACES: [Place; 2] = [
    Place {
        environment: "fleet-management/development",
        profile: "development",
        database: "fleetdb_dev",
        role: "fleet_dev",
        role_variable: "FLEET_DEV_DB_PASSWORD",
        redis: "redis-dev",
        redis_variable: "FLEET_DEV_REDIS_PASSWORD",
        prefix: "fleet:development:",
        is_used: false,
    },
    Place {
        environment: "fleet-management/staging",
        profile: "staging",
        database: "fleetdb_staging",
        role: "fleet_staging",
        role_variable: "FLEET_STAGING_DB_PASSWORD",
        redis: "redis-staging",
        redis_variable: "FLEET_STAGING_REDIS_PASSWORD",
        prefix: "fleet:staging:",
        is_used: true,
    },
];

/// Starts, fills, waits for ctrl-c, and ends what it started.
pub fn run(arguments: Arguments) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the async runtime")?;
    runtime.block_on(show(&arguments))
}

/// Where the databases of the demo keep what is theirs.
pub fn usual_folder() -> PathBuf {
    web::target_folder(&web::workspace()).join("demo/databases")
}

/// The part that starts processes; whatever comes, they are ended.
async fn show(arguments: &Arguments) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for ctrl-c")?;
    let programs = Programs::find()?;
    let path = arguments.dir.clone().unwrap_or_else(usual_folder);
    let folder = tokio::select! {
        folder = Folder::take(&path) => folder?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    let mut processes = Processes::begin(&folder)?;
    let shown = tokio::select! {
        shown = keep_up(arguments.port_base, &programs, &folder, &mut processes) => shown,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    let stopped = processes.stop().await;
    match (shown, stopped) {
        (Err(shown), Err(stopped)) => Err(shown.context(format!("{stopped:#}"))),
        (shown, stopped) => shown.and(stopped),
    }
}

/// Starts everything and stays until something ends that should not.
async fn keep_up(base: u16, programs: &Programs, folder: &Folder, processes: &mut Processes<'_>) -> Result<()> {
    let begun = Instant::now();
    for port in base..=base + 2 {
        drop(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
            format!("port {port} is taken, perhaps by another demo; end that one, or choose others with --port-base")
        })?);
    }
    let start = Instant::now();
    let postgres = Postgres::start(programs, folder, base, processes).await?;
    let mut secrets = Vec::new();
    let mut caches = Vec::new();
    for (place, port) in PLACES.iter().zip(base + 1..) {
        let (of_role, of_redis) = (password()?, password()?);
        redis::start(&programs.redis_server, place, port, &of_redis, processes).await?;
        secrets.push((place.role_variable, of_role.clone()));
        secrets.push((place.redis_variable, of_redis.clone()));
        caches.push((place, port, of_role, of_redis));
    }
    let filled = async {
        postgres.ready().await;
        step::report("PostgreSQL", &step::seconds(start.elapsed()));
        let seed = web::workspace().join("config/seeds/fleet");
        for (place, port, of_role, of_redis) in &caches {
            fill_one(place, &postgres, of_role, &seed).await.with_context(|| format!("filling {}", place.database))?;
            let start = Instant::now();
            let keys = redis::fill(place, *port, of_redis).await.with_context(|| format!("filling {}", place.redis))?;
            step::report(&format!("{}, {keys} keys", place.redis), &step::seconds(start.elapsed()));
        }
        anyhow::Ok(())
    };
    tokio::select! {
        filled = timeout(READY, filled) => match filled {
            Ok(filled) => filled?,
            Err(_) => bail!("the databases are not filled after {READY:?}; see {}", folder.logs().display()),
        },
        error = processes.ended() => return Err(error),
    }
    folder.write_passwords(&secrets)?;
    folder.write_ready()?;
    step::report("databases ready", &step::seconds(begun.elapsed()));
    eprintln!("  PostgreSQL at 127.0.0.1:{base}, Redis at {} and {}; ctrl-c ends them.", base + 1, base + 2);
    eprintln!("  Passwords: {}", folder.passwords().display());
    Err(processes.ended().await)
}

/// Makes a role with a database of its own, and fills it.
async fn fill_one(place: &Place, postgres: &Postgres, password: &str, seed: &Path) -> Result<()> {
    let start = Instant::now();
    postgres.make(place, password).await?;
    let text = fill::database(place, seed)?;
    postgres.psql(place.role, password, place.database, &text).await?;
    step::report(place.database, &step::seconds(start.elapsed()));
    Ok(())
}

/// A new password, of which nothing needs quoting anywhere.
fn password() -> Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("asking for random bytes: {error}"))?;
    Ok(step::hex(&bytes))
}

#[cfg(test)]
mod tests {
    use domain::registry::Registry;

    use super::*;

    /// What is started is what the registry of the demo looks for.
    #[test]
    fn the_registry_of_the_demo_knows_the_databases() {
        let text = include_str!("../../config/demo.yaml");
        let registry: Registry = serde_saphyr::from_str(text).unwrap();
        let declared = registry.environments().filter(|(_, environment)| environment.demo_data.is_some()).count();
        assert_eq!(declared, PLACES.len());
        for (place, port) in PLACES.iter().zip(7792..) {
            let (_, environment) = registry.environment(&place.environment.parse().unwrap()).unwrap();
            let data = environment.demo_data.as_ref().unwrap();
            assert_eq!((&*data.seed, &*data.profile), ("fleet", place.profile));
            let database = &data.database;
            let at = (&*database.host, database.port, &*database.database, &*database.user);
            assert_eq!(at, ("127.0.0.1", 7791, place.database, place.role));
            assert_eq!(database.password_env.as_deref(), Some(place.role_variable));
            let redis = data.redis.as_ref().unwrap();
            assert_eq!((&*redis.host, redis.port, &*redis.prefix), ("127.0.0.1", port, place.prefix));
            assert_eq!(redis.password_env.as_deref(), Some(place.redis_variable));
            let checks = &environment.checks;
            let (of_postgres, of_redis) = (checks.postgres.as_ref().unwrap(), checks.redis.as_ref().unwrap());
            assert_eq!((of_postgres.port, of_redis.port), (7791, port));
            assert_eq!(
                (&of_postgres.password_env, &of_redis.password_env),
                (&database.password_env, &redis.password_env)
            );
        }
    }
}
