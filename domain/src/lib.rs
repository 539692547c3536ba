//! Types, rules and views of Quarterdeck: decides, without I/O, clock or async.
//!
//! Compiled for the server and for the browser, so that one rule speaks on both sides.

// So that the sample of the guard's facts reads the same here and in the tests beside the crate.
#[cfg(test)]
extern crate self as domain;

pub mod access;
pub mod age;
pub mod alert;
pub mod autoscaler;
pub mod board;
pub mod check;
pub mod compare;
pub mod component;
pub mod config_source;
mod demand;
pub mod demo_data;
pub mod drift;
pub mod facts;
pub mod finding;
pub mod frame;
pub mod freshness;
pub mod group;
pub mod guard;
pub mod health;
pub mod image;
pub mod ledger;
pub mod listing;
pub mod log;
pub mod measured;
pub mod name;
pub mod operation;
pub mod person;
pub mod policy;
pub mod quantity;
pub mod query;
pub mod registry;
pub mod restarts;
pub mod sentence;
pub mod session;
pub mod text;
pub mod view;
