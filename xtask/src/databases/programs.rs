//! Where the programs of PostgreSQL and Redis are.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

/// The oldest PostgreSQL that will do.
const OLDEST: u32 = 15;

/// The programs that are started.
pub struct Programs {
    /// The folder of `initdb`, `postgres` and `psql`.
    pub postgres: PathBuf,
    /// `redis-server`.
    pub redis_server: PathBuf,
}

impl Programs {
    /// Finds them, or says which packages are missing.
    pub fn find() -> Result<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        let on_path: Vec<PathBuf> = env::split_paths(&path).collect();
        let postgres = on_path
            .iter()
            .find(|folder| has_postgres(folder) && version_of(folder).is_some_and(|version| version >= OLDEST))
            .cloned()
            .or_else(|| newest("/usr/lib/postgresql"));
        let redis_server = on_path.iter().map(|folder| folder.join("redis-server")).find(|program| program.is_file());
        Ok(Self {
            postgres: postgres.with_context(|| {
                format!(
                    "initdb, postgres and psql of PostgreSQL {OLDEST} or newer are neither on the path nor in \
                     /usr/lib/postgresql: scripts/setup demo, or apt-get install postgresql postgresql-client"
                )
            })?,
            redis_server: redis_server
                .context("redis-server is not on the path: scripts/setup demo, or apt-get install redis-server")?,
        })
    }
}

fn has_postgres(folder: &Path) -> bool {
    ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).is_file())
}

/// The newest of the versions that Debian keeps beside each other.
fn newest(debian: &str) -> Option<PathBuf> {
    let versions = fs::read_dir(debian).into_iter().flatten().flatten().filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let folder = entry.path().join("bin");
        (version >= OLDEST && has_postgres(&folder)).then_some((version, folder))
    });
    versions.max().map(|(_, folder)| folder)
}

fn version_of(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    version_in(&String::from_utf8_lossy(&output.stdout))
}

/// The version in `postgres (PostgreSQL) 15.13 (Debian 15.13-1)`.
fn version_in(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_the_program_says() {
        for (text, expected) in [
            ("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 9.6.24\n", Some(9)),
            ("postgres (PostgreSQL) 18beta1\n", Some(18)),
            ("redis-server v=7.0.15", None),
        ] {
            assert_eq!(version_in(text), expected, "{text}");
        }
    }
}
