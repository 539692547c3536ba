//! Names of tables and columns in statements: only such as need no quoting are ever put into one.

use domain::demo_data::manifest::is_name;
use sqlx::AssertSqlSafe;

/// A table of the schema `public`, or a column: lower case letters, digits and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// The name, if it is one.
    pub fn new(name: &str) -> Option<Self> {
        is_name(name).then(|| Self(name.to_owned()))
    }

    /// As a column is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a table is written: `public.vehicles`.
    pub fn table(&self) -> String {
        ["public.", &self.0].concat()
    }
}

/// A statement made of words of ours and of [`Name`]s.
pub fn named(text: String) -> sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments> {
    sqlx::query(AssertSqlSafe(text)).persistent(false)
}
