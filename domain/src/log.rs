//! Lines of logs.

pub mod drawn;
pub mod split;
