//! Demo data against a real PostgreSQL and a real Redis: what a reset does, what it never does, and what is left when something dies.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../program/bench.rs"]
#[expect(dead_code, reason = "the suite of the program uses more of it")]
mod bench;
mod crash;
mod lane;
mod late;
mod million;
#[path = "../store/postgres.rs"]
#[expect(dead_code, reason = "the suite of the store uses more of it")]
mod postgres;
mod proxy;
mod redis;
mod scene;
mod together;
mod whole;
mod wire;
mod wrong;
