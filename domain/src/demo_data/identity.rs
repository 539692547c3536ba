//! Whether a database is the one that may be reset: what the registry says, what was written into it when it was enrolled, and what
//! the server says of itself must all be the same.
//!
//! Barrier three of docs/adr/0015-demo-data.md. It is read inside the transaction that empties the tables.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::EnvironmentId;
use crate::registry::Tier;
use crate::text::plain;

/// The longest name of a database or an environment that is shown.
const LONGEST: usize = 100;

/// What was written into a database when it was enrolled, as text: it may hold anything by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The environment it belongs to, `fleet-management/staging`.
    pub environment: String,
    /// The tier of that, `staging`.
    pub tier: String,
    /// The name of the database.
    pub database: String,
    /// Its `pg_database.oid`: a copy within the server that is given its name has another.
    pub database_oid: u32,
    /// The server's `system_identifier`: a copy elsewhere has another.
    /// <https://www.postgresql.org/docs/15/functions-info.html#FUNCTIONS-INFO-CONTROLDATA>
    pub system_identifier: String,
    /// The tables that may be emptied, by name, with their `pg_class.oid`: one that was dropped and made anew has another.
    pub tables: BTreeMap<String, u32>,
}

/// What the server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// `current_database()`.
    pub database: String,
    /// Its `pg_database.oid`.
    pub database_oid: u32,
    /// `system_identifier` of `pg_control_system()`.
    pub system_identifier: String,
    /// `pg_is_in_recovery()`.
    pub is_replica: bool,
    /// The tables of the manifest that are there, by name, with their `pg_class.oid`.
    pub tables: BTreeMap<String, u32>,
    /// Of these, those that consist of others or are a part of one, which may lie anywhere.
    pub composed: Vec<String>,
}

/// What is wanted, by the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The environment.
    pub environment: EnvironmentId,
    /// Its tier.
    pub tier: Tier,
    /// The name of its database.
    pub database: String,
    /// The tables that are to be emptied.
    pub tables: Vec<String>,
}

/// Something that does not agree. Each alone keeps a reset from being done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// The registry says production.
    Production,
    /// What was allowed was allowed elsewhere.
    Permit,
    /// Nobody enrolled it.
    NotEnrolled,
    /// It was enrolled more than once.
    Twice,
    /// It was enrolled for another environment.
    Environment(String),
    /// It was enrolled as another tier.
    Tier(String),
    /// It is connected to another database than the registry names.
    Database(String),
    /// It was enrolled under another name: it was renamed, or copied within the server.
    Renamed(String),
    /// It has the name of the one that was enrolled, and is another.
    Copy,
    /// It was enrolled on another server: this is a copy.
    Server,
    /// It follows another server.
    Replica,
    /// A table that is to be emptied is not there.
    Gone(String),
    /// A table that is to be emptied was not enrolled.
    Unknown(String),
    /// A table was made anew since: something was restored over it.
    Remade(String),
    /// A table is partitioned, or inherits, or is inherited from: what is emptied with it was not enrolled.
    Composed(String),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &str| plain(text, LONGEST).into_owned();
        match self {
            Self::Production => f.write_str("the registry says that this is production"),
            Self::Permit => f.write_str("the permit is for another environment or tier"),
            Self::NotEnrolled => f.write_str("this database was never enrolled: it carries no marker"),
            Self::Twice => f.write_str("this database carries more than one marker"),
            Self::Environment(name) => write!(f, "this database was enrolled for {}", short(name)),
            Self::Tier(tier) => write!(f, "this database was enrolled as {}", short(tier)),
            Self::Database(name) => write!(f, "the connection leads to the database {}", short(name)),
            Self::Renamed(name) => write!(f, "this database was enrolled under the name {}", short(name)),
            Self::Copy => f.write_str("this database is a copy of the one that was enrolled, under its name"),
            Self::Server => f.write_str("this database was enrolled on another server: it is a copy"),
            Self::Replica => f.write_str("this server follows another one"),
            Self::Gone(table) => write!(f, "the table {} is not there", short(table)),
            Self::Unknown(table) => write!(f, "the table {} was not enrolled", short(table)),
            Self::Composed(table) => {
                write!(f, "the table {} is partitioned or inherits, and its parts may lie elsewhere", short(table))
            }
            Self::Remade(table) => {
                write!(
                    f,
                    "the table {} was made anew since it was enrolled: something was restored over it",
                    short(table)
                )
            }
        }
    }
}

/// Everything that does not agree; empty: it is the one. `markers` are all that are in the database.
pub fn mismatches(wanted: &Wanted, markers: &[Marker], present: &Present) -> Vec<Mismatch> {
    let mut found = Vec::new();
    match wanted.tier {
        Tier::Production => found.push(Mismatch::Production),
        Tier::Staging | Tier::Development => {}
    }
    if present.database != wanted.database {
        found.push(Mismatch::Database(present.database.clone()));
    }
    if present.is_replica {
        found.push(Mismatch::Replica);
    }
    found.extend(present.composed.iter().cloned().map(Mismatch::Composed));
    let marker = match markers {
        [] => {
            found.push(Mismatch::NotEnrolled);
            return found;
        }
        [marker] => marker,
        [..] => {
            found.push(Mismatch::Twice);
            return found;
        }
    };
    if marker.environment != wanted.environment.to_string() {
        found.push(Mismatch::Environment(marker.environment.clone()));
    }
    if marker.tier != tier_word(wanted.tier) {
        found.push(Mismatch::Tier(marker.tier.clone()));
    }
    if marker.database != present.database {
        found.push(Mismatch::Renamed(marker.database.clone()));
    }
    let is_here = marker.database == present.database && marker.system_identifier == present.system_identifier;
    if is_here && marker.database_oid != present.database_oid {
        found.push(Mismatch::Copy);
    }
    if marker.system_identifier != present.system_identifier || present.system_identifier.is_empty() {
        found.push(Mismatch::Server);
    }
    for table in &wanted.tables {
        match (marker.tables.get(table), present.tables.get(table)) {
            (_, None) => found.push(Mismatch::Gone(table.clone())),
            (None, Some(_)) => found.push(Mismatch::Unknown(table.clone())),
            (Some(enrolled), Some(now)) if enrolled != now => found.push(Mismatch::Remade(table.clone())),
            (Some(_), Some(_)) => {}
        }
    }
    found
}

/// How a marker writes a tier.
pub fn tier_word(tier: Tier) -> &'static str {
    match tier {
        Tier::Development => "development",
        Tier::Staging => "staging",
        Tier::Production => "production",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tables(oids: &[(&str, u32)]) -> BTreeMap<String, u32> {
        oids.iter().map(|(name, oid)| ((*name).to_owned(), *oid)).collect()
    }

    fn right() -> (Wanted, Marker, Present) {
        let all = tables(&[("tenants", 16_400), ("users", 16_410)]);
        (
            Wanted {
                environment: "fleet-management/staging".parse().unwrap(),
                tier: Tier::Staging,
                database: "fleetdb_staging".into(),
                tables: vec!["tenants".into(), "users".into()],
            },
            Marker {
                environment: "fleet-management/staging".into(),
                tier: "staging".into(),
                database: "fleetdb_staging".into(),
                database_oid: 16_388,
                system_identifier: "7412345678901234567".into(),
                tables: all.clone(),
            },
            Present {
                database: "fleetdb_staging".into(),
                database_oid: 16_388,
                system_identifier: "7412345678901234567".into(),
                is_replica: false,
                tables: all,
                composed: Vec::new(),
            },
        )
    }

    #[test]
    fn the_one_that_was_enrolled_is_let_through() {
        let (wanted, marker, present) = right();
        assert_eq!(mismatches(&wanted, &[marker], &present), []);
    }

    #[test]
    fn everything_that_does_not_agree_is_told_and_nothing_of_it_is_let_through() {
        type Change = fn(&mut Wanted, &mut Vec<Marker>, &mut Present);
        let cases: &[(&str, Change, &[&str])] = &[
            (
                "production in the registry",
                |wanted, _, _| wanted.tier = Tier::Production,
                &["is production", "as staging"],
            ),
            (
                "production everywhere",
                |wanted, markers, _| {
                    wanted.tier = Tier::Production;
                    markers[0].tier = "production".into();
                },
                &["the registry says that this is production"],
            ),
            (
                "tier edited in the registry only",
                |wanted, _, _| wanted.tier = Tier::Development,
                &["enrolled as staging"],
            ),
            (
                "tier edited in the marker only",
                |_, markers, _| markers[0].tier = "production".into(),
                &["as production"],
            ),
            ("a tier that is none", |_, markers, _| markers[0].tier = "Staging".into(), &["enrolled as Staging"]),
            ("no marker", |_, markers, _| markers.clear(), &["never enrolled"]),
            ("two markers", |_, markers, _| markers.push(markers[0].clone()), &["more than one marker"]),
            (
                "the marker of production",
                |_, markers, _| markers[0].environment = "fleet-management/production".into(),
                &["enrolled for fleet-management/production"],
            ),
            (
                "a prefix of the name",
                |_, markers, _| markers[0].environment = "fleet-management/stag".into(),
                &["enrolled for fleet-management/stag"],
            ),
            (
                "another system",
                |wanted, _, _| wanted.environment = "super-todo/staging".parse().unwrap(),
                &["enrolled for fleet-management/staging"],
            ),
            (
                "a name that looks alike",
                |_, markers, _| markers[0].environment = "fleet-management/stagıng".into(),
                &["enrolled for"],
            ),
            ("an empty name", |_, markers, _| markers[0].environment.clear(), &["enrolled for"]),
            (
                "a connection string of production",
                |_, _, present| present.database = "fleetdb".into(),
                &["leads to the database fleetdb", "under the name fleetdb_staging"],
            ),
            (
                "a connection string swapped with that of development",
                |_, markers, present| {
                    present.database = "fleetdb_dev".into();
                    markers[0].database = "fleetdb_dev".into();
                    markers[0].environment = "fleet-management/development".into();
                    markers[0].tier = "development".into();
                },
                &["leads to the database fleetdb_dev", "for fleet-management/development", "as development"],
            ),
            (
                "upper case",
                |_, _, present| present.database = "FleetDB_staging".into(),
                &["leads to the database FleetDB_staging", "under the name"],
            ),
            (
                "renamed in the registry and on the server",
                |wanted, _, present| {
                    wanted.database = "fleetdb".into();
                    present.database = "fleetdb".into();
                },
                &["under the name fleetdb_staging"],
            ),
            (
                "a copy under its name",
                |_, _, present| present.database_oid = 16_500,
                &["a copy of the one that was enrolled, under its name"],
            ),
            (
                "a copy on another server",
                |_, _, present| present.system_identifier = "7412345678901234568".into(),
                &["on another server"],
            ),
            (
                "a server that does not say who it is",
                |_, markers, present| {
                    present.system_identifier.clear();
                    markers[0].system_identifier.clear();
                },
                &["on another server"],
            ),
            ("a replica", |_, _, present| present.is_replica = true, &["follows another one"]),
            (
                "a dump restored over it",
                |_, _, present| present.tables = tables(&[("tenants", 20_001), ("users", 20_011)]),
                &["tenants was made anew", "users was made anew"],
            ),
            (
                "a table that was never enrolled",
                |wanted, _, present| {
                    wanted.tables.push("payments".into());
                    present.tables.insert("payments".into(), 17_000);
                },
                &["payments was not enrolled"],
            ),
            (
                "a table that became partitioned",
                |_, _, present| present.composed.push("users".into()),
                &["users is partitioned or inherits"],
            ),
            ("a table that is not there", |_, _, present| _ = present.tables.remove("users"), &["users is not there"]),
        ];
        for (what, change, expected) in cases {
            let (mut wanted, marker, mut present) = right();
            let mut markers = vec![marker];
            change(&mut wanted, &mut markers, &mut present);
            let found: Vec<String> = mismatches(&wanted, &markers, &present).iter().map(ToString::to_string).collect();
            assert_eq!(found.len(), expected.len(), "{what}: {found:?}");
            for (found, expected) in found.iter().zip(*expected) {
                assert!(found.contains(expected), "{what}: {found:?}");
            }
        }
    }

    proptest! {
        /// Whatever single text of a marker is another, it is not let through.
        #[test]
        fn no_other_text_is_taken_for_the_right_one(field in 0..4usize, text in "\\PC{0,40}") {
            let (wanted, mut marker, present) = right();
            let place = match field {
                0 => &mut marker.environment,
                1 => &mut marker.tier,
                2 => &mut marker.database,
                _ => &mut marker.system_identifier,
            };
            prop_assume!(*place != text);
            *place = text;
            let found = mismatches(&wanted, &[marker], &present);
            prop_assert_eq!(found.len(), 1);
            prop_assert!(!found[0].to_string().chars().any(char::is_control));
        }
    }
}
