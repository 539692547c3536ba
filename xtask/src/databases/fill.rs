//! The statements that make and fill a database: its schema, its seed, and what testers have left in it.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use domain::demo_data::manifest::{Manifest, Source};

use super::Place;
use crate::web;

/// The role of a place and its database, which no other role may connect to.
pub fn role(place: &Place, password: &str) -> String {
    let Place { database, role, .. } = place;
    format!(
        "create role {role} login nosuperuser nocreatedb nocreaterole password '{password}';\n\
         create database {database} owner {role};\n\
         revoke all on database {database}, postgres, template1 from public;\n"
    )
}

/// Everything that is in the database of a place, as one transaction of the role that owns it.
pub fn database(place: &Place, seed: &Path) -> Result<String> {
    let folder = web::workspace().join("xtask/demo");
    let schema = read(&folder.join("fleet.sql"))?;
    let path = seed.join("manifest.yaml");
    let manifest: Manifest =
        serde_saphyr::from_str(&read(&path)?).with_context(|| format!("reading {}", path.display()))?;
    let rows = rows(&manifest, place.profile, |file| read(&seed.join(file)))
        .with_context(|| format!("the seed {}", seed.display()))?;
    let left = if place.is_used { read(&folder.join("used.sql"))? } else { String::new() };
    Ok(format!("begin;\n{schema}\n{rows}\n{left}\ncommit;\n"))
}

/// The rows that a profile of a seed has. `statement` reads a file of its folder.
fn rows(manifest: &Manifest, profile: &str, statement: impl Fn(&str) -> Result<String>) -> Result<String> {
    let problems = manifest.problems(profile);
    ensure!(problems.is_empty(), "{}", problems.join("; "));
    let mut text = String::new();
    for (table, rows) in manifest.expected(profile) {
        let (name, key) = (&table.name, &table.key);
        let statement = match &table.source {
            Source::Sql(file) => statement(file)?,
            Source::Csv(file) => bail!("{file}: the demo fills its tables with statements alone"),
        };
        // The semicolon has a line of its own: the last of the statement may be a comment. Whoever adds a row gets the next key.
        write!(
            text,
            "prepare fill (bigint, date) as\n{statement}\n;\nexecute fill ({rows}, current_date);\ndeallocate fill;\n\
             select setval(pg_get_serial_sequence('{name}', '{key}'), max({key})) from {name};\n"
        )?;
    }
    Ok(text)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::databases::PLACES;

    #[test]
    fn a_table_is_filled_with_the_rows_of_its_profile() {
        let manifest = |source: &str| -> Manifest {
            let text = format!(
                "version: 1\nschema: {{ table: migrations, column: version, expects: '7' }}\ntables:\n  - {{ name: users, key: id, \
                 rows: {{ staging: 10, development: 4 }}, source: {{ {source} }} }}\n"
            );
            serde_saphyr::from_str(&text).unwrap()
        };
        let statement = |file: &str| Ok(format!("insert into users select $1 -- of {file}"));
        let text = rows(&manifest("sql: users.sql"), "staging", statement).unwrap();
        let expected = "prepare fill (bigint, date) as\ninsert into users select $1 -- of users.sql\n;\n\
                        execute fill (10, current_date);\n";
        assert!(text.starts_with(expected), "{text}");
        for (source, profile, expected) in [
            ("csv: users.csv", "staging", "users.csv: the demo fills"),
            ("sql: users.sql", "production", "the profile 'production' has is not said"),
            ("sql: ../users.sql", "staging", "is no file of the seed's folder"),
        ] {
            let error = rows(&manifest(source), profile, statement).unwrap_err().to_string();
            assert!(error.contains(expected), "{source}: {error}");
        }
    }

    /// The files themselves: every table of the schema that the seed names is filled, and only staging was used.
    #[test]
    fn the_seed_and_the_schema_of_the_demo_go_together() {
        let seed = web::workspace().join("config/seeds/fleet");
        for place in &PLACES {
            let text = database(place, &seed).unwrap();
            for table in ["tenants", "users", "vehicles", "fuel_transactions"] {
                for part in [format!("create table {table} ("), format!("max(id)) from {table};")] {
                    assert_eq!(text.matches(&part).count(), 1, "{} {part}", place.database);
                }
            }
            assert_eq!(text.contains("delete from fuel_transactions"), place.is_used, "{}", place.database);
        }
    }
}
