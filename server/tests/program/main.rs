//! The whole program as somebody runs it: started as a process, spoken with over the network, ended by a signal.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod alerts;
mod bench;
mod checks;
mod database;
mod ending;
mod figures;
#[path = "../store/postgres.rs"]
#[expect(dead_code, reason = "the suite of the store uses more of it")]
mod postgres;
mod secrets;
mod status;
mod tls;
