//! One suite for both databases: SQLite in a file, and a real PostgreSQL that is started here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod alerts;
mod autoscaler_samples;
mod bench;
mod checks;
mod commands;
mod deciding;
mod faults;
mod ledger;
mod operations;
mod people;
#[expect(dead_code, reason = "the suite of demo data uses more of it")]
mod postgres;
mod roles;
mod schema;
mod sessions;
mod tampering;
mod tokens;
