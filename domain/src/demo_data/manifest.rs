//! What a seed consists of: its tables in the order in which they are filled, and how many rows each gets.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// `manifest.yaml` of a seed's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Counts up with each change of the seed.
    pub version: u32,
    /// The schema it was written for.
    pub schema: SchemaVersion,
    /// The tables that it fills, those that are referred to before those that refer to them. All of them are emptied.
    pub tables: Vec<SeedTable>,
}

/// How the version of a schema is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SchemaVersion {
    /// The table that migrations are written down in: `schema_migrations`.
    pub table: String,
    /// Its column that counts up, a number: `version`.
    pub column: String,
    /// What its greatest value must be, as text.
    pub expects: String,
}

/// A table of a seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeedTable {
    /// Its name, in the schema `public`.
    pub name: String,
    /// Its key, a whole number that counts up: rows above the seed's are of somebody else.
    pub key: String,
    /// The column that says when a row was written, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// How many rows each profile has.
    pub rows: BTreeMap<String, u64>,
    /// Where the rows are.
    pub source: Source,
}

/// Where rows are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Source {
    /// In a file of CSV with a head and as many rows as the profile says.
    Csv(String),
    /// What a statement makes that knows `$1`, the number of rows, and `$2`, the day of the reset.
    Sql(String),
}

/// The longest name that PostgreSQL keeps, in bytes.
const LONGEST_NAME: usize = 63;

impl Manifest {
    /// Everything that is wrong with it, each with its place; empty: nothing. `profile` is the one that is wanted.
    pub fn problems(&self, profile: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut named = |place: &str, name: &str| {
            if !is_name(name) {
                found.push(format!(
                    "{place}: '{name}' is no name of a table or column: write lower case letters, digits and _"
                ));
            }
        };
        named("schema.table", &self.schema.table);
        named("schema.column", &self.schema.column);
        for (index, table) in self.tables.iter().enumerate() {
            named(&format!("tables[{index}].name"), &table.name);
            named(&format!("tables[{index}].key"), &table.key);
            if let Some(written) = &table.written {
                named(&format!("tables[{index}].written"), written);
            }
        }
        if self.version == 0 {
            found.push("version: 0 is no version: count from 1".to_owned());
        }
        if self.tables.is_empty() {
            found.push("tables: the seed fills no table: write at least one".to_owned());
        }
        let mut names = BTreeSet::new();
        for (index, table) in self.tables.iter().enumerate() {
            let path = format!("tables[{index}]");
            if !names.insert(&table.name) {
                found.push(format!("{path}.name: the table '{}' is in the list already: write it once", table.name));
            }
            if table.name == self.schema.table {
                found.push(format!("{path}.name: '{}' holds the schema's version and is never emptied", table.name));
            }
            if !table.rows.contains_key(profile) {
                found.push(format!("{path}.rows: how many rows the profile '{profile}' has is not said"));
            }
            let (Source::Csv(file) | Source::Sql(file)) = &table.source;
            if !is_file_name(file) {
                found.push(format!("{path}.source: '{file}' is no file of the seed's folder: write its name alone"));
            }
        }
        found
    }

    /// The tables with the rows that a profile has.
    pub fn expected(&self, profile: &str) -> impl Iterator<Item = (&SeedTable, u64)> {
        self.tables.iter().filter_map(move |table| Some((table, *table.rows.get(profile)?)))
    }
}

/// A name that needs no quoting: so none can end a statement.
pub fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The name of a file in the same folder.
fn is_file_name(name: &str) -> bool {
    !name.starts_with('.')
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(change: &str, to: &str) -> Result<Manifest, serde_json::Error> {
        let text = r#"{"version": 1, "schema": {"table": "schema_migrations", "column": "version", "expects": "7"},
            "tables": [{"name": "tenants", "key": "id", "written": "updated_at", "rows": {"staging": 4}, "source": {"csv": "tenants.csv"}},
                       {"name": "users", "key": "id", "rows": {"staging": 10}, "source": {"sql": "users.sql"}}]}"#;
        assert!(text.contains(change), "{change}");
        serde_json::from_str(&text.replacen(change, to, 1))
    }

    #[test]
    fn what_a_seed_says_is_held_against_what_can_be_done() {
        for (change, to, expected) in [
            ("1", "1", ""),
            ("\"version\": 1", "\"version\": 0", "version: 0"),
            ("tenants\"", "public.tenants\"", "tables[0].name: 'public.tenants' is no name"),
            ("tenants\"", "users; drop table x\"", "is no name"),
            ("tenants\"", "Tenants\"", "is no name"),
            ("tenants\"", "users\"", "tables[1].name: the table 'users' is in the list already"),
            ("tenants\"", "schema_migrations\"", "holds the schema's version"),
            ("\"key\": \"id\"", "\"key\": \"id desc\"", "tables[0].key"),
            ("updated_at", "now()", "tables[0].written"),
            ("\"staging\": 4", "\"development\": 4", "tables[0].rows: how many rows the profile 'staging'"),
            ("tenants.csv", "../tenants.csv", "tables[0].source"),
            ("users.sql", "/etc/passwd", "tables[1].source"),
            ("users.sql", ".users.sql", "tables[1].source"),
        ] {
            let problems = manifest(change, to).unwrap().problems("staging");
            let is_right = match expected {
                "" => problems.is_empty(),
                expected => problems.len() == 1 && problems[0].contains(expected),
            };
            assert!(is_right, "{change} → {to}: {problems:?}");
        }
        assert!(manifest("\"key\"", "\"kee\"").is_err());
        let whole = manifest("1", "1").unwrap();
        let rows: Vec<_> = whole.expected("staging").map(|(table, rows)| (&*table.name, rows)).collect();
        assert_eq!(rows, [("tenants", 4), ("users", 10)]);
    }
}
