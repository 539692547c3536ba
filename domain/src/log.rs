//! Lines of logs.

pub mod split;
