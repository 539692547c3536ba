//! Lines of logs.

pub mod drawn;
pub mod level;
pub mod split;
