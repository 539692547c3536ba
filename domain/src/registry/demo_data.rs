//! The demo data of an environment: which seed, into which database, beside which cache.
//!
//! Credentials never stand here: a field names the environment variable or the file that holds one.

use serde::{Deserialize, Serialize};

use super::checks::{Credential, TlsMode, postgres_port, redis_port};
use crate::demo_data::schedule::Schedule;

/// Demo data that testers may bring back to how the seed made them. Of development and staging only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DemoData {
    /// The folder of the seed, in `seeds` beside this file.
    pub seed: String,
    /// Which of the seed's sizes, as its manifest calls it: `staging`.
    pub profile: String,
    /// The database that was enrolled for this environment.
    pub database: DemoDatabase,
    /// The Redis that keeps what was read from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<DemoCache>,
    /// Where the passwords of its users are, which a reset makes anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passwords: Option<Passwords>,
    /// A query that counts who is signed in to the application: `select count(*) from sessions where expires_at > now()`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_sessions: Option<String>,
    /// When it is reset by itself, unless somebody has reserved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
}

/// The database of demo data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DemoDatabase {
    /// A host name or an address, as Quarterdeck reaches it.
    pub host: String,
    /// Its port.
    #[serde(default = "postgres_port")]
    pub port: u16,
    /// The database.
    pub database: String,
    /// A role that owns the tables of the seed, or is a member of the one that does.
    pub user: String,
    /// The environment variable of Quarterdeck that holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// The file that holds the password, as a mounted Secret does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<String>,
    /// How the connection is secured.
    #[serde(default)]
    pub tls: TlsMode,
}

/// What is cleared of a Redis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DemoCache {
    /// A host name or an address, as Quarterdeck reaches it.
    pub host: String,
    /// Its port.
    #[serde(default = "redis_port")]
    pub port: u16,
    /// The user, where it has some: one that may `SCAN`, `UNLINK` and `PING`, for keys with the prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The environment variable of Quarterdeck that holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// The file that holds the password, as a mounted Secret does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<String>,
    /// How the connection is secured.
    #[serde(default)]
    pub tls: TlsMode,
    /// Which of its numbered databases.
    #[serde(default)]
    pub database: u8,
    /// How the keys begin that belong to this environment: `fleet:staging:`. Others may share the Redis.
    pub prefix: String,
}

/// Where the passwords of an application's users are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Passwords {
    /// The table: `users`.
    pub table: String,
    /// Its column with what people sign in by: `email`.
    pub login: String,
    /// Its column with the hash: `password_hash`.
    pub hash: String,
    /// How the application hashes.
    pub scheme: PasswordScheme,
}

/// How a password is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PasswordScheme {
    /// bcrypt with cost 12, `$2b$12$…`.
    Bcrypt,
    /// Argon2id with 19 MiB, two passes and one lane, `$argon2id$v=19$…`.
    Argon2id,
}

impl DemoDatabase {
    /// Where its password is.
    pub fn password(&self) -> Option<Credential<'_>> {
        Credential::of(&self.password_env, &self.password_file)
    }

    /// What tells it from every other: the same host by another name is another, and is told apart by its marker.
    pub fn place(&self) -> (String, u16, &str) {
        (self.host.to_ascii_lowercase(), self.port, &self.database)
    }
}

impl DemoCache {
    /// Where its password is.
    pub fn password(&self) -> Option<Credential<'_>> {
        Credential::of(&self.password_env, &self.password_file)
    }
}
